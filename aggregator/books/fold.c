#include "fold.h"
#include "above.h"

#include <errno.h>
#include <stdlib.h>

/* Pages stay in memory, so that each is written once in a commit, and those that the next commit
 * touches, too, are not read again. Those of a thousand batches of a day would be half a GiB: so
 * much they may take (12 MiB were as fast as all). */
#ifndef PAGES_BYTES_MAX /* debug builds keep few, so that all tests meet the limit */
#define PAGES_BYTES_MAX (12u * 1024 * 1024)
#endif

struct stale {
	const struct office *office;
	int32_t day;
	uint32_t series;
};

struct spot { /* an office's page of one bucket */
	struct page_key key;
	struct page *page; /* NULL: not looked up yet */
};

/* Where figures go. The runs of a batch go the same way, so what was looked up for one serves the
 * next. */
struct place {
	struct pages *pages;
	const struct office *office; /* NULL: nowhere yet */
	int32_t day;
	struct spot hour;
	struct spot whole; /* the day, or the metric's own, coarser period, */
	enum grain grain;  /* which is this of */
	enum calendar calendar;
	int32_t end_day;             /* after it */
	const struct metric *metric; /* of the series at hand */
	uint32_t series;
};

struct fold {
	sqlite3 *db; /* outlives us */
	struct pages *pages;
	struct replay *replay;
	struct place place;
	struct extremes extremes;
	const struct reference *reference; /* lent */
	struct stale *stale;               /* owned [n] */
	size_t n_stale, stale_room;
	int64_t changes; /* the connection's when pages were as in the database; -1: they are not */
};

