/* The journal itself, entry by entry as it was written: each is hashed onto the one before, follows
 * in its spool, is in the list of its day, declares what the tables say it declared, and has what
 * quarantine holds of it. Of a spool that goes on from another the tables say what its first batch
 * says, and whether its machine was set back follows from the entries before that. (That the spool
 * or batch that it names is there need not be: the province may come from a backup.) */
#include "verify/verify_internal.h"

#include "common/model/civil.h"
#include "common/net/wire.h"
#include "journal/journal.h"
#include "journal/quarantine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 2000u              /* of a step: some ten milliseconds of small batches */
#define BYTES_MAX   (4u * 1024 * 1024) /* and of large ones */

struct spool {
	int64_t row;
	/* as the tables told when the walk began */
	int64_t upto, received_us, declared, highest_declared;
	uint8_t digest[WIRE_DIGEST_LEN];
	int64_t office, name, from_spool, from_seq;
	bool set_back;
	/* as the journal tells */
	int64_t n, lowest, highest, last_received_us, n_declared;
	bool in_order, digest_right;
};

struct walk {
	struct spool *spools; /* owned [n], ascending by row */
	size_t n, room;
	int64_t at, end;    /* ids of entries: looked at, and to be looked at */
	size_t *by_name;    /* owned [n]: indices of spools, by office and name */
	bool over;          /* all entries are; the day index is left */
	bool origins_known; /* a spool that was looked at has one: what knows of none is older */
	struct index_walk day_index;
	uint8_t chain[CHAIN_LEN];
};

void walk_close(struct walk *walk)
{
	if (!walk)
		return;
	free(walk->spools);
	free(walk->by_name);
	free(walk);
}

/* --- the beginning: what the tables say now, and the journal up to here must bear out --- */

static int spool_add(struct walk *walk, sqlite3_stmt *row, struct err *err)
{
	if (walk->n == walk->room) {
		size_t room = walk->room ? walk->room * 2 : 64;
		struct spool *spools = realloc(walk->spools, room * sizeof(*spools));
		if (!spools)
			return err_memory(err);
		walk->spools = spools;
		walk->room = room;
	}
	walk->spools[walk->n++] = (struct spool){ .row = sqlite3_column_int64(row, 0),
						  .upto = sqlite3_column_int64(row, 1),
						  .received_us = sqlite3_column_int64(row, 2),
						  .declared = sqlite3_column_int64(row, 3),
						  .highest_declared = sqlite3_column_int64(row, 4),
						  .office = sqlite3_column_int64(row, 6),
						  .name = sqlite3_column_int64(row, 7),
						  .from_spool = sqlite3_column_int64(row, 8),
						  .from_seq = sqlite3_column_int64(row, 9),
						  .set_back = sqlite3_column_int64(row, 10) != 0,
						  .lowest = 1,
						  .in_order = true };
	if (sqlite3_column_bytes(row, 5) == (int)WIRE_DIGEST_LEN)
		memcpy(walk->spools[walk->n - 1].digest, sqlite3_column_blob(row, 5),
		       WIRE_DIGEST_LEN);
	return 0;
}

