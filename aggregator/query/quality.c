/* 1. Understand the form: whose figures, of which days.
 * 2. Office by office, and of each grain and calendar that metrics have, walk the office's pages of
 *    that grain, from QUALITY_BACK periods before the first: an entry is a figure.
 * 3. Look at each page by itself (rules, whole and parts, labels), and at each series beside its
 *    own past. */
#include "query/quality.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/search.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/near_metric.h"
#include "common/model/outlier.h"
#include "common/model/rule_metrics.h"
#include "query/plan.h"
#include "query/query.h"
#include "registry/unit_names.h"
#include "rollup/page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_MAX 1100u

struct known { /* a series of a metric of the catalogue */
	uint32_t id;
	const struct metric *metric;
	char *labels; /* owned */
};

struct track { /* of one series of the office at hand: what came before the bucket at hand */
	int64_t past[HISTORY_MAX]; /* [n] of them, of which the oldest is overwritten first */
	int32_t past_number[HISTORY_MAX];
	size_t n, next;
	int64_t value_e;
	int32_t number; /* of the newest */
	unsigned run;   /* how many periods on end have its value */
};

struct looking {
	sqlite3 *db;
	const struct reference *reference;
	const struct catalogue *catalogue;
	const struct quality_form *form;
	const struct metric *metric; /* alone; NULL: all */
	const struct office *only;   /* likewise */
	const char *area;            /* a code; NULL: everywhere */
	int32_t first_day, end_day;
	struct known *known; /* owned [n_known], by id */
	size_t n_known;
	struct track *tracks; /* owned [n_known] */
	sqlite3_stmt *page;   /* owned */
	struct table *table;  /* owned */
	uint64_t damaged;
	/* at hand: */
	const struct office *office;
	const struct unit *unit;
	struct period bucket;
	struct page entries; /* owned */
};

/* --- understanding --- */

static int metric_find(struct looking *l, struct err *err)
{
	const char *name = l->form->metric;
	l->metric = name ? catalogue_find(l->catalogue, name) : NULL;
	if (!name || l->metric || catalogue_did_you_mean(l->catalogue, name, err))
		return !name || l->metric ? 0 : -EINVAL;
	return err_set(err, -EINVAL,
		       "the catalogue has no metric '%s'; 'lantoa catalogue export' names them",
		       name);
}

static int days_find(struct looking *l, struct err *err)
{
	struct period today = civil_period(CALENDAR_CIVIL, GRAIN_MONTH, civil_now_us()),
		      from = today, to = today;
	from.number--;
	int rc = l->form->from ? period_parse(l->form->from, CALENDAR_CIVIL, &from, err) : 0;
	if (rc == 0 && l->form->to)
		rc = period_parse(l->form->to, CALENDAR_CIVIL, &to, err);
	if (rc < 0)
		return rc;
	l->first_day = period_first_day(from);
	l->end_day = period_end_day(to);
	if (l->end_day <= l->first_day)
		return err_set(err, -EINVAL, "the range ends (%s) before it begins (%s)",
			       l->form->to ? l->form->to : "", l->form->from ? l->form->from : "");
	return 0;
}

/* Whose figures, by the days asked about. */
static int places_find(struct looking *l, struct err *err)
{
	const struct quality_form *form = l->form;
	if (form->office && !(l->only = offices_expect(l->reference->offices, form->office, err)))
		return -ENOENT;
	int rc = form->area ? units_named(l->reference->units, form->area, l->first_day, l->end_day,
					  &l->area, err)
			    : 0;
	return rc < 0 ? (err->code = -EINVAL) : 0;
}

