/* Entries and events have numbers without gaps, each from 1, so position p is behind e events and
 * p - e entries; which e, event.after_journal tells: of the i-th event it is after_journal + i. */
#include "journal/changes_page.h"

#include "common/base/quote.h"
#include "common/net/wire.h"
#include "journal/held_list.h"
#include "journal/quarantine.h"
#include "schema/chain.h"
#include "schema/epoch.h"
#include "schema/event.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known_series { /* of the spool that was asked about last */
	const char *metric, *labels;
	int64_t shape; /* -1: there is none of this number */
};

struct paging {
	sqlite3 *db;
	const struct changes_form *form;
	struct blob *out;
	bool no_memory;
	int64_t entry, event; /* behind which the page goes on */
	sqlite3_stmt *entries, *events, *series;
	bool entry_there, event_there; /* a row to come */
	struct arena *arena;           /* of a batch */
	struct arena *names;           /* of known */
	struct known_series *known;    /* [n_known] by number; in names */
	size_t n_known;
	int64_t spool; /* row that known is of; 0: of none */
};

/* --- writing --- */

static void put(struct paging *p, const char *text, size_t len)
{
	if (blob_append(p->out, text, len) < 0)
		p->no_memory = true;
}

static void put_text(struct paging *p, const char *text)
{
	put(p, text, strlen(text));
}

static void put_quoted(struct paging *p, const char *text)
{
	if (quote_json(p->out, text, strlen(text)) < 0)
		p->no_memory = true;
}

/* Short: names of ours and numbers. */
__attribute__((format(printf, 2, 3))) static void putf(struct paging *p, const char *format, ...)
{
	char text[256];
	va_list list;
	va_start(list, format);
	int len = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	put(p, text, (size_t)len);
}

static void put_base64(struct paging *p, const void *data, size_t len)
{
	size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	if (blob_reserve(p->out, room + 2) < 0) {
		p->no_memory = true;
		return;
	}
	char *to = (char *)p->out->data + p->out->len;
	*to = '"';
	(void)sodium_bin2base64(to + 1, room, data, len, sodium_base64_VARIANT_ORIGINAL);
	to[room] = '"'; /* room counts the NUL */
	p->out->len += room + 1;
}

static void put_link(struct paging *p, int64_t at_us, const uint8_t chain[CHAIN_LEN])
{
	char hex[2 * CHAIN_LEN + 1];
	putf(p, "{\"position\": %" PRId64 ", \"at_us\": %" PRId64 ", \"link\": \"%s\", ",
	     p->entry + p->event, at_us, sodium_bin2hex(hex, sizeof(hex), chain, CHAIN_LEN));
}

/* What a disk damaged has its position all the same. */
static void put_damaged(struct paging *p, const char *kind, int64_t id, const char *why)
{
	putf(p, "{\"position\": %" PRId64 ", \"damaged\": {\"kind\": \"%s\", \"id\": %" PRId64 ", ",
	     p->entry + p->event, kind, id);
	put_text(p, "\"why\": ");
	put_quoted(p, why);
	put_text(p, "}}");
}

/* --- figures --- */

