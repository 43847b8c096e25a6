/* The journal itself, entry by entry as it was written: each is hashed onto the one before (I9),
 * follows in its spool (verify_spools.h), is in the list of its day (verify_index.h), declares what
 * the tables say it declared, and has what quarantine holds of it (verify_quarantine.h). */
#include "verify/verify_internal.h"

#include "common/net/wire.h"
#include "journal/journal.h"
#include "schema/chain_walk.h"
#include "verify/verify_index.h"
#include "verify/verify_quarantine.h"
#include "verify/verify_spools.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 2000u              /* of a step: some ten milliseconds of small batches */
#define BYTES_MAX   (4u * 1024 * 1024) /* and of large ones */

struct walk {
	struct spools_look spools;
	struct index_walk day_index;
	int64_t at, end; /* ids of entries: looked at, and to be looked at */
	bool over;       /* all entries are; the day index is left */
	struct chain_walk chain;
};

void walk_close(struct walk *walk)
{
	if (!walk)
		return;
	spools_look_free(&walk->spools);
	free(walk);
}

/* What the tables say now the journal up to here must bear out. */
static int walk_begin(struct verify *v, sqlite3 *db, struct err *err)
{
	v->walk = calloc(1, sizeof(*v->walk));
	if (!v->walk)
		return err_memory(err);
	v->walk->at = v->walk->day_index.day = INT64_MIN;
	v->walk->spools.report = &v->report;
	int rc = db_number(db, "SELECT coalesce(max(id), 0) FROM journal", &v->walk->end, err);
	return rc < 0 ? rc : spools_look_load(&v->walk->spools, db, &v->all, err);
}

/* --- one entry --- */

struct look { /* what a step needs at hand */
	struct verify *v;
	const struct reference *reference;
	sqlite3_stmt *entries, *declared;
	struct quarantine_look quarantine;
	struct index_look day_index;
	struct chain_walker chain;
	struct arena *arena;
	struct batch batch;
	int64_t id; /* of the entry looked at */
};

static struct words entry_words(int64_t id)
{
	return words("journal entry %" PRId64, id);
}

static int on_event(void *context, const struct event *event, bool right, struct err *err)
{
	struct look *look = context;
	(void)err;
	if (!right)
		verify_damaged(&look->v->report, "chain", words("event %" PRId64, event->id),
			       words("another hash"),
			       words("the hash of its content and what came before"));
	return 0;
}

static int entry_chain(struct look *look, struct err *err)
{
	sqlite3_stmt *row = look->entries;
	const struct chain_entry entry = {
		.office = sqlite3_column_int64(row, 1),
		.spool_id = (uint64_t)sqlite3_column_int64(row, 2),
		.seq = (uint64_t)sqlite3_column_int64(row, 3),
		.received_us = sqlite3_column_int64(row, 8),
		.held = sqlite3_column_blob(row, 12),
		.held_len = (size_t)sqlite3_column_bytes(row, 12),
		.payload = sqlite3_column_blob(row, 4),
		.len = (size_t)sqlite3_column_bytes(row, 4),
	};
	int rc = chain_walk_events(&look->chain, look->id, on_event, look, err);
	if (rc == 0 &&
	    !chain_walk_entry(&look->chain, look->id, &entry, sqlite3_column_blob(row, 5),
			      (size_t)sqlite3_column_bytes(row, 5)))
		verify_damaged(&look->v->report, "chain", entry_words(look->id),
			       words("another hash"),
			       words("the hash of its content and what came before"));
	return rc;
}

/* The payload can be read and fits what stands beside it. When not the days name it, with its
 * office. */
static int entry_decode(struct look *look, bool *ret_good, struct err *err)
{
	arena_reset(look->arena);
	int rc = wire_batch_decode(look->arena, sqlite3_column_blob(look->entries, 4),
				   (size_t)sqlite3_column_bytes(look->entries, 4), &look->batch,
				   err);
	if (rc < 0 && rc != -EBADMSG)
		return rc;
	*ret_good = rc == 0;
	if (rc < 0 || look->batch.day != sqlite3_column_int64(look->entries, 7) ||
	    !offices_by_id(look->reference->offices, sqlite3_column_int64(look->entries, 1)))
		look->v->report.damaged = true;
	return 0;
}

static int declaration_check(struct look *look, int64_t spool, uint32_t number,
			     const struct declaration *declaration, struct err *err)
{
	sqlite3_stmt *row = look->declared;
	sqlite3_bind_int64(row, 1, spool);
	sqlite3_bind_int64(row, 2, number);
	int rc = db_step(row, err);
	const char *metric = rc == 1 ? (const char *)sqlite3_column_text(row, 1) : NULL;
	const char *labels = rc == 1 ? (const char *)sqlite3_column_text(row, 2) : NULL;
	if (rc >= 0 && (!metric || !labels || strcmp(metric, declaration->metric) != 0 ||
			strcmp(labels, declaration->labels) != 0 ||
			sqlite3_column_int64(row, 0) != declaration_shape(declaration)))
		verify_damaged(&look->v->report, "declared",
			       words("spool row %" PRId64 ", series %u", spool, number),
			       metric ? words("%s %s", metric, labels ? labels : "")
				      : words("nothing"),
			       words("%s %s", declaration->metric, declaration->labels));
	sqlite3_reset(row);
	return rc < 0 ? rc : 0;
}

static int entry_declared(struct look *look, struct spool_look *spool, struct err *err)
{
	const struct batch *batch = &look->batch;
	int64_t end = (int64_t)batch->first_declared + (int64_t)batch->n_declared;
	int rc = 0;
	for (size_t i = 0; i < batch->n_declared && rc == 0; i++)
		rc = declaration_check(look, spool->row, batch->first_declared + (uint32_t)i,
				       &batch->declared[i], err);
	if (batch->n_declared > 0 && end > spool->n_declared)
		spool->n_declared = end;
	for (size_t i = 0; i < batch->n_runs; i++)
		if (batch->runs[i].series >= spool->declared)
			look->v->report.damaged = true; /* the days name it */
	return rc;
}