static int by_office_and_name(const void *a, const void *b, void *spools)
{
	const struct spool *list = spools;
	const struct spool *x = &list[*(const size_t *)a], *y = &list[*(const size_t *)b];
	if (x->office != y->office)
		return x->office < y->office ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static int names_sort(struct walk *walk, struct err *err)
{
	if (walk->n == 0)
		return 0;
	walk->by_name = calloc(walk->n, sizeof(*walk->by_name));
	if (!walk->by_name)
		return err_memory(err);
	for (size_t i = 0; i < walk->n; i++)
		walk->by_name[i] = i;
	qsort_r(walk->by_name, walk->n, sizeof(walk->by_name[0]), by_office_and_name, walk->spools);
	return 0;
}

/* NULL: there is none. */
static const struct spool *spool_named(const struct walk *walk, int64_t office, int64_t name)
{
	size_t low = 0, high = walk->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct spool *spool = &walk->spools[walk->by_name[middle]];
		if (spool->office == office && spool->name == name)
			return spool;
		if (spool->office < office || (spool->office == office && spool->name < name))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int spools_load(struct verify *v, sqlite3 *db, struct err *err)
{
	struct walk *walk = v->walk;
	sqlite3_stmt *rows;
	int rc = db_prepare(
		db,
		"SELECT id, upto, last_received_us,"
		" (SELECT count(*) FROM declared WHERE spool = spool.id),"
		" (SELECT coalesce(max(number), -1) FROM declared WHERE spool = spool.id),"
		" upto_digest, office, spool_id, from_spool, from_seq, set_back"
		" FROM spool ORDER BY id",
		&rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		rc = spool_add(walk, rows, err);
		if (rc == 0 && walk->spools[walk->n - 1].upto > 0)
			v->all += (uint64_t)walk->spools[walk->n - 1].upto;
	}
	sqlite3_finalize(rows);
	return rc < 0 ? rc : names_sort(walk, err);
}

static int strangers_name(struct verify *v, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *rows;
	int rc = db_prepare(db,
			    "SELECT DISTINCT spool FROM declared"
			    " WHERE spool NOT IN (SELECT id FROM spool)",
			    &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		verify_damaged(v, "declared",
			       words("spool row %" PRId64, (int64_t)sqlite3_column_int64(rows, 0)),
			       words("declared series"), words("no such spool"));
		rc = 0;
	}
	sqlite3_finalize(rows);
	return rc;
}

static int walk_begin(struct verify *v, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *last;
	v->walk = calloc(1, sizeof(*v->walk));
	if (!v->walk)
		return err_memory(err);
	v->walk->at = v->walk->day_index.day = INT64_MIN;
	int rc = db_prepare(db, "SELECT coalesce(max(id), 0) FROM journal", &last, err);
	if (rc == 0 && (rc = db_step(last, err)) == 1) {
		v->walk->end = sqlite3_column_int64(last, 0);
		rc = 0;
	}
	sqlite3_finalize(last);
	if (rc == 0)
		rc = spools_load(v, db, err);
	return rc < 0 ? rc : strangers_name(v, db, err);
}

static struct spool *spool_find(struct walk *walk, int64_t row)
{
	size_t low = 0, high = walk->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (walk->spools[middle].row < row)
			low = middle + 1;
		else
			high = middle;
	}
	return low < walk->n && walk->spools[low].row == row ? &walk->spools[low] : NULL;
}

/* --- one entry --- */

struct held { /* the rows of quarantine, walked in step with the journal */
	sqlite3_stmt *stmt;
	int rc; /* of the last step: 1 while the rest is valid */
	int64_t journal, run, point, observations;
	int64_t free; /* the first point of the run that the rows before say nothing of */
};

struct look { /* what a step needs at hand */
	struct verify *v;
	const struct reference *reference;
	sqlite3_stmt *entries, *declared;
	struct held held;
	struct index_look day_index;
	struct arena *arena;
	struct batch batch;
	int64_t id; /* of the entry looked at */
};

static int held_next(struct held *held, struct err *err)
{
	held->rc = db_step(held->stmt, err);
	if (held->rc == 1) {
		if (held->journal != sqlite3_column_int64(held->stmt, 0) ||
		    held->run != sqlite3_column_int64(held->stmt, 1))
			held->free = 0;
		held->journal = sqlite3_column_int64(held->stmt, 0);
		held->run = sqlite3_column_int64(held->stmt, 1);
		held->point = sqlite3_column_int64(held->stmt, 2);
		held->observations = sqlite3_column_int64(held->stmt, 3);
	}
	return held->rc < 0 ? held->rc : 0;
}

static struct words entry_words(int64_t id)
{
	return words("journal entry %" PRId64, id);
}

static void entry_chain(struct look *look)
{
	sqlite3_stmt *row = look->entries;
	uint8_t *chain = look->v->walk->chain;
	const void *kept = sqlite3_column_blob(row, 5);
	bool whole = sqlite3_column_bytes(row, 5) == (int)CHAIN_LEN;
	journal_chain(chain, sqlite3_column_int64(row, 1), (uint64_t)sqlite3_column_int64(row, 2),
		      (uint64_t)sqlite3_column_int64(row, 3), sqlite3_column_blob(row, 4),
		      (size_t)sqlite3_column_bytes(row, 4));
	if (whole && memcmp(chain, kept, CHAIN_LEN) == 0)
		return;
	verify_damaged(look->v, "chain", entry_words(look->id), words("another hash"),
		       words("the hash of its content and the entry before"));
	if (whole) /* go on from what is there: name each break once */
		memcpy(chain, kept, CHAIN_LEN);
}

static void entry_is_last(struct look *look, struct spool *spool)
{
	uint8_t digest[WIRE_DIGEST_LEN];
	wire_digest(sqlite3_column_blob(look->entries, 4),
		    (size_t)sqlite3_column_bytes(look->entries, 4), digest);
	spool->digest_right = memcmp(digest, spool->digest, sizeof(digest)) == 0;
	spool->last_received_us = sqlite3_column_int64(look->entries, 8);
}

static void entry_sequence(struct look *look, struct spool *spool)
{
	int64_t seq = sqlite3_column_int64(look->entries, 3);
	spool->in_order = spool->in_order && seq == spool->highest + 1;
	spool->lowest = spool->n == 0 || seq < spool->lowest ? seq : spool->lowest;
	spool->highest = spool->n == 0 || seq > spool->highest ? seq : spool->highest;
	spool->n++;
	if (seq == spool->upto)
		entry_is_last(look, spool);
	if (sqlite3_column_int64(look->entries, 9) != sqlite3_column_int64(look->entries, 1))
		verify_damaged(look->v, "sequence", entry_words(look->id), words("another office"),
			       words("the office of its spool"));
}

#define LINEAGE_MAX 64 /* as older_copy.c */

/* Had the journal, before this entry, batches of a spool that @spool goes on from, or that one of
 * those does, behind what it knows of it? */
static bool is_set_back(const struct walk *walk, const struct spool *spool)
{
	const struct spool *at = spool;
	for (unsigned n = 0; n < LINEAGE_MAX && at->from_spool != 0; n++) {
		const struct spool *from = spool_named(walk, spool->office, at->from_spool);
		if (!from || from->row >= spool->row) /* it was not there yet */
			return false;
		if (from->highest > at->from_seq)
			return true;
		at = from;
	}
	return false;
}

static struct words origin_words(uint64_t name, uint64_t seq)
{
	return words("goes on from batch %" PRIu64 " of spool %016" PRIx64, seq, name);
}

/* Of a spool's first batch. A province that did not know of origins yet has none. */
static void entry_origin(struct look *look, const struct spool *spool)
{
	const struct batch *batch = &look->batch;
	struct walk *walk = look->v->walk;
	struct words where = words("spool row %" PRId64, spool->row);
	bool told = (uint64_t)spool->from_spool == batch->from_spool &&
		    (uint64_t)spool->from_seq == batch->from_seq;
	bool of_before = spool->from_spool == 0 && spool->from_seq == 0 && !walk->origins_known;
	walk->origins_known |= spool->from_spool != 0;
	if (!told && !of_before)
		verify_damaged(look->v, "origin", where,
			       origin_words((uint64_t)spool->from_spool, (uint64_t)spool->from_seq),
			       origin_words(batch->from_spool, batch->from_seq));
	else if (spool->set_back != is_set_back(walk, spool))
		verify_damaged(look->v, "origin", where,
			       spool->set_back ? words("set back") : words("not set back"),
			       spool->set_back ? words("not set back") : words("set back"));
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
		look->v->damaged = true;
	return 0;
}

static int64_t shape_of(const struct declaration *declaration)
{
	return (int64_t)declaration->grain | (int64_t)declaration->decimals << 4 |
	       (int64_t)declaration->calendar << 8;
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
			sqlite3_column_int64(row, 0) != shape_of(declaration)))
		verify_damaged(look->v, "declared",
			       words("spool row %" PRId64 ", series %u", spool, number),
			       metric ? words("%s %s", metric, labels ? labels : "")
				      : words("nothing"),
			       words("%s %s", declaration->metric, declaration->labels));
	sqlite3_reset(row);
	return rc < 0 ? rc : 0;
}

