#include "server/watchdog.h"

#include "api/condition.h"
#include "common/base/memory.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define STATUS_EVERY_MS 10000u

struct watchdog {
	struct watchdog_config config;
	struct watchdog_beat beat;
	uv_timer_t timer;
	char *warning; /* owned; NULL: none */
};

bool watchdog_alive(struct watchdog_beat *beat, bool writing, uint64_t progress)
{
	bool moved = progress != beat->progress;
	beat->progress = progress;
	return !writing || moved;
}

/* What is cut is fine, here and below. */
static void describe_intake(const struct watchdog_look *look, char *line, size_t size)
{
	const struct committer_counters *counters = &look->intake->batches;
	char commit[INSTANT_TEXT_MAX] = "none yet";
	if (counters->last_commit_us)
		(void)civil_format(counters->last_commit_us, commit);
	(void)snprintf(line, size,
		       "%s %zu keys; since start %" PRIu64 " batches, %" PRIu64
		       " observations, %" PRIu64 " held, %" PRIu64
		       " handshakes refused; last commit %s; %zu jobs of the store waiting",
		       counters->failing ? "of" : "taking figures from", look->keys,
		       counters->batches, counters->observations, counters->held,
		       look->gate->refused_handshakes, commit, look->waiting);
}

static void append(char line[WATCHDOG_LINE_MAX], const char *text)
{
	size_t len = strlen(line);
	(void)snprintf(line + len, WATCHDOG_LINE_MAX - len, "%s%s", len > 0 ? "; " : "", text);
}

/* What is ill comes first, so that nothing cuts it off. */
void watchdog_describe(const struct watchdog_look *look, char ret_line[WATCHDOG_LINE_MAX])
{
	struct condition_facts facts = condition_facts_of(look->gate, look->intake);
	struct conditions conditions;
	char intake[WATCHDOG_LINE_MAX];
	conditions_judge(&facts, &conditions);
	describe_intake(look, intake, sizeof(intake));
	*ret_line = '\0';
	for (size_t i = 0; i < conditions.n; i++)
		if (conditions.list[i].gravity == CONDITION_ILL)
			append(ret_line, conditions.list[i].sentence);
	append(ret_line, intake);
	for (size_t i = 0; i < conditions.n; i++)
		if (conditions.list[i].gravity == CONDITION_NOTE)
			append(ret_line, conditions.list[i].sentence);
	if (look->warning)
		append(ret_line, look->warning);
	ret_line[strcspn(ret_line, "\n")] = '\0'; /* one line is a rule of the protocol */
	(void)utf8_clean(ret_line, "");           /* a letter that was cut is none */
}

static void tell(struct watchdog *watchdog)
{
	const struct watchdog_config *config = &watchdog->config;
	struct watchdog_look look = { .keys = key_list_count(config->key_list),
				      .waiting = store_waiting(config->store),
				      .gate = config->gate,
				      .intake = config->intake,
				      .warning = watchdog->warning };
	char line[WATCHDOG_LINE_MAX];
	bool alive = watchdog_alive(&watchdog->beat, store_writing(config->store),
				    store_progress(config->store));
	watchdog_describe(&look, line);
	(void)sd_notifyf(0, "%sSTATUS=%s", alive ? "WATCHDOG=1\n" : "",
			 line); /* without systemd nobody listens */
}

static void on_timer(uv_timer_t *timer)
{
	tell(timer->data);
	memory_give_back(timer->loop);
}

void watchdog_warn(struct watchdog *watchdog, const char *warning)
{
	free(watchdog->warning);
	watchdog->warning = *warning ? strdup(warning) : NULL;
	tell(watchdog);
}

int watchdog_start(uv_loop_t *loop, const struct watchdog_config *config,
		   struct watchdog **ret_watchdog, struct err *err)
{
	struct watchdog *watchdog = calloc(1, sizeof(*watchdog));
	if (!watchdog)
		return err_memory(err);
	watchdog->config = *config;
	(void)uv_timer_init(loop,
			    &watchdog->timer); /* cannot fail, as a start that has a callback */
	watchdog->timer.data = watchdog;
	/* Twice within the time that systemd allows. */
	uint64_t allowed_us = 0, every_ms = STATUS_EVERY_MS;
	if (sd_watchdog_enabled(0, &allowed_us) > 0 && allowed_us / 2000 <= STATUS_EVERY_MS)
		every_ms = allowed_us >= 2000 ? allowed_us / 2000 : 1;
	(void)uv_timer_start(&watchdog->timer, on_timer, 0, every_ms);
	*ret_watchdog = watchdog;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct watchdog *watchdog = handle->data;
	free(watchdog->warning);
	free(watchdog);
}

void watchdog_stop(struct watchdog *watchdog)
{
	if (watchdog)
		uv_close((uv_handle_t *)&watchdog->timer, on_closed);
}
