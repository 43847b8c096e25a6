#include "rollup/replay.h"
#include "common/base/array.h"
#include "common/base/search.h"
#include "common/model/civil.h"
#include "common/model/deadline.h"
#include "journal/day_index.h"
#include "journal/quarantine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPLAY_BYTES_MAX                                                                           \
	(256u * 1024 * 1024) /* slots of one office-day: 10,000 per-minute series */

struct replay {
	sqlite3 *db;                       /* outlives us */
	struct declarations *declarations; /* outlives us */
	sqlite3_stmt *entries, *declared;
	sqlite3_stmt *held, *held_then; /* what waits; and what waited at some time before */
	sqlite3_stmt *is_settling;      /* what a change holds? NULL: what is to be is read */
	sqlite3_stmt *settling,
		*settling_then; /* held, held_then where it is; NULL: it never was */
	bool settles;           /* in this transaction */
	struct arena *wire, *slots;
	struct replay_series *list; /* owned [n], ascending */
	size_t n, room;
	int64_t until_us;    /* what came later does not count, */
	int64_t before;      /* nor do entries from this one on, */
	int64_t released_us; /* nor what was released just then */
	uint64_t observations;
	int (*on_change)(void *context, const struct replay_change *change, struct err *err);
	void *context; /* of on_change */
};

#define HELD(table)                                                                                \
	"SELECT run, point, observations FROM " table " WHERE journal = ?1 AND"                    \
	" (held_us IS NULL OR held_us <= ?2) AND"                                                  \
	" (released_us IS NULL OR released_us > ?2 OR released_us = ?3)"
static const char held_today[] = HELD("quarantine") " ORDER BY run, point";
static const char held_on_next[] = HELD("quarantine_with_next") " ORDER BY run, point";
static const char held_before[] =
	HELD("quarantine") " UNION ALL " HELD("quarantine_past") " ORDER BY run, point";
static const char held_settling[] = HELD(QUARANTINE_SETTLING) " ORDER BY run, point";
static const char held_settling_before[] = HELD(QUARANTINE_SETTLING) " UNION ALL " HELD(
	QUARANTINE_PAST_SETTLING) " ORDER BY run, point";

struct replay *replay_open(sqlite3 *db, struct declarations *declarations, struct err *err)
{
	struct replay *r = calloc(1, sizeof(*r));
	if (!r || !(r->wire = arena_open(WIRE_ARENA_MAX)) ||
	    !(r->slots = arena_open(REPLAY_BYTES_MAX))) {
		replay_close(r);
		(void)err_memory(err);
		return NULL;
	}
	r->db = db;
	r->declarations = declarations;
	r->until_us = r->before = INT64_MAX;
	r->released_us = INT64_MIN;
	if (db_prepare(
		    db,
		    DAY_INDEX_ENTRIES(
			    "?1",
			    "?2") "SELECT id, spool, received_us, payload, day, office FROM journal"
				  " WHERE received_us <= ?3 AND id < ?4 AND id IN "
				  "day_index_entries "
				  "ORDER BY id",
		    &r->entries, err) < 0 ||
	    db_prepare(db, held_today, &r->held, err) < 0 ||
	    db_prepare(db, held_before, &r->held_then, err) < 0 ||
	    db_prepare(db, QUARANTINE_SWITCHED, &r->is_settling, err) < 0 ||
	    db_prepare(db,
		       "SELECT DISTINCT d.series FROM declared d JOIN spool s ON s.id = d.spool"
		       " WHERE s.office = ? ORDER BY d.series",
		       &r->declared, err) < 0) {
		replay_close(r);
		return NULL;
	}
	return r;
}

void replay_close(struct replay *replay)
{
	if (!replay)
		return;
	sqlite3_finalize(replay->entries);
	sqlite3_finalize(replay->held);
	sqlite3_finalize(replay->held_then);
	sqlite3_finalize(replay->is_settling);
	sqlite3_finalize(replay->settling);
	sqlite3_finalize(replay->settling_then);
	sqlite3_finalize(replay->declared);
	arena_close(replay->wire);
	arena_close(replay->slots);
	free(replay->list);
	free(replay);
}

int replay_next(struct replay *replay, struct err *err)
{
	sqlite3_stmt *held = NULL;
	int rc = db_prepare(replay->db, held_on_next, &held, err);
	if (rc < 0)
		return rc;
	sqlite3_finalize(replay->held);
	replay->held = held;
	sqlite3_finalize(replay->is_settling);
	replay->is_settling = NULL;
	return 0;
}

