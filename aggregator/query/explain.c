/* 1. The question is asked as it stands, and of an indicator that of each operand (query_run());
 * 2. what each office gives to it is read office by office, by the same figures;
 * 3. of the offices that are shown, what came is gathered from the journal, and marked: counted, or
 *    not;
 * 4. the rows are written, and behind them the acts. */
#include "query/explain_internal.h"

#include "query/figures_head.h"
#include "query/known.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const columns[EXPLAIN_COLUMNS] = {
	[PART] = "part",
	[METRIC] = "metric",
	[AREA] = "area",
	[AREA_NAME] = "area_name",
	[VALID_FROM] = "valid_from",
	[INTO] = "into",
	[INTO_FROM] = "into_from",
	[OFFICE] = "office",
	[OFFICE_NAME] = "name",
	[LABELS] = "labels",
	[PERIOD] = "period",
	[VALUE] = "value",
	[REASON] = "reason",
	[STATE] = "state",
	[HOW] = "how",
	[OBSERVATIONS] = "observations",
	[DUE] = "due",
	[REPORTED] = "reported",
	[ON_TIME] = "on_time",
	[CARRIED] = "carried",
	[EXCUSED] = "excused",
	[MISSING] = "missing",
	[WAITING] = "waiting",
	[EXTRA] = "extra",
	[REVISIONS] = "revisions",
	[RECEIVED] = "received",
	[WAS] = "was",
	[BECAME] = "became",
	[CHANGE] = "change",
	[COUNTED] = "counted",
	[LATE] = "late",
	[ENTRY] = "entry",
	[SPOOL] = "spool",
	[BATCH] = "batch",
	[AUTHOR] = "author",
	[AUTHOR_NAME] = "author_name",
	[NOTE] = "note",
	[FROM_PROVINCE] = "from_province",
	[EVENT] = "event",
	[ACT] = "act",
	[EVENT_AT] = "event_at",
	[WHO] = "who",
	[SHOWN_NAME] = "shown_name",
	[DETAIL] = "detail",
};

void explain_skip(struct table *table, size_t *at, enum explain_column column)
{
	for (; *at < (size_t)column; ++*at)
		table_null(table);
}

void explain_copy(struct table *table, size_t *at, enum explain_column first,
		  enum explain_column last, const struct table *from, size_t row)
{
	explain_skip(table, at, first);
	for (; *at <= (size_t)last; ++*at) {
		size_t column = table_find(from, columns[*at]);
		if (column != TABLE_NO_COLUMN)
			table_copy(table, from, row, column);
		else
			table_null(table);
	}
}

void explain_place(struct explaining *e, size_t *at, const struct explained *part,
		   const struct unit *unit, int32_t row)
{
	const struct unit *into = row >= 0 ? part->rows.list[row].unit : NULL;
	char day[DAY_TEXT_MAX];
	explain_skip(e->table, at, AREA);
	table_text(e->table, unit ? unit->code : NULL);
	table_text(e->table, unit ? unit->name : NULL);
	table_text(e->table, unit ? day_format(unit->valid_from, day) : NULL);
	table_text(e->table, into ? into->code : NULL);
	table_text(e->table, into ? day_format(into->valid_from, day) : NULL);
	*at = OFFICE;
}

/* --- the question --- */

static int query_make(struct explaining *e, const struct query *asked, struct err *err)
{
	struct period period;
	struct query *query = &e->query;
	*query = *asked;
	query->per = NULL;
	query->stream = NULL;
	query->rank = query->total = false;
	query->versus = query->by_label = query->form = NULL;
	query->last = query->sort = query->top = NULL;
	if (asked->by)
		return err_set(err, -EINVAL, "a total is explained office by office, and not by %s",
			       asked->by);
	if (asked->from && asked->to && strcmp(asked->from, asked->to) != 0)
		return err_set(err, -EINVAL, "one period is explained at a time, not %s to %s",
			       asked->from, asked->to);
	if (asked->from && period_read(asked->from, CALENDAR_CIVIL, &period))
		query->per = grain_name(period.grain);
	return 0;
}

