/* 1. What is held and fits is listed, by day, office and entry (it changes while we walk).
 * 2. Each entry's payload is read once, its held runs and points are judged.
 * 3. What passes is marked as released, and the series of that office's day as stale.
 * 4. When the day is through, the fold plays what is stale and writes its pages.
 *
 * A day is a part that can be undone alone. When something of it cannot be read it is done again
 * office by office, and those stay held that cannot be read (VERDICT_DAMAGED). */
#include "ledger/release.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/net/wire.h"
#include "journal/damaged_days.h"
#include "journal/day_times.h"
#include "journal/judge.h"
#include "journal/older_copy.h"
#include "journal/quarantine.h"
#include "registry/list_editions.h"
#include "rollup/fold.h"
#include "schema/effects.h"
#include "schema/event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCAN_WORK 60u  /* a row that is looked at: 3 us */
#define ROW_WORK  700u /* and one that is judged, with its share of a page and an event: 35 us */

struct held_item { /* a row of the quarantine */
	int64_t journal, run, point, n, office;
	int32_t day;
};

struct release {
	sqlite3 *db;
	const struct reference *reference;
	const struct release_form *form;
	struct held_item *items; /* owned [n] */
	size_t n;
	bool trial;  /* nothing is written */
	bool listed; /* of release_entry alone */
	uint64_t budget, work;
	int64_t end_us; /* of the clock; INT64_MAX: any */
	size_t done;    /* items that were judged */
	struct declarations *declarations;
	struct fold *fold; /* this and the next two: NULL in a trial */
	struct quarantine *quarantine;
	struct day_times *day_times;
	struct older_copy *older;
	struct list_editions *list_editions;
	struct arena *arena;
	sqlite3_stmt *entry, *metric, *mark;
	int64_t at_us; /* the moment of this release, and of no other */
	struct release_counts counts;
	struct damaged_days damaged;
	/* The points of the run at hand, read when they are needed and written once it is through:
	   each may have a row of its own. */
	struct held_point points[RUN_POINTS_MAX];
	size_t n_points; /* 0: not read */
};

struct entry_read { /* a journal entry under judgement */
	struct batch batch;
	const struct office *office;
	const struct declared *declared;
	size_t n_declared;
	struct judge judge;
};

static void release_close(struct release *r)
{
	sqlite3_finalize(r->entry);
	sqlite3_finalize(r->metric);
	sqlite3_finalize(r->mark);
	quarantine_close(r->quarantine);
	day_times_close(r->day_times);
	older_copy_close(r->older);
	list_editions_close(r->list_editions);
	fold_close(r->fold);
	declarations_close(r->declarations);
	arena_close(r->arena);
	free(r->items);
}

static int release_open(struct release *r, struct err *err)
{
	r->arena = arena_open(WIRE_ARENA_MAX);
	if (!r->arena)
		return err_memory(err);
	if (!(r->declarations = declarations_open(r->db, err)) ||
	    !(r->older = older_copy_open(r->db, err)) ||
	    !(r->list_editions = list_editions_open(r->db, err)) ||
	    (!r->trial && (!(r->fold = fold_open(r->db, r->declarations, err)) ||
			   !(r->quarantine = quarantine_open(r->db, err)) ||
			   !(r->day_times = day_times_open(r->db, true, err)))))
		return err->code;
	declarations_forget(r->declarations, r->reference->catalogue);
	int rc = db_prepare(r->db,
			    "SELECT j.office, j.spool, j.payload, j.received_us, j.id, s.set_back"
			    " FROM journal j LEFT JOIN spool s ON s.id = j.spool WHERE j.id = ?",
			    &r->entry, err);
	if (rc == 0)
		rc = db_prepare(r->db, "SELECT metric FROM series WHERE id = ?", &r->metric, err);
	if (rc == 0 && !r->trial)
		rc = db_prepare(r->db,
				"UPDATE quarantine SET released_us = ?, observations = ? WHERE"
				" journal = ? AND run = ? AND point = ?",
				&r->mark, err);
	return rc;
}

static int item_add(struct release *r, sqlite3_stmt *row, struct err *err)
{
	struct held_item *items = array_room(r->items, r->n, sizeof(*items));
	if (!items)
		return err_memory(err);
	r->items = items;
	items[r->n++] = (struct held_item){ .journal = sqlite3_column_int64(row, 0),
					    .run = sqlite3_column_int64(row, 1),
					    .point = sqlite3_column_int64(row, 2),
					    .day = sqlite3_column_int(row, 3),
					    .n = sqlite3_column_int64(row, 4),
					    .office = sqlite3_column_int64(row, 5) };
	return 0;
}

