#include "ledger/follow_internal.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "common/model/deadline.h"
#include "rollup/rebuild.h"

#include <errno.h>
#include <stdlib.h>

/* --- what there is --- */

static int series_load(struct following *f, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(f->db, "SELECT id, metric FROM series ORDER BY id", &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		struct known_series *list = array_room(f->series, f->n_series, sizeof(*list));
		struct db_row row = { rows, err, 0 };
		const struct metric *metric =
			catalogue_find(f->before->catalogue, db_row_text(&row, 1));
		rc = list ? row.rc : err_memory(err);
		if (list)
			f->series = list;
		if (rc < 0)
			break;
		struct known_series *known = &list[f->n_series++];
		*known = (struct known_series){ (uint32_t)sqlite3_column_int64(rows, 0), metric,
						EFFECT_NONE, NULL };
		known->next = catalogue_find(f->after->catalogue, db_row_text(&row, 1));
		for (size_t i = 0; metric && i < f->impact.n_metrics; i++)
			if (f->impact.metrics[i].before == metric)
				known->effect = f->impact.metrics[i].effect;
	}
	sqlite3_finalize(rows);
	return rc;
}

static int series_order(const void *a, const void *b)
{
	const struct known_series *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

static const struct known_series *series_find(const struct following *f, uint32_t id)
{
	const struct known_series wanted = { .id = id };
	return f->n_series ? bsearch(&wanted, f->series, f->n_series, sizeof(wanted), series_order)
			   : NULL;
}

const struct metric *following_metric(const struct following *f, uint32_t series)
{
	const struct known_series *known = series_find(f, series);
	return known ? known->next : NULL;
}

static int reporter_order(const void *a, const void *b)
{
	const struct reporter *x = a, *y = b;
	if (x->office != y->office)
		return x->office < y->office ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

static int reporters_add(struct following *f, const char *metric, sqlite3_stmt *rows,
			 struct err *err)
{
	int rc;
	sqlite3_bind_text(rows, 1, metric, -1, SQLITE_STATIC);
	while ((rc = db_step(rows, err)) == 1) {
		struct reporter *list = array_room(f->reporters, f->n_reporters, sizeof(*list));
		if (!list) {
			rc = err_memory(err);
			break;
		}
		f->reporters = list;
		list[f->n_reporters++] =
			(struct reporter){ sqlite3_column_int64(rows, 0),
					   (uint32_t)sqlite3_column_int64(rows, 1) };
	}
	sqlite3_reset(rows);
	return rc;
}

static int reporters_load(struct following *f, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(f->db,
			    "SELECT DISTINCT s.office, d.series FROM declared d"
			    " JOIN spool s ON s.id = d.spool JOIN series r ON r.id = d.series"
			    " WHERE r.metric = ?",
			    &rows, err);
	for (size_t i = 0; i < f->impact.n_metrics && rc == 0; i++)
		rc = reporters_add(f, f->impact.metrics[i].before->name, rows, err);
	sqlite3_finalize(rows);
	if (rc == 0 && f->n_reporters > 0)
		qsort(f->reporters, f->n_reporters, sizeof(f->reporters[0]), reporter_order);
	if (rc == 0 && !(f->only = calloc(f->n_reporters + 1, sizeof(f->only[0]))))
		rc = err_memory(err);
	return rc;
}

int following_lists(struct following *f, struct err *err)
{
	for (size_t i = 0; i < f->before->catalogue->n; i++) {
		const struct metric *metric = &f->before->catalogue->metrics[i];
		/* weeks are the same in both calendars: page_grain() */
		bool own = metric->period > GRAIN_WEEK;
		f->grains[metric->period][own ? metric->calendar : CALENDAR_CIVIL] = true;
	}
	int rc = db_prepare(f->db, "SELECT min(day) FROM strand WHERE day >= ? AND day < ?",
			    &f->next_day, err);
	if (rc == 0)
		rc = db_prepare(f->db,
				"SELECT office, entry, observations FROM strand WHERE day = ?"
				" AND office >= ? AND office <= ? ORDER BY office",
				&f->offices, err);
	return rc < 0 ? rc : following_reload(f, err);
}

int following_reload(struct following *f, struct err *err)
{
	f->n_series = f->n_reporters = 0;
	free(f->only);
	f->only = NULL;
	int rc = series_load(f, err);
	return rc < 0 ? rc : reporters_load(f, err);
}

int following_open(struct following *f, struct err *err)
{
	f->declarations = declarations_open(f->db, err);
	if (!f->declarations)
		return err->code;
	declarations_forget(f->declarations, f->after->catalogue);
	f->fold = f->next ? fold_open_next(f->db, f->declarations, err)
			  : fold_open(f->db, f->declarations, err);
	f->review = !f->fold  ? NULL
		    : f->next ? review_open_next(f->db, f->after, err)
			      : review_open(f->db, f->after, f->at_us, err);
	if (!f->review)
		return err->code;
	fold_begin(f->fold, f->after);
	fold_mend_nothing(f->fold); /* rules change halfway: then all is made anew */
	return following_lists(f, err);
}

void following_close(struct following *f)
{
	sqlite3_finalize(f->next_day);
	sqlite3_finalize(f->offices);
	review_close(f->review);
	fold_close(f->fold);
	declarations_close(f->declarations);
	impact_free(&f->impact);
	free(f->series);
	free(f->reporters);
	free(f->touched);
	free(f->only);
}

/* --- whom a day touches --- */

/* NULL: the day is in none of its spans. */
static const struct impact_span *span_on(const struct following *f, int64_t office, int32_t day)
{
	const struct impact *impact = &f->impact;
	const struct impact_span *spans = impact->spans;
	size_t at = search_first(i, impact->n_spans,
				 spans[i].office < office ||
					 (spans[i].office == office && spans[i].end <= day));
	if (at == impact->n_spans)
		return NULL;
	const struct impact_span *span = &spans[at];
	return span->office == office && span->from <= day ? span : NULL;
}

static size_t reporters_from(const struct following *f, int64_t office)
{
	return search_first(i, f->n_reporters, f->reporters[i].office < office);
}

/* False: the day is none of its. */
static bool touch(const struct following *f, int64_t office, struct touched *ret)
{
	const struct impact_span *span = span_on(f, office, f->day);
	struct touched touched = { .before = offices_by_id(f->before->offices, office),
				   .after = offices_by_id(f->after->offices, office),
				   .whole = span != NULL };
	size_t end = touched.reporters = f->metrics ? reporters_from(f, office) : 0;
	while (f->metrics && end < f->n_reporters && f->reporters[end].office == office)
		end++;
	touched.n_reporters = end - touched.reporters;
	if (!touched.before || !touched.after || (!span && touched.n_reporters == 0))
		return false;
	touched.touch = !span                                     ? TOUCH_PLAYED
			: span->leaves || touched.n_reporters > 0 ? TOUCH_ANEW
								  : TOUCH_MOVE;
	for (size_t i = 0; !span && i < f->impact.n_metrics; i++)
		if (f->impact.metrics[i].effect == EFFECT_ANEW)
			touched.touch = TOUCH_ANEW;
	*ret = touched;
	return true;
}

/* Batches of a day hold periods that start on it, so most days have nothing of a month. Where who
 * was late is all that changes, it does for few days, most of them before holidays. */
static bool metrics_begin(const struct impact *impact, int32_t day)
{
	for (size_t i = 0; i < impact->n_metrics; i++) {
		const struct impact_metric *of = &impact->metrics[i];
		const struct metric *metric = of->before;
		bool begins = metric->period <= GRAIN_DAY ||
			      period_first_day(
				      period_of_day(metric->calendar, metric->period, day)) == day;
		if (begins && (of->effect != EFFECT_ON_TIME ||
			       metric_late_day(metric, day) != metric_late_day(of->after, day)))
			return true;
	}
	return false;
}

/* Between the first and last office that any day can touch. */
static void offices_bind(const struct following *f)
{
	const struct impact *impact = &f->impact;
	int64_t lowest = INT64_MAX, highest = INT64_MIN;
	if (impact->n_spans > 0) {
		lowest = impact->spans[0].office;
		highest = impact->spans[impact->n_spans - 1].office;
	}
	if (f->metrics && f->n_reporters > 0) {
		const struct reporter *last = &f->reporters[f->n_reporters - 1];
		lowest = f->reporters->office < lowest ? f->reporters->office : lowest;
		highest = last->office > highest ? last->office : highest;
	}
	sqlite3_bind_int(f->offices, 1, f->day);
	sqlite3_bind_int64(f->offices, 2, lowest);
	sqlite3_bind_int64(f->offices, 3, highest);
}

int following_touched(struct following *f, struct err *err)
{
	struct touched touched;
	int rc;
	f->n_touched = 0;
	f->metrics = metrics_begin(&f->impact, f->day);
	offices_bind(f);
	while ((rc = db_step(f->offices, err)) == 1) {
		f->seen++;
		if (!touch(f, sqlite3_column_int64(f->offices, 0), &touched))
			continue;
		struct touched *list = array_room(f->touched, f->n_touched, sizeof(*list));
		if (!list) {
			rc = err_memory(err);
			break;
		}
		f->touched = list;
		touched.entry = sqlite3_column_int64(f->offices, 1);
		touched.observations = sqlite3_column_int64(f->offices, 2);
		list[f->n_touched++] = touched;
	}
	sqlite3_reset(f->offices);
	return rc;
}

/* --- out, and in again --- */

struct taking { /* of one office's day */
	struct following *f;
	const struct touched *touched;
	struct propagate there, here; /* the units before and after */
};

static int entry_take(struct taking *taking, struct page_key key, struct entry *entry,
		      struct err *err)
{
	static const struct acc none;
	const struct touched *touched = taking->touched;
	const struct known_series *known = series_find(taking->f, entry->series);
	const struct metric *metric = !known                   ? NULL
				      : taking->f->stands_next ? known->next
							       : known->metric;
	if (!metric || acc_is_zero(&entry->acc) ||
	    (!touched->whole && known->effect != EFFECT_ANEW))
		return 0;
	const struct acc acc = entry->acc;
	struct change change = { key, entry->series, metric, &acc, &none };
	int rc = propagate_change(&taking->there, touched->before, taking->f->day, &change, err);
	if (touched->touch == TOUCH_ANEW) {
		entry->acc = none;
		return rc;
	}
	change.before = &none;
	change.after = &acc;
	return rc < 0 ? rc
		      : propagate_change(&taking->here, touched->after, taking->f->day, &change,
					 err);
}

static int page_take(struct taking *taking, struct page_key key, struct err *err)
{
	struct page *page;
	int rc = fold_page(taking->f->fold, key, &page, err);
	for (size_t i = 0; rc == 0 && i < page->n; i++)
		rc = entry_take(taking, key, &page->entries[i], err);
	return rc;
}

size_t following_pages(const struct following *f, struct page_key ret_keys[FOLLOWING_PAGES_MAX])
{
	bool hours =
		f->grains[GRAIN_MINUTE][CALENDAR_CIVIL] || f->grains[GRAIN_HOUR][CALENDAR_CIVIL];
	size_t n = 0;
	for (int32_t hour = 0; hours && hour < 24; hour++)
		ret_keys[n++] = (struct page_key){ page_grain(CALENDAR_CIVIL, GRAIN_HOUR),
						   f->day * 24 + hour, 0 };
	ret_keys[n++] = (struct page_key){ page_grain(CALENDAR_CIVIL, GRAIN_DAY), f->day, 0 };
	for (unsigned grain = GRAIN_WEEK; grain < GRAIN_COUNT; grain++)
		for (unsigned calendar = 0; calendar < CALENDARS; calendar++) {
			struct period period =
				period_of_day((enum calendar)calendar, (enum grain)grain, f->day);
			if (f->grains[grain][calendar] && period_first_day(period) == f->day)
				ret_keys[n++] = (struct page_key){
					page_grain(period.calendar, period.grain), period.number, 0
				};
		}
	return n;
}

/* Every page of the office that comes of this day's batches. */
int following_take(struct following *f, const struct touched *touched, struct err *err)
{
	struct page_key keys[FOLLOWING_PAGES_MAX];
	struct taking taking = {
		.f = f,
		.touched = touched,
		.there = fold_propagate(f->fold, f->stands_next ? f->after : f->before),
		.here = fold_propagate(f->fold, f->after),
	};
	size_t n = following_pages(f, keys);
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		keys[i].node = touched->after->id;
		rc = page_take(&taking, keys[i], err);
	}
	return rc < 0 ? rc : fold_relieve(f->fold, err);
}

/* What was not judged may turn out to be unreadable: then it stays as it is. A page that is damaged
 * is another matter. */
int following_put(struct following *f, const struct touched *touched, struct err *err)
{
	struct err why = { 0 };
	if (touched->damaged)
		return 0;
	for (size_t i = 0; i < touched->n_reporters; i++)
		f->only[i] = f->reporters[touched->reporters + i].series;
	int rc = fold_play(f->fold, touched->after, f->day, touched->whole ? NULL : f->only,
			   touched->n_reporters, err);
	if (rc == 0)
		rc = fold_relieve(f->fold, err);
	if (!is_damage(rc) || touched->touch != TOUCH_PLAYED)
		return rc;
	int reads = review_reads(f->review, touched->after->id, f->day, &why);
	return is_damage(reads) ? review_mark(f->review, touched->after->id, f->day, &why, err)
				: rc;
}

int following_judge(struct following *f, struct touched *touched, struct err *err)
{
	int rc = review_day(f->review, touched->after->id, f->day, &touched->damaged, err);
	if (rc < 0 || !touched->damaged || touched->whole)
		return rc;
	/* of what cannot be judged nothing counts, of no series */
	touched->whole = true;
	return following_take(f, touched, err);
}

/* All are out before one goes in: what is the least or greatest of a unit then is looked for among
 * those that stay. */
int following_do_day(struct following *f, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < f->n_touched && rc == 0; i++)
		if (f->touched[i].touch != TOUCH_PLAYED)
			rc = following_take(f, &f->touched[i], err);
	for (size_t i = 0; i < f->n_touched && rc == 0; i++)
		if (f->touched[i].touch == TOUCH_ANEW)
			rc = following_judge(f, &f->touched[i], err);
	if (rc == 0)
		rc = fold_minmax(f->fold, f->after, err);
	for (size_t i = 0; i < f->n_touched && rc == 0; i++)
		if (f->touched[i].touch != TOUCH_MOVE)
			rc = following_put(f, &f->touched[i], err);
	f->office_days += f->n_touched;
	return rc < 0 ? rc : fold_settle(f->fold, err);
}