/* What the operands are called; from here on no text of a reference is used that may go. */
static int parts_name(struct explaining *e, const struct reference *now, struct err *err)
{
	struct reference_then then;
	int rc = known_reference(e->db, now, &e->query, &then, err);
	if (rc == 0)
		rc = plan_make(then.reference, &e->query, &e->plan, err);
	if (rc < 0)
		return rc;
	for (e->n_parts = 0; e->n_parts < e->plan.n_metrics; e->n_parts++) {
		struct explained *part = &e->parts[e->n_parts];
		(void)snprintf(part->name, sizeof(part->name), "%s",
			       e->plan.metrics[e->n_parts]->name); /* fits */
		part->query = e->query;
		part->query.name = part->name;
		part->query.per = grain_name(e->plan.per);
		part->query.calendar = calendar_name(e->plan.calendar);
	}
	return 0;
}

static int totals_ask(struct explaining *e, const struct reference *now, struct err *err)
{
	int rc = e->plan.indicator ? query_run(e->db, now, &e->query, &e->total, err) : 0;
	for (size_t i = 0; i < e->n_parts && rc == 0; i++)
		rc = query_run(e->db, now, &e->parts[i].query, &e->parts[i].total, err);
	return rc;
}

static int ask(struct explaining *e, const struct reference *now, struct reference_then *ret_then,
	       struct err *err)
{
	int rc = parts_name(e, now, err);
	if (rc == 0)
		rc = totals_ask(e, now, err);
	if (rc == 0)
		rc = known_reference(e->db, now, &e->query, ret_then, err);
	if (rc < 0)
		return rc;
	e->reference = ret_then->reference;
	rc = plan_make(e->reference, &e->query, &e->plan, err);
	for (size_t i = 0; i < e->n_parts && rc == 0; i++) {
		struct explained *part = &e->parts[i];
		rc = plan_make(e->reference, &part->query, &part->plan, err);
		if (rc == 0)
			rc = rows_make(&part->plan, e->reference,
				       plan_bucket(&part->plan, part->plan.first), &part->rows,
				       err);
		if (rc == 0)
			rc = explain_gifts(e, part, err);
	}
	return rc;
}

/* --- which offices --- */

static bool gives(const struct explaining *e, const struct office *office)
{
	bool any = false;
	for (size_t i = 0; i < e->n_parts; i++)
		any |= e->parts[i].first[office - e->reference->offices->list] >= 0;
	return any;
}

static int find_one(struct explaining *e, struct err *err)
{
	const struct office *office = offices_expect(e->reference->offices, e->form->office, err);
	if (!office)
		return err->code;
	if (!gives(e, office))
		return err_set(err, -ENOENT,
			       "office %s has no part in this figure: it was not due, and nothing "
			       "came from it",
			       office->code);
	e->offices[e->n++] = office;
	return 0;
}

static int find_offices(struct explaining *e, struct err *err)
{
	const struct offices *offices = e->reference->offices;
	const struct explain_form *form = e->form;
	size_t most = form->most ? form->most : EXPLAIN_OFFICES_USUAL, behind = 0;
	int rc = 0;
	e->offices = calloc(offices->n + 1, sizeof(*e->offices));
	if (!e->offices)
		return err_memory(err);
	for (size_t i = 0; i < offices->n; i++) {
		const struct office *office = offices->by_code[i];
		if (!gives(e, office))
			continue;
		e->of++;
		if (form->office || (form->after && strcmp(office->code, form->after) <= 0))
			continue;
		if (e->n < most)
			e->offices[e->n++] = office;
		else
			behind++;
	}
	if (form->office)
		rc = find_one(e, err);
	e->whole = form->office || (e->n <= EXPLAIN_WHOLE_MAX && e->of == e->n);
	table_head_int(e->table, "explain", "offices", (int64_t)e->of);
	table_head_int(e->table, "explain", "shown", (int64_t)e->n);
	table_head(e->table, "explain", "entries", e->whole ? "yes" : "no");
	if (behind > 0)
		table_head(e->table, "explain", "next", e->offices[e->n - 1]->code);
	return rc;
}

