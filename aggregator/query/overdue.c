/* 1. buckets_find(): of each metric the newest period that is overdue; metrics of the same period
 *    share a bucket.
 * 2. bucket_ask(): who misses a metric of it, as completeness asks, metric by metric.
 * 3. What an office misses is written down period by period. */
#include "query/overdue.h"

#include "common/base/array.h"
#include "common/base/blob.h"
#include "common/model/civil.h"
#include "common/model/deadline.h"
#include "query/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A period of a year that is due a year later; of days there are more in between. */
#define BACK_MAX 800

struct missing { /* of an office in the bucket at hand */
	int64_t reports;
	size_t metrics;
	const char *named[OVERDUE_NAMED]; /* the catalogue's */
};

struct asking {
	sqlite3 *db;
	const struct reference *reference;
	struct overdue_list *found;
	struct missing *missing; /* owned [n] */
};

/* Periods finer than a day are asked about by the day. */
static enum grain grain_of(const struct metric *metric)
{
	return metric->period < GRAIN_DAY ? GRAIN_DAY : metric->period;
}

/* The newest period of @metric that is late on @today. False: none is within reach. */
static bool newest_late(const struct metric *metric, int32_t today, struct period *ret)
{
	struct period period = period_of_day(metric->calendar, grain_of(metric), today);
	for (int i = 0; i < BACK_MAX; i++, period.number--)
		if (metric_late_from(metric, period_end_day(period)) <= today) {
			*ret = period;
			return period_first_day(period) > DAY_MIN;
		}
	return false;
}

static bool same(struct period a, struct period b)
{
	return a.calendar == b.calendar && a.grain == b.grain && a.number == b.number;
}

/* --- what an office misses --- */

static void miss(struct asking *asking, const struct metric *metric, struct period period,
		 const struct member *member)
{
	size_t office = (size_t)(member->office - asking->reference->offices->list);
	int64_t reports = counts_missing(&member->counts);
	struct missing *missing = &asking->missing[office];
	struct overdue *overdue = &asking->found->list[office];
	int32_t since = metric_late_from(metric, period_end_day(period));
	if (reports <= 0)
		return;
	/* In several rows it is the same metric. */
	if (missing->metrics == 0 || missing->metrics > OVERDUE_NAMED ||
	    missing->named[missing->metrics - 1] != metric->name) {
		if (missing->metrics < OVERDUE_NAMED)
			missing->named[missing->metrics] = metric->name;
		missing->metrics++;
	}
	missing->reports += reports;
	if (overdue->missing == 0 || since < overdue->since)
		overdue->since = since;
	overdue->missing += reports;
}

/* What it misses of @period, behind what is there. */
static int write_down(const struct missing *missing, struct period period, struct overdue *overdue,
		      struct err *err)
{
	char label[PERIOD_TEXT_MAX], more[32];
	struct blob text = { 0 };
	int rc = 0;
	if (missing->metrics == 0)
		return 0;
	if (overdue->text)
		rc = blob_append(&text, overdue->text, strlen(overdue->text)) < 0 ||
				     blob_append(&text, "; ", 2) < 0
			     ? -1
			     : 0;
	(void)period_format(period, label);
	if (rc == 0)
		rc = blob_append(&text, label, strlen(label));
	for (size_t i = 0; i < missing->metrics && i < OVERDUE_NAMED && rc == 0; i++) {
		rc = blob_append(&text, i ? ", " : ": ", 2);
		if (rc == 0)
			rc = blob_append(&text, missing->named[i], strlen(missing->named[i]));
	}
	if (missing->metrics > OVERDUE_NAMED && rc == 0) {
		int n = snprintf(more, sizeof(more), ", +%zu", missing->metrics - OVERDUE_NAMED);
		rc = blob_append(&text, more, (size_t)n); /* fits */
	}
	if (rc == 0)
		rc = blob_append(&text, "", 1);
	if (rc < 0) {
		blob_free(&text);
		return err_memory(err);
	}
	free(overdue->text);
	overdue->text = (char *)text.data; /* it has that now */
	return 0;
}

