#include "common/base/array.h"
#include "common/base/blob.h"
#include "common/model/civil.h"
#include "query/figures.h"
#include "query/finished.h"
#include "query/known.h"
#include "query/query.h"
#include "query/series.h"
#include "registry/rational.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct asking {
	const struct plan *plan;
	const struct reference *reference;
	struct figures *figures;
	struct table *table;
	/* of the bucket at hand: */
	struct finished_list finished;
	const struct rows *rows;
	struct astray {
		const struct stray *stray;
		struct place place;
	} * strays; /* owned [n_strays]: offices without a unit, ascending as in the register */
	size_t n_strays;
};

/* --- offices without a unit --- */

static int find_strays(struct asking *asking, struct err *err)
{
	struct astray next;
	asking->n_strays = 0;
	for (size_t at = 0; (next.stray = figures_next_stray(asking->figures, &at, &next.place));) {
		struct astray *list =
			array_room(asking->strays, asking->n_strays, sizeof(*asking->strays));
		if (!list)
			return err_memory(err);
		asking->strays = list;
		list[asking->n_strays++] = next;
	}
	return 0;
}

static const struct stray *stray_of(const struct asking *asking, const struct office *office)
{
	for (size_t i = 0; i < asking->n_strays; i++)
		if (asking->strays[i].stray->office == office)
			return asking->strays[i].stray;
	return NULL;
}

/* --- whose report is finished, as they say --- */

/* When, and by whom; @finished: NULL: it is not. */
static void put_finished(struct table *table, const struct finished *finished)
{
	char at[INSTANT_TEXT_MAX];
	table_text(table, finished ? civil_format(finished->at_us, at) : NULL);
	table_text(table, finished && *finished->author ? finished->author : NULL);
}

/* How many of the row's offices; @ret_one: of a row that is one office. */
static int64_t count_finished(const struct asking *asking, struct period bucket, size_t nth,
			      const struct finished **ret_one)
{
	const struct reference *reference = asking->reference;
	const struct row *row = &asking->rows->list[nth];
	int32_t day = period_first_day(bucket);
	int64_t n = 0;
	*ret_one = NULL;
	for (size_t i = 0; i < asking->finished.n; i++) {
		const struct finished *finished = &asking->finished.list[i];
		const struct office *office = offices_by_id(reference->offices, finished->office);
		const struct unit *unit =
			office ? office_unit(office, reference->units, day) : NULL;
		if (!office || rows_place(asking->rows, office, unit, day).row != (int32_t)nth)
			continue;
		n++;
		if (row->office)
			*ret_one = finished;
	}
	return n;
}

/* --- who is missing (I6) --- */

static int by_office_code(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->office->code, y->office->code);
	return order ? order : (x->row > y->row) - (x->row < y->row);
}

static void put_member(const struct asking *asking, struct period bucket,
		       const struct member *member)
{
	char period[PERIOD_TEXT_MAX], sentence[STRAY_SENTENCE_MAX];
	struct table *table = asking->table;
	const struct stray *stray = stray_of(asking, member->office);
	int32_t day;
	const struct unit *unit =
		asking->rows->by_own_unit /* that of the periods' first days: rule 5.5 */
			? asking->rows->list[member->row].unit
			: NULL;
	if (!unit)
		unit = office_last_unit(member->office, asking->reference->units,
					period_first_day(bucket), &day);
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
	table_int(table, counts->excused);
	table_int(table, counts_missing(counts));
	table_int(table, counts->waiting);
	put_finished(table, finished_of(&asking->finished, member->office->id));
	if (stray)
		stray_tell(stray, asking->n_strays, sentence);
	table_text(table, stray ? sentence : NULL);
}

/* A row for each office that misses something, of which something waits, or which has no unit. */
static int put_members(const struct asking *asking, struct period bucket,
		       const struct member members[], size_t n, struct err *err)
{
	struct member *sorted = malloc((n + asking->n_strays + 1) * sizeof(*sorted));
	size_t kept = 0;
	if (!sorted)
		return err_memory(err);
	for (size_t i = 0; i < n; i++)
		if (counts_missing(&members[i].counts) > 0 || members[i].counts.waiting > 0)
			sorted[kept++] = members[i];
	size_t n_missing = kept;
	for (size_t i = 0; i < asking->n_strays; i++) {
		const struct office *office = asking->strays[i].stray->office;
		size_t k = 0;
		while (k < n_missing && sorted[k].office != office)
			k++;
		if (k == n_missing)
			sorted[kept++] = (struct member){ .office = office,
							  .row = asking->strays[i].place.row };
	}
	if (kept > 1)
		qsort(sorted, kept, sizeof(*sorted), by_office_code);
	for (size_t i = 0; i < kept; i++)
		put_member(asking, bucket, &sorted[i]);
	free(sorted);
	return 0;
}

