#include "rollup/page_store.h"

#include "rollup/next.h"

#include <stdlib.h>

/* What changes need, and nothing else does: prepared when it is first asked for. */
enum overlay { NEXT_GET, NEXT_PUT, NEXT_KEEP, NEXT_DROP, NEXT_MARK, OVERLAY_COUNT };

static const char *const overlay_sql[] = {
	[NEXT_GET] = "SELECT page FROM rollup_next WHERE grain=? AND bucket=? AND node=?",
	[NEXT_PUT] = "INSERT OR REPLACE INTO rollup_next VALUES(?,?,?,?)",
	[NEXT_KEEP] = "INSERT OR IGNORE INTO rollup_next VALUES(?,?,?,?)",
	[NEXT_DROP] = "DELETE FROM rollup_next WHERE grain=? AND bucket=? AND node=?",
	[NEXT_MARK] = "INSERT OR IGNORE INTO stale VALUES(?,?)",
};

struct page_store {
	sqlite3 *db; /* outlives us */
	bool is_next;
	sqlite3_stmt *read, *write, *drop, *state;
	sqlite3_stmt *overlay[OVERLAY_COUNT]; /* NULL: not prepared */
	struct next next;                     /* as of this transaction, if */
	bool known;
};

struct page_store *page_store_open(sqlite3 *db, bool next, struct err *err)
{
	struct page_store *store = calloc(1, sizeof(*store));
	if (!store) {
		(void)err_memory(err);
		return NULL;
	}
	store->db = db;
	store->is_next = next;
	page_store_begin(store);
	if (db_prepare(db, "SELECT page FROM rollup WHERE grain=? AND bucket=? AND node=?",
		       &store->read, err) < 0 ||
	    db_prepare(db, "INSERT OR REPLACE INTO rollup VALUES(?,?,?,?)", &store->write, err) <
		    0 ||
	    db_prepare(db, "DELETE FROM rollup WHERE grain=? AND bucket=? AND node=?", &store->drop,
		       err) < 0 ||
	    next_prepare(db, &store->state, err) < 0) {
		page_store_close(store);
		return NULL;
	}
	return store;
}

void page_store_close(struct page_store *store)
{
	if (!store)
		return;
	sqlite3_finalize(store->read);
	sqlite3_finalize(store->write);
	sqlite3_finalize(store->drop);
	sqlite3_finalize(store->state);
	for (int i = 0; i < OVERLAY_COUNT; i++)
		sqlite3_finalize(store->overlay[i]);
	free(store);
}

void page_store_begin(struct page_store *store)
{
	store->known = false;
}

/* One look for each transaction: as a rule nothing lies over the pages. */
static int look_up(struct page_store *store, struct err *err)
{
	if (store->known)
		return 0;
	int rc = next_read_with(store->state, &store->next, err);
	store->known = rc == 0;
	return rc;
}

static void bind_key(sqlite3_stmt *stmt, struct page_key key)
{
	sqlite3_bind_int(stmt, 1, key.grain);
	sqlite3_bind_int(stmt, 2, key.bucket);
	sqlite3_bind_int64(stmt, 3, key.node);
}

/* NULL: err says why. */
static sqlite3_stmt *overlay(struct page_store *store, enum overlay which, struct err *err)
{
	if (!store->overlay[which])
		(void)db_prepare(store->db, overlay_sql[which], &store->overlay[which], err);
	return store->overlay[which];
}

/* 1: there is a row. */
static int read_by(sqlite3_stmt *stmt, struct page_key key, struct blob *ret, struct err *err)
{
	bind_key(stmt, key);
	int rc = db_step(stmt, err);
	if (rc == 1 && blob_append(ret, sqlite3_column_blob(stmt, 0),
				   (size_t)sqlite3_column_bytes(stmt, 0)) < 0)
		rc = err_memory(err);
	sqlite3_reset(stmt);
	return rc;
}

static int put(sqlite3_stmt *stmt, struct page_key key, const uint8_t *data, size_t len,
	       struct err *err)
{
	bind_key(stmt, key);
	if (len > 0)
		sqlite3_bind_blob(stmt, 4, data, (int)len, SQLITE_STATIC);
	else
		sqlite3_bind_zeroblob(stmt, 4, 0);
	return db_run(stmt, err);
}

static int put_over(struct page_store *store, enum overlay which, struct page_key key,
		    const struct blob *bytes, struct err *err)
{
	sqlite3_stmt *stmt = overlay(store, which, err);
	return stmt ? put(stmt, key, bytes->data, bytes->len, err) : err->code;
}

int page_store_read(struct page_store *store, struct page_key key, struct blob *ret,
		    struct err *err)
{
	int rc = look_up(store, err);
	if (rc < 0)
		return rc;
	if (store->is_next || store->next.state == NEXT_SETTLING) {
		sqlite3_stmt *stmt = overlay(store, NEXT_GET, err);
		rc = stmt ? read_by(stmt, key, ret, err) : err->code;
		if (rc != 0)
			return rc < 0 ? rc : ret->len > 0;
	}
	return read_by(store->read, key, ret, err);
}

/* Are the next pages of @day to stay as they are whatever becomes of those in force? */
static bool is_frozen(const struct page_store *store, int32_t day)
{
	return !store->is_next && store->next.state == NEXT_DERIVING && day <= store->next.frozen;
}

static bool key_is_frozen(const struct page_store *store, struct page_key key)
{
	return is_frozen(store, period_first_day(page_period(key)));
}

int page_store_stale(struct page_store *store, int64_t office, int32_t day, struct err *err)
{
	int rc = look_up(store, err);
	if (rc < 0 || !is_frozen(store, day))
		return rc;
	sqlite3_stmt *stmt = overlay(store, NEXT_MARK, err);
	if (!stmt)
		return err->code;
	sqlite3_bind_int(stmt, 1, day);
	sqlite3_bind_int64(stmt, 2, office);
	return db_run(stmt, err);
}

int page_store_keep(struct page_store *store, struct page_key key, const struct page *page,
		    struct err *err)
{
	struct blob bytes = { 0 };
	int rc = look_up(store, err);
	if (rc < 0 || !key_is_frozen(store, key))
		return rc;
	rc = page_encode(page, &bytes) < 0 ? err_memory(err)
					   : put_over(store, NEXT_KEEP, key, &bytes, err);
	blob_free(&bytes);
	return rc;
}

static int write_in_force(struct page_store *store, struct page_key key, const struct blob *bytes,
			  struct err *err)
{
	int rc = 0;
	if (store->next.state == NEXT_SETTLING) {
		sqlite3_stmt *stmt = overlay(store, NEXT_DROP, err);
		if (!stmt)
			return err->code;
		bind_key(stmt, key);
		rc = db_run(stmt, err);
	}
	if (rc < 0)
		return rc;
	if (bytes->len > 0)
		return put(store->write, key, bytes->data, bytes->len, err);
	bind_key(store->drop, key); /* all its figures moved elsewhere */
	return db_run(store->drop, err);
}

int page_store_write(struct page_store *store, struct page_key key, const struct blob *was,
		     const struct blob *bytes, struct err *err)
{
	int rc = look_up(store, err);
	if (rc == 0 && store->is_next)
		return put_over(store, NEXT_PUT, key, bytes, err);
	if (rc == 0 && key_is_frozen(store, key)) /* copy on write */
		rc = put_over(store, NEXT_KEEP, key, was, err);
	return rc < 0 ? rc : write_in_force(store, key, bytes, err);
}
