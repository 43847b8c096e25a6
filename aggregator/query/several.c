/* A whole question: one name or several, with totals, beside what was before.
 *
 * 1. Each name is understood by itself (plan.h), with the period that all have in common.
 * 2. Each is answered bucket by bucket (query.c). Where one name alone is asked for, with nothing
 *    beside it, its rows are the answer.
 * 3. Otherwise a bucket's rows, those of the whole and those of the bucket before stand in tables
 * of their own, and are copied from there, cell by cell. All of it runs in the caller's
 * transaction, under one reference and by one time of day. */
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "query/arrange.h"
#include "query/comparison.h"
#include "query/figures_head.h"
#include "query/known.h"
#include "query/query_internal.h"
#include "query/series.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 64u

/* What is asked of each name. */
enum side { PARTS, WHOLE, SIDES };

struct asking {
	sqlite3 *db;
	const struct reference *reference; /* lent */
	struct query query;                /* its name is that of all */
	char *texts;                       /* owned: the names, cut at the commas */
	const char *names[QUERY_NAMES_MAX];
	struct plan plans[QUERY_NAMES_MAX]; /* [n] */
	size_t n;
	enum versus versus;
	struct arrangement arrangement;
	struct table *table; /* owned, until it is handed out */
};

/* --- the names --- */

static int names_part(struct asking *asking, struct err *err)
{
	char *rest = asking->texts = strdup(asking->query.name ? asking->query.name : "");
	if (!rest)
		return err_memory(err);
	for (char *name; (name = strsep(&rest, ","));) {
		if (asking->n == QUERY_NAMES_MAX)
			return err_set(err, -E2BIG,
				       "more than %u metrics and indicators are asked for at once; "
				       "ask in several questions",
				       QUERY_NAMES_MAX);
		for (size_t i = 0; i < asking->n; i++)
			if (strcmp(asking->names[i], name) == 0)
				return err_set(err, -EINVAL, "'%s' is asked for twice", name);
		asking->names[asking->n++] = name;
	}
	return 0;
}

/* Without --per: the shortest period that all add up to, which is the longest of their own. */
static int find_common_period(struct asking *asking, struct err *err)
{
	const struct plan *longest = &asking->plans[0];
	enum calendar calendar = CALENDAR_CIVIL;
	for (size_t i = 0; i < asking->n; i++) {
		if (asking->plans[i].per > longest->per)
			longest = &asking->plans[i];
		if (asking->plans[i].calendar == CALENDAR_REPORT)
			calendar = CALENDAR_REPORT;
	}
	struct plan common = { .per = longest->per, .calendar = calendar };
	for (size_t i = 0; i < asking->n && !asking->query.per; i++)
		for (size_t k = 0; k < asking->plans[i].n_metrics; k++)
			if (!plan_fits(&common, asking->plans[i].metrics[k]))
				return err_set(err, -EINVAL,
					       "%s is told per %s (%s calendar) and %s per %s (%s "
					       "calendar), which have no period in common; ask for "
					       "them one by one, or give another --per",
					       asking->names[i],
					       _(grain_name(asking->plans[i].per)),
					       _(calendar_name(asking->plans[i].calendar)),
					       asking->names[longest - asking->plans],
					       _(grain_name(longest->per)),
					       _(calendar_name(longest->calendar)));
	if (!asking->query.per)
		asking->query.per = grain_name(longest->per);
	if (!asking->query.calendar)
		asking->query.calendar = calendar_name(calendar);
	return 0;
}

static int plan_each(struct asking *asking,
		     int (*make)(const struct reference *reference, const struct query *query,
				 struct plan *ret_plan, struct err *err),
		     struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < asking->n && rc == 0; i++) {
		struct query query = asking->query;
		query.name = asking->names[i];
		rc = make(asking->reference, &query, &asking->plans[i], err);
	}
	return rc;
}

