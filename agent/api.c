/* A request: parsed and judged on the loop, done by the worker, answered on the loop. The request
 * owns what its job needs, so a new catalogue may come meanwhile. */
#include "api.h"

#include "civil.h"
#include "container.h"
#include "entry.h"
#include "http.h"
#include "i18n.h"
#include "observations.h"
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX    (4u * 1024 * 1024)
#define CONNECTIONS 8u
#define TIMEOUT_S   60u
#define SOCKET_MODE 0660u /* the group of the socket's folder may hand in figures */

struct api {
	struct api_config config;
	struct http *http;
	struct catalogue *catalogue; /* owned; NULL before there is one */
	unsigned jobs;
	bool stopping;
	void (*on_closed)(void *context);
	void *closed_context;
};

struct call { /* one request and its job */
	struct job job;
	struct api *api;
	struct http_request *request;
	struct observations *entries; /* owned */
	struct observation *list;     /* owned [n], borrows from entries */
	size_t n;
	bool coarse;
	struct blob out; /* owned */
	const char *type;
	int rc;
	struct err err;
};

static void stop_if_idle(struct api *api);

static void call_free(struct call *call)
{
	observations_close(call->entries);
	free(call->list);
	blob_free(&call->out);
	free(call);
}

static void done_call(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	struct api *api = call->api;
	if (call->rc < 0)
		http_answer_err(call->request, &call->err);
	else
		http_answer(call->request, 200, call->type, (const char *)call->out.data,
			    call->out.len);
	if (call->rc == 0 && call->n > 0 && !api->stopping)
		uplink_recorded(api->config.uplink, call->coarse);
	call_free(call);
	api->jobs--;
	stop_if_idle(api);
}

/* NULL when the request was answered already. */
static struct call *call_begin(void *context, struct http_request *request)
{
	struct api *api = context;
	struct err err;
	struct call *call = api->stopping ? NULL : calloc(1, sizeof(*call));
	if (!call) {
		err_set(&err, api->stopping ? -EBUSY : -ENOMEM,
			api->stopping ? "the agent is stopping; ask again later"
				      : N_("out of memory"));
		http_answer_err(request, &err);
		return NULL;
	}
	call->api = api;
	call->request = request;
	call->type = "application/json";
	return call;
}

static void call_submit(struct call *call, void (*work)(struct job *job))
{
	call->job = (struct job){ .work = work,
				  .done = done_call,
				  .language = http_language(call->request) };
	call->api->jobs++;
	worker_submit(call->api->config.worker, &call->job);
}

static void call_refuse(struct call *call)
{
	http_answer_err(call->request, &call->err);
	call_free(call);
}

/* POST /v1/observations */

static int append_text(struct blob *out, const char *text)
{
	return blob_append(out, text, strlen(text));
}

static void work_record(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	char text[64];
	size_t bad = 0;
	call->rc = spool_record(call->api->config.spool, call->list, call->n, &bad, &call->err);
	(void)snprintf(text, sizeof(text), "{\"recorded\": %zu}\n", call->n); /* fits */
	if (call->rc == 0)
		(void)append_text(&call->out, text); /* recorded is recorded, answer or not */
}

static int judge_all(struct call *call)
{
	struct api *api = call->api;
	size_t n;
	const struct entry *entries = observations_entries(call->entries, &n);
	if (!api->catalogue)
		return err_set(&call->err, -EAGAIN,
			       "the province has not sent its catalogue yet; try again when "
			       "'lantoa-agent status' says connected");
	call->list = calloc(n + 1, sizeof(*call->list));
	if (!call->list)
		return err_memory(&call->err);
	int64_t now_us = civil_now_us();
	for (size_t i = 0; i < n; i++) {
		int rc = entry_judge(api->catalogue, &entries[i], now_us, &call->list[i],
				     &call->err);
		if (rc < 0)
			return n > 1 ? err_wrap(&call->err, "observation %zu", i + 1) : rc;
		call->coarse |= entry_coarse(&call->list[i]);
	}
	call->n = n;
	return 0;
}

static void post_observations(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	size_t len;
	const char *body = http_body(request, &len);
	int rc = observations_parse(body, len, &call->entries, &call->err);
	if (rc == 0)
		rc = judge_all(call);
	if (rc < 0)
		call_refuse(call);
	else
		call_submit(call, work_record);
}

/* GET /v1/status */

static void work_status(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	struct spool_status *status = calloc(1, sizeof(*status));
	call->rc = status ? spool_status(call->api->config.spool, status, &call->err)
			  : err_memory(&call->err);
	if (call->rc == 0)
		call->rc = blob_append(&call->out, status, sizeof(*status));
	free(status);
}