static int entry_declared(struct look *look, struct spool *spool, struct err *err)
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
			look->v->damaged = true; /* the days name it */
	return rc;
}

/* --- what quarantine holds of it --- */

static struct words held_words(const struct held *held)
{
	return words("journal entry %" PRId64 ", run %" PRId64 ", point %" PRId64, held->journal,
		     held->run, held->point);
}

static void held_stranger(struct look *look)
{
	verify_damaged(look->v, "quarantine", held_words(&look->held), words("held"),
		       words("no such journal entry"));
}

/* Of a period that had not begun when it came: the one verdict that needs nothing but the entry,
 * and whoever releases or reviews it goes by a later day. (Not the other way round: a review by a
 * clock that was put back may find a future that had come.) */
static bool entry_is_future(const struct look *look)
{
	return look->batch.day > civil_day(sqlite3_column_int64(look->entries, 8)) + 1;
}

static void held_check(struct look *look)
{
	struct held *held = &look->held;
	const struct batch *batch = &look->batch;
	const struct run *run = held->run >= 0 && (uint64_t)held->run < batch->n_runs
					? &batch->runs[held->run]
					: NULL;
	if (!run || held->point < QUARANTINE_WHOLE_RUN || held->point >= run->n) {
		verify_damaged(look->v, "quarantine", held_words(held), words("held"),
			       words("no such run or point in the entry"));
		return;
	}
	bool whole = held->point == QUARANTINE_WHOLE_RUN;
	int64_t most = whole ? run->n : run->n - held->point;
	if (whole && held->observations != most)
		verify_damaged(look->v, "quarantine", held_words(held),
			       words("%" PRId64 " observations", held->observations),
			       words("%" PRId64 " observations", most));
	else if (held->observations < 1 || held->observations > most)
		verify_damaged(look->v, "quarantine", held_words(held),
			       words("%" PRId64 " observations", held->observations),
			       words("1 to %" PRId64 " observations", most));
	if (!whole && held->point < held->free)
		verify_damaged(look->v, "quarantine", held_words(held), words("held twice"),
			       words("held once"));
	held->free = whole ? 0 : held->point + held->observations;
}

