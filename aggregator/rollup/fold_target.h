/* A cursor stands where a figure goes: at the entries of one office, metric and day. A run of new
 * periods is added to them; what was played again takes their place.
 *
 * The runs of a batch go the same way, so what was looked up for one serves the next. It holds for
 * as long as the pages do (pages_get()): after that, start from nowhere. */
#pragma once

#include "registry/reference.h"
#include "rollup/page.h"
#include "rollup/replay.h"

struct spot { /* an office's page of one bucket */
	struct page_key key;
	struct page *page; /* NULL: not looked up yet */
};

struct cursor {
	struct pages *pages;         /* lent */
	const struct office *office; /* lent; NULL: nowhere yet */
	int32_t day;
	struct spot hour;
	struct spot whole; /* the day, or the metric's own, coarser period, */
	enum grain grain;  /* which is this of */
	enum calendar calendar;
	int32_t end_day;             /* after it */
	const struct metric *metric; /* of the series at hand; lent */
	uint32_t series;
};

/** What cursor_seek() does when it is another office, day or kind of period. */
void cursor_move(struct cursor *cursor, const struct office *office, int32_t day,
		 const struct metric *metric);

/** Stand where @office's @metric has its entries on @day. Here, as the next function, since both
 * are called for each run. */
static inline void cursor_seek(struct cursor *cursor, const struct office *office, int32_t day,
			       const struct metric *metric, uint32_t series)
{
	if (cursor->office != office || cursor->day != day || cursor->grain != metric->period ||
	    cursor->calendar != metric->calendar)
		cursor_move(cursor, office, day, metric);
	cursor->metric = metric;
	cursor->series = series;
}

/** The entry on the page of @spot, which is one of @cursor's. Valid as page_entry() says. */
static inline int cursor_entry(struct cursor *cursor, struct spot *spot, struct entry **ret_entry,
			       struct err *err)
{
	int rc = spot->page ? 0 : pages_get(cursor->pages, spot->key, &spot->page, err);
	if (rc < 0)
		return rc;
	struct entry *entry = page_next(spot->page, cursor->series);
	*ret_entry = entry ? entry : pages_entry(cursor->pages, spot->page, cursor->series);
	return *ret_entry ? 0 : err_memory(err);
}

/**
 * Add a run to @whole, the entry of cursor->whole, and to those of the hours if the metric has
 * such.
 *
 * @points  [n], as fold_run() takes them; n >= 1; newer than all that @whole heard of
 */
int cursor_append(struct cursor *cursor, struct entry *whole, const struct point points[], size_t n,
		  int32_t received_day, struct err *err);

/** Go to @office's @series on @day, and put what it comes to, as played, in place of its entries.
 */
int cursor_replace(struct cursor *cursor, const struct office *office, int32_t day,
		   const struct replay_series *series, struct err *err);

/**
 * @on_acc for each bucket in which a series that was played has an entry; @key is without its node.
 * What the journal heard of never goes away, so where nothing was played nothing is there.
 */
int cursor_each(const struct replay_series *series, int32_t day,
		int (*on_acc)(void *context, struct page_key key, const struct acc *acc,
			      struct err *err),
		void *context, struct err *err);