/* What the spool declared: of all its numbers at once, since a batch names most of them. */
static int series_load(struct paging *p, int64_t spool, struct err *err)
{
	if (p->spool == spool)
		return 0;
	p->spool = 0;
	arena_reset(p->names);
	sqlite3_bind_int64(p->series, 1, spool);
	int rc = db_step(p->series, err);
	p->n_known = 0;
	if (rc == 1) /* the highest number comes first */
		p->n_known = (size_t)sqlite3_column_int64(p->series, 0) + 1;
	if (rc >= 0 && p->n_known > WIRE_SERIES_MAX)
		rc = err_set(err, -EUCLEAN,
			     "its spool declared a series with a number that none can have");
	if (rc >= 0)
		p->known = arena_alloc_raw(p->names, (p->n_known + 1) * sizeof(*p->known));
	if (rc >= 0 && !p->known)
		rc = err_memory(err);
	for (size_t i = 0; rc >= 0 && i < p->n_known; i++)
		p->known[i].shape = -1;
	while (rc == 1) {
		struct db_row row = { p->series, err, 0 };
		size_t number = (size_t)db_row_int(&row, 0, 0, (int64_t)p->n_known - 1);
		const char *texts[2] = { db_row_text(&row, 1), db_row_text(&row, 2) };
		char *kept[2];
		for (size_t i = 0; i < 2 && row.rc == 0; i++) {
			kept[i] = arena_alloc_raw(p->names, strlen(texts[i]) + 1);
			if (!kept[i])
				row.rc = err_memory(err);
			else
				strcpy(kept[i], texts[i]);
		}
		int64_t shape = db_row_int(&row, 3, 0, SHAPE_END - 1);
		if (row.rc == 0 && shape_is_sane(shape))
			p->known[number] = (struct known_series){ kept[0], kept[1], shape };
		rc = row.rc < 0 ? row.rc : db_step(p->series, err);
	}
	sqlite3_reset(p->series);
	if (rc == 0)
		p->spool = spool;
	return rc;
}

/* Per point of @batch why it was held when it came, VERDICT_OK where it was not. */
static int verdicts_find(struct paging *p, const struct batch *batch, const void *held,
			 size_t held_len, uint8_t **ret_verdicts, struct err *err)
{
	uint8_t *verdicts = arena_alloc(p->arena, batch->n_points + 1);
	struct hold hold;
	size_t at = 0;
	int rc;
	if (!verdicts)
		return err_memory(err);
	while ((rc = held_list_next(held, held_len, &at, &hold)) == 1) {
		const struct run *run = hold.run < batch->n_runs ? &batch->runs[hold.run] : NULL;
		bool whole = hold.point == QUARANTINE_WHOLE_RUN;
		size_t from = whole ? 0 : (size_t)hold.point;
		if (!run || from > run->n || (!whole && hold.n > run->n - from))
			return err_set(err, -EUCLEAN, "what is noted as held of it is not in it");
		memset(verdicts + run->first + from, (int)hold.verdict, whole ? run->n : hold.n);
	}
	*ret_verdicts = verdicts;
	return rc < 0 ? err_set(err, -EUCLEAN, "what is held of it cannot be read") : 0;
}

static int put_run(struct paging *p, const struct batch *batch, const struct run *run,
		   const uint8_t *verdicts, struct err *err)
{
	const struct known_series *series =
		run->series < p->n_known ? &p->known[run->series] : NULL;
	if (!series || series->shape < 0)
		return err_set(err, -EUCLEAN, "it has a series that its spool never declared");
	enum grain grain = shape_grain(series->shape);
	enum calendar calendar = shape_calendar(series->shape);
	put_text(p, "{\"metric\": ");
	put_quoted(p, series->metric);
	put_text(p, ", \"labels\": ");
	put_quoted(p, series->labels);
	putf(p, ", \"calendar\": \"%s\", \"values\": [", calendar_name(calendar));
	for (uint32_t i = 0; i < run->n; i++) {
		const struct point *point = &batch->points[run->first + i];
		char period[PERIOD_TEXT_MAX], value[DECIMAL_TEXT_MAX];
		enum verdict verdict = (enum verdict)verdicts[run->first + i];
		if (point->nth >= grain_per_day(grain))
			return err_set(err, -EUCLEAN, "it has a period that lies in no day");
		(void)period_format(period_in_day(calendar, grain, batch->day, point->nth), period);
		(void)decimal_format(point->value_e, shape_decimals(series->shape), value);
		put_text(p, i > 0 ? ", [\"" : "[\"");
		put_text(p, period);
		put_text(p, point->withdrawn ? "\", null" : "\", \"");
		if (!point->withdrawn) {
			put_text(p, value);
			put_text(p, "\"");
		}
		if (verdict != VERDICT_OK)
			putf(p, ", \"%s\"", verdict_word(verdict));
		put_text(p, "]");
	}
	put_text(p, "]}");
	return 0;
}

