/* Many pages, by key: those that commits touch, or all that a day's journal gives. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/sys/db.h"
#include "rollup/page.h"

#include <stddef.h>
#include <stdint.h>

struct pages;
/** @db: pages not seen yet are read from there; NULL: they start empty. NULL: out of memory. */
struct pages *pages_open(sqlite3 *db, struct err *err);
/** The same of the pages that are to be (next.h). */
struct pages *pages_open_next(sqlite3 *db, struct err *err);
void pages_close(struct pages *pages); /* NULL is fine; writes nothing */
/** A transaction begins, or what it wrote was undone: whether a change is under way is looked up
 * again. */
void pages_begin(struct pages *pages);
/** page_store_stale() of their store. */
int pages_stale(struct pages *pages, int64_t office, int32_t day, struct err *err);
/** Ask @mend for a page that cannot be decoded or is not sound: into @ret_page, which is empty. 0,
 * or why it cannot be made. Without one such a page is -EUCLEAN. */
void pages_mend_with(struct pages *pages,
		     int (*mend)(void *context, struct page_key key, struct page *ret_page,
				 struct err *err),
		     void *context);
/** The page to change; it counts as touched. It stays where it is until pages_each() or
 * pages_clear(), and counts as touched until pages_write(). */
int pages_get(struct pages *pages, struct page_key key, struct page **ret_page, struct err *err);
/** page_entry() of one of them: so their size is known. */
struct entry *pages_entry(struct pages *pages, struct page *page, uint32_t series);
/** Memory that they take. */
size_t pages_bytes(const struct pages *pages);
/** Each page that is touched now, in the order in which they were; @on_page may touch more, which
 * are passed over. */
int pages_visit(struct pages *pages,
		int (*on_page)(void *context, struct page_key key, struct page *page,
			       struct err *err),
		void *context, struct err *err);
/** Write every touched page that is not as it is in the database, in key order; one that has become
 * empty goes. All stay in memory, and are right for as long as nobody else writes pages and the
 * transaction is not rolled back: then, or to save memory, pages_clear(). */
int pages_write(struct pages *pages, size_t *ret_written, struct err *err);
/** Forget all. */
void pages_clear(struct pages *pages);
/** Each touched page in key order, encoded, and forget all; empty ones are passed over. */
int pages_each(struct pages *pages,
	       int (*on_page)(void *context, struct page_key key, const struct blob *bytes,
			      struct err *err),
	       void *context, struct err *err);
