#include "figures.h"
#include "query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_office_code(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	return strcmp(x->office->code, y->office->code);
}

static void put_member(struct table *table, const struct reference *reference, struct period bucket,
		       const struct member *member)
{
	char period[PERIOD_TEXT_MAX];
	const struct unit *unit =
		office_unit(member->office, reference->units, period_end_day(bucket) - 1);
	const struct counts *counts = &member->counts;
	table_row(table);
	table_text(table, period_format(bucket, period));
	table_text(table, unit ? unit->code : NULL);
	table_text(table, unit ? unit->name : NULL);
	table_text(table, member->office->code);
	table_text(table, member->office->name);
	table_int(table, counts->due);
	table_int(table, counts->reported);
	table_int(table, counts->carried);
	table_int(table, counts->due - counts->reported - counts->carried);
}

static int missing_in(struct figures *figures, const struct plan *plan,
		      const struct reference *reference, struct period bucket, struct table *table,
		      struct err *err)
{
	struct rows rows;
	int rc = rows_make(plan, reference, bucket, &rows, err);
	if (rc < 0)
		return rc;
	struct figure *shown = calloc(rows.n, sizeof(*shown));
	for (size_t i = 0; shown && i < rows.n; i++)
		mpq_init(shown[i].value);
	rc = shown ? figures_begin(figures, &rows, bucket, err) : err_memory(err);
	if (rc == 0)
		rc = figures_of(figures, 0, shown, err);
	if (rc == 0) {
		const struct member *members;
		size_t n = figures_end(figures, shown, &members);
		struct member *sorted = malloc((n + 1) * sizeof(*sorted));
		if (!sorted) {
			rc = err_memory(err);
		} else if (n > 0) {
			memcpy(sorted, members, n * sizeof(*sorted));
			qsort(sorted, n, sizeof(*sorted), by_office_code);
		}
		for (size_t i = 0; rc == 0 && i < n; i++)
			if (sorted[i].counts.due >
			    sorted[i].counts.reported + sorted[i].counts.carried)
				put_member(table, reference, bucket, &sorted[i]);
		free(sorted);
	}
	for (size_t i = 0; shown && i < rows.n; i++)
		mpq_clear(shown[i].value);
	free(shown);
	rows_free(&rows);
	return rc;
}

int completeness_run(sqlite3 *db, const struct reference *reference, const struct query *query,
		     struct table **ret_answer, struct err *err)
{
	static const char *const columns[] = { "period", "area",     "area_name", "office", "name",
					       "due",    "reported", "carried",   "missing" };
	struct query whole = *query;
	struct plan plan;
	whole.by = NULL; /* one row per office anyway */
	int rc = plan_make(reference, &whole, &plan, err);
	if (rc == 0 && plan.indicator)
		rc = err_set(err, -EINVAL,
			     "'%s' is an indicator; ask who is missing for one of its metrics, "
			     "such as '%s'",
			     plan.indicator->name, plan.metrics[0]->name);
	if (rc < 0)
		return rc;
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	struct figures *figures = table ? figures_open(db, reference, &plan, err) : NULL;
	rc = figures ? 0 : table ? err->code : err_memory(err);
	if (rc == 0)
		plan_head(&plan, table);
	for (int32_t number = plan.first; number <= plan.last && rc == 0; number++)
		rc = missing_in(figures, &plan, reference, plan_bucket(&plan, number), table, err);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	figures_close(figures);
	if (rc < 0) {
		table_close(table);
		return rc;
	}
	*ret_answer = table;
	return 0;
}
