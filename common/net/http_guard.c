#include "common/net/http_guard.h"

#include <string.h>
#include <strings.h>

static bool is_port(const char *text)
{
	return *text == '\0' || (*text == ':' && text[1] != '\0' &&
				 text[1 + strspn(text + 1, "0123456789")] == '\0');
}

static bool loopback(const char *host)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(host, names[i], len) == 0 && is_port(host + len))
			return true;
	}
	return false;
}

/* Of a page that this port served, as far as the browser says. */
static bool own_page(const struct http_guarded *asked, const char *scheme)
{
	size_t len = strlen(scheme);

	if (asked->origin && (strncmp(asked->origin, scheme, len) != 0 ||
			      strcmp(asked->origin + len, asked->host) != 0))
		return false;
	return !asked->fetch_site || strcmp(asked->fetch_site, "same-origin") == 0 ||
	       strcmp(asked->fetch_site, "none") == 0;
}

bool http_guard_passes(const struct http_guarded *asked, const char *host)
{
	if (!asked->host || !(host ? strcasecmp(asked->host, host) == 0 : loopback(asked->host)))
		return false;
	return strcmp(asked->method, "GET") == 0 || strcmp(asked->method, "HEAD") == 0 ||
	       own_page(asked, host ? "https://" : "http://");
}
