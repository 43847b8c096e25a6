/* An HTTP/1.1 server on a libuv loop, over libmicrohttpd: its epoll fd under a uv_poll_t, no thread
 * of its own. The whole body is read (up to its route's limit) before the handler is called; a
 * handler answers at once or later, as a whole or piece by piece.
 *
 * What strangers may cost: whatever the head alone decides (path, method, who may speak here, how
 * long the body claims to be) is decided before any of the body is kept. Bodies have a limit each
 * and one together. Whoever connects and says nothing, or half of it, is sent away, sooner when
 * others need the room (common/net/http_seats.h), and keeps nobody out. */
#pragma once

#include "common/base/err.h"
#include "common/base/i18n.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct http;         /* the server */
struct http_request; /* one request; lives until answered */
struct http_problem;
struct blob;

#define HTTP_ADDRESS_MAX 64u
#define HTTP_BODY_SMALL  4096u /* bytes: a route's that names no other limit */

struct http_route {
	/* "GET", "/v1/query"; matched whole. A path that ends in '*' stands for all that begin like
	 * it and were matched by no route before; a method that is NULL for each. */
	const char *method, *path;
	void (*on_request)(void *context, struct http_request *request);
	size_t body_max; /* bytes; over it the answer is 413; 0: HTTP_BODY_SMALL */
	/* That its address may give, parted by blanks; NULL: none; HTTP_ANY_ARGUMENTS: another
	 * judges them. */
	const char *arguments;
};
#define HTTP_ANY_ARGUMENTS "*"

struct http_field {
	const char *name, *value;
};

/* The library that encrypts, known to whoever serves over it alone. */
struct http_tls {
	/* A gnutls_certificate_retrieve_function2, asked at each handshake. */
	void (*on_certificate)(void);
	const char *priorities; /* gnutls_priority_init(3) */
	/** Like send(2), without waiting, on a session of that library. */
	ssize_t (*send)(void *session, const void *data, size_t len);
};

struct http_limits {
	size_t bodies_max;    /* bytes of all bodies that are kept at a time; over it 503 */
	unsigned connections; /* requests in work at once; more wait for their turn, the first of
				 them here, the rest in the kernel */
	/* Of a connection on which nothing moves, not while a handler works; and of a body as a
	 * whole, if it is no faster than 16 KB/s. */
	unsigned timeout_s;
	/* Of a port that the browsers of this machine reach: 403 for what was not sent to a
	 * loopback name, or changes something for another site's page (common/net/http_guard.h). */
	bool guarded;
	/* The same for what a proxy passes on from elsewhere: the name under which browsers reach
	 * it over TLS, which it gives as Host; NULL: loopback. Outlives the server. */
	const char *host;
	/* Paths that begin so are for programs, and what goes wrong with them is told as RFC 9457
	 * has it, application/problem+json; NULL: no path is. The type of what is wrong with one
	 * argument is @problem_types and "ArgumentProblem" behind it. Both outlive the server. */
	const char *problems, *problem_types;
	const struct http_tls *tls;      /* outlives the server; NULL: nothing is encrypted */
	const struct http_field *always; /* [n_always], likewise: in each answer that has */
	size_t n_always;                 /* none of that name of its own */
	bool keeps_target;               /* http_target() is asked for */
	unsigned address_connections;    /* from one address at once; more are hung up on; 0: any
					    number, as always over unix sockets */
	/* May be NULL. Called when the head is there, before any of the body: http_admit(), or
	 * answer, at once or later. Of an answer given here the client hears when it has sent its
	 * body, which is forgotten as it comes. */
	void (*on_head)(void *context, struct http_request *request);
	/* May be NULL. What is refused before any handler sees it, for a person: @ret_page is HTML,
	 * which the server frees. False: it is told as http_answer_problem() does. */
	bool (*as_page)(void *context, const struct http_request *request,
			const struct http_problem *problem, struct blob *ret_page);
};