/* What is held may have been so for some moments only, and lie beside quarantine. */
static int held_look(struct replay *r, struct err *err)
{
	int rc = r->is_settling ? db_step(r->is_settling, err) : 0;
	if (r->is_settling)
		sqlite3_reset(r->is_settling);
	r->settles = rc == 1;
	if (rc == 1 && !r->settling)
		rc = db_prepare(r->db, held_settling, &r->settling, err);
	if (r->settles && rc >= 0 && !r->settling_then)
		rc = db_prepare(r->db, held_settling_before, &r->settling_then, err);
	return rc < 0 ? rc : 0;
}

static sqlite3_stmt *held_stmt(const struct replay *r)
{
	return r->until_us == INT64_MAX ? (r->settles ? r->settling : r->held)
					: (r->settles ? r->settling_then : r->held_then);
}

void replay_until(struct replay *replay, int64_t until_us)
{
	replay->until_us = until_us;
}

void replay_before(struct replay *replay, int64_t entry, int64_t released_us)
{
	replay->before = entry;
	replay->released_us = released_us;
}

void replay_watch(struct replay *replay,
		  int (*on_change)(void *context, const struct replay_change *change,
				   struct err *err),
		  void *context)
{
	replay->on_change = on_change;
	replay->context = context;
}

uint64_t replay_observations(const struct replay *replay)
{
	return replay->observations;
}

static struct replay_series *series_of(struct replay *r, const struct declared *declared,
				       struct err *err)
{
	size_t low = search_first(i, r->n, r->list[i].series < declared->series);
	if (low < r->n && r->list[low].series == declared->series)
		return &r->list[low];
	if (ARRAY_RESERVE(r->list, r->room, r->n + 1) < 0) {
		(void)err_memory(err);
		return NULL;
	}
	uint32_t n = grain_per_day(declared->grain);
	struct replay_slot *slots = arena_alloc(r->slots, n * sizeof(*slots));
	if (!slots) {
		if (arena_is_full(r->slots))
			(void)err_set(err, -EMSGSIZE,
				      "an office reports too many series for one day");
		else
			(void)err_memory(err);
		return NULL;
	}
	memmove(&r->list[low + 1], &r->list[low], (r->n - low) * sizeof(r->list[0]));
	r->n++;
	r->list[low] = (struct replay_series){
		.series = declared->series, .metric = declared->metric, .slots = slots, .n = n
	};
	return &r->list[low];
}

/* Rule 5.4: a withdrawn figure is as if never reported, but a revision; a report after it is a
 * first report again, and no revision. */
static void slot_take(struct replay_slot *slot, const struct point *point, int64_t value_e,
		      int32_t received_day)
{
	if (point->withdrawn) {
		slot->revisions += slot->state == REPLAY_VALUE;
		slot->state = REPLAY_WITHDRAWN;
		return;
	}
	if (slot->state == REPLAY_VALUE)
		slot->revisions += slot->value_e != value_e;
	else
		slot->received_day = received_day;
	slot->state = REPLAY_VALUE;
	slot->value_e = value_e;
}

/* A point of the entry at hand. */
struct place {
	const struct batch *batch;
	size_t run, point; /* of the run */
};

static int tell(struct replay *r, const struct replay_series *series, struct place place,
		struct replay_slot before, struct replay_slot after, bool held, struct err *err)
{
	const struct run *run = &place.batch->runs[place.run];
	struct replay_change change = { .series = series,
					.nth = place.batch->points[run->first + place.point].nth,
					.before = before,
					.after = after,
					.entry = sqlite3_column_int64(r->entries, 0),
					.run = (int64_t)place.run,
					.point = (int64_t)place.point,
					.received_us = sqlite3_column_int64(r->entries, 2),
					.held = held };
	return r->on_change(r->context, &change, err);
}

/* Tell whoever watches, unless all is as it was. */
static int change_tell(struct replay *r, const struct replay_series *series, struct place place,
		       struct replay_slot before, struct err *err)
{
	const struct point *point =
		&place.batch->points[place.batch->runs[place.run].first + place.point];
	const struct replay_slot *now = &series->slots[point->nth];
	if (now->state == before.state &&
	    (now->state != REPLAY_VALUE || now->value_e == before.value_e))
		return 0;
	return tell(r, series, place, before, *now, false, err);
}

/* The same of a point that is held. */
static int held_tell(struct replay *r, const struct replay_series *series, struct place place,
		     const struct declared *declared, struct err *err)
{
	const struct point *point =
		&place.batch->points[place.batch->runs[place.run].first + place.point];
	struct replay_slot after = { 0 };
	if (point->nth >= series->n)
		return 0;
	if (point->withdrawn)
		after.state = REPLAY_WITHDRAWN;
	else if (metric_judge_value(declared->metric, point->value_e, declared->decimals,
				    &after.value_e) == VERDICT_OK)
		after.state = REPLAY_VALUE;
	return tell(r, series, place, series->slots[point->nth], after, true, err);
}

