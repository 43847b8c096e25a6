#include "journal/judge.h"

struct judge judge_of(const struct reference *reference, const struct office *office, int32_t day,
		      int32_t today)
{
	return (struct judge){ .reference = reference,
			       .day = day,
			       .in_force = office_unit(office, reference->units, day) != NULL,
			       .future = day > today + 1,
			       .doubtful = office_is_doubtful(office, reference->units, day) };
}

enum verdict judge_run(const struct judge *judge, const struct declared *declared)
{
	if (declared->verdict != VERDICT_OK)
		return declared->verdict;
	if (judge->doubtful)
		return VERDICT_DAMAGED;
	if (judge->future)
		return VERDICT_FUTURE;
	if (!judge->in_force)
		return VERDICT_NOT_IN_FORCE;
	return closings_hold(judge->reference->closings, declared->metric, judge->day)
		       ? VERDICT_CLOSED
		       : VERDICT_OK;
}

enum verdict judge_doubted_point(const struct declared *declared, const struct doubts *doubts,
				 const struct point *point, int64_t *ret_value_e)
{
	int64_t value_e = point->value_e;
	enum verdict verdict = judge_point(declared, NULL, point, &value_e);
	if (verdict != VERDICT_OK)
		return verdict;
	if (doubts->unlisted && !point->withdrawn)
		return VERDICT_UNLISTED;
	if (doubts->older && older_copy_has(doubts->older, declared, point))
		return VERDICT_OLDER_COPY;
	if (ret_value_e)
		*ret_value_e = value_e;
	return VERDICT_OK;
}