/**
 * Serve @routes (n, outlive the server) on @listen_fd, a listening stream socket that the server
 * takes over. Unknown path 404, other method 405, and 400 for what no two readers would understand
 * alike (two lengths or hosts, an address that is not UTF-8) and for an
 * argument that the route does not name, is given twice or without a value, and 414 for an address
 * of more than 64 arguments, all answered as http_answer_problem() does. What is no HTTP, or a head
 * of more than 32 KiB, libmicrohttpd answers in its own words (400, 413, 414, 431) and ends the
 * connection. Who takes too long over a body hears 408, and is hung up on. An escaped NUL in an
 * address stays escaped, so that it matches nothing. HEAD is served by the GET route. -ENOMEM; -EIO
 * when libmicrohttpd cannot start; on error the socket is closed.
 */
int http_start(uv_loop_t *loop, int listen_fd, const struct http_route routes[], size_t n,
	       const struct http_limits *limits, void *context, struct http **ret_http,
	       struct err *err);
/** Stop listening, drop connections, close handles; @on_closed (may be NULL) runs from the loop,
 * and the server frees itself. Requests that a handler still holds must have been answered
 * (asserted). Not from inside a handler. */
void http_stop(struct http *http, void (*on_closed)(void *context), void *context);

/** For on_head: the body may come, and then the route's handler is called. */
void http_admit(struct http_request *request);
/** The method as it was sent. Valid until answered. */
const char *http_method(const struct http_request *request);
/** What stood in the request line, as it was sent: the path and what follows '?', nothing decoded.
 * Only where the limits say keeps_target. Valid until answered. */
const char *http_target(const struct http_request *request);
/** Who connected, as a number and without port, or "unix". Into @text; returns it. */
const char *http_client_address(const struct http_request *request, char text[HTTP_ADDRESS_MAX]);
/** A query argument, decoded, UTF-8; NULL when absent. Valid until answered. */
const char *http_arg(const struct http_request *request, const char *name);
/** A header's value; NULL when absent. */
const char *http_header(const struct http_request *request, const char *name);
/** The same; NULL also when it is there more than once: two readers would not agree on it. */
const char *http_header_single(const struct http_request *request, const char *name);
const char *http_body(const struct http_request *request, size_t *ret_len);
/** The route that was matched. */
const struct http_route *http_matched(const struct http_request *request);
/** Who connected, told by the kernel; false when it is not a unix socket. */
bool http_peer(const struct http_request *request, uid_t *ret_uid);
/** Was it, when it connected, a process of group @gid, by its own group or one of its others? False
 * also when it is not a unix socket, or without memory to look. */
bool http_peer_is_of(const struct http_request *request, gid_t gid);
/** The language its reader likes best (Accept-Language); handlers are called in it. */
enum language http_language(const struct http_request *request);
/** Its reader chose @language, whatever his browser is set to: from the next handler on. */
void http_language_choose(struct http_request *request, enum language language);
/** May an answer to it be gzip (Accept-Encoding: RFC 9110, 12.5.3, as far as it is about gzip)? */
bool http_takes_gzip(const struct http_request *request);

/** Answer and free the request; @body is copied. Loop thread only. A client that hung up meanwhile
 * is no concern of the handler. */
void http_answer(struct http_request *request, unsigned status, const char *type, const char *body,
		 size_t len);
/** The same with a header of @fields[@n], Content-Type among them; copied. */
void http_answer_fields(struct http_request *request, unsigned status,
			const struct http_field fields[], size_t n, const char *body, size_t len);
/** Answer with the first @len bytes (1 at least) of the file @fd, which the server takes over and
 * reads, off the loop, as the client takes them. A file that cannot be read to there ends in a
 * broken connection: the client sees that it has not all. */
void http_answer_file(struct http_request *request, const char *type, int fd, uint64_t len);

struct http_long {         /* a body that is too long for memory */
	const void *first; /* [first_len], copied: what comes before the file's bytes */
	size_t first_len;
	int fd; /* taken over, as above */
	uint64_t len;
	void (*on_gone)(void *context); /* the file is closed: sent, or not wanted any more */
	void *context;
};
/** The same with a beginning and a header. */
void http_answer_long(struct http_request *request, unsigned status,
		      const struct http_field fields[], size_t n, const struct http_long *body);

/* An answer whose body is filled piece by piece. What was written and not yet taken by the client
 * is kept in memory: its maker stops at a mark of its own, and goes on when there is room. */
