/* How a request goes:
 *
 * 1. libmicrohttpd's epoll fd becomes readable, or its timer is due: turn() lets it work.
 * 2. It calls on_access() when the headers are read, then for each piece of the body, then once
 *    more at the end. The first call makes the http_request, the last one finds the route.
 * 3. The handler answers inside that call, and the response is queued at once; or it keeps the
 *    request, and the connection is suspended: no timeout, no reading, no polling.
 * 4. http_answer() makes the response, resumes the connection and asks for a turn; on_access() is
 *    called again and queues it.
 * 5. on_completed() frees the request, when the answer is out or the connection is lost.
 *
 * How it can fail: a client that hangs up before step 2's last call or after step 4 ends in
 * on_completed(). One that hangs up while suspended is not noticed until step 4, whose write then
 * fails: the handler's pointer stays good all the while. A body over the limit is read and
 * forgotten, so that the client, busy sending, gets to read its 413; a client that will not stop is
 * cut off. Without memory the connection is dropped. */
#include "http.h"

#include "blob.h"
#include "http_guard.h"
#include "i18n.h"
#include "quote.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define JSON_TYPE     "application/json"
#define EXCESS_FACTOR 8u /* of body_max: so much of an oversized body is read before hanging up */

enum request_state { READING, WORKING, ANSWERED };

struct http {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	const struct http_route *routes; /* outlive us */
	size_t n_routes, body_max;
	unsigned working;
	unsigned handles;
	bool guarded;
	bool in_turn;
	/* Another turn is due, though MHD_get_timeout() does not say so: a connection was resumed,
	 * or one ended, which at the limit lets the server listen again. */
	bool again;
	void *context;
	void (*on_closed)(void *context);
	void *on_closed_context;
};

struct http_request {
	struct http *http;
	struct MHD_Connection *connection;
	enum request_state state;
	bool suspended;
	enum language language;
	const struct http_route *route; /* once matched */
	struct blob body;
	size_t excess; /* bytes of the body that were read and forgotten */
	unsigned status;
	struct MHD_Response *response; /* owned until queued */
};

/* {"error": "..."} */
static int error_body(struct blob *out, const char *text)
{
	int rc = blob_append(out, "{\"error\": ", 10);

	if (rc == 0)
		rc = quote_json(out, text, strlen(text));
	return rc < 0 ? rc : blob_append(out, "}\n", 2);
}

/* @response, or NULL: out of memory, which it may have been already. */
static struct MHD_Response *response_with(const struct http_field fields[], size_t n,
					  struct MHD_Response *response)
{
	for (size_t i = 0; response && i < n; i++) {
		if (MHD_add_response_header(response, fields[i].name, fields[i].value) == MHD_YES)
			continue;
		MHD_destroy_response(response);
		response = NULL;
	}
	return response;
}

/* NULL: out of memory. */
static struct MHD_Response *response_of(const struct http_field fields[], size_t n,
					const void *body, size_t len)
{
	return response_with(fields, n,
			     MHD_create_response_from_buffer(len, (void *)(uintptr_t)body,
							     MHD_RESPMEM_MUST_COPY));
}

static struct http_field type_field(const char *type)
{
	return (struct http_field){ MHD_HTTP_HEADER_CONTENT_TYPE, type };
}

static enum MHD_Result send_error(struct MHD_Connection *connection, unsigned status,
				  const char *text, const char *allow)
{
	const struct http_field type = type_field(JSON_TYPE);
	struct blob body = { 0 };
	struct MHD_Response *response = NULL;
	enum MHD_Result result = MHD_NO;

	if (error_body(&body, text) == 0)
		response = response_of(&type, 1, body.data, body.len);
	if (response &&
	    (!allow || MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow) == MHD_YES))
		result = MHD_queue_response(connection, status, response);
	if (response)
		MHD_destroy_response(response);
	blob_free(&body);
	return result;
}

static enum MHD_Result send_too_large(struct http_request *request)
{
	char text[192];

	(void)snprintf(text, sizeof(text), _("the body is over %zu bytes; send it in parts"),
		       request->http->body_max);
	return send_error(request->connection, MHD_HTTP_CONTENT_TOO_LARGE, text, NULL);
}

