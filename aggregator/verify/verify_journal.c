/* The ledger itself, link by link as it was written: each entry and event is hashed onto what came
 * before (I9), and what they say stands is made anew (ledger_replay.h). Once the walk has come to
 * the head, in the transaction in which it does, what stands is compared with that (tables.h).
 * Where it differs and is to be mended the same is done once more, in a transaction that writes: a
 * little may have come meanwhile. */
#include "verify/verify_internal.h"

#include "common/net/wire.h"
#include "schema/chain_walk.h"
#include "verify/ledger_replay.h"
#include "verify/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 2000u              /* of a step: some ten milliseconds of small batches */
#define BYTES_MAX   (4u * 1024 * 1024) /* and of large ones, or of events */

struct walk {
	struct ledger_replay *replay; /* owned */
	int64_t at;                   /* id of the entry that was looked at last */
	struct chain_walk chain;
};

void walk_close(struct walk *walk)
{
	if (!walk)
		return;
	ledger_replay_close(walk->replay);
	free(walk);
}

static int walk_begin(struct verify *v, sqlite3 *db, struct err *err)
{
	int64_t end = 0;
	v->walk = calloc(1, sizeof(*v->walk));
	if (!v->walk)
		return err_memory(err);
	v->walk->at = INT64_MIN;
	if (!(v->walk->replay = ledger_replay_open(&v->report, err)))
		return err->code;
	int rc = db_number(db, "SELECT coalesce(max(id), 0) FROM journal", &end, err);
	v->all = end > 0 ? (uint64_t)end : 0;
	return rc;
}

/* --- one event, one entry --- */

struct look { /* what a step needs at hand */
	struct verify *v;
	sqlite3_stmt *entries;
	struct chain_walker chain;
	struct arena *arena;
	struct batch batch;
	size_t n, bytes; /* looked at in this step */
};

static bool is_enough(const struct look *look)
{
	return look->n >= ENTRIES_MAX || look->bytes >= BYTES_MAX;
}

static void other_hash(struct look *look, struct words where)
{
	verify_damaged(&look->v->report, "chain", where, words("another hash"),
		       words("the hash of its content and what came before"));
}

/* An event that cannot even be read has no body. */
static int on_event(void *context, const struct event *event, bool right, struct err *err)
{
	struct look *look = context;
	if (!right)
		other_hash(look, words("event %" PRId64, event->id));
	if (!event->body)
		return 0;
	look->n++;
	look->bytes += strlen(event->body);
	int rc = ledger_replay_event(look->v->walk->replay, event, err);
	return rc < 0 ? rc : is_enough(look);
}

/* 1: the step has done enough, and comes to the entry later; 0. */
static int entry_chain(struct look *look, const struct replay_entry *entry, struct err *err)
{
	sqlite3_stmt *row = look->entries;
	const struct chain_entry link = {
		.office = entry->office,
		.spool_id = entry->name,
		.seq = entry->seq,
		.received_us = entry->received_us,
		.held = entry->held,
		.held_len = entry->held_len,
		.payload = entry->payload,
		.len = entry->len,
	};
	int rc = chain_walk_events(&look->chain, entry->id, on_event, look, err);
	if (rc == 0 &&
	    !chain_walk_entry(&look->chain, entry->id, &link, sqlite3_column_blob(row, 5),
			      (size_t)sqlite3_column_bytes(row, 5)))
		other_hash(look, words("journal entry %" PRId64, entry->id));
	return rc;
}

