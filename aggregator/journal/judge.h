/* May a run of an office's series count, and each of its values? Asked when it is posted, and again
 * when it shall be released from quarantine. */
#pragma once

#include "journal/declarations.h"
#include "journal/older_copy.h"
#include "registry/reference.h"

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

/* Why a value of a run that may count may yet not. A list judges what is received after it: what
 * stands keeps counting, so a review has no doubts of that kind. */
struct doubts {
	const struct older_copy *older; /* of a machine that was set back; NULL: it was not */
	bool unlisted;                  /* its labels are not in their lists */
};

/** judge_point() where there are any. */
enum verdict judge_doubted_point(const struct declared *declared, const struct doubts *doubts,
				 const struct point *point, int64_t *ret_value_e);
/** May a value of a run that may count do so? @doubts NULL: there are none, as is so nearly always;
 * then it is short. @ret_value_e: with the catalogue's decimals, when it may count and is not
 * withdrawn; NULL: nobody wants it. */
static inline enum verdict judge_point(const struct declared *declared, const struct doubts *doubts,
				       const struct point *point, int64_t *ret_value_e)
{
	if (doubts)
		return judge_doubted_point(declared, doubts, point, ret_value_e);
	return point->withdrawn ? VERDICT_OK
				: metric_judge_value(declared->metric, point->value_e,
						     declared->decimals, ret_value_e);
}
