#include "common/base/array.h"
#include "common/base/blob.h"
#include "common/model/civil.h"
#include "query/arrange.h"
#include "query/figures.h"
#include "query/figures_head.h"
#include "query/finished.h"
#include "query/known.h"
#include "query/query.h"
#include "query/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct asking {
	const struct plan *plan;
	const struct reference *reference;
	struct figures *figures;
	struct table *table;
	struct forms forms; /* owned: of a question about every metric */
	/* of the bucket at hand: */
	const struct form *form; /* whose reports are counted; NULL: those of a metric */
	struct counts *parts; /* lent [rows->n]: of a form, the reports of its metrics one by one */
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

/* Who finishes finishes the report of that very period. */
static int read_finished(struct asking *asking, struct period bucket, struct err *err)
{
	const struct metric *of = asking->form ? asking->form->metrics[0] : NULL;
	asking->finished.n = 0;
	if (of && (of->period != bucket.grain ||
		   (of->period > GRAIN_WEEK && of->calendar != bucket.calendar)))
		return 0;
	return finished_read(&asking->finished, bucket, asking->plan->known_us, err);
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

/* Which form the row is of. */
static void put_form(const struct asking *asking)
{
	if (!asking->form)
		return;
	table_text(asking->table, grain_name(asking->form->metrics[0]->period));
	table_text(asking->table, asking->form->metrics[0]->level);
}

/* @parts: of a form, those of its metrics one by one. */
static void put_member(const struct asking *asking, struct period bucket,
		       const struct member *member, const struct counts *parts)
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
	put_form(asking);
	table_text(table, unit ? unit->code : NULL);
	table_text(table, unit ? unit->name : NULL);
	table_text(table, member->office->code);
	table_text(table, member->office->name);
	table_int(table, counts->due);
	table_int(table, counts->reported);
	table_int(table, counts->carried);
	table_int(table, counts->excused);
	table_int(table, counts_missing(counts));
	counts_put_percent(table, counts);
	if (asking->form) {
		table_int(table, parts->due);
		table_int(table, parts->reported);
		table_int(table, counts_missing(parts));
	}
	table_int(table, parts->waiting);
	put_finished(table, finished_of(&asking->finished, member->office->id));
	if (stray)
		stray_tell(stray, asking->n_strays, sentence);
	table_text(table, stray ? sentence : NULL);
}