/* As rows of the table "quarantine" have it. */
static void put_holds(struct paging *p, const void *held, size_t held_len)
{
	struct hold hold;
	size_t at = 0, n = 0;
	put_text(p, ", \"holds\": [");
	while (held_list_next(held, held_len, &at, &hold) == 1)
		putf(p, "%s[%zu, %" PRId64 ", %zu, \"%s\"]", n++ > 0 ? ", " : "", hold.run,
		     hold.point, hold.n, verdict_word(hold.verdict));
	put_text(p, "]");
}

static int put_figures(struct paging *p, int64_t spool, int32_t day, const void *payload,
		       size_t len, const void *held, size_t held_len, struct err *err)
{
	struct batch batch;
	uint8_t *verdicts = NULL;
	arena_reset(p->arena);
	int rc = wire_batch_decode(p->arena, payload, len, &batch, err);
	if (rc == 0 && batch.day != day)
		rc = err_set(err, -EUCLEAN, "its payload is of another day");
	if (rc == 0)
		rc = series_load(p, spool, err);
	if (rc == 0)
		rc = verdicts_find(p, &batch, held, held_len, &verdicts, err);
	put_text(p, "\"figures\": [");
	for (size_t i = 0; i < batch.n_runs && rc == 0; i++) {
		put_text(p, i > 0 ? ", " : "");
		rc = put_run(p, &batch, &batch.runs[i], verdicts, err);
	}
	put_text(p, "]");
	put_holds(p, held, held_len);
	return rc;
}

/* --- items --- */

static int put_batch(struct paging *p, struct err *err)
{
	struct db_row row = { p->entries, err, 0 };
	uint8_t chain[CHAIN_LEN];
	char day[DAY_TEXT_MAX];
	size_t len, held_len = 0;
	const char *code = db_row_text(&row, 1);
	int64_t office = db_row_int(&row, 2, 1, INT64_MAX),
		spool = db_row_int(&row, 3, 1, INT64_MAX),
		spool_id = db_row_int(&row, 4, INT64_MIN, INT64_MAX),
		seq = db_row_int(&row, 5, 1, INT64_MAX),
		at_us = db_row_int(&row, 7, INT64_MIN, INT64_MAX);
	int32_t number = (int32_t)db_row_int(&row, 6, DAY_MIN, DAY_MAX);
	const void *payload = db_row_blob(&row, 8, &len), *held = NULL;
	db_row_bytes(&row, 9, chain, CHAIN_LEN);
	if (sqlite3_column_type(p->entries, 10) != SQLITE_NULL)
		held = db_row_blob(&row, 10, &held_len);
	if (row.rc < 0)
		return row.rc;
	put_link(p, at_us, chain);
	putf(p, "\"batch\": {\"entry\": %" PRId64 ", \"office\": ", p->entry);
	put_quoted(p, code);
	putf(p,
	     ", \"office_id\": %" PRId64 ", \"spool\": \"%" PRIu64 "\", \"seq\": %" PRId64
	     ", \"day\": \"%s\", ",
	     office, (uint64_t)spool_id, seq, day_format(number, day));
	if (p->form->figures) {
		int rc = put_figures(p, spool, number, payload, len, held, held_len, err);
		if (rc < 0)
			return rc;
	} else {
		put_text(p, "\"payload\": ");
		put_base64(p, payload, len);
		put_text(p, ", \"held\": ");
		put_base64(p, held ? held : "", held_len);
	}
	put_text(p, "}}");
	return 0;
}