/* All rows up to the entry's own; of the latter only when it was @read. */
static int entry_held(struct look *look, bool read, struct err *err)
{
	struct held *held = &look->held;
	size_t whole = 0;
	int rc = 0;
	while (rc == 0 && held->rc == 1 && held->journal <= look->id) {
		if (held->journal < look->id)
			held_stranger(look);
		else if (read)
			held_check(look);
		whole += held->journal == look->id && held->point == QUARANTINE_WHOLE_RUN;
		rc = held_next(held, err);
	}
	if (rc == 0 && read && entry_is_future(look) && whole < look->batch.n_runs)
		verify_damaged(look->v, "quarantine", entry_words(look->id),
			       words("%zu of %zu runs held", whole, look->batch.n_runs),
			       words("all of them, as its period had not begun"));
	return rc;
}

static void entry_arrival(struct look *look)
{
	if (sqlite3_column_int(look->entries, 11) != 1)
		verify_damaged(look->v, "arrival", entry_words(look->id),
			       words("received before the first or after the last of its day"),
			       words("between them"));
}

static int entry_indexed(struct look *look, struct err *err)
{
	const struct index_place place = { .id = look->id,
					   .day = sqlite3_column_int64(look->entries, 7),
					   .office = sqlite3_column_int64(look->entries, 1),
					   .back = sqlite3_column_int64(look->entries, 10) };
	bool before_index = sqlite3_column_type(look->entries, 10) == SQLITE_NULL;
	return before_index ? 0 : index_entry(&look->day_index, &place, err);
}

static int entry_check(struct look *look, struct err *err)
{
	struct spool *spool = spool_find(look->v->walk, sqlite3_column_int64(look->entries, 6));
	bool good = false;
	look->v->counts.batches++;
	look->v->done++;
	entry_chain(look);
	if (spool)
		entry_sequence(look, spool);
	else
		verify_damaged(look->v, "sequence", entry_words(look->id), words("a batch"),
			       words("no such spool"));
	entry_arrival(look);
	int rc = entry_decode(look, &good, err);
	if (good && spool && sqlite3_column_int64(look->entries, 3) == 1)
		entry_origin(look, spool);
	if (rc == 0 && good && spool)
		rc = entry_declared(look, spool, err);
	if (rc == 0)
		rc = entry_indexed(look, err);
	return rc < 0 ? rc : entry_held(look, good, err);
}

/* --- the end --- */

