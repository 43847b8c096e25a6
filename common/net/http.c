/* How a request goes:
 *
 * 1. libmicrohttpd's epoll fd becomes readable, or its timer is due: turn() lets it work.
 * 2. It calls on_access() when the head is read. That call makes the http_request and judges the
 *    head; when as many requests are in work as may be, the request is parked: the connection is
 *    suspended until unpark() finds room. Then on_head() has its say, at once or later.
 * 3. on_access() is called for each piece of the body, then once more at the end, for the handler.
 * 4. The handler answers inside that call, and the response is queued at once; or it keeps the
 *    request, and the connection is suspended: no timeout, no reading, no polling.
 * 5. http_answer() makes the response, resumes the connection and asks for a turn; on_access() is
 *    called again and queues it.
 *    A file is answered by a stream: libmicrohttpd asks it for more as the client takes what there
 *    is; while none is read (http_file.h), the connection is suspended.
 * 6. on_completed() frees the request, when the answer is out or the connection is lost.
 *
 * How it can fail: a client that hangs up before step 3's last call or after step 5 ends in
 * on_completed(). A connection that cannot be accepted, because descriptors are exhausted and none
 * of ours will be given back, stays in the kernel's queue, and epoll says so at once again: then we
 * rest between two attempts (libmicrohttpd would spin). One that hangs up while suspended is not
 * noticed until step 5, whose write then fails: the handler's pointer stays good all the while. The
 * body of a request that was refused in step 2 or 3 is read and forgotten, so that the client, busy
 * sending, gets to read why; one that will not stop is cut off. Without memory the connection is
 * dropped. After each turn the seats are swept (http_seats.h). */
#include "common/net/http.h"

#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/base/names.h"
#include "common/base/quote.h"
#include "common/base/utf8.h"
#include "common/net/http_file.h"
#include "common/net/http_guard.h"
#include "common/net/http_seats.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define JSON_TYPE     "application/json"
#define NS_PER_MS     1000000u
#define REST_MS       100u /* until it is tried again to accept who could not be */
#define EXCESS_FACTOR 8u   /* of body_max: so much of a refused body is read before hanging up */
#define EXCESS_MIN    65536u
#define ARGUMENTS_MAX                                                                              \
	64u /* of an address, written one after another: more than any route knows                 \
	     */

enum request_state {
	PARKED,    /* suspended, until its turn comes */
	ADMITTING, /* on_head() has it */
	READING,
	WORKING, /* its handler has it */
	ANSWERED,
	DROPPED, /* the server stops */
};

struct http {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	const struct http_route *routes; /* outlive us */
	size_t n_routes;
	size_t bodies, bodies_max; /* bytes */
	struct seats seats;
	struct stream *streams; /* each owned by its response */
	void (*on_head)(void *context, struct http_request *request);
	unsigned working;
	unsigned handles;
	bool guarded;
	bool in_turn;
	struct log_limit said_ours; /* failures of ours */
	struct log_limit said_rest;
	bool resting; /* the epoll fd is not polled; the timer ends it */
	bool moved;   /* in this turn a connection came or went */
	/* Another turn is due, though MHD_get_timeout() does not say so: a connection was resumed,
	 * or one ended, which at the limit lets libmicrohttpd listen again. */
	bool again;
	void *context;
	void (*on_closed)(void *context);
	void *on_closed_context;
};

struct refusal {
	unsigned status;
	const char *text;
};

static const struct refusal
	too_large = { MHD_HTTP_CONTENT_TOO_LARGE, NULL /* it tells the limit */ },
	strange_argument = { MHD_HTTP_BAD_REQUEST, NULL /* it tells which */ },
	too_much_at_once = { MHD_HTTP_SERVICE_UNAVAILABLE,
			     N_("too much is being sent here at once; try again shortly") },
	two_ways = { MHD_HTTP_BAD_REQUEST,
		     N_("Host, and the body's length (Content-Length, "
			"or Transfer-Encoding: chunked), must be given once") },
	no_text = { MHD_HTTP_BAD_REQUEST,
		    N_("the address of this request is not written in UTF-8") },
	strange_page = { MHD_HTTP_FORBIDDEN,
			 N_("this is for programs and pages of this machine alone") },
	no_path = { MHD_HTTP_NOT_FOUND, N_("there is no such path") },
	no_method = { MHD_HTTP_METHOD_NOT_ALLOWED, N_("this path does not take this method") };

