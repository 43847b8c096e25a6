/* A request, from the first byte of its head to its handler: steps 2 to 4 and 6 of http.c. */
#include "common/net/http_internal.h"

#include "common/base/i18n.h"
#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/net/http_guard.h"
#include "common/text/near_name.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define EXCESS_FACTOR 8u /* of body_max: so much of a refused body is read before hanging up */
#define EXCESS_MIN    65536u
#define SPARE_S       2u /* libmicrohttpd's patience beyond that of the seats */
/* Of an address, written one after another: more than any route knows. */
#define ARGUMENTS_MAX 64u

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
			 N_("this is only for programs and pages of this machine") },
	strange_name = { MHD_HTTP_FORBIDDEN,
			 N_("this page goes by another name, or another site's page sent this; "
			    "open it by the address that you were given") },
	no_method_at_all = { MHD_HTTP_NOT_IMPLEMENTED, N_("there is no such method") },
	no_path = { MHD_HTTP_NOT_FOUND, N_("there is no such path") },
	no_method = { MHD_HTTP_METHOD_NOT_ALLOWED, N_("this path does not take this method") };

static void turn_seat(struct http_request *request, enum seat_phase phase)
{
	seat_turn(&request->http->seats, request->seat, phase, uv_hrtime() / NS_PER_MS);
}

/* The connection has neither timeout nor polling, until http_resume(). */
static void suspend(struct http_request *request)
{
	request->suspended = true;
	MHD_suspend_connection(request->connection);
}

void http_resume(struct http_request *request)
{
	request->suspended = false;
	request->http->again = true;
	MHD_resume_connection(request->connection);
}

void http_body_free(struct http_request *request)
{
	request->http->bodies -= request->charged;
	request->charged = 0;
	blob_free(&request->body);
}

static size_t body_max(const struct http_request *request)
{
	return request->route && request->route->body_max ? request->route->body_max
							  : HTTP_BODY_SMALL;
}

/* --- refusals --- */

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

	if (arguments.known && strcmp(arguments.known, HTTP_ANY_ARGUMENTS) == 0)
		return arguments;
	(void)MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND,
					  judge_argument, &arguments);
	return arguments;
}

static enum MHD_Result send_argument_fault(const struct http_request *request)
{
	struct arguments arguments = arguments_of(request);
	char shown[EXCERPT_MAX];
	struct err why = { 0 };

	(void)utf8_excerpt(arguments.name, strlen(arguments.name), shown);
	if (arguments.fault == ARGUMENT_TWICE)
		(void)err_set(&why, -EINVAL, "the argument '%s' is given twice", shown);
	else if (arguments.fault == ARGUMENT_EMPTY)
		(void)err_set(&why, -EINVAL, "the argument '%s' has no value; write NAME=VALUE",
			      shown);
	else if (arguments.known)
		(void)err_set(&why, -EINVAL, "there is no argument '%s' here; there are: %s", shown,
			      arguments.known);
	else
		(void)err_set(&why, -EINVAL, "there is no argument '%s' here, nor any other",
			      shown);
	if (arguments.fault == ARGUMENT_UNKNOWN)
		(void)near_words_hint(&why, arguments.known, arguments.name);
	return http_send_problem(request,
				 &(struct http_problem){ .status = MHD_HTTP_BAD_REQUEST,
							 .text = why.text,
							 .argument = shown },
				 NULL);
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

static enum MHD_Result send_refusal(const struct http_request *request, const char *path)
{
	const struct refusal *refusal = request->refusal;
	char text[320], allow[64];

	if (refusal == &strange_argument)
		return send_argument_fault(request);

	if (refusal == &too_large) {
		(void)snprintf(text, sizeof(text),
			       _("the body is over %zu bytes; send it in parts"),
			       body_max(request));
	} else {
		(void)snprintf(text, sizeof(text), "%s", _(refusal->text));
	}
	if (refusal == &no_method)
		methods_of(request->http, path, allow);
	return http_send_problem(request,
				 &(struct http_problem){ .status = refusal->status, .text = text },
				 refusal == &no_method ? allow : NULL);
}

static void refuse(struct http_request *request, const struct refusal *why)
{
	request->refusal = why;
	http_body_free(request);
}

/* --- the head --- */

static bool path_matches(const char *pattern, const char *path)
{
	size_t len = strlen(pattern);

	return len > 0 && pattern[len - 1] == '*' ? strncmp(pattern, path, len - 1) == 0
						  : strcmp(pattern, path) == 0;
}

static bool method_matches(const char *wanted, const char *method)
{
	return !wanted || strcmp(wanted, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(wanted, "GET") == 0);
}

/* Returns why there is none, or NULL. */
static const struct refusal *find_route(struct http_request *request, const char *path,
					const char *method)
{
	const struct http *http = request->http;
	const struct refusal *why = &no_path;
	bool exact = false;

	for (size_t i = 0; i < http->n_routes && !request->route; i++) {
		if (!path_matches(http->routes[i].path, path))
			continue;
		why = &no_method;
		if (method_matches(http->routes[i].method, method))
			request->route = &http->routes[i];
		else if (strcmp(http->routes[i].path, path) == 0)
			exact = true; /* those that stand for many do not take it over */
		if (exact && request->route && strcmp(request->route->path, path) != 0)
			request->route = NULL;
	}
	return request->route ? NULL : why;
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

	return http_guard_passes(&asked, request->http->host);
}

/* What the head alone decides; NULL: nothing is wrong with it. */
static const struct refusal *judge_head(struct http_request *request, const char *path,
					const char *method)
{
	const char *len = http_header(request, "Content-Length");
	const struct refusal *why;
	bool all_text = true;

	if (strlen(method) >= sizeof(request->method))
		return &no_method_at_all;
	strcpy(request->method, method); /* fits */
	if (!read_in_one_way(request))
		return &two_ways;
	if (request->http->guarded && !passes_guard(request, method))
		return request->http->host ? &strange_name : &strange_page;
	(void)MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, is_text,
					  &all_text);
	if (!all_text)
		return &no_text;
	why = find_route(request, path, method);
	if (!why && arguments_of(request).fault != ARGUMENT_WELL)
		return &strange_argument;
	if (!why && len && strtoull(len, NULL, 10) > body_max(request))
		return &too_large;
	return why;
}

