/* What an office is due to report: by period, with the day by which it must be there. From the
 * catalogue, the level of the office's unit, the day, and what has been recorded. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum due_state {
	DUE_LATE,    /* something is missing, and its day is over */
	DUE_OPEN,    /* the period has ended, something is missing */
	DUE_RUNNING, /* the period has not ended, something is missing */
	DUE_DONE,    /* all is recorded */
};

struct due { /* all metrics of the office that share one period */
	struct period period;
	enum due_state state;
	/* By the end of which day: of what is missing, the first; of what is complete, the last. */
	int32_t day;
	unsigned metrics, recorded;
};

struct due_question {
	const struct catalogue *catalogue;
	const char *level; /* of the office's unit; NULL: not known, so all of the catalogue */
	int32_t today;
	/** Is something of @metric recorded for @period (withdrawn does not count)? */
	bool (*recorded)(void *context, const struct metric *metric, struct period period);
	/** Was something of @metric recorded for a period before @period? */
	bool (*recorded_before)(void *context, const struct metric *metric, struct period period);
	void *context;
};

/** Has this office to report @metric? Not what is counted by the hour or minute: see due_list(). */
bool due_metric(const struct metric *metric, const char *level);

/** Count @metric, of which something is recorded for due->period or not. @due begins with its
 * period alone; its state is not touched. */
void due_count(struct due *due, const struct metric *metric, bool recorded);

/**
 * The running period of each (calendar, grain) of a day or coarser and the one before, and older
 * ones back to a week of days or two of the others where something is missing although the office
 * had begun to report by then. What is late comes first, then what is due soonest; what is done
 * comes last. What is counted by the hour or minute comes from programs, and is never due here.
 *
 * @ret_list is owned by the caller (free). -ENOMEM.
 */
int due_list(const struct due_question *question, struct due **ret_list, size_t *ret_n,
	     struct err *err);
