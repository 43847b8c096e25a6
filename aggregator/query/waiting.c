#include "query/waiting.h"
#include "common/base/array.h"
#include "common/base/search.h"
#include "common/net/wire.h"
#include "journal/damaged_days.h"

#include <errno.h>
#include <stdlib.h>

/* What it reads with: rows of one entry follow one another, and each payload is decoded once. */
struct reader {
	const struct reference *reference;
	const struct plan *plan;
	struct declarations *declarations;
	sqlite3_stmt *rows, *payload; /* owned */
	struct arena *arena;          /* owned: of batch */
	int64_t entry;                /* that batch is of, if it can be read */
	bool readable;
	struct batch batch;
	const struct declared *declared; /* [n_declared], of its spool */
	size_t n_declared;
	int64_t whole; /* the run of it that is held as a whole; its points are in it; -1 */
	struct waiting waiting; /* owned */
};

#define WAITED(table)                                                                              \
	"SELECT q.journal, q.run, q.point, q.observations, j.office, j.day, j.spool FROM " table   \
	" q JOIN journal j ON j.id = q.journal WHERE j.received_us <= ?3"                          \
	" AND (q.held_us IS NULL OR q.held_us <= ?3)"                                              \
	" AND (q.released_us IS NULL OR q.released_us > ?3)"                                       \
	" AND j.day >= ?1 AND j.day < ?2"

/* The index of what waits has the rows; those that waited earlier are among all, and among those
 * that were released and are held again. */
