/* How a request goes:
 *
 * 1. forward_ask() makes a call. It waits in the line, or begins at once.
 * 2. begin() hands it to libcurl, which tells by on_socket() which descriptors to watch and by
 *    on_deadline() when to come back; both are libuv's, whose news go back to libcurl.
 * 3. libcurl calls on_header() for each line of the head and on_body() for each piece.
 * 4. collect() takes what libcurl has finished with, calls on_end and frees it; the next in line
 *    begins.
 *
 * How it can fail: the taker is slow and pauses; libcurl keeps the piece that it could not hand
 * over and reads no further, and the sender waits. While others are in the line, sweep() takes the
 * place of who was paused longest. libcurl's functions must not be called from within its
 * callbacks: a cancelled call makes its callback fail and is freed by collect(), and
 * forward_resume() is done from the timer kick. A request that changes something goes over a
 * connection of its own: over one that had been used before, libcurl would send it a second time
 * when the other side hung up, as it may after it did what it was asked. */
#include "web/forward.h"

#include "common/base/blob.h"
#include "common/base/log.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIELDS_MAX   64u    /* of an answer; the others are left out */
#define HEAD_MAX     65536u /* bytes of an answer's head */
#define NS_PER_MS    1000000u
#define CONNECT_MS   10000L
#define SWEEP_MS     1000u
#define IDLE_SOCKETS 8L /* connections that are kept for the next request */

enum call_state {
	CALL_WAITING, /* in the line */
	CALL_ASKING,  /* with libcurl */
	CALL_REFUSED, /* will be told so from the loop */
	CALL_ENDING,  /* on_end is called, or it is cancelled: nothing more is heard of it */
};

struct forward_call {
	struct forward_call *next; /* in forward->line, or in forward->asking */
	struct forward *forward;
	enum call_state state;
	CURL *curl;                /* owned */
	struct curl_slist *fields; /* owned; that it sends */
	struct blob head;          /* NAME\0VALUE\0 of the answer, in turn */
	size_t n_head;
	unsigned status;
	uint64_t len;
	bool head_told;
	bool paused, stuck; /* its taker wants no more; libcurl holds a piece back */
	bool cut, cancelled, no_memory;
	unsigned weight;
	uint64_t paused_ms; /* since when */
	const struct forward_calls *calls;
	void *context;
};

struct watched {
	uv_poll_t poll;
	struct forward *forward;
	curl_socket_t fd;
};

struct forward {
	uv_loop_t *loop; /* outlives us */
	CURLM *multi;    /* owned */
	uv_timer_t deadline, kick;
	struct forward_limits limits;
	struct forward_call *line; /* who waits or was refused, in order */
	struct forward_call *asking;
	struct forward_counters counters;
	unsigned handles;
	bool in_curl, stopping;
	void (*on_closed)(void *context);
	void *on_closed_context;
};

static void on_kick(uv_timer_t *timer);

static void kick_after(struct forward *forward, uint64_t wait_ms)
{
	uv_handle_t *handle = (uv_handle_t *)&forward->kick;

	if (!forward->stopping &&
	    (!uv_is_active(handle) || uv_timer_get_due_in(&forward->kick) > wait_ms))
		(void)uv_timer_start(&forward->kick, on_kick, wait_ms, 0); /* cannot fail */
}

static void call_free(struct forward_call *call)
{
	if (call->curl)
		curl_easy_cleanup(call->curl);
	curl_slist_free_all(call->fields);
	blob_free(&call->head);
	free(call);
}

static void unlink_from(struct forward_call **list, struct forward_call *call)
{
	while (*list != call)
		list = &(*list)->next;
	*list = call->next;
}

static void leave_line(struct forward *forward, struct forward_call *call)
{
	unlink_from(&forward->line, call);
	if (call->state == CALL_WAITING)
		forward->counters.waiting--;
}

/* --- the head of an answer --- */