static int series_load(struct looking *l, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(l->db, "SELECT id, metric, labels FROM series ORDER BY id", &stmt, err);
	while (rc == 0 && (rc = db_step(stmt, err)) == 1) {
		struct db_row row = { stmt, err, 0 };
		int64_t id = db_row_int(&row, 0, 0, UINT32_MAX);
		const char *name = db_row_text(&row, 1), *labels = db_row_text(&row, 2);
		if ((rc = row.rc) < 0)
			break;
		const struct metric *metric = catalogue_find(l->catalogue, name);
		struct known *list =
			metric ? array_room(l->known, l->n_known, sizeof(*list)) : NULL;
		if (!metric)
			continue;
		l->known = list ? list : l->known;
		char *copy = list ? strdup(labels) : NULL;
		if (!copy)
			rc = err_memory(err);
		else
			list[l->n_known++] = (struct known){ (uint32_t)id, metric, copy };
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc == 0 && !(l->tracks = calloc(l->n_known + 1, sizeof(*l->tracks))))
		rc = err_memory(err);
	return rc;
}

/* --- rows --- */

/* The series of @entry, of the bucket's kind; NULL: it is of another, or nothing of it counts. */
static struct known *known_of(const struct looking *l, const struct entry *entry)
{
	size_t at = search_first(i, l->n_known, l->known[i].id < entry->series);
	if (at == l->n_known || l->known[at].id != entry->series || entry->acc.n == 0)
		return NULL;
	const struct metric *metric = l->known[at].metric;
	return metric->period == l->bucket.grain && metric->calendar == l->bucket.calendar
		       ? &l->known[at]
		       : NULL;
}

static bool is_asked(const struct looking *l, const struct metric *metric)
{
	return !l->metric || l->metric == metric;
}

/* What @metric is called, in the thread's language; NULL: the catalogue does not say. */
static const char *name_of(const struct catalogue *catalogue, const char *metric)
{
	const struct metric *found = catalogue_find(catalogue, metric);
	if (!found)
		return NULL;
	const char *name = strcmp(language_tag(), "vi") == 0 ? found->label_vi : found->label_en;
	return name && *name ? name : NULL;
}

static int row_put(struct looking *l, const char *problem, const char *metric, const char *labels,
		   const char *value, const char *detail, struct err *err)
{
	char period[PERIOD_TEXT_MAX];
	struct table *table = l->table;
	if (table_rows(table) == QUERY_ROWS_MAX)
		return err_set(err, -E2BIG,
			       "the answer would have more than %u rows; ask for less at once",
			       QUERY_ROWS_MAX);
	table_row(table);
	table_text(table, period_format(l->bucket, period));
	table_text(table, l->unit ? l->unit->code : NULL);
	table_text(table, l->unit ? l->unit->name : NULL);
	table_text(table, l->office->code);
	table_text(table, l->office->name);
	table_text(table, problem);
	table_text(table, metric);
	table_text(table, labels);
	if (value)
		table_number(table, value);
	else
		table_null(table);
	table_text(table, detail);
	table_text(table, name_of(l->catalogue, metric));
	return 0;
}

/* A value as people of the thread's language write decimals. */
static const char *number(const struct metric *metric, int64_t value_e, char text[DECIMAL_TEXT_MAX])
{
	(void)decimal_format(value_e, metric->decimals, text); /* its length */
	char *mark = strchr(text, '.');
	if (mark && strcmp(language_tag(), "vi") == 0)
		*mark = ',';
	return text;
}

/* --- a page by itself --- */

static int rule_look(struct looking *l, const struct rule *rule, struct err *err)
{
	struct operand operands[RULE_TERMS_MAX];
	char words[RULE_TEXT_MAX], numbers[RULE_TEXT_MAX], detail[DETAIL_MAX];
	bool asked = !l->metric;
	for (size_t i = 0; i < rule->n; i++) {
		const struct metric *metric = catalogue_find(l->catalogue, rule->terms[i].metric);
		struct operand_sum sum = { 0 };
		if (!metric || metric->period != l->bucket.grain ||
		    metric->calendar != l->bucket.calendar)
			return 0;
		asked = asked || l->metric == metric;
		for (size_t k = 0; k < l->entries.n; k++) {
			const struct known *known = known_of(l, &l->entries.entries[k]);
			if (known && known->metric == metric)
				operand_add(&sum, (int64_t)l->entries.entries[k].acc.value,
					    metric->decimals);
		}
		operands[i] = operand_of(&sum, metric);
	}
	if (!asked || !rule_judges(rule, l->bucket) || rule_judge(rule, operands) != RULE_BROKEN)
		return 0;
	char point = strcmp(language_tag(), "vi") == 0 ? ',' : '.';
	(void)utf8_print(detail, sizeof(detail), "%s: %s",
			 rule_words(rule, words), /* cut is fine */
			 rule_numbers(rule, l->catalogue, operands, point, numbers));
	return row_put(l, "rule", rule->terms[0].metric, NULL, NULL, detail, err);
}