static int plans_make(struct asking *asking, struct err *err)
{
	int rc = asking->n > 1 ? plan_each(asking, plan_grain, err) : 0;
	if (rc == 0 && asking->n > 1)
		rc = find_common_period(asking, err);
	if (rc == 0)
		rc = plan_each(asking, plan_make, err);
	for (size_t i = 0; i < asking->n && rc == 0; i++)
		rc = series_check(asking->db, &asking->plans[i], asking->reference, err);
	if (rc == 0 && asking->query.total && !asking->query.by && !asking->query.by_label)
		return err_set(err, -EINVAL,
			       "--total has nothing to add up: without --by and --by-label the "
			       "answer is the total");
	return rc;
}

/* --- what is asked of a name --- */

/* Without --by it is about the area as a whole or, where the rows are by label alone, without that.
 */
static struct plan plan_of_side(const struct plan *plan, enum side side)
{
	struct plan whole = *plan;
	if (side == PARTS)
		return whole;
	whole.rank = false;
	if (!plan->by && !plan->by_office)
		whole.by_label = NULL;
	whole.by = NULL;
	whole.by_office = false;
	return whole;
}

/* The same of the buckets that those of @plan are compared with. False: there are none. */
static bool plan_before(const struct plan *plan, enum versus versus, struct plan *ret_before)
{
	struct period period;
	bool any = false;
	*ret_before = *plan;
	ret_before->rank = false;
	for (int32_t number = plan->first; number <= plan->last; number++) {
		if (!versus_period(versus, plan_bucket(plan, number), &period))
			continue;
		if (!any)
			ret_before->first = period.number;
		ret_before->last = period.number;
		any = true;
	}
	return any;
}

struct view { /* one side of one name: what is asked, and of the bucket at hand the rows */
	struct plan plan, plan_before;
	struct one_answer *answer,
		*answer_before;      /* owned; before: NULL, nothing to compare with */
	struct table *rows, *before; /* owned */
	size_t columns[COLUMNS_MAX]; /* of the rows, that each column of the answer is; SIZE_MAX:
					none */
};

static int view_open(struct view *view, struct asking *asking, const struct plan *plan,
		     enum side side, struct err *err)
{
	view->plan = plan_of_side(plan, side);
	view->answer = one_answer_open(asking->db, asking->reference, &view->plan, err);
	if (!view->answer)
		return err->code;
	view->rows = one_answer_table(&view->plan);
	view->before = one_answer_table(&view->plan);
	if (!view->rows || !view->before)
		return err_memory(err);
	for (size_t i = 0; i < table_columns(asking->table); i++)
		view->columns[i] = table_find(view->rows, table_column(asking->table, i));
	if (asking->versus != VERSUS_NOTHING &&
	    plan_before(&view->plan, asking->versus, &view->plan_before) &&
	    !(view->answer_before =
		      one_answer_open(asking->db, asking->reference, &view->plan_before, err)))
		return err->code;
	return 0;
}

static void view_close(struct view *view)
{
	one_answer_close(view->answer);
	one_answer_close(view->answer_before);
	table_close(view->rows);
	table_close(view->before);
}

/* --- rows --- */

/* A sum's parts add up (rule 5.6); of anything else the whole is reckoned from the offices anew. */
static bool adds_up(const struct plan *plan)
{
	const struct metric *metric = plan->metrics[0];
	return !plan->indicator && metric->area_agg == AGG_SUM &&
	       (metric->time_agg == AGG_SUM || metric->time_agg == AGG_LAST);
}

static void put_reason_of_whole(const struct asking *asking, const struct view *view, size_t row,
				size_t column)
{
	char sentence[640];
	struct table *table = asking->table;
	const char *own = table_cell(view->rows, row, column);
	bool cut = asking->arrangement.top != SIZE_MAX;
	const char *what =
		adds_up(&view->plan) && cut
			? _("the area as a whole: the other rows, and those that are left "
			    "out, add up to it")
		: adds_up(&view->plan)
			? _("the area as a whole: the other rows add up to it")
			: _("the area as a whole, of all its figures: not the sum of "
			    "the other rows");
	(void)snprintf(sentence, sizeof(sentence), "%s%s%s", what, own ? "; " : "",
		       own ? own : ""); /* cut is fine */
	table_text(table, sentence);
}

