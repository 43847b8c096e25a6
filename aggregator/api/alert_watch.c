#include "api/alert_watch.h"

#include "api/api_internal.h"
#include "api/heard.h"
#include "common/base/array.h"
#include "common/base/container.h"
#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/model/civil.h"
#include "query/quality.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct alert_watch {
	struct alert_watch_config config;
	uv_timer_t timer;
	struct alert_list alerts; /* owned: as of the last turn that was kept */
	int64_t last;
	bool loaded;       /* alerts and last are the database's */
	int64_t looked_us; /* when they were as they are; 0: nobody looked yet */
	bool off[ALERT_KINDS], unknown[ALERT_KINDS]; /* then */
	bool knew_late;                              /* the last turn did */
	bool open, turning, asking; /* the timer; a turn; a question about figures */
	bool stopping, heard;
	int64_t began_us, deaf_us;
	uint64_t began_ms, looked_ms, asked_ms; /* by the loop; 0: not yet */
	struct log_limit said;
	/* of the turn in work: */
	struct store_job job;
	struct alert_sight sight;
	struct alert_settings settings; /* but for off, which only rules are made of */
	struct alert_rules rules;
	struct gate_counters gate;
	struct intake_counters intake;
	struct contact_list contacts;
	struct agent_list agents;
	struct metric_answers answers;
	int64_t step_us;
	bool known[ALERT_KINDS];
	struct alert_list after;
	struct alert_change_list changes;
	struct alert_list kept; /* what the first one reads, */
	int64_t kept_last;
	/* of the question: */
	struct store_job question;
	struct office_counts quality, fresh;
};

static uint64_t now_ms(const struct alert_watch *watch)
{
	return uv_now(watch->timer.loop);
}

static void sight_free(struct alert_watch *watch)
{
	contact_list_free(&watch->contacts);
	agent_list_free(&watch->agents);
	metric_answers_free(&watch->answers);
	alert_change_list_free(&watch->changes);
	alert_list_free(&watch->after);
	alert_list_free(&watch->kept);
}

static void turn_end(struct alert_watch *watch)
{
	sight_free(watch);
	watch->turning = false;
	watch->config.on_idle(watch->config.context); /* last: it may close us */
}

/* --- the turn: looking --- */

static int turn_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct alert_watch *watch = container_of(job, struct alert_watch, job);
	struct alert_facts facts = { 0 };
	struct err unread = *err;
	int64_t oldest;
	int rc = 0;
	if (!watch->loaded)
		rc = alert_store_load(db, &watch->kept, err);
	if (rc == 0 && !watch->loaded)
		rc = alert_store_ends(db, &watch->kept_last, &oldest, err);
	watch->sight.conditions.no_reference = job->stale ? unread.text : NULL;
	if (rc == 0)
		rc = alert_facts_find(db, reference, &watch->sight, &facts, err);
	if (rc == 0) {
		memcpy(watch->known, facts.known, sizeof(watch->known));
		facts.now_us = watch->sight.conditions.now_us;
		facts.step_us = watch->step_us;
		rc = alerts_step(watch->loaded ? &watch->alerts : &watch->kept, &facts,
				 &watch->rules, &watch->after, &watch->changes, err);
		free(facts.list);
	}
	return rc;
}

/* --- the turn: keeping --- */

static void adopt(struct alert_watch *watch)
{
	alert_list_free(&watch->alerts);
	watch->alerts = watch->after;
	watch->after = (struct alert_list){ 0 };
	watch->looked_us = watch->sight.conditions.now_us;
	for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++) {
		watch->off[kind] = !watch->rules.of[kind].on;
		watch->unknown[kind] = !watch->off[kind] && !watch->known[kind];
	}
}

static int keep_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct alert_watch *watch = container_of(job, struct alert_watch, job);
	int64_t last;
	(void)reference;
	return alert_store_keep(db, &watch->changes, &last, err);
}

static void changes_log(const struct alert_watch *watch)
{
	for (size_t i = 0; i < watch->changes.n; i++) {
		const struct alert_change *change = &watch->changes.list[i];
		log_info("alert: %s kind=%s subject=\"%s\" n=%" PRId64,
			 change->what == ALERT_FIRED ? "fires" : "resolved",
			 alert_kind_word(change->alert.kind), change->alert.subject,
			 change->alert.n);
	}
}

static void failure_log(struct alert_watch *watch, const char *what, const struct err *err)
{
	uint64_t not_logged;
	if (log_limit_pass(&watch->said, now_ms(watch), &not_logged))
		log_warn("alert: %s, tried again with the next look cause=\"%s\" "
			 "not_logged=%" PRIu64,
			 what, err->text, not_logged);
}

static void keep_done(struct store_job *job, int rc, const struct err *err)
{
	struct alert_watch *watch = container_of(job, struct alert_watch, job);
	if (rc < 0) {
		failure_log(watch, "cannot keep what is to be told", err);
	} else {
		watch->last += (int64_t)watch->changes.n; /* without gaps: alert_store.h */
		changes_log(watch);
		adopt(watch);
		watch->config.on_told(watch->config.context);
	}
	turn_end(watch);
}