struct http_request {
	struct http *http;
	struct MHD_Connection *connection;
	struct seat *seat; /* the connection's */
	enum request_state state;
	bool suspended;
	bool head_again;  /* libmicrohttpd will call once more for the head, after a suspension */
	bool waits_first; /* the client sends its body when it is told to (Expect) */
	enum language language;
	const struct http_route *route;
	const struct refusal *refusal; /* NULL: none yet */
	struct blob body;
	size_t charged; /* of http->bodies */
	size_t excess;  /* bytes of the body that were read and forgotten */
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

static size_t body_max(const struct http_request *request)
{
	return request->route && request->route->body_max ? request->route->body_max
							  : HTTP_BODY_SMALL;
}

/* Of a path that has others. */
static void methods_of(const struct http *http, const char *path, char allow[64])
{
	*allow = '\0';
	for (size_t i = 0; i < http->n_routes; i++) {
		size_t len = strlen(allow);

		if (strcmp(http->routes[i].path, path) == 0)
			(void)snprintf(allow + len, 64 - len, "%s%s", len ? ", " : "",
				       http->routes[i].method); /* fits the routes there are */
	}
}

/* --- arguments --- */

enum argument_fault { ARGUMENT_WELL, ARGUMENT_UNKNOWN, ARGUMENT_TWICE, ARGUMENT_EMPTY };

struct arguments {         /* of an address, as far as they were looked at */
	const char *known; /* the route's */
	uint64_t given;    /* a bit for each of them */
	enum argument_fault fault;
	const char *name; /* of the first that has one */
};

static enum MHD_Result judge_argument(void *context, enum MHD_ValueKind kind, const char *name,
				      size_t name_len, const char *value, size_t value_len)
{
	struct arguments *arguments = context;
	int i = names_find(arguments->known, name, name_len);

	(void)kind, (void)value_len;
	arguments->name = name;
	if (i < 0)
		arguments->fault = ARGUMENT_UNKNOWN;
	else if (arguments->given >> i & 1)
		arguments->fault = ARGUMENT_TWICE;
	else if (!value)
		arguments->fault = ARGUMENT_EMPTY;
	else
		arguments->given |= UINT64_C(1) << i;
	return arguments->fault == ARGUMENT_WELL ? MHD_YES : MHD_NO;
}

static struct arguments arguments_of(const struct http_request *request)
{
	struct arguments arguments = { .known = request->route->arguments };

	(void)MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND,
					  judge_argument, &arguments);
	return arguments;
}

static enum MHD_Result send_argument_fault(const struct http_request *request)
{
	struct arguments arguments = arguments_of(request);
	char text[320], shown[EXCERPT_MAX];

	(void)utf8_excerpt(arguments.name, strlen(arguments.name), shown);
	if (arguments.fault == ARGUMENT_TWICE)
		(void)utf8_print(text, sizeof(text), _("the argument '%s' is given twice"), shown);
	else if (arguments.fault == ARGUMENT_EMPTY)
		(void)utf8_print(text, sizeof(text),
				 _("the argument '%s' has no value; NAME=VALUE is wanted"), shown);
	else if (arguments.known)
		(void)utf8_print(text, sizeof(text),
				 _("there is no argument '%s' here; there are: %s"), shown,
				 arguments.known);
	else
		(void)utf8_print(text, sizeof(text),
				 _("there is no argument '%s' here, nor any other"), shown);
	return send_error(request->connection, MHD_HTTP_BAD_REQUEST, text, NULL);
}