/* What belongs to the connection, and what we say ourselves. */
static bool passes_on(const char *name, size_t len)
{
	static const char *const kept[] = {
		"Connection", "Keep-Alive", "Proxy-Connection",  "Proxy-Authenticate",
		"TE",         "Trailer",    "Transfer-Encoding", "Upgrade",
		"Date",       "Server",     "Content-Length"
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strlen(kept[i]) == len && strncasecmp(kept[i], name, len) == 0)
			return false;
	return true;
}

static int keep_field(struct forward_call *call, const char *name, size_t name_len,
		      const char *value, size_t value_len)
{
	if (call->n_head == FIELDS_MAX || !passes_on(name, name_len))
		return 0;
	if (call->head.len + name_len + value_len > HEAD_MAX)
		return -E2BIG;
	if (blob_append(&call->head, name, name_len) < 0 || blob_append(&call->head, "", 1) < 0 ||
	    blob_append(&call->head, value, value_len) < 0 || blob_append(&call->head, "", 1) < 0)
		return -ENOMEM;
	call->n_head++;
	return 0;
}

static void tell_head(struct forward_call *call)
{
	struct http_field fields[FIELDS_MAX];
	const char *at = (const char *)call->head.data;
	struct forward_head head = { call->status, fields, call->n_head, call->len };

	for (size_t i = 0; i < call->n_head; i++) {
		fields[i].name = at;
		at += strlen(at) + 1;
		fields[i].value = at;
		at += strlen(at) + 1;
	}
	call->head_told = true;
	call->calls->on_head(call->context, &head);
	blob_free(&call->head);
}