static int prepare(struct reader *reader, sqlite3 *db, struct err *err)
{
	static const char now[] = "SELECT q.journal, q.run, q.point, q.observations, j.office,"
				  " j.day, j.spool FROM quarantine q JOIN journal j"
				  " ON j.id = q.journal WHERE q.released_us IS NULL"
				  " AND j.day >= ?1 AND j.day < ?2"
				  " ORDER BY q.journal, q.run, q.point",
			  then[] = WAITED("quarantine") " UNION ALL " WAITED(
				  "quarantine_past") " ORDER BY 1, 2, 3";
	const struct plan *plan = reader->plan;
	bool all = plan->known_us == INT64_MAX;
	struct period first = plan_bucket(plan, plan->first), last = plan_bucket(plan, plan->last);
	int rc = db_prepare(db, all ? now : then, &reader->rows, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT payload FROM journal WHERE id = ?", &reader->payload,
				err);
	if (rc == 0 && !(reader->arena = arena_open(WIRE_ARENA_MAX)))
		rc = err_memory(err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int(reader->rows, 1, period_first_day(first));
	sqlite3_bind_int(reader->rows, 2, period_end_day(last));
	if (!all)
		sqlite3_bind_int64(reader->rows, 3, plan->known_us);
	return 0;
}

static int read_entry(struct reader *reader, int64_t entry, struct err *err)
{
	struct err why = { 0 }; /* a damaged entry costs itself alone */
	reader->entry = entry;
	reader->whole = -1;
	reader->readable = false;
	int rc = db_time_left(err);
	if (rc < 0)
		return rc;
	arena_reset(reader->arena);
	sqlite3_bind_int64(reader->payload, 1, entry);
	rc = db_step(reader->payload, &why);
	if (rc == 0) /* an index names it, and it is not there: what is at hand is another's */
		rc = -EUCLEAN;
	if (rc == 1)
		rc = wire_batch_decode(reader->arena, sqlite3_column_blob(reader->payload, 0),
				       (size_t)sqlite3_column_bytes(reader->payload, 0),
				       &reader->batch, &why);
	sqlite3_reset(reader->payload);
	if (rc == 0)
		rc = declarations_of(reader->declarations, sqlite3_column_int64(reader->rows, 6),
				     &reader->declared, &reader->n_declared, &why);
	reader->readable = rc == 0 && reader->batch.day == sqlite3_column_int(reader->rows, 5);
	return rc == 0 || is_damage(rc) ? 0 : err_set(err, rc, "%s", why.text);
}

/* The plan's bucket in which the @nth period of @day begins. */
static int32_t bucket_of(const struct plan *plan, const struct declared *declared, int32_t day,
			 uint16_t nth)
{
	if (plan->per != GRAIN_HOUR)
		return period_of_day(plan->calendar, plan->per, day).number;
	int32_t per_day = (int32_t)grain_per_day(declared->grain);
	return day * 24 + (declared->grain < GRAIN_DAY ? (int32_t)nth * 24 / per_day : 0);
}

static int add(struct reader *reader, const struct office *office, const struct declared *declared,
	       uint16_t nth, struct err *err)
{
	struct waiting *waiting = &reader->waiting;
	const struct plan *plan = reader->plan;
	int32_t day = reader->batch.day, bucket = bucket_of(plan, declared, day, nth);
	struct wait *last = waiting->n > 0 ? &waiting->list[waiting->n - 1] : NULL;
	if (bucket < plan->first || bucket > plan->last)
		return 0;
	if (last && last->bucket == bucket && last->series == declared->series &&
	    last->office == office && last->day == day) {
		last->n++;
		return 0;
	}
	struct wait *list = array_room(waiting->list, waiting->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	waiting->list = list;
	list[waiting->n++] = (struct wait){ bucket, declared->series, office, day, 1 };
	return 0;
}

static int add_row(struct reader *reader, struct err *err)
{
	sqlite3_stmt *rows = reader->rows;
	int64_t entry = sqlite3_column_int64(rows, 0), run = sqlite3_column_int64(rows, 1),
		point = sqlite3_column_int64(rows, 2), n = sqlite3_column_int64(rows, 3);
	const struct office *office =
		offices_by_id(reader->reference->offices, sqlite3_column_int64(rows, 4));
	const struct batch *batch = &reader->batch;
	int rc = entry == reader->entry ? 0 : read_entry(reader, entry, err);
	if (rc < 0 || !reader->readable || !office || run < 0 || run >= (int64_t)batch->n_runs ||
	    run == reader->whole)
		return rc;
	const struct run *of = &batch->runs[run];
	if (of->series >= reader->n_declared || !reader->declared[of->series].metric)
		return 0;
	if (point < 0) {
		reader->whole = run;
		point = 0;
		n = of->n;
	}
	for (; n > 0 && point < of->n && rc == 0; n--, point++)
		rc = add(reader, office, &reader->declared[of->series],
			 batch->points[of->first + (uint32_t)point].nth, err);
	return rc;
}

static int by_bucket(const void *a, const void *b)
{
	const struct wait *x = a, *y = b;
	if (x->bucket != y->bucket)
		return x->bucket < y->bucket ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

int waiting_read(sqlite3 *db, const struct reference *reference, const struct plan *plan,
		 struct declarations *declarations, struct waiting *ret, struct err *err)
{
	struct reader reader = {
		.reference = reference, .plan = plan, .declarations = declarations, .whole = -1
	};
	int rc = prepare(&reader, db, err);
	while (rc == 0 && (rc = db_step(reader.rows, err)) == 1)
		rc = add_row(&reader, err);
	sqlite3_finalize(reader.rows);
	sqlite3_finalize(reader.payload);
	arena_close(reader.arena);
	if (rc < 0) {
		free(reader.waiting.list);
		return rc;
	}
	if (reader.waiting.n > 1)
		qsort(reader.waiting.list, reader.waiting.n, sizeof(*reader.waiting.list),
		      by_bucket);
	*ret = reader.waiting;
	return 0;
}

void waiting_of(const struct waiting *waiting, int32_t bucket, size_t *ret_first, size_t *ret_end)
{
	size_t low = search_first(i, waiting->n, waiting->list[i].bucket < bucket);
	*ret_first = low;
	while (low < waiting->n && waiting->list[low].bucket == bucket)
		low++;
	*ret_end = low;
}
