/* Answers: step 5 of http.c. */
#include "common/net/http_internal.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/net/http_file.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

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

/* NULL: out of memory. */
static struct MHD_Response *response_to(const struct http_problem *problem, const char *types,
					const char *allow)
{
	struct http_field fields[3] = { type_field(http_problem_type(types)) };
	struct blob body = { 0 };
	struct MHD_Response *response = NULL;
	size_t n = 1;

	if (allow)
		fields[n++] = (struct http_field){ MHD_HTTP_HEADER_ALLOW, allow };
	if (problem->scheme)
		fields[n++] = (struct http_field){ "WWW-Authenticate", problem->scheme };
	if (http_problem_body(&body, problem, types) == 0)
		response = response_of(fields, n, body.data, body.len);
	blob_free(&body);
	return response;
}

enum MHD_Result http_send_problem(const struct http_request *request,
				  const struct http_problem *problem, const char *allow)
{
	struct MHD_Response *response = response_to(problem, request->problem_types, allow);
	enum MHD_Result result = MHD_NO;

	if (response) {
		result = MHD_queue_response(request->connection, problem->status, response);
		MHD_destroy_response(response);
	}
	return result;
}

enum MHD_Result http_send_answer(struct http_request *request)
{
	struct MHD_Response *response = request->response;

	if (!response) /* out of memory when it was to be made */
		return MHD_NO;
	request->response = NULL;
	enum MHD_Result result = MHD_queue_response(request->connection, request->status, response);
	MHD_destroy_response(response);
	return result;
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

static void on_file_ready(void *context)
{
	struct stream *stream = context;

	if (!stream->waiting)
		return;
	stream->waiting = false;
	http_resume(stream->request);
	http_turn_after(stream->request->http, 0);
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

void http_streams_drop(struct http *http)
{
	for (struct stream *stream = http->streams; stream; stream = stream->next) {
		stream->dropped = true;
		on_file_ready(stream);
	}
}

/* --- what handlers call --- */

/* Takes @response over; NULL drops the connection. */
static void answered(struct http_request *request, unsigned status, struct MHD_Response *response)
{
	struct http *http = request->http;

	assert(request->state == WORKING || request->state == ADMITTING);
	request->state = ANSWERED;
	request->status = status;
	request->response = response;
	http_body_free(request);
	http->working--;
	if (!request->suspended)
		return; /* dispatch() or begin() sees to it */
	http_resume(request);
	http_turn_after(http, 0);
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

void http_answer_problem(struct http_request *request, const struct http_problem *problem)
{
	answered(request, problem->status, response_to(problem, request->problem_types, NULL));
}

void http_answer_err(struct http_request *request, const struct err *err)
{
	http_answer_problem(request, &(struct http_problem){ .status = http_status_of(err->code),
							     .text = http_words(request, err) });
}

void http_answer_stranger(struct http_request *request, const char *scheme, const struct err *err)
{
	http_answer_problem(request, &(struct http_problem){ .status = 401,
							     .text = http_words(request, err),
							     .scheme = scheme });
}
