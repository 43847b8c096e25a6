#include "journal/older_copy.h"

#include "common/base/array.h"
#include "common/base/decimal.h"
#include "journal/day_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct newer { /* one figure of the newer batches */
	uint32_t series;
	uint16_t shape; /* without its decimals */
	uint16_t nth;
	uint8_t decimals;
	bool withdrawn, tells_nothing;
	int64_t value_e;
	int64_t entry; /* of the journal */
};

struct older_copy {
	sqlite3_stmt *is, *spools, *entries, *declared, *held;
	struct arena *arena;
	struct newer *list; /* owned [n]: by series, shape and nth, each once */
	size_t n;
	uint32_t *wanted; /* owned [n_wanted], ascending: series */
	size_t n_wanted, wanted_room;
};

/* The spools of office ?1 that spool row ?2 goes on from, with the last batch that it knows; those
 * that went on from one of them before, when it has other batches; and so on. A spool that names
 * itself, or a circle, ends by the bound. */
#define NEWER_SPOOLS                                                                               \
	"WITH RECURSIVE line(name, seq, n) AS ("                                                   \
	" SELECT from_spool, from_seq, 1 FROM spool WHERE id = ?2 AND from_spool <> 0"             \
	" UNION SELECT s.from_spool, s.from_seq, n + 1 FROM line JOIN spool s"                     \
	" ON s.office = ?1 AND s.spool_id = line.name WHERE s.from_spool <> 0 AND n < 64),"        \
	" known(id, name, seq) AS (SELECT s.id, line.name, line.seq FROM line JOIN spool s"        \
	" ON s.office = ?1 AND s.spool_id = line.name WHERE s.upto > line.seq AND s.id < ?2),"     \
	" other(id, name) AS (SELECT s.id, s.spool_id FROM known JOIN spool s"                     \
	" ON s.office = ?1 AND s.from_spool = known.name WHERE s.id < ?2"                          \
	" AND s.spool_id NOT IN (SELECT name FROM line)"                                           \
	" UNION SELECT s.id, s.spool_id FROM other JOIN spool s"                                   \
	" ON s.office = ?1 AND s.from_spool = other.name WHERE s.id < ?2"                          \
	" AND s.spool_id NOT IN (SELECT name FROM line)),"                                         \
	" newer(id, seq) AS (SELECT id, seq FROM known UNION ALL SELECT id, 0 FROM other) "

struct older_copy *older_copy_open(sqlite3 *db, struct err *err)
{
	struct older_copy *copy = calloc(1, sizeof(*copy));
	if (!copy || !(copy->arena = arena_open(WIRE_ARENA_MAX))) {
		older_copy_close(copy);
		(void)err_memory(err);
		return NULL;
	}
	if (db_prepare(db, NEWER_SPOOLS "SELECT 1 FROM newer LIMIT 1", &copy->is, err) < 0 ||
	    db_prepare(db, NEWER_SPOOLS "SELECT id, min(seq) FROM newer GROUP BY id", &copy->spools,
		       err) < 0 ||
	    db_prepare(db,
		       DAY_INDEX_ENTRIES("?2", "?1") "SELECT payload, spool, seq, id FROM journal"
						     " WHERE id IN day_index_entries AND id < ?3"
						     " ORDER BY id",
		       &copy->entries, err) < 0 ||
	    db_prepare(db, "SELECT series, shape FROM declared WHERE spool = ? AND number = ?",
		       &copy->declared, err) < 0 ||
	    db_prepare(db,
		       "SELECT point, observations FROM quarantine WHERE journal = ?1 AND run = ?2"
		       " AND verdict = ?3 AND released_us IS NULL",
		       &copy->held, err) < 0) {
		older_copy_close(copy);
		return NULL;
	}
	return copy;
}

void older_copy_close(struct older_copy *copy)
{
	if (!copy)
		return;
	sqlite3_finalize(copy->is);
	sqlite3_finalize(copy->spools);
	sqlite3_finalize(copy->entries);
	sqlite3_finalize(copy->declared);
	sqlite3_finalize(copy->held);
	arena_close(copy->arena);
	free(copy->list);
	free(copy->wanted);
	free(copy);
}

void older_copy_forget(struct older_copy *copy)
{
	copy->n = 0;
}

