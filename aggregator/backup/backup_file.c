#include "backup/backup_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int journal_end_read(sqlite3 *db, struct journal_end *ret_end, struct err *err)
{
	struct journal_end end = { 0 };
	sqlite3_stmt *last = NULL;
	int rc = db_prepare(db, "SELECT id, chain FROM journal ORDER BY id DESC LIMIT 1", &last,
			    err);
	if (rc == 0)
		rc = db_step(last, err);
	if (rc == 1) {
		end.entries = sqlite3_column_int64(last, 0);
		if (sqlite3_column_bytes(last, 1) == CHAIN_LEN)
			memcpy(end.chain, sqlite3_column_blob(last, 1), CHAIN_LEN);
		else
			rc = err_set(err, -EUCLEAN, "the journal's last entry is damaged");
	}
	(void)sqlite3_finalize(last); /* repeats the error that step told */
	if (rc < 0)
		return rc;
	*ret_end = end;
	return 0;
}

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
			 "  server_key BLOB NOT NULL) STRICT",
			 err);
	if (rc == 0)
		rc = db_prepare(db, "INSERT INTO backup VALUES(?, ?, ?, ?, ?)", &insert, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(insert, 1, label->made_us);
	sqlite3_bind_text(insert, 2, label->version, -1, SQLITE_STATIC);
	sqlite3_bind_int64(insert, 3, label->end.entries);
	sqlite3_bind_blob(insert, 4, label->end.chain, CHAIN_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 5, label->secret_key, KEY_LEN, SQLITE_STATIC);
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
	label->end.entries = db_row_int(&cells, 2, 0, INT64_MAX);
	db_row_bytes(&cells, 3, label->end.chain, CHAIN_LEN);
	db_row_bytes(&cells, 4, label->secret_key, KEY_LEN);
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
			       "the file is no backup; 'lantoa backup FILE' makes one");
	int rc = db_prepare(db, "SELECT made_us, version, entries, chain, server_key FROM backup",
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

/* The last one's chain is left in @end. */
static int entry_check(sqlite3_stmt *row, struct journal_end *end, struct err *err)
{
	const void *chain = sqlite3_column_blob(row, 4);
	journal_chain(end->chain, sqlite3_column_int64(row, 0),
		      (uint64_t)sqlite3_column_int64(row, 1),
		      (uint64_t)sqlite3_column_int64(row, 2), sqlite3_column_blob(row, 3),
		      (size_t)sqlite3_column_bytes(row, 3));
	end->entries++;
	if (sqlite3_column_bytes(row, 4) == CHAIN_LEN && memcmp(chain, end->chain, CHAIN_LEN) == 0)
		return 0;
	return err_set(err, -EUCLEAN,
		       "the journal is damaged at entry %lld: keep older backups, and see what "
		       "'lantoa verify' says",
		       (long long)end->entries);
}

/* From the first entry to the last. */
static int journal_check(sqlite3 *db, const struct journal_end *wanted, struct err *err)
{
	struct journal_end found = { 0 };
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db,
			    "SELECT journal.office, spool_id, seq, payload, chain"
			    " FROM journal LEFT JOIN spool ON spool.id = journal.spool"
			    " ORDER BY journal.id",
			    &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1)
		rc = entry_check(rows, &found, err);
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	if (rc == 0 && (found.entries != wanted->entries ||
			memcmp(found.chain, wanted->chain, CHAIN_LEN) != 0))
		rc = err_set(err, -EUCLEAN,
			     "its journal does not end as its label says; take another backup");
	return rc;
}

int backup_file_check(sqlite3 *db, struct backup_label *ret_label, struct err *err)
{
	struct backup_label label = { 0 };
	int rc = label_read(db, &label, err);
	if (rc == 0)
		rc = pages_check(db, err);
	if (rc == 0)
		rc = journal_check(db, &label.end, err);
	if (rc == 0 && ret_label)
		*ret_label = label;
	explicit_bzero(&label, sizeof(label));
	return rc;
}

int backup_file_unseal(sqlite3 *db, struct err *err)
{
	return db_exec(db, "PRAGMA secure_delete=ON; DROP TABLE backup; PRAGMA journal_mode=DELETE",
		       err);
}