static enum MHD_Result send_refusal(const struct http_request *request, const char *path)
{
	const struct refusal *refusal = request->refusal;
	char text[192], allow[64];

	if (refusal == &strange_argument)
		return send_argument_fault(request);

	if (refusal == &too_large) {
		(void)snprintf(text, sizeof(text),
			       _("the body is over %zu bytes; send it in parts"),
			       body_max(request));
		return send_error(request->connection, refusal->status, text, NULL);
	}
	if (refusal == &no_method)
		methods_of(request->http, path, allow);
	return send_error(request->connection, refusal->status, _(refusal->text),
			  refusal == &no_method ? allow : NULL);
}

static bool method_fits(const struct http_route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

/* Returns why there is none, or NULL. */
static const struct refusal *find_route(struct http_request *request, const char *path,
					const char *method)
{
	const struct http *http = request->http;
	const struct refusal *why = &no_path;

	for (size_t i = 0; i < http->n_routes && !request->route; i++) {
		if (strcmp(http->routes[i].path, path) != 0)
			continue;
		why = &no_method;
		if (method_fits(&http->routes[i], method))
			request->route = &http->routes[i];
	}
	return request->route ? NULL : why;
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

static void turn_to(struct http_request *request, enum seat_phase phase)
{
	seat_turn(&request->http->seats, request->seat, phase, uv_hrtime() / NS_PER_MS);
}

static void suspend(struct http_request *request)
{
	request->suspended = true;
	MHD_suspend_connection(request->connection);
}

static void resume(struct http_request *request)
{
	request->suspended = false;
	request->http->again = true;
	MHD_resume_connection(request->connection);
}

/* --- files --- */

#define STREAM_BLOCK 65536u /* that libmicrohttpd asks for at once */

struct stream {
	struct stream *next, **slot;  /* in http->streams */
	struct http_request *request; /* until it is completed, which it is not while waiting */
	struct http_file *file;       /* owned */
	bool waiting;                 /* the connection is suspended, until there is something */
	bool dropped;                 /* the server stops */
};

static void turn_after(struct http *http, uint64_t wait_ms);

static void on_file_ready(void *context)
{
	struct stream *stream = context;

	if (!stream->waiting)
		return;
	stream->waiting = false;
	resume(stream->request);
	turn_after(stream->request->http, 0);
}

static ssize_t stream_read(void *context, uint64_t position, char *out, size_t size)
{
	struct stream *stream = context;
	ssize_t n = stream->dropped ? -ECANCELED : http_file_take(stream->file, out, size);

	(void)position; /* it asks in order */
	if (n < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0) {
		stream->waiting = true;
		stream->request->suspended = true;
		MHD_suspend_connection(stream->request->connection);
	}
	return n;
}

static void stream_free(void *context)
{
	struct stream *stream = context;

	*stream->slot = stream->next;
	if (stream->next)
		stream->next->slot = stream->slot;
	http_file_close(stream->file);
	free(stream);
}

/* Takes over @fd. NULL: out of memory. */
static struct MHD_Response *stream_open(struct http_request *request, int fd, uint64_t len)
{
	struct http *http = request->http;
	struct stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	if (!stream) {
		(void)close(fd); /* it was only read */
		return NULL;
	}
	stream->request = request;
	stream->slot = &http->streams;
	stream->next = http->streams;
	if (stream->next)
		stream->next->slot = &stream->next;
	http->streams = stream;
	stream->file = http_file_open(http->poll.loop, fd, len, on_file_ready, stream);
	response = stream->file ? MHD_create_response_from_callback(len, STREAM_BLOCK, stream_read,
								    stream, stream_free)
				: NULL;
	if (!response)
		stream_free(stream);
	return response;
}

static enum MHD_Result dispatch(struct http_request *request)
{
	struct http *http = request->http;

	request->state = WORKING;
	turn_to(request, SEAT_WORKING);
	http->working++;
	request->route->on_request(http->context, request);
	if (request->state == ANSWERED) {
		turn_to(request, SEAT_SENDING);
		return send_answer(request);
	}
	suspend(request);
	return MHD_YES;
}

static void body_free(struct http_request *request)
{
	request->http->bodies -= request->charged;
	request->charged = 0;
	blob_free(&request->body);
}

static void refuse(struct http_request *request, const struct refusal *why)
{
	request->refusal = why;
	body_free(request);
}

/* Keep a piece of the body, or forget it. */
static enum MHD_Result take_body(struct http_request *request, const char *data, size_t len)
{
	struct http *http = request->http;
	size_t most = body_max(request);

	request->seat->read += len;
	if (request->state == READING && !request->refusal) {
		if (len > most - request->body.len)
			refuse(request, &too_large);
		else if (len > http->bodies_max - http->bodies)
			refuse(request, &too_much_at_once);
	}
	if (request->state == READING && !request->refusal) {
		request->charged += len;
		http->bodies += len;
		return blob_append(&request->body, data, len) == 0 ? MHD_YES : MHD_NO;
	}
	request->excess += len;
	return request->excess / EXCESS_FACTOR > (most > EXCESS_MIN ? most : EXCESS_MIN) ? MHD_NO
											 : MHD_YES;
}

static enum MHD_Result is_text(void *all_text, enum MHD_ValueKind kind, const char *name,
			       size_t name_len, const char *value, size_t value_len)
{
	(void)kind;
	*(bool *)all_text =
		utf8_valid(name, name_len) && strlen(name) == name_len &&
		(!value || (utf8_valid(value, value_len) && strlen(value) == value_len));
	return *(bool *)all_text ? MHD_YES : MHD_NO;
}

static bool arguments_are_text(const struct http_request *request)
{
	bool all_text = true;

	(void)MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, is_text,
					  &all_text);
	return all_text;
}

/* Of the same message RFC 9112, 6.3 and 3.2, allows one. */
struct head_count {
	unsigned lengths, encodings, hosts;
};

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct head_count *count = context;

	(void)kind, (void)value;
	count->lengths += strcasecmp(name, "Content-Length") == 0;
	count->encodings += strcasecmp(name, "Transfer-Encoding") == 0;
	count->hosts += strcasecmp(name, "Host") == 0;
	return MHD_YES;
}