/* --- how much, unit by unit --- */

static void put_percent(struct table *table, const struct counts *counts)
{
	mpq_t share;
	if (counts->due == 0) {
		table_null(table);
		return;
	}
	mpq_init(share);
	mpq_set_ui(share, (unsigned long)counts->reported * 100, (unsigned long)counts->due);
	mpq_canonicalize(share);
	char *text = rational_text(share, 1);
	table_number(table, text);
	free(text);
	mpq_clear(share);
}

static void put_counts(const struct asking *asking, struct period bucket, size_t nth,
		       const struct counts *counts)
{
	const struct row *row = &asking->rows->list[nth];
	const struct finished *one;
	char text[PERIOD_TEXT_MAX], sentence[STRAY_SENTENCE_MAX];
	struct table *table = asking->table;
	bool names = !row->unit && !row->office && asking->n_strays > 0;
	table_row(table);
	table_text(table, period_format(bucket, text));
	table_text(table, plan_under_way(asking->plan, bucket, text));
	table_text(table, row->unit ? row->unit->code : row->office ? row->office->code : NULL);
	table_text(table, row->unit ? row->unit->name : row->office ? row->office->name : NULL);
	table_text(table, row->unit ? day_format(row->unit->valid_from, text) : NULL);
	table_int(table, counts->due);
	table_int(table, counts->reported);
	table_int(table, counts->on_time);
	table_int(table, counts_late(counts));
	table_int(table, counts->carried);
	table_int(table, counts->excused);
	table_int(table, counts_missing(counts));
	table_int(table, counts->waiting);
	table_int(table, counts->extra);
	table_int(table, counts->revisions);
	table_int(table, counts->offices_due);
	table_int(table, counts->offices_reported);
	table_int(table, count_finished(asking, bucket, nth, &one));
	put_finished(table, one);
	put_percent(table, counts);
	if (names)
		stray_tell(asking->strays[0].stray, asking->n_strays, sentence);
	table_text(table, names ? sentence : NULL);
}

static bool has_rows(const struct plan *plan)
{
	return plan->by || plan->by_office;
}

/* --- one bucket --- */

static int count(const struct asking *asking, struct figure shown[], struct err *err)
{
	const struct catalogue *catalogue = asking->reference->catalogue;
	int rc = 0;
	if (!asking->plan->everything)
		return figures_of(asking->figures, 0, shown, err);
	for (size_t i = 0; i < catalogue->n && rc == 0; i++)
		if (plan_fits(asking->plan, &catalogue->metrics[i]))
			rc = figures_of_metric(asking->figures, &catalogue->metrics[i], shown, err);
	return rc;
}

static int ask_rows(struct asking *asking, struct rows *rows, struct period bucket,
		    struct figure shown[], struct err *err)
{
	const struct member *members;
	asking->rows = rows;
	int rc = figures_begin(asking->figures, rows, bucket, err);
	if (rc == 0)
		rc = finished_read(&asking->finished, bucket, asking->plan->known_us, err);
	if (rc == 0)
		rc = count(asking, shown, err);
	if (rc < 0)
		return rc;
	size_t n = figures_end(asking->figures, shown, &members);
	rc = find_strays(asking, err);
	if (rc < 0)
		return rc;
	if (!has_rows(asking->plan))
		return put_members(asking, bucket, members, n, err);
	/* The last row, where it has something to say. */
	const struct counts *rest = &shown[rows->n - 1].counts;
	bool says = rest->due > 0 || rest->extra > 0 || rest->revisions > 0 || rest->waiting > 0 ||
		    asking->n_strays > 0;
	for (size_t i = 0; i < rows->n - !says; i++)
		put_counts(asking, bucket, i, &shown[i].counts);
	return 0;
}

