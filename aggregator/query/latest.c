#include "query/latest.h"

#include "common/model/civil.h"
#include "query/query.h"
#include "registry/closings.h"
#include "registry/indicator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* All own periods of @metric that lie in @bucket. */
static bool metric_is_closed(const struct closings *closings, const struct metric *metric,
			     struct period bucket)
{
	enum grain grain = metric->period < GRAIN_DAY ? GRAIN_DAY : metric->period;
	int32_t end = period_end_day(bucket);
	for (int32_t day = period_first_day(bucket); day < end;) {
		struct period own = period_of_day(metric->calendar, grain, day);
		if (!closings_hold(closings, metric, period_first_day(own)))
			return false;
		day = period_end_day(own);
	}
	return true;
}

static bool is_closed(const struct closings *closings, const struct plan *plan,
		      struct period bucket)
{
	for (size_t i = 0; i < plan->n_metrics; i++)
		if (!metric_is_closed(closings, plan->metrics[i], bucket))
			return false;
	return plan->n_metrics > 0;
}

static const char *cell(const struct table *table, const char *column)
{
	return table_rows(table) > 0 ? table_cell_of(table, 0, column) : NULL;
}

static int64_t number(const struct table *table, const char *column)
{
	const char *text = cell(table, column);
	return text ? strtoll(text, NULL, 10) : 0;
}

/* The whole, which is the first row. */
static int ask(sqlite3 *db, const struct reference *reference, const struct query *query,
	       struct latest *latest, struct err *err)
{
	struct table *table = NULL;
	int rc = query_run(db, reference, query, &table, err);
	if (rc < 0)
		return rc;
	const char *value = cell(table, "value");
	latest->due = number(table, "due");
	latest->reported = number(table, "reported");
	latest->value = value ? strdup(value) : NULL;
	table_close(table);
	return value && !latest->value ? err_memory(err) : 0;
}

/* 1: it has a closed period; 0: none. */
static int find_one(sqlite3 *db, const struct reference *reference,
		    const struct indicator *indicator, struct latest *latest, struct err *err)
{
	struct query query = { .name = indicator->name };
	struct plan plan;
	int rc = plan_make(reference, &query, &plan, err);
	if (rc < 0)
		return rc == -EINVAL ? 0
				     : rc; /* its metrics are gone, or have no period in common */
	struct period bucket = plan_bucket(&plan, plan.first);
	for (int i = 0; i < LATEST_BACK_MAX; i++, bucket.number--) {
		if (!is_closed(reference->closings, &plan, bucket))
			continue;
		*latest = (struct latest){ .indicator = indicator };
		query.calendar = calendar_name(bucket.calendar);
		query.per = grain_name(bucket.grain);
		query.from = query.to = period_format(bucket, latest->period);
		rc = ask(db, reference, &query, latest, err);
		return rc < 0 ? rc : 1;
	}
	return 0;
}

int latest_find(sqlite3 *db, const struct reference *reference, struct latest_list *ret_list,
		struct err *err)
{
	const struct indicators *indicators = reference->indicators;
	struct latest_list found = { calloc(indicators->n + 1, sizeof(*found.list)), 0 };
	int rc = found.list ? 0 : err_memory(err);
	for (size_t i = 0; i < indicators->n && rc >= 0 && reference->closings->n > 0; i++) {
		rc = find_one(db, reference, &indicators->list[i], &found.list[found.n], err);
		found.n += rc == 1;
	}
	if (rc < 0)
		latest_free(&found);
	else
		*ret_list = found;
	return rc < 0 ? rc : 0;
}

void latest_free(struct latest_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->list[i].value);
	free(list->list);
	*list = (struct latest_list){ 0 };
}
