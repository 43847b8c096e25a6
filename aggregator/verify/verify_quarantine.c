#include "verify/verify_quarantine.h"

#include "common/model/civil.h"
#include "journal/quarantine.h"

#include <inttypes.h>

static int next(struct quarantine_look *look, struct err *err)
{
	look->rc = db_step(look->rows, err);
	if (look->rc == 1) {
		if (look->journal != sqlite3_column_int64(look->rows, 0) ||
		    look->run != sqlite3_column_int64(look->rows, 1))
			look->free = 0;
		look->journal = sqlite3_column_int64(look->rows, 0);
		look->run = sqlite3_column_int64(look->rows, 1);
		look->point = sqlite3_column_int64(look->rows, 2);
		look->observations = sqlite3_column_int64(look->rows, 3);
	}
	return look->rc < 0 ? look->rc : 0;
}

int quarantine_look_open(struct quarantine_look *look, sqlite3 *db, int64_t after, int64_t end,
			 struct err *err)
{
	int rc = db_prepare(db,
			    "SELECT journal, run, point, observations FROM quarantine"
			    " WHERE journal > ? AND journal <= ?"
			    " ORDER BY journal, run, point",
			    &look->rows, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(look->rows, 1, after);
	sqlite3_bind_int64(look->rows, 2, end);
	return next(look, err);
}

void quarantine_look_close(struct quarantine_look *look)
{
	sqlite3_finalize(look->rows);
}

static struct words row_words(const struct quarantine_look *look)
{
	return words("journal entry %" PRId64 ", run %" PRId64 ", point %" PRId64, look->journal,
		     look->run, look->point);
}

static void stranger_name(struct quarantine_look *look)
{
	verify_damaged(look->report, "quarantine", row_words(look), words("held"),
		       words("no such journal entry"));
}

static void row_check(struct quarantine_look *look, const struct batch *batch)
{
	const struct run *run = look->run >= 0 && (uint64_t)look->run < batch->n_runs
					? &batch->runs[look->run]
					: NULL;
	if (!run || look->point < QUARANTINE_WHOLE_RUN || look->point >= run->n) {
		verify_damaged(look->report, "quarantine", row_words(look), words("held"),
			       words("no such run or point in the entry"));
		return;
	}
	bool whole = look->point == QUARANTINE_WHOLE_RUN;
	int64_t most = whole ? run->n : run->n - look->point;
	if (whole && look->observations != most)
		verify_damaged(look->report, "quarantine", row_words(look),
			       words("%" PRId64 " observations", look->observations),
			       words("%" PRId64 " observations", most));
	else if (look->observations < 1 || look->observations > most)
		verify_damaged(look->report, "quarantine", row_words(look),
			       words("%" PRId64 " observations", look->observations),
			       words("1 to %" PRId64 " observations", most));
	if (!whole && look->point < look->free)
		verify_damaged(look->report, "quarantine", row_words(look), words("held twice"),
			       words("held once"));
	look->free = whole ? 0 : look->point + look->observations;
}

int quarantine_look_entry(struct quarantine_look *look, int64_t id, int64_t received_us,
			  const struct batch *batch, struct err *err)
{
	size_t whole = 0;
	int rc = 0;
	while (rc == 0 && look->rc == 1 && look->journal <= id) {
		if (look->journal < id)
			stranger_name(look);
		else if (batch)
			row_check(look, batch);
		whole += look->journal == id && look->point == QUARANTINE_WHOLE_RUN;
		rc = next(look, err);
	}
	/* Of a period that had not begun when it came, all must be held (I5): the one verdict that
	 * needs nothing but the entry, and whoever releases or reviews it goes by a later day. (Not
	 * the other way round: a review by a clock that was put back may find a future that had
	 * come.) */
	if (rc == 0 && batch && batch->day > civil_day(received_us) + 1 && whole < batch->n_runs)
		verify_damaged(look->report, "quarantine", words("journal entry %" PRId64, id),
			       words("%zu of %zu runs held", whole, batch->n_runs),
			       words("all of them, as its period had not begun"));
	return rc;
}

int quarantine_look_rest(struct quarantine_look *look, struct err *err)
{
	int rc = 0;
	while (rc == 0 && look->rc == 1) {
		stranger_name(look);
		rc = next(look, err);
	}
	return rc;
}

/* How much of each office waits, which triggers count, beside what there is. */
static int counts_check(struct quarantine_look *look, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db,
			    "WITH waits AS (SELECT j.office AS office, count(*) AS n,"
			    " sum(q.observations) AS observations FROM quarantine q"
			    " JOIN journal j ON j.id = q.journal WHERE q.released_us IS NULL"
			    " GROUP BY j.office) SELECT coalesce(h.office, w.office),"
			    " coalesce(h.n, 0), coalesce(h.observations, 0), coalesce(w.n, 0) AS n,"
			    " coalesce(w.observations, 0) AS observations FROM held h"
			    " FULL JOIN waits w ON w.office = h.office WHERE coalesce(h.n, 0)"
			    " <> coalesce(w.n, 0) OR coalesce(h.observations, 0)"
			    " <> coalesce(w.observations, 0) ORDER BY 1",
			    &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		verify_damaged(look->report, "held",
			       words("office id %" PRId64, (int64_t)sqlite3_column_int64(rows, 0)),
			       words("%" PRId64 " rows, %" PRId64 " observations",
				     (int64_t)sqlite3_column_int64(rows, 1),
				     (int64_t)sqlite3_column_int64(rows, 2)),
			       words("%" PRId64 " rows, %" PRId64 " observations",
				     (int64_t)sqlite3_column_int64(rows, 3),
				     (int64_t)sqlite3_column_int64(rows, 4)));
		rc = 0;
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

int quarantine_look_finish(struct quarantine_look *look, sqlite3 *db, int64_t end, struct err *err)
{
	int rc = counts_check(look, db, err);
	if (rc < 0)
		return rc;
	/* Rows beyond the walk: intake may have held them since, with their entries. */
	sqlite3_finalize(look->rows);
	look->rows = NULL;
	rc = db_prepare(db,
			"SELECT journal, run, point, observations FROM quarantine q"
			" WHERE journal > ? AND NOT EXISTS"
			" (SELECT 1 FROM journal WHERE id = q.journal)",
			&look->rows, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(look->rows, 1, end);
	rc = next(look, err);
	return rc < 0 ? rc : quarantine_look_rest(look, err);
}
