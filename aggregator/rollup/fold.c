#include "common/base/array.h"
#include "rollup/fold_internal.h"
#include "schema/event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Pages stay in memory, so that each is written once in a commit, and those that the next commit
 * touches, too, are not read again. Those of a thousand batches of a day would be half a GiB: so
 * much they may take, and as much again the units above while they are told (8 MiB are nearly as
 * fast as all). */
#ifndef PAGES_BYTES_MAX /* debug builds keep few, so that all tests meet the limit */
#define PAGES_BYTES_MAX (8u * 1024 * 1024)
#endif

struct stale {
	const struct office *office;
	int32_t day;
	uint32_t series;
};

static struct fold *open_on(sqlite3 *db, struct pages *pages, struct declarations *declarations,
			    struct err *err)
{
	struct fold *fold = calloc(1, sizeof(*fold));
	if (!fold) {
		pages_close(pages);
		(void)err_memory(err);
		return NULL;
	}
	fold->db = db;
	fold->changes = -1;
	fold->pages = pages;
	fold->replay = pages ? replay_open(db, declarations, err) : NULL;
	fold->mend = fold->replay ? mend_open(db, err) : NULL;
	if (!fold->mend) {
		fold_close(fold);
		return NULL;
	}
	return fold;
}

struct fold *fold_open(sqlite3 *db, struct declarations *declarations, struct err *err)
{
	struct fold *fold = open_on(db, pages_open(db, err), declarations, err);
	if (fold)
		pages_mend_with(fold->pages, mend_page, fold->mend);
	return fold;
}

struct fold *fold_open_next(sqlite3 *db, struct declarations *declarations, struct err *err)
{
	struct fold *fold = open_on(db, pages_open_next(db, err), declarations, err);
	if (fold && replay_next(fold->replay, err) < 0) {
		fold_close(fold);
		return NULL;
	}
	return fold;
}

void fold_close(struct fold *fold)
{
	if (!fold)
		return;
	pages_close(fold->pages);
	replay_close(fold->replay);
	mend_close(fold->mend);
	minmax_deinit(&fold->minmax);
	free(fold->stale);
	free(fold);
}

/* What the target knows of the pages goes with them. */
static struct fold_target nowhere(struct fold *fold)
{
	return (struct fold_target){ .pages = fold->pages };
}

struct propagate fold_propagate(struct fold *fold, const struct reference *reference)
{
	return (struct propagate){ .pages = fold->pages,
				   .reference = reference,
				   .minmax = &fold->minmax };
}

int fold_page(struct fold *fold, struct page_key key, struct page **ret_page, struct err *err)
{
	return pages_get(fold->pages, key, ret_page, err);
}

int fold_lose(struct fold *fold, const struct minmax_stale *stale, struct err *err)
{
	return minmax_invalidate(&fold->minmax, stale, err);
}

int fold_minmax(struct fold *fold, const struct reference *reference, struct err *err)
{
	return minmax_recompute(&fold->minmax, fold->pages, reference, err);
}

static int units_tell(struct fold *fold, struct err *err)
{
	struct propagate propagate = fold_propagate(fold, fold->reference);
	fold->target = nowhere(fold);
	return propagate_pages(&propagate, fold->pages, err);
}

void fold_forget(struct fold *fold)
{
	fold->changes = -1;
}

void fold_begin(struct fold *fold, const struct reference *reference)
{
	if (fold->changes != sqlite3_total_changes64(fold->db)) /* others wrote: it may be pages */
		pages_clear(fold->pages);
	pages_begin(fold->pages);
	fold->changes = -1;
	minmax_forget(&fold->minmax);
	fold->target = nowhere(fold);
	fold->n_stale = 0;
	fold->reference = reference;
	fold->audited = 0;
	fold->act_us = 0;
	mend_begin(fold->mend, reference);
}

void fold_entries_from(struct fold *fold, int64_t entry)
{
	mend_entries_from(fold->mend, entry);
}

void fold_released_at(struct fold *fold, int64_t at_us)
{
	fold->act_us = at_us;
	mend_released_at(fold->mend, at_us);
}

void fold_mend_nothing(struct fold *fold)
{
	pages_mend_with(fold->pages, NULL, NULL);
}

const struct mended *fold_mended(const struct fold *fold)
{
	return mend_mended(fold->mend);
}

/* Who made them again is the program itself. */
static int audit_mended(struct fold *fold, struct err *err)
{
	const struct mended *mended = fold_mended(fold);
	char detail[MENDED_WHERE_MAX + 48];
	if (mended->n == fold->audited)
		return 0;
	(void)snprintf(detail, sizeof(detail), "damaged pages=%" PRIu64 " last=\"%s\"",
		       mended->n - fold->audited, mended->where); /* fits */
	fold->audited = mended->n;
	return event_append(fold->db,
			    &(struct event_form){ .who = "lantoa-aggregator",
						  .kind = "pages made anew",
						  .detail = detail,
						  .at_us = fold->act_us,
						  .note = true },
			    NULL, err);
}

/* Write the pages and forget them when there are too many to keep. What they knew of stale entries
 * is lost with them: more may be appended to such an entry then, or it stand in the list twice,
 * which is put right when it is played. */
int fold_relieve(struct fold *fold, struct err *err)
{
	if (pages_bytes(fold->pages) < PAGES_BYTES_MAX)
		return 0;
	int rc = units_tell(fold, err);
	if (rc == 0)
		rc = pages_write(fold->pages, NULL, err);
	pages_clear(fold->pages);
	return rc;
}

