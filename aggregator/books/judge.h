/* May a run of an office's series count? Asked when it is posted, and again when it shall be
 * released from quarantine. (Its values are judged one by one: metric_judge_value.) */
#pragma once

#include "declarations.h"
#include "reference.h"

#include <stdbool.h>
#include <stdint.h>

struct judge {                             /* what all runs of one batch have in common */
	const struct reference *reference; /* lent */
	int32_t day;
	bool in_force, future, doubtful;
};

/** Of a batch of @office and @day, judged on @today. */
struct judge judge_of(const struct reference *reference, const struct office *office, int32_t day,
		      int32_t today);
/** VERDICT_CLOSED comes last: such a run lacks nothing but an operator's consent. */
enum verdict judge_run(const struct judge *judge, const struct declared *declared);
