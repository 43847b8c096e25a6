#include "backup/backup_file.h"

#include "schema/chain_walk.h"
#include "schema/epoch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void backup_file_remove(const char *path)
{
	static const char *const endings[] = { "", "-journal", "-wal", "-shm" };
	char name[PATH_MAX + 16];
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, endings[i]); /* fits */
		(void)unlink(name);
	}
}

/* --- the label --- */

static int label_write(sqlite3 *db, const struct backup_label *label, struct err *err)
{
	sqlite3_stmt *insert = NULL;
	int rc = db_exec(db,
			 "CREATE TABLE backup(made_us INTEGER NOT NULL, version TEXT NOT NULL,"
			 "  entries INTEGER NOT NULL, chain BLOB NOT NULL,"
			 "  server_key BLOB NOT NULL, events INTEGER NOT NULL) STRICT",
			 err);
	if (rc == 0)
		rc = db_prepare(db, "INSERT INTO backup VALUES(?, ?, ?, ?, ?, ?)", &insert, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(insert, 1, label->made_us);
	sqlite3_bind_text(insert, 2, label->version, -1, SQLITE_STATIC);
	sqlite3_bind_int64(insert, 3, label->head.entry);
	sqlite3_bind_blob(insert, 4, label->head.chain, CHAIN_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 5, label->secret_key, KEY_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(insert, 6, label->head.event);
	rc = db_run(insert, err);
	(void)sqlite3_finalize(insert); /* repeats the error that run told */
	return rc;
}

int backup_file_seal(sqlite3 *db, const struct backup_label *label, struct err *err)
{
	int rc = label_write(db, label, err);
	return rc == 0 ? db_exec(db, "PRAGMA journal_mode=DELETE", err) : rc;
}

static int label_take(sqlite3_stmt *row, struct backup_label *label, struct err *err)
{
	struct db_row cells = { .stmt = row, .err = err };
	label->made_us = db_row_int(&cells, 0, INT64_MIN, INT64_MAX);
	(void)snprintf(label->version, sizeof(label->version), "%s", db_row_text(&cells, 1));
	label->head.entry = db_row_int(&cells, 2, 0, INT64_MAX);
	db_row_bytes(&cells, 3, label->head.chain, CHAIN_LEN);
	db_row_bytes(&cells, 4, label->secret_key, KEY_LEN);
	label->head.event = db_row_int(&cells, 5, 0, INT64_MAX);
	return cells.rc == -EUCLEAN
		       ? err_set(err, -EUCLEAN, "its label is damaged; take another backup")
		       : cells.rc;
}

static int label_read(sqlite3 *db, struct backup_label *ret_label, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	if (sqlite3_table_column_metadata(db, NULL, "backup", NULL, NULL, NULL, NULL, NULL, NULL) !=
	    SQLITE_OK)
		return err_set(err, -EINVAL,
			       "the file is not a backup; 'lantoa backup FILE' makes one");
	bool has_events = sqlite3_table_column_metadata(db, NULL, "backup", "events", NULL, NULL,
							NULL, NULL, NULL) == SQLITE_OK;
	int rc = db_prepare(db,
			    has_events ? "SELECT made_us, version, entries, chain, server_key,"
					 " events FROM backup"
				       : "SELECT made_us, version, entries, chain, server_key, 0"
					 " FROM backup",
			    &rows, err);
	if (rc == 0)
		rc = db_step(rows, err);
	if (rc == 0)
		rc = err_set(err, -EUCLEAN, "its label is damaged; take another backup");
	else if (rc == 1)
		rc = label_take(rows, ret_label, err);
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

/* --- the check --- */

static int pages_check(sqlite3 *db, struct err *err)
{
	struct err found;
	int rc = db_check(db, &found);
	if (rc == -EUCLEAN)
		return err_set(err, rc, "the file is damaged (%s); take another backup",
			       found.text);
	if (rc < 0)
		*err = found;
	return rc;
}

static int ledger_damaged(const char *what, int64_t id, struct err *err)
{
	return err_set(err, -EUCLEAN,
		       "the ledger is damaged at %s %lld: keep older backups, and see what "
		       "'lantoa verify' says",
		       what, (long long)id);
}

static int on_event(void *context, const struct event *event, bool right, struct err *err)
{
	(void)context;
	return right ? 0 : ledger_damaged("event", event->id, err);
}

static int entry_check(struct chain_walker *walker, sqlite3_stmt *row, struct err *err)
{
	int64_t id = sqlite3_column_int64(row, 0);
	const struct chain_entry entry = {
		.office = sqlite3_column_int64(row, 1),
		.spool_id = (uint64_t)sqlite3_column_int64(row, 2),
		.seq = (uint64_t)sqlite3_column_int64(row, 3),
		.payload = sqlite3_column_blob(row, 4),
		.len = (size_t)sqlite3_column_bytes(row, 4),
		.received_us = sqlite3_column_int64(row, 6),
		.held = sqlite3_column_blob(row, 7),
		.held_len = (size_t)sqlite3_column_bytes(row, 7),
	};
	int rc = chain_walk_events(walker, id, on_event, NULL, err);
	if (rc < 0 || chain_walk_entry(walker, id, &entry, sqlite3_column_blob(row, 5),
				       (size_t)sqlite3_column_bytes(row, 5)))
		return rc;
	return ledger_damaged("journal entry", id, err);
}

/* From the first entry and event to the last. A backup that an earlier version made has no events.
 */
static int ledger_check(sqlite3 *db, const struct ledger_head *wanted, struct err *err)
{
	struct chain_walk walk = { 0 };
	struct chain_walker walker;
	sqlite3_stmt *rows = NULL;
	int rc = chain_walker_open(&walker, &walk, db, err);
	if (rc == 0)
		rc = db_prepare(
			db,
			walker.events ? "SELECT journal.id, journal.office, spool_id, seq, payload,"
					" chain, received_us, held"
					" FROM journal LEFT JOIN spool ON spool.id = journal.spool"
					" ORDER BY journal.id"
				      : "SELECT journal.id, journal.office, spool_id, seq, payload,"
					" chain, received_us, NULL"
					" FROM journal LEFT JOIN spool ON spool.id = journal.spool"
					" ORDER BY journal.id",
			&rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1)
		rc = entry_check(&walker, rows, err);
	if (rc == 0)
		rc = chain_walk_events(&walker, INT64_MAX, on_event, NULL, err);
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	chain_walker_close(&walker);
	if (rc == 0 && (walk.entry != wanted->entry || walk.event != wanted->event ||
			memcmp(walk.chain, wanted->chain, CHAIN_LEN) != 0))
		rc = err_set(err, -EUCLEAN,
			     "its ledger does not end as its label says; take another backup");
	return rc;
}

int backup_file_check(sqlite3 *db, struct backup_label *ret_label, struct err *err)
{
	struct backup_label label = { 0 };
	int rc = label_read(db, &label, err);
	if (rc == 0)
		rc = pages_check(db, err);
	if (rc == 0)
		rc = ledger_check(db, &label.head, err);
	if (rc == 0 && ret_label)
		*ret_label = label;
	explicit_bzero(&label, sizeof(label));
	return rc;
}

int backup_file_unseal(sqlite3 *db, struct err *err)
{
	int rc = db_exec(db, "PRAGMA secure_delete=ON; DROP TABLE backup", err);
	if (rc == 0)
		rc = epoch_renew(db, err); /* positions of after the backup come again */
	return rc == 0 ? db_exec(db, "PRAGMA journal_mode=DELETE", err) : rc;
}
