/* Answers: step 5 of http.c. */
#include "common/net/http_internal.h"

#include "common/base/i18n.h"
#include "common/base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* @response, or NULL: out of memory, which it may have been already. */
struct MHD_Response *http_response_with(const struct http_field fields[], size_t n,
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

/* With what every answer of this server carries. */
static enum MHD_Result queue(const struct http *http, struct MHD_Connection *connection,
			     unsigned status, struct MHD_Response *response)
{
	for (size_t i = 0; i < http->n_always; i++)
		if (!MHD_get_response_header(response, http->always[i].name) &&
		    MHD_add_response_header(response, http->always[i].name,
					    http->always[i].value) == MHD_NO)
			return MHD_NO;
	return MHD_queue_response(connection, status, response);
}

/* NULL: out of memory. */
static struct MHD_Response *response_of(const struct http_field fields[], size_t n,
					const void *body, size_t len)
{
	return http_response_with(fields, n,
				  MHD_create_response_from_buffer(len, (void *)(uintptr_t)body,
								  MHD_RESPMEM_MUST_COPY));
}

static struct http_field type_field(const char *type)
{
	return (struct http_field){ MHD_HTTP_HEADER_CONTENT_TYPE, type };
}

/* With @page for a person; NULL: there is none. NULL: out of memory. */
static struct MHD_Response *response_to(const struct http_problem *problem, const char *types,
					const char *allow, const struct blob *page)
{
	struct http_field fields[4] = { type_field(page ? "text/html; charset=utf-8"
							: http_problem_type(types)) };
	struct blob body = { 0 };
	struct MHD_Response *response = NULL;
	char retry[16];
	size_t n = 1;

	if (allow)
		fields[n++] = (struct http_field){ MHD_HTTP_HEADER_ALLOW, allow };
	if (problem->scheme)
		fields[n++] = (struct http_field){ "WWW-Authenticate", problem->scheme };
	(void)snprintf(retry, sizeof(retry), "%u", problem->retry_s); /* fits */
	if (problem->retry_s)
		fields[n++] = (struct http_field){ MHD_HTTP_HEADER_RETRY_AFTER, retry };
	if (page)
		response = response_of(fields, n, page->data, page->len);
	else if (http_problem_body(&body, problem, types) == 0)
		response = response_of(fields, n, body.data, body.len);
	blob_free(&body);
	return response;
}

enum MHD_Result http_send_problem(const struct http_request *request,
				  const struct http_problem *problem, const char *allow)
{
	const struct http *http = request->http;
	struct blob page = { 0 };
	bool person = http->as_page && http->as_page(http->context, request, problem, &page);
	struct MHD_Response *response =
		response_to(problem, request->problem_types, allow, person ? &page : NULL);
	enum MHD_Result result = MHD_NO;

	blob_free(&page);

	if (response) {
		result = queue(request->http, request->connection, problem->status, response);
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
	enum MHD_Result result =
		queue(request->http, request->connection, request->status, response);
	MHD_destroy_response(response);
	return result;
}

/* --- what handlers call --- */

void http_answered(struct http_request *request, unsigned status, struct MHD_Response *response)
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
	http_answered(request, status, response_of(fields, n, body, len));
}

void http_answer(struct http_request *request, unsigned status, const char *type, const char *body,
		 size_t len)
{
	const struct http_field field = type_field(type);

	http_answer_fields(request, status, &field, 1, body, len);
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
	http_answered(request, problem->status,
		      response_to(problem, request->problem_types, NULL, NULL));
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