/* A message with two lengths, or for two hosts, is two messages to two readers. */
static bool read_in_one_way(const struct http_request *request)
{
	const char *encoding = http_header(request, "Transfer-Encoding");
	struct head_count count = { 0 };

	(void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_header,
					&count); /* how many there are */
	return count.lengths + count.encodings <= 1 && count.hosts <= 1 &&
	       (!encoding || strcasecmp(encoding, "chunked") == 0);
}

static bool passes_guard(const struct http_request *request, const char *method)
{
	const struct http_guarded asked = { .method = method,
					    .host = http_header(request, "Host"),
					    .origin = http_header(request, "Origin"),
					    .fetch_site = http_header(request, "Sec-Fetch-Site") };

	return http_guard_passes(&asked);
}

/* What the head alone decides; NULL: nothing is wrong with it. */
static const struct refusal *judge_head(struct http_request *request, const char *path,
					const char *method)
{
	const char *len = http_header(request, "Content-Length");
	const struct refusal *why;

	if (!read_in_one_way(request))
		return &two_ways;
	if (request->http->guarded && !passes_guard(request, method))
		return &strange_page;
	if (!arguments_are_text(request))
		return &no_text;
	why = find_route(request, path, method);
	if (!why && arguments_of(request).fault != ARGUMENT_WELL)
		return &strange_argument;
	if (!why && len && strtoull(len, NULL, 10) > body_max(request))
		return &too_large;
	return why;
}

/* The head was judged, by us and by on_head(). */
static enum MHD_Result await_body(struct http_request *request)
{
	if (request->state == ANSWERED && request->waits_first) {
		turn_to(request, SEAT_SENDING);
		return send_answer(request);
	}
	turn_to(request, SEAT_READING);
	return MHD_YES;
}

