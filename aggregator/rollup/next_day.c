#include "rollup/next_day.h"

#include "rollup/day_buckets.h"
#include "rollup/next.h"

#include <string.h>

/* The pages of @day as they are to be until now, in key order. */
static int found_read(sqlite3 *db, int32_t day, struct day_pages *ret, struct err *err)
{
	struct day_buckets buckets[DAY_BUCKETS_MAX];
	unsigned n = day_buckets(day, buckets);
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db,
			    "SELECT bucket, node, page FROM rollup_with_next WHERE grain = ? AND"
			    " bucket BETWEEN ? AND ? ORDER BY bucket, node",
			    &rows, err);
	for (unsigned i = 0; i < n && rc == 0; i++) {
		sqlite3_bind_int(rows, 1, buckets[i].grain);
		sqlite3_bind_int(rows, 2, buckets[i].first);
		sqlite3_bind_int(rows, 3, buckets[i].last);
		while ((rc = db_step(rows, err)) == 1) {
			const struct page_key key = { buckets[i].grain, sqlite3_column_int(rows, 0),
						      sqlite3_column_int64(rows, 1) };
			rc = day_pages_add(ret, key, sqlite3_column_blob(rows, 2),
					   (size_t)sqlite3_column_bytes(rows, 2), err);
			if (rc < 0)
				break;
		}
		sqlite3_reset(rows);
	}
	sqlite3_finalize(rows);
	return rc;
}

static int put(sqlite3_stmt *stmt, struct page_key key, const struct day_page *page,
	       struct err *err)
{
	sqlite3_bind_int(stmt, 1, key.grain);
	sqlite3_bind_int(stmt, 2, key.bucket);
	sqlite3_bind_int64(stmt, 3, key.node);
	if (page)
		sqlite3_bind_blob(stmt, 4, page->data, (int)page->len, SQLITE_STATIC);
	else
		sqlite3_bind_zeroblob(stmt, 4, 0);
	return db_run(stmt, err);
}

/* Two lists in key order, merged: what differs gets a row. */
static int differences_put(sqlite3 *db, const struct day_pages *found,
			   const struct day_pages *wanted, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	size_t f = 0, w = 0;
	int rc =
		db_prepare(db, "INSERT OR REPLACE INTO rollup_next VALUES(?, ?, ?, ?)", &stmt, err);
	while (rc == 0 && (f < found->n || w < wanted->n)) {
		int order = f == found->n ? 1
			    : w == wanted->n
				    ? -1
				    : page_key_compare(found->list[f].key, wanted->list[w].key);
		const struct day_page *is = order <= 0 ? &found->list[f++] : NULL;
		const struct day_page *shall = order >= 0 ? &wanted->list[w++] : NULL;
		if (is && shall && is->len == shall->len &&
		    memcmp(is->data, shall->data, is->len) == 0)
			continue;
		rc = put(stmt, is ? is->key : shall->key, shall, err);
	}
	sqlite3_finalize(stmt);
	return rc;
}

int next_anew(sqlite3 *db, const struct reference *reference, int32_t day, derive_on_bad *on_bad,
	      void *context, struct err *err)
{
	struct day_pages found = { 0 }, wanted = { 0 };
	struct derive *derive = derive_open(db, reference, DERIVE_NOW, on_bad, context, err);
	int rc = derive ? derive_next(derive, err) : err->code;
	if (rc == 0)
		rc = derive_day(derive, day, &wanted, err);
	if (rc == 0)
		rc = found_read(db, day, &found, err);
	if (rc == 0)
		rc = differences_put(db, &found, &wanted, err);
	derive_close(derive);
	day_pages_free(&found);
	day_pages_free(&wanted);
	return rc;
}