/* The form's office by its id; 0: any. */
static int office_find(const struct reference *reference, const struct release_form *form,
		       int64_t *ret_office, struct err *err)
{
	const struct office *office =
		form->office ? offices_expect(reference->offices, form->office, err) : NULL;
	if (form->office && !office)
		return -ENOENT;
	*ret_office = office ? office->id : 0;
	return 0;
}

#define ITEM       "SELECT q.journal, q.run, q.point, j.day, q.observations, j.office FROM "
#define ITEM_ORDER " ORDER BY j.day, j.office, q.journal, q.run, q.point"

/* What waits and fits the form, or was listed. */
static int items_open(struct release *r, sqlite3_stmt **ret_rows, struct err *err)
{
	static const char all[] = ITEM "quarantine q JOIN journal j ON j.id = q.journal WHERE"
				       " q.released_us IS NULL AND q.journal BETWEEN ?1 AND ?2"
				       " AND ?3 IN (0, j.office)" ITEM_ORDER,
			  listed[] = "SELECT e.journal, q.run, q.point, e.day, q.observations,"
				     " e.office FROM release_entry e CROSS JOIN quarantine q"
				     " ON q.journal = e.journal WHERE q.released_us IS NULL"
				     " ORDER BY e.day, e.office, e.journal, q.run, q.point";
	int64_t entry = r->form->entry, office = 0;
	int rc = office_find(r->reference, r->form, &office, err);
	if (rc == 0)
		rc = db_prepare(r->db, r->listed ? listed : all, ret_rows, err);
	if (rc < 0 || r->listed)
		return rc;
	sqlite3_bind_int64(*ret_rows, 1, entry ? entry : INT64_MIN);
	sqlite3_bind_int64(*ret_rows, 2, entry ? entry : INT64_MAX);
	sqlite3_bind_int64(*ret_rows, 3, office);
	return 0;
}

static uint64_t item_work(const struct held_item *item)
{
	return ROW_WORK + (item->n > 0 ? (uint64_t)item->n : 0);
}