/* Its turn has come. */
static enum MHD_Result begin(struct http_request *request)
{
	struct http *http = request->http;

	request->state = READING;
	if (request->refusal || !http->on_head)
		return await_body(request);
	request->state = ADMITTING;
	turn_to(request, SEAT_WORKING);
	http->working++;
	http->on_head(http->context, request);
	if (request->state != ADMITTING)
		return await_body(request);
	request->head_again = true;
	suspend(request);
	return MHD_YES;
}

static enum MHD_Result first_call(struct http_request *request, const char *path,
				  const char *method)
{
	request->refusal = judge_head(request, path, method);
	request->waits_first = http_header(request, "Expect") != NULL;
	if (request->refusal && (request->waits_first || request->refusal == &two_ways))
		return send_refusal(request, path);
	if (seats_free(&request->http->seats))
		return begin(request);
	request->state = PARKED;
	turn_to(request, SEAT_PARKED);
	request->seat->request = request;
	request->head_again = true;
	suspend(request);
	return MHD_YES;
}

/* The later calls. */
static enum MHD_Result proceed(struct http_request *request, const char *path, const char *data,
			       size_t *len)
{
	if (request->state == DROPPED)
		return MHD_NO;
	if (request->head_again) {
		request->head_again = false;
		return request->state == PARKED ? begin(request) : await_body(request);
	}
	if (*len > 0) {
		size_t n = *len;

		*len = 0;
		return take_body(request, data, n);
	}
	if (request->state == READING && !request->refusal)
		return dispatch(request);
	turn_to(request, SEAT_SENDING);
	return request->refusal ? send_refusal(request, path) : send_answer(request);
}

static struct seat *seat_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* NULL: out of memory, or who asked was sent away before his head was read. */
static struct http_request *request_new(struct http *http, struct MHD_Connection *connection)
{
	struct seat *seat = seat_of(connection);
	struct http_request *request = seat && !seat->left ? calloc(1, sizeof(*request)) : NULL;

	if (!request)
		return NULL;
	request->http = http;
	request->connection = connection;
	request->seat = seat;
	request->language = language_accepted(http_header(request, "Accept-Language"));
	return request;
}

/* By hand, as libmicrohttpd takes no answer this early. What does not go out at once is lost with
 * the connection. */
