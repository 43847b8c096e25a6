#include "api/api.h"

#include "api/api_internal.h"
#include "api/call.h"
#include "api/changing.h"
#include "api/etag.h"
#include "api/last_uses.h"
#include "api/openapi.h"
#include "api/routes.h"
#include "api/spill.h"
#include "common/base/container.h"
#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/model/civil.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define DAMAGE_TOLD_MS 600000u /* an operator looks, and still sees it */

struct api {
	struct api_config config;
	struct http *http;
	struct routes routes;              /* owned */
	struct verification *verification; /* owned */
	struct backup *backup;             /* owned */
	struct changing *changing;         /* owned */
	struct tags *tags;                 /* owned */
	struct blob document;              /* owned: see api_document() */
	struct spill_room spills;
	struct followers *followers, *alert_followers; /* owned */
	struct alert_watch *alert_watch;               /* owned */
	struct last_uses uses;
	struct metric_watch metric_watch;
	int64_t began_us;
	struct store_job reload;      /* of the tokens, behind a verification, */
	struct token_list fresh;      /* which read these */
	bool reloading, reload_again; /* it is at work; another one ended meanwhile */
	struct page_damage damage;    /* that a question met last, and */
	uint64_t damage_until_ms;     /* for how long it is told */
	struct log_limit said_damage;
	uv_loop_t *loop; /* outlives us */
	unsigned working;
	bool changes; /* changing is at work */
	bool stopping;
	void (*on_closed)(void *context);
	void *on_closed_context;
};

static void on_request(void *context, struct http_request *request)
{
	struct api *api = context;

	call_start(api, request, routes_matched(&api->routes, request));
}

/* Before any of a body is kept: who may not do it shall not fill the room for bodies either. */
static void on_head(void *context, struct http_request *request)
{
	struct api *api = context;
	struct caller caller;

	if (call_allowed(api, request, routes_matched(&api->routes, request), &caller))
		http_admit(request);
}

static void on_run_ended(void *context)
{
	api_leave(context);
}

static int on_tokens_read(struct store_job *job, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	size_t damaged;

	(void)reference;
	return tokens_read(db, &container_of(job, struct api, reload)->fresh, &damaged, err);
}

static void tokens_reload(struct api *api);

static void on_tokens_known(struct store_job *job, int rc, const struct err *err)
{
	struct api *api = container_of(job, struct api, reload);

	api->reloading = false;
	if (rc == 0)
		token_list_replace(api->config.tokens, &api->fresh);
	else
		log_error("api: tokens stay as they were before the verification cause=\"%s\"",
			  err->text);
	if (api->reload_again)
		tokens_reload(api);
	else
		api_leave(api);
}

/* By the writer: what was read before a token was revoked must not come behind that. */
static void tokens_reload(struct api *api)
{
	api->reloading = true;
	api->reload_again = false;
	api->reload = (struct store_job){ .run = on_tokens_read,
					  .done = on_tokens_known,
					  .takes_stale = true };
	store_write(api->config.store, &api->reload);
}

/* It may have repaired the table of tokens, too: what was revoked is good no more from here on. */
static void on_verified(void *context)
{
	struct api *api = context;

	api->reload_again = api->reloading;
	if (api->config.tokens && !api->reloading)
		tokens_reload(api);
	else
		api_leave(api); /* a place is left to the one that is at work */
}

static void close_if_idle(struct api *api);

static void on_change_ended(void *context)
{
	struct api *api = context;

	api->changes = false;
	close_if_idle(api);
}

static void on_uses_kept(void *context)
{
	close_if_idle(context);
}

static void on_alerts_told(void *context)
{
	struct api *api = context;

	followers_wake(api->alert_followers);
}

static struct page_damage on_alerts_damage(void *context)
{
	return api_damage(context);
}

static const struct metric_answers *on_alerts_answers(void *context)
{
	return api_metric_answers(context);
}