/* --- day by day --- */

/* 1, with f->day; 0: there is none. */
int following_day(struct following *f, int64_t from, int32_t end, struct err *err)
{
	sqlite3_bind_int64(f->next_day, 1, from);
	sqlite3_bind_int(f->next_day, 2, end);
	int rc = db_step(f->next_day, err);
	if (rc == 1 && (sqlite3_column_type(f->next_day, 0) != SQLITE_INTEGER ||
			sqlite3_column_int64(f->next_day, 0) < from))
		rc = 0; /* a damaged table's: the walk would never end */
	if (rc == 1)
		f->day = sqlite3_column_int(f->next_day, 0);
	sqlite3_reset(f->next_day);
	return rc;
}

void following_range(const struct impact *impact, int32_t *ret_from, int32_t *ret_end)
{
	*ret_from = impact->n_metrics > 0 ? INT32_MIN : INT32_MAX;
	*ret_end = impact->n_metrics > 0 ? INT32_MAX : INT32_MIN;
	for (size_t i = 0; i < impact->n_spans; i++) {
		*ret_from = impact->spans[i].from < *ret_from ? impact->spans[i].from : *ret_from;
		*ret_end = impact->spans[i].end > *ret_end ? impact->spans[i].end : *ret_end;
	}
}

static int days_follow(struct following *f, struct err *err)
{
	int32_t from, end;
	int rc;
	following_range(&f->impact, &from, &end);
	for (int64_t next = from; (rc = following_day(f, next, end, err)) == 1;
	     next = (int64_t)f->day + 1) {
		rc = following_touched(f, err);
		if (rc == 0 && f->n_touched > 0)
			rc = following_do_day(f, err);
		if (rc == 0 && f->n_touched > 0)
			rc = review_changed(f->review, f->day, err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int follow(struct following *f, struct followed *ret_followed, struct err *err)
{
	int rc = impact_of(f->before, f->after, &f->impact, err);
	if (rc == 0 && !impact_is_none(&f->impact))
		rc = following_open(f, err);
	if (rc == 0 && !impact_is_none(&f->impact))
		rc = days_follow(f, err);
	if (rc == 0)
		*ret_followed = (struct followed){ .office_days = f->office_days };
	if (rc == 0 && f->review) {
		ret_followed->held = review_done(f->review)->held;
		ret_followed->damaged = review_done(f->review)->damaged;
	}
	following_close(f);
	return rc;
}

/* What was judged can be played, or is held by now. */
static int on_bad(void *context, int64_t office, int32_t day, struct err *err)
{
	struct err why = { 0 };
	return is_damage(review_reads(context, office, day, &why)) ? 0 : err->code;
}

/* I4: before it, what they come to is derived by what was in force then. */
static int all_days_note(sqlite3 *db, int64_t at_us, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(
		db, "UPDATE arrival SET first_us = min(first_us, ?1), last_us = max(last_us, ?1)",
		&stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, at_us);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}

int ledger_follow_whole(sqlite3 *db, const struct reference *after, int64_t at_us,
			struct followed *ret_followed, struct err *err)
{
	struct followed followed = { .whole = true };
	int64_t office_days = 0;
	struct review *review = review_open(db, after, at_us, err);
	int rc = review ? review_all(review, err) : err->code;
	if (rc == 0)
		rc = rebuild_pages(db, after, on_bad, review, err);
	if (rc == 0)
		rc = all_days_note(db, at_us, err);
	if (rc == 0)
		rc = db_number(db, "SELECT count(*) FROM strand", &office_days, err);
	if (rc == 0) {
		followed.office_days = (uint64_t)office_days;
		followed.held = review_done(review)->held;
		followed.damaged = review_done(review)->damaged;
		*ret_followed = followed;
	}
	review_close(review);
	return rc;
}

int ledger_follow(sqlite3 *db, const struct reference *before, const struct reference *after,
		  int64_t at_us, struct followed *ret_followed, struct err *err)
{
	struct following f = { .db = db, .before = before, .after = after, .at_us = at_us };
	struct err undone = { 0 };
	int rc = db_exec(db, "SAVEPOINT follow", err);
	if (rc < 0)
		return rc;
	rc = follow(&f, ret_followed, err);
	if (rc == 0)
		return db_exec(db, "RELEASE follow", err);
	/* A damaged page cannot be taken apart, but the journal makes it anew. */
	if (db_exec(db, "ROLLBACK TO follow; RELEASE follow", &undone) < 0 || rc != -EUCLEAN)
		return rc;
	return ledger_follow_whole(db, after, at_us, ret_followed, err);
}
