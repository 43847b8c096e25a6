#include "registry/excuses.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/search.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/deadline.h"
#include "common/model/near_metric.h"
#include "registry/column.h"
#include "schema/event.h"
#include "schema/reference_version.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- loading --- */

static void excuse_free(struct excuse *excuse)
{
	free(excuse->metric);
	free(excuse->period);
	free(excuse->until);
	free(excuse->reason);
	free(excuse->who);
}

/* What a disk damaged is an error, not somebody's mistake. */
static int days_find(struct excuse *excuse, struct db_row *row)
{
	struct period first, last;
	if (!period_read(excuse->period, excuse->calendar, &first))
		return db_row_refuse(row, 5);
	if (!period_read(excuse->until, excuse->calendar, &last))
		return db_row_refuse(row, 6);
	excuse->first = period_first_day(first);
	excuse->end = period_end_day(last);
	return 0;
}

static int excuse_append(struct excuses *excuses, sqlite3_stmt *stmt, struct err *err)
{
	struct excuse *list = array_room(excuses->list, excuses->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	excuses->list = list;
	struct excuse *excuse = &list[excuses->n++];
	struct db_row row = { stmt, err, 0 };
	struct err other;
	*excuse = (struct excuse){
		.id = db_row_int(&row, 0, 1, INT64_MAX),
		.office = db_row_int(&row, 1, 1, INT64_MAX),
		.metric = column_text(&row, 2),
		.period = column_text(&row, 5),
		.until = column_text(&row, 6),
		.reason = column_text(&row, 7),
		.who = column_text(&row, 8),
		.at_us = db_row_int(&row, 9, INT64_MIN, INT64_MAX),
	};
	if (row.rc < 0)
		return row.rc;
	if (!*excuse->metric && grain_from_name(db_row_text(&row, 3), &excuse->form, &other) < 0)
		return db_row_refuse(&row, 3);
	if (calendar_from_name(db_row_text(&row, 4), &excuse->calendar, &other) < 0)
		return db_row_refuse(&row, 4);
	return days_find(excuse, &row);
}

static int rows_load(struct excuses *excuses, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db,
			    "SELECT id, office, metric, form, calendar, period, until, reason, who,"
			    " at_us FROM excuse WHERE ended_us IS NULL ORDER BY office, id",
			    &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1)
		rc = excuse_append(excuses, rows, err);
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

int excuses_load(sqlite3 *db, struct excuses **ret_excuses, struct err *err)
{
	struct excuses *excuses = calloc(1, sizeof(*excuses));
	if (!excuses)
		return err_memory(err);
	int rc = rows_load(excuses, db, err);
	if (rc < 0) {
		excuses_close(excuses);
		return err_wrap(err, "load the excuses");
	}
	*ret_excuses = excuses;
	return 0;
}

void excuses_close(struct excuses *excuses)
{
	if (!excuses)
		return;
	for (size_t i = 0; i < excuses->n; i++)
		excuse_free(&excuses->list[i]);
	free(excuses->list);
	free(excuses);
}

/* --- who is excused --- */

size_t excuses_of(const struct excuses *excuses, int64_t office)
{
	return search_first(i, excuses->n, excuses->list[i].office < office);
}

bool excuse_concerns(const struct excuse *excuse, const struct metric *metric)
{
	return *excuse->metric ? strcmp(excuse->metric, metric->name) == 0
			       : excuse->form == metric->period;
}

bool excuses_hold(const struct excuses *excuses, int64_t office, const struct metric *metric,
		  int32_t day)
{
	for (size_t i = excuses_of(excuses, office);
	     i < excuses->n && excuses->list[i].office == office; i++) {
		const struct excuse *excuse = &excuses->list[i];
		if (excuse_concerns(excuse, metric) && excuse->first <= day &&
		    metric_end_day(metric, day) <= excuse->end)
			return true;
	}
	return false;
}

static void excuse_show(struct table *table, const struct excuse *excuse,
			const struct office *office)
{
	char at[INSTANT_TEXT_MAX];
	table_row(table);
	table_int(table, excuse->id);
	table_text(table, office ? office->code : NULL);
	table_text(table, office ? office->name : NULL);
	table_text(table, *excuse->metric ? excuse->metric : NULL);
	table_text(table, *excuse->metric ? NULL : grain_name(excuse->form));
	table_text(table, excuse->period);
	table_text(table, strcmp(excuse->until, excuse->period) != 0 ? excuse->until : NULL);
	table_text(table, calendar_name(excuse->calendar));
	table_text(table, excuse->reason);
	table_text(table, civil_format(excuse->at_us, at));
	table_text(table, excuse->who);
}

static int list(const struct excuses *excuses, const struct offices *offices,
		const struct office *of, int64_t id, struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "excuse", "office", "name", "metric",
					       "form",   "period", "to",   "calendar",
					       "reason", "at",     "who" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	if (!table)
		return err_memory(err);
	for (size_t i = 0; i < excuses->n; i++)
		if ((!of || excuses->list[i].office == of->id) &&
		    (id == 0 || excuses->list[i].id == id))
			excuse_show(table, &excuses->list[i],
				    offices_by_id(offices, excuses->list[i].office));
	if (table_failed(table)) {
		table_close(table);
		return err_memory(err);
	}
	*ret_table = table;
	return 0;
}

int excuses_list(const struct excuses *excuses, const struct offices *offices, const char *code,
		 struct table **ret_table, struct err *err)
{
	const struct office *asked = code ? offices_expect(offices, code, err) : NULL;
	if (code && !asked)
		return -ENOENT;
	return list(excuses, offices, asked, 0, ret_table, err);
}

int excuses_list_one(const struct excuses *excuses, const struct offices *offices, int64_t id,
		     struct table **ret_table, struct err *err)
{
	return list(excuses, offices, NULL, id, ret_table, err);
}

/* --- what may be excused --- */

static int reason_check(const char *reason, struct err *err)
{
	size_t len = strlen(reason), n = 0;
	if (!utf8_printable(reason, len))
		return err_set(err, -EINVAL, "a reason is one paragraph of text: no line breaks");
	for (const char *at = reason; *at; at++)
		n += ((unsigned char)*at & 0xc0) != 0x80;
	if (strspn(reason, " ") == len)
		return err_set(err, -EINVAL,
			       "say why: whoever asks later who was excused reads it");
	if (n > EXCUSE_REASON_MAX)
		return err_set(err, -EINVAL,
			       "the reason has %zu characters, and may have %u: shorten it", n,
			       EXCUSE_REASON_MAX);
	return 0;
}

static int metric_find(const struct catalogue *catalogue, const char *name,
		       const struct metric **ret, struct err *err)
{
	char excerpt[EXCERPT_MAX];
	*ret = catalogue_find(catalogue, name);
	if (*ret || catalogue_did_you_mean(catalogue, name, err))
		return *ret ? 0 : -EINVAL;
	return err_set(err, -EINVAL,
		       "the catalogue has no metric '%s'; `lantoa catalogue export` prints it",
		       utf8_excerpt(name, strlen(name), excerpt));
}

/* A form that nobody reports excuses nothing: I13. */
static int form_find(const struct catalogue *catalogue, const char *name, enum grain *ret_form,
		     struct err *err)
{
	char known[128] = "";
	bool there[GRAIN_COUNT] = { false };
	int rc = grain_from_name(name, ret_form, err);
	for (size_t i = 0; i < catalogue->n; i++)
		there[catalogue->metrics[i].period] = true;
	if (rc < 0 || there[*ret_form])
		return rc < 0 ? err_wrap(err, "form") : 0;
	for (int grain = 0; grain < GRAIN_COUNT; grain++) {
		size_t at = strlen(known);
		if (there[grain])
			(void)snprintf(known + at, sizeof(known) - at, "%s%s", at ? ", " : "",
				       grain_name((enum grain)grain)); /* fits: eight short words */
	}
	return err_set(err, -EINVAL, "no metric is reported per %s; what is reported, per: %s",
		       _(grain_name(*ret_form)), *known ? known : "-");
}

struct excusing {             /* an excuse, as it is understood */
	struct excuse excuse; /* texts are lent */
	struct period first, last;
	const struct metric *metric;
	char period[PERIOD_TEXT_MAX], until[PERIOD_TEXT_MAX];
};

static int subject_find(const struct catalogue *catalogue, const struct excuse_form *form,
			struct excusing *e, struct err *err)
{
	int rc;
	if ((form->metric != NULL) == (form->form != NULL))
		return err_set(err, -EINVAL,
			       "say what is excused: a metric, or a form such as month");
	rc = form->metric ? metric_find(catalogue, form->metric, &e->metric, err)
			  : form_find(catalogue, form->form, &e->excuse.form, err);
	if (rc < 0)
		return rc;
	e->excuse.metric = (char *)(form->metric ? form->metric : "");
	e->excuse.calendar = e->metric ? e->metric->calendar : CALENDAR_CIVIL;
	rc = form->calendar ? calendar_from_name(form->calendar, &e->excuse.calendar, err) : 0;
	return rc < 0 ? err_wrap(err, "calendar") : 0;
}

/* Do own periods of what is excused lie in the one that is named? */
static bool nests(const struct catalogue *catalogue, const struct excusing *e)
{
	const struct period *outer = &e->first;
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		if ((e->metric ? metric == e->metric : metric->period == e->excuse.form) &&
		    period_nests(metric->calendar, metric->period, outer->calendar, outer->grain))
			return true;
	}
	return false;
}

