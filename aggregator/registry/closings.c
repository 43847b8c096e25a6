#include "registry/closings.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/deadline.h"
#include "common/model/near_metric.h"
#include "registry/column.h"
#include "schema/event.h"
#include "schema/reference_version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int closing_append(struct closings *closings, sqlite3_stmt *row, struct err *err)
{
	struct closing *list = array_room(closings->list, closings->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	closings->list = list;
	struct closing *closing = &list[closings->n++];
	struct db_row cells = { row, err, 0 };
	*closing = (struct closing){
		.metric = column_text(&cells, 0),
		.period = { (enum calendar)db_row_int(&cells, 1, CALENDAR_CIVIL, CALENDAR_REPORT),
			    (enum grain)db_row_int(&cells, 2, GRAIN_DAY, GRAIN_COUNT - 1),
			    (int32_t)db_row_int(&cells, 3, DAY_MIN, DAY_MAX) },
		.closed_us = sqlite3_column_int64(row, 4),
		.who = column_text(&cells, 5),
	};
	if (cells.rc < 0)
		return cells.rc;
	closing->first = period_first_day(closing->period);
	closing->end = period_end_day(closing->period);
	if (closing->end > closings->end)
		closings->end = closing->end;
	return 0;
}

static int rows_load(struct closings *closings, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db,
			    "SELECT metric, calendar, grain, number, closed_us, who FROM closing"
			    " ORDER BY metric, calendar, grain, number",
			    &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1)
		rc = closing_append(closings, rows, err);
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

int closings_load(sqlite3 *db, struct closings **ret_closings, struct err *err)
{
	struct closings *closings = calloc(1, sizeof(*closings));
	if (!closings)
		return err_memory(err);
	closings->end = INT32_MIN;
	int rc = rows_load(closings, db, err);
	if (rc < 0) {
		closings_close(closings);
		(void)err_wrap(err, "load the closed periods");
		return rc;
	}
	*ret_closings = closings;
	return 0;
}

void closings_close(struct closings *closings)
{
	if (!closings)
		return;
	for (size_t i = 0; i < closings->n; i++) {
		free(closings->list[i].metric);
		free(closings->list[i].who);
	}
	free(closings->list);
	free(closings);
}

/* The first of those of @metric. */
static size_t closings_of(const struct closings *closings, const char *metric)
{
	return search_first(i, closings->n, strcmp(closings->list[i].metric, metric) < 0);
}

static bool days_closed(const struct closings *closings, const char *metric, int32_t first,
			int32_t end)
{
	for (size_t i = closings_of(closings, metric);
	     i < closings->n && strcmp(closings->list[i].metric, metric) == 0; i++)
		if (closings->list[i].first <= first && end <= closings->list[i].end)
			return true;
	return false;
}

/* Its own period (rule 5.1) lies in a closed one when all of its days do. */
bool closings_hold(const struct closings *closings, const struct metric *metric, int32_t day)
{
	if (day >= closings->end) /* what is reported in time, as nearly all is */
		return false;
	int32_t end = metric_end_day(metric, day);
	return days_closed(closings, "", day, end) || days_closed(closings, metric->name, day, end);
}

static void closing_show(struct table *table, const struct closing *closing)
{
	char period[PERIOD_TEXT_MAX], at[INSTANT_TEXT_MAX];
	table_row(table);
	table_text(table, period_format(closing->period, period));
	table_text(table, calendar_name(closing->period.calendar));
	table_text(table, *closing->metric ? closing->metric : NULL);
	table_text(table, civil_format(closing->closed_us, at));
	table_text(table, closing->who);
}

static bool has(const struct closings *closings, const struct closing *closing)
{
	for (size_t i = closings_of(closings, closing->metric);
	     i < closings->n && strcmp(closings->list[i].metric, closing->metric) == 0; i++)
		if (closings->list[i].period.calendar == closing->period.calendar &&
		    closings->list[i].period.grain == closing->period.grain &&
		    closings->list[i].period.number == closing->period.number)
			return true;
	return false;
}

int closings_list(const struct closings *closings, struct table **ret_table, struct err *err)
{
	static const struct closings none = { .list = NULL };

	return closings_list_but(closings, &none, ret_table, err);
}

int closings_list_but(const struct closings *closings, const struct closings *without,
		      struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "period", "calendar", "metric", "at", "who" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	if (!table)
		return err_memory(err);
	for (size_t i = 0; i < closings->n; i++)
		if (!has(without, &closings->list[i]))
			closing_show(table, &closings->list[i]);
	if (table_failed(table)) {
		table_close(table);
		return err_memory(err);
	}
	*ret_table = table;
	return 0;
}

/* --- closing and opening --- */

/* The calendar that is meant. @metric may be gone from the catalogue: then it must be told. */
static int calendar_find(const struct catalogue *catalogue, const struct closing_form *form,
			 enum calendar *ret_calendar, struct err *err)
{
	const struct metric *metric = form->metric ? catalogue_find(catalogue, form->metric) : NULL;
	*ret_calendar = metric ? metric->calendar : CALENDAR_CIVIL;
	if (!form->calendar)
		return 0;
	int rc = calendar_from_name(form->calendar, ret_calendar, err);
	return rc < 0 ? err_wrap(err, "calendar") : 0;
}

static int period_find(const struct catalogue *catalogue, const struct closing_form *form,
		       struct period *ret_period, struct err *err)
{
	enum calendar calendar;
	struct period period;
	int rc = calendar_find(catalogue, form, &calendar, err);
	if (rc == 0)
		rc = period_parse(form->period, calendar, &period, err);
	if (rc < 0)
		return rc;
	if (period.grain < GRAIN_DAY)
		return err_set(err, -EINVAL, "'%s' is shorter than a day; close the day, or longer",
			       form->period);
	if (period.grain < GRAIN_MONTH) /* days and weeks are the same in both */
		period.calendar = CALENDAR_CIVIL;
	*ret_period = period;
	return 0;
}

static int closing_check(const struct catalogue *catalogue, const struct closing_form *form,
			 struct period period, struct err *err)
{
	char excerpt[EXCERPT_MAX], text[PERIOD_TEXT_MAX], day[DAY_TEXT_MAX];
	bool known = !form->metric || catalogue_find(catalogue, form->metric);
	if (!known && catalogue_did_you_mean(catalogue, form->metric, err))
		return -EINVAL;
	if (!known)
		return err_set(err, -EINVAL,
			       "the catalogue has no metric '%s'; `lantoa catalogue export` prints "
			       "it",
			       utf8_excerpt(form->metric, strlen(form->metric), excerpt));
	if (period_end_day(period) > civil_day(form->at_us))
		return err_set(
			err, -EINVAL, "%s is not over: its last day is %s; close it after that day",
			period_format(period, text), day_format(period_end_day(period) - 1, day));
	return 0;
}

/* Run @sql, whose first four parameters are the key. @ret_changes: of rows. */
static int key_run(sqlite3 *db, const char *sql, const struct closing_form *form,
		   struct period period, int *ret_changes, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, sql, &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(stmt, 1, form->metric ? form->metric : "", -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 2, (int)period.calendar);
	sqlite3_bind_int(stmt, 3, (int)period.grain);
	sqlite3_bind_int(stmt, 4, period.number);
	if (sqlite3_bind_parameter_count(stmt) > 4) {
		sqlite3_bind_int64(stmt, 5, form->at_us);
		sqlite3_bind_text(stmt, 6, form->who, -1, SQLITE_STATIC);
	}
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	if (rc == 0)
		*ret_changes = sqlite3_changes(db);
	return rc;
}

static int closing_note(sqlite3 *db, const struct closing_form *form, struct period period,
			const char *what, struct err *err)
{
	char detail[256], text[PERIOD_TEXT_MAX];
	(void)snprintf(detail, sizeof(detail), "period=%s calendar=%s metric=%s",
		       period_format(period, text), calendar_name(period.calendar),
		       form->metric ? form->metric : "-"); /* fits: names are bounded */
	int rc = event_append(
		db, &(struct event_form){ .who = form->who, .kind = what, .detail = detail }, NULL,
		err);
	return rc == 0 ? reference_changed(db, err) : rc;
}

int closing_add(sqlite3 *db, const struct catalogue *catalogue, const struct closing_form *form,
		struct err *err)
{
	struct period period;
	int changes = 0, rc = period_find(catalogue, form, &period, err);
	if (rc == 0)
		rc = closing_check(catalogue, form, period, err);
	if (rc == 0)
		rc = key_run(db, "INSERT OR IGNORE INTO closing VALUES(?, ?, ?, ?, ?, ?)", form,
			     period, &changes, err);
	if (rc == 0 && changes == 0)
		return err_set(err, -EEXIST, "%s is closed already; `lantoa closed` lists them",
			       form->period);
	return rc == 0 ? closing_note(db, form, period, "close", err) : rc;
}

int closing_remove(sqlite3 *db, const struct catalogue *catalogue, const struct closing_form *form,
		   struct err *err)
{
	struct period period;
	int changes = 0, rc = period_find(catalogue, form, &period, err);
	if (rc == 0)
		rc = key_run(db,
			     "DELETE FROM closing WHERE metric = ? AND calendar = ? AND grain = ?"
			     " AND number = ?",
			     form, period, &changes, err);
	if (rc == 0 && changes == 0)
		return err_set(err, -ENOENT,
			       "%s is not closed like that; `lantoa closed` lists the periods, "
			       "calendars and metrics that are",
			       form->period);
	return rc == 0 ? closing_note(db, form, period, "reopen", err) : rc;
}