/* Entries whole, as many as the budget takes. */
static int items_list(struct release *r, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	uint64_t work = 0;
	int rc = items_open(r, &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		if (work > r->budget &&
		    sqlite3_column_int64(rows, 0) != r->items[r->n - 1].journal) {
			rc = 0;
			break;
		}
		rc = item_add(r, rows, err);
		if (rc == 0)
			work += item_work(&r->items[r->n - 1]);
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

/* --- one entry --- */

/* What was newer when it came, unless that is to be passed over. */
static int older_gather(struct release *r, const struct entry_read *entry, struct err *err)
{
	older_copy_forget(r->older);
	if (sqlite3_column_int64(r->entry, 5) == 0 || r->form->older_copy)
		return 0;
	return older_copy_gather(r->older, entry->office->id, sqlite3_column_int64(r->entry, 1),
				 sqlite3_column_int64(r->entry, 4), &entry->batch, entry->declared,
				 entry->n_declared, err);
}

static int entry_take(struct release *r, int32_t day, struct entry_read *entry, struct err *err)
{
	int rc = db_step(r->entry, err);
	if (rc <= 0)
		return rc < 0 ? rc : err_set(err, -EUCLEAN, "it is not there");
	entry->office = offices_by_id(r->reference->offices, sqlite3_column_int64(r->entry, 0));
	if (!entry->office)
		return err_set(err, -EUCLEAN, "its office is not in the register");
	/* the later of the two, should the clock have been put back: what had begun has begun */
	int64_t received_us = sqlite3_column_int64(r->entry, 3);
	entry->judge = judge_of(r->reference, entry->office, day,
				civil_day(received_us > r->at_us ? received_us : r->at_us));
	rc = wire_batch_decode(r->arena, sqlite3_column_blob(r->entry, 2),
			       (size_t)sqlite3_column_bytes(r->entry, 2), &entry->batch, err);
	if (rc == 0)
		rc = declarations_of(r->declarations, sqlite3_column_int64(r->entry, 1),
				     &entry->declared, &entry->n_declared, err);
	return rc < 0 ? rc : older_gather(r, entry, err);
}

static int entry_read(struct release *r, const struct held_item *item, struct entry_read *entry,
		      struct err *err)
{
	arena_reset(r->arena);
	sqlite3_bind_int64(r->entry, 1, item->journal);
	int rc = entry_take(r, item->day, entry, err);
	sqlite3_reset(r->entry);
	if (rc == 0 && entry->batch.day != item->day)
		rc = err_set(err, -EUCLEAN, "its payload is for another day than its row");
	if (rc < 0 && rc != -ENOMEM)
		return err_wrap(err, "journal entry %lld", (long long)item->journal);
	return rc;
}

static int metric_fits(struct release *r, uint32_t series, struct err *err)
{
	if (!r->form->metric)
		return 1;
	sqlite3_bind_int64(r->metric, 1, series);
	int rc = db_step(r->metric, err);
	if (rc == 1) {
		struct db_row row = { r->metric, err, 0 };
		const char *metric = db_row_text(&row, 0);
		rc = row.rc < 0 ? row.rc : strcmp(metric, r->form->metric) == 0;
	}
	sqlite3_reset(r->metric);
	return rc;
}

static void count_kept(struct release *r, enum verdict verdict, size_t n)
{
	r->counts.kept += n;
	r->counts.kept_for[verdict] += n;
}

/* How many observations it is of is not known of what could not be read. */
static int item_keep(struct release *r, const struct held_item *item, enum verdict verdict,
		     size_t n, struct err *err)
{
	count_kept(r, verdict, n);
	return r->trial ? 0
			: quarantine_judge(r->quarantine, item->journal, (size_t)item->run,
					   item->point, verdict, n, r->at_us, err);
}

static int points_read(struct release *r, const struct held_item *item, const struct run *run,
		       struct err *err)
{
	if (r->n_points > 0 || r->trial)
		return 0;
	int rc = quarantine_points(r->quarantine, item->journal, (size_t)item->run, r->points,
				   run->n, err);
	if (rc == 0)
		r->n_points = run->n;
	return rc;
}

/* I5: a run that was held as a whole: from now on only those of its points are that may not count.
 */
static int run_release(struct release *r, const struct held_item *item, const struct run *run,
		       const struct point points[], const struct declared *declared,
		       const struct doubts *doubts, size_t *ret_passed, struct err *err)
{
	size_t passed = 0;
	int rc = 0;
	if (!r->trial) {
		const int64_t values[] = { r->at_us, run->n, item->journal, item->run,
					   item->point };
		for (int i = 0; i < 5; i++)
			sqlite3_bind_int64(r->mark, i + 1, values[i]);
		rc = db_run(r->mark, err);
	}
	if (rc == 0 && !r->trial)
		rc = day_times_add(r->day_times, item->day, r->at_us, err);
	for (uint32_t i = 0; i < run->n && rc == 0; i++) {
		enum verdict verdict = judge_point(declared, doubts, &points[i], NULL);
		passed += verdict == VERDICT_OK;
		if (verdict == VERDICT_OK)
			continue;
		count_kept(r, verdict, 1);
		rc = points_read(r, item, run, err);
		if (rc == 0 && !point_is_held(&r->points[i]))
			r->points[i] =
				(struct held_point){ .verdict = verdict, .held_us = r->at_us };
	}
	*ret_passed = passed;
	return rc;
}

/* Some points of a run: each passes or stays by itself. */
static int points_release(struct release *r, const struct held_item *item, const struct run *run,
			  const struct point points[], const struct declared *declared,
			  const struct doubts *doubts, size_t *ret_passed, struct err *err)
{
	size_t passed = 0;
	int rc = points_read(r, item, run, err);
	for (int64_t i = item->point; i < item->point + item->n && rc == 0; i++) {
		enum verdict verdict = judge_point(declared, doubts, &points[i], NULL);
		if (verdict == VERDICT_OK) {
			r->points[i].released_us = r->at_us;
			passed++;
		} else {
			if (r->points[i].verdict != verdict)
				r->points[i] = (struct held_point){ .verdict = verdict,
								    .held_us = r->at_us };
			count_kept(r, verdict, 1);
		}
	}
	if (rc == 0 && passed > 0 && !r->trial)
		rc = day_times_add(r->day_times, item->day, r->at_us, err);
	*ret_passed = passed;
	return rc;
}

/* By the lists of now, or by those that it came under: what was in them then was never theirs to
 * judge, whatever else held it. */
static int is_listed(struct release *r, const struct held_item *item,
		     const struct declared *declared, bool *ret, struct err *err)
{
	char labels[LABELS_TEXT_MAX];
	int rc = declarations_listed(r->declarations, declared, item->day, ret, err);
	if (rc < 0 || *ret)
		return rc;
	rc = declarations_labels(r->declarations, declared, labels, err);
	return rc < 0 ? rc
		      : list_editions_held(r->list_editions, item->journal, labels, item->day, ret,
					   err);
}

static int item_judge(struct release *r, const struct entry_read *entry,
		      const struct held_item *item, const struct run *run,
		      const struct declared *declared, size_t *ret_passed, struct err *err)
{
	const struct point *points = &entry->batch.points[run->first];
	bool whole = item->point == QUARANTINE_WHOLE_RUN;
	enum verdict verdict = judge_run(&entry->judge, declared);
	if (verdict == VERDICT_CLOSED && r->form->closed)
		verdict = VERDICT_OK;
	if (verdict != VERDICT_OK)
		return item_keep(r, item, verdict, whole ? run->n : (size_t)item->n, err);
	bool listed = true;
	int rc = is_listed(r, item, declared, &listed, err);
	const struct doubts doubts = { .older = r->older, .unlisted = !listed };
	if (rc < 0)
		return rc;
	return whole ? run_release(r, item, run, points, declared, &doubts, ret_passed, err)
		     : points_release(r, item, run, points, declared, &doubts, ret_passed, err);
}

static int item_take(struct release *r, const struct entry_read *entry,
		     const struct held_item *item, struct err *err)
{
	size_t passed = 0;
	const struct batch *batch = &entry->batch;
	if (item->run < 0 || (uint64_t)item->run >= batch->n_runs ||
	    item->point < QUARANTINE_WHOLE_RUN ||
	    (item->point >= 0 && (item->n < 1 || item->point >= batch->runs[item->run].n ||
				  item->n > batch->runs[item->run].n - item->point)) ||
	    batch->runs[item->run].series >= entry->n_declared)
		return err_set(err, -EUCLEAN,
			       "quarantine names a run that journal entry %lld does not have",
			       (long long)item->journal);
	const struct run *run = &batch->runs[item->run];
	const struct declared *declared = &entry->declared[run->series];
	int rc = metric_fits(r, declared->series, err);
	if (rc == 1)
		rc = item_judge(r, entry, item, run, declared, &passed, err);
	r->counts.released += passed;
	return rc == 0 && passed > 0 && !r->trial
		       ? fold_stale(r->fold, entry->office, item->day, declared, err)
		       : rc;
}

/* --- all of them --- */

static int range_take(struct release *r, size_t from, size_t to, struct err *err)
{
	struct entry_read entry = { 0 };
	int rc = 0;
	for (size_t i = from; i < to && rc == 0; i++) {
		const struct held_item *item = &r->items[i];
		bool last = i + 1 == to || item[1].journal != item->journal;
		if (i == from || item->journal != item[-1].journal)
			rc = entry_read(r, item, &entry, err);
		if (rc == 0)
			rc = item_take(r, &entry, item, err);
		if (rc == 0 && r->n_points > 0 && (last || item[1].run != item->run)) {
			rc = quarantine_put_points(r->quarantine, item->journal, (size_t)item->run,
						   r->points, r->n_points, err);
			r->n_points = 0;
		}
	}
	if (rc == 0 && !r->trial)
		rc = fold_finish(r->fold, err);
	return rc < 0 || r->trial ? rc : day_times_flush(r->day_times, err);
}

/* All of it or, with the error, nothing. */
static int range_try(struct release *r, size_t from, size_t to, struct err *err)
{
	struct release_counts counts = r->counts;
	struct err why = { 0 };
	int rc;
	if (r->trial) {
		rc = range_take(r, from, to, err);
		if (rc < 0)
			r->counts = counts;
		r->n_points = 0;
		return rc;
	}
	fold_begin(r->fold, r->reference);
	fold_released_at(r->fold, r->at_us);
	rc = db_exec(r->db, "SAVEPOINT release", err);
	if (rc < 0)
		return rc;
	rc = range_take(r, from, to, &why);
	if (rc == 0)
		return db_exec(r->db, "RELEASE release", err);
	r->counts = counts;
	r->n_points = 0;
	day_times_forget(r->day_times);
	fold_forget(r->fold);
	return db_undo(r->db, "release", &why, err) < 0 ? err->code
							: err_set(err, rc, "%s", why.text);
}

/* They stay, and status says why. */
static int range_keep(struct release *r, size_t from, size_t to, const struct err *why,
		      struct err *err)
{
	int rc = 0;
	for (size_t i = from; i < to && rc == 0; i++) {
		int64_t n = r->items[i].n;
		rc = item_keep(r, &r->items[i], VERDICT_DAMAGED, n > 0 ? (size_t)n : 0, err);
	}
	return rc < 0 || r->trial
		       ? rc
		       : damaged_days_add(&r->damaged, r->db, r->reference, r->items[from].office,
					  r->items[from].day, r->at_us, why, err);
}

/* The end of the items from @from on that are of one day, and of one office with @office. */
static size_t range_end(const struct release *r, size_t from, bool office)
{
	const struct held_item *first = &r->items[from];
	size_t to = from + 1;
	while (to < r->n && r->items[to].day == first->day &&
	       (!office || r->items[to].office == first->office))
		to++;
	return to;
}

static int offices_take(struct release *r, size_t from, size_t to, struct err *err)
{
	int rc = 0;
	for (size_t end; from < to && rc == 0; from = end) {
		struct err why = { 0 };
		end = range_end(r, from, true);
		rc = range_try(r, from, end, &why);
		if (is_damage(rc))
			rc = range_keep(r, from, end, &why, err);
		else if (rc < 0)
			rc = err_set(err, rc, "%s", why.text);
	}
	return rc;
}

static int64_t clock_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

#define RANGE_MIN 500u /* items that are judged before the clock is looked at: 20 ms */

/* A day at a time, or where time is short some offices of it: that is how pages lie, and it bounds
 * the memory. */
static size_t range_next(const struct release *r, size_t from)
{
	size_t to = range_end(r, from, r->listed);
	while (r->listed && to < r->n && to - from < RANGE_MIN &&
	       r->items[to].day == r->items[from].day)
		to = range_end(r, to, true);
	return to;
}

static int items_take(struct release *r, struct err *err)
{
	int rc = 0;
	while (r->done < r->n && rc == 0 && (r->done == 0 || clock_us() < r->end_us)) {
		size_t to = range_next(r, r->done);
		rc = range_try(r, r->done, to, err);
		if (is_damage(rc))
			rc = offices_take(r, r->done, to, err);
		for (; r->done < to; r->done++)
			r->work += item_work(&r->items[r->done]);
	}
	return rc;
}

static int release_note(const struct release *r, struct err *err)
{
	const struct release_form *form = r->form;
	char detail[256];
	bool changed = false;
	int rc = effects_any(r->db, &changed, err); /* what is kept may be so for another reason */
	if (rc < 0 || !changed)
		return rc;
	(void)snprintf(
		detail, sizeof(detail),
		"entry=%" PRId64 " office=%s metric=%s closed=%s older_copy=%s released=%" PRIu64
		" kept=%" PRIu64,
		form->entry, form->office ? form->office : "-", form->metric ? form->metric : "-",
		form->closed ? "yes" : "no", form->older_copy ? "yes" : "no", r->counts.released,
		r->counts.kept); /* fits: names that something was found by are bounded */
	return event_append(r->db,
			    &(struct event_form){ .who = form->who,
						  .kind = "quarantine release",
						  .detail = detail,
						  .at_us = r->at_us },
			    NULL, err);
}

/* --- what it came to --- */

int release_table(const struct release_counts *counts, const char *object, const char *damaged,
		  struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "reason", "observations" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	if (!table)
		return err_memory(err);
	table_head_int(table, object, "released", (int64_t)counts->released);
	table_head_int(table, object, "kept", (int64_t)counts->kept);
	if (damaged)
		table_head(table, object, "damaged", damaged);
	for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
		if (counts->kept_for[verdict] == 0)
			continue;
		table_row(table);
		table_text(table, _(verdict_text((enum verdict)verdict)));
		table_int(table, (int64_t)counts->kept_for[verdict]);
	}
	if (table_failed(table)) {
		table_close(table);
		return err_memory(err);
	}
	*ret_table = table;
	return 0;
}

int quarantine_release(sqlite3 *db, const struct reference *reference,
		       const struct release_form *form, struct table **ret_table, struct err *err)
{
	struct release r = { .db = db,
			     .reference = reference,
			     .form = form,
			     .budget = UINT64_MAX,
			     .end_us = INT64_MAX };
	char damaged[DAMAGED_DAYS_TEXT_MAX];
	int rc = release_open(&r, err);
	if (rc == 0)
		/* What is released now is told from what was before by its time: a damaged page is
		 * made as it was before. */
		rc = event_time(db, form->at_us, &r.at_us, err);
	if (rc == 0)
		rc = items_list(&r, err);
	if (rc == 0)
		rc = items_take(&r, err);
	if (rc == 0)
		rc = release_note(&r, err);
	if (r.damaged.n > 0)
		damaged_days_text(&r.damaged, damaged);
	if (rc == 0)
		rc = release_table(&r.counts, "counts", r.damaged.n > 0 ? damaged : NULL, ret_table,
				   err);
	release_close(&r);
	return rc;
}

/* --- without doing it --- */

#define TRIAL_ITEMS 4096u /* that are judged at a time, and the rest of their day */

int release_try(sqlite3 *db, const struct reference *reference, const struct release_form *form,
		struct release_counts *ret_counts, struct err *err)
{
	struct release r = { .db = db,
			     .reference = reference,
			     .form = form,
			     .trial = true,
			     .at_us = form->at_us,
			     .end_us = INT64_MAX };
	sqlite3_stmt *rows = NULL;
	int rc = release_open(&r, err);
	if (rc == 0)
		rc = items_open(&r, &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		rc = 0;
		if (r.n >= TRIAL_ITEMS && (sqlite3_column_int64(rows, 3) != r.items[r.n - 1].day)) {
			rc = items_take(&r, err);
			r.n = r.done = 0;
		}
		if (rc == 0)
			rc = item_add(&r, rows, err);
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	if (rc == 0)
		rc = items_take(&r, err);
	if (rc == 0)
		*ret_counts = r.counts;
	release_close(&r);
	return rc;
}

int release_weigh(sqlite3 *db, const struct reference *reference, const struct release_form *form,
		  uint64_t *ret_work, struct err *err)
{
	sqlite3_stmt *held = NULL;
	int64_t office = 0;
	int rc = office_find(reference, form, &office, err);
	if (rc == 0) /* one entry's rows are found by its number */
		rc = db_prepare(db,
				form->entry
					? "SELECT 0, count(*), coalesce(sum(observations), 0) FROM"
					  " quarantine WHERE journal = ?1 AND released_us IS NULL"
					: "SELECT coalesce(sum(n), 0),"
					  " coalesce(sum(n) FILTER (WHERE ?1 IN (0, office)), 0),"
					  " coalesce(sum(observations) FILTER"
					  " (WHERE ?1 IN (0, office)), 0) FROM held",
				&held, err);
	if (rc == 0) {
		sqlite3_bind_int64(held, 1, form->entry ? form->entry : office);
		rc = db_step(held, err);
	}
	if (rc == 1)
		*ret_work = (uint64_t)sqlite3_column_int64(held, 0) * SCAN_WORK +
			    (uint64_t)sqlite3_column_int64(held, 1) * ROW_WORK +
			    (uint64_t)sqlite3_column_int64(held, 2);
	(void)sqlite3_finalize(held); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

/* --- in steps --- */

int release_forget(sqlite3 *db, bool counts, struct err *err)
{
	int rc = db_exec(db, "DELETE FROM release_entry", err);
	return rc < 0 || !counts ? rc : db_exec(db, "DELETE FROM release_count", err);
}

int release_counts_read(sqlite3 *db, struct release_counts *ret_counts, struct err *err)
{
	struct release_counts counts = { 0 };
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db, "SELECT verdict, n FROM release_count", &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		struct db_row row = { rows, err, 0 };
		int64_t verdict = db_row_int(&row, 0, VERDICT_OK, VERDICT_COUNT - 1);
		uint64_t n = (uint64_t)db_row_int(&row, 1, 0, INT64_MAX);
		counts.kept_for[verdict] = verdict == VERDICT_OK ? 0 : n;
		*(verdict == VERDICT_OK ? &counts.released : &counts.kept) += n;
		rc = row.rc;
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	if (rc == 0)
		*ret_counts = counts;
	return rc;
}

static int counts_add(sqlite3 *db, const struct release_counts *counts, struct err *err)
{
	sqlite3_stmt *add = NULL;
	int rc = db_prepare(db,
			    "INSERT INTO release_count VALUES(?, ?) ON CONFLICT DO UPDATE"
			    " SET n = n + excluded.n",
			    &add, err);
	for (unsigned verdict = 0; verdict < VERDICT_COUNT && rc == 0; verdict++) {
		uint64_t n = verdict == VERDICT_OK ? counts->released : counts->kept_for[verdict];
		sqlite3_bind_int(add, 1, (int)verdict);
		sqlite3_bind_int64(add, 2, (int64_t)n);
		rc = n > 0 ? db_run(add, err) : 0;
	}
	sqlite3_finalize(add);
	return rc;
}

int release_list(sqlite3 *db, const struct reference *reference, const struct release_form *form,
		 int64_t upto, int64_t *place, uint64_t budget, int64_t limit_us, uint64_t *work,
		 struct err *err)
{
	int64_t end_us = limit_us > 0 ? clock_us() + limit_us : INT64_MAX;
	bool more = true;
	sqlite3_stmt *rows = NULL, *put = NULL;
	int64_t office = 0;
	uint64_t done = 0;
	int rc = office_find(reference, form, &office, err);
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT q.journal, count(*), j.day, j.office FROM quarantine q"
				" JOIN journal j ON j.id = q.journal WHERE q.released_us IS NULL"
				" AND q.journal > ?1 AND q.journal <= ?2"
				" GROUP BY q.journal ORDER BY q.journal",
				&rows, err);
	if (rc == 0)
		rc = db_prepare(db, "INSERT OR IGNORE INTO release_entry VALUES(?, ?, ?)", &put,
				err);
	if (rc == 0) {
		sqlite3_bind_int64(rows, 1, *place);
		sqlite3_bind_int64(rows, 2, upto);
	}
	while (rc == 0 && done <= budget && (done == 0 || clock_us() < end_us)) {
		rc = db_step(rows, err);
		more = rc == 1;
		if (rc != 1)
			break;
		*place = sqlite3_column_int64(rows, 0);
		done += (uint64_t)sqlite3_column_int64(rows, 1) * SCAN_WORK;
		sqlite3_bind_value(put, 1, sqlite3_column_value(rows, 2));
		sqlite3_bind_value(put, 2, sqlite3_column_value(rows, 3));
		sqlite3_bind_int64(put, 3, *place);
		rc = office == 0 || office == sqlite3_column_int64(rows, 3) ? db_run(put, err) : 0;
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	sqlite3_finalize(put);
	*work += done;
	return rc < 0 ? rc : more;
}

/* What was judged is listed no longer. */
static int listed_drop(const struct release *r, struct err *err)
{
	const struct held_item *last = &r->items[r->done - 1];
	sqlite3_stmt *drop = NULL;
	int rc = db_prepare(r->db,
			    "DELETE FROM release_entry WHERE (day, office, journal) <= (?, ?, ?)",
			    &drop, err);
	if (rc == 0) {
		sqlite3_bind_int(drop, 1, last->day);
		sqlite3_bind_int64(drop, 2, last->office);
		sqlite3_bind_int64(drop, 3, last->journal);
		rc = db_run(drop, err);
	}
	sqlite3_finalize(drop);
	return rc;
}

int release_step(sqlite3 *db, const struct reference *reference, const struct release_form *form,
		 uint64_t budget, int64_t limit_us, uint64_t *work, char *ret_damaged,
		 struct err *err)
{
	struct release r = { .db = db,
			     .reference = reference,
			     .form = form,
			     .listed = true,
			     .budget = budget,
			     .end_us = limit_us > 0 ? clock_us() + limit_us : INT64_MAX };
	*ret_damaged = '\0';
	int rc = release_open(&r, err);
	if (rc == 0)
		rc = event_time(db, form->at_us, &r.at_us, err);
	if (rc == 0)
		rc = items_list(&r, err);
	if (rc == 0)
		rc = items_take(&r, err);
	if (rc == 0)
		rc = release_note(&r, err);
	if (rc == 0)
		rc = counts_add(db, &r.counts, err);
	if (rc == 0 && r.n > 0)
		rc = listed_drop(&r, err);
	if (r.damaged.n > 0)
		damaged_days_text(&r.damaged, ret_damaged);
	*work += r.work;
	bool more = r.n > 0;
	release_close(&r);
	return rc < 0 ? rc : more;
}