static int entry_check(struct look *look, struct err *err)
{
	sqlite3_stmt *row = look->entries;
	const struct replay_entry entry = {
		.id = sqlite3_column_int64(row, 0),
		.office = sqlite3_column_int64(row, 1),
		.named = sqlite3_column_type(row, 2) != SQLITE_NULL,
		.name = (uint64_t)sqlite3_column_int64(row, 2),
		.seq = (uint64_t)sqlite3_column_int64(row, 3),
		.payload = sqlite3_column_blob(row, 4),
		.len = (size_t)sqlite3_column_bytes(row, 4),
		.spool = sqlite3_column_int64(row, 6),
		.day = sqlite3_column_int64(row, 7),
		.received_us = sqlite3_column_int64(row, 8),
		.listed = sqlite3_column_type(row, 9) != SQLITE_NULL,
		.back = sqlite3_column_int64(row, 9),
		.of_origin = sqlite3_column_int(row, 10) != 0,
		.held = sqlite3_column_blob(row, 11),
		.held_len = (size_t)sqlite3_column_bytes(row, 11),
	};
	int rc = entry_chain(look, &entry, err);
	if (rc != 0)
		return rc;
	look->v->report.counts.batches++;
	look->v->done++;
	arena_reset(look->arena);
	rc = wire_batch_decode(look->arena, entry.payload, entry.len, &look->batch, err);
	if (rc < 0 && rc != -EBADMSG)
		return rc;
	rc = ledger_replay_entry(look->v->walk->replay, &entry, rc == 0 ? &look->batch : NULL, err);
	look->v->walk->at = entry.id;
	look->n++;
	look->bytes += entry.len;
	return rc < 0 ? rc : is_enough(look);
}

/* --- a step --- */

static int look_open(struct look *look, sqlite3 *db, struct err *err)
{
	struct walk *walk = look->v->walk;
	int rc = (look->arena = arena_open(WIRE_ARENA_MAX)) ? 0 : err_memory(err);
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT j.id, j.office, s.spool_id, j.seq, j.payload, j.chain,"
				" j.spool, j.day, j.received_us, j.back, s.from_spool <> 0 OR"
				" s.from_seq <> 0 OR s.set_back, j.held FROM journal j"
				" LEFT JOIN spool s ON s.id = j.spool"
				" WHERE j.id > ? ORDER BY j.id",
				&look->entries, err);
	if (rc == 0)
		rc = chain_walker_open(&look->chain, &walk->chain, db, err);
	if (rc == 0)
		rc = ledger_replay_begin(walk->replay, db, look->chain.of_before, err);
	return rc;
}

/* 1: more is to be looked at; 0: the walk has come to the ledger's head. */
static int ledger_walk(struct look *look, struct err *err)
{
	int rc;
	look->n = look->bytes = 0;
	sqlite3_bind_int64(look->entries, 1, look->v->walk->at);
	while ((rc = db_step(look->entries, err)) == 1)
		if ((rc = entry_check(look, err)) != 0)
			break;
	sqlite3_reset(look->entries);
	return rc == 0 ? chain_walk_events(&look->chain, INT64_MAX, on_event, look, err) : rc;
}

/* 1: what differs is to be mended, by a step that writes. */
static int tables_look(struct verify *v, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct tables_form form = { .db = db, .reference = reference, .report = &v->report };
	int rc = ledger_replay_tables(v->walk->replay, &form.replay, err);
	if (rc == 0)
		rc = tables_end_check(&form, err);
	if (rc < 0)
		return rc;
	verify_report_begin(&v->report, v->writes);
	rc = tables_compare(&form, err);
	v->writes = rc == 0 && v->report.quiet && v->report.seen;
	v->report.tables_left = v->report.seen && !v->report.mending;
	return rc < 0 ? rc : v->writes;
}

int verify_journal_step(struct verify *v, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	struct look look = { .v = v };
	int rc = v->walk ? 0 : walk_begin(v, db, err);
	if (rc < 0)
		return rc;
	rc = look_open(&look, db, err);
	if (rc == 0)
		do
			rc = ledger_walk(&look, err);
		while (rc == 1 && v->writes); /* what came since the step before */
	if (rc == 0)
		rc = tables_look(v, db, reference, err);
	sqlite3_finalize(look.entries);
	ledger_replay_end(v->walk->replay);
	chain_walker_close(&look.chain);
	arena_close(look.arena);
	if (rc == 0) {
		walk_close(v->walk);
		v->walk = NULL;
	}
	return rc;
}