static const char *row_kind(const struct view *view, enum side side, size_t row)
{
	bool rest = !table_cell(view->rows, row, 0); /* area: rule 5.6 */
	return side == WHOLE ? (rest ? "total_rest" : "total") : rest ? "rest" : "part";
}

static void put_row(const struct asking *asking, const char *name, const struct view *view,
		    enum side side, size_t row, struct comparison *comparison)
{
	struct table *table = asking->table;
	size_t own = asking->versus == VERSUS_NOTHING ? 0 : COMPARISON_COLUMNS;
	table_row(table);
	for (size_t i = 0; i < table_columns(table) - own; i++) {
		const char *column = table_column(table, i);
		size_t from = view->columns[i];
		if (strcmp(column, "metric") == 0)
			table_text(table, name);
		else if (strcmp(column, "row") == 0)
			table_text(table, row_kind(view, side, row));
		else if (from == SIZE_MAX)
			table_null(table);
		else if (side == WHOLE && strcmp(column, "reason") == 0)
			put_reason_of_whole(asking, view, row, from);
		else
			table_copy(table, view->rows, row, from);
	}
	if (own > 0)
		comparison_put(comparison, row, table);
}

static int answer_bucket(struct asking *asking, const char *name, struct view *view, enum side side,
			 int32_t number, struct err *err)
{
	size_t so_far = asking->query.stream ? 0 : table_rows(asking->table);
	struct comparison comparison = { .now = plan_bucket(&view->plan, number),
					 .rows = view->rows,
					 .ago = view->before };
	table_clear(view->rows);
	table_clear(view->before);
	int rc = one_answer_bucket(view->answer, number, view->rows, QUERY_ROWS_MAX - so_far, err);
	comparison.is_there = view->answer_before &&
			      versus_period(asking->versus, comparison.now, &comparison.before);
	if (rc == 0 && comparison.is_there)
		rc = one_answer_bucket(view->answer_before, comparison.before.number, view->before,
				       QUERY_ROWS_MAX, err);
	if (rc == 0 && (table_failed(view->rows) || table_failed(view->before)))
		rc = err_memory(err);
	for (size_t row = 0; rc == 0 && row < table_rows(view->rows); row++)
		put_row(asking, name, view, side, row, &comparison);
	return rc == 0 && table_failed(asking->table) ? err_memory(err) : rc;
}

static int answer_name(struct asking *asking, size_t i, struct err *err)
{
	const struct plan *plan = &asking->plans[i];
	struct view views[SIDES] = { 0 };
	size_t sides = asking->query.total ? SIDES : WHOLE;
	int rc = 0;
	for (enum side side = PARTS; side < sides && rc == 0; side++)
		rc = view_open(&views[side], asking, plan, side, err);
	for (int32_t number = plan->first; number <= plan->last && rc == 0; number++)
		for (enum side side = PARTS; side < sides && rc == 0; side++)
			rc = answer_bucket(asking, asking->names[i], &views[side], side, number,
					   err);
	for (enum side side = PARTS; side < sides; side++)
		view_close(&views[side]);
	return rc;
}

/* --- the table --- */

/* The metric first; then those of a plain answer, an indicator's where one is among the names; and
 * behind these what the options add, so that none moves. */
static struct table *table_of_all(const struct asking *asking)
{
	const char *columns[COLUMNS_MAX];
	size_t n = 0, widest = 0;
	while (widest + 1 < asking->n && !asking->plans[widest].indicator)
		widest++;
	struct table *plain = one_answer_table(&asking->plans[widest]);
	if (!plain)
		return NULL;
	if (asking->n > 1)
		columns[n++] = "metric";
	for (size_t i = 0; i < table_columns(plain); i++)
		columns[n++] = table_column(plain, i);
	if (asking->query.total)
		columns[n++] = "row";
	if (asking->versus != VERSUS_NOTHING) {
		memcpy(columns + n, comparison_columns, sizeof(comparison_columns));
		n += COMPARISON_COLUMNS;
	}
	struct table *table = table_open(columns, n);
	table_close(plain);
	return table;
}