int older_copy_is(struct older_copy *copy, int64_t office, int64_t spool, bool *ret_is,
		  struct err *err)
{
	sqlite3_bind_int64(copy->is, 1, office);
	sqlite3_bind_int64(copy->is, 2, spool);
	int rc = db_step(copy->is, err);
	sqlite3_reset(copy->is);
	if (rc >= 0)
		*ret_is = rc == 1;
	return rc < 0 ? rc : 0;
}

/* --- the order of figures --- */

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static int by_place(const struct newer *x, const struct newer *y)
{
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->shape != y->shape)
		return x->shape < y->shape ? -1 : 1;
	return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static int by_place_only(const void *a, const void *b)
{
	return by_place(a, b);
}

static int by_place_and_entry(const void *a, const void *b)
{
	const struct newer *x = a, *y = b;
	int order = by_place(x, y);
	return order ? order : x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* --- gathering --- */

static int want(struct older_copy *copy, const struct batch *batch,
		const struct declared declared[], size_t n_declared, struct err *err)
{
	copy->n_wanted = 0;
	if (ARRAY_RESERVE(copy->wanted, copy->wanted_room, batch->n_runs) < 0)
		return err_memory(err);
	for (size_t i = 0; i < batch->n_runs; i++)
		if (batch->runs[i].series < n_declared)
			copy->wanted[copy->n_wanted++] = declared[batch->runs[i].series].series;
	qsort(copy->wanted, copy->n_wanted, sizeof(copy->wanted[0]), by_number);
	return 0;
}

/* Those of the run's points, which were gathered from @from on, that are held as older than what
 * was there: another copy of the same image sent them. They tell nothing. */
static int drop_held(struct older_copy *copy, size_t run, size_t from, struct err *err)
{
	int rc;
	sqlite3_bind_int64(copy->held, 1, sqlite3_column_int64(copy->entries, 3));
	sqlite3_bind_int64(copy->held, 2, (int64_t)run);
	sqlite3_bind_int(copy->held, 3, VERDICT_OLDER_COPY);
	while ((rc = db_step(copy->held, err)) == 1) {
		int64_t first = sqlite3_column_int64(copy->held, 0);
		int64_t n = sqlite3_column_int64(copy->held, 1);
		for (int64_t i = first < 0 ? 0 : first; i < first + n; i++)
			if (from + (size_t)i < copy->n)
				copy->list[from + (size_t)i].tells_nothing = true;
	}
	sqlite3_reset(copy->held);
	size_t kept = from;
	for (size_t i = from; i < copy->n; i++)
		if (!copy->list[i].tells_nothing)
			copy->list[kept++] = copy->list[i];
	copy->n = kept;
	return rc;
}

static int run_gather(struct older_copy *copy, int64_t spool, const struct batch *batch,
		      size_t index, struct err *err)
{
	const struct run *run = &batch->runs[index];
	size_t from = copy->n;
	int64_t entry = sqlite3_column_int64(copy->entries, 3);
	sqlite3_bind_int64(copy->declared, 1, spool);
	sqlite3_bind_int64(copy->declared, 2, run->series);
	int rc = db_step(copy->declared, err);
	int64_t series = rc == 1 ? sqlite3_column_int64(copy->declared, 0) : -1;
	int64_t shape = rc == 1 ? sqlite3_column_int64(copy->declared, 1) : 0;
	sqlite3_reset(copy->declared);
	if (rc <= 0 || series < 0 || series > UINT32_MAX)
		return rc < 0 ? rc : 0; /* damage: verify names it */
	uint32_t id = (uint32_t)series;
	if (!bsearch(&id, copy->wanted, copy->n_wanted, sizeof(id), by_number))
		return 0;
	for (uint32_t i = run->first; i < run->first + run->n; i++) {
		const struct point *point = &batch->points[i];
		struct newer *list = array_room(copy->list, copy->n, sizeof(*list));
		if (!list)
			return err_memory(err);
		copy->list = list;
		list[copy->n] = (struct newer){ .series = id,
						.shape = (uint16_t)SHAPE_WITHOUT_DECIMALS(shape),
						.nth = (uint16_t)point->nth,
						.decimals = (uint8_t)shape_decimals(shape),
						.withdrawn = point->withdrawn,
						.value_e = point->value_e,
						.entry = entry };
		copy->n++;
	}
	return drop_held(copy, index, from, err);
}

struct known_upto {
	int64_t spool, seq;
};

static int spools_read(struct older_copy *copy, int64_t office, int64_t spool,
		       struct known_upto **ret_list, size_t *ret_n, struct err *err)
{
	struct known_upto *list = NULL;
	size_t n = 0;
	int rc;
	sqlite3_bind_int64(copy->spools, 1, office);
	sqlite3_bind_int64(copy->spools, 2, spool);
	while ((rc = db_step(copy->spools, err)) == 1) {
		struct known_upto *more = array_room(list, n, sizeof(*more));
		if (!more) {
			rc = err_memory(err);
			break;
		}
		list = more;
		list[n++] = (struct known_upto){ sqlite3_column_int64(copy->spools, 0),
						 sqlite3_column_int64(copy->spools, 1) };
	}
	sqlite3_reset(copy->spools);
	if (rc < 0) {
		free(list);
		return rc;
	}
	*ret_list = list;
	*ret_n = n;
	return 0;
}

static bool is_newer(const struct known_upto list[], size_t n, int64_t spool, int64_t seq)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].spool == spool)
			return seq > list[i].seq;
	return false;
}