/* @whole stands undivided; is there a part of it? */
static int whole_look(struct looking *l, const struct known *whole, int64_t whole_e,
		      struct err *err)
{
	char value[DECIMAL_TEXT_MAX], part_text[DECIMAL_TEXT_MAX], detail[DETAIL_MAX];
	for (size_t k = 0; k < l->entries.n; k++) {
		const struct entry *entry = &l->entries.entries[k];
		const struct known *part = known_of(l, entry);
		if (!part || part->metric != whole->metric || !*part->labels)
			continue;
		(void)utf8_print(detail, sizeof(detail), /* fits */
				 _("the whole, %s, and parts of it are both reported, such as '%s' "
				   "with %s; they are added up"),
				 number(whole->metric, whole_e, value), part->labels,
				 number(part->metric, (int64_t)entry->acc.value, part_text));
		(void)decimal_format(whole_e, whole->metric->decimals, value); /* its length */
		return row_put(l, "whole", whole->metric->name, NULL, value, detail, err);
	}
	return 0;
}

/* What of the labels is in no list in force. */
static int labels_look(struct looking *l, const struct known *known, int64_t value_e,
		       struct err *err)
{
	char value[DECIMAL_TEXT_MAX], resolved[LABELS_TEXT_MAX], day[DAY_TEXT_MAX];
	char detail[DETAIL_MAX];
	struct err why;
	int32_t first = period_first_day(l->bucket);
	if (dimensions_hold(l->catalogue->dimensions, known->labels, first))
		return 0;
	if (dimensions_resolve(l->catalogue->dimensions, known->labels, first, resolved, &why) < 0)
		(void)utf8_print(detail, sizeof(detail), "%s", why.text);
	else
		(void)utf8_print(detail, sizeof(detail),
				 _("the list in force on %s writes it '%s'"),
				 day_format(first, day), resolved);
	(void)decimal_format(value_e, known->metric->decimals, value); /* its length */
	return row_put(l, "unlisted", known->metric->name, known->labels, value, detail, err);
}

/* --- a series beside its past --- */

static int far_look(struct looking *l, const struct known *known, const struct track *track,
		    int64_t value_e, struct err *err)
{
	struct history history = { .n = 0 };
	struct history_range usual;
	struct period before = l->bucket;
	char value[DECIMAL_TEXT_MAX], low[DECIMAL_TEXT_MAX], high[DECIMAL_TEXT_MAX];
	char was[DECIMAL_TEXT_MAX], period[PERIOD_TEXT_MAX], detail[DETAIL_MAX];
	for (size_t i = 0; i < track->n; i++)
		if (track->past_number[i] >= l->bucket.number - (int32_t)QUALITY_BACK)
			history_add(&history, track->past[i]);
	if (!history_judge(&history, known->metric, value_e, &usual))
		return 0;
	before.number = track->number;
	(void)utf8_print(detail, sizeof(detail), /* fits */
			 _("%s is far from what was reported before: %s for %s, and %s to %s would "
			   "be usual"),
			 number(known->metric, value_e, value),
			 number(known->metric, track->value_e, was), period_format(before, period),
			 number(known->metric, usual.low_e, low),
			 number(known->metric, usual.high_e, high));
	(void)decimal_format(value_e, known->metric->decimals, value); /* its length */
	return row_put(l, "far", known->metric->name, known->labels, value, detail, err);
}

