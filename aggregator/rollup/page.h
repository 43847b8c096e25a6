/* Accumulators and the pages they live in: what the journal adds up to, for one bucket of time and
 * one node.
 *
 * A page holds an entry per series, sorted. A node is an office (its id) or a unit (minus its id).
 * Pages of an hour or a day hold the metrics of that period or finer; pages of a week or coarser
 * hold the metrics of just that period. So a page is derived from the batches of one local day:
 * that of its bucket's first day. A unit's entry comes of those of the offices assigned below it on
 * that day (unit_acc.h). */
#pragma once

#include "common/base/blob.h"
#include "common/base/decimal.h"
#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/period.h"
#include "common/sys/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acc {
	int128 value; /* exact (rule 5.8), with the catalogue's decimals; by the metric's time_agg:
			 sum (also for a mean), last, min or max */
	int64_t n;    /* observations that have a value */
	int64_t on_time;   /* of those, first received before they were overdue */
	int64_t revisions; /* values replaced by another one, or withdrawn */
	union {
		int32_t newest; /* an office's: 1 + nth (in the day) of the newest period heard of,
				   withdrawn or not; 0: none */
		int32_t extra;  /* a unit's: of the n, those of offices that were not due */
	};
};

bool acc_is_zero(const struct acc *acc);
bool acc_equal(const struct acc *a, const struct acc *b);
/** What @later, all of whose periods come after those of @acc, adds to it. */
void acc_append(struct acc *acc, const struct acc *later, enum agg time_agg);

struct entry {
	uint32_t series;
	bool stale; /* in a fold only: to be recomputed from the journal before the page is written
		     */
	const struct metric *metric; /* in a fold only, of an office's entry: the units above know
					@told of it; NULL: they know @acc */
	struct acc acc, told;
};

struct page {
	struct entry *entries; /* owned [n], ascending by series */
	size_t n, room;
	size_t near; /* index of the entry that page_entry() gave last */
};

/** The entry of @series, made empty when it is not there. NULL: out of memory. Valid until the next
 * call. */
struct entry *page_entry(struct page *page, uint32_t series);
/** The same where it is the one given last or the next after it, as those of a batch are, which
 * come in order; NULL: then ask the former. Here, as it is asked twice for each run. */
static inline struct entry *page_next(struct page *page, uint32_t series)
{
	for (size_t at = page->near; at < page->n && at <= page->near + 1; at++)
		if (page->entries[at].series == series) {
			page->near = at;
			return &page->entries[at];
		}
	return NULL;
}
const struct entry *page_find(const struct page *page, uint32_t series); /* NULL: not there */
void page_free(struct page *page);

/**
 * The bytes of a page: for each entry that is not all zero, ascending: LEB128 of series minus the
 * one before; a byte of flags; LEB128 of n; zigzag LEB128 of value; then, where its flag says so,
 * LEB128 of newest (1), of on_time where it is not n (2), of revisions (4). One state has one
 * encoding, so equal pages are equal bytes. -ENOMEM.
 */
int page_encode(const struct page *page, struct blob *out);
/** -EUCLEAN when the bytes are not such an encoding; -ENOMEM. @ret_page is empty then. */
int page_decode(const uint8_t *data, size_t len, struct page *ret_page, struct err *err);

/**
 * Decode the entries of @wanted [@n], ascending, alone, into @page, whose entries go and whose room
 * is used again. Reads no further than the last of them, so damage behind it is not noticed.
 */
int page_pick(const uint8_t *data, size_t len, const uint32_t wanted[], size_t n, struct page *page,
	      struct err *err);

struct page_key {
	int32_t grain;  /* page_grain() */
	int32_t bucket; /* number of the period */
	int64_t node;   /* office id, or minus a unit's id */
};

/** The order of the table: -1, 0 or 1. */
static inline int page_key_compare(struct page_key a, struct page_key b)
{
	if (a.grain != b.grain)
		return a.grain < b.grain ? -1 : 1;
	if (a.bucket != b.bucket)
		return a.bucket < b.bucket ? -1 : 1;
	return (a.node > b.node) - (a.node < b.node);
}

/** The key's grain column: grain | calendar << 4; below week the calendar makes no difference and
 * is left out. */
int32_t page_grain(enum calendar calendar, enum grain grain);
struct period page_period(struct page_key key);

/** Does a page that could be decoded hold what one of its key can? (It may have been damaged all
 * the same: pages have no checksum, and `lantoa verify` finds that.) */
bool page_is_sound(struct page_key key, const struct page *page);
/** page_decode() of a page as it is stored: -EUCLEAN as well when it is not sound, or empty, as
 * those go. */
int page_load(struct page_key key, const uint8_t *data, size_t len, struct page *ret_page,
	      struct err *err);
