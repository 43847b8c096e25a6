/* 1. The journal's index says which offices sent anything for which day of the range, so that a
 *    long time costs what lies in it;
 * 2. those office-days are played again, and all that came is noted down;
 * 3. the notes are sorted by the journal's order;
 * 4. of each it is told which batch brought it, and which event released or held it: before it,
 *    when it was held earlier, for that reason or another. */
#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/search.h"
#include "common/model/civil.h"
#include "common/model/deadline.h"
#include "journal/quarantine.h"
#include "query/figures.h"
#include "query/figures_head.h"
#include "query/held_entry.h"
#include "query/known.h"
#include "query/query.h"
#include "query/series.h"
#include "query/slices.h"
#include "registry/hands.h"
#include "rollup/replay.h"
#include "schema/account.h"
#include "schema/event_kinds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct note {
	int64_t entry, received_us, run, point;
	bool held;
	const struct office *office;
	const struct metric *metric;
	uint32_t series, nth;
	int32_t day;
	struct replay_slot was, became;
};

struct gathering {
	const struct plan *plan;
	const struct reference *reference;
	sqlite3_stmt *labels, *offices, *batch, *verdict, *past, *event, *account;
	struct declarations *declarations;
	struct held_entry entry; /* that is told of */
	struct replay *replay;
	struct series_list series; /* of the operand at hand */
	const struct metric *metric;
	struct rows rows; /* of the bucket */
	struct slice slice;
	const struct office *office;
	bool nowhere;       /* it had no unit that day: what it sent waits */
	struct note *notes; /* owned [n] */
	size_t n;
	int32_t *days; /* owned [n_days], ascending: those of the range with entries in the journal
			*/
	size_t n_days;
};

/* Has the journal anything of a day from @first to before @end? */
static bool has_entries(const struct gathering *g, int32_t first, int32_t end)
{
	size_t low = search_first(i, g->n_days,
				  g->days[i] < first); /* days[low - 1] < first <= days[high] */
	return low < g->n_days && g->days[low] < end;
}