static void send_away(struct http *http, struct seat *seat, unsigned status, const char *reason,
		      const char *text)
{
	struct blob body = { 0 };
	char head[192];
	int len;

	if (error_body(&body, text) == 0) {
		len = snprintf(head, sizeof(head),
			       "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: %s\r\n"
			       "Content-Length: %zu\r\n\r\n",
			       status, reason, JSON_TYPE, body.len);
		if (send(seat->fd, head, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) == len)
			(void)send(seat->fd, body.data, body.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	blob_free(&body);
	seat_leave(&http->seats, seat);
}

/* libmicrohttpd keeps a note of each argument in the connection's memory (32 KiB). When that is
 * spent in the middle of an address (500 arguments), 0.9.75 neither answers nor ends the
 * connection. So arguments are counted before it takes the address apart. */
static void *on_address(void *context, const char *address, struct MHD_Connection *connection)
{
	struct http *http = context;
	struct seat *seat = seat_of(connection);
	const char *at = strchr(address, '?');
	unsigned n = 0;

	while (at && n <= ARGUMENTS_MAX) {
		at = strchr(at + 1, '&');
		n++;
	}
	if (seat && n > ARGUMENTS_MAX)
		send_away(http, seat, MHD_HTTP_URI_TOO_LONG, "URI Too Long",
			  _("the address of this request has too many arguments"));
	return NULL; /* there is no request yet */
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *path,
				 const char *method, const char *version, const char *data,
				 size_t *len, void **request_slot)
{
	struct http_request *request = *request_slot;
	bool first = !request;

	(void)version;
	if (first)
		*request_slot = request = request_new(context, connection);
	if (!request)
		return MHD_NO;
	enum language before = language_use(request->language);
	enum MHD_Result result =
		first ? first_call(request, path, method) : proceed(request, path, data, len);
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
	assert(request->state != WORKING && request->state != ADMITTING);
	if (request->response)
		MHD_destroy_response(request->response);
	body_free(request);
	turn_to(request, SEAT_SILENT);
	request->seat->asked = true;
	request->seat->lasting = false;
	request->seat->read = 0;
	free(request);
	*request_slot = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http *http = context;
	const union MHD_ConnectionInfo *info;

	http->moved = true;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		seat_give_back(&http->seats, *slot);
		http->again = true;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	/* Without memory it has no seat, and its request ends it. */
	*slot = seat_take(&http->seats, info->connect_fd, uv_hrtime() / NS_PER_MS);
}

/* As libmicrohttpd does it, but for %00, which would end the text before its end. */
static size_t on_unescape(void *context, struct MHD_Connection *connection, char *text)
{
	size_t to = 0;

	(void)context, (void)connection;
	for (const char *from = text; *from; from++) {
		char pair[3] = "", *end = pair;
		unsigned long byte = 0;

		if (*from == '%' && isxdigit((unsigned char)from[1]) &&
		    isxdigit((unsigned char)from[2])) {
			memcpy(pair, from + 1, 2);
			byte = strtoul(pair, &end, 16);
		}
		text[to++] = byte ? (char)byte : *from;
		if (byte)
			from += 2;
	}
	text[to] = '\0';
	return to;
}

static void on_timer(uv_timer_t *timer);

static void turn_after(struct http *http, uint64_t wait_ms)
{
	int rc = uv_timer_start(&http->timer, on_timer, wait_ms, 0);

	assert(rc == 0); /* fails for a closing handle or without callback */
	(void)rc;
}

static void unpark(struct http *http)
{
	struct seat *seat;

	while (seats_free(&http->seats) && (seat = seats_parked(&http->seats))) {
		seat_turn(&http->seats, seat, SEAT_READING, uv_hrtime() / NS_PER_MS);
		resume(seat->request);
	}
}

static void turn(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = UINT64_MAX;
	uint64_t sweep_ms;

	http->in_turn = true;
	http->again = false;
	(void)MHD_run(http->daemon); /* fails only when misconfigured, which start would have met */
	http->in_turn = false;
	sweep_ms = seats_sweep(&http->seats, uv_hrtime() / NS_PER_MS);
	unpark(http);
	(void)MHD_get_timeout(http->daemon, &wait_ms); /* sets it, or has nothing to wait for */
	if (sweep_ms < wait_ms)
		wait_ms = sweep_ms;
	if (http->again || wait_ms != UINT64_MAX)
		turn_after(http, http->again ? 0 : wait_ms);
	else
		(void)uv_timer_stop(&http->timer); /* cannot fail */
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void poll_again(struct http *http)
{
	int rc = uv_poll_start(&http->poll, UV_READABLE, on_poll);

	assert(rc == 0); /* fails for a closing handle */
	(void)rc;
	http->resting = false;
}

static void on_timer(uv_timer_t *timer)
{
	struct http *http = timer->data;

	if (http->resting)
		poll_again(http);
	turn(http);
}

/* Somebody wants to connect, nobody is connected, and nobody came: he could not be accepted. */
static bool accept_failed(const struct http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return !http->moved && !http->again && info && info->num_connections == 0;
}

static void rest(struct http *http)
{
	uint64_t not_logged;

	if (log_limit_pass(&http->said_rest, uv_hrtime() / NS_PER_MS, &not_logged))
		log_warn("http: who connects cannot be accepted, and waits: are file descriptors "
			 "exhausted? not_logged=%llu",
			 (unsigned long long)not_logged);
	(void)uv_poll_stop(&http->poll); /* cannot fail */
	http->resting = true;
	turn_after(http, REST_MS);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct http *http = poll->data;

	(void)status, (void)events; /* an error shows again in MHD_run */
	http->moved = false;
	turn(http);
	if (accept_failed(http))
		rest(http);
}

/* Takes over @listen_fd on success. */
static struct MHD_Daemon *daemon_start(struct http *http, int listen_fd,
				       const struct http_limits *limits)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, http,
		MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		limits->connections + SEATS_WAITING, MHD_OPTION_CONNECTION_TIMEOUT,
		limits->timeout_s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_URI_LOG_CALLBACK,
		on_address, http, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_END);
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
	http->bodies_max = limits->bodies_max;
	http->seats.most = limits->connections;
	http->seats.idle_ms = UINT64_C(1000) * limits->timeout_s;
	http->on_head = limits->on_head;
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
	poll_again(http);
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
	for (struct seat *seat; (seat = seats_parked(&http->seats));) {
		((struct http_request *)seat->request)->state = DROPPED;
		seat_turn(&http->seats, seat, SEAT_SENDING, 0);
		resume(seat->request);
	}
	for (struct stream *stream = http->streams; stream; stream = stream->next) {
		stream->dropped = true;
		on_file_ready(stream);
	}
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

	assert(request->state == WORKING || request->state == ADMITTING);
	request->state = ANSWERED;
	request->status = status;
	request->response = response;
	body_free(request);
	http->working--;
	if (!request->suspended)
		return; /* dispatch() or begin() sees to it */
	resume(request);
	turn_after(http, 0);
}

void http_admit(struct http_request *request)
{
	assert(request->state == ADMITTING);
	request->state = READING;
	request->http->working--;
	if (!request->suspended)
		return; /* begin() sees to it */
	resume(request);
	turn_after(request->http, 0);
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
	struct MHD_Response *response = stream_open(request, fd, len);

	request->seat->lasting = true;
	answered(request, MHD_HTTP_OK, response_with(&field, 1, response));
}

unsigned http_status_of(int code)
{
	static const struct {
		int code;
		unsigned status;
	} known[] = {
		/* the client's */
		{ -EINVAL, 400 },
		{ -ERANGE, 400 },
		{ -EACCES, 403 },
		{ -EPERM, 403 },
		{ -ENOENT, 404 },
		{ -EEXIST, 409 },
		{ -ESTALE, 409 },
		{ -E2BIG, 413 },
		{ -EFBIG, 413 },
		/* nobody's: it may be tried again */
		{ -EAGAIN, 503 },
		{ -EBUSY, 503 },
		{ -EINTR, 503 },
		{ -ECANCELED, 503 },
		{ -ENOSPC, 507 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].code == code)
			return known[i].status;
	return 500;
}

const char *http_words(struct http_request *request, const struct err *err)
{
	struct http *http = request->http;
	uint64_t not_logged;

	if (!http->guarded || http_status_of(err->code) != 500)
		return err->text;
	if (log_limit_pass(&http->said_ours, uv_hrtime() / NS_PER_MS, &not_logged))
		log_error("http: %s %s failed cause=\"%s\" not_logged=%llu", request->route->method,
			  request->route->path, err->text, (unsigned long long)not_logged);
	return _("this machine could not do it, and took nothing; the log of the service says why");
}

void http_answer_err(struct http_request *request, const struct err *err)
{
	struct blob body = { 0 };

	if (error_body(&body, http_words(request, err)) == 0)
		http_answer(request, http_status_of(err->code), JSON_TYPE, (const char *)body.data,
			    body.len);
	else
		http_answer(request, 500, JSON_TYPE, "{\"error\": \"out of memory\"}\n", 27);
	blob_free(&body);
}

void http_answer_stranger(struct http_request *request, const char *scheme, const struct err *err)
{
	const struct http_field fields[] = { type_field(JSON_TYPE),
					     { "WWW-Authenticate", scheme } };
	struct blob body = { 0 };

	if (error_body(&body, http_words(request, err)) == 0)
		http_answer_fields(request, 401, fields, 2, (const char *)body.data, body.len);
	else
		http_answer_err(request, err); /* without memory: 403 */
	blob_free(&body);
}
