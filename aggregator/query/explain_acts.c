/* Which acts of the ledger may have touched it: out of the history of each name that it is about.
 */
#include "query/explain_internal.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "query/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ACTS_MOST      1000u /* rows of one name's history: who wants more has the audit */
#define ACT_DETAIL_MAX 1024u
#define ACT_NAMES_MAX  256u

struct act { /* rows @row to @row + @n - 1: what became of one row of the register */
	const struct table *table;
	size_t row, n, at; /* @at: in which order it was found */
	int64_t event;
};

struct acts {
	struct explaining *e;
	struct table *tables[ACT_NAMES_MAX]; /* owned [n_tables]: of one name each */
	const char *names[ACT_NAMES_MAX];    /* lent [n_tables] */
	size_t n_tables;
	struct act *list; /* owned [n] */
	size_t n, room;
	int64_t since_us; /* when the first of the entries came or, where none are told, the period
			     began */
};

static bool same_cell(const struct table *table, size_t a, size_t b, const char *column)
{
	const char *x = table_cell_of(table, a, column), *y = table_cell_of(table, b, column);
	return x && y ? strcmp(x, y) == 0 : x == y;
}

static int rows_note(struct acts *acts, const struct table *table, struct err *err)
{
	for (size_t i = 0, next; i < table_rows(table); i = next) {
		const char *event = table_cell_of(table, i, "event");
		for (next = i + 1; next < table_rows(table) && same_cell(table, i, next, "event") &&
				   same_cell(table, i, next, "record") &&
				   same_cell(table, i, next, "row");)
			next++;
		if (ARRAY_RESERVE(acts->list, acts->room, acts->n + 1) < 0)
			return err_memory(err);
		acts->list[acts->n] = (struct act){ .table = table,
						    .row = i,
						    .n = next - i,
						    .at = acts->n,
						    .event = event ? strtoll(event, NULL, 10) : 0 };
		acts->n++;
	}
	return 0;
}

/* What was done to @name, which is asked about once. */
static int name_ask(struct acts *acts, const char *name, const struct metric *metric,
		    struct err *err)
{
	const struct explaining *e = acts->e;
	struct period bucket = plan_bucket(&e->plan, e->plan.first);
	const struct history_touch touch = { .first = period_first_day(bucket),
					     .end = period_end_day(bucket),
					     .since_us = acts->since_us,
					     .until_us = e->plan.known_us,
					     .metric = metric };
	const struct history_form form = { .name = name, .most = ACTS_MOST, .touch = &touch };
	struct table **table = &acts->tables[acts->n_tables];
	for (size_t i = 0; i < acts->n_tables; i++)
		if (strcmp(acts->names[i], name) == 0)
			return 0;
	if (acts->n_tables == ACT_NAMES_MAX)
		return 0; /* more than the offices and units of EXPLAIN_WHOLE_MAX */
	int rc = history_run(e->db, e->reference, &form, table, err);
	if (rc < 0)
		return rc;
	acts->names[acts->n_tables++] = name;
	const char *next = table_head_value(*table, "history", "next");
	if (next)
		table_head(e->table, "explain", "acts_since", next);
	return rows_note(acts, *table, err);
}

/* The units of the offices that are shown, and those above them. */
static int units_ask(struct acts *acts, const struct office *office, struct err *err)
{
	const struct explaining *e = acts->e;
	const struct units *units = e->reference->units;
	const struct rows *rows = &e->parts[0].rows;
	int rc = 0;
	for (size_t i = 0; i < rows->n_days; i++)
		for (const struct unit *unit = office_unit(office, units, rows->days[i]);
		     unit && rc == 0; unit = units_parent(units, unit, rows->days[i]))
			rc = name_ask(acts, unit->code, NULL, err);
	return rc;
}

