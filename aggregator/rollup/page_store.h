/* Where one page after the other is read from and written to: table rollup, and what may lie over
 * it while a change is under way (next.h). */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/sys/db.h"
#include "rollup/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page_store;

/** The pages in force or, with @next, those that are to be. NULL: err says why. */
struct page_store *page_store_open(sqlite3 *db, bool next, struct err *err);
void page_store_close(struct page_store *store); /* NULL is fine */

/** A transaction begins, or what it wrote was undone: how it is with changes is looked up again,
 * when it is needed. */
void page_store_begin(struct page_store *store);

/** Figures of @office on @day came: if its next pages are frozen they are to be played again. */
int page_store_stale(struct page_store *store, int64_t office, int32_t day, struct err *err);

/** 1: there is a page, and its bytes, as they stand, are in @ret, which was empty; 0: there is
 * none.
 */
int page_store_read(struct page_store *store, struct page_key key, struct blob *ret,
		    struct err *err);
/** Before a page is made again that was damaged: if it must be kept as it was, that is @page. */
int page_store_keep(struct page_store *store, struct page_key key, const struct page *page,
		    struct err *err);
/** Put @bytes in place of @was, which is what was read; no bytes: the page goes. */
int page_store_write(struct page_store *store, struct page_key key, const struct blob *was,
		     const struct blob *bytes, struct err *err);