/* The uplink may be looked at on the loop only, so the words are put together there. */
static void done_status(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	struct api *api = call->api;
	struct spool_status status;
	struct uplink_look look = { .state = N_("stopping"), .trouble = "", .refusal = "" };
	if (call->rc == 0) {
		memcpy(&status, call->out.data, sizeof(status));
		call->out.len = 0;
		if (!api->stopping)
			uplink_look(api->config.uplink, &look);
		struct report_about about = {
			.office = api->config.identity->office,
			.office_name = look.office_name && *look.office_name
					       ? look.office_name
					       : api->config.office_name,
			.address = api->config.identity->address,
			.look = &look,
			.catalogue_version = api_catalogue_version(api),
			.metrics = api->catalogue ? api->catalogue->n : 0,
		};
		call->rc = report_status(&about, &status, &call->out, &call->err);
	}
	done_call(job);
}

static void get_status(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	call->job = (struct job){ .work = work_status,
				  .done = done_status,
				  .language = http_language(request) };
	call->api->jobs++;
	worker_submit(call->api->config.worker, &call->job);
}

/* GET /v1/spool... */

static void work_spool(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	call->rc = report_spool(call->api->config.spool, &call->out, &call->err);
}

static void work_verify(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	call->rc = spool_verify(call->api->config.spool, &call->err);
	if (call->rc == 0)
		call->rc = append_text(&call->out, "{\"ok\": true}\n");
}

static void work_export(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	call->type = "text/csv; charset=utf-8";
	call->rc = report_export(call->api->config.spool, &call->out, &call->err);
}

static void get_spool(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (call)
		call_submit(call, work_spool);
}

static void get_verify(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (call)
		call_submit(call, work_verify);
}

static void get_export(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (call)
		call_submit(call, work_export);
}

/* GET /v1/catalogue */

static void get_catalogue(void *context, struct http_request *request)
{
	struct api *api = context;
	struct err err;
	if (api->catalogue) {
		http_answer(request, 200, "text/csv; charset=utf-8", api->catalogue->csv,
			    api->catalogue->csv_len);
		return;
	}
	err_set(&err, -ENOENT, "the province has not sent its catalogue yet");
	http_answer_err(request, &err);
}

static const struct http_route routes[] = {
	{ "POST", "/v1/observations", post_observations },
	{ "GET", "/v1/status", get_status },
	{ "GET", "/v1/spool", get_spool },
	{ "GET", "/v1/spool/verify", get_verify },
	{ "GET", "/v1/spool/export", get_export },
	{ "GET", "/v1/catalogue", get_catalogue },
};

int api_start(uv_loop_t *loop, const struct api_config *config, struct api **ret_api,
	      struct err *err)
{
	static const struct http_limits limits = { .body_max = BODY_MAX,
						   .connections = CONNECTIONS,
						   .timeout_s = TIMEOUT_S };
	int fd = -1;
	struct api *api = calloc(1, sizeof(*api));
	if (!api)
		return err_memory(err);
	api->config = *config;
	int rc = http_listen_unix(config->socket_path, SOCKET_MODE, &fd, err);
	if (rc == 0)
		rc = http_start(loop, fd, routes, sizeof(routes) / sizeof(routes[0]), &limits, api,
				&api->http, err);
	if (rc < 0) {
		free(api);
		return err_wrap(err, "[agent] api_socket '%s'", config->socket_path);
	}
	*ret_api = api;
	return 0;
}

void api_catalogue_take(struct api *api, struct catalogue *catalogue)
{
	catalogue_close(api->catalogue);
	api->catalogue = catalogue;
}

uint64_t api_catalogue_version(const struct api *api)
{
	return api->catalogue ? api->catalogue->version : 0;
}

static void on_http_closed(void *context)
{
	struct api *api = context;
	void (*on_closed)(void *) = api->on_closed;
	void *closed_context = api->closed_context;
	catalogue_close(api->catalogue);
	free(api);
	on_closed(closed_context);
}

static void stop_if_idle(struct api *api)
{
	if (!api->stopping || api->jobs > 0 || !api->http)
		return;
	struct http *http = api->http;
	api->http = NULL;
	http_stop(http, on_http_closed, api);
}

void api_stop(struct api *api, void (*on_closed)(void *context), void *context)
{
	api->stopping = true;
	api->on_closed = on_closed;
	api->closed_context = context;
	stop_if_idle(api);
}
