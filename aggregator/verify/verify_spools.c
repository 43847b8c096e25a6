#include "verify/verify_spools.h"

#include "common/base/array.h"
#include "common/base/search.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- what the tables say --- */

static int spool_add(struct spools_look *looks, sqlite3_stmt *row, struct err *err)
{
	struct spool_look *list = array_room(looks->list, looks->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	looks->list = list;
	struct spool_look *spool = &list[looks->n++];
	*spool = (struct spool_look){ .row = sqlite3_column_int64(row, 0),
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
		memcpy(spool->digest, sqlite3_column_blob(row, 5), WIRE_DIGEST_LEN);
	return 0;
}

static int by_office_and_name(const void *a, const void *b, void *spools)
{
	const struct spool_look *list = spools;
	const struct spool_look *x = &list[*(const size_t *)a], *y = &list[*(const size_t *)b];
	if (x->office != y->office)
		return x->office < y->office ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static int names_sort(struct spools_look *looks, struct err *err)
{
	if (looks->n == 0)
		return 0;
	looks->by_name = calloc(looks->n, sizeof(*looks->by_name));
	if (!looks->by_name)
		return err_memory(err);
	for (size_t i = 0; i < looks->n; i++)
		looks->by_name[i] = i;
	qsort_r(looks->by_name, looks->n, sizeof(looks->by_name[0]), by_office_and_name,
		looks->list);
	return 0;
}

/* Series of a spool that is not there. */
static int strangers_name(struct spools_look *looks, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *rows;
	int rc = db_prepare(db,
			    "SELECT DISTINCT spool FROM declared"
			    " WHERE spool NOT IN (SELECT id FROM spool)",
			    &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		verify_damaged(looks->report, "declared",
			       words("spool row %" PRId64, (int64_t)sqlite3_column_int64(rows, 0)),
			       words("declared series"), words("no such spool"));
		rc = 0;
	}
	sqlite3_finalize(rows);
	return rc;
}

int spools_look_load(struct spools_look *looks, sqlite3 *db, uint64_t *ret_batches, struct err *err)
{
	uint64_t batches = 0;
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
		rc = spool_add(looks, rows, err);
		if (rc == 0 && looks->list[looks->n - 1].upto > 0)
			batches += (uint64_t)looks->list[looks->n - 1].upto;
	}
	sqlite3_finalize(rows);
	if (rc == 0)
		rc = names_sort(looks, err);
	if (rc == 0)
		rc = strangers_name(looks, db, err);
	if (rc == 0)
		*ret_batches = batches;
	return rc;
}

void spools_look_free(struct spools_look *looks)
{
	free(looks->list);
	free(looks->by_name);
}

struct spool_look *spools_look_find(struct spools_look *looks, int64_t row)
{
	size_t low = search_first(i, looks->n, looks->list[i].row < row);
	return low < looks->n && looks->list[low].row == row ? &looks->list[low] : NULL;
}

/* --- what the journal says --- */

void spool_look_entry(struct spools_look *looks, struct spool_look *spool,
		      const struct spool_entry *entry)
{
	int64_t seq = entry->seq;
	spool->in_order = spool->in_order && seq == spool->highest + 1;
	spool->lowest = spool->n == 0 || seq < spool->lowest ? seq : spool->lowest;
	spool->highest = spool->n == 0 || seq > spool->highest ? seq : spool->highest;
	spool->n++;
	if (seq == spool->upto) { /* its last one */
		uint8_t digest[WIRE_DIGEST_LEN];
		wire_digest(entry->payload, entry->len, digest);
		spool->digest_right = memcmp(digest, spool->digest, sizeof(digest)) == 0;
		spool->last_received_us = entry->received_us;
	}
	if (entry->spool_office != entry->office)
		verify_damaged(looks->report, "sequence",
			       words("journal entry %" PRId64, entry->id), words("another office"),
			       words("the office of its spool"));
}

/* NULL: there is none. */
static const struct spool_look *spool_named(const struct spools_look *looks, int64_t office,
					    int64_t name)
{
	const struct spool_look *spool;
	size_t at = search_first(i, looks->n,
				 (spool = &looks->list[looks->by_name[i]])->office < office ||
					 (spool->office == office && spool->name < name));
	if (at == looks->n)
		return NULL;
	spool = &looks->list[looks->by_name[at]];
	return spool->office == office && spool->name == name ? spool : NULL;
}

#define LINEAGE_MAX 64 /* as older_copy.c */

/* Had the journal, before this entry, batches of a spool that @spool goes on from, or that one of
 * those does, behind what it knows of it? */
static bool is_set_back(const struct spools_look *looks, const struct spool_look *spool)
{
	const struct spool_look *at = spool;
	for (unsigned n = 0; n < LINEAGE_MAX && at->from_spool != 0; n++) {
		const struct spool_look *from = spool_named(looks, spool->office, at->from_spool);
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

/* A province that did not know of origins yet has none. */
void spool_look_first(struct spools_look *looks, const struct spool_look *spool,
		      const struct batch *batch)
{
	struct words where = words("spool row %" PRId64, spool->row);
	bool told = (uint64_t)spool->from_spool == batch->from_spool &&
		    (uint64_t)spool->from_seq == batch->from_seq;
	bool of_before = spool->from_spool == 0 && spool->from_seq == 0 && !looks->origins_known;
	looks->origins_known |= spool->from_spool != 0;
	if (!told && !of_before)
		verify_damaged(looks->report, "origin", where,
			       origin_words((uint64_t)spool->from_spool, (uint64_t)spool->from_seq),
			       origin_words(batch->from_spool, batch->from_seq));
	else if (spool->set_back != is_set_back(looks, spool))
		verify_damaged(looks->report, "origin", where,
			       spool->set_back ? words("set back") : words("not set back"),
			       spool->set_back ? words("not set back") : words("set back"));
}

static void spool_check(struct verify_report *report, const struct spool_look *spool)
{
	struct words where = words("spool row %" PRId64, spool->row);
	if (!spool->in_order || spool->n != spool->upto)
		verify_damaged(report, "sequence", where,
			       words("%" PRId64 " batches, %" PRId64 " to %" PRId64, spool->n,
				     spool->lowest, spool->highest),
			       words("1 to %" PRId64 ", each once", spool->upto));
	else if (spool->n > 0 && spool->received_us != spool->last_received_us)
		verify_damaged(report, "watermark", where, words("received at another time"),
			       words("when its last batch was received"));
	else if (spool->n > 0 && !spool->digest_right)
		verify_damaged(report, "watermark", where, words("the digest of another batch"),
			       words("the digest of its last batch"));
	if (spool->n_declared != spool->declared || spool->highest_declared != spool->declared - 1)
		verify_damaged(report, "declared", where,
			       words("%" PRId64 " series, up to number %" PRId64, spool->declared,
				     spool->highest_declared),
			       words("%" PRId64 " series", spool->n_declared));
}

void spools_look_finish(struct spools_look *looks)
{
	for (size_t i = 0; i < looks->n; i++)
		spool_check(looks->report, &looks->list[i]);
}