/* --- the rows --- */

static void put_how(struct explaining *e, const struct explained *part)
{
	char text[2 * FORMULA_LEN_MAX];
	if (part)
		explain_adding(part, text, sizeof(text));
	else
		explain_formula(e->plan.indicator->text, table_cell_of(e->total, 0, "operands"),
				text, sizeof(text));
	table_text(e->table, text);
}

/* @part NULL: the indicator. */
static void put_total(struct explaining *e, const char *word, const struct explained *part)
{
	const struct table *total = part ? part->total : e->total;
	for (size_t i = 0; i < table_rows(total); i++) {
		size_t at = PART;
		table_row(e->table);
		table_text(e->table, word);
		table_text(e->table, part ? part->name : e->query.name);
		table_text(e->table, table_cell_of(total, i, "area"));
		table_text(e->table, table_cell_of(total, i, "name"));
		table_text(e->table, table_cell_of(total, i, "valid_from"));
		at = INTO;
		explain_copy(e->table, &at, PERIOD, STATE, total, i);
		if (i == 0)
			put_how(e, part);
		else
			table_null(e->table);
		at = OBSERVATIONS;
		explain_copy(e->table, &at, OBSERVATIONS, REVISIONS, total, i);
	}
}

static int put_part(struct explaining *e, struct explained *part, struct err *err)
{
	int rc = e->whole ? explain_gather(e, part, err) : 0;
	put_total(e, e->plan.indicator ? "operand" : "total", part);
	for (size_t i = 0; i < e->n && rc == 0; i++)
		rc = explain_office(e, part, e->offices[i], err);
	return rc;
}

static int put_all(struct explaining *e, struct err *err)
{
	int rc = 0;
	if (e->plan.indicator)
		put_total(e, "total", NULL);
	for (size_t i = 0; i < e->n_parts && rc == 0; i++)
		rc = put_part(e, &e->parts[i], err);
	if (rc == 0)
		rc = explain_acts(e, err);
	return rc == 0 && table_failed(e->table) ? err_memory(err) : rc;
}

static void explained_free(struct explained *part)
{
	explain_entries_close(part);
	for (size_t i = 0; i < part->n; i++)
		mpq_clear(part->gifts[i].value);
	free(part->gifts);
	free(part->first);
	rows_free(&part->rows);
	table_close(part->total);
}

int explain_run(sqlite3 *db, const struct reference *now, const struct query *query,
		const struct explain_form *form, struct table **ret_answer, struct err *err)
{
	struct explaining *e = calloc(1, sizeof(*e));
	struct reference_then then;
	int rc = e ? 0 : err_memory(err);
	if (rc < 0)
		return rc;
	e->db = db;
	e->form = form;
	if (!(e->table = table_open(columns, EXPLAIN_COLUMNS)))
		rc = err_memory(err);
	if (rc == 0)
		rc = query_make(e, query, err);
	if (rc == 0)
		rc = ask(e, now, &then, err);
	if (rc == 0) {
		plan_head(&e->plan, NULL, e->table);
		figures_head_named(&e->plan, e->reference, e->table);
		known_head(&then, e->table);
		rc = find_offices(e, err);
	}
	if (rc == 0)
		rc = put_all(e, err);
	for (size_t i = 0; i < e->n_parts; i++)
		explained_free(&e->parts[i]);
	table_close(e->total);
	free(e->offices);
	if (rc == 0)
		*ret_answer = e->table;
	else
		table_close(e->table);
	free(e);
	return rc;
}