static int names_ask(struct acts *acts, struct err *err)
{
	const struct explaining *e = acts->e;
	int rc = e->plan.indicator ? name_ask(acts, e->query.name, NULL, err) : 0;
	for (size_t i = 0; i < e->n_parts && rc == 0; i++)
		rc = name_ask(acts, e->parts[i].name, NULL, err);
	for (size_t i = 0; i < e->n && e->whole && rc == 0; i++) {
		rc = name_ask(acts, e->offices[i]->code, e->parts[0].plan.metrics[0], err);
		if (rc == 0)
			rc = units_ask(acts, e->offices[i], err);
	}
	return rc;
}

static int newest_first(const void *a, const void *b)
{
	const struct act *x = a, *y = b;
	if (x->event != y->event)
		return x->event > y->event ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* "assignment 28249 2025-07-01: unit_code 815 > 816". */
static void detail_write(const struct act *act, char text[ACT_DETAIL_MAX])
{
	const char *record = table_cell_of(act->table, act->row, "record"),
		   *row = table_cell_of(act->table, act->row, "row");
	size_t len =
		utf8_print(text, ACT_DETAIL_MAX, "%s %s", record ? _(record) : "", row ? row : "");
	for (size_t i = act->row; i < act->row + act->n; i++) {
		const char *column = table_cell_of(act->table, i, "column"),
			   *was = table_cell_of(act->table, i, "was"),
			   *became = table_cell_of(act->table, i, "became");
		if (!column || strcmp(column, "closed_us") == 0 || len + 1 >= ACT_DETAIL_MAX)
			continue; /* a closing's instant is the act's */
		len += utf8_print(text + len, ACT_DETAIL_MAX - len, "%s%s %s%s%s",
				  i == act->row ? ": " : "; ", column, was ? was : "",
				  was ? " > " : "", became ? became : "-");
	}
}

/* The same row of the same event may be found by several names. */
static bool told_before(const struct acts *acts, size_t i)
{
	const struct act *act = &acts->list[i];
	for (size_t k = i; k-- > 0 && acts->list[k].event == act->event;) {
		const struct act *other = &acts->list[k];
		const char *a = table_cell_of(act->table, act->row, "row"),
			   *b = table_cell_of(other->table, other->row, "row"),
			   *x = table_cell_of(act->table, act->row, "record"),
			   *y = table_cell_of(other->table, other->row, "record");
		if (a && b && x && y && strcmp(a, b) == 0 && strcmp(x, y) == 0)
			return true;
	}
	return false;
}

static void put_act(struct explaining *e, const struct act *act)
{
	char detail[ACT_DETAIL_MAX];
	struct table *table = e->table;
	size_t at = METRIC;
	table_row(table);
	table_text(table, "act");
	explain_skip(table, &at, EVENT);
	table_int(table, act->event);
	table_text(table, table_cell_of(act->table, act->row, "act"));
	table_text(table, table_cell_of(act->table, act->row, "at"));
	table_text(table, table_cell_of(act->table, act->row, "who"));
	table_text(table, table_cell_of(act->table, act->row, "shown_name"));
	detail_write(act, detail);
	table_text(table, detail);
}

static int64_t since(const struct explaining *e)
{
	int64_t since_us = INT64_MAX;
	for (size_t i = 0; i < e->n_parts && e->whole; i++) {
		const struct gathering *g = &e->parts[i].gathering;
		if (g->n > 0 && g->notes[0].received_us < since_us)
			since_us = g->notes[0].received_us;
	}
	return since_us < INT64_MAX
		       ? since_us
		       : civil_day_start_us(period_first_day(plan_bucket(&e->plan, e->plan.first)));
}

int explain_acts(struct explaining *e, struct err *err)
{
	struct acts *acts = calloc(1, sizeof(*acts));
	if (!acts)
		return err_memory(err);
	acts->e = e;
	acts->since_us = since(e);
	int rc = names_ask(acts, err);
	if (rc == 0 && acts->n > 0)
		qsort(acts->list, acts->n, sizeof(*acts->list), newest_first);
	for (size_t i = 0; i < acts->n && rc == 0; i++)
		if (!told_before(acts, i))
			put_act(e, &acts->list[i]);
	for (size_t i = 0; i < acts->n_tables; i++)
		table_close(acts->tables[i]);
	free(acts->list);
	free(acts);
	return rc;
}
