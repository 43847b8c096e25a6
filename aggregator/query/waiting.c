#include "query/waiting.h"
#include "common/base/array.h"
#include "common/base/search.h"
#include "journal/quarantine.h"
#include "query/held_entry.h"

#include <stdlib.h>

struct reader { /* what it reads with */
	const struct reference *reference;
	const struct plan *plan;
	sqlite3_stmt *rows; /* owned */
	struct held_entry entry;
	int64_t whole; /* the run of it that is held as a whole; its points are in it; -1 */
	struct waiting waiting; /* owned */
};

#define WAITED(table)                                                                              \
	"SELECT q.journal, q.run, q.point, q.observations, j.office FROM " table                   \
	" q JOIN journal j ON j.id = q.journal WHERE j.received_us <= ?3"                          \
	" AND (q.held_us IS NULL OR q.held_us <= ?3)"                                              \
	" AND (q.released_us IS NULL OR q.released_us > ?3)"                                       \
	" AND j.day >= ?1 AND j.day < ?2"

#define WAITS(table)                                                                               \
	"SELECT q.journal, q.run, q.point, q.observations, j.office FROM " table                   \
	" q JOIN journal j ON j.id = q.journal WHERE q.released_us IS NULL"                        \
	" AND j.day >= ?1 AND j.day < ?2 ORDER BY q.journal, q.run, q.point"

/* The index of what waits has the rows; those that waited earlier are among all, and among those
 * that were released and are held again. While what a change holds settles, that is beside them. */
static int prepare(struct reader *reader, sqlite3 *db, struct err *err)
{
	static const char *const now[] = { WAITS("quarantine"), WAITS(QUARANTINE_SETTLING) };
	static const char *const then[] = {
		WAITED("quarantine") " UNION ALL " WAITED("quarantine_past") " ORDER BY 1, 2, 3",
		WAITED(QUARANTINE_SETTLING) " UNION ALL " WAITED(
			QUARANTINE_PAST_SETTLING) " ORDER BY 1, 2, 3",
	};
	const struct plan *plan = reader->plan;
	bool all = plan->known_us == INT64_MAX, settling = false;
	struct period first = plan_bucket(plan, plan->first), last = plan_bucket(plan, plan->last);
	int rc = quarantine_is_settling(db, &settling, err);
	if (rc == 0)
		rc = db_prepare(db, all ? now[settling] : then[settling], &reader->rows, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int(reader->rows, 1, period_first_day(first));
	sqlite3_bind_int(reader->rows, 2, period_end_day(last));
	if (!all)
		sqlite3_bind_int64(reader->rows, 3, plan->known_us);
	return 0;
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
	int32_t day = reader->entry.batch.day, bucket = bucket_of(plan, declared, day, nth);
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
	reader->whole = entry == reader->entry.id ? reader->whole : -1;
	int rc = held_entry_read(&reader->entry, entry, err);
	const struct declared *declared = rc == 0 ? held_entry_series(&reader->entry, run) : NULL;
	if (!declared || !declared->metric || !office || run == reader->whole)
		return rc;
	const struct run *of = &reader->entry.batch.runs[run];
	if (point < 0) {
		reader->whole = run;
		point = 0;
		n = of->n;
	}
	for (; n > 0 && point < of->n && rc == 0; n--, point++)
		rc = add(reader, office, declared,
			 reader->entry.batch.points[of->first + (uint32_t)point].nth, err);
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
	struct reader reader = { .reference = reference, .plan = plan, .whole = -1 };
	int rc = prepare(&reader, db, err);
	if (rc == 0)
		rc = held_entry_open(db, declarations, &reader.entry, err);
	while (rc == 0 && (rc = db_step(reader.rows, err)) == 1)
		rc = add_row(&reader, err);
	sqlite3_finalize(reader.rows);
	held_entry_close(&reader.entry);
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
