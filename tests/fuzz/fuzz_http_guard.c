/* Who may speak to a port of this machine. Input: method, Host, Origin and Sec-Fetch-Site, a line
 * each; an empty line: it has none. */
#include "common/net/http_guard.h"
#include "fuzz/fuzz.h"

#include <strings.h>

static char *next_line(char **rest)
{
	char *line = strsep(rest, "\n");
	return line && *line ? line : NULL;
}

/* The host alone, in small letters; "" when behind it stands anything but a port. */
static void host_of(const char *host, char ret[32])
{
	size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	const char *port = len < strlen(host) ? host + len : "";
	*ret = '\0';
	if (*port &&
	    (*port != ':' || !port[1] || strspn(port + 1, "0123456789") != strlen(port + 1)))
		return;
	if (len < 32) {
		for (size_t i = 0; i < len; i++)
			ret[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
		ret[len] = '\0';
	}
}

/* What passes was asked of a loopback name, and changes nothing unless by our own page or no page.
 */
static void check_passed(const struct http_guarded *asked)
{
	char host[32], origin[300];
	require(asked->host);
	host_of(asked->host, host);
	require(strcmp(host, "127.0.0.1") == 0 || strcmp(host, "localhost") == 0 ||
		strcmp(host, "[::1]") == 0);
	if (strcmp(asked->method, "GET") == 0 || strcmp(asked->method, "HEAD") == 0)
		return;
	(void)snprintf(origin, sizeof(origin), "http://%s", asked->host);
	require(!asked->origin || strcmp(asked->origin, origin) == 0 || strlen(asked->host) > 290);
	require(!asked->fetch_site || strcmp(asked->fetch_site, "same-origin") == 0 ||
		strcmp(asked->fetch_site, "none") == 0);
}

#define PROXY "figures.example.vn"

static void check_passed_by_proxy(const struct http_guarded *asked)
{
	require(asked->host && strcasecmp(asked->host, PROXY) == 0);
	if (strcmp(asked->method, "GET") == 0 || strcmp(asked->method, "HEAD") == 0)
		return;
	require(!asked->origin || strcasecmp(asked->origin, "https://" PROXY) == 0);
	require(!asked->fetch_site || strcmp(asked->fetch_site, "same-origin") == 0 ||
		strcmp(asked->fetch_site, "none") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *rest = text;
	require(text);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	struct http_guarded asked = { .method = next_line(&rest) };
	asked.host = next_line(&rest);
	asked.origin = next_line(&rest);
	asked.fetch_site = next_line(&rest);
	if (!asked.method)
		asked.method = "";
	if (http_guard_passes(&asked, NULL))
		check_passed(&asked);
	if (http_guard_passes(&asked, PROXY))
		check_passed_by_proxy(&asked);
	/* A page that has no other origin than ours is let in, wherever the port is. */
	struct http_guarded own = { .method = "POST", .host = "127.0.0.1:5571" };
	require(http_guard_passes(&own, NULL));
	free(text);
	return 0;
}