static void spool_check(struct verify *v, const struct spool *spool)
{
	struct words where = words("spool row %" PRId64, spool->row);
	if (!spool->in_order || spool->n != spool->upto)
		verify_damaged(v, "sequence", where,
			       words("%" PRId64 " batches, %" PRId64 " to %" PRId64, spool->n,
				     spool->lowest, spool->highest),
			       words("1 to %" PRId64 ", each once", spool->upto));
	else if (spool->n > 0 && spool->received_us != spool->last_received_us)
		verify_damaged(v, "watermark", where, words("received at another time"),
			       words("when its last batch was received"));
	else if (spool->n > 0 && !spool->digest_right)
		verify_damaged(v, "watermark", where, words("the digest of another batch"),
			       words("the digest of its last batch"));
	if (spool->n_declared != spool->declared || spool->highest_declared != spool->declared - 1)
		verify_damaged(v, "declared", where,
			       words("%" PRId64 " series, up to number %" PRId64, spool->declared,
				     spool->highest_declared),
			       words("%" PRId64 " series", spool->n_declared));
}

/* Rows of quarantine beyond the walk: intake may have held them since, with their entries. */
static int newer_held_check(struct look *look, sqlite3 *db, struct err *err)
{
	struct held *held = &look->held;
	sqlite3_finalize(held->stmt);
	held->stmt = NULL;
	int rc = db_prepare(db,
			    "SELECT journal, run, point, observations FROM quarantine q"
			    " WHERE journal > ? AND NOT EXISTS"
			    " (SELECT 1 FROM journal WHERE id = q.journal)",
			    &held->stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(held->stmt, 1, look->v->walk->end);
		rc = held_next(held, err);
	}
	while (rc == 0 && held->rc == 1) {
		held_stranger(look);
		rc = held_next(held, err);
	}
	return rc;
}

/* How much of each office waits, which triggers count, beside what there is. */
static int held_counts_check(struct look *look, sqlite3 *db, struct err *err)
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
		verify_damaged(look->v, "held",
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

static int walk_finish(struct look *look, sqlite3 *db, struct err *err)
{
	int rc = 0;
	while (rc == 0 && look->held.rc == 1) {
		held_stranger(look);
		rc = held_next(&look->held, err);
	}
	for (size_t i = 0; i < look->v->walk->n && rc == 0; i++)
		spool_check(look->v, &look->v->walk->spools[i]);
	if (rc == 0)
		rc = held_counts_check(look, db, err);
	return rc < 0 ? rc : newer_held_check(look, db, err);
}

/* --- a step --- */

static int look_open(struct look *look, sqlite3 *db, struct err *err)
{
	const struct walk *walk = look->v->walk;
	int rc = (look->arena = arena_open(WIRE_ARENA_MAX)) ? 0 : err_memory(err);
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT j.id, j.office, s.spool_id, j.seq, j.payload, j.chain,"
				" j.spool, j.day, j.received_us, s.office, j.back,"
				" j.received_us BETWEEN a.first_us AND a.last_us FROM journal j"
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
		rc = db_prepare(db,
				"SELECT journal, run, point, observations FROM quarantine"
				" WHERE journal > ? AND journal <= ?"
				" ORDER BY journal, run, point",
				&look->held.stmt, err);
	if (rc == 0)
		rc = index_look_open(&look->day_index, db, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(look->entries, 1, walk->at);
	sqlite3_bind_int64(look->entries, 2, walk->end);
	sqlite3_bind_int64(look->held.stmt, 1, walk->at);
	sqlite3_bind_int64(look->held.stmt, 2, walk->end);
	return held_next(&look->held, err);
}

static void look_close(struct look *look)
{
	sqlite3_finalize(look->entries);
	sqlite3_finalize(look->declared);
	sqlite3_finalize(look->held.stmt);
	index_look_close(&look->day_index);
	arena_close(look->arena);
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
	return rc < 0 ? rc : walk_finish(look, db, err);
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
			     .day_index = { .v = v, .walk = &walk->day_index } };
	rc = look_open(&look, db, err);
	if (rc == 0 && !walk->over) {
		rc = entries_walk(&look, db, err);
		walk->over = rc == 0;
	}
	if (rc == 0)
		rc = index_step(&look.day_index, db, walk->end, err);
	look_close(&look);
	if (rc == 0) {
		walk_close(v->walk);
		v->walk = NULL;
	}
	return rc;
}