static int put_event(struct paging *p, struct err *err)
{
	struct event event;
	int rc = event_read(p->events, &event, err);
	if (rc < 0)
		return rc;
	if (sqlite3_column_int(p->events, 9) != 1)
		return err_set(err, -EUCLEAN, "its body is not JSON");
	put_link(p, event.at_us, event.chain);
	putf(p,
	     "\"event\": {\"id\": %" PRId64 ", \"after_entry\": %" PRId64 ", \"moves\": %" PRId64
	     ", \"kind\": ",
	     event.id, event.after_journal, event.moves);
	put_quoted(p, event.kind);
	put_text(p, ", \"who\": ");
	put_quoted(p, event.who);
	put_text(p, ", \"detail\": ");
	put_quoted(p, event.detail);
	put_text(p, ", \"body\": ");
	if (p->form->figures)
		put_text(p, event.body);
	else
		put_quoted(p, event.body);
	put_text(p, "}}");
	return 0;
}

/* One item, of @what, row @id, which is there or is missing. */
static int put_item(struct paging *p, const char *what, int64_t id, bool there,
		    int (*put_row)(struct paging *p, struct err *err), struct err *err)
{
	size_t len = p->out->len;
	struct err why;
	int rc = there ? put_row(p, &why)
		       : err_set(&why, -EUCLEAN, "its row is missing from the database");
	if (rc == -ENOMEM || rc == -EINTR || rc == -EIO) {
		*err = why;
		return rc;
	}
	if (rc < 0) {
		p->out->len = len; /* half an item */
		put_damaged(p, what, id, why.text);
	}
	return p->no_memory ? err_memory(err) : 0;
}

/* --- where it goes on --- */

static int step(sqlite3_stmt *rows, bool *ret_there, struct err *err)
{
	int rc = db_step(rows, err);
	*ret_there = rc == 1;
	return rc < 0 ? rc : 0;
}

/* How many events lie up to @position: the i-th is at after_journal + i, which rises. */
static int events_before(sqlite3 *db, int64_t position, int64_t last, int64_t *ret_n,
			 struct err *err)
{
	sqlite3_stmt *find = NULL;
	int64_t low = 0, high = last;
	int rc = db_prepare(db, "SELECT after_journal FROM event WHERE id >= ? ORDER BY id LIMIT 1",
			    &find, err);
	while (rc == 0 && low < high) {
		int64_t middle = low + (high - low + 1) / 2;
		sqlite3_bind_int64(find, 1, middle);
		rc = db_step(find, err);
		bool before = rc == 1 && sqlite3_column_int64(find, 0) + middle <= position;
		sqlite3_reset(find);
		rc = rc < 0 ? rc : 0;
		if (before)
			low = middle;
		else
			high = middle - 1;
	}
	(void)sqlite3_finalize(find); /* repeats the error that step told */
	*ret_n = low;
	return rc;
}