static void turn_done(struct store_job *job, int rc, const struct err *err)
{
	struct alert_watch *watch = container_of(job, struct alert_watch, job);
	if (rc == 0 && !watch->loaded) {
		watch->alerts = watch->kept;
		watch->kept = (struct alert_list){ 0 };
		watch->last = watch->kept_last;
		watch->loaded = true;
	}
	if (rc < 0)
		failure_log(watch, "cannot look", err);
	else if (watch->changes.n == 0)
		adopt(watch);
	if (rc < 0 || watch->changes.n == 0 || watch->stopping) {
		turn_end(watch);
		return;
	}
	watch->job = (struct store_job){ .run = keep_run, .done = keep_done, .takes_stale = true };
	store_write(watch->config.api->store, &watch->job);
}

/* --- the turn: what the loop knows --- */

/* Nobody was heard from then until the daemon began: the newest contact that was kept says so. */
static void deaf_find(struct alert_watch *watch)
{
	int64_t newest_us = 0;
	for (size_t i = 0; i < watch->contacts.n; i++)
		if (watch->contacts.list[i].at_us < watch->began_us &&
		    watch->contacts.list[i].at_us > newest_us)
			newest_us = watch->contacts.list[i].at_us;
	watch->deaf_us = newest_us ? watch->began_us - newest_us : 0;
	watch->heard = true;
}

static int sight_take(struct alert_watch *watch)
{
	const struct alert_watch_config *config = &watch->config;
	const struct api_config *api = config->api;
	struct err err;
	alert_settings_rules(config->settings, &watch->rules);
	/* Who is late is looked for only where somebody wants to hear of it. */
	if (heard_contacts(api->contacts, NULL, &watch->contacts, &err) < 0 ||
	    (api->agents && agent_list_copy(api->agents, &watch->agents) < 0) ||
	    (watch->rules.of[ALERT_LATE].on &&
	     metric_answers_copy(config->answers(config->context), &watch->answers) < 0))
		return -1;
	watch->knew_late = watch->answers.known;
	if (!watch->heard)
		deaf_find(watch);
	if (api->gate)
		watch->gate = *api->gate;
	if (api->intake)
		watch->intake = *api->intake;
	watch->settings = *config->settings;
	watch->settings.off = NULL;
	watch->sight = (struct alert_sight){
		.conditions = condition_facts_of(api->gate ? &watch->gate : NULL,
						 api->intake ? &watch->intake : NULL),
		.answers = &watch->answers,
		.quality = &watch->quality,
		.settings = &watch->settings,
		.began_us = watch->began_us,
		.deaf_us = watch->deaf_us,
	};
	watch->sight.conditions.pages_met = config->damage(config->context);
	watch->sight.conditions.contacts = api->contacts ? &watch->contacts : NULL;
	watch->sight.conditions.agents = api->agents ? &watch->agents : NULL;
	return 0;
}

static void turn_begin(struct alert_watch *watch)
{
	uint64_t at_ms = now_ms(watch);
	watch->step_us = watch->looked_ms ? (int64_t)(at_ms - watch->looked_ms) * 1000 : 0;
	if (watch->step_us > ALERT_STEP_MAX_US)
		watch->step_us = ALERT_STEP_MAX_US;
	watch->looked_ms = at_ms;
	if (sight_take(watch) < 0) { /* no memory: the next turn may have it */
		sight_free(watch);
		return;
	}
	watch->turning = true;
	watch->job = (struct store_job){
		.run = turn_run, .done = turn_done, .use = STORE_GLANCE, .takes_stale = true
	};
	store_read(watch->config.api->store, &watch->job);
}

/* --- the question about figures --- */

static int by_office(const void *a, const void *b)
{
	const struct office_count *x = a, *y = b;
	return (x->office > y->office) - (x->office < y->office);
}

/* Rows of an office stand together. */
static int findings_count(const struct table *table, const struct reference *reference,
			  struct office_counts *counts, struct err *err)
{
	size_t column = table_find(table, "office");
	for (size_t i = 0; i < table_rows(table); i++) {
		const char *code = table_cell(table, i, column);
		const struct office *office =
			code ? offices_by_code(reference->offices, code) : NULL;
		struct office_count *list = counts->list;
		if (!office)
			continue;
		if (counts->n > 0 && list[counts->n - 1].office == office->id) {
			list[counts->n - 1].n++;
			continue;
		}
		list = array_room(counts->list, counts->n, sizeof(*list));
		if (!list)
			return err_memory(err);
		counts->list = list;
		counts->list[counts->n++] = (struct office_count){ office->id, 1 };
	}
	if (counts->n > 1)
		qsort(counts->list, counts->n, sizeof(*counts->list), by_office);
	return 0;
}

