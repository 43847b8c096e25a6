#include "journal/journal.h"
#include "journal/day_index.h"
#include "journal/day_times.h"
#include "registry/hands.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct journal {
	sqlite3 *db; /* outlives us */
	sqlite3_stmt *find, *hand, *make, *set_back, *append, *mark;
	struct day_index *day_index;
	struct day_times *day_times;
	struct spools *spools;
	struct journal_spool claimed; /* asked for, and not there */
	struct ledger_head head;      /* with what this transaction appended */
	bool head_known;
};

struct journal *journal_open(sqlite3 *db, struct err *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	if (!j) {
		(void)err_memory(err);
		return NULL;
	}
	j->db = db;
	if (!(j->spools = spools_open())) {
		(void)err_memory(err);
		journal_close(j);
		return NULL;
	}
	if (db_prepare(db,
		       "SELECT id, upto, upto_digest, set_back FROM spool WHERE office = ?"
		       " AND spool_id = ?",
		       &j->find, err) < 0 ||
	    db_prepare(db, "SELECT " HAND_IS("?1", "?2"), &j->hand, err) < 0 ||
	    db_prepare(db,
		       "INSERT INTO spool(office, spool_id, upto, last_received_us, from_spool,"
		       " from_seq) VALUES(?, ?, 0, 0, ?, ?)",
		       &j->make, err) < 0 ||
	    db_prepare(db, "UPDATE spool SET set_back = 1 WHERE id = ?", &j->set_back, err) < 0 ||
	    db_prepare(
		    db,
		    "INSERT INTO journal(id, spool, seq, day, office, received_us, payload, chain,"
		    " back, held) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		    &j->append, err) < 0 ||
	    db_prepare(db,
		       "UPDATE spool SET upto = ?, last_received_us = ?, upto_digest = ? WHERE "
		       "id = ?",
		       &j->mark, err) < 0 ||
	    !(j->day_index = day_index_open(db, err)) ||
	    !(j->day_times = day_times_open(db, false, err))) {
		journal_close(j);
		return NULL;
	}
	return j;
}

void journal_forget(struct journal *journal)
{
	if (journal->spools)
		spools_forget(journal->spools);
	journal->head_known = false;
	if (journal->day_index)
		day_index_forget(journal->day_index);
	if (journal->day_times)
		day_times_forget(journal->day_times);
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	journal_forget(journal);
	spools_close(journal->spools);
	day_index_close(journal->day_index);
	day_times_close(journal->day_times);
	sqlite3_finalize(journal->find);
	sqlite3_finalize(journal->hand);
	sqlite3_finalize(journal->make);
	sqlite3_finalize(journal->set_back);
	sqlite3_finalize(journal->append);
	sqlite3_finalize(journal->mark);
	free(journal);
}

static int hand_load(struct journal *j, struct journal_spool *spool, struct err *err)
{
	sqlite3_bind_int64(j->hand, 1, spool->office);
	sqlite3_bind_int64(j->hand, 2, (int64_t)spool->spool_id);
	int rc = db_step(j->hand, err);
	spool->hand = rc == 1 && sqlite3_column_int(j->hand, 0) != 0;
	sqlite3_reset(j->hand);
	return rc < 0 ? rc : 0;
}

static int spool_load(struct journal *j, struct journal_spool *spool, struct err *err)
{
	sqlite3_bind_int64(j->find, 1, spool->office);
	sqlite3_bind_int64(j->find, 2, (int64_t)spool->spool_id);
	int rc = db_step(j->find, err);
	if (rc == 1) {
		struct db_row row = { .stmt = j->find, .err = err };
		spool->row = sqlite3_column_int64(j->find, 0);
		spool->upto = (uint64_t)db_row_int(&row, 1, 0, INT64_MAX);
		spool->digest_known = sqlite3_column_type(j->find, 2) != SQLITE_NULL;
		if (spool->digest_known)
			db_row_bytes(&row, 2, spool->upto_digest, WIRE_DIGEST_LEN);
		spool->set_back = sqlite3_column_int64(j->find, 3) != 0;
		rc = row.rc;
	}
	sqlite3_reset(j->find);
	return rc < 0 ? rc : hand_load(j, spool, err);
}

int journal_make(struct journal *journal, struct journal_spool *spool, struct err *err)
{
	sqlite3_bind_int64(journal->make, 1, spool->office);
	sqlite3_bind_int64(journal->make, 2, (int64_t)spool->spool_id);
	sqlite3_bind_int64(journal->make, 3, (int64_t)spool->from_spool);
	sqlite3_bind_int64(journal->make, 4, (int64_t)spool->from_seq);
	int rc = db_run(journal->make, err);
	if (rc == 0)
		spool->row = sqlite3_last_insert_rowid(journal->db);
	return rc;
}

int journal_set_back(struct journal *journal, const struct journal_spool *spool, struct err *err)
{
	sqlite3_bind_int64(journal->set_back, 1, spool->row);
	return db_run(journal->set_back, err);
}

int journal_spool(struct journal *journal, int64_t office, uint64_t spool_id,
		  struct journal_spool **ret_spool, struct err *err)
{
	struct journal_spool *spool = spools_find(journal->spools, office, spool_id);
	if (!spool) {
		spool = &journal->claimed;
		*spool = (struct journal_spool){ .office = office, .spool_id = spool_id };
		int rc = spool_load(journal, spool, err);
		if (rc == 0 && spool->row && !(spool = spools_keep(journal->spools, spool)))
			rc = err_memory(err);
		if (rc < 0)
			return rc;
	}
	*ret_spool = spool;
	return 0;
}

struct office_account *journal_account(struct journal *journal, int64_t office)
{
	return spools_account(journal->spools, office);
}

int journal_weigh(struct journal *journal, int64_t office, int32_t day, uint64_t *ret_observations,
		  struct err *err)
{
	return day_index_weigh(journal->day_index, day, office, ret_observations, err);
}

bool journal_is_last(const struct journal_spool *spool, const uint8_t digest[WIRE_DIGEST_LEN])
{
	return !spool->digest_known || memcmp(spool->upto_digest, digest, WIRE_DIGEST_LEN) == 0;
}

void journal_begin(struct journal *journal)
{
	journal->head_known = false;
}

static int head_load(struct journal *j, struct err *err)
{
	int rc = j->head_known ? 0 : ledger_head(j->db, &j->head, err);
	j->head_known = rc == 0;
	return rc;
}

int journal_time(struct journal *journal, int64_t now_us, int64_t *ret_received_us, struct err *err)
{
	int rc = head_load(journal, err);
	if (rc == 0)
		*ret_received_us = entry_time(&journal->head, now_us);
	return rc;
}

/* I4: a revision is one more entry; nothing here updates or deletes one. */
int journal_append(struct journal *journal, struct journal_spool *spool,
		   const struct journal_form *form, int64_t *ret_id, struct err *err)
{
	struct ledger_head *head = &journal->head;
	assert(spool->row && form->seq == spool->upto + 1);
	if (spool == &journal->claimed && !(spool = spools_keep(journal->spools, spool)))
		return err_memory(err);
	int64_t back = 0;
	int rc = head_load(journal, err);
	assert(rc < 0 || entry_time(head, form->received_us) == form->received_us);
	if (rc == 0)
		rc = day_index_add(journal->day_index, form->day, spool->office, head->entry + 1,
				   form->observations, &back, err);
	if (rc == 0)
		rc = day_times_add(journal->day_times, form->day, form->received_us, err);
	if (rc < 0)
		return rc;
	uint8_t chain[CHAIN_LEN];
	memcpy(chain, head->chain, sizeof(chain));
	chain_entry(chain, &(struct chain_entry){ .office = spool->office,
						  .spool_id = spool->spool_id,
						  .seq = form->seq,
						  .received_us = form->received_us,
						  .held = form->held,
						  .held_len = form->held_len,
						  .payload = form->payload,
						  .len = form->len });
	sqlite3_bind_int64(journal->append, 1, head->entry + 1);
	sqlite3_bind_int64(journal->append, 2, spool->row);
	sqlite3_bind_int64(journal->append, 3, (int64_t)form->seq);
	sqlite3_bind_int(journal->append, 4, form->day);
	sqlite3_bind_int64(journal->append, 5, spool->office);
	sqlite3_bind_int64(journal->append, 6, form->received_us);
	sqlite3_bind_blob(journal->append, 7, form->payload, (int)form->len, SQLITE_STATIC);
	sqlite3_bind_blob(journal->append, 8, chain, sizeof(chain), SQLITE_STATIC);
	sqlite3_bind_int64(journal->append, 9, back);
	if (form->held_len > 0) /* else NULL */
		sqlite3_bind_blob(journal->append, 10, form->held, (int)form->held_len,
				  SQLITE_STATIC);
	rc = db_run(journal->append, err);
	if (rc < 0)
		return rc;
	head->entry++;
	head->entry_us = form->received_us;
	memcpy(head->chain, chain, sizeof(chain));
	wire_digest(form->payload, form->len, spool->upto_digest);
	spool->upto = form->seq;
	spool->received_us = form->received_us;
	spool->digest_known = true;
	spools_change(journal->spools, spool);
	*ret_id = head->entry;
	return 0;
}

int journal_flush(struct journal *journal, struct err *err)
{
	int flushed = day_index_flush(journal->day_index, err);
	if (flushed == 0)
		flushed = day_times_flush(journal->day_times, err);
	if (flushed < 0)
		return flushed;
	struct journal_spool *spool;
	while ((spool = spools_changed(journal->spools))) {
		sqlite3_bind_int64(journal->mark, 1, (int64_t)spool->upto);
		sqlite3_bind_int64(journal->mark, 2, spool->received_us);
		sqlite3_bind_blob(journal->mark, 3, spool->upto_digest, WIRE_DIGEST_LEN,
				  SQLITE_STATIC);
		sqlite3_bind_int64(journal->mark, 4, spool->row);
		int rc = db_run(journal->mark, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
