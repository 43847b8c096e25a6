/* A request: over TCP its token is looked at first, by the worker, who reads it from the disk, and
 * nothing of its body is kept before. Then it is parsed and judged on the loop, done by the worker,
 * answered on the loop. The request owns what its job needs, so a new catalogue may come meanwhile.
 */
#include "api/agent_api.h"

#include "api/bulletin_report.h"
#include "api/clock_report.h"
#include "api/observations.h"
#include "api/report.h"
#include "api/token.h"
#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/net/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* I10: what programs on this machine hand in is bounded, too. */
#define FIGURES_MAX (4u * 1024 * 1024)  /* bytes: of the figures of one request */
#define BODIES_MAX  (8u * 1024 * 1024)  /* of all that are being read */
#define ENTRIES_MAX (48u * 1024 * 1024) /* of all that are being recorded, in memory */
#define CONNECTIONS 8u
#define TIMEOUT_S   60u
#define SOCKET_MODE 0660u /* the group of the socket's folder may hand in figures */

struct agent_api {
	struct agent_api_config config;
	struct http *http;
	unsigned jobs;
	size_t entries; /* bytes, of all requests */
	int64_t last_us;
	bool stopping;
	void (*on_closed)(void *context);
	void *closed_context;
};

struct call { /* one request and its job */
	struct job job;
	struct recording recording;
	struct agent_api *api;
	struct http_request *request;
	struct observations *entries; /* owned */
	struct spool_status status;
	json_t *refusals;            /* of status; handed on in done_status() */
	struct bulletin told;        /* owned; likewise */
	const struct kept *kept;     /* what is asked of the spool */
	struct catalogue *catalogue; /* owned share; of a form */
	struct blob out;             /* owned */
	const char *type;
	const char *header; /* Authorization, the request's; NULL: it has none */
	bool each;          /* what is refused by itself is listed, and the answer is 200 */
	int rc;
	struct err err;
};

static void stop_if_idle(struct agent_api *api);

static void call_free(struct call *call)
{
	if (call->entries)
		call->api->entries -= observations_size(call->entries);
	observations_close(call->entries);
	bulletin_free(&call->told);
	catalogue_close(call->catalogue);
	blob_free(&call->out);
	free(call);
}

static void call_end(struct call *call)
{
	struct agent_api *api = call->api;
	if (call->rc < 0)
		http_answer_err(call->request, &call->err);
	else
		http_answer(call->request, 200, call->type, (const char *)call->out.data,
			    call->out.len);
	call_free(call);
	api->jobs--;
	stop_if_idle(api);
}

static void done_call(struct job *job)
{
	call_end(container_of(job, struct call, job));
}

static struct spool *spool_of(const struct call *call)
{
	return recorder_spool(call->api->config.recorder);
}

static int append_text(struct blob *out, const char *text)
{
	return blob_append(out, text, strlen(text));
}

