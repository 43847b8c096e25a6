/* 0. An office that is not enrolled yet, but invited by systemd's credential, enrols first
 *    (uplink/admission.h).
 * 1. Identity, spool and the facts in it are read. Then the loop's parts start, each on those
 *    before it: signals, uplink, recorder, API, inputs, reload.
 * 2. systemd hears READY=1. From here everything happens in callbacks.
 * 3. After SIGTERM or SIGINT the parts stop backwards: a reload under way ends, the inputs hand on
 *    what came in, the API answers what is in flight, the uplink ends its jobs, the other handles
 *    close, and uv_run returns. A handle that is left open is a mistake of ours.
 * A part that cannot start ends the others in the same way. What SIGHUP does: daemon/reload.h. */
#include "daemon/run.h"

#include "api/agent_api.h"
#include "clerk/excel_form.h"
#include "common/base/log.h"
#include "common/model/catalogue.h"
#include "common/model/civil.h"
#include "common/sys/db.h"
#include "common/sys/notify.h"
#include "common/sys/signals.h"
#include "common/sys/worker.h"
#include "daemon/inputs.h"
#include "daemon/reload.h"
#include "daemon/standing.h"
#include "office/state.h"
#include "record/recorder.h"
#include "uplink/admission.h"
#include "uplink/dealer.h"
#include "uplink/uplink.h"

#include <assert.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <zmq.h>

struct agent {
	struct settings *settings; /* in force */
	const struct settings_source *source;
	uv_loop_t loop;
	struct state state;
	struct worker *worker;
	void *zmq_context;
	struct uplink *uplink;
	struct recorder *recorder;
	struct agent_api *api;
	struct inputs *inputs;
	struct signals signals;
	struct reload *reload;
	struct standing standing;
	bool stopping;
};

/* --- stopping: backwards from whatever starting had reached --- */

static void close_rest(struct agent *agent)
{
	signals_close(&agent->signals);
}

static void on_uplink_closed(void *context)
{
	struct agent *agent = context;
	agent->uplink = NULL;
	close_rest(agent);
}

static void on_api_closed(void *context)
{
	struct agent *agent = context;
	agent->api = NULL;
	if (agent->uplink)
		uplink_stop(agent->uplink, on_uplink_closed, agent);
	else
		close_rest(agent);
}

static void on_inputs_stopped(void *context)
{
	struct agent *agent = context;
	agent->inputs = NULL;
	if (agent->api)
		agent_api_stop(agent->api, on_api_closed, agent);
	else
		on_api_closed(agent);
}

static void on_reload_closed(void *context)
{
	struct agent *agent = context;
	agent->reload = NULL;
	inputs_stop(agent->inputs, on_inputs_stopped, agent);
}

static void stop_parts(struct agent *agent)
{
	agent->stopping = true;
	standing_stop(&agent->standing);
	reload_close(agent->reload, on_reload_closed, agent);
}

/* --- reloading --- */

static void on_good_settings(void *context, const struct settings *fresh)
{
	const struct agent *agent = context;
	struct spool_limits limits = state_limits(fresh);
	spool_limit(agent->state.spool, &limits);
}

static void on_settings(void *context, const struct settings *old)
{
	struct agent *agent = context;
	const struct settings *settings = agent->settings;
	settings_apply_level(settings);
	uplink_set_push_interval(agent->uplink, settings->push_interval_s);
	uplink_set_budget(agent->uplink, settings->kilobytes_per_hour * 1024);
	uplink_set_reconnect(agent->uplink, settings->reconnect_min_ms, settings->reconnect_max_ms);
	inputs_reload(agent->inputs, old);
}

static void on_signal(void *context, int number)
{
	struct agent *agent = context;
	if (agent->stopping)
		return;
	if (number == SIGHUP) {
		reload_ask(agent->reload);
		return;
	}
	notify("STOPPING=1");
	log_info("agent: stopping");
	stop_parts(agent);
}

/* --- telling how it is --- */

static void on_change(void *context)
{
	struct agent *agent = context;
	standing_announce(&agent->standing);
}

static void on_status(void *context, struct agent_status *status, struct uplink_look *look)
{
	const struct agent *agent = context;
	standing_status(&agent->standing, status, look);
}

/* --- the catalogue --- */

static void on_catalogue(void *context, struct catalogue *catalogue)
{
	struct agent *agent = context;
	if (agent->stopping) {
		catalogue_close(catalogue);
		return;
	}
	log_info("agent: new catalogue version=%016llx metrics=%zu lists=%zu",
		 (unsigned long long)catalogue->version, catalogue->n,
		 catalogue->dimensions ? catalogue->dimensions->n : 0);
	recorder_catalogue_take(agent->recorder, catalogue);
}

/* --- starting --- */

static int start_uplink(struct agent *agent, struct err *err)
{
	const struct settings *settings = agent->settings;
	const struct catalogue *catalogue = agent->state.facts.catalogue;
	struct uplink_config config = { .identity = &agent->state.identity,
					.spool = agent->state.spool,
					.worker = agent->worker,
					.zmq_context = agent->zmq_context,
					.push_interval_s = settings->push_interval_s,
					.bytes_per_hour = settings->kilobytes_per_hour * 1024,
					.reconnect_min_ms = settings->reconnect_min_ms,
					.reconnect_max_ms = settings->reconnect_max_ms,
					.catalogue_version = catalogue ? catalogue->version : 0,
					.edition_version = agent->state.facts.edition_version,
					.standing_version = agent->state.facts.standing_version,
					.on_catalogue = on_catalogue,
					.on_change = on_change,
					.context = agent };
	return uplink_start(&agent->loop, &config, &agent->uplink, err);
}