static size_t on_header(char *line, size_t size, size_t n, void *context)
{
	struct forward_call *call = context;
	size_t len = size * n;
	const char *colon = memchr(line, ':', len);
	long status = 0;

	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	if (call->cancelled)
		return 0;
	if (call->head_told)
		return size * n; /* a trailer */
	if (len == 0) {          /* the end of a head */
		(void)curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
		call->status = (unsigned)status;
		if (call->status >= 200) {
			tell_head(call);
		} else { /* 100 Continue is not the answer */
			blob_free(&call->head);
			call->n_head = 0;
		}
		return call->cancelled ? 0 : size * n;
	}
	if (!colon)
		return size * n; /* the status line */
	size_t name_len = (size_t)(colon - line), from = name_len + 1;

	while (from < len && (line[from] == ' ' || line[from] == '\t'))
		from++;
	if (name_len == strlen("Content-Length") &&
	    strncasecmp(line, "Content-Length", name_len) == 0)
		call->len = strtoull(line + from, NULL, 10);
	return keep_field(call, line, name_len, line + from, len - from) == 0 ? size * n : 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *context)
{
	struct forward_call *call = context;
	size_t len = size * n;

	if (call->cancelled || call->cut)
		return 0;
	if (call->paused) {
		call->stuck = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	call->calls->on_data(call->context, data, len);
	return call->cancelled ? 0 : len;
}

/* --- libcurl on the loop --- */

static void collect(struct forward *forward);

static void act(struct forward *forward, curl_socket_t fd, int what)
{
	int running;

	forward->in_curl = true;
	(void)curl_multi_socket_action(forward->multi, fd, what, &running); /* calls tell */
	forward->in_curl = false;
	collect(forward);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watched *watched = poll->data;
	int what = status < 0 ? CURL_CSELECT_ERR : 0;

	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	act(watched->forward, watched->fd, what);
}

static void forward_closed(struct forward *forward)
{
	if (forward->handles > 0)
		return;
	if (forward->on_closed)
		forward->on_closed(forward->on_closed_context);
	free(forward);
}

static void on_watched_closed(uv_handle_t *handle)
{
	struct watched *watched = handle->data;
	struct forward *forward = watched->forward;

	free(watched);
	forward->handles--;
	if (forward->stopping)
		forward_closed(forward);
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *context, void *socket_context)
{
	struct forward *forward = context;
	struct watched *watched = socket_context;

	(void)curl;
	if (what == CURL_POLL_REMOVE) {
		if (watched) {
			(void)uv_poll_stop(&watched->poll); /* before its descriptor goes */
			uv_close((uv_handle_t *)&watched->poll, on_watched_closed);
			(void)curl_multi_assign(forward->multi, fd, NULL); /* it is there */
		}
		return 0;
	}
	if (!watched) {
		watched = calloc(1, sizeof(*watched));
		if (!watched)
			return -1;
		if (uv_poll_init_socket(forward->loop, &watched->poll, fd) < 0) {
			free(watched);
			return -1;
		}
		watched->forward = forward;
		watched->fd = fd;
		watched->poll.data = watched;
		forward->handles++;
		(void)curl_multi_assign(forward->multi, fd, watched); /* it is there */
	}
	return uv_poll_start(&watched->poll,
			     (what & CURL_POLL_IN ? UV_READABLE : 0) |
				     (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
			     on_poll);
}

static void on_deadline(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long wait_ms, void *context)
{
	struct forward *forward = context;

	(void)multi;
	if (wait_ms < 0 || forward->stopping)
		return uv_timer_stop(&forward->deadline);
	return uv_timer_start(&forward->deadline, on_deadline, (uint64_t)wait_ms, 0);
}

/* --- a call's way --- */

static void begin(struct forward *forward, struct forward_call *call)
{
	call->state = CALL_ASKING;
	call->next = forward->asking;
	forward->asking = call;
	forward->counters.under_way++;
	/* It fails without memory alone, or for a handle that is in already. */
	if (curl_multi_add_handle(forward->multi, call->curl) != CURLM_OK) {
		call->no_memory = true;
		kick_after(forward, 0);
	}
}

/* Who waits begins while there are places, and who was refused is told. */
static void serve_line(struct forward *forward)
{
	struct forward_call *call;

	for (struct forward_call *at = forward->line, *next; at; at = next) {
		next = at->next;
		if (at->state != CALL_REFUSED)
			continue;
		leave_line(forward, at);
		at->state = CALL_ENDING;
		at->calls->on_end(at->context, -EBUSY);
		call_free(at);
		next = forward->line; /* on_end may have asked or cancelled */
	}
	while ((call = forward->line) && call->state == CALL_WAITING &&
	       forward->counters.under_way < forward->limits.most) {
		leave_line(forward, call);
		begin(forward, call);
	}
}

static int error_of(const struct forward_call *call, CURLcode code)
{
	long number = 0;

	if (call->cut)
		return -EPIPE;
	switch (code) {
	case CURLE_OK:
		return call->head_told ? 0 : -EIO;
	case CURLE_COULDNT_CONNECT:
		(void)curl_easy_getinfo(call->curl, CURLINFO_OS_ERRNO, &number); /* cannot fail */
		return number == ENOENT ? -ENOENT : -ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

static void end(struct forward_call *call, int rc)
{
	struct forward *forward = call->forward;

	(void)curl_multi_remove_handle(forward->multi, call->curl); /* it is in */
	unlink_from(&forward->asking, call);
	forward->counters.under_way--;
	call->state = CALL_ENDING;
	if (!call->cancelled)
		call->calls->on_end(call->context, rc);
	call_free(call);
}

static void collect(struct forward *forward)
{
	struct CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(forward->multi, &left))) {
		struct forward_call *call = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		end(call, error_of(call, code));
	}
	serve_line(forward);
}

static struct forward_call *paused_longest(const struct forward *forward)
{
	struct forward_call *longest = NULL;

	for (struct forward_call *call = forward->asking; call; call = call->next)
		if (call->paused && (!longest || call->paused_ms < longest->paused_ms))
			longest = call;
	return longest;
}

/* The places of those who were paused longest go to those who wait. Returns whether somebody is
 * paused. */
static bool sweep(struct forward *forward, uint64_t now_ms)
{
	struct forward_call *longest;

	while ((longest = paused_longest(forward)) && forward->counters.waiting > 0 &&
	       now_ms - longest->paused_ms >= UINT64_C(1000) * forward->limits.pause_s) {
		longest->cut = true;
		forward->counters.cut++;
		end(longest, -EPIPE);
		serve_line(forward);
	}
	return longest;
}

static void on_kick(uv_timer_t *timer)
{
	struct forward *forward = timer->data;
	bool again = true;

	while (again) { /* a piece that is handed over may resume, pause or cancel others */
		again = false;
		for (struct forward_call *call = forward->asking; call && !again;
		     call = call->next) {
			if (call->cancelled || call->no_memory) {
				end(call, -ENOMEM);
				again = true;
			} else if (call->stuck && !call->paused) {
				call->stuck = false;
				forward->in_curl = true;
				(void)curl_easy_pause(call->curl, CURLPAUSE_CONT); /* it tells */
				forward->in_curl = false;
				again = true;
			}
		}
	}
	collect(forward);
	if (sweep(forward, uv_now(forward->loop)))
		kick_after(forward, SWEEP_MS);
}

/* --- what others call --- */

int forward_open(uv_loop_t *loop, const struct forward_limits *limits, struct forward **ret_forward,
		 struct err *err)
{
	struct forward *forward = calloc(1, sizeof(*forward));

	if (!forward)
		return err_memory(err);
	forward->multi =
		curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK ? curl_multi_init() : NULL;
	if (!forward->multi) {
		free(forward);
		return err_set(err, -EIO, "libcurl cannot start");
	}
	forward->loop = loop;
	forward->limits = *limits;
	(void)uv_timer_init(loop, &forward->deadline); /* cannot fail, here and below */
	(void)uv_timer_init(loop, &forward->kick);
	forward->deadline.data = forward->kick.data = forward;
	forward->handles = 2;
	/* None of these fails for options that there are. */
	(void)curl_multi_setopt(forward->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(forward->multi, CURLMOPT_SOCKETDATA, forward);
	(void)curl_multi_setopt(forward->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	(void)curl_multi_setopt(forward->multi, CURLMOPT_TIMERDATA, forward);
	(void)curl_multi_setopt(forward->multi, CURLMOPT_MAXCONNECTS, IDLE_SOCKETS);
	*ret_forward = forward;
	return 0;
}

void forward_limit(struct forward *forward, const struct forward_limits *limits)
{
	forward->limits = *limits;
	kick_after(forward, 0);
}

static bool field_add(struct forward_call *call, const char *name, const char *value)
{
	struct blob text = { 0 };
	struct curl_slist *fields = NULL;

	if (blob_append(&text, name, strlen(name)) == 0 &&
	    blob_append(&text, *value ? ": " : ";", *value ? 2 : 1) == 0 && /* as libcurl has it */
	    blob_append(&text, value, strlen(value) + 1) == 0)
		fields = curl_slist_append(call->fields, (const char *)text.data);
	if (text.data)
		explicit_bzero(text.data, text.len); /* it may be a token */
	blob_free(&text);
	if (fields)
		call->fields = fields;
	return fields;
}

/* libcurl copies what it is given. */
static bool set_up(struct forward_call *call, const struct forward_request *request)
{
	const struct forward_limits *limits = &call->forward->limits;
	CURL *curl = call->curl;
	bool reads = strcmp(request->method, "GET") == 0,
	     asks = strcmp(request->method, "HEAD") == 0;
	CURLcode code = CURLE_OK;

#define SET(option, value)                                                                         \
	if (code == CURLE_OK)                                                                      \
	code = curl_easy_setopt(curl, option, value)
	SET(CURLOPT_PRIVATE, call);
	SET(CURLOPT_URL, "http://localhost/");
	SET(CURLOPT_REQUEST_TARGET, request->target);
	SET(CURLOPT_UNIX_SOCKET_PATH, request->socket);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, call);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, call);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, (long)limits->answer_s);
	if (asks) {
		SET(CURLOPT_NOBODY, 1L);
	} else if (!reads || request->body_len > 0) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		SET(CURLOPT_COPYPOSTFIELDS, request->body_len ? request->body : "");
	}
	SET(CURLOPT_CUSTOMREQUEST, request->method);
	if (!reads && !asks) {
		SET(CURLOPT_FRESH_CONNECT, 1L);
		SET(CURLOPT_FORBID_REUSE, 1L);
	}
	SET(CURLOPT_HTTPHEADER, call->fields);
#undef SET
	return code == CURLE_OK;
}

