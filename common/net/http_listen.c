/* The sockets that an HTTP server listens on. */
#include "common/net/http.h"
#include "common/sys/unix_socket.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 512  /* who is not accepted yet: a burst; the kernel may have fewer */
#define LOOPBACK_NET   127u /* 127.0.0.0/8 */

int http_listen_unix(const char *path, unsigned mode, int *ret_fd, struct err *err)
{
	int fd = -1, rc = unix_socket_bind(path, SOCK_STREAM, mode, &fd);

	if (rc == -ENAMETOOLONG)
		return err_set(err, -EINVAL,
			       "socket '%s': the path is longer than the %zu bytes a socket's may "
			       "have; choose a shorter one",
			       path, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	if (rc == 0 && listen(fd, LISTEN_BACKLOG) < 0)
		rc = -errno;
	if (rc == 0) {
		*ret_fd = fd;
		return 0;
	}
	if (fd >= 0)
		(void)close(fd); /* nothing was written to it */
	if (rc == -EADDRINUSE)
		return err_set(err, rc, "socket '%s': another process has it; stop that one first",
			       path);
	(void)err_system(err, rc, "listen");
	return err_wrap(err, "socket '%s'", path);
}

bool http_host_valid(const char *text)
{
	static const char name[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t len = *text == '[' ? 1 + strspn(text + 1, "0123456789abcdefABCDEF:.")
				  : strspn(text, name);
	const char *port = text + len;

	if (*text == '[' && *port++ != ']')
		return false;
	if (len < 1 || len > 255)
		return false;
	if (*port == '\0')
		return true;
	len = strspn(port + 1, "0123456789");
	return *port == ':' && len >= 1 && len <= 5 && port[1 + len] == '\0';
}

/* What is before the last ':', without the brackets of an IPv6 address. */
static bool host_parse(const char *text, size_t len, struct http_address *address)
{
	char host[INET6_ADDRSTRLEN];
	bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';

	if (bracketed) {
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (bracketed) {
		address->socket.v6.sin6_family = AF_INET6;
		address->len = sizeof(address->socket.v6);
		return inet_pton(AF_INET6, host, &address->socket.v6.sin6_addr) == 1;
	}
	address->socket.v4.sin_family = AF_INET;
	address->len = sizeof(address->socket.v4);
	return inet_pton(AF_INET, host, &address->socket.v4.sin_addr) == 1;
}

static bool is_loopback(const struct http_address *address)
{
	if (address->socket.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&address->socket.v6.sin6_addr);
	return ntohl(address->socket.v4.sin_addr.s_addr) >> 24 == LOOPBACK_NET;
}

static bool address_parse(const char *text, struct http_address *ret_address)
{
	struct http_address address = { 0 };
	const char *colon = strrchr(text, ':');
	char *end = NULL;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;

	if (!colon || colon[1] < '0' || colon[1] > '9' || *end || port > UINT16_MAX ||
	    !host_parse(text, (size_t)(colon - text), &address))
		return false;
	if (address.socket.any.sa_family == AF_INET6)
		address.socket.v6.sin6_port = htons((uint16_t)port);
	else
		address.socket.v4.sin_port = htons((uint16_t)port);
	*ret_address = address;
	return true;
}

int http_address_parse_any(const char *text, struct http_address *ret_address, struct err *err)
{
	return address_parse(text, ret_address) ? 0
						: err_set(err, -EINVAL,
							  "'%s' is not an address of a machine; "
							  "write it like 0.0.0.0:443 or "
							  "[::]:443",
							  text);
}

int http_address_parse(const char *text, struct http_address *ret_address, struct err *err)
{
	struct http_address address = { 0 };

	if (!address_parse(text, &address) || !is_loopback(&address))
		return err_set(err, -EINVAL,
			       "'%s' is not an address of this machine alone; write it like "
			       "127.0.0.1:5571 or [::1]:5571",
			       text);
	*ret_address = address;
	return 0;
}

const char *http_address_format(const struct http_address *address, char text[HTTP_ADDRESS_MAX])
{
	char host[INET6_ADDRSTRLEN];
	bool v6 = address->socket.any.sa_family == AF_INET6;
	const void *from = v6 ? (const void *)&address->socket.v6.sin6_addr
			      : (const void *)&address->socket.v4.sin_addr;
	unsigned port = ntohs(v6 ? address->socket.v6.sin6_port : address->socket.v4.sin_port);
	const char *found = inet_ntop(address->socket.any.sa_family, from, host, sizeof(host));

	assert(found); /* the room is enough for both families */
	(void)snprintf(text, HTTP_ADDRESS_MAX, v6 ? "[%s]:%u" : "%s:%u", found, port); /* fits */
	return text;
}

static int listen_there(int fd, const struct http_address *address, struct http_address *actual)
{
	/* A port is free again at once when the agent starts anew. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)); /* a comfort */
	actual->len = sizeof(actual->socket);
	if (bind(fd, &address->socket.any, address->len) < 0 || listen(fd, LISTEN_BACKLOG) < 0 ||
	    getsockname(fd, &actual->socket.any, &actual->len) < 0)
		return -errno;
	return 0;
}

int http_listen_tcp(const struct http_address *address, int *ret_fd,
		    char ret_text[HTTP_ADDRESS_MAX], struct err *err)
{
	struct http_address actual = { 0 };
	char text[HTTP_ADDRESS_MAX];
	int fd = socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);
	int rc = fd < 0 ? -errno : listen_there(fd, address, &actual);

	if (rc == 0) {
		(void)http_address_format(&actual, ret_text);
		*ret_fd = fd;
		return 0;
	}
	if (fd >= 0)
		(void)close(fd); /* nothing was written to it */
	(void)http_address_format(address, text);
	if (rc == -EADDRINUSE)
		return err_set(err, rc,
			       "%s: another program has this port; stop that one, or choose "
			       "another port",
			       text);
	(void)err_system(err, rc, "listen");
	return err_wrap(err, "%s", text);
}
