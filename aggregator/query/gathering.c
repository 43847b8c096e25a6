/* 1. The journal's index says which offices sent anything for which day of the range, so that a
 *    long time costs what lies in it;
 * 2. those office-days are played again, and all that came is noted down;
 * 3. the notes are sorted by the journal's order. */
#include "query/gathering.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "common/model/civil.h"
#include "journal/quarantine.h"
#include "registry/hands.h"
#include "schema/account.h"

#include <errno.h>
#include <stdlib.h>

/* Has the journal anything of a day from @first to before @end? */
static bool has_entries(const struct gathering *g, int32_t first, int32_t end)
{
	size_t low = search_first(i, g->n_days,
				  g->days[i] < first); /* days[low - 1] < first <= days[high] */
	return low < g->n_days && g->days[low] < end;
}

static int find_days(struct gathering *g, sqlite3 *db, int32_t first, int32_t end, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT day FROM arrival WHERE day >= ? AND day < ? ORDER BY day",
			    &stmt, err);
	if (rc < 0)
		return rc;
	g->days = malloc((size_t)(end - first) * sizeof(*g->days)); /* of PLAN_BUCKETS_MAX */
	sqlite3_bind_int(stmt, 1, first);
	sqlite3_bind_int(stmt, 2, end);
	/* Each once, as it is the key. A disk may tell one twice: there is no room for more. */
	for (int32_t next = first; g->days && (rc = db_step(stmt, err)) == 1;) {
		int32_t day = sqlite3_column_int(stmt, 0);
		if (day < next || day >= end) {
			rc = err_set(err, -EUCLEAN,
				     "the list of days on which anything came is damaged");
			break;
		}
		g->days[g->n_days++] = day;
		next = day + 1;
	}
	sqlite3_finalize(stmt);
	return g->days ? rc : err_memory(err);
}

/* What is to be told? Rule 5.4: what comes after a withdrawal is a first report again. */
static bool is_news(const struct gathering *g, const struct replay_change *change)
{
	uint32_t from = slice_first_nth(&g->slice, g->metric);
	if (change->nth < from || change->nth >= from + g->slice.pairs)
		return false; /* of another hour of the day */
	if (change->held)
		return true;
	return !g->nowhere &&
	       (change->before.state == REPLAY_VALUE || change->after.state == REPLAY_VALUE);
}

static int on_change(void *context, const struct replay_change *change, struct err *err)
{
	struct gathering *g = context;
	if (!is_news(g, change))
		return 0;
	if (g->n == REVISIONS_MAX)
		return err_set(err, -E2BIG,
			       "there are more than %u revisions; ask for less at once",
			       REVISIONS_MAX);
	struct note *notes = array_room(g->notes, g->n, sizeof(*notes));
	if (!notes)
		return err_memory(err);
	g->notes = notes;
	g->notes[g->n++] = (struct note){ .entry = change->entry,
					  .received_us = change->received_us,
					  .run = change->run,
					  .point = change->point,
					  .held = change->held,
					  .office = g->office,
					  .metric = g->metric,
					  .series = change->series->series,
					  .nth = change->nth,
					  .day = g->slice.day,
					  .before = g->before,
					  .was = change->before,
					  .became = change->after };
	return 0;
}

/* What the office sent for the slice's day, if it lies in the area asked about. What is from
 * nowhere lies in no area, but is somewhere. */
static int gather_office(struct gathering *g, int64_t id, struct err *err)
{
	struct replay_series *list;
	size_t n;
	g->office = offices_by_id(g->reference->offices, id);
	if (!g->office)
		return 0;
	const struct unit *unit = office_unit(g->office, g->reference->units, g->slice.day);
	g->nowhere = !unit && !g->plan->area;
	if (!g->nowhere && rows_place(&g->rows, g->office, unit, g->slice.day).row == ROW_OUTSIDE)
		return 0;
	return replay_day(g->replay, id, g->slice.day, g->series.list, g->series.n, &list, &n, err);
}