static int days_check(const struct catalogue *catalogue, const struct excuse_form *form,
		      struct excusing *e, struct err *err)
{
	enum grain own = e->metric ? e->metric->period : e->excuse.form;
	int rc = period_parse(form->period, e->excuse.calendar, &e->first, err);
	if (rc == 0)
		rc = period_parse(form->until ? form->until : form->period, e->excuse.calendar,
				  &e->last, err);
	if (rc < 0)
		return rc;
	if (e->first.grain < GRAIN_DAY)
		return err_set(err, -EINVAL,
			       "'%s' is shorter than a day; excuse the day, or longer",
			       form->period);
	if (e->last.grain != e->first.grain)
		return err_set(err, -EINVAL, "%s and %s are not equally long: give both as a %s",
			       form->period, form->until, _(grain_name(e->first.grain)));
	if (e->last.number < e->first.number)
		return err_set(err, -EINVAL, "it ends (%s) before it begins (%s)", form->until,
			       form->period);
	if (!nests(catalogue, e))
		return err_set(err, -EINVAL,
			       "%s is reported per %s, and none of that lies whole in %s of the %s "
			       "calendar; name a %s, or longer",
			       e->metric ? e->metric->name : grain_name(own), _(grain_name(own)),
			       form->period, _(calendar_name(e->excuse.calendar)),
			       _(grain_name(own)));
	e->excuse.first = period_first_day(e->first);
	e->excuse.end = period_end_day(e->last);
	e->excuse.period = period_format(e->first, e->period) ? e->period : NULL;
	e->excuse.until = period_format(e->last, e->until) ? e->until : NULL;
	return 0;
}

