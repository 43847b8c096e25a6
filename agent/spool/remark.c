/* What people say of values: who typed one, and notes. A chunk (chunk.h) has the number of who
 * typed each of its values, and whether there is a note, so that what machines record is neither
 * longer nor looked up for it. */
#include "common/base/utf8.h"
#include "spool/spool_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The text in the first column of the row that @statement finds; "" when there is none, or it is no
 * such text: a damaged one costs itself alone. */
static int text_find(sqlite3_stmt *statement, size_t most, char *ret_text, struct err *err)
{
	int rc = db_step(statement, err);
	const char *text = rc == 1 ? (const char *)sqlite3_column_text(statement, 0) : NULL;
	size_t len = text ? strlen(text) : 0;
	bool sound = len <= most && utf8_printable(text ? text : "", len);
	memcpy(ret_text, sound && text ? text : "", sound ? len + 1 : 1);
	(void)sqlite3_reset(statement); /* repeats the step's error, already told */
	return rc < 0 ? rc : 0;
}

/* 1: it is there; 0: not. */
static int author_find(struct spool *spool, const char *name, int64_t *ret_id, struct err *err)
{
	sqlite3_stmt *find = spool_statement(spool, SQL_AUTHOR_FIND, err);
	if (!find)
		return err->code;
	if (sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(find, err);
	struct db_row row = { find, err, 0 };
	if (rc == 1)
		*ret_id = db_row_int(&row, 0, 1, UINT16_MAX);
	(void)sqlite3_reset(find); /* repeats the step's error, already told */
	return row.rc < 0 ? row.rc : rc;
}

static int author_add(struct spool *spool, const char *name, struct err *err)
{
	sqlite3_stmt *add = spool_statement(spool, SQL_AUTHOR_ADD, err);
	if (!add)
		return err->code;
	if (sqlite3_bind_text(add, 1, name, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_int64(add, 2, AUTHORS_MAX) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_run(add, err);
	if (rc == 0 && sqlite3_changes(spool->db) == 0) /* I10 */
		rc = err_set(
			err, -E2BIG,
			"'%s' cannot be added: the names of %u people who typed here are kept "
			"already; a name that is another one each time does not tell who it was",
			name, AUTHORS_MAX);
	return rc;
}

int spool_author_id(struct spool *spool, const char *name, uint16_t *ret_id, struct err *err)
{
	int64_t id = 0;
	int rc = 1;
	if (!name || !*name) {
		*ret_id = 0;
		return 0;
	}
	if (spool->author.id != 0 && strcmp(spool->author.name, name) == 0) {
		*ret_id = spool->author.id;
		return 0;
	}
	if ((rc = author_find(spool, name, &id, err)) == 0) {
		rc = author_add(spool, name, err);
		id = sqlite3_last_insert_rowid(spool->db);
	}
	if (rc < 0)
		return rc;
	*ret_id = spool->author.id = (uint16_t)id;
	(void)snprintf(spool->author.name, sizeof(spool->author.name), "%s", name); /* judged */
	return 0;
}

int spool_author_name(struct spool *spool, int64_t id, char ret_name[SPOOL_AUTHOR_MAX + 1],
		      struct err *err)
{
	*ret_name = '\0';
	if (id == 0)
		return 0;
	sqlite3_stmt *find = spool_statement(spool, SQL_AUTHOR_NAME, err);
	if (!find)
		return err->code;
	if (spool_bind(find, 1, &id) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return text_find(find, SPOOL_AUTHOR_MAX, ret_name, err);
}

int spool_note_get(struct spool *spool, int64_t series, int32_t day, uint32_t nth,
		   char ret_text[SPOOL_NOTE_MAX + 1], struct err *err)
{
	sqlite3_stmt *get = spool_statement(spool, SQL_NOTE_GET, err);
	if (!get)
		return err->code;
	if (spool_bind(get, 3, (int64_t[]){ series, day, nth }) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return text_find(get, SPOOL_NOTE_MAX, ret_text, err);
}

int spool_note_put(struct spool *spool, int64_t series, int32_t day, uint32_t nth, const char *text,
		   struct err *err)
{
	sqlite3_stmt *put = spool_statement(spool, SQL_NOTE_PUT, err);
	if (!put)
		return err->code;
	if (spool_bind(put, 3, (int64_t[]){ series, day, nth }) != SQLITE_OK ||
	    sqlite3_bind_text(put, 4, text, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return db_run(put, err);
}

int spool_note_drop(struct spool *spool, int64_t series, int32_t day, uint32_t nth, struct err *err)
{
	return spool_run(spool, SQL_NOTE_DROP, 3, (int64_t[]){ series, day, nth }, err);
}

int spool_said(struct spool *spool, int64_t series, int32_t day, const struct chunk_value *value,
	       struct said *ret_said, struct err *err)
{
	*ret_said->note = '\0';
	int rc = spool_author_name(spool, value->author, ret_said->author, err);
	if (rc == 0 && value->noted)
		rc = spool_note_get(spool, series, day, value->nth, ret_said->note, err);
	return rc;
}

bool spool_use_remarks(struct spool *spool, bool taken)
{
	bool was = spool->remarks_withheld;
	spool->remarks_withheld = !taken;
	return was && taken;
}