struct fold *fold_open(sqlite3 *db, struct declarations *declarations, struct err *err)
{
	struct fold *fold = calloc(1, sizeof(*fold));
	if (!fold) {
		(void)err_memory(err);
		return NULL;
	}
	fold->db = db;
	fold->changes = -1;
	fold->pages = pages_open(db, err);
	fold->replay = fold->pages ? replay_open(db, declarations, err) : NULL;
	if (!fold->replay) {
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
	extremes_deinit(&fold->extremes);
	free(fold->stale);
	free(fold);
}

/* What the place knows of the pages goes with them. */
static struct place nowhere(struct fold *fold)
{
	return (struct place){ .pages = fold->pages };
}

static int units_tell(struct fold *fold, struct err *err)
{
	struct above above = { .pages = fold->pages,
			       .reference = fold->reference,
			       .extremes = &fold->extremes };
	fold->place = nowhere(fold);
	return above_tell(&above, fold->pages, err);
}

void fold_forget(struct fold *fold)
{
	fold->changes = -1;
}

void fold_begin(struct fold *fold, const struct reference *reference)
{
	if (fold->changes != sqlite3_total_changes64(fold->db)) /* others wrote: it may be pages */
		pages_clear(fold->pages);
	fold->changes = -1;
	extremes_forget(&fold->extremes);
	fold->place = nowhere(fold);
	fold->n_stale = 0;
	fold->reference = reference;
}

/* Write the pages and forget them when there are too many to keep. What they knew of stale entries
 * is lost with them: more may be appended to such an entry then, or it stand in the list twice,
 * which is put right when it is played. */
static int pages_relieve(struct fold *fold, struct err *err)
{
	if (pages_bytes(fold->pages) < PAGES_BYTES_MAX)
		return 0;
	int rc = units_tell(fold, err);
	if (rc == 0)
		rc = pages_write(fold->pages, NULL, err);
	pages_clear(fold->pages);
	return rc;
}

/* Write the pages when all is in them, and keep them if they are not too many. */
static int pages_settle(struct fold *fold, struct err *err)
{
	int rc = units_tell(fold, err);
	if (rc == 0)
		rc = extremes_find(&fold->extremes, fold->pages, fold->reference, err);
	if (rc == 0)
		rc = pages_write(fold->pages, NULL, err);
	return rc < 0 ? rc : pages_relieve(fold, err);
}

/* --- where a figure goes: the pages of one metric, office and day --- */

static struct page_key whole_key(const struct metric *metric, int32_t day)
{
	enum grain grain = metric->period < GRAIN_DAY ? GRAIN_DAY : metric->period;
	struct period period = period_of_day(metric->calendar, grain, day);
	return (struct page_key){ .grain = page_grain(period.calendar, grain),
				  .bucket = period.number };
}

static struct page_key hour_key(int32_t day, uint32_t hour)
{
	return (struct page_key){ .grain = page_grain(CALENDAR_CIVIL, GRAIN_HOUR),
				  .bucket = day * 24 + (int32_t)hour };
}

/* Stand where @office's @metric has its entries on @day. */
static void place_take(struct place *place, const struct office *office, int32_t day,
		       const struct metric *metric, uint32_t series)
{
	bool moved = place->office != office || place->day != day;
	if (moved)
		*place = (struct place){ .pages = place->pages, .office = office, .day = day };
	place->series = series;
	place->metric = metric;
	if (!moved && place->grain == metric->period && place->calendar == metric->calendar)
		return;
	place->grain = metric->period;
	place->calendar = metric->calendar;
	place->whole = (struct spot){ .key = whole_key(metric, day) };
	place->whole.key.node = office->id;
	place->end_day = metric_end_day(metric, day);
}

static struct spot *place_hour(struct place *place, uint32_t hour)
{
	struct page_key key = hour_key(place->day, hour);
	if (!place->hour.page || place->hour.key.bucket != key.bucket)
		place->hour = (struct spot){ .key = key };
	place->hour.key.node = place->office->id;
	return &place->hour;
}

static int entry_at(struct place *place, struct spot *spot, struct entry **ret_entry,
		    struct err *err)
{
	int rc = spot->page ? 0 : pages_get(place->pages, spot->key, &spot->page, err);
	if (rc < 0)
		return rc;
	struct entry *entry = page_next(spot->page, place->series);
	*ret_entry = entry ? entry : pages_entry(place->pages, spot->page, place->series);
	return *ret_entry ? 0 : err_memory(err);
}

static void append(const struct place *place, struct entry *entry, const struct acc *later)
{
	entry_touch(entry, place->metric);
	acc_append(&entry->acc, later, place->metric->time_agg);
}

/* Put @acc in place of the entry. */
static int replace_at(struct place *place, struct spot *spot, const struct acc *acc,
		      struct err *err)
{
	struct entry *entry;
	int rc = entry_at(place, spot, &entry, err);
	if (rc < 0)
		return rc;
	entry->stale = false;
	if (acc_equal(&entry->acc, acc)) /* as most hours of a day of which one was corrected */
		return 0;
	entry_touch(entry, place->metric);
	entry->acc = *acc;
	return 0;
}

/* --- appending --- */

/* All ways of adding up come to the same. */
static struct acc acc_of_point(const struct point *point, bool timely)
{
	bool counts = !point->withdrawn;
	return (struct acc){ .value = point->value_e,
			     .n = counts,
			     .on_time = counts && timely,
			     .newest = point->nth + 1 };
}

/* The hot loop. All four are taken, since choosing for each point costs more. (A withdrawn point's
 * value is 0.) */
static struct acc acc_of_points(const struct metric *metric, const struct point points[], size_t n,
				bool timely)
{
	if (n == 1)
		return acc_of_point(points, timely);
	struct acc acc = { .newest = points[n - 1].nth + 1 };
	int64_t last = 0, least = INT64_MAX, most = INT64_MIN;
	int128 sum = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t value_e = points[i].value_e;
		sum += value_e;
		if (points[i].withdrawn)
			continue;
		acc.n++;
		last = value_e;
		least = value_e < least ? value_e : least;
		most = value_e > most ? value_e : most;
	}
	const int128 by_agg[] = { [AGG_SUM] = sum,
				  [AGG_MEAN] = sum,
				  [AGG_LAST] = last,
				  [AGG_MIN] = least,
				  [AGG_MAX] = most };
	acc.value = acc.n > 0 ? by_agg[metric->time_agg] : 0;
	acc.on_time = timely ? acc.n : 0;
	return acc;
}