/* Two that overlap would make it unclear what is left when one is taken back. */
static int overlap_check(sqlite3 *db, const struct excuse *excuse, struct err *err)
{
	struct excuses *excuses = NULL;
	int rc = excuses_load(db, &excuses, err);
	for (size_t i = 0; rc == 0 && i < excuses->n; i++) {
		const struct excuse *other = &excuses->list[i];
		if (other->office == excuse->office && other->first < excuse->end &&
		    excuse->first < other->end && strcmp(other->metric, excuse->metric) == 0 &&
		    (*other->metric || other->form == excuse->form))
			rc = err_set(err, -EEXIST,
				     "excuse %" PRId64 " has it for %s to %s already; take that "
				     "back first (lantoa excuse end %" PRId64 "), or leave these "
				     "periods out",
				     other->id, other->period, other->until, other->id);
	}
	excuses_close(excuses);
	return rc;
}

/* --- excusing, and taking back --- */

static int row_put(sqlite3 *db, const struct excuse *excuse, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "INSERT INTO excuse(office, metric, form, calendar, period, until,"
			    " reason, who, at_us) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
			    &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, excuse->office);
	sqlite3_bind_text(stmt, 2, excuse->metric, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, *excuse->metric ? "" : grain_name(excuse->form), -1,
			  SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, calendar_name(excuse->calendar), -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 5, excuse->period, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 6, excuse->until, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 7, excuse->reason, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 8, excuse->who, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 9, excuse->at_us);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}