static void put_head(const struct asking *asking, const struct reference_then *then)
{
	struct table *table = asking->table;
	plan_head(&asking->plans[0], asking->n > 1 ? asking->query.name : NULL, table);
	if (asking->versus != VERSUS_NOTHING)
		table_head(table, "query", "versus", asking->query.versus);
	if (asking->query.total)
		table_head(table, "query", "total", "1");
	figures_head(asking->plans, asking->n, asking->reference, table);
	known_head(then, table);
	for (size_t i = 0; i < asking->n && asking->n > 1; i++)
		table_head(table, "units", asking->names[i],
			   asking->plans[i].indicator ? asking->plans[i].indicator->unit
						      : asking->plans[i].metrics[0]->unit);
}

/* Rows that are to be put in order are kept until all are there. */
static int arrange_prepare(struct asking *asking, struct err *err)
{
	const struct query *query = &asking->query;
	struct arrangement *arrangement = &asking->arrangement;
	if (!arrange_wanted(arrangement))
		return 0;
	asking->query.stream = NULL;
	arrangement->periods = !query->by && !query->by_label;
	return arrange_check(arrangement, asking->table, asking->n > 1 ? query->name : NULL, err);
}

/* Its rows, just as they come. */
static int answer_alone(struct asking *asking, struct err *err)
{
	const struct plan *plan = &asking->plans[0];
	size_t most = asking->query.stream ? SIZE_MAX : QUERY_ROWS_MAX;
	struct one_answer *answer = one_answer_open(asking->db, asking->reference, plan, err);
	int rc = answer ? 0 : err->code;
	for (int32_t number = plan->first; number <= plan->last && rc == 0; number++)
		if ((rc = one_answer_bucket(answer, number, asking->table, most, err)) == 0 &&
		    table_failed(asking->table))
			rc = err_memory(err);
	one_answer_close(answer);
	return rc;
}

static int answer_all(struct asking *asking, struct err *err)
{
	bool alone = asking->n == 1 && !asking->query.total && asking->versus == VERSUS_NOTHING;
	int rc = alone ? answer_alone(asking, err) : 0;
	for (size_t i = 0; i < asking->n && !alone && rc == 0; i++)
		rc = answer_name(asking, i, err);
	return rc == 0 && table_failed(asking->table) ? err_memory(err) : rc;
}

int query_run(sqlite3 *db, const struct reference *now, const struct query *query,
	      struct table **ret_answer, struct err *err)
{
	struct reference_then then;
	struct asking asking = { .db = db, .query = *query };
	int rc = known_reference(db, now, query, &then, err);
	if (asking.query.now_us == 0)
		asking.query.now_us = civil_now_us(); /* it is one instant for all names */
	if (rc == 0) {
		asking.reference = then.reference;
		rc = versus_from_name(query->versus, &asking.versus, err);
	}
	if (rc == 0)
		rc = arrange_read(query->sort, query->top, "-value", &asking.arrangement, err);
	if (rc == 0)
		rc = names_part(&asking, err);
	if (rc == 0)
		rc = plans_make(&asking, err);
	if (rc == 0) {
		asking.table = table_of_all(&asking);
		rc = asking.table ? arrange_prepare(&asking, err) : err_memory(err);
		if (rc == 0 && asking.query.stream)
			table_stream(asking.table, asking.query.stream);
	}
	if (rc == 0) {
		put_head(&asking, &then);
		rc = answer_all(&asking, err);
	}
	if (rc == 0)
		rc = arrange(asking.table, &asking.arrangement, err);
	free(asking.texts);
	if (rc < 0) {
		table_close(asking.table);
		return rc;
	}
	*ret_answer = asking.table;
	return 0;
}