static int alerts_open(struct api *api, uv_loop_t *loop, struct err *err)
{
	const struct alert_watch_config config = { .api = &api->config,
						   .settings = api->config.alerts,
						   .damage = on_alerts_damage,
						   .answers = on_alerts_answers,
						   .on_told = on_alerts_told,
						   .on_idle = on_uses_kept,
						   .context = api };
	int rc = followers_open(loop, &api->alert_followers, err);

	return rc < 0 ? rc : alert_watch_open(&config, &api->alert_watch, err);
}

static int runs_open(struct api *api, uv_loop_t *loop, struct err *err)
{
	const struct backup_config backup = { .store = api->config.store,
					      .secret_key = api->config.secret_key,
					      .reserve = api->config.reserve,
					      .step_pages = BACKUP_STEP_PAGES,
					      .on_end = on_run_ended,
					      .context = api };

	api->uses = (struct last_uses){ .store = api->config.store,
					.tokens = api->config.tokens,
					.on_end = on_uses_kept,
					.context = api };
	api->metric_watch = (struct metric_watch){ .store = api->config.store,
						   .indicators = api->config.indicators,
						   .on_end = on_run_ended,
						   .context = api };
	api->began_us = civil_now_us();
	api->verification = verification_open(api->config.store, on_verified, api);
	api->changing = changing_open(loop, api->config.store, on_change_ended, api);
	api->tags = tags_open();
	if (!api->verification || !api->changing || !api->tags)
		return err_memory(err);
	int rc = backup_open(loop, &backup, &api->backup, err);
	if (rc == 0)
		rc = followers_open(loop, &api->followers, err);
	if (rc == 0)
		rc = alerts_open(api, loop, err);
	return rc;
}

static void on_grown(void *context)
{
	struct api *api = context;

	followers_wake(api->followers);
}

static void api_free(struct api *api)
{
	alert_watch_close(api->alert_watch);
	followers_close(api->alert_followers);
	followers_close(api->followers);
	metric_watch_close(&api->metric_watch);
	verification_close(api->verification);
	changing_close(api->changing);
	tags_close(api->tags);
	blob_free(&api->document);
	backup_close(api->backup);
	routes_close(&api->routes);
	free(api);
}

int api_start(uv_loop_t *loop, int listen_fd, const struct api_config *config, struct api **ret_api,
	      struct err *err)
{
	static const struct http_limits limits = { .bodies_max = API_BODIES_MAX,
						   .connections = API_CONNECTIONS_MAX,
						   .timeout_s = API_IDLE_MAX_S,
						   .problems = ROUTES_API "/",
						   .problem_types = ROUTES_API
						   "/v1/openapi.json#/components/schemas/",
						   .on_head = on_head };
	struct api *api = calloc(1, sizeof(*api));
	int rc;

	if (!api) {
		(void)close(listen_fd); /* nothing was written to it */
		return err_memory(err);
	}
	api->config = *config;
	api->spills.folder = config->folder ? config->folder : "/tmp";
	api->spills.one_max = SPILL_ONE_MAX;
	api->spills.all_max = SPILL_ALL_MAX;
	api->spills.reserve = config->reserve;
	api->loop = loop;
	rc = routes_open(&api->routes, on_request, err);
	if (rc == 0)
		rc = runs_open(api, loop, err);
	if (rc < 0)
		(void)close(listen_fd); /* as above; http_start does so itself */
	else
		rc = http_start(loop, listen_fd, api->routes.list, api->routes.n, &limits, api,
				&api->http, err);
	if (rc < 0) {
		api_free(api);
		return rc;
	}
	api_change(api, LANGUAGE_ENGLISH); /* where the last process left it */
	alert_watch_start(api->alert_watch, loop);
	store_listen(config->store, on_grown, api);
	*ret_api = api;
	return 0;
}

static void on_http_closed(void *context)
{
	struct api *api = context;

	if (api->on_closed)
		api->on_closed(api->on_closed_context);
	api_free(api);
}

static void close_if_idle(struct api *api)
{
	if (api->stopping && api->working == 0 && !api->changes && !api->uses.running &&
	    !alert_watch_busy(api->alert_watch))
		http_stop(api->http, on_http_closed, api);
}