/* --- its way --- */

/* The head was judged, by us and by on_head(). */
static enum MHD_Result await_body(struct http_request *request)
{
	if (request->state == ANSWERED && request->waits_first) {
		turn_seat(request, SEAT_SENDING);
		return http_send_answer(request);
	}
	turn_seat(request, SEAT_READING);
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
	turn_seat(request, SEAT_WORKING);
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
	turn_seat(request, SEAT_PARKED);
	request->head_again = true;
	suspend(request);
	return MHD_YES;
}

/* Keep a piece of the body, or forget it. */
static enum MHD_Result take_body(struct http_request *request, const char *data, size_t len)
{
	struct http *http = request->http;
	size_t most = body_max(request);

	request->seat->read += len;
	request->seat->moved_ms = uv_hrtime() / NS_PER_MS;
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

static enum MHD_Result dispatch(struct http_request *request)
{
	struct http *http = request->http;

	request->state = WORKING;
	turn_seat(request, SEAT_WORKING);
	http->working++;
	request->route->on_request(http->context, request);
	if (request->state == ANSWERED) {
		turn_seat(request, SEAT_SENDING);
		return http_send_answer(request);
	}
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
	turn_seat(request, SEAT_SENDING);
	return request->refusal ? send_refusal(request, path) : http_send_answer(request);
}

/* --- what libmicrohttpd calls --- */

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
	bool lost = !seat || seat->left || (http->keeps_target && !seat->target);
	struct http_request *request = lost ? NULL : calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->http = http;
	request->connection = connection;
	request->seat = seat;
	seat->request = request;
	request->language = language_accepted(http_header(request, "Accept-Language"));
	return request;
}