static int same_look(struct looking *l, const struct known *known, const struct track *track,
		     int64_t value_e, struct err *err)
{
	struct period since = l->bucket;
	char value[DECIMAL_TEXT_MAX], period[PERIOD_TEXT_MAX], detail[DETAIL_MAX];
	if (track->run != QUALITY_RUN)
		return 0;
	since.number -= (int32_t)QUALITY_RUN - 1;
	(void)utf8_print(detail, sizeof(detail), /* fits */
			 _("%s was reported for each of %u periods in a row, since %s"),
			 number(known->metric, value_e, value), QUALITY_RUN,
			 period_format(since, period));
	(void)decimal_format(value_e, known->metric->decimals, value); /* its length */
	return row_put(l, "same", known->metric->name, known->labels, value, detail, err);
}

static void track_go_on(struct track *track, int32_t number, int64_t value_e)
{
	track->past[track->next] = value_e;
	track->past_number[track->next] = number;
	track->next = (track->next + 1) % HISTORY_MAX;
	track->n += track->n < HISTORY_MAX;
	track->value_e = value_e;
	track->number = number;
}

/* --- one page --- */

static int figure_look(struct looking *l, const struct known *known, const struct entry *entry,
		       bool shown, struct err *err)
{
	const struct metric *metric = known->metric;
	struct track *track = &l->tracks[known - l->known];
	int64_t value_e = (int64_t)entry->acc.value; /* one figure, which had 64 bits */
	bool on =
		track->n > 0 && track->number == l->bucket.number - 1 && track->value_e == value_e;
	int rc = 0;
	track->run = on ? track->run + 1 : 1;
	shown = shown && is_asked(l, metric);
	if (shown && !*known->labels && metric->n_dimensions > 0 &&
	    metric->undivided == UNDIVIDED_EITHER)
		rc = whole_look(l, known, value_e, err);
	if (rc == 0 && shown && *known->labels)
		rc = labels_look(l, known, value_e, err);
	if (rc == 0 && shown)
		rc = far_look(l, known, track, value_e, err);
	if (rc == 0 && shown)
		rc = same_look(l, known, track, value_e, err);
	track_go_on(track, l->bucket.number, value_e);
	return rc;
}

static bool lies_within(const struct looking *l, int32_t day)
{
	const struct unit *unit = l->unit;
	while (unit && l->area && strcmp(unit->code, l->area) != 0)
		unit = units_parent(l->reference->units, unit, day);
	return !l->area || unit;
}

static int page_look(struct looking *l, struct err *err)
{
	const struct rules *rules = l->catalogue->rules;
	int32_t day = period_first_day(l->bucket);
	l->unit = office_unit(l->office, l->reference->units, day);
	bool shown = day >= l->first_day && lies_within(l, day);
	int rc = 0;
	for (size_t i = 0; shown && rules && i < rules->n && rc == 0; i++)
		rc = rule_look(l, &rules->list[i], err);
	for (size_t i = 0; i < l->entries.n && rc == 0; i++) {
		const struct known *known = known_of(l, &l->entries.entries[i]);
		if (known)
			rc = figure_look(l, known, &l->entries.entries[i], shown, err);
	}
	return rc;
}

/* 1: there is a page. */
static int page_get(struct looking *l, struct err *err)
{
	struct page_key key = { page_grain(l->bucket.calendar, l->bucket.grain), l->bucket.number,
				l->office->id };
	page_free(&l->entries);
	sqlite3_bind_int64(l->page, 1, key.grain);
	sqlite3_bind_int64(l->page, 2, key.bucket);
	sqlite3_bind_int64(l->page, 3, key.node);
	int rc = db_step(l->page, err);
	if (rc == 1) {
		struct err damage;
		int read =
			page_load(key, sqlite3_column_blob(l->page, 0),
				  (size_t)sqlite3_column_bytes(l->page, 0), &l->entries, &damage);
		l->damaged += read == -EUCLEAN; /* I11: the others are told */
		rc = read == -ENOMEM ? err_memory(err) : read == 0;
	}
	(void)sqlite3_reset(l->page); /* repeats the error that step told */
	return rc;
}