static bool method_fits(const struct http_route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

/* 404, or 405 with the methods that the path has. */
static enum MHD_Result send_no_route(struct http_request *request, const char *path)
{
	const struct http *http = request->http;
	char allow[64] = "";

	for (size_t i = 0; i < http->n_routes; i++) {
		size_t len = strlen(allow);

		if (strcmp(http->routes[i].path, path) == 0)
			(void)snprintf(allow + len, sizeof(allow) - len, "%s%s", len ? ", " : "",
				       http->routes[i].method);
	}
	if (*allow)
		return send_error(request->connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				  _("this path does not take this method"), allow);
	return send_error(request->connection, MHD_HTTP_NOT_FOUND, _("there is no such path"),
			  NULL);
}

static enum MHD_Result send_answer(struct http_request *request)
{
	struct MHD_Response *response = request->response;

	if (!response) /* out of memory when it was to be made */
		return MHD_NO;
	request->response = NULL;
	enum MHD_Result result = MHD_queue_response(request->connection, request->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result dispatch(struct http_request *request, const char *path, const char *method)
{
	struct http *http = request->http;

	for (size_t i = 0; i < http->n_routes; i++) {
		const struct http_route *route = &http->routes[i];

		if (strcmp(route->path, path) != 0 || !method_fits(route, method))
			continue;
		request->state = WORKING;
		request->route = route;
		http->working++;
		route->on_request(http->context, request);
		if (request->state == ANSWERED)
			return send_answer(request);
		request->suspended = true;
		MHD_suspend_connection(request->connection);
		return MHD_YES;
	}
	return send_no_route(request, path);
}

/* Append to the body, or forget what is over the limit. */
static enum MHD_Result take_body(struct http_request *request, const char *data, size_t len)
{
	size_t body_max = request->http->body_max;

	if (request->excess > 0 || len > body_max - request->body.len) {
		request->excess += len;
		return request->excess / EXCESS_FACTOR > body_max ? MHD_NO : MHD_YES;
	}
	return blob_append(&request->body, data, len) == 0 ? MHD_YES : MHD_NO;
}

/* The client said how much it will send, and waits to hear whether it may. */
static bool refused_beforehand(const struct http_request *request)
{
	const char *expect = http_header(request, "Expect"), *len;

	if (!expect)
		return false;
	len = http_header(request, "Content-Length");
	return len && strtoull(len, NULL, 10) > request->http->body_max;
}

static enum MHD_Result first_call(struct http *http, struct MHD_Connection *connection,
				  void **ret_request)
{
	struct http_request *request = calloc(1, sizeof(*request));

	if (!request)
		return MHD_NO;
	request->http = http;
	request->connection = connection;
	request->language = language_accepted(http_header(request, "Accept-Language"));
	*ret_request = request;
	if (!refused_beforehand(request))
		return MHD_YES;
	enum language before = language_use(request->language);
	enum MHD_Result result = send_too_large(request);
	(void)language_use(before);
	return result;
}

static bool passes_guard(const struct http_request *request, const char *method)
{
	const struct http_guarded asked = { .method = method,
					    .host = http_header(request, "Host"),
					    .origin = http_header(request, "Origin"),
					    .fetch_site = http_header(request, "Sec-Fetch-Site") };

	return http_guard_passes(&asked);
}

/* The later calls. */
static enum MHD_Result proceed(struct http_request *request, const char *path, const char *method,
			       const char *data, size_t *len)
{
	if (request->state == ANSWERED)
		return send_answer(request);
	if (*len > 0) {
		size_t n = *len;

		*len = 0;
		return take_body(request, data, n);
	}
	if (request->excess > 0)
		return send_too_large(request);
	if (request->http->guarded && !passes_guard(request, method))
		return send_error(request->connection, MHD_HTTP_FORBIDDEN,
				  _("this is for programs and pages of this machine alone"), NULL);
	return dispatch(request, path, method);
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *path,
				 const char *method, const char *version, const char *data,
				 size_t *len, void **request_slot)
{
	struct http_request *request = *request_slot;

	(void)version;
	if (!request)
		return first_call(context, connection, request_slot);
	enum language before = language_use(request->language);
	enum MHD_Result result = proceed(request, path, method, data, len);
	(void)language_use(before);
	return result;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_slot,
			 enum MHD_RequestTerminationCode code)
{
	struct http_request *request = *request_slot;

	(void)context, (void)connection, (void)code;
	if (!request)
		return;
	assert(request->state != WORKING);
	if (request->response)
		MHD_destroy_response(request->response);
	blob_free(&request->body);
	free(request);
	*request_slot = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	(void)connection, (void)slot;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		((struct http *)context)->again = true;
}

static void on_timer(uv_timer_t *timer);

static void turn_after(struct http *http, uint64_t wait_ms)
{
	int rc = uv_timer_start(&http->timer, on_timer, wait_ms, 0);

	assert(rc == 0); /* fails for a closing handle or without callback */
	(void)rc;
}

static void turn(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;

	http->in_turn = true;
	http->again = false;
	(void)MHD_run(http->daemon); /* fails only when misconfigured, which start would have met */
	http->in_turn = false;
	if (http->again || MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES)
		turn_after(http, wait_ms);
	else
		(void)uv_timer_stop(&http->timer); /* cannot fail */
}

static void on_timer(uv_timer_t *timer)
{
	turn(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events; /* an error shows again in MHD_run */
	turn(poll->data);
}

/* Takes over @listen_fd on success. */
static struct MHD_Daemon *daemon_start(struct http *http, int listen_fd,
				       const struct http_limits *limits)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access,
				http, MHD_OPTION_LISTEN_SOCKET, listen_fd,
				MHD_OPTION_CONNECTION_LIMIT, limits->connections,
				MHD_OPTION_CONNECTION_TIMEOUT, limits->timeout_s,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
}

int http_start(uv_loop_t *loop, int listen_fd, const struct http_route routes[], size_t n,
	       const struct http_limits *limits, void *context, struct http **ret_http,
	       struct err *err)
{
	struct http *http = calloc(1, sizeof(*http));
	const union MHD_DaemonInfo *info;
	int rc;

	if (!http) {
		(void)close(listen_fd); /* nothing was written to it */
		return err_memory(err);
	}
	http->routes = routes;
	http->n_routes = n;
	http->body_max = limits->body_max;
	http->guarded = limits->guarded;
	http->context = context;
	http->daemon = daemon_start(http, listen_fd, limits);
	if (!http->daemon) {
		(void)close(listen_fd);
		free(http);
		return err_set(err, -EIO, "the HTTP server cannot start: libmicrohttpd refuses");
	}
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	rc = uv_poll_init(loop, &http->poll, info->epoll_fd);
	if (rc < 0) {
		MHD_stop_daemon(http->daemon);
		free(http);
		return err_set(err, rc, "the HTTP server cannot start: %s", uv_strerror(rc));
	}
	(void)uv_timer_init(loop, &http->timer); /* cannot fail */
	http->handles = 2;
	http->poll.data = http->timer.data = http;
	rc = uv_poll_start(&http->poll, UV_READABLE, on_poll);
	assert(rc == 0); /* fails for a closing handle */
	turn_after(http, 0);
	*ret_http = http;
	return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;

	if (--http->handles > 0)
		return;
	if (http->on_closed)
		http->on_closed(http->on_closed_context);
	free(http);
}

void http_stop(struct http *http, void (*on_closed)(void *context), void *context)
{
	assert(http->working == 0 && !http->in_turn);
	http->on_closed = on_closed;
	http->on_closed_context = context;
	(void)MHD_run(http->daemon); /* answers given in this turn of the loop go out */
	uv_close((uv_handle_t *)&http->poll, on_handle_closed); /* before its fd goes */
	uv_close((uv_handle_t *)&http->timer, on_handle_closed);
	MHD_stop_daemon(http->daemon);
}

const char *http_arg(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_body(const struct http_request *request, size_t *ret_len)
{
	*ret_len = request->body.len;
	return request->body.len ? (const char *)request->body.data : "";
}

enum language http_language(const struct http_request *request)
{
	return request->language;
}

bool http_peer(const struct http_request *request, uid_t *ret_uid)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr_storage address;
	struct ucred peer;
	socklen_t address_len = sizeof(address), len = sizeof(peer);

	if (!info || getsockname(info->connect_fd, (struct sockaddr *)&address, &address_len) < 0 ||
	    address.ss_family != AF_UNIX ||
	    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	*ret_uid = peer.uid;
	return true;
}

const struct http_route *http_matched(const struct http_request *request)
{
	return request->route;
}

unsigned http_working(const struct http *http)
{
	return http->working;
}

/* Takes @response over; NULL drops the connection. */
static void answered(struct http_request *request, unsigned status, struct MHD_Response *response)
{
	struct http *http = request->http;

	assert(request->state == WORKING);
	request->state = ANSWERED;
	request->status = status;
	request->response = response;
	http->working--;
	if (!request->suspended)
		return; /* dispatch() sees to it */
	http->again = true;
	MHD_resume_connection(request->connection);
	turn_after(http, 0);
}

void http_answer_fields(struct http_request *request, unsigned status,
			const struct http_field fields[], size_t n, const char *body, size_t len)
{
	answered(request, status, response_of(fields, n, body, len));
}

void http_answer(struct http_request *request, unsigned status, const char *type, const char *body,
		 size_t len)
{
	const struct http_field field = type_field(type);

	http_answer_fields(request, status, &field, 1, body, len);
}

void http_answer_file(struct http_request *request, const char *type, int fd, uint64_t len)
{
	const struct http_field field = type_field(type);
	struct MHD_Response *response = MHD_create_response_from_fd64(len, fd);

	if (!response)
		(void)close(fd); /* it was only read */
	answered(request, MHD_HTTP_OK, response_with(&field, 1, response));
}

unsigned http_status_of(int code)
{
	static const struct {
		int code;
		unsigned status;
	} known[] = {
		{ -EINVAL, 400 }, { -EACCES, 403 }, { -ENOENT, 404 },
		{ -EEXIST, 409 }, { -E2BIG, 413 },  { -EAGAIN, 503 },
		{ -EBUSY, 503 },  { -EINTR, 503 },  { -ENOSPC, 507 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].code == code)
			return known[i].status;
	return 500;
}

void http_answer_err(struct http_request *request, const struct err *err)
{
	struct blob body = { 0 };

	if (error_body(&body, err->text) == 0)
		http_answer(request, http_status_of(err->code), JSON_TYPE, (const char *)body.data,
			    body.len);
	else
		http_answer(request, 500, JSON_TYPE, "{\"error\": \"out of memory\"}\n", 27);
	blob_free(&body);
}