/* The held points of one journal entry, walked in step with its runs. */
struct held {
	sqlite3_stmt *stmt;
	int rc;                /* of the last step: 1 while run and point are valid */
	int64_t run, point, n; /* so many points */
};

static void held_next(struct held *held, struct err *err)
{
	held->rc = db_step(held->stmt, err);
	if (held->rc == 1) {
		held->run = sqlite3_column_int64(held->stmt, 0);
		held->point = sqlite3_column_int64(held->stmt, 1);
		held->n = held->point < 0 ? 1 : sqlite3_column_int64(held->stmt, 2);
	}
}

/* Asked in ascending order; point -1: the run as a whole. */
static bool held_is(struct held *held, int64_t run, int64_t point, struct err *err)
{
	while (held->rc == 1 &&
	       (held->run < run || (held->run == run && point - held->point >= held->n)))
		held_next(held, err);
	return held->rc == 1 && held->run == run && held->point <= point;
}

/* @whole: the run is held as a whole, so none of its points is played. */
static int play_run(struct replay *r, const struct batch *batch, size_t index,
		    const struct declared *declared, int32_t received_day, struct held *held,
		    bool whole, struct err *err)
{
	const struct run *run = &batch->runs[index];
	struct replay_series *series = series_of(r, declared, err);
	if (!series)
		return err->code;
	const bool watched = r->on_change != NULL; /* rarely, and it would cost each point */
	for (uint32_t i = 0; i < run->n; i++) {
		const struct point *point = &batch->points[run->first + i];
		int64_t value_e = 0;
		if (whole || (held->rc == 1 && held_is(held, (int64_t)index, (int64_t)i, err))) {
			int told = watched ? held_tell(r, series, (struct place){ batch, index, i },
						       declared, err)
					   : 0;
			if (told != 0)
				return told;
			continue;
		}
		if (point->nth >= series->n)
			return err_set(err, -EUCLEAN,
				       "the journal holds a period that does not lie in its day");
		if (!point->withdrawn &&
		    metric_judge_value(declared->metric, point->value_e, declared->decimals,
				       &value_e) != VERDICT_OK)
			continue; /* the catalogue was narrowed since */
		struct replay_slot before = series->slots[point->nth];
		slot_take(&series->slots[point->nth], point, value_e, received_day);
		int rc = watched ? change_tell(r, series, (struct place){ batch, index, i }, before,
					       err)
				 : 0;
		if (rc != 0)
			return rc;
	}
	return held->rc < 0 ? held->rc : 0;
}

static bool wanted(const uint32_t only[], size_t n_only, uint32_t series)
{
	if (!only)
		return true;
	size_t low = search_first(i, n_only, only[i] < series);
	return low < n_only && only[low] == series;
}

static int play_entry(struct replay *r, int64_t office, int32_t day, const uint32_t only[],
		      size_t n_only, struct err *err)
{
	struct batch batch;
	const struct declared *declared;
	size_t n_declared;
	int64_t id = sqlite3_column_int64(r->entries, 0);
	int32_t received_day = civil_day(sqlite3_column_int64(r->entries, 2));
	arena_reset(r->wire);
	int rc = wire_batch_decode(r->wire, sqlite3_column_blob(r->entries, 3),
				   (size_t)sqlite3_column_bytes(r->entries, 3), &batch, err);
	if (rc == 0)
		rc = declarations_of(r->declarations, sqlite3_column_int64(r->entries, 1),
				     &declared, &n_declared, err);
	if (rc == 0 && batch.day != day) /* the chain holds the payload's day, not the column */
		rc = err_set(err, -EUCLEAN, "its payload is for another day than its row");
	if (rc == 0 && (sqlite3_column_int64(r->entries, 4) != day ||
			sqlite3_column_int64(r->entries, 5) != office))
		rc = err_set(err, -EUCLEAN,
			     "it is listed under another day or office than its own");
	if (rc < 0)
		return rc == -ENOMEM ? rc : err_wrap(err, "journal entry %lld", (long long)id);
	r->observations += batch.n_points;
	struct held held = { .stmt = held_stmt(r) };
	sqlite3_bind_int64(held.stmt, 1, id);
	sqlite3_bind_int64(held.stmt, 2, r->until_us);
	sqlite3_bind_int64(held.stmt, 3, r->released_us);
	held_next(&held, err);
	rc = held.rc < 0 ? held.rc : 0;
	for (size_t i = 0; i < batch.n_runs && rc == 0; i++) {
		uint32_t number = batch.runs[i].series;
		if (number >= n_declared)
			rc = err_set(err, -EUCLEAN,
				     "journal entry %lld names series %u, which was never declared",
				     (long long)id, number);
		else if (declared[number].verdict == VERDICT_OK &&
			 wanted(only, n_only, declared[number].series)) {
			bool whole = held_is(&held, (int64_t)i, -1, err);
			if (!whole || r->on_change)
				rc = play_run(r, &batch, i, &declared[number], received_day, &held,
					      whole, err);
		}
	}
	sqlite3_reset(held.stmt);
	return rc;
}