int forward_ask(struct forward *forward, const struct forward_request *request,
		const struct forward_calls *calls, void *context, struct forward_call **ret_call)
{
	struct forward_call *call = calloc(1, sizeof(*call));
	/* What libcurl would say by itself. */
	static const char *const unsaid[] = { "Expect:", "Accept:", "Content-Type:" };
	struct forward_call **at;
	bool good = call;

	if (!call)
		return -ENOMEM;
	call->forward = forward;
	call->calls = calls;
	call->context = context;
	call->len = HTTP_LEN_UNKNOWN;
	for (size_t i = 0; good && i < sizeof(unsaid) / sizeof(unsaid[0]); i++) {
		struct curl_slist *fields = curl_slist_append(call->fields, unsaid[i]);

		good = fields;
		call->fields = fields ? fields : call->fields;
	}
	for (size_t i = 0; good && i < request->n_fields; i++)
		good = field_add(call, request->fields[i].name, request->fields[i].value);
	call->curl = good ? curl_easy_init() : NULL;
	if (!call->curl || !set_up(call, request)) {
		call_free(call);
		return -ENOMEM;
	}
	forward->counters.asked++;
	call->state = CALL_WAITING;
	if (forward->counters.under_way >= forward->limits.most &&
	    forward->counters.waiting >= forward->limits.waiting) {
		call->state = CALL_REFUSED;
		forward->counters.refused++;
	} else {
		forward->counters.waiting++;
	}
	call->weight = request->weight;
	at = &forward->line;
	while (*at && (*at)->weight <= call->weight)
		at = &(*at)->next;
	call->next = *at;
	*at = call;
	kick_after(forward, 0);
	*ret_call = call;
	return 0;
}