static int start_recorder(struct agent *agent, struct err *err)
{
	struct recorder_config config = { .spool = agent->state.spool,
					  .worker = agent->worker,
					  .uplink = agent->uplink };
	agent->recorder = recorder_open(&config);
	if (!agent->recorder)
		return err_memory(err);
	recorder_catalogue_take(agent->recorder, agent->state.facts.catalogue);
	agent->state.facts.catalogue = NULL;
	return 0;
}

static int start_api(struct agent *agent, struct err *err)
{
	struct agent_api_config config = { .socket_path = agent->settings->api_socket,
					   .recorder = agent->recorder,
					   .uplink = agent->uplink,
					   .on_status = on_status,
					   .form = excel_form_of,
					   .office = agent->state.identity.office,
					   .context = agent };
	return agent_api_start(&agent->loop, &config, &agent->api, err);
}

static int start_inputs(struct agent *agent, struct err *err)
{
	struct input_host host = { .loop = &agent->loop,
				   .recorder = agent->recorder,
				   .uplink = agent->uplink,
				   .office = agent->state.identity.office };
	return inputs_start(input_kinds, &host, agent->settings, &agent->inputs, err);
}

static int start_reload(struct agent *agent, struct err *err)
{
	struct reload_config config = { .loop = &agent->loop,
					.worker = agent->worker,
					.source = agent->source,
					.settings = agent->settings,
					.on_good = on_good_settings,
					.on_applied = on_settings,
					.on_outcome = on_change,
					.context = agent };
	agent->reload = reload_open(&config);
	return agent->reload ? 0 : err_memory(err);
}

static int start_signals(struct agent *agent, struct err *err)
{
	int rc = signals_watch(&agent->signals, &agent->loop, on_signal, agent);
	return rc < 0 ? err_set(err, rc, "signals: %s", uv_strerror(rc)) : 0;
}

static void name_open_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	log_error("agent: handle left open type=%s", uv_handle_type_name(handle->type));
}

static void stand(struct agent *agent)
{
	struct standing *standing = &agent->standing;
	standing->recorder = agent->recorder;
	standing->uplink = agent->uplink;
	standing->inputs = agent->inputs;
	standing->reload = agent->reload;
	standing_announce(standing);
}

static int serve(struct agent *agent, struct err *err)
{
	agent->worker = worker_open(&agent->loop);
	agent->zmq_context = dealer_context();
	if (!agent->worker || !agent->zmq_context)
		return err_memory(err);
	agent->standing = (struct standing){ .identity = &agent->state.identity,
					     .facts = &agent->state.facts,
					     .spool = agent->state.spool,
					     .hosted = *agent->settings->office != '\0',
					     .since_us = civil_boot_us() };
	standing_start(&agent->standing, &agent->loop, agent->worker);
	int rc = start_signals(agent, err);
	if (rc == 0)
		rc = start_uplink(agent, err);
	if (rc == 0)
		rc = start_recorder(agent, err);
	if (rc == 0)
		rc = start_api(agent, err);
	if (rc == 0)
		rc = start_inputs(agent, err);
	if (rc == 0)
		rc = start_reload(agent, err);
	if (rc < 0) {
		stop_parts(agent);
	} else {
		stand(agent);
		log_info("agent: running version=%s office=%s address=%s", LANTOA_VERSION,
			 agent->state.identity.office, agent->state.identity.address);
		notify("READY=1");
		(void)malloc_trim(0); /* what reading the catalogue took */
	}
	(void)uv_run(&agent->loop, UV_RUN_DEFAULT); /* 0: nothing is left */
	return rc;
}

int run(struct settings *settings, const struct settings_source *source, struct err *err)
{
	/* One arena and one pool thread: each further one would dirty pages for nothing. */
	(void)mallopt(M_ARENA_MAX, 1); /* a hint, as the next ones */
	(void)mallopt(M_TRIM_THRESHOLD, 64 * 1024);
	(void)setenv("UV_THREADPOOL_SIZE", "1", 1);
	db_save_memory();

	i18n_serve(NULL);
	struct agent *agent = calloc(1, sizeof(*agent));
	if (!agent)
		return err_memory(err);
	agent->settings = settings;
	agent->source = source;

	(void)signal(SIGPIPE, SIG_IGN); /* a client that hangs up is an error of a write */
	int rc = admission_serve(settings, err);
	if (rc == 0)
		rc = state_init(&agent->state, settings, err);
	if (rc == 0) {
		rc = uv_loop_init(&agent->loop);
		if (rc < 0) {
			err_set(err, rc, "event loop: %s", uv_strerror(rc));
		} else {
			rc = serve(agent, err);
			int closed = uv_loop_close(&agent->loop);
			if (closed < 0)
				uv_walk(&agent->loop, name_open_handle, NULL);
			assert(closed == 0);
		}
	}

	/* A start that failed half way is undone here, too. */
	recorder_close(agent->recorder);
	worker_close(agent->worker);
	if (agent->zmq_context)
		(void)zmq_ctx_term(agent->zmq_context); /* its sockets are closed */
	state_deinit(&agent->state);
	free(agent);
	return rc;
}