/* Append to the hours, and to @whole what was appended. */
static int append_hours(struct place *place, const struct point points[], size_t n, bool timely,
			struct acc *whole, struct err *err)
{
	uint32_t per_hour = grain_per_day(place->metric->period) / 24;
	for (size_t from = 0, to; from < n; from = to) {
		uint32_t hour = points[from].nth / per_hour;
		for (to = from + 1; to < n && points[to].nth < (hour + 1) * per_hour; to++)
			;
		struct acc acc = acc_of_points(place->metric, points + from, to - from, timely);
		struct entry *entry;
		int rc = entry_at(place, place_hour(place, hour), &entry, err);
		if (rc < 0)
			return rc;
		append(place, entry, &acc);
		acc_append(whole, &acc, place->metric->time_agg);
	}
	return 0;
}

static int mark_stale(struct fold *fold, struct entry *entry, const struct office *office,
		      int32_t day, struct err *err)
{
	if (entry->stale)
		return 0;
	if (fold->n_stale == fold->stale_room) {
		size_t room = fold->stale_room ? fold->stale_room * 2 : 64;
		struct stale *stale = realloc(fold->stale, room * sizeof(*stale));
		if (!stale)
			return err_memory(err);
		fold->stale = stale;
		fold->stale_room = room;
	}
	fold->stale[fold->n_stale++] = (struct stale){ office, day, entry->series };
	entry->stale = true;
	return 0;
}

int fold_run(struct fold *fold, const struct office *office, int32_t day,
	     const struct declared *declared, const struct point points[], size_t n,
	     int32_t received_day, struct err *err)
{
	const struct metric *metric = declared->metric;
	struct place *place = &fold->place;
	struct entry *entry;
	bool same = place->office == office && place->day == day;
	int rc = same ? 0 : pages_relieve(fold, err);
	if (rc < 0)
		return rc;
	place_take(place, office, day, metric, declared->series);
	rc = entry_at(place, &place->whole, &entry, err);
	if (rc < 0 || n == 0)
		return rc;
	if (entry->stale || points[0].nth < entry->acc.newest)
		return mark_stale(fold, entry, office, day, err);
	bool timely = received_day < place->end_day + (int32_t)metric->due_days;
	struct acc whole = { 0 };
	if (metric->period < GRAIN_DAY)
		rc = append_hours(place, points, n, timely, &whole, err);
	else
		whole = acc_of_points(metric, points, n, timely);
	if (rc == 0)
		append(place, entry, &whole); /* it stands where it stood: hours are other pages */
	return rc;
}

int fold_stale(struct fold *fold, const struct office *office, int32_t day,
	       const struct declared *declared, struct err *err)
{
	struct place *place = &fold->place;
	struct entry *whole;
	place_take(place, office, day, declared->metric, declared->series);
	int rc = entry_at(place, &place->whole, &whole, err);
	return rc < 0 ? rc : mark_stale(fold, whole, office, day, err);
}

/* --- playing again --- */

/* @on_acc for each bucket of a series that was played. What the journal heard of never goes away,
 * so where nothing was played nothing is there. */
static int each_acc(const struct replay_series *series, int32_t day,
		    int (*on_acc)(void *context, struct page_key key, const struct acc *acc,
				  struct err *err),
		    void *context, struct err *err)
{
	uint32_t per_hour = series->n / 24; /* 0: a day or coarser */
	struct acc whole = { 0 };
	int rc = 0;
	if (!per_hour)
		whole = replay_acc(series, day, 0, series->n);
	for (uint32_t hour = 0; per_hour && hour < 24 && rc == 0; hour++) {
		struct acc acc = replay_acc(series, day, hour * per_hour, (hour + 1) * per_hour);
		if (acc_is_zero(&acc))
			continue;
		rc = on_acc(context, hour_key(day, hour), &acc, err);
		acc_append(&whole, &acc, series->metric->time_agg);
	}
	return rc < 0 || acc_is_zero(&whole)
		       ? rc
		       : on_acc(context, whole_key(series->metric, day), &whole, err);
}