/* --- all --- */

static bool is_counted(const struct looking *l, enum calendar calendar, enum grain grain)
{
	for (size_t i = 0; i < l->n_known; i++)
		if (l->known[i].metric->period == grain && l->known[i].metric->calendar == calendar)
			return true;
	return false;
}

static int kind_look(struct looking *l, enum calendar calendar, enum grain grain, struct err *err)
{
	int32_t per_day = (int32_t)grain_per_day(grain), first, end;
	if (grain >= GRAIN_DAY) {
		first = period_of_day(calendar, grain, l->first_day).number;
		end = period_of_day(calendar, grain, l->end_day - 1).number + 1;
	} else {
		first = l->first_day * per_day;
		end = l->end_day * per_day;
	}
	if ((uint32_t)(end - first) >= PLAN_BUCKETS_MAX)
		return err_set(err, -E2BIG,
			       "the range has more than %u periods; ask for a shorter one or "
			       "coarser periods",
			       PLAN_BUCKETS_MAX);
	memset(l->tracks, 0, l->n_known * sizeof(*l->tracks));
	int rc = 0;
	for (int32_t number = first - (int32_t)QUALITY_BACK; number < end && rc >= 0; number++) {
		l->bucket = (struct period){ calendar, grain, number };
		rc = page_get(l, err);
		if (rc == 1)
			rc = page_look(l, err);
	}
	return rc < 0 ? rc : db_time_left(err);
}

static int office_look(struct looking *l, struct err *err)
{
	int rc = 0;
	for (int grain = GRAIN_HOUR; grain < GRAIN_COUNT && rc == 0; grain++)
		for (int calendar = CALENDAR_CIVIL; calendar <= CALENDAR_REPORT && rc == 0;
		     calendar++)
			if (is_counted(l, (enum calendar)calendar, (enum grain)grain))
				rc = kind_look(l, (enum calendar)calendar, (enum grain)grain, err);
	return rc;
}

static int look(struct looking *l, struct err *err)
{
	static const char *const columns[] = { "period", "area",    "area_name",  "office",
					       "name",   "problem", "metric",     "labels",
					       "value",  "detail",  "metric_name" };
	const struct offices *offices = l->reference->offices;
	int rc = metric_find(l, err);
	if (rc == 0)
		rc = days_find(l, err);
	if (rc == 0)
		rc = places_find(l, err);
	if (rc == 0)
		rc = series_load(l, err);
	if (rc == 0)
		rc = db_prepare(
			l->db,
			"SELECT page FROM rollup WHERE grain = ? AND bucket = ? AND node = ?",
			&l->page, err);
	if (rc == 0 && !(l->table = table_open(columns, sizeof(columns) / sizeof(columns[0]))))
		rc = err_memory(err);
	for (size_t i = 0; i < offices->n && rc == 0; i++) {
		l->office = offices->by_code[i];
		if (!l->only || l->office == l->only)
			rc = office_look(l, err);
	}
	return rc == 0 && table_failed(l->table) ? err_memory(err) : rc;
}

int quality_run(sqlite3 *db, const struct reference *reference, const struct quality_form *form,
		struct table **ret_table, struct err *err)
{
	struct looking l = {
		.db = db, .reference = reference, .catalogue = reference->catalogue, .form = form
	};
	int rc = look(&l, err);
	if (rc == 0 && l.area != form->area) {
		table_head(l.table, "quality", "area", l.area);
		table_head(l.table, "quality", "area_asked", form->area);
	}
	if (rc == 0 && l.damaged > 0)
		table_head_int(l.table, "quality", "damaged_pages", (int64_t)l.damaged);
	page_free(&l.entries);
	(void)sqlite3_finalize(l.page); /* repeats the error that step told */
	for (size_t i = 0; i < l.n_known; i++)
		free(l.known[i].labels);
	free(l.known);
	free(l.tracks);
	if (rc == 0)
		*ret_table = l.table;
	else
		table_close(l.table);
	return rc;
}