void fold_drop(struct fold *fold)
{
	pages_clear(fold->pages);
	minmax_forget(&fold->minmax);
	fold->target = nowhere(fold);
}

int fold_settle(struct fold *fold, struct err *err)
{
	int rc = units_tell(fold, err);
	if (rc == 0)
		rc = fold_minmax(fold, fold->reference, err);
	if (rc == 0)
		rc = pages_write(fold->pages, NULL, err);
	return rc < 0 ? rc : fold_relieve(fold, err);
}

static int mark_stale(struct fold *fold, struct entry *entry, const struct office *office,
		      int32_t day, struct err *err)
{
	if (entry->stale)
		return 0;
	if (ARRAY_RESERVE(fold->stale, fold->stale_room, fold->n_stale + 1) < 0)
		return err_memory(err);
	fold->stale[fold->n_stale++] = (struct stale){ office, day, entry->series };
	entry->stale = true;
	return 0;
}

int fold_run(struct fold *fold, const struct office *office, int32_t day,
	     const struct declared *declared, const struct point points[], size_t n,
	     int32_t received_day, struct err *err)
{
	struct fold_target *target = &fold->target;
	struct entry *whole;
	bool same = target->office == office && target->day == day;
	int rc = same ? 0 : fold_relieve(fold, err);
	if (rc == 0 && !same) /* even what changes no page has to be judged by what is to be */
		rc = pages_stale(fold->pages, office->id, day, err);
	if (rc < 0)
		return rc;
	fold_target_seek(target, office, day, declared->metric, declared->series);
	rc = fold_target_entry(target, &target->whole, &whole, err);
	if (rc < 0 || n == 0)
		return rc;
	if (whole->stale || points[0].nth < whole->acc.newest)
		return mark_stale(fold, whole, office, day, err);
	return fold_target_append(target, whole, points, n, received_day, err);
}

int fold_stale(struct fold *fold, const struct office *office, int32_t day,
	       const struct declared *declared, struct err *err)
{
	struct fold_target *target = &fold->target;
	struct entry *whole;
	int rc = pages_stale(fold->pages, office->id, day, err);
	if (rc < 0)
		return rc;
	fold_target_seek(target, office, day, declared->metric, declared->series);
	rc = fold_target_entry(target, &target->whole, &whole, err);
	return rc < 0 ? rc : mark_stale(fold, whole, office, day, err);
}

int fold_series(struct pages *pages, const struct office *office, int32_t day,
		const struct replay_series *series, struct err *err)
{
	struct fold_target target = { .pages = pages };
	return fold_target_replace(&target, office, day, series, err);
}

int fold_units(struct pages *offices, const struct reference *reference, struct pages *units,
	       struct err *err)
{
	struct propagate propagate = { .pages = units, .reference = reference };
	return propagate_pages(&propagate, offices, err);
}

size_t fold_n_stale(const struct fold *fold)
{
	return fold->n_stale;
}

/* --- playing again --- */

static int by_office_day(const void *a, const void *b)
{
	const struct stale *x = a, *y = b;
	if (x->office->id != y->office->id)
		return x->office->id < y->office->id ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return x->series < y->series ? -1 : x->series > y->series;
}

struct playing {
	struct fold *fold;
	const struct office *office;
	int32_t day;
};

static int play_series(void *context, const struct replay_series *series, struct err *err)
{
	const struct playing *playing = context;
	return fold_target_replace(&playing->fold->target, playing->office, playing->day, series,
				   err);
}

int fold_play(struct fold *fold, const struct office *office, int32_t day, const uint32_t only[],
	      size_t n_only, struct err *err)
{
	struct playing playing = { fold, office, day };
	return replay_each(fold->replay, office->id, day, only, n_only, play_series, &playing, err);
}

/* One office's day: all its stale series together. */
static int rebuild(struct fold *fold, const struct stale stale[], size_t n, struct err *err)
{
	uint32_t *only = malloc(n * sizeof(*only));
	if (!only)
		return err_memory(err);
	for (size_t i = 0; i < n; i++)
		only[i] = stale[i].series;
	int rc = fold_play(fold, stale->office, stale->day, only, n, err);
	free(only);
	return rc;
}

/* I3: what was marked stale is played from the journal, so that the pages are what the journal
 * comes to; I2: in whatever order and however often it came. */
int fold_finish(struct fold *fold, struct err *err)
{
	int rc = 0;
	if (fold->n_stale > 0)
		qsort(fold->stale, fold->n_stale, sizeof(fold->stale[0]), by_office_day);
	for (size_t from = 0, to; from < fold->n_stale && rc == 0; from = to) {
		const struct stale *first = &fold->stale[from];
		for (to = from + 1; to < fold->n_stale && fold->stale[to].office == first->office &&
				    fold->stale[to].day == first->day;
		     to++)
			;
		rc = rebuild(fold, first, to - from, err);
		if (rc == 0)
			rc = fold_relieve(fold, err);
	}
	fold->n_stale = 0;
	if (rc == 0)
		rc = fold_settle(fold, err);
	if (rc == 0)
		rc = audit_mended(fold, err);
	if (rc == 0)
		fold->changes = sqlite3_total_changes64(fold->db);
	return rc;
}
