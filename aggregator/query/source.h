/* Where the pages of an answer come from: the rollups or, as known at an earlier instant, of days
 * of which part was known then, the journal. So does a page that a disk damaged: an office's from
 * its entries of that day, a unit's from all of the day. */
#pragma once

#include "query/plan.h"
#include "query/series.h"
#include "query/slices.h"
#include "rollup/derive.h"

struct source;

/** As known at @plan's instant, by the reference of then, and damage is noted where @plan says;
 * lent, as @reference is. NULL: err says why. */
struct source *source_open(sqlite3 *db, const struct reference *reference, const struct plan *plan,
			   struct err *err);
void source_close(struct source *source); /* NULL is fine */

/** From now on pages need to have no other entries than those of @series, which is lent. */
void source_want(struct source *source, const struct series_list *series);

/** Do the pages of @day come from the journal? All of that day's are derived for it, and those of
 * the day before it are forgotten. Negative: an error. */
int source_derives(struct source *source, int32_t day, struct err *err);

struct nodes {
	int64_t *list; /* owned [n], ascending; freed with free() */
	size_t n;
};

int nodes_add(struct nodes *nodes, int64_t node, struct err *err);

/** Walk the pages of @slice that are of @nodes (NULL: all), units (negative) before offices. What
 * @on_page returns, when not 0, ends it. */
int source_each(struct source *source, const struct slice *slice, const struct nodes *nodes,
		int (*on_page)(void *context, int64_t node, const struct page *page,
			       struct err *err),
		void *context, struct err *err);