static int replace_played(void *context, struct page_key key, const struct acc *acc,
			  struct err *err)
{
	struct place *place = context;
	bool hour = key.grain == page_grain(CALENDAR_CIVIL, GRAIN_HOUR);
	return replace_at(place,
			  hour ? place_hour(place, (uint32_t)(key.bucket - place->day * 24))
			       : &place->whole,
			  acc, err);
}

static int put_series(struct place *place, const struct office *office, int32_t day,
		      const struct replay_series *series, struct err *err)
{
	place_take(place, office, day, series->metric, series->series);
	return each_acc(series, day, replace_played, place, err);
}

int fold_series(struct pages *pages, const struct office *office, int32_t day,
		const struct replay_series *series, struct err *err)
{
	struct place place = { .pages = pages };
	return put_series(&place, office, day, series, err);
}

int fold_units(struct pages *offices, const struct reference *reference, struct pages *units,
	       struct err *err)
{
	struct above above = { .pages = units, .reference = reference };
	return above_tell(&above, offices, err);
}

static int by_office_day(const void *a, const void *b)
{
	const struct stale *x = a, *y = b;
	if (x->office->id != y->office->id)
		return x->office->id < y->office->id ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return x->series < y->series ? -1 : x->series > y->series;
}

struct refolding {
	struct fold *fold;
	const struct office *office;
	int32_t day;
};

static int refold_series(void *context, const struct replay_series *series, struct err *err)
{
	const struct refolding *refolding = context;
	return put_series(&refolding->fold->place, refolding->office, refolding->day, series, err);
}

/* One office's day: all its stale series together. */
static int refold(struct fold *fold, const struct stale stale[], size_t n, struct err *err)
{
	struct refolding refolding = { fold, stale->office, stale->day };
	uint32_t *only = malloc(n * sizeof(*only));
	if (!only)
		return err_memory(err);
	for (size_t i = 0; i < n; i++)
		only[i] = stale[i].series;
	int rc = replay_each(fold->replay, stale->office->id, stale->day, only, n, refold_series,
			     &refolding, err);
	free(only);
	return rc;
}

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
		rc = refold(fold, first, to - from, err);
		if (rc == 0)
			rc = pages_relieve(fold, err);
	}
	fold->n_stale = 0;
	if (rc == 0)
		rc = pages_settle(fold, err);
	if (rc == 0)
		fold->changes = sqlite3_total_changes64(fold->db);
	return rc;
}

/* --- everything --- */

