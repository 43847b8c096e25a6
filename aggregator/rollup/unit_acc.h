/* A unit's accumulator: what those of the offices below it, of one series and bucket, come to.
 *
 * Its value is the sum of theirs, whatever the metric: for a level that is what they add up to at
 * the bucket's end, where all reported; for a mean it is of no use. Where a metric takes the least
 * or the greatest both over time and over offices, it is that of theirs. n and revisions add up;
 * on_time is of the offices alone that are due, and extra of those that are not. */
#pragma once

#include "rollup/page.h"

/** Rule 5.3: by what a unit's value comes of those of its offices. AGG_MIN, AGG_MAX or, for all
 * other metrics, AGG_SUM. */
enum agg unit_acc_agg(const struct metric *metric);
/** Is @value less than @than, for AGG_MIN, or greater? */
bool unit_acc_better(enum agg agg, int128 value, int128 than);

/**
 * An office's accumulator went from @before to @after: @unit, above it, goes along. @due: is the
 * office?
 *
 * False: the unit's value was the office's, and is now no better than that. Another one's may be
 * better (see minmax.h).
 */
bool unit_acc_follow(struct acc *unit, const struct acc *before, const struct acc *after,
		     enum agg agg, bool due);