/* What does not go out at once is lost with the connection. */
static void send_now(const struct http *http, const struct seat *seat, const void *data, size_t len)
{
	const union MHD_ConnectionInfo *info;

	if (!http->tls) {
		(void)send(seat->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		return;
	}
	info = MHD_get_connection_info(seat->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info && info->tls_session)
		(void)http->tls->send(info->tls_session, data, len);
}

/* By hand, as libmicrohttpd takes no answer at these times. */
static void say_by_hand(const struct http *http, const struct seat *seat, const char *reason,
			const struct http_problem *problem, const char *types)
{
	struct blob body = { 0 }, answer = { 0 };
	char head[192];

	if (http_problem_body(&body, problem, types) == 0) {
		(void)snprintf(head, sizeof(head),
			       "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: %s\r\n"
			       "Content-Length: %zu\r\n\r\n",
			       problem->status, reason, http_problem_type(types),
			       body.len); /* fits */
		if (blob_append(&answer, head, strlen(head)) == 0 &&
		    blob_append(&answer, body.data, body.len) == 0)
			send_now(http, seat, answer.data, answer.len);
	}
	blob_free(&answer);
	blob_free(&body);
}

static void on_late(void *context, struct seat *seat)
{
	const struct http_request *request = seat->request;

	say_by_hand(context, seat, "Request Timeout",
		    &(struct http_problem){ .status = MHD_HTTP_REQUEST_TIMEOUT,
					    .text = "the body of this request did not come in "
						    "time" },
		    request ? request->problem_types : NULL);
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
	if (seat && n > ARGUMENTS_MAX) {
		say_by_hand(
			http, seat, "URI Too Long",
			&(struct http_problem){
				.status = MHD_HTTP_URI_TOO_LONG,
				.text = _("the address of this request has too many arguments") },
			http_problem_types(http, address));
		seat_leave(&http->seats, seat);
	}
	if (seat && http->keeps_target) {
		free(seat->target);
		seat->target = strdup(address); /* without memory its request ends it */
	}
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
	if (first)
		request->problem_types = http_problem_types(context, path);
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
	http_body_free(request);
	turn_seat(request, SEAT_SILENT);
	request->seat->asked = true;
	request->seat->lasting = false;
	request->seat->read = request->seat->sent = 0;
	free(request->seat->target);
	request->seat->target = NULL;
	request->seat->request = NULL;
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
	struct seat *seat = seat_take(&http->seats, info->connect_fd, uv_hrtime() / NS_PER_MS);
	if (seat)
		seat->connection = connection;
	*slot = seat;
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

/* Takes over @listen_fd on success. */
struct MHD_Daemon *http_daemon_start(struct http *http, int listen_fd,
				     const struct http_limits *limits)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0,
		  limits->tls ? (void *)(uintptr_t)limits->tls->on_certificate : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  limits->tls ? (void *)(uintptr_t)limits->tls->priorities : NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	/* The seats go by the same patience, and have words. */
	unsigned patience_s = limits->timeout_s + SPARE_S;

	http->seats.on_late = on_late;
	http->seats.context = http;
	return MHD_start_daemon(
		limits->tls ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, on_access, http,
		MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		limits->connections + SEATS_WAITING, MHD_OPTION_CONNECTION_TIMEOUT, patience_s,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, http, MHD_OPTION_URI_LOG_CALLBACK, on_address, http,
		MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		limits->address_connections, MHD_OPTION_ARRAY,
		limits->tls ? tls : &tls[sizeof(tls) / sizeof(tls[0]) - 1], MHD_OPTION_END);
}

/* --- what handlers call --- */

void http_admit(struct http_request *request)
{
	assert(request->state == ADMITTING);
	request->state = READING;
	request->http->working--;
	if (!request->suspended)
		return; /* begin() sees to it */
	http_resume(request);
	http_turn_after(request->http, 0);
}

const char *http_method(const struct http_request *request)
{
	return request->method;
}

const char *http_target(const struct http_request *request)
{
	return request->seat->target;
}

const char *http_client_address(const struct http_request *request, char text[HTTP_ADDRESS_MAX])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *from = info ? info->client_addr : NULL;
	const void *host = NULL;

	if (from && from->sa_family == AF_INET6)
		host = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
	else if (from && from->sa_family == AF_INET)
		host = &((const struct sockaddr_in *)(const void *)from)->sin_addr;
	if (!host || !inet_ntop(from->sa_family, host, text, HTTP_ADDRESS_MAX))
		strcpy(text, "unix"); /* fits */
	return text;
}

const char *http_arg(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct header_times {
	const char *name;
	unsigned n;
};

static enum MHD_Result count_times(void *context, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct header_times *times = context;

	(void)kind, (void)value;
	times->n += strcasecmp(name, times->name) == 0;
	return MHD_YES;
}

const char *http_header_single(const struct http_request *request, const char *name)
{
	struct header_times times = { name, 0 };

	(void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_times,
					&times); /* how many there are */
	return times.n == 1 ? http_header(request, name) : NULL;
}

const char *http_body(const struct http_request *request, size_t *ret_len)
{
	*ret_len = request->body.len;
	return request->body.len ? (const char *)request->body.data : "";
}

const struct http_route *http_matched(const struct http_request *request)
{
	return request->route;
}

/* What the kernel says of who connected; false when that is over no unix socket. */
static bool peer_of(const struct http_request *request, int *ret_fd, struct ucred *ret_peer)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr_storage address;
	socklen_t address_len = sizeof(address), len = sizeof(*ret_peer);

	if (!info || getsockname(info->connect_fd, (struct sockaddr *)&address, &address_len) < 0 ||
	    address.ss_family != AF_UNIX ||
	    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, ret_peer, &len) < 0)
		return false;
	*ret_fd = info->connect_fd;
	return true;
}

bool http_peer(const struct http_request *request, uid_t *ret_uid)
{
	struct ucred peer;
	int fd;

	if (!peer_of(request, &fd, &peer))
		return false;
	*ret_uid = peer.uid;
	return true;
}

bool http_peer_is_of(const struct http_request *request, gid_t gid)
{
	gid_t few[64], *groups = few, *many = NULL;
	struct ucred peer;
	socklen_t len = sizeof(few);
	bool found;
	int fd;

	if (!peer_of(request, &fd, &peer))
		return false;
	found = peer.gid == gid;
	int rc = found ? 0 : getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len);
	if (rc < 0 && errno == ERANGE && (many = malloc(len))) { /* it says how long they are */
		groups = many;
		rc = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len);
	}
	for (size_t i = 0; rc == 0 && !found && i < len / sizeof(*groups); i++)
		found = groups[i] == gid;
	free(many);
	return found;
}

enum language http_language(const struct http_request *request)
{
	return request->language;
}

void http_language_choose(struct http_request *request, enum language language)
{
	request->language = language;
}

bool http_takes_gzip(const struct http_request *request)
{
	const char *at = http_header(request, "Accept-Encoding");

	while (at && *at) {
		at += strspn(at, " \t,");
		size_t len = strcspn(at, ","), name = strcspn(at, " \t;,");

		if (name == 4 && strncasecmp(at, "gzip", 4) == 0) {
			const char *weight = memmem(at, len, "q=", 2);

			return !weight || strtod(weight + 2, NULL) > 0;
		}
		at += len;
	}
	return false;
}
