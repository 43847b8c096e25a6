#include "query/held_entry.h"

#include "journal/damaged_days.h"

#include <errno.h>

int held_entry_open(sqlite3 *db, struct declarations *declarations, struct held_entry *ret,
		    struct err *err)
{
	struct held_entry entry = { .declarations = declarations };
	int rc = db_prepare(db, "SELECT payload, office, day, spool FROM journal WHERE id = ?",
			    &entry.stmt, err);
	if (rc == 0 && !(entry.arena = arena_open(WIRE_ARENA_MAX)))
		rc = err_memory(err);
	if (rc < 0)
		held_entry_close(&entry);
	else
		*ret = entry;
	return rc;
}

void held_entry_close(struct held_entry *entry)
{
	(void)sqlite3_finalize(entry->stmt); /* repeats an error told before */
	arena_close(entry->arena);
	*entry = (struct held_entry){ 0 };
}

/* From the row; whatever is wrong with it is @why. */
static int decode(struct held_entry *entry, struct err *why)
{
	sqlite3_stmt *row = entry->stmt;
	int rc = db_step(row, why);
	if (rc == 0) /* an index names it, and it is not there */
		return -EUCLEAN;
	if (rc < 0)
		return rc;
	entry->office = sqlite3_column_int64(row, 1);
	rc = wire_batch_decode(entry->arena, sqlite3_column_blob(row, 0),
			       (size_t)sqlite3_column_bytes(row, 0), &entry->batch, why);
	if (rc == 0)
		rc = declarations_of(entry->declarations, sqlite3_column_int64(row, 3),
				     &entry->declared, &entry->n_declared, why);
	entry->readable = rc == 0 && entry->batch.day == sqlite3_column_int(row, 2);
	return rc;
}

int held_entry_read(struct held_entry *entry, int64_t id, struct err *err)
{
	struct err why = { 0 };
	if (entry->id == id)
		return 0;
	int rc = db_time_left(err);
	if (rc < 0)
		return rc;
	entry->id = id;
	entry->office = 0;
	entry->readable = false;
	arena_reset(entry->arena);
	sqlite3_bind_int64(entry->stmt, 1, id);
	rc = decode(entry, &why);
	(void)sqlite3_reset(entry->stmt); /* repeats the step's error */
	return rc == 0 || is_damage(rc) ? 0 : err_set(err, rc, "%s", why.text);
}

const struct declared *held_entry_series(const struct held_entry *entry, int64_t run)
{
	if (!entry->readable || run < 0 || run >= (int64_t)entry->batch.n_runs)
		return NULL;
	uint32_t series = entry->batch.runs[run].series;
	return series < entry->n_declared ? &entry->declared[series] : NULL;
}