static int find_days(struct gathering *g, sqlite3 *db, struct err *err)
{
	int32_t first = period_first_day(plan_bucket(g->plan, g->plan->first)),
		end = period_end_day(plan_bucket(g->plan, g->plan->last));
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
	return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static void put_value(struct table *table, const struct note *note, const struct replay_slot *slot)
{
	if (slot->state == REPLAY_VALUE)
		table_decimal(table, slot->value_e, note->metric->decimals);
	else
		table_null(table);
}

static const char *change_word(const struct note *note)
{
	if (note->held)
		return "held";
	if (note->became.state != REPLAY_VALUE)
		return "withdrawn";
	return note->was.state == REPLAY_VALUE ? "corrected" : "first";
}

/* Who typed it, as its office says, and what was noted about it. I11: of an entry that cannot be
 * read nobody knows. */
static int put_author(struct gathering *g, struct table *table, const struct note *note,
		      bool by_province, struct err *err)
{
	const char *author = NULL, *remark = NULL;
	int rc = held_entry_read(&g->entry, note->entry, err);
	const struct batch *batch = &g->entry.batch;
	if (rc == 0 && g->entry.readable && note->run >= 0 && note->point >= 0 &&
	    (uint64_t)note->run < batch->n_runs && note->point < batch->runs[note->run].n) {
		uint32_t at = batch->runs[note->run].first + (uint32_t)note->point;
		uint16_t who = batch->points[at].author;
		author = who > 0 && who <= batch->n_authors ? batch->authors[who - 1] : NULL;
		size_t i = search_first(k, batch->n_remarks, batch->remarks[k].point < at);
		if (i < batch->n_remarks && batch->remarks[i].point == at)
			remark = batch->remarks[i].text;
	}
	table_text(table, author);
	if (author)
		account_put(g->account, author, table);
	else
		table_null(table);
	table_text(table, remark);
	table_bool(table, by_province);
	return rc;
}

/* Which batch of which spool it came with. */
static int put_batch(struct gathering *g, struct table *table, const struct note *note,
		     struct err *err)
{
	char spool[24];
	sqlite3_bind_int64(g->batch, 1, note->entry);
	int rc = db_step(g->batch, err);
	(void)snprintf(spool, sizeof(spool), "%" PRIu64,
		       rc == 1 ? (uint64_t)sqlite3_column_int64(g->batch, 0) : 0); /* fits */
	table_int(table, note->entry);
	table_number(table, spool);
	table_int(table, rc == 1 ? sqlite3_column_int64(g->batch, 1) : 0);
	bool by_province = rc == 1 && sqlite3_column_int(g->batch, 2) != 0;
	(void)sqlite3_reset(g->batch); /* repeats the error that step told */
	return rc < 0 ? rc : put_author(g, table, note, by_province, err);
}

/* Why it waits, or waited, and since or until when. @ret_at_us INT64_MIN: since it came, which no
 * event did. */
static int verdict_find(struct gathering *g, const struct note *note, enum verdict *ret_verdict,
			int64_t *ret_at_us, struct err *err)
{
	*ret_verdict = VERDICT_OK;
	*ret_at_us = INT64_MIN;
	sqlite3_bind_int64(g->verdict, 1, note->entry);
	sqlite3_bind_int64(g->verdict, 2, note->run);
	sqlite3_bind_int64(g->verdict, 3, note->point);
	sqlite3_bind_int64(g->verdict, 4, g->plan->known_us);
	sqlite3_bind_int(g->verdict, 5, note->held);
	int rc = db_step(g->verdict, err);
	if (rc == 1) {
		struct db_row row = { g->verdict, err, 0 };
		*ret_verdict = (enum verdict)db_row_int(&row, 0, VERDICT_OK, VERDICT_COUNT - 1);
		if (sqlite3_column_type(g->verdict, 1) != SQLITE_NULL)
			*ret_at_us = sqlite3_column_int64(g->verdict, 1);
		rc = row.rc;
	}
	(void)sqlite3_reset(g->verdict); /* repeats the error that step told */
	return rc;
}

/* The reason, and the event of @at_us; INT64_MIN: there is none. */
static int put_event(struct gathering *g, struct table *table, enum verdict verdict, int64_t at_us,
		     struct err *err)
{
	char text[INSTANT_TEXT_MAX];
	table_text(table, verdict != VERDICT_OK ? _(verdict_text(verdict)) : NULL);
	if (at_us == INT64_MIN)
		return 0;
	sqlite3_bind_int64(g->event, 1, at_us);
	int rc = db_step(g->event, err);
	if (rc == 1) {
		struct db_row row = { g->event, err, 0 };
		const char *who = db_row_text(&row, 2);
		table_int(table, sqlite3_column_int64(g->event, 0));
		table_text(table, event_kind_words(db_row_text(&row, 1)));
		table_text(table, civil_format(at_us, text));
		table_text(table, who);
		account_put(g->account, who, table);
		rc = row.rc;
	} else if (rc == 0) { /* from before events began: the instant is all that is known */
		table_null(table);
		table_null(table);
		table_text(table, civil_format(at_us, text));
	}
	(void)sqlite3_reset(g->event); /* repeats the error that step told */
	return rc;
}

/* A row of it, up to its batch. */
static int put_note(struct gathering *g, struct table *table, const struct note *note,
		    const char *change, struct err *err)
{
	char text[INSTANT_TEXT_MAX > PERIOD_TEXT_MAX ? INSTANT_TEXT_MAX : PERIOD_TEXT_MAX];
	const struct metric *metric = note->metric;
	sqlite3_bind_int64(g->labels, 1, note->series);
	int rc = db_step(g->labels, err);
	struct db_row row = { g->labels, err, 0 };
	const char *labels = rc == 1 ? db_row_text(&row, 0) : NULL;
	table_row(table);
	table_text(table, civil_format(note->received_us, text));
	table_text(table, metric->name);
	table_text(table, note->office->code);
	table_text(table, note->office->name);
	table_text(table, labels);
	sqlite3_reset(g->labels);
	struct period period =
		period_in_day(metric->calendar, metric->period, note->day, note->nth);
	table_text(table, period_format(period, text));
	put_value(table, note, &note->was);
	put_value(table, note, &note->became);
	table_text(table, change);
	table_bool(table, civil_day(note->received_us) >= metric_late_day(metric, note->day));
	if (rc >= 0)
		rc = put_batch(g, table, note, err);
	return rc < 0 ? rc : row.rc;
}

/* That it was held before: why at first, who released it, and who held it again or, released at
 * the same moment, for another reason. The last hold is @told_us's. */
static int put_past(struct gathering *g, struct table *table, const struct note *note,
		    int64_t told_us, struct err *err)
{
	enum { WAS, IS, HELD, RELEASED, AGAIN }; /* columns */
	bool first = true;
	int rc;
	sqlite3_bind_int64(g->past, 1, note->entry);
	sqlite3_bind_int64(g->past, 2, note->run);
	sqlite3_bind_int64(g->past, 3, note->point);
	sqlite3_bind_int64(g->past, 4, g->plan->known_us);
	for (; (rc = db_step(g->past, err)) == 1; first = false) {
		sqlite3_stmt *past = g->past;
		bool stayed =
			sqlite3_column_int64(past, RELEASED) == sqlite3_column_int64(past, AGAIN);
		const struct {
			const char *change;
			int verdict, at;
			bool told;
		} rows[] = { { "held", WAS, HELD, stayed && first },
			     { "released", WAS, RELEASED, !stayed },
			     { stayed ? "held" : "held again", IS, AGAIN,
			       sqlite3_column_int64(past, AGAIN) != told_us } };
		struct db_row row = { past, err, 0 };
		for (size_t i = 0; i < 3 && rc >= 0; i++) {
			enum verdict verdict = (enum verdict)db_row_int(
				&row, rows[i].verdict, VERDICT_OK, VERDICT_COUNT - 1);
			if (!rows[i].told)
				continue;
			rc = row.rc < 0 ? row.rc : put_note(g, table, note, rows[i].change, err);
			if (rc == 0)
				rc = put_event(g, table, verdict,
					       sqlite3_column_type(past, rows[i].at) == SQLITE_NULL
						       ? INT64_MIN
						       : sqlite3_column_int64(past, rows[i].at),
					       err);
		}
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(g->past); /* repeats the error that step told */
	return rc;
}

static int put_all(struct gathering *g, struct table *table, const struct note *note,
		   struct err *err)
{
	enum verdict verdict;
	int64_t at_us;
	int rc = verdict_find(g, note, &verdict, &at_us, err);
	if (rc == 0)
		rc = put_past(g, table, note, at_us, err);
	if (rc == 0)
		rc = put_note(g, table, note, change_word(note), err);
	return rc < 0 ? rc : put_event(g, table, verdict, at_us, err);
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

static int gathering_open(struct gathering *g, sqlite3 *db, struct err *err)
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

static void gathering_close(struct gathering *g)
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

int revisions_run(sqlite3 *db, const struct reference *now, const struct query *query,
		  struct table **ret_answer, struct err *err)
{
	static const char *const columns[] = { "received",      "metric", "office",      "name",
					       "labels",        "period", "was",         "became",
					       "change",        "late",   "entry",       "spool",
					       "batch",         "author", "author_name", "note",
					       "from_province", "reason", "event",       "act",
					       "event_at",      "who",    "shown_name" };
	struct plan plan;
	struct reference_then then;
	struct query whole = *query;
	whole.by = NULL; /* in which row it lies does not matter: it is all of the area */
	int rc = known_reference(db, now, query, &then, err);
	const struct reference *reference = rc == 0 ? then.reference : NULL;
	if (rc == 0)
		rc = plan_make(reference, &whole, &plan, err);
	if (rc == 0)
		rc = series_check(db, &plan, reference, err);
	if (rc < 0)
		return rc;
	struct gathering g = { .plan = &plan, .reference = reference };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	rc = table ? gathering_open(&g, db, err) : err_memory(err);
	if (table && query->stream)
		table_stream(table, query->stream);
	if (rc == 0)
		rc = find_days(&g, db, err);
	if (rc == 0)
		rc = gather(&g, db, err);
	if (rc == 0 && g.n > 0)
		qsort(g.notes, g.n, sizeof(*g.notes), by_entry);
	if (rc == 0) {
		plan_head(&plan, NULL, table);
		figures_head_named(&plan, reference, table);
		known_head(&then, table);
	}
	for (size_t i = 0; i < g.n && rc == 0; i++)
		rc = put_all(&g, table, &g.notes[i], err);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	gathering_close(&g);
	if (rc < 0) {
		table_close(table);
		return rc;
	}
	*ret_answer = table;
	return 0;
}
