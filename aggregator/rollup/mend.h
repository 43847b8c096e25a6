/* I11: a rollup page that a disk damaged, made again as it was before this transaction: an office's
 * from its journal of that day, a unit's from the pages of the offices below it. So whoever reads
 * pages to change them (page_cache.c) never sees the damage, the page is written anew with whatever
 * changes, and the commit goes on.
 *
 * Nobody may change a page in the store before those of the units above have been read, which is
 * how the fold works (propagate.h): so what offices' pages say in the store is what units knew.
 *
 * A page can be made again when what it comes of can be read. For an office's that is its journal
 * of that day: -EUCLEAN or -EBADMSG else, and the page's figures are lost until a backup is
 * restored. For a unit's an office below whose page and journal are damaged, both, is left out.
 *
 * Costs what playing the office's day again does, or reading the pages of all offices. */
#pragma once

#include "journal/declarations.h"
#include "registry/reference.h"
#include "rollup/page.h"

#include <stddef.h>
#include <stdint.h>

struct mend;

/** NULL: out of memory. */
struct mend *mend_open(sqlite3 *db, struct err *err);
void mend_close(struct mend *mend); /* NULL is fine */

/** A transaction begins: nothing was made again in it. @reference, by which offices are assigned in
 * the pages as they stand, is lent until the next call. */
void mend_begin(struct mend *mend, const struct reference *reference);
/** Entries of the journal from @entry on are this transaction's: pages do not know of them yet. */
void mend_entries_from(struct mend *mend, int64_t entry);
/** Nor do they know of what was released at @at_us. */
void mend_released_at(struct mend *mend, int64_t at_us);

/** The page of @key into @ret_page, which is empty. As pages_mend_with() wants it: @context is the
 * mend. */
int mend_page(void *context, struct page_key key, struct page *ret_page, struct err *err);

#define MENDED_WHERE_MAX 96u
/** Whose page it is and of when, for people: code of office or unit, and period. */
void mend_where(const struct reference *reference, struct page_key key,
		char ret_where[MENDED_WHERE_MAX]);

struct mended {
	uint64_t n;                   /* pages made again since mend_begin() */
	char where[MENDED_WHERE_MAX]; /* the last one: code of office or unit, and period */
};
const struct mended *mend_mended(const struct mend *mend);
