#include "daemon/reload.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/sys/notify.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_MS 50u /* a burst of signals is one wish */

struct reload {
	struct reload_config config;
	uv_timer_t settle;
	struct job job;
	bool reading, again, closing, timer_closed;
	int rc;
	struct settings fresh; /* owned while a job or its end has it */
	struct err err;
	struct reload_outcome outcome;
	void (*on_closed)(void *context);
	void *closed_context;
};

struct reload *reload_open(const struct reload_config *config)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	if (!reload)
		return NULL;
	reload->config = *config;
	(void)uv_timer_init(config->loop, &reload->settle); /* cannot fail */
	return reload;
}

const struct reload_outcome *reload_outcome(const struct reload *reload)
{
	return &reload->outcome;
}

static void close_if_idle(struct reload *reload)
{
	if (!reload->timer_closed || reload->reading)
		return;
	void (*on_closed)(void *) = reload->on_closed;
	void *context = reload->closed_context;
	free(reload->outcome.text);
	free(reload->outcome.needs_restart);
	free(reload);
	on_closed(context);
}

static void keep_outcome(struct reload *reload, bool failed, const char *text, const char *restart)
{
	struct reload_outcome *outcome = &reload->outcome;
	free(outcome->text);
	free(outcome->needs_restart);
	*outcome = (struct reload_outcome){ .at_us = civil_boot_us(), .failed = failed };
	outcome->text = failed ? strdup(text) : NULL; /* without memory, without words */
	outcome->needs_restart = *restart ? strdup(restart) : NULL;
}

static void apply(struct reload *reload)
{
	struct conf_change change;
	settings_adopt(reload->config.settings, &reload->fresh, &change);
	log_info("agent: configuration read again changed=\"%s\" needs_restart=\"%s\"", change.live,
		 change.restart);
	reload->config.on_applied(reload->config.context, &reload->fresh);
	keep_outcome(reload, false, "", change.restart);
}

static void work_read(struct job *job)
{
	struct reload *reload = container_of(job, struct reload, job);
	reload->rc = settings_read(reload->config.source, &reload->fresh, &reload->err);
	if (reload->rc == 0)
		reload->config.on_good(reload->config.context, &reload->fresh);
}

static void on_settled(uv_timer_t *timer);

static void done_read(struct job *job)
{
	struct reload *reload = container_of(job, struct reload, job);
	reload->reading = false;
	if (!reload->closing && reload->rc == 0) {
		apply(reload);
	} else if (!reload->closing) {
		log_error("agent: configuration unchanged, the new one is wrong cause=\"%s\"",
			  reload->err.text);
		keep_outcome(reload, true, reload->err.text, "");
	}
	if (reload->rc == 0)
		settings_free(&reload->fresh);
	if (reload->closing) {
		close_if_idle(reload);
		return;
	}
	reload->config.on_outcome(reload->config.context);
	if (reload->again)
		(void)uv_timer_start(&reload->settle, on_settled, SETTLE_MS, 0); /* not closing */
	else
		notify("READY=1");
	reload->again = false;
}

static void on_settled(uv_timer_t *timer)
{
	struct reload *reload = container_of(timer, struct reload, settle);
	reload->reading = true;
	reload->job = (struct job){ .work = work_read, .done = done_read };
	worker_submit(reload->config.worker, &reload->job);
}

void reload_ask(struct reload *reload)
{
	if (reload->closing)
		return;
	notify_reloading();
	if (reload->reading)
		reload->again = true;
	else if (!uv_is_active((uv_handle_t *)&reload->settle))
		(void)uv_timer_start(&reload->settle, on_settled, SETTLE_MS, 0); /* not closing */
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct reload *reload = container_of((uv_timer_t *)handle, struct reload, settle);
	reload->timer_closed = true;
	close_if_idle(reload);
}

void reload_close(struct reload *reload, void (*on_closed)(void *context), void *context)
{
	if (!reload) {
		on_closed(context);
		return;
	}
	reload->closing = true;
	reload->on_closed = on_closed;
	reload->closed_context = context;
	uv_close((uv_handle_t *)&reload->settle, on_timer_closed);
}