static int excuse_note(sqlite3 *db, const struct excuse *excuse, const struct office *office,
		       const char *kind, const char *who, int64_t at_us, struct err *err)
{
	char detail[512 + EXCERPT_MAX], reason[EXCERPT_MAX];
	(void)snprintf(detail, sizeof(detail),
		       "excuse=%" PRId64 " office=%s metric=%s form=%s period=%s until=%s "
		       "calendar=%s reason=\"%s\"",
		       excuse->id, office ? office->code : "-",
		       *excuse->metric ? excuse->metric : "-",
		       *excuse->metric ? "-" : grain_name(excuse->form), excuse->period,
		       excuse->until, calendar_name(excuse->calendar),
		       utf8_excerpt(excuse->reason, strlen(excuse->reason),
				    reason)); /* fits: names are bounded */
	int rc = event_append(
		db,
		&(struct event_form){ .who = who, .kind = kind, .detail = detail, .at_us = at_us },
		NULL, err);
	return rc == 0 ? reference_changed(db, err) : rc;
}

int excuse_add(sqlite3 *db, const struct catalogue *catalogue, const struct offices *offices,
	       const struct excuse_form *form, int64_t *ret_id, struct err *err)
{
	struct excusing e = { 0 };
	const struct office *office = offices_expect(offices, form->office, err);
	if (!office)
		return -ENOENT;
	int rc = subject_find(catalogue, form, &e, err);
	if (rc == 0)
		rc = days_check(catalogue, form, &e, err);
	if (rc == 0)
		rc = reason_check(form->reason, err);
	e.excuse.office = office->id;
	e.excuse.reason = (char *)form->reason;
	e.excuse.who = (char *)form->who;
	if (rc == 0)
		rc = overlap_check(db, &e.excuse, err);
	if (rc == 0)
		rc = event_time(db, EVENT_NOW, &e.excuse.at_us, err);
	if (rc == 0)
		rc = row_put(db, &e.excuse, err);
	if (rc < 0)
		return rc;
	e.excuse.id = sqlite3_last_insert_rowid(db);
	rc = excuse_note(db, &e.excuse, office, "excuse", form->who, e.excuse.at_us, err);
	if (rc == 0)
		*ret_id = e.excuse.id;
	return rc;
}

static int row_end(sqlite3 *db, int64_t id, int64_t at_us, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "UPDATE excuse SET ended_us = ? WHERE id = ?", &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, at_us);
	sqlite3_bind_int64(stmt, 2, id);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}

int excuse_end(sqlite3 *db, const struct offices *offices, int64_t id, const char *who,
	       struct err *err)
{
	struct excuses *excuses = NULL;
	const struct excuse *ended = NULL;
	int64_t at_us = 0;
	int rc = excuses_load(db, &excuses, err);
	for (size_t i = 0; rc == 0 && i < excuses->n; i++)
		if (excuses->list[i].id == id)
			ended = &excuses->list[i];
	if (rc == 0 && !ended)
		rc = err_set(err, -ENOENT,
			     "no excuse in force has the number %" PRId64
			     "; `lantoa excuse list` shows them",
			     id);
	if (rc == 0)
		rc = event_time(db, EVENT_NOW, &at_us, err);
	if (rc == 0)
		rc = row_end(db, id, at_us, err);
	if (rc == 0)
		rc = excuse_note(db, ended, offices_by_id(offices, ended->office), "excuse end",
				 who, at_us, err);
	excuses_close(excuses);
	return rc;
}
