/* The day index: each entry of the journal is in the list of its own day and office, once.
 *
 * An entry is named by the next newer one of its list, the newest entry by table `strand`. Whoever
 * names an entry must be of its day and office, and later. When each entry is also named exactly
 * once, no list can leave one out, branch, or hold one twice. That is a sum of hashes: of all
 * entries' ids, less those of the named ones, which is 0 then. Entries from before these lists
 * existed are left to the index of SQLite. */
#include "verify/verify_index.h"

#include <inttypes.h>

#define PLACES_MAX 2000u /* of a step */

/* splitmix64: ids that are exchanged must not make up for each other. */
static uint64_t hash_id(int64_t id)
{
	uint64_t h = (uint64_t)id + UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

int index_look_open(struct index_look *look, sqlite3 *db, struct err *err)
{
	return db_prepare(db, "SELECT day, office, back FROM journal WHERE id = ?", &look->find,
			  err);
}

void index_look_close(struct index_look *look)
{
	sqlite3_finalize(look->find);
}

static void misled(struct index_look *look, struct words where, int64_t id)
{
	look->walk->misled = true;
	verify_damaged(look->report, "strand", where, words("journal entry %" PRId64, id),
		       words("an earlier entry of the same day and office"));
}

/* @id is named from @day and @office. */
static int named(struct index_look *look, int64_t id, int64_t day, int64_t office,
		 struct words where, struct err *err)
{
	sqlite3_bind_int64(look->find, 1, id);
	int rc = db_step(look->find, err);
	if (rc >= 0 && (rc == 0 || sqlite3_column_int64(look->find, 0) != day ||
			sqlite3_column_int64(look->find, 1) != office))
		misled(look, where, id);
	else if (rc == 1 && sqlite3_column_type(look->find, 2) != SQLITE_NULL)
		look->walk->unnamed -= hash_id(id);
	sqlite3_reset(look->find);
	return rc < 0 ? rc : 0;
}

int index_entry(struct index_look *look, const struct index_place *place, struct err *err)
{
	struct words where = words("journal entry %" PRId64, place->id);
	look->walk->unnamed += hash_id(place->id);
	if (place->back == 0)
		return 0;
	if (place->back > 0 && place->back < place->id)
		return named(look, place->id - place->back, place->day, place->office, where, err);
	misled(look, where, place->id - place->back);
	return 0;
}

/* From the newest of a list to what was its newest when the walk began; 0: there was none. */
static int newest_then(struct index_look *look, int64_t end, int64_t *id, struct err *err)
{
	int rc = 1;
	while (rc == 1 && *id > end) {
		sqlite3_bind_int64(look->find, 1, *id);
		rc = db_step(look->find, err);
		int64_t back = rc == 1 ? sqlite3_column_int64(look->find, 2) : 0;
		*id = back > 0 ? *id - back : 0;
		sqlite3_reset(look->find);
	}
	return rc < 0 ? rc : 0;
}

static int place_check(struct index_look *look, int64_t end, sqlite3_stmt *row, struct err *err)
{
	struct index_walk *walk = look->walk;
	int64_t id = sqlite3_column_int64(row, 2);
	walk->day = sqlite3_column_int64(row, 0);
	walk->office = sqlite3_column_int64(row, 1);
	int rc = newest_then(look, end, &id, err);
	if (rc < 0 || id == 0)
		return rc;
	return named(look, id, walk->day, walk->office,
		     words("day number %" PRId64 " of office id %" PRId64, walk->day, walk->office),
		     err);
}

static int places_check(struct index_look *look, int64_t end, sqlite3_stmt *rows, struct err *err)
{
	const struct index_walk *walk = look->walk;
	int64_t day = walk->day, office = walk->office;
	size_t n = 0;
	int rc;
	while ((rc = db_step(rows, err)) == 1) {
		rc = place_check(look, end, rows, err);
		if (rc < 0)
			return rc;
		if (++n == PLACES_MAX) /* no later than before: damaged, and would never end */
			return walk->day > day || (walk->day == day && walk->office > office);
	}
	if (rc == 0 && look->walk->unnamed != 0 && !look->walk->misled)
		verify_damaged(look->report, "strand", words("journal"),
			       words("entries listed nowhere, or twice"),
			       words("each entry listed once, under its day and office"));
	return rc;
}

int index_step(struct index_look *look, sqlite3 *db, int64_t end, struct err *err)
{
	sqlite3_stmt *rows;
	int rc = db_prepare(db,
			    "SELECT day, office, entry FROM strand WHERE (day, office) > (?, ?)"
			    " ORDER BY day, office",
			    &rows, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(rows, 1, look->walk->day);
	sqlite3_bind_int64(rows, 2, look->walk->office);
	rc = places_check(look, end, rows, err);
	sqlite3_finalize(rows);
	return rc;
}