/* --- a bucket --- */

static int metric_ask(struct asking *asking, struct figures *figures, struct rows *rows,
		      const struct metric *metric, struct period bucket, struct err *err)
{
	struct figure *shown = figures_alloc(rows->n);
	const struct member *members;
	int rc = shown ? db_time_left(err) : err_memory(err);
	if (rc == 0)
		rc = figures_begin(figures, rows, bucket, err);
	if (rc == 0)
		rc = figures_of_metric(figures, metric, shown, err);
	if (rc == 0) {
		size_t n = figures_end(figures, shown, &members);
		for (size_t i = 0; i < n; i++)
			miss(asking, metric, bucket, &members[i]);
	}
	figures_free(shown, rows->n);
	return rc;
}

static int metrics_ask(struct asking *asking, const struct plan *plan, struct period bucket,
		       int32_t today, struct err *err)
{
	const struct catalogue *catalogue = asking->reference->catalogue;
	struct figures *figures = figures_open(asking->db, asking->reference, plan, true, err);
	struct period late;
	struct rows rows;
	if (!figures)
		return err->code;
	int rc = rows_make(plan, asking->reference, bucket, &rows, err);
	if (rc < 0) {
		figures_close(figures);
		return rc;
	}
	for (size_t i = 0; i < catalogue->n && rc == 0; i++)
		if (newest_late(&catalogue->metrics[i], today, &late) && same(late, bucket))
			rc = metric_ask(asking, figures, &rows, &catalogue->metrics[i], bucket,
					err);
	rows_free(&rows);
	figures_close(figures);
	return rc;
}

static int bucket_ask(struct asking *asking, struct period bucket, int32_t today, struct err *err)
{
	char label[PERIOD_TEXT_MAX];
	struct plan plan;
	const struct query query = { .per = grain_name(bucket.grain),
				     .calendar = calendar_name(bucket.calendar),
				     .from = period_format(bucket, label),
				     .to = label };
	memset(asking->missing, 0, asking->found->n * sizeof(*asking->missing));
	int rc = plan_make_everything(asking->reference, &query, &plan, err);
	if (rc == 0)
		rc = metrics_ask(asking, &plan, bucket, today, err);
	for (size_t i = 0; i < asking->found->n && rc == 0; i++)
		rc = write_down(&asking->missing[i], bucket, &asking->found->list[i], err);
	return rc;
}

/* --- the question --- */

/* Each bucket once: the first metric that has it stands for it. */
static int buckets_ask(struct asking *asking, int32_t today, struct err *err)
{
	const struct catalogue *catalogue = asking->reference->catalogue;
	struct period *asked = calloc(catalogue->n + 1, sizeof(*asked)), late;
	size_t n = 0;
	int rc = asked ? 0 : err_memory(err);
	for (size_t i = 0; i < catalogue->n && rc == 0; i++) {
		size_t k = 0;
		if (!newest_late(&catalogue->metrics[i], today, &late))
			continue;
		while (k < n && !same(asked[k], late))
			k++;
		if (k < n)
			continue;
		asked[n++] = late;
		rc = bucket_ask(asking, late, today, err);
	}
	free(asked);
	return rc;
}

int overdue_find(sqlite3 *db, const struct reference *reference, int64_t now_us,
		 struct overdue_list *ret_list, struct err *err)
{
	size_t n = reference->offices->n;
	struct overdue_list found = { calloc(n + 1, sizeof(*found.list)), n };
	struct asking asking = { .db = db,
				 .reference = reference,
				 .found = &found,
				 .missing = calloc(n + 1, sizeof(*asking.missing)) };
	int rc = found.list && asking.missing ? buckets_ask(&asking, civil_day(now_us), err)
					      : err_memory(err);
	free(asking.missing);
	if (rc < 0)
		overdue_free(&found);
	else
		*ret_list = found;
	return rc;
}

void overdue_free(struct overdue_list *list)
{
	for (size_t i = 0; list->list && i < list->n; i++)
		free(list->list[i].text);
	free(list->list);
	*list = (struct overdue_list){ 0 };
}