/* NULL when the request was answered already. */
static struct call *call_begin(void *context, struct http_request *request)
{
	struct agent_api *api = context;
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

static void call_submit(struct call *call, void (*work)(struct job *job),
			void (*done)(struct job *job))
{
	call->job = (struct job){ .work = work,
				  .done = done,
				  .language = http_language(call->request) };
	call->api->jobs++;
	worker_submit(recorder_worker(call->api->config.recorder), &call->job);
}

static void call_refuse(struct call *call)
{
	http_answer_err(call->request, &call->err);
	call_free(call);
}

/* The token */

static void work_admit(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	call->rc = token_check(call->api->config.token_path, call->header, &call->err);
}

static void done_admit(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	struct agent_api *api = call->api;
	if (call->rc == 0)
		http_admit(call->request);
	else
		http_answer_stranger(call->request, "Bearer", &call->err);
	call_free(call);
	api->jobs--;
	stop_if_idle(api);
}

static void on_head(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	call->header = http_header(request, "Authorization");
	call_submit(call, work_admit, done_admit);
}

/* POST /v1/observations */

/* Without memory it is left out. @list goes. */
static void append_list(struct blob *out, const char *name, json_t *list)
{
	char *listed = list ? json_dumps(list, JSON_COMPACT) : NULL;
	if (listed && blob_reserve(out, strlen(name) + strlen(listed) + 8) == 0) {
		(void)append_text(out, name);
		(void)append_text(out, listed);
	}
	free(listed);
	json_decref(list);
}

/* Recorded is recorded: without memory for its warnings the answer has none. */
static void answer_recorded(struct call *call)
{
	const struct recording *recording = &call->recording;
	const struct comparison *found = &recording->found;
	char text[64];
	(void)snprintf(text, sizeof(text), "{\"recorded\": %zu", recording->n - found->n_refused);
	(void)append_text(&call->out, text);
	if (found->n + found->n_breaches > found->n_refused)
		append_list(&call->out, ", \"warnings\": ", comparison_json(found));
	if (found->n_refused > 0)
		append_list(&call->out, ", \"refused\": ", comparison_refused_json(found));
	(void)append_text(&call->out, "}\n");
}

static void on_recorded(struct recording *recording)
{
	struct call *call = container_of(recording, struct call, recording);
	call->rc = recording->rc; /* I1: 0 is said after the fsync */
	call->err = recording->err;
	/* Who did not ask about each is told by the status that not all of it is there. */
	if (call->rc == 0 && recording->found.n_refused > 0 && !call->each)
		call->rc = -EINVAL;
	else if (call->rc == 0)
		answer_recorded(call);
	if (recording->rc == 0 && recording->n > recording->found.n_refused)
		call->api->last_us = civil_now_us();
	comparison_free(&recording->found);
	call_end(call);
}

static int record(struct call *call)
{
	size_t len, n;
	const char *body = http_body(call->request, &len);
	struct agent_api *api = call->api;
	int rc = observations_parse(body, len, &call->entries, &call->err);
	if (rc < 0)
		return rc;
	api->entries += observations_size(call->entries);
	if (api->entries > ENTRIES_MAX)
		return err_set(&call->err, -EAGAIN,
			       "too many figures are being recorded at once; try again shortly");
	const struct entry *entries = observations_entries(call->entries, &n);
	call->recording.done = on_recorded;
	call->each = http_arg(call->request, "each") != NULL;
	call->recording.past = http_arg(call->request, "strict") ? PAST_STRICT : PAST_TOLD;
	call->recording.job.language = http_language(call->request);
	return recorder_submit(call->api->config.recorder, &call->recording, entries, n,
			       &call->err);
}

static void post_observations(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	if (record(call) < 0)
		call_refuse(call);
	else
		call->api->jobs++;
}

/* GET /v1/status */

static void work_status(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	call->rc = spool_status(spool_of(call), &call->status, &call->err);
	if (call->rc == 0)
		call->rc = report_refusals(spool_of(call), AGENT_STATUS_REFUSALS, &call->refusals,
					   &call->err);
	if (call->rc == 0)
		call->rc = bulletin_read(spool_of(call), &call->told, &call->err);
}

/* The uplink may be looked at on the loop only, so the words are put together there. */
static void done_status(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	struct agent_api *api = call->api;
	struct uplink_look look;
	struct agent_status status = { .look = &look, .spool = call->status, .told = &call->told };
	if (call->rc == 0) {
		api->config.on_status(api->config.context, &status, &look);
		call->rc = agent_status_json(&status, call->refusals, &call->out, &call->err);
	}
	done_call(job);
}

static void get_status(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (call)
		call_submit(call, work_status, done_status);
}

/* What the spool alone answers */

static const struct kept {
	const char *path, *type;
	int (*report)(struct spool *spool, struct blob *out, struct err *err);
} kept[] = {
	{ "/v1/spool", "application/json", report_spool },
	{ "/v1/spool/verify", "application/json", report_verify },
	{ "/v1/spool/export", "text/csv; charset=utf-8", report_export },
	{ "/v1/clock", "application/json", clock_report },
};

static void work_kept(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	call->rc = call->kept->report(spool_of(call), &call->out, &call->err);
}

static void get_kept(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	call->kept = kept;
	while (strcmp(call->kept->path, http_matched(request)->path) != 0)
		call->kept++; /* the routes have no others */
	call->type = call->kept->type;
	call_submit(call, work_kept, done_call);
}

/* POST /v1/clock */

static void work_clock_told(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	size_t len;
	const char *body = http_body(call->request, &len);
	call->rc = clock_carry_out(spool_of(call), body, len, &call->out, &call->err);
}

static void done_clock_told(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	if (call->rc == 0)
		recorder_recorded(call->api->config.recorder, true);
	done_call(job);
}

static void post_clock(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (call)
		call_submit(call, work_clock_told, done_clock_told);
}

/* GET /v1/form */

static void work_form(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	const struct agent_api_config *config = &call->api->config;
	const char *period = http_arg(call->request, "period");
	call->rc =
		period && config->form
			? config->form(spool_of(call), call->catalogue, config->office, period,
				       http_arg(call->request, "calendar"), &call->out, &call->err)
			: err_set(&call->err, -EINVAL, "say which period the form is for");
}

static void get_form(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	struct catalogue *catalogue = recorder_catalogue(call->api->config.recorder);
	if (!catalogue) {
		err_set(&call->err, -ENOENT, "the province has not sent its catalogue yet");
		call_refuse(call);
		return;
	}
	call->catalogue = catalogue_share(catalogue);
	call->type = "text/plain; charset=utf-8";
	call_submit(call, work_form, done_call);
}

/* POST /v1/messages/read */

static void work_message_read(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	size_t len;
	const char *body = http_body(call->request, &len);
	call->rc = bulletin_carry_out(spool_of(call), body, len, &call->out, &call->err);
}

static void done_message_read(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	if (call->rc == 0)
		uplink_message_read(call->api->config.uplink);
	done_call(job);
}

static void post_message_read(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (call)
		call_submit(call, work_message_read, done_message_read);
}

/* GET /v1/catalogue, /v1/dimensions, /v1/rules */

static void answer_document(struct call *call, const char *csv, size_t len)
{
	http_answer(call->request, 200, "text/csv; charset=utf-8", csv, len);
	call_free(call);
}

static void get_catalogue(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	const struct catalogue *catalogue;
	if (!call)
		return;
	catalogue = recorder_catalogue(call->api->config.recorder);
	if (!catalogue) {
		err_set(&call->err, -ENOENT, "the province has not sent its catalogue yet");
		call_refuse(call);
		return;
	}
	answer_document(call, catalogue->csv, catalogue->csv_len);
}

static void get_dimensions(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	const struct catalogue *catalogue;
	if (!call)
		return;
	catalogue = recorder_catalogue(call->api->config.recorder);
	if (!catalogue || !catalogue->dimensions) {
		err_set(&call->err, -ENOENT, "the province has sent no code lists");
		call_refuse(call);
		return;
	}
	answer_document(call, catalogue->dimensions->csv, catalogue->dimensions->csv_len);
}

static void get_rules(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	const struct catalogue *catalogue;
	if (!call)
		return;
	catalogue = recorder_catalogue(call->api->config.recorder);
	if (!catalogue || !catalogue->rules) {
		err_set(&call->err, -ENOENT, "the province has sent no rules");
		call_refuse(call);
		return;
	}
	answer_document(call, catalogue->rules->csv, catalogue->rules->csv_len);
}

static const struct http_route routes[] = {
	{ "POST", "/v1/observations", post_observations, FIGURES_MAX,
	  "strict each" }, /* these two over TCP, too */
	{ "GET", "/v1/catalogue", get_catalogue, 0, NULL },
	{ "GET", "/v1/dimensions", get_dimensions, 0, NULL },
	{ "GET", "/v1/rules", get_rules, 0, NULL },
	{ "GET", "/v1/status", get_status, 0, NULL },
	{ "GET", "/v1/form", get_form, 0, "period calendar" },
	{ "GET", "/v1/spool", get_kept, 0, NULL },
	{ "GET", "/v1/spool/verify", get_kept, 0, NULL },
	{ "GET", "/v1/spool/export", get_kept, 0, NULL },
	{ "GET", "/v1/clock", get_kept, 0, NULL },
	{ "POST", "/v1/clock", post_clock, 0, NULL },
	{ "POST", "/v1/messages/read", post_message_read, 0, NULL },
};
#define N_ROUTES     (sizeof(routes) / sizeof(routes[0]))
#define N_TCP_ROUTES 2u

static int open_listener(const struct agent_api_config *config, int *ret_fd, struct err *err)
{
	struct http_address address;
	char text[HTTP_ADDRESS_MAX];
	if (!config->listen)
		return http_listen_unix(config->socket_path, SOCKET_MODE, ret_fd, err) < 0
			       ? err_wrap(err, "[agent] api_socket '%s'", config->socket_path)
			       : 0;
	int rc = http_address_parse(config->listen, &address, err);
	if (rc == 0)
		rc = http_listen_tcp(&address, ret_fd, text, err);
	if (rc < 0)
		return err_wrap(err, "[http] listen");
	log_info("api: listening address=%s", text);
	return 0;
}

int agent_api_start(uv_loop_t *loop, const struct agent_api_config *config,
		    struct agent_api **ret_api, struct err *err)
{
	struct http_limits limits = { .bodies_max = BODIES_MAX,
				      .connections = CONNECTIONS,
				      .timeout_s = TIMEOUT_S,
				      .guarded = config->listen != NULL,
				      .on_head = config->token_path ? on_head : NULL };
	int fd = -1;
	struct agent_api *api = calloc(1, sizeof(*api));
	if (!api)
		return err_memory(err);
	api->config = *config;
	int rc = open_listener(config, &fd, err);
	if (rc == 0)
		rc = http_start(loop, fd, routes, config->listen ? N_TCP_ROUTES : N_ROUTES, &limits,
				api, &api->http, err);
	if (rc < 0) {
		free(api);
		return rc;
	}
	*ret_api = api;
	return 0;
}

int64_t agent_api_last_us(const struct agent_api *api)
{
	return api->last_us;
}

static void on_http_closed(void *context)
{
	struct agent_api *api = context;
	void (*on_closed)(void *) = api->on_closed;
	void *closed_context = api->closed_context;
	free(api);
	on_closed(closed_context);
}

static void stop_if_idle(struct agent_api *api)
{
	if (!api->stopping || api->jobs > 0 || !api->http)
		return;
	struct http *http = api->http;
	api->http = NULL;
	http_stop(http, on_http_closed, api);
}

void agent_api_stop(struct agent_api *api, void (*on_closed)(void *context), void *context)
{
	api->stopping = true;
	api->on_closed = on_closed;
	api->closed_context = context;
	stop_if_idle(api);
}
