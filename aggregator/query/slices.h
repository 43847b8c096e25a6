/* How a bucket is read: step by step, one stored page per node each. */
#pragma once

#include "query/plan.h"
#include "rollup/page.h"

struct step {
	struct page_key key; /* of its pages, node 0 */
	int32_t number;      /* of the step; one after the other */
	int32_t day;         /* whose batches it derives from: the first day of its period */
	int64_t pairs;       /* own periods of the metric in it, */
	int64_t over; /* and how many of them, the first, are over at the instant asked about */
};

struct steps {
	const struct metric *metric;
	enum grain grain;
	int32_t before; /* first step that is only looked at for figures that are carried into the
			   bucket */
	int32_t first, last;
	int64_t over; /* the plan's */
};

/** The steps of @metric in @bucket. Hours where a day's page could not tell which of its hours are
 * there. */
struct steps steps_of(const struct plan *plan, const struct metric *metric, struct period bucket);
/** The hours of @step, which is a day of @steps. Figures of such steps are not carried. */
struct steps steps_of_day(const struct steps *steps, const struct step *step);
/** The first of its day's own periods that lies in @step. */
uint32_t step_first_nth(const struct step *step, const struct metric *metric);
struct step step_at(const struct steps *steps, int32_t number);
