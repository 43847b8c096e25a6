/* The province looks once a minute whether something is to be told ([alerts] every).
 *
 * 1. On the loop: what it knows in memory is copied (11,000 offices: 1.5 MB).
 * 2. On the reader of glances: what the database knows, and alerts_step() over both. Nobody waits
 *    for that but a glance; intake and questions have connections of their own.
 * 3. If anything is told: one transaction of the writer keeps it. Only then it is so, and who waits
 *    for changes is woken. If that fails, nothing is, and the next turn finds it again.
 *
 * The first turn is a second behind the start; the next comes as soon as it is known who is late,
 * which takes questions (metric_watch.h). Until then nobody is told that nobody is.
 *
 * One turn is in work at a time; one that would begin meanwhile is left out, and its time is the
 * next one's, of which ALERT_STEP_MAX_US count. Beside that, once an hour and as a question: which
 * offices' figures are worth a look. What takes longer than a question may is not known. */
#pragma once

#include "alert/alert_store.h"
#include "api/alert_facts.h"
#include "api/api.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define ALERT_QUALITY_S   3600u
#define ALERT_STEP_MAX_US (INT64_C(180) * 1000000) /* what lies between two looks, unseen */

struct alert_watch_config {
	const struct api_config *api;          /* outlives it, as all of this */
	const struct alert_settings *settings; /* may change on the loop; NULL: nothing is told */
	struct page_damage (*damage)(void *context);
	/* What takes questions to know; it is looked for if that is due. */
	const struct metric_answers *(*answers)(void *context);
	void (*on_told)(void *context); /* changes are kept */
	void (*on_idle)(void *context); /* alert_watch_busy() may have become false */
	void *context;
};

struct alert_counts {
	int64_t looked_us; /* 0: nobody looked yet, nothing is known */
	/* Of the last look: it is not looked for; it could not be said whether it is so. */
	bool off[ALERT_KINDS], unknown[ALERT_KINDS];
	uint64_t n[ALERT_KINDS][2]; /* by enum alert_state */
};

struct alert_watch;
/** Nothing runs yet. -ENOMEM. */
int alert_watch_open(const struct alert_watch_config *config, struct alert_watch **ret_watch,
		     struct err *err);
/** Look, now and then, until alert_watch_stop(). Cannot fail. */
void alert_watch_start(struct alert_watch *watch, uv_loop_t *loop);
/** No more turns; on_idle() follows. */
void alert_watch_stop(struct alert_watch *watch);
bool alert_watch_busy(const struct alert_watch *watch);
void alert_watch_close(struct alert_watch *watch); /* not busy; NULL is fine */

/** Number of the last change, as far as it was told; -1: nobody looked yet. */
int64_t alert_watch_last(const struct alert_watch *watch);
struct alert_counts alert_watch_counts(const struct alert_watch *watch);
/** What is pending and fires, copied. -ENOMEM. */
int alert_watch_copy(const struct alert_watch *watch, struct alert_list *ret_list);
