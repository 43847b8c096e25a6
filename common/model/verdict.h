/* Whether an observation can count, judged by its metric: at the office and at the province alike.
 */
#pragma once

#include "common/model/metric.h"

#include <stdint.h>

/** Why an observation cannot count, as both sides decide it. Codes are kept in journals: never
 * renumber. */
enum verdict {
	VERDICT_OK = 0,
	VERDICT_UNKNOWN_METRIC = 1,
	VERDICT_WRONG_PERIOD = 2, /* grain or calendar is not the metric's */
	VERDICT_WRONG_LABELS = 3, /* a dimension the metric lacks, or one missing */
	VERDICT_TOO_PRECISE = 4,
	VERDICT_OUT_OF_RANGE = 5, /* below min, above max, or beyond 64 bits */
	VERDICT_FUTURE = 6, /* the period starts after the clock of whoever judges, plus a day */
	VERDICT_NOT_IN_FORCE =
		7, /* the office was not assigned to a unit in force (the province judges) */
	VERDICT_CLOSED = 8,  /* the province has closed the period */
	VERDICT_DAMAGED = 9, /* what the province keeps of that office's day cannot be read */
	VERDICT_OLDER_COPY =
		10, /* a machine that was set back sends it (aggregator/journal/older_copy.h) */
	VERDICT_UNLISTED = 11, /* a label that was in no code list when it was received */
	VERDICT_COUNT
};
/** A stable word for protocols ("out_of_range") and a sentence for people (English). */
const char *verdict_word(enum verdict verdict);
const char *verdict_text(enum verdict verdict);

/** Judge a series' shape: name, labels, grain, calendar. @labels is canonical. Labels must give
 * each dimension of the metric at most once and no other; a metric with dimensions may be reported
 * without some of them. */
enum verdict metric_judge_series(const struct metric *metric, const char *labels,
				 enum calendar calendar, enum grain grain);
/** Judge a value given with @decimals; @ret_value_e (may be NULL) has the metric's decimals. */
enum verdict metric_judge_value(const struct metric *metric, int64_t value_e, unsigned decimals,
				int64_t *ret_value_e);
