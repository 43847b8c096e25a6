/* Where a figure is folded into: the entries of one office, metric and day. A run of new periods is
 * added to these entries; what was replayed from the journal replaces them.
 *
 * The runs of a batch mostly go to the same pages, so what was looked up for one run serves the
 * next. It is valid for as long as the pages are (pages_get()); after that, begin with an empty
 * target. */
#pragma once

#include "registry/reference.h"
#include "rollup/page.h"
#include "rollup/page_cache.h"
#include "rollup/replay.h"

struct cell { /* an office's page of one bucket */
	struct page_key key;
	struct page *page; /* NULL: not looked up yet */
};

struct fold_target {
	struct pages *pages;         /* lent */
	const struct office *office; /* lent; NULL: nowhere yet */
	int32_t day;
	struct cell hour;
	struct cell whole; /* the day, or the metric's own, coarser period, */
	enum grain grain;  /* which is this of */
	enum calendar calendar;
	int32_t end_day;             /* after it */
	const struct metric *metric; /* of the series at hand; lent */
	uint32_t series;
};

/** What fold_target_seek() does when it is another office, day or kind of period. */
void fold_target_move(struct fold_target *target, const struct office *office, int32_t day,
		      const struct metric *metric);

/** Go to where @office's @metric has its entries on @day. This function and the next one stand in
 * the header because both are called for each run. */
static inline void fold_target_seek(struct fold_target *target, const struct office *office,
				    int32_t day, const struct metric *metric, uint32_t series)
{
	if (target->office != office || target->day != day || target->grain != metric->period ||
	    target->calendar != metric->calendar)
		fold_target_move(target, office, day, metric);
	target->metric = metric;
	target->series = series;
}

/** The entry on the page of @cell, which is one of @target's. Valid as page_entry() says. */
static inline int fold_target_entry(struct fold_target *target, struct cell *cell,
				    struct entry **ret_entry, struct err *err)
{
	int rc = cell->page ? 0 : pages_get(target->pages, cell->key, &cell->page, err);
	if (rc < 0)
		return rc;
	struct entry *entry = page_next(cell->page, target->series);
	*ret_entry = entry ? entry : pages_entry(target->pages, cell->page, target->series);
	return *ret_entry ? 0 : err_memory(err);
}

/**
 * Add a run to @whole, the entry of target->whole, and to those of the hours if the metric has
 * such.
 *
 * @points  [n], as fold_run() takes them; n >= 1; newer than all that @whole heard of
 */
int fold_target_append(struct fold_target *target, struct entry *whole, const struct point points[],
		       size_t n, int32_t received_day, struct err *err);

/** Go to @office's @series on @day, and put what it comes to, as played, in place of its entries.
 */
int fold_target_replace(struct fold_target *target, const struct office *office, int32_t day,
			const struct replay_series *series, struct err *err);

/**
 * @on_acc for each bucket in which a series that was played has an entry; @key is without its node.
 * What the journal heard of never goes away, so where nothing was played nothing is there.
 */
int fold_target_each(const struct replay_series *series, int32_t day,
		     int (*on_acc)(void *context, struct page_key key, const struct acc *acc,
				   struct err *err),
		     void *context, struct err *err);
