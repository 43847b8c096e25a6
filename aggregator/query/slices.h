/* How a bucket is read (rule 5.1: the slices of a metric lie in it whole): slice by slice, one
 * stored page per node each. */
#pragma once

#include "query/plan.h"
#include "rollup/page.h"

struct slice {
	struct page_key key; /* of its pages, node 0 */
	int32_t number;      /* of the slice; one after the other */
	int32_t day;         /* whose batches it derives from: the first day of its period */
	int64_t pairs;       /* own periods of the metric in it, */
	int64_t over; /* and how many of them, the first, are over at the instant asked about */
};

struct slices {
	const struct metric *metric;
	enum grain grain;
	int32_t before; /* first slice that is only looked at for figures that are carried into the
			   bucket */
	int32_t first, last;
	int64_t over; /* the plan's */
};

/** The slices of @metric in @bucket. Hours where a day's page does not say which of its hours are
 * there. */
struct slices slices_of(const struct plan *plan, const struct metric *metric, struct period bucket);
/** The hours of @slice, which is a day of @slices. Figures of such slices are not carried. */
struct slices slices_of_day(const struct slices *slices, const struct slice *slice);
/** The first of its day's own periods that lies in @slice. */
uint32_t slice_first_nth(const struct slice *slice, const struct metric *metric);
struct slice slice_at(const struct slices *slices, int32_t number);