void forward_pause(struct forward_call *call)
{
	if (call->paused)
		return;
	call->paused = true;
	call->paused_ms = uv_now(call->forward->loop);
	kick_after(call->forward, SWEEP_MS);
}

void forward_resume(struct forward_call *call)
{
	if (!call->paused)
		return;
	call->paused = false;
	if (call->stuck)
		kick_after(call->forward, 0);
}

void forward_cancel(struct forward_call *call)
{
	struct forward *forward = call->forward;

	if (call->state == CALL_ENDING)
		return; /* from its own on_end */
	if (call->state != CALL_ASKING) {
		leave_line(forward, call);
		call_free(call);
		return;
	}
	call->cancelled = true;
	if (!forward->in_curl)
		end(call, 0);
	kick_after(forward, 0); /* somebody may have its place */
}

struct forward_counters forward_count(const struct forward *forward)
{
	return forward->counters;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct forward *forward = handle->data;

	forward->handles--;
	forward_closed(forward);
}

void forward_stop(struct forward *forward, void (*on_closed)(void *context), void *context)
{
	assert(!forward->in_curl);
	while (forward->line)
		forward_cancel(forward->line);
	while (forward->asking)
		forward_cancel(forward->asking);
	forward->stopping = true;
	forward->on_closed = on_closed;
	forward->on_closed_context = context;
	(void)curl_multi_cleanup(forward->multi); /* also stops watching what it kept */
	curl_global_cleanup();
	uv_close((uv_handle_t *)&forward->deadline, on_handle_closed);
	uv_close((uv_handle_t *)&forward->kick, on_handle_closed);
}
