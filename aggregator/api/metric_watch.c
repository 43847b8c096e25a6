#include "api/metric_watch.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/text/exposition.h"
#include "query/latest.h"
#include "query/overdue.h"
#include "registry/indicator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void metric_answers_free(struct metric_answers *answers)
{
	blob_free(&answers->indicators);
	free(answers->offices);
	*answers = (struct metric_answers){ 0 };
}

int metric_answers_copy(const struct metric_answers *answers, struct metric_answers *ret_copy)
{
	struct metric_answers copy = { .known = answers->known, .late = answers->late };
	copy.offices = malloc(answers->late * sizeof(*copy.offices) + 1);
	if (!copy.offices ||
	    blob_append(&copy.indicators, answers->indicators.data, answers->indicators.len) < 0) {
		free(copy.offices);
		return -ENOMEM;
	}
	if (answers->late > 0)
		memcpy(copy.offices, answers->offices, answers->late * sizeof(*copy.offices));
	*ret_copy = copy;
	return 0;
}

static int by_office(const void *a, const void *b)
{
	const struct late_office *x = a, *y = b;
	return (x->office > y->office) - (x->office < y->office);
}

const struct late_office *metric_answers_late(const struct metric_answers *answers, int64_t office)
{
	const struct late_office key = { .office = office };
	return answers->late > 0
		       ? bsearch(&key, answers->offices, answers->late, sizeof(key), by_office)
		       : NULL;
}

int metric_answers_take_late(struct metric_answers *answers, const struct reference *reference,
			     const struct overdue_list *overdue)
{
	answers->offices = malloc(overdue->n * sizeof(*answers->offices) + 1);
	if (!answers->offices)
		return -ENOMEM;
	for (size_t i = 0; i < overdue->n; i++)
		if (overdue->list[i].missing > 0)
			answers->offices[answers->late++] =
				(struct late_office){ .office = reference->offices->list[i].id,
						      .missing = overdue->list[i].missing,
						      .since = overdue->list[i].since };
	if (answers->late > 1)
		qsort(answers->offices, answers->late, sizeof(*answers->offices), by_office);
	return 0;
}

static int late_find(sqlite3 *db, const struct reference *reference, struct metric_answers *answers,
		     struct err *err)
{
	struct overdue_list overdue;
	int rc = overdue_find(db, reference, civil_now_us(), &overdue, err);
	if (rc < 0)
		return rc;
	rc = metric_answers_take_late(answers, reference, &overdue);
	overdue_free(&overdue);
	return rc < 0 ? err_memory(err) : 0;
}

/* What cannot be told of an indicator has no sample: never 0. */
static void values_write(const struct latest_list *found, struct exposition *to)
{
	exposition_begin(to, "lantoa_indicator_value", "gauge",
			 "Value of an indicator in the newest period that is closed for all its "
			 "metrics, of the whole province, in its own unit.");
	for (size_t i = 0; i < found->n; i++) {
		const struct latest *latest = &found->list[i];
		const struct sample_label labels[] = { { "indicator", latest->indicator->name },
						       { "period", latest->period },
						       { "unit", latest->indicator->unit } };
		if (latest->value)
			exposition_number(to, labels, 3, latest->value);
	}
}

static void ratios_write(const struct latest_list *found, struct exposition *to)
{
	exposition_begin(to, "lantoa_indicator_complete_ratio", "gauge",
			 "How much of what was due of its metrics for that period was reported: 1 "
			 "is all.");
	for (size_t i = 0; i < found->n; i++) {
		const struct latest *latest = &found->list[i];
		const struct sample_label labels[] = { { "indicator", latest->indicator->name },
						       { "period", latest->period } };
		char text[32];
		(void)snprintf(text, sizeof(text), "%.9g",
			       (double)latest->reported / (double)latest->due); /* fits */
		if (latest->due > 0)
			exposition_number(to, labels, 2, text);
	}
}

static int indicators_ask(sqlite3 *db, const struct reference *reference,
			  struct metric_answers *answers, struct err *err)
{
	struct exposition to = { .out = &answers->indicators };
	struct latest_list found;
	int rc = latest_find(db, reference, &found, err);
	if (rc < 0)
		return rc;
	values_write(&found, &to);
	ratios_write(&found, &to);
	latest_free(&found);
	return to.rc < 0 ? err_memory(err) : 0;
}

static int look_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct metric_watch *watch = container_of(job, struct metric_watch, job);
	int rc = late_find(db, reference, &watch->fresh, err);
	if (rc == 0 && watch->wants_indicators)
		rc = indicators_ask(db, reference, &watch->fresh, err);
	watch->empty = rc == 0 && (reference->offices->n == 0 || reference->catalogue->n == 0);
	watch->fresh.known = rc == 0 && !watch->empty;
	return rc;
}

/* What cannot be found now is not told, rather than what was so before. */
static void look_done(struct store_job *job, int rc, const struct err *err)
{
	struct metric_watch *watch = container_of(job, struct metric_watch, job);
	metric_answers_free(&watch->answers);
	if (rc < 0) {
		log_warn("metrics: late offices and indicators are not told cause=\"%s\"",
			 err->text);
		metric_answers_free(&watch->fresh);
	}
	watch->answers = watch->fresh;
	watch->fresh = (struct metric_answers){ 0 };
	watch->looking = false;
	watch->on_end(watch->context);
}

bool metric_watch_ask(struct metric_watch *watch, int64_t now_us)
{
	if (watch->looking)
		return false;
	bool wants = watch->indicators && *watch->indicators;
	int64_t every_s = watch->empty ? METRIC_WATCH_FIRST_S : METRIC_WATCH_S;
	bool fresh = watch->tried_us != 0 && wants == watch->wants_indicators &&
		     now_us >= watch->tried_us && /* the clock may be set back */
		     now_us - watch->tried_us < every_s * 1000000;
	if (fresh)
		return false;
	watch->looking = true;
	watch->tried_us = now_us;
	watch->wants_indicators = wants;
	watch->job =
		(struct store_job){ .run = look_run, .done = look_done, .use = STORE_QUESTION };
	store_read(watch->store, &watch->job);
	return true;
}

void metric_watch_close(struct metric_watch *watch)
{
	metric_answers_free(&watch->answers);
	metric_answers_free(&watch->fresh);
}