static int rebuild_days(struct fold *fold, sqlite3_stmt *days, struct err *err)
{
	int rc;
	while ((rc = db_step(days, err)) == 1) {
		struct refolding refolding = { fold, NULL, sqlite3_column_int(days, 0) };
		refolding.office =
			offices_by_id(fold->reference->offices, sqlite3_column_int64(days, 1));
		if (!refolding.office)
			continue;
		rc = replay_each(fold->replay, refolding.office->id, refolding.day, NULL, 0,
				 refold_series, &refolding, err);
		if (rc == 0)
			rc = pages_settle(fold, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int fold_rebuild(sqlite3 *db, const struct reference *reference, struct err *err)
{
	struct declarations *declarations = declarations_open(db, err);
	if (!declarations)
		return err->code;
	declarations_forget(declarations, reference->catalogue);
	struct fold *fold = fold_open(db, declarations, err);
	sqlite3_stmt *days = NULL;
	int rc = fold ? db_exec(db, "DELETE FROM rollup", err) : err->code;
	if (rc == 0)
		rc = db_prepare(db, "SELECT day, office FROM strand ORDER BY day, office", &days,
				err);
	if (rc == 0) {
		fold_begin(fold, reference);
		rc = rebuild_days(fold, days, err);
	}
	sqlite3_finalize(days);
	fold_close(fold);
	declarations_close(declarations);
	return rc;
}

static int renew(sqlite3 *db, struct err *err)
{
	struct reference *reference = NULL;
	int rc = reference_load(db, &reference, err);
	if (rc == 0)
		rc = fold_rebuild(db, reference, err);
	if (rc == 0)
		rc = db_exec(db, "DELETE FROM fact WHERE name = 'rollups_due'", err);
	reference_close(reference);
	return rc;
}

int fold_renew(sqlite3 *db, bool *ret_renewed, struct err *err)
{
	int64_t due = 0;
	int rc = db_number(db, "SELECT count(*) FROM fact WHERE name = 'rollups_due'", &due, err);
	if (rc == 0 && due)
		rc = db_begin(db, err);
	if (rc < 0 || !due)
		return rc;
	rc = renew(db, err);
	if (rc == 0)
		rc = db_commit(db, err);
	else
		db_rollback(db);
	*ret_renewed = rc == 0;
	return rc < 0 ? err_wrap(err, "make the rollups anew") : 0;
}

/* --- an office that moved --- */

struct moving {                   /* what the office has stays as it is: the units alone change */
	struct above there, here; /* the units before and after, */
	const struct office *from, *to; /* and the office */
	int32_t day;
	const struct replay_series *series; /* at hand */
};

static int move_acc(void *context, struct page_key key, const struct acc *acc, struct err *err)
{
	static const struct acc none;
	struct moving *moving = context;
	struct change change = { key, moving->series->series, moving->series->metric, acc, &none };
	int rc = above_follow(&moving->there, moving->from, moving->day, &change, err);
	change.before = &none;
	change.after = acc;
	return rc < 0 ? rc : above_follow(&moving->here, moving->to, moving->day, &change, err);
}

static int move_series(void *context, const struct replay_series *series, struct err *err)
{
	struct moving *moving = context;
	moving->series = series;
	return each_acc(series, moving->day, move_acc, moving, err);
}

static int move_day(struct fold *fold, const struct reference *before, int64_t id, int32_t day,
		    struct err *err)
{
	struct moving moving = {
		.there = { .pages = fold->pages, .reference = before, .extremes = &fold->extremes },
		.here = { .pages = fold->pages,
			  .reference = fold->reference,
			  .extremes = &fold->extremes },
		.from = offices_by_id(before->offices, id),
		.to = offices_by_id(fold->reference->offices, id),
		.day = day,
	};
	int rc = replay_each(fold->replay, id, day, NULL, 0, move_series, &moving, err);
	return rc < 0 ? rc : pages_settle(fold, err);
}

static int move_days(struct fold *fold, const struct reference *before, int64_t id, int32_t first,
		     int32_t end, struct err *err)
{
	sqlite3_stmt *days;
	int rc = db_prepare(fold->db,
			    "SELECT day FROM strand WHERE office = ? AND day >= ? AND day < ?"
			    " ORDER BY day",
			    &days, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(days, 1, id);
	sqlite3_bind_int(days, 2, first);
	sqlite3_bind_int(days, 3, end);
	while ((rc = db_step(days, err)) == 1) {
		rc = move_day(fold, before, id, sqlite3_column_int(days, 0), err);
		if (rc < 0)
			break;
	}
	sqlite3_finalize(days);
	return rc;
}

int fold_move(sqlite3 *db, const struct reference *before, const struct reference *after,
	      int64_t office, int32_t from, int32_t end, struct err *err)
{
	struct declarations *declarations = declarations_open(db, err);
	if (!declarations)
		return err->code;
	declarations_forget(declarations, after->catalogue);
	struct fold *fold = fold_open(db, declarations, err);
	int rc = fold ? 0 : err->code;
	if (rc == 0) {
		fold_begin(fold, after);
		rc = move_days(fold, before, office, from, end, err);
	}
	fold_close(fold);
	declarations_close(declarations);
	return rc;
}