void api_stop(struct api *api, void (*on_closed)(void *context), void *context)
{
	store_listen(api->config.store, NULL, NULL);
	followers_end(api->followers); /* they are in work no more, and leave */
	followers_end(api->alert_followers);
	api->stopping = true;
	api->on_closed = on_closed;
	api->on_closed_context = context;
	verification_cancel(api->verification);
	backup_cancel(api->backup);
	changing_stop(api->changing);
	alert_watch_stop(api->alert_watch);
	close_if_idle(api);
}

const struct api_config *api_config_of(const struct api *api)
{
	return &api->config;
}

void api_note_damage(struct api *api, const struct page_damage *damage)
{
	uint64_t now_ms = uv_now(api->loop), not_logged;

	api->damage = *damage;
	api->damage_until_ms = now_ms + DAMAGE_TOLD_MS;
	if (log_limit_pass(&api->said_damage, now_ms, &not_logged))
		log_error("query: damaged rollup pages, told from the journal pages=%" PRIu64
			  " last=\"%s\" not_logged=%" PRIu64,
			  damage->n, damage->where, not_logged);
}

struct page_damage api_damage(const struct api *api)
{
	return uv_now(api->loop) < api->damage_until_ms ? api->damage : (struct page_damage){ 0 };
}

struct verification *api_verification(struct api *api)
{
	return api->verification;
}

const struct blob *api_document(struct api *api, struct err *err)
{
	if (api->document.len == 0 && openapi_write(&api->document, err) < 0) {
		blob_free(&api->document);
		return NULL;
	}
	return &api->document;
}

struct spill_room *api_spills(struct api *api)
{
	return &api->spills;
}

struct tags *api_tags(struct api *api)
{
	return api->tags;
}

struct followers *api_followers(struct api *api)
{
	return api->followers;
}

struct followers *api_alert_followers(struct api *api)
{
	return api->alert_followers;
}

int64_t api_alert_last(const struct api *api)
{
	return alert_watch_last(api->alert_watch);
}

struct alert_counts api_alert_counts(const struct api *api)
{
	return alert_watch_counts(api->alert_watch);
}

int api_alerts_copy(const struct api *api, struct alert_list *ret_list, struct err *err)
{
	return alert_watch_copy(api->alert_watch, ret_list) < 0 ? err_memory(err) : 0;
}

uint64_t api_now_ms(const struct api *api)
{
	return uv_now(api->loop);
}

struct backup *api_backup(struct api *api)
{
	return api->backup;
}

void api_change(struct api *api, enum language language)
{
	if (changing_start(api->changing, language))
		api->changes = true; /* beside API_WORKING_MAX */
}

void api_change_now(struct api *api, enum language language)
{
	api_change(api, language);
	changing_hurry(api->changing);
}

const char *api_change_trouble(const struct api *api)
{
	return changing_trouble(api->changing);
}

void api_token_used(struct api *api, int64_t id)
{
	(void)last_uses_note(&api->uses, id, civil_now_us()); /* close_if_idle() looks itself */
}

int64_t api_began_us(const struct api *api)
{
	return api->began_us;
}

/* A look has a place of its own, as a verification has; where there is none, the next scrape asks.
 */
const struct metric_answers *api_metric_answers(struct api *api)
{
	if (api_enter(api) && !metric_watch_ask(&api->metric_watch, civil_now_us()))
		api->working--; /* a request is in work: it is not the last */
	return &api->metric_watch.answers;
}

bool api_enter(struct api *api)
{
	unsigned waiting = followers_count(api->followers) + followers_count(api->alert_followers);

	if (api->stopping || api->working - waiting >= API_WORKING_MAX)
		return false;
	api->working++;
	return true;
}

/* While stopping nobody enters, so the last one leaves from a job's done(), not from a handler. */
void api_leave(struct api *api)
{
	api->working--;
	close_if_idle(api);
}