static int ask_bucket(struct asking *asking, struct period bucket, struct err *err)
{
	struct rows rows;
	int rc = db_time_left(err);
	if (rc == 0)
		rc = rows_make(asking->plan, asking->reference, bucket, &rows, err);
	if (rc < 0)
		return rc;
	struct figure *shown = figures_alloc(rows.n);
	if (table_failed(asking->table))
		rc = err_memory(err);
	else if (!table_is_streamed(asking->table) &&
		 table_rows(asking->table) + rows.n > QUERY_ROWS_MAX)
		rc = err_set(err, -E2BIG,
			     "the answer would have more than %u rows; ask for less at once",
			     QUERY_ROWS_MAX);
	if (rc == 0)
		rc = shown ? ask_rows(asking, &rows, bucket, shown, err) : err_memory(err);
	figures_free(shown, rows.n);
	rows_free(&rows);
	return rc;
}

/* --- the question --- */

static int understand(const struct reference *reference, const struct query *query,
		      struct plan *ret, struct err *err)
{
	if (!query->name || !*query->name)
		return plan_make_everything(reference, query, ret, err);
	int rc = plan_make(reference, query, ret, err);
	if (rc == 0 && ret->indicator)
		return err_set(err, -EINVAL,
			       "'%s' is an indicator; ask who is missing for one of its metrics, "
			       "such as '%s'",
			       ret->indicator->name, ret->metrics[0]->name);
	return rc;
}

/* Names of the metrics that cannot be asked for like this, parted by blanks. */
static int head_left_out(const struct asking *asking, struct err *err)
{
	const struct catalogue *catalogue = asking->reference->catalogue;
	struct blob names = { 0 };
	int rc = 0;
	for (size_t i = 0; i < catalogue->n && rc == 0; i++) {
		const char *name = catalogue->metrics[i].name;
		if (plan_fits(asking->plan, &catalogue->metrics[i]))
			continue;
		if (names.len > 0)
			rc = blob_append(&names, " ", 1);
		if (rc == 0)
			rc = blob_append(&names, name, strlen(name));
	}
	if (rc == 0)
		rc = blob_append(&names, "", 1);
	if (rc == 0 && names.len > 1)
		table_head(asking->table, "query", "left_out", (const char *)names.data);
	blob_free(&names);
	return rc < 0 ? err_memory(err) : 0;
}

static struct table *table_of(const struct plan *plan)
{
	static const char *const missing[] = { "period",      "area",    "area_name", "office",
					       "name",        "due",     "reported",  "carried",
					       "excused",     "missing", "waiting",   "finished",
					       "finished_by", "reason" };
	static const char *const counted[] = { "period",
					       "until",
					       "area",
					       "name",
					       "valid_from",
					       "due",
					       "reported",
					       "on_time",
					       "late",
					       "carried",
					       "excused",
					       "missing",
					       "waiting",
					       "extra",
					       "revised",
					       "offices_due",
					       "offices_reported",
					       "offices_finished",
					       "finished",
					       "finished_by",
					       "percent",
					       "reason" };
	return has_rows(plan) ? table_open(counted, sizeof(counted) / sizeof(counted[0]))
			      : table_open(missing, sizeof(missing) / sizeof(missing[0]));
}

int completeness_run(sqlite3 *db, const struct reference *now, const struct query *query,
		     struct table **ret_answer, struct err *err)
{
	struct plan plan;
	struct reference_then then;
	int rc = known_reference(db, now, query, &then, err);
	const struct reference *reference = rc == 0 ? then.reference : NULL;
	if (rc == 0)
		rc = understand(reference, query, &plan, err);
	if (rc == 0)
		rc = series_check(db, &plan, reference, err);
	if (rc < 0)
		return rc;
	plan.by_own_unit = !has_rows(&plan);
	struct asking asking = { .plan = &plan, .reference = reference, .table = table_of(&plan) };
	if (asking.table && query->stream)
		table_stream(asking.table, query->stream);
	asking.figures =
		asking.table ? figures_open(db, reference, &plan, !has_rows(&plan), err) : NULL;
	rc = asking.figures ? 0 : asking.table ? err->code : err_memory(err);
	if (rc == 0)
		rc = finished_open(db, &asking.finished, err);
	if (rc == 0) {
		plan_head(&plan, NULL, asking.table);
		known_head(&then, asking.table);
	}
	if (rc == 0 && plan.everything)
		rc = head_left_out(&asking, err);
	for (int32_t number = plan.first; number <= plan.last && rc == 0; number++)
		rc = ask_bucket(&asking, plan_bucket(&plan, number), err);
	if (rc == 0 && table_failed(asking.table))
		rc = err_memory(err);
	figures_close(asking.figures);
	finished_close(&asking.finished);
	free(asking.strays);
	if (rc < 0) {
		table_close(asking.table);
		return rc;
	}
	*ret_answer = asking.table;
	return 0;
}
