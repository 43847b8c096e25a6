/* Of each note it is told which batch brought it, and which event released or held it: before it,
 * when it was held earlier, for that reason or another. */
#include "common/base/i18n.h"
#include "common/base/search.h"
#include "common/model/civil.h"
#include "common/model/deadline.h"
#include "journal/quarantine.h"
#include "query/gathering.h"
#include "schema/account.h"
#include "schema/event_kinds.h"

#include <inttypes.h>
#include <stdio.h>

struct table *note_table(void)
{
	static const char *const columns[] = { "received",      "metric", "office",      "name",
					       "labels",        "period", "was",         "became",
					       "change",        "late",   "entry",       "spool",
					       "batch",         "author", "author_name", "note",
					       "from_province", "reason", "event",       "act",
					       "event_at",      "who",    "shown_name" };
	return table_open(columns, sizeof(columns) / sizeof(columns[0]));
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

int note_put(struct gathering *g, struct table *table, const struct note *note, struct err *err)
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