/* One that cannot be read holds nothing back: verify and the day's fold name it. */
static int entry_gather(struct older_copy *copy, int64_t day, struct err *err)
{
	struct batch batch;
	arena_reset(copy->arena);
	int rc = wire_batch_decode(copy->arena, sqlite3_column_blob(copy->entries, 0),
				   (size_t)sqlite3_column_bytes(copy->entries, 0), &batch, err);
	if (rc < 0 || batch.day != day)
		return rc == -ENOMEM ? rc : 0;
	for (size_t i = 0; i < batch.n_runs && rc == 0; i++)
		rc = run_gather(copy, sqlite3_column_int64(copy->entries, 1), &batch, i, err);
	return rc;
}

/* What came last of each figure. */
static void settle(struct older_copy *copy)
{
	size_t n = 0;
	if (copy->n > 0)
		qsort(copy->list, copy->n, sizeof(copy->list[0]), by_place_and_entry);
	for (size_t i = 0; i < copy->n; i++) {
		if (n > 0 && by_place(&copy->list[n - 1], &copy->list[i]) == 0)
			n--;
		copy->list[n++] = copy->list[i];
	}
	copy->n = n;
}

int older_copy_gather(struct older_copy *copy, int64_t office, int64_t spool, int64_t entry,
		      const struct batch *batch, const struct declared declared[],
		      size_t n_declared, struct err *err)
{
	struct known_upto *spools = NULL;
	size_t n_spools = 0;
	copy->n = 0;
	int rc = spools_read(copy, office, spool, &spools, &n_spools, err);
	if (rc == 0 && n_spools > 0)
		rc = want(copy, batch, declared, n_declared, err);
	sqlite3_bind_int64(copy->entries, 1, office);
	sqlite3_bind_int64(copy->entries, 2, batch->day);
	sqlite3_bind_int64(copy->entries, 3, entry);
	while (rc == 0 && n_spools > 0 && (rc = db_step(copy->entries, err)) == 1)
		rc = is_newer(spools, n_spools, sqlite3_column_int64(copy->entries, 1),
			      sqlite3_column_int64(copy->entries, 2))
			     ? entry_gather(copy, batch->day, err)
			     : 0;
	sqlite3_reset(copy->entries);
	free(spools);
	settle(copy);
	return rc;
}

/* --- asking --- */

static bool is_same(const struct newer *newer, const struct declared *declared,
		    const struct point *point)
{
	int64_t theirs, ours;
	if (newer->withdrawn || point->withdrawn)
		return newer->withdrawn == point->withdrawn;
	if (newer->decimals == declared->decimals)
		return newer->value_e == point->value_e;
	return decimal_rescale(newer->value_e, newer->decimals, DECIMALS_MAX, &theirs) == 0 &&
	       decimal_rescale(point->value_e, declared->decimals, DECIMALS_MAX, &ours) == 0 &&
	       theirs == ours;
}

bool older_copy_has(const struct older_copy *copy, const struct declared *declared,
		    const struct point *point)
{
	const struct newer place = { .series = declared->series,
				     .shape = (uint16_t)shape_pack(declared->calendar,
								   declared->grain, 0),
				     .nth = (uint16_t)point->nth };
	if (copy->n == 0)
		return false;
	const struct newer *newer =
		bsearch(&place, copy->list, copy->n, sizeof(place), by_place_only);
	return newer && !is_same(newer, declared, point);
}