static int entry_check(struct look *look, struct err *err)
{
	struct walk *walk = look->v->walk;
	sqlite3_stmt *row = look->entries;
	struct spool_look *spool = spools_look_find(&walk->spools, sqlite3_column_int64(row, 6));
	const struct spool_entry entry = { .id = look->id,
					   .office = sqlite3_column_int64(row, 1),
					   .spool_office = sqlite3_column_int64(row, 9),
					   .seq = sqlite3_column_int64(row, 3),
					   .received_us = sqlite3_column_int64(row, 8),
					   .payload = sqlite3_column_blob(row, 4),
					   .len = (size_t)sqlite3_column_bytes(row, 4) };
	bool good = false;
	look->v->report.counts.batches++;
	look->v->done++;
	int rc = entry_chain(look, err);
	if (rc < 0)
		return rc;
	if (spool)
		spool_look_entry(&walk->spools, spool, &entry);
	else
		verify_damaged(&look->v->report, "sequence", entry_words(look->id),
			       words("a batch"), words("no such spool"));
	if (sqlite3_column_int(row, 11) != 1)
		verify_damaged(&look->v->report, "arrival", entry_words(look->id),
			       words("received before the first or after the last of its day"),
			       words("between them"));
	rc = entry_decode(look, &good, err);
	if (good && spool && entry.seq == 1)
		spool_look_first(&walk->spools, spool, &look->batch);
	if (rc == 0 && good && spool)
		rc = entry_declared(look, spool, err);
	if (rc == 0 && sqlite3_column_type(row, 10) != SQLITE_NULL) { /* NULL: before the index */
		const struct index_place place = { .id = look->id,
						   .day = sqlite3_column_int64(row, 7),
						   .office = entry.office,
						   .back = sqlite3_column_int64(row, 10) };
		rc = index_entry(&look->day_index, &place, err);
	}
	return rc < 0 ? rc
		      : quarantine_look_entry(&look->quarantine, look->id, entry.received_us,
					      good ? &look->batch : NULL, err);
}

/* --- a step --- */

static int look_open(struct look *look, sqlite3 *db, struct err *err)
{
	const struct walk *walk = look->v->walk;
	int rc = (look->arena = arena_open(WIRE_ARENA_MAX)) ? 0 : err_memory(err);
	if (rc == 0)
		rc = db_prepare(
			db,
			"SELECT j.id, j.office, s.spool_id, j.seq, j.payload, j.chain,"
			" j.spool, j.day, j.received_us, s.office, j.back,"
			" j.received_us BETWEEN a.first_us AND a.last_us, j.held FROM journal j"
			" LEFT JOIN spool s ON s.id = j.spool"
			" LEFT JOIN arrival a ON a.day = j.day"
			" WHERE j.id > ? AND j.id <= ? ORDER BY j.id",
			&look->entries, err);
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT d.shape, s.metric, s.labels FROM declared d"
				" LEFT JOIN series s ON s.id = d.series"
				" WHERE d.spool = ? AND d.number = ?",
				&look->declared, err);
	if (rc == 0)
		rc = quarantine_look_open(&look->quarantine, db, walk->at, walk->end, err);
	if (rc == 0)
		rc = index_look_open(&look->day_index, db, err);
	if (rc == 0)
		rc = chain_walker_open(&look->chain, &look->v->walk->chain, db, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(look->entries, 1, walk->at);
	sqlite3_bind_int64(look->entries, 2, walk->end);
	return 0;
}

static int entries_walk(struct look *look, sqlite3 *db, struct err *err)
{
	size_t n = 0, bytes = 0;
	int rc;
	while ((rc = db_step(look->entries, err)) == 1) {
		look->id = sqlite3_column_int64(look->entries, 0);
		bytes += (size_t)sqlite3_column_bytes(look->entries, 4);
		rc = entry_check(look, err);
		if (rc < 0)
			return rc;
		look->v->walk->at = look->id;
		if (++n >= ENTRIES_MAX || bytes >= BYTES_MAX)
			return 1;
	}
	if (rc == 0)
		rc = chain_walk_events(&look->chain, look->v->walk->end + 1, on_event, look, err);
	if (rc == 0)
		rc = quarantine_look_rest(&look->quarantine, err);
	if (rc < 0)
		return rc;
	spools_look_finish(&look->v->walk->spools);
	return quarantine_look_finish(&look->quarantine, db, look->v->walk->end, err);
}

int verify_journal_step(struct verify *v, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	int rc = v->walk ? 0 : walk_begin(v, db, err);
	if (rc < 0)
		return rc;
	struct walk *walk = v->walk;
	struct look look = { .v = v,
			     .reference = reference,
			     .quarantine = { .report = &v->report },
			     .day_index = { .report = &v->report, .walk = &walk->day_index } };
	rc = look_open(&look, db, err);
	if (rc == 0 && !walk->over) {
		rc = entries_walk(&look, db, err);
		walk->over = rc == 0;
	}
	if (rc == 0)
		rc = index_step(&look.day_index, db, walk->end, err);
	sqlite3_finalize(look.entries);
	sqlite3_finalize(look.declared);
	quarantine_look_close(&look.quarantine);
	index_look_close(&look.day_index);
	chain_walker_close(&look.chain);
	arena_close(look.arena);
	if (rc == 0) {
		walk_close(v->walk);
		v->walk = NULL;
	}
	return rc;
}