static int paging_open(struct paging *p, struct err *err)
{
	int rc = 0;
	if (p->form->figures) {
		p->arena = arena_open(WIRE_ARENA_MAX);
		p->names = arena_open((size_t)1 << 30); /* what is in the store's own tables */
		rc = p->arena && p->names ? 0 : err_memory(err);
	}
	if (rc == 0)
		rc = db_prepare(p->db,
				"SELECT j.id, o.code, j.office, j.spool, s.spool_id, j.seq, j.day,"
				" j.received_us, j.payload, j.chain, j.held FROM journal j"
				" LEFT JOIN spool s ON s.id = j.spool"
				" LEFT JOIN office o ON o.id = j.office WHERE j.id > ?"
				" ORDER BY j.id",
				&p->entries, err);
	if (rc == 0)
		rc = db_prepare(p->db,
				"SELECT " EVENT_COLUMNS ", json_valid(body) FROM event WHERE id > ?"
				" ORDER BY id",
				&p->events, err);
	if (rc == 0)
		rc = db_prepare(p->db,
				"SELECT d.number, s.metric, s.labels, d.shape FROM declared d"
				" JOIN series s ON s.id = d.series WHERE d.spool = ?"
				" ORDER BY d.number DESC",
				&p->series, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(p->entries, 1, p->entry);
	sqlite3_bind_int64(p->events, 1, p->event);
	rc = step(p->entries, &p->entry_there, err);
	return rc == 0 ? step(p->events, &p->event_there, err) : rc;
}

static void paging_close(struct paging *p)
{
	sqlite3_finalize(p->entries); /* these repeat an error told before */
	sqlite3_finalize(p->events);
	sqlite3_finalize(p->series);
	arena_close(p->arena);
	arena_close(p->names);
}

/* The next item, of what comes first: an event behind the entry that the page has reached, or the
 * next entry. A number that is missed is a row that is missing. */
static int next_put(struct paging *p, const struct ledger_head *head, struct err *err)
{
	int64_t event_id = p->event_there ? sqlite3_column_int64(p->events, 0) : INT64_MAX;
	bool event_next = p->entry >= head->entry || /* there is nothing else */
			  (p->event_there && (event_id > p->event + 1 ||
					      sqlite3_column_int64(p->events, 1) <= p->entry));
	int rc;
	if (event_next) {
		p->event++;
		rc = put_item(p, "event", p->event, event_id == p->event, put_event, err);
		return rc == 0 && event_id == p->event ? step(p->events, &p->event_there, err) : rc;
	}
	int64_t entry_id = p->entry_there ? sqlite3_column_int64(p->entries, 0) : INT64_MAX;
	p->entry++;
	rc = put_item(p, "entry", p->entry, entry_id == p->entry, put_batch, err);
	return rc == 0 && entry_id == p->entry ? step(p->entries, &p->entry_there, err) : rc;
}

static int items_put(struct paging *p, const struct ledger_head *head, size_t *ret_n,
		     struct err *err)
{
	size_t n = 0, begin = p->out->len;
	int rc = 0;
	while (rc == 0 && n < p->form->most && p->out->len - begin < CHANGES_PAGE_BYTES &&
	       p->entry + p->event < ledger_position(head)) {
		put_text(p, n > 0 ? ",\n" : "\n");
		rc = next_put(p, head, err);
		n++;
		if (rc == 0)
			rc = db_time_left(err);
	}
	*ret_n = n;
	return rc;
}

static int begin_anew(const struct changes_form *form, const struct changes_end *end,
		      struct err *err)
{
	if (form->epoch != 0 && form->epoch != end->epoch)
		return err_set(err, -ESTALE,
			       "position %lld is of epoch %lld, and the ledger is now of epoch "
			       "%lld, because a backup was restored: start again, from position 0",
			       (long long)form->after, (long long)form->epoch,
			       (long long)end->epoch);
	return err_set(err, -ESTALE,
		       "position %lld is beyond the ledger, which ends at %lld: start again, from "
		       "position 0",
		       (long long)form->after, (long long)end->head);
}

int changes_page(sqlite3 *db, const struct changes_form *form, struct blob *out,
		 struct changes_end *ret_end, struct err *err)
{
	struct paging p = { .db = db, .form = form, .out = out };
	struct ledger_head head;
	struct changes_end end = { .position = form->after };
	char text[HEAD_TEXT_MAX];
	int rc = epoch_read(db, &end.epoch, err);
	if (rc == 0)
		rc = ledger_head(db, &head, err);
	if (rc < 0)
		return rc;
	end.head = ledger_position(&head);
	if (form->after > end.head || (form->epoch != 0 && form->epoch != end.epoch)) {
		*ret_end = end;
		return begin_anew(form, &end, err);
	}
	rc = events_before(db, form->after, head.event, &p.event, err);
	p.entry = form->after - p.event;
	if (rc == 0)
		rc = paging_open(&p, err);
	putf(&p, "{\"epoch\": %" PRId64 ", \"head\": \"%s\", \"items\": [", end.epoch,
	     ledger_head_text(&head, text));
	if (rc == 0)
		rc = items_put(&p, &head, &end.n, err);
	end.position = p.entry + p.event;
	putf(&p, "], \"position\": %" PRId64 "}\n", end.position);
	paging_close(&p);
	if (rc == 0 && p.no_memory)
		rc = err_memory(err);
	if (rc == 0)
		*ret_end = end;
	return rc;
}