struct http_pipe;
#define HTTP_LEN_UNKNOWN UINT64_MAX
struct http_pipe_calls {
	/** After more than the mark was kept, it is no more. Write from the loop, not from here. */
	void (*on_room)(void *context);
	/** @pipe is gone: the client hung up, was too slow, or has the length that was announced,
	 * which after HEAD is none of it. Not after http_pipe_end(). */
	void (*on_gone)(void *context);
};
/**
 * Begin to answer; @fields are copied. @len is the Content-Length, or HTTP_LEN_UNKNOWN: the body
 * then goes in chunks, to a client of HTTP/1.0 until the connection ends. The pipe is the caller's
 * until http_pipe_end() or on_gone. NULL: out of memory, the connection is dropped.
 */
struct http_pipe *http_answer_pipe(struct http_request *request, unsigned status,
				   const struct http_field fields[], size_t n, uint64_t len,
				   size_t room_mark, const struct http_pipe_calls *calls,
				   void *context);
/** @data is copied. -ENOMEM: nothing was. */
int http_pipe_write(struct http_pipe *pipe, const void *data, size_t len);
/** Bytes that were written and not yet taken. */
size_t http_pipe_kept(const struct http_pipe *pipe);
/** That was all; or not @whole: the connection breaks, so that the client sees that it has not all.
 */
void http_pipe_end(struct http_pipe *pipe, bool whole);

/**
 * What a failure is in HTTP. Whose it is stands in http_response.c's one table: the client's are
 * -EINVAL and -ERANGE 400, -EACCES and -EPERM 403, -ENOENT 404, -EEXIST and -ESTALE 409, -E2BIG and
 * -EFBIG 413; -EAGAIN, -EBUSY, -EINTR and -ECANCELED 503: try again; -ENOSPC 507; ours is the rest:
 * 500.
 */
unsigned http_status_of(int code);
/**
 * What the client is told of @err. On a guarded port a failure of ours (500), which may name files
 * and what is in them, goes to the log, and the client is told that it is there. Valid as long as
 * @err.
 */
const char *http_words(struct http_request *request, const struct err *err);
struct http_problem {
	unsigned status;
	const char *text;     /* the sentence */
	const char *argument; /* of the address, that is wrong; NULL: none */
	const char *field;    /* of the body's object, likewise */
	const char *more;     /* other members, with the comma before them: ", \"n\": 3"; NULL */
	const char *scheme;   /* of a 401: how to show what one may do (RFC 9110, 15.5.2); NULL */
	unsigned retry_s;     /* when it may be tried again (Retry-After); 0: it is not told */
};
/** {"error": text, more...}; of a path for programs {"type", "title", "status", "detail",
 * more...} and, where it is about an argument or a field, "errors": [{"detail": text, "parameter":
 * name}] or [{..., "pointer": "#/name"}]. */
void http_answer_problem(struct http_request *request, const struct http_problem *problem);
/** The same of http_words(), with http_status_of(). */
void http_answer_err(struct http_request *request, const struct err *err);
/** The same as 401, for who has not shown what he may do by @scheme. */
void http_answer_stranger(struct http_request *request, const char *scheme, const struct err *err);

/** A listening unix socket at @path, mode @mode; a stale one is replaced, a live one is
 * -EADDRINUSE. Returns 0. */
int http_listen_unix(const char *path, unsigned mode, int *ret_fd, struct err *err);

/** Is it "NAME", "NAME:PORT" or an address in their place, as Host has it? */
bool http_host_valid(const char *text);

struct http_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} socket;
	socklen_t len;
};
/** "0.0.0.0:443" or "[::]:443", an address of any interface; port 0 is any that is free: -EINVAL
 * for what is none. */
int http_address_parse_any(const char *text, struct http_address *ret_address, struct err *err);
/** "127.0.0.1:5571" or "[::1]:5571"; port 0 is any that is free. Only loopback addresses are taken,
 * because nothing on this port is encrypted: -EINVAL. */
int http_address_parse(const char *text, struct http_address *ret_address, struct err *err);
/** The inverse. Returns @text. */
const char *http_address_format(const struct http_address *address, char text[HTTP_ADDRESS_MAX]);
/** A listening socket there. @ret_text says where it is, with the port that was free. -EADDRINUSE.
 */
int http_listen_tcp(const struct http_address *address, int *ret_fd,
		    char ret_text[HTTP_ADDRESS_MAX], struct err *err);