int replay_day(struct replay *replay, int64_t office, int32_t day, const uint32_t only[],
	       size_t n_only, struct replay_series **ret_list, size_t *ret_n, struct err *err)
{
	int rc = held_look(replay, err);
	if (rc < 0)
		return rc;
	replay->n = 0;
	arena_reset(replay->slots);
	sqlite3_bind_int(replay->entries, 1, day);
	sqlite3_bind_int64(replay->entries, 2, office);
	sqlite3_bind_int64(replay->entries, 3, replay->until_us);
	sqlite3_bind_int64(replay->entries, 4, replay->before);
	while ((rc = db_step(replay->entries, err)) == 1) {
		rc = play_entry(replay, office, day, only, n_only, err);
		if (rc < 0)
			break;
	}
	sqlite3_reset(replay->entries);
	if (rc < 0)
		return rc;
	*ret_list = replay->list;
	*ret_n = replay->n;
	return 0;
}

/* All series of the office, ascending. The caller frees. */
static int series_of_office(struct replay *r, int64_t office, uint32_t **ret_list, size_t *ret_n,
			    struct err *err)
{
	uint32_t *list = NULL;
	size_t n = 0;
	int rc;
	sqlite3_bind_int64(r->declared, 1, office);
	while ((rc = db_step(r->declared, err)) == 1) {
		uint32_t *more = array_room(list, n, sizeof(*more));
		if (!more) {
			rc = err_memory(err);
			break;
		}
		list = more;
		list[n++] = (uint32_t)sqlite3_column_int64(r->declared, 0);
	}
	sqlite3_reset(r->declared);
	if (rc < 0) {
		free(list);
		return rc;
	}
	*ret_list = list;
	*ret_n = n;
	return 0;
}

int replay_each(struct replay *replay, int64_t office, int32_t day, const uint32_t only[],
		size_t n_only,
		int (*on_series)(void *context, const struct replay_series *series,
				 struct err *err),
		void *context, struct err *err)
{
	uint32_t *all = NULL;
	int rc = only ? 0 : series_of_office(replay, office, &all, &n_only, err);
	if (!only)
		only = all;
	for (size_t from = 0; from < n_only && rc == 0; from += REPLAY_SERIES_MAX) {
		size_t some = n_only - from < REPLAY_SERIES_MAX ? n_only - from : REPLAY_SERIES_MAX;
		struct replay_series *list;
		size_t n;
		rc = replay_day(replay, office, day, only + from, some, &list, &n, err);
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = on_series(context, &list[i], err);
	}
	free(all);
	return rc;
}

/* All five ways are added up, since choosing for each slot costs more. */
struct acc replay_acc(const struct replay_series *series, int32_t day, uint32_t from, uint32_t to)
{
	struct acc acc = { 0 };
	int32_t late_day = metric_late_day(series->metric, day);
	int64_t last = 0, least = INT64_MAX, most = INT64_MIN;
	int128 sum = 0;
	for (uint32_t i = from; i < to; i++) {
		const struct replay_slot *slot = &series->slots[i];
		if (slot->state == REPLAY_NONE)
			continue;
		acc.newest = (int32_t)i + 1;
		acc.revisions += slot->revisions;
		if (slot->state == REPLAY_WITHDRAWN)
			continue;
		acc.n++;
		acc.on_time += slot->received_day < late_day; /* rule 5.5 */
		last = slot->value_e;
		sum += last;
		least = last < least ? last : least;
		most = last > most ? last : most;
	}
	const int128 by_agg[] = { [AGG_SUM] = sum,
				  [AGG_MEAN] = sum,
				  [AGG_LAST] = last,
				  [AGG_MIN] = least,
				  [AGG_MAX] = most };
	acc.value = acc.n > 0 ? by_agg[series->metric->time_agg] : 0;
	return acc;
}
