/* What came of figures, one by one: gathering.h. */
#include "query/figures_head.h"
#include "query/gathering.h"
#include "query/known.h"
#include "query/query.h"

int revisions_run(sqlite3 *db, const struct reference *now, const struct query *query,
		  struct table **ret_answer, struct err *err)
{
	struct plan plan;
	struct reference_then then;
	struct query whole = *query;
	whole.by = NULL; /* in which row it lies does not matter: it is all of the area */
	int rc = known_reference(db, now, query, &then, err);
	const struct reference *reference = rc == 0 ? then.reference : NULL;
	if (rc == 0)
		rc = plan_make(reference, &whole, &plan, err);
	if (rc == 0)
		rc = series_check(db, &plan, reference, err);
	if (rc < 0)
		return rc;
	struct gathering g = { .plan = &plan, .reference = reference };
	struct table *table = note_table();
	rc = table ? gathering_open(&g, db, err) : err_memory(err);
	if (table && query->stream)
		table_stream(table, query->stream);
	if (rc == 0)
		rc = gathering_of_plan(&g, db, err);
	if (rc == 0) {
		plan_head(&plan, NULL, table);
		figures_head_named(&plan, reference, table);
		known_head(&then, table);
	}
	for (size_t i = 0; i < g.n && rc == 0; i++)
		rc = note_put(&g, table, &g.notes[i], err);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	gathering_close(&g);
	if (rc < 0) {
		table_close(table);
		return rc;
	}
	*ret_answer = table;
	return 0;
}