static int gather_day(struct gathering *g, struct err *err)
{
	int rc;
	sqlite3_bind_int(g->offices, 1, g->slice.day);
	while ((rc = db_step(g->offices, err)) == 1) {
		rc = gather_office(g, sqlite3_column_int64(g->offices, 0), err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(g->offices); /* repeats the error that step told */
	return rc;
}

static int gather_metric(struct gathering *g, sqlite3 *db, const struct metric *metric,
			 struct period bucket, struct err *err)
{
	struct slices slices = slices_of(g->plan, metric, bucket);
	g->metric = metric;
	int rc = series_find(db, g->reference->catalogue->dimensions, metric, g->plan->labels,
			     &g->series, err);
	for (int32_t number = slices.first; number <= slices.last && rc == 0 && g->series.n > 0;
	     number++) {
		g->slice = slice_at(&slices, number);
		rc = db_time_left(err);
		if (rc == 0 && has_entries(g, g->slice.day, g->slice.day + 1))
			rc = gather_day(g, err);
	}
	return rc;
}

static int gather(struct gathering *g, sqlite3 *db, struct err *err)
{
	const struct plan *plan = g->plan;
	int rc = 0;
	for (int32_t number = plan->first; number <= plan->last && rc == 0; number++) {
		struct period bucket = plan_bucket(plan, number);
		if (!has_entries(g, period_first_day(bucket), period_end_day(bucket)))
			continue;
		rc = db_time_left(err);
		if (rc == 0)
			rc = rows_make(plan, g->reference, bucket, &g->rows, err);
		for (size_t i = 0; i < plan->n_metrics && rc == 0; i++)
			rc = gather_metric(g, db, plan->metrics[i], bucket, err);
		rows_free(&g->rows);
	}
	return rc;
}

static int by_entry(const void *a, const void *b)
{
	const struct note *x = a, *y = b;
	if (x->entry != y->entry)
		return x->entry < y->entry ? -1 : 1;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->nth != y->nth)
		return x->nth < y->nth ? -1 : 1;
	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return x->point < y->point ? -1 : x->point > y->point;
}

/* What lies in quarantine of a point, or did: of the run as a whole, or of points of it. */
#define VERDICT_FROM(table)                                                                        \
	"SELECT verdict, iif(?5, held_us, released_us) AS at FROM " table                          \
	" WHERE journal = ?1 AND run = ?2"                                                         \
	" AND (point = -1 OR (point <= ?3 AND point + observations > ?3))"                         \
	" AND iif(?5, (held_us IS NULL OR held_us <= ?4)"                                          \
	"  AND (released_us IS NULL OR released_us > ?4), released_us <= ?4)"
#define VERDICT_OF(now, past)                                                                      \
	VERDICT_FROM(now) " UNION ALL " VERDICT_FROM(past) " ORDER BY at DESC LIMIT 1"

/* Earlier holds: the verdict, the one by which it was held again, since when it was held, and when
 * it was released and held again. */
#define PAST_OF(now, past)                                                                         \
	"SELECT verdict, coalesce((SELECT verdict FROM " past                                      \
	"  WHERE journal = ?1 AND run = ?2 AND held_us = p.again_us"                               \
	"  AND (point = -1 OR (point <= ?3 AND point + observations > ?3)) LIMIT 1),"              \
	" (SELECT verdict FROM " now "  WHERE journal = ?1 AND run = ?2 AND held_us = p.again_us"  \
	"  AND (point = -1 OR (point <= ?3 AND point + observations > ?3)) LIMIT 1), verdict),"    \
	" held_us, released_us, again_us FROM " past " p WHERE journal = ?1 AND run = ?2"          \
	" AND (point = -1 OR (point <= ?3 AND point + observations > ?3)) AND again_us <= ?4"      \
	" ORDER BY again_us"

static int statements_open(struct gathering *g, sqlite3 *db, struct err *err)
{
	bool settling = false;
	int rc = quarantine_is_settling(db, &settling, err);
	if (rc < 0)
		return rc;
	const struct {
		sqlite3_stmt **stmt;
		const char *sql;
	} wanted[] = {
		{ &g->labels, "SELECT labels FROM series WHERE id = ?" },
		{ &g->offices, "SELECT office FROM strand WHERE day = ? ORDER BY office" },
		{ &g->batch,
		  "SELECT s.spool_id, j.seq, " HAND_IS(
			  "s.office", "s.spool_id") " FROM journal j JOIN spool s"
						    " ON s.id = j.spool WHERE j.id = ?" },
		{ &g->verdict, settling ? VERDICT_OF(QUARANTINE_SETTLING, QUARANTINE_PAST_SETTLING)
					: VERDICT_OF("quarantine", "quarantine_past") },
		{ &g->past, settling ? PAST_OF(QUARANTINE_SETTLING, QUARANTINE_PAST_SETTLING)
				     : PAST_OF("quarantine", "quarantine_past") },
		{ &g->event,
		  "SELECT id, kind, who FROM event WHERE at_us = ? ORDER BY id LIMIT 1" },
	};
	rc = account_prepare(db, &g->account, err);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && rc == 0; i++)
		rc = db_prepare(db, wanted[i].sql, wanted[i].stmt, err);
	return rc;
}