static int question_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	struct alert_watch *watch = container_of(job, struct alert_watch, question);
	struct table *table = NULL;
	int rc = quality_run(db, reference, &(struct quality_form){ 0 }, &table, err);
	if (rc == 0)
		rc = findings_count(table, reference, &watch->fresh, err);
	watch->fresh.known = rc == 0;
	table_close(table);
	return rc;
}

/* A turn may look at what was found before: it waits for that to end. */
static void question_done(struct store_job *job, int rc, const struct err *err)
{
	struct alert_watch *watch = container_of(job, struct alert_watch, question);
	watch->asking = false;
	if (rc < 0)
		log_warn("alert: figures are not looked over, within the hour again cause=\"%s\"",
			 err->text);
	watch->config.on_idle(watch->config.context);
}

static void question_begin(struct alert_watch *watch)
{
	watch->asking = true;
	watch->asked_ms = now_ms(watch);
	free(watch->fresh.list);
	watch->fresh = (struct office_counts){ 0 };
	watch->question = (struct store_job){ .run = question_run,
					      .done = question_done,
					      .use = STORE_QUESTION };
	store_read(watch->config.api->store, &watch->question);
}

/* What was found is taken between turns: one may be at work when it is. */
static void question_take(struct alert_watch *watch)
{
	if (watch->asking || watch->turning || watch->asked_ms == 0)
		return;
	if (!watch->fresh.known)
		return;
	free(watch->quality.list);
	watch->quality = watch->fresh;
	watch->fresh = (struct office_counts){ 0 };
}

/* --- time --- */

/* Who is late is known now, and was not. */
static bool knows_more(struct alert_watch *watch, const struct alert_rules *rules)
{
	return rules->of[ALERT_LATE].on && !watch->knew_late && watch->looked_ms != 0 &&
	       watch->config.answers(watch->config.context)->known;
}

static void on_timer(uv_timer_t *timer)
{
	struct alert_watch *watch = container_of(timer, struct alert_watch, timer);
	const struct alert_settings *settings = watch->config.settings;
	uint64_t at_ms = now_ms(watch);
	struct alert_rules rules;
	alert_settings_rules(settings, &rules);
	question_take(watch);
	if (rules.of[ALERT_QUALITY].on && !watch->asking &&
	    (watch->asked_ms == 0 || at_ms - watch->asked_ms >= ALERT_QUALITY_S * UINT64_C(1000)))
		question_begin(watch);
	if (!watch->turning && (watch->looked_ms == 0 || knows_more(watch, &rules) ||
				at_ms - watch->looked_ms >= settings->every_s * UINT64_C(1000)))
		turn_begin(watch);
}

int alert_watch_open(const struct alert_watch_config *config, struct alert_watch **ret_watch,
		     struct err *err)
{
	struct alert_watch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return err_memory(err);
	watch->config = *config;
	watch->last = -1;
	watch->began_us = civil_now_us();
	*ret_watch = watch;
	return 0;
}

void alert_watch_start(struct alert_watch *watch, uv_loop_t *loop)
{
	if (!watch->config.settings)
		return;
	/* Neither can fail: the start has a callback. Each second it sees whether a turn is due, as
	 * a reload may change how often that is. */
	(void)uv_timer_init(loop, &watch->timer);
	(void)uv_timer_start(&watch->timer, on_timer, 1000, 1000);
	watch->open = true;
}

static void on_closed(uv_handle_t *handle)
{
	struct alert_watch *watch = container_of((uv_timer_t *)handle, struct alert_watch, timer);
	watch->open = false;
	watch->config.on_idle(watch->config.context);
}

void alert_watch_stop(struct alert_watch *watch)
{
	watch->stopping = true;
	if (watch->open)
		uv_close((uv_handle_t *)&watch->timer, on_closed);
}

bool alert_watch_busy(const struct alert_watch *watch)
{
	return watch->open || watch->turning || watch->asking;
}

void alert_watch_close(struct alert_watch *watch)
{
	if (!watch)
		return;
	alert_list_free(&watch->alerts);
	free(watch->quality.list);
	free(watch->fresh.list);
	free(watch);
}

int64_t alert_watch_last(const struct alert_watch *watch)
{
	return watch->last;
}

struct alert_counts alert_watch_counts(const struct alert_watch *watch)
{
	struct alert_counts counts = { .looked_us = watch->looked_us };
	memcpy(counts.off, watch->off, sizeof(counts.off));
	memcpy(counts.unknown, watch->unknown, sizeof(counts.unknown));
	for (size_t i = 0; i < watch->alerts.n && counts.looked_us; i++)
		counts.n[watch->alerts.list[i].kind][watch->alerts.list[i].state]++;
	return counts;
}

int alert_watch_copy(const struct alert_watch *watch, struct alert_list *ret_list)
{
	struct alert_list copy = { malloc(watch->alerts.n * sizeof(*copy.list) + 1),
				   watch->alerts.n };
	if (!copy.list)
		return -1;
	if (copy.n > 0)
		memcpy(copy.list, watch->alerts.list, copy.n * sizeof(*copy.list));
	*ret_list = copy;
	return 0;
}