static int by_office_and_row(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	if (x->office != y->office)
		return x->office < y->office ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* What the office of @member has in its row, by @parts [n]; nothing where it is not there. */
static const struct counts *parts_of(const struct member *member, const struct member parts[],
				     size_t n)
{
	static const struct counts none;
	const struct member *found =
		n ? bsearch(member, parts, n, sizeof(*parts), by_office_and_row) : NULL;
	return found ? &found->counts : &none;
}

/* A row for each office that misses something, of which something waits, or which has no unit.
 * @parts [n_parts], sorted: of a form, what each misses of its metrics; NULL: as @members. */
static int put_members(const struct asking *asking, struct period bucket,
		       const struct member members[], size_t n, const struct member *parts,
		       size_t n_parts, struct err *err)
{
	struct member *sorted = malloc((n + asking->n_strays + 1) * sizeof(*sorted));
	size_t kept = 0;
	if (!sorted)
		return err_memory(err);
	for (size_t i = 0; i < n; i++) {
		const struct counts *counts =
			parts ? parts_of(&members[i], parts, n_parts) : &members[i].counts;
		if (counts_missing(&members[i].counts) > 0 || counts_missing(counts) > 0 ||
		    counts->waiting > 0)
			sorted[kept++] = members[i];
	}
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
		put_member(asking, bucket, &sorted[i],
			   parts ? parts_of(&sorted[i], parts, n_parts) : &sorted[i].counts);
	free(sorted);
	return 0;
}

/* --- how much, unit by unit --- */

static void put_counts(const struct asking *asking, struct period bucket, size_t nth,
		       const struct counts *counts)
{
	const struct row *row = &asking->rows->list[nth];
	const struct finished *one;
	char text[PERIOD_TEXT_MAX], sentence[STRAY_SENTENCE_MAX];
	struct table *table = asking->table;
	bool names = !row->unit && !row->office && asking->n_strays > 0;
	const struct counts *parts = asking->form ? &asking->parts[nth] : counts;
	table_row(table);
	table_text(table, period_format(bucket, text));
	table_text(table, plan_under_way(asking->plan, bucket, text));
	put_form(asking);
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
	if (asking->form) {
		table_int(table, parts->due);
		table_int(table, parts->reported);
		table_int(table, counts_missing(parts));
	}
	table_int(table, parts->waiting);
	table_int(table, counts->extra);
	table_int(table, parts->revisions);
	table_int(table, counts->offices_due);
	table_int(table, counts->offices_reported);
	table_int(table, count_finished(asking, bucket, nth, &one));
	put_finished(table, one);
	counts_put_percent(table, counts);
	if (names)
		stray_tell(asking->strays[0].stray, asking->n_strays, sentence);
	table_text(table, names ? sentence : NULL);
}

static bool has_rows(const struct plan *plan)
{
	return plan->by || plan->by_office;
}

/* --- one bucket --- */

static bool is_empty(const struct asking *asking, size_t nth, const struct figure shown[])
{
	const struct counts *counts = &shown[nth].counts,
			    *parts = asking->form ? &asking->parts[nth] : counts;
	return counts->due == 0 && counts->extra == 0 && parts->revisions == 0 &&
	       parts->waiting == 0;
}

static int put_rows(const struct asking *asking, struct period bucket, const struct figure shown[])
{
	size_t last = asking->rows->n - 1, empty = 0;
	for (size_t i = 0; i < last; i++)
		empty += is_empty(asking, i, shown);
	/* A form that communes report has nothing of most others, who are left out; but where
	   nothing is due of anybody, that is told. */
	bool leaves_out = asking->form && empty < last;
	for (size_t i = 0; i < last; i++)
		if (!leaves_out || !is_empty(asking, i, shown))
			put_counts(asking, bucket, i, &shown[i].counts);
	/* The last row, where it has something to say. */
	if (!is_empty(asking, last, shown) || asking->n_strays > 0)
		put_counts(asking, bucket, last, &shown[last].counts);
	return 0;
}

static int ask_metric(struct asking *asking, struct rows *rows, struct period bucket,
		      struct figure shown[], struct err *err)
{
	const struct member *members;
	int rc = figures_begin(asking->figures, rows, bucket, err);
	if (rc == 0)
		rc = read_finished(asking, bucket, err);
	if (rc == 0)
		rc = figures_of(asking->figures, 0, shown, err);
	if (rc < 0)
		return rc;
	size_t n = figures_end(asking->figures, shown, &members);
	rc = find_strays(asking, err);
	if (rc < 0)
		return rc;
	return has_rows(asking->plan) ? put_rows(asking, bucket, shown)
				      : put_members(asking, bucket, members, n, NULL, 0, err);
}

struct counted {                /* a form's reports, while its metrics are asked one by one */
	struct figure *shown;   /* owned [rows->n] */
	struct member *members; /* owned [n] */
	size_t n;
};

static int count_form(struct asking *asking, struct rows *rows, struct period bucket,
		      struct counted *ret, struct err *err)
{
	const struct member *members;
	ret->shown = figures_alloc(rows->n);
	int rc = ret->shown ? figures_begin(asking->figures, rows, bucket, err) : err_memory(err);
	if (rc == 0)
		rc = figures_of_form(asking->figures, asking->form, ret->shown, err);
	if (rc < 0)
		return rc;
	ret->n = figures_end(asking->figures, ret->shown, &members);
	ret->members = malloc((ret->n + 1) * sizeof(*ret->members));
	if (!ret->members)
		return err_memory(err);
	if (ret->n > 0)
		memcpy(ret->members, members, ret->n * sizeof(*members));
	return find_strays(asking, err);
}

/* Its metrics one by one; @shown is room. @ret_parts [n], sorted: what each office has of them. */
static int count_parts(struct asking *asking, struct rows *rows, struct period bucket,
		       struct figure shown[], struct member **ret_parts, size_t *ret_n,
		       struct err *err)
{
	const struct member *members;
	int rc = figures_begin(asking->figures, rows, bucket, err);
	for (size_t i = 0; i < asking->form->n && rc == 0; i++)
		rc = figures_of_metric(asking->figures, asking->form->metrics[i], shown, err);
	if (rc < 0)
		return rc;
	*ret_n = figures_end(asking->figures, shown, &members);
	for (size_t i = 0; i < rows->n; i++)
		asking->parts[i] = shown[i].counts;
	*ret_parts = malloc((*ret_n + 1) * sizeof(**ret_parts));
	if (!*ret_parts)
		return err_memory(err);
	if (*ret_n > 0)
		memcpy(*ret_parts, members, *ret_n * sizeof(*members));
	if (*ret_n > 1)
		qsort(*ret_parts, *ret_n, sizeof(**ret_parts), by_office_and_row);
	return 0;
}

static int ask_form(struct asking *asking, struct rows *rows, struct period bucket,
		    struct figure shown[], struct err *err)
{
	struct counted counted = { 0 };
	struct member *parts = NULL;
	size_t n_parts = 0;
	int rc = count_form(asking, rows, bucket, &counted, err);
	if (rc == 0)
		rc = read_finished(asking, bucket, err);
	if (rc == 0)
		rc = count_parts(asking, rows, bucket, shown, &parts, &n_parts, err);
	if (rc == 0)
		rc = has_rows(asking->plan) ? put_rows(asking, bucket, counted.shown)
					    : put_members(asking, bucket, counted.members,
							  counted.n, parts, n_parts, err);
	figures_free(counted.shown, rows->n);
	free(counted.members);
	free(parts);
	return rc;
}

static int ask_rows(struct asking *asking, struct rows *rows, struct period bucket,
		    struct figure shown[], struct err *err)
{
	int rc = 0;
	asking->rows = rows;
	if (!asking->plan->everything)
		return ask_metric(asking, rows, bucket, shown, err);
	asking->parts = calloc(rows->n, sizeof(*asking->parts));
	if (!asking->parts)
		return err_memory(err);
	for (size_t i = 0; i < asking->forms.n && rc == 0; i++) {
		asking->form = &asking->forms.list[i];
		rc = db_time_left(err);
		if (rc == 0)
			rc = ask_form(asking, rows, bucket, shown, err);
	}
	free(asking->parts);
	asking->parts = NULL;
	return rc;
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
	size_t kinds = asking->plan->everything ? asking->forms.n : 1;
	if (table_failed(asking->table))
		rc = err_memory(err);
	else if (!table_is_streamed(asking->table) &&
		 table_rows(asking->table) + rows.n * kinds > QUERY_ROWS_MAX)
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

/* Those marked with '/' are of forms alone. */
static struct table *table_of(const struct plan *plan)
{
	static const char *const missing[] = { "period",         "/form",      "/level",
					       "area",           "area_name",  "office",
					       "name",           "due",        "reported",
					       "carried",        "excused",    "missing",
					       "percent",        "/parts_due", "/parts_reported",
					       "/parts_missing", "waiting",    "finished",
					       "finished_by",    "reason",     NULL };
	static const char *const counted[] = { "period",
					       "until",
					       "/form",
					       "/level",
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
					       "/parts_due",
					       "/parts_reported",
					       "/parts_missing",
					       "waiting",
					       "extra",
					       "revised",
					       "offices_due",
					       "offices_reported",
					       "offices_finished",
					       "finished",
					       "finished_by",
					       "percent",
					       "reason",
					       NULL };
	const char *columns[sizeof(counted) / sizeof(counted[0])];
	const char *const *all = has_rows(plan) ? counted : missing;
	size_t n = 0;
	for (; *all; all++)
		if (**all != '/' || plan->everything)
			columns[n++] = *all + (**all == '/');
	return table_open(columns, n);
}

/* Those of whom most is missing are first, if not said otherwise. */
static int arrange_prepare(const struct query *query, const struct table *table,
			   struct arrangement *arrangement, struct err *err)
{
	int rc = arrange_read(query->sort, query->top, "-missing", arrangement, err);
	return rc == 0 && arrange_wanted(arrangement) ? arrange_check(arrangement, table, NULL, err)
						      : rc;
}

int completeness_run(sqlite3 *db, const struct reference *now, const struct query *query,
		     struct table **ret_answer, struct err *err)
{
	struct plan plan;
	struct arrangement arrangement;
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
	rc = asking.table ? arrange_prepare(query, asking.table, &arrangement, err)
			  : err_memory(err);
	if (rc == 0 && query->stream && !arrange_wanted(&arrangement))
		table_stream(asking.table, query->stream);
	if (rc == 0 &&
	    !(asking.figures = figures_open(db, reference, &plan, !has_rows(&plan), err)))
		rc = err->code;
	if (rc == 0)
		rc = finished_open(db, &asking.finished, err);
	if (rc == 0) {
		plan_head(&plan, NULL, asking.table);
		if (!plan.everything)
			figures_head_named(&plan, reference, asking.table);
		table_head(asking.table, "query", "percent_of", "reports");
		known_head(&then, asking.table);
	}
	if (rc == 0 && plan.everything)
		rc = head_left_out(&asking, err);
	if (rc == 0 && plan.everything)
		rc = forms_find(reference->catalogue, &plan, &asking.forms, err);
	for (int32_t number = plan.first; number <= plan.last && rc == 0; number++)
		rc = ask_bucket(&asking, plan_bucket(&plan, number), err);
	if (rc == 0 && table_failed(asking.table))
		rc = err_memory(err);
	if (rc == 0)
		rc = arrange(asking.table, &arrangement, err);
	figures_close(asking.figures);
	forms_free(&asking.forms);
	finished_close(&asking.finished);
	free(asking.strays);
	if (rc < 0) {
		table_close(asking.table);
		return rc;
	}
	*ret_answer = asking.table;
	return 0;
}