int gathering_open(struct gathering *g, sqlite3 *db, struct err *err)
{
	int rc = statements_open(g, db, err);
	if (rc < 0)
		return rc;
	if (!(g->declarations = declarations_open(db, err)) ||
	    !(g->replay = replay_open(db, g->declarations, err)))
		return err->code;
	declarations_forget(g->declarations, g->reference->catalogue);
	rc = held_entry_open(db, g->declarations, &g->entry, err);
	if (rc < 0)
		return rc;
	replay_until(g->replay, g->plan->known_us);
	replay_watch(g->replay, on_change, g);
	return 0;
}

void gathering_close(struct gathering *g)
{
	sqlite3_finalize(g->labels);
	sqlite3_finalize(g->offices);
	sqlite3_finalize(g->batch);
	sqlite3_finalize(g->verdict);
	sqlite3_finalize(g->past);
	sqlite3_finalize(g->event);
	sqlite3_finalize(g->account);
	replay_close(g->replay);
	held_entry_close(&g->entry);
	declarations_close(g->declarations);
	free(g->series.list);
	free(g->notes);
	free(g->days);
}

int gathering_of_plan(struct gathering *g, sqlite3 *db, struct err *err)
{
	const struct plan *plan = g->plan;
	int rc = find_days(g, db, period_first_day(plan_bucket(plan, plan->first)),
			   period_end_day(plan_bucket(plan, plan->last)), err);
	if (rc == 0)
		rc = gather(g, db, err);
	if (rc == 0 && g->n > 0)
		qsort(g->notes, g->n, sizeof(*g->notes), by_entry);
	return rc;
}

static int gather_slice(struct gathering *g, const struct office *const offices[], size_t n,
			struct err *err)
{
	struct replay_series *list;
	size_t n_list;
	int rc = db_time_left(err);
	for (size_t i = 0; i < n && rc == 0; i++) {
		g->office = offices[i];
		rc = replay_day(g->replay, offices[i]->id, g->slice.day, g->series.list,
				g->series.n, &list, &n_list, err);
	}
	return rc;
}

int gathering_of_offices(struct gathering *g, sqlite3 *db, const struct metric *metric,
			 struct period bucket, const struct office *const offices[], size_t n,
			 struct err *err)
{
	struct slices slices = slices_of(g->plan, metric, bucket);
	int rc =
		find_days(g, db, slice_at(&slices, slices.before).day, period_end_day(bucket), err);
	g->metric = metric;
	g->nowhere = false;
	if (rc == 0)
		rc = series_find(db, g->reference->catalogue->dimensions, metric, g->plan->labels,
				 &g->series, err);
	for (int32_t number = slices.before; number <= slices.last && rc == 0 && g->series.n > 0;
	     number++) {
		g->slice = slice_at(&slices, number);
		g->before = number < slices.first;
		if (has_entries(g, g->slice.day, g->slice.day + 1))
			rc = gather_slice(g, offices, n, err);
	}
	if (rc == 0 && g->n > 0)
		qsort(g->notes, g->n, sizeof(*g->notes), by_entry);
	return rc;
}
