#include "query/state.h"

/* Did @unit take over from others on the day it began? */
static bool took_over(const struct units *units, const struct unit *unit)
{
	size_t first, end;
	units_predecessors(units, unit->code, unit->valid_from, &first, &end);
	return end > first;
}

/* Did others take over from @unit on the day it ended? */
static bool was_succeeded(const struct units *units, const struct unit *unit)
{
	size_t first, end;
	units_successors(units, unit->code, unit->valid_to, &first, &end);
	return end > first;
}

static enum state without_value(const struct units *units, const struct unit *unit,
				const struct counts *counts, int32_t last, bool level,
				bool elsewhere)
{
	bool ended = level && unit && unit->valid_to <= last;
	if (ended)
		return was_succeeded(units, unit) ? STATE_MERGED : STATE_NOT_DUE;
	if (counts->due > 0)
		return counts->reported + counts->carried > 0 ? STATE_NO_VALUE : STATE_SILENT;
	return elsewhere || counts->extra > 0 || counts->observations > 0 ? STATE_NO_VALUE
									  : STATE_NOT_DUE;
}

enum state state_of(const struct plan *plan, const struct units *units, const struct row *row,
		    const struct figure *figure, struct period bucket, bool derivable, bool level,
		    bool elsewhere)
{
	const struct counts *counts = &figure->counts;
	const struct unit *unit = row->unit;
	int32_t first = period_first_day(bucket), last = period_end_day(bucket) - 1;
	if (!derivable)
		return STATE_NOT_DERIVABLE;
	if (!figure->has_value)
		return without_value(units, unit, counts, last, level, elsewhere);
	if (!plan_over(plan, bucket))
		return STATE_OPEN;
	if (counts_missing(counts) + counts->excused > 0)
		return STATE_PARTIAL;
	if (counts->carried > 0)
		return STATE_CARRIED;
	if (unit && plan->restated)
		return unit->valid_from > first || unit->valid_to <= last ? STATE_SUCCESSOR
									  : STATE_COMPLETE;
	/* A level of a period in which the borders changed has what was reported before. */
	if (unit && unit->valid_from >= first && unit->valid_from <= last && took_over(units, unit))
		return level && unit->valid_from > first ? STATE_SUCCESSOR : STATE_NEW_BORDERS;
	return STATE_COMPLETE;
}

const char *state_name(enum state state)
{
	static const char *const names[] = {
		[STATE_NOT_DERIVABLE] = "not_derivable",
		[STATE_MERGED] = "merged",
		[STATE_SILENT] = "silent",
		[STATE_NO_VALUE] = "no_value",
		[STATE_NOT_DUE] = "not_due",
		[STATE_OPEN] = "open",
		[STATE_PARTIAL] = "partial",
		[STATE_CARRIED] = "carried",
		[STATE_SUCCESSOR] = "successor",
		[STATE_NEW_BORDERS] = "new_borders",
		[STATE_COMPLETE] = "complete",
	};
	return names[state];
}
