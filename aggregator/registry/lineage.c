#include "registry/lineage.h"

#define STEPS_MAX 256u /* changes on the way of one unit; more would be a circle in the data */

struct trace {
	const struct units *units;
	int32_t to;
	struct lineage found;
	unsigned steps;
};

static void add(struct trace *trace, const struct unit *unit)
{
	for (size_t i = 0; i < trace->found.n; i++)
		if (trace->found.units[i] == unit)
			return;
	if (trace->found.n < LINEAGE_MAX)
		trace->found.units[trace->found.n++] = unit;
	else
		trace->steps = STEPS_MAX;
}

static void dead_end(struct trace *trace, const struct unit *unit)
{
	trace->steps = STEPS_MAX;
	trace->found.blame = unit;
}

/* --- forward --- */

/* The first change of @unit after @from, up to the end of its row: the day of its successors' rows,
 * or its end. */
static int32_t next_change(const struct units *units, const struct unit *unit, int32_t from)
{
	size_t first, end;
	for (int32_t day = from;
	     (day = units_next_reform(units, day)) < UNIT_OPEN && day <= unit->valid_to;) {
		units_successors(units, unit->code, day, &first, &end);
		if (end > first)
			return day;
	}
	return unit->valid_to;
}

static void forward(struct trace *trace, const struct unit *unit, int32_t from);

static size_t follow_successors(struct trace *trace, const struct unit *unit, int32_t day)
{
	const struct units *units = trace->units;
	size_t first, end;
	units_successors(units, unit->code, day, &first, &end);
	if (end - first > 1 &&
	    !trace->found.divided) { /* before its heirs, who may be divided in turn */
		trace->found.divided = true;
		trace->found.blame = unit;
	}
	for (size_t i = first; i < end; i++) {
		const struct unit *heir = units_find(units, units->successors[i].new_code, day);
		if (!heir)
			dead_end(trace, unit);
		else
			forward(trace, heir, day);
	}
	return end - first;
}

static void forward(struct trace *trace, const struct unit *unit, int32_t from)
{
	if (trace->steps++ >= STEPS_MAX)
		return;
	int32_t day = next_change(trace->units, unit, from);
	if (day > trace->to) {
		add(trace, unit);
		return;
	}
	if (follow_successors(trace, unit, day) > 0)
		return;
	const struct unit *parent = units_parent(trace->units, unit, day - 1);
	if (parent)
		forward(trace, parent, day - 1);
	else
		dead_end(trace, unit);
}

/* --- backward --- */

/* The last change that made @unit, not after @from: the day a row joined something to it, or its
 * beginning. */
static int32_t last_change(const struct units *units, const struct unit *unit, int32_t from)
{
	size_t first, end;
	for (int32_t day = from + 1;
	     (day = units_last_reform(units, day)) > INT32_MIN && day >= unit->valid_from;) {
		units_predecessors(units, unit->code, day, &first, &end);
		if (end > first)
			return day;
	}
	return unit->valid_from;
}

static void backward(struct trace *trace, const struct unit *unit, int32_t from)
{
	const struct units *units = trace->units;
	if (trace->steps++ >= STEPS_MAX)
		return;
	int32_t day = last_change(units, unit, from);
	if (day <= trace->to) {
		add(trace, unit);
		return;
	}
	size_t first, end;
	units_predecessors(units, unit->code, day, &first, &end);
	for (size_t i = first; i < end; i++) {
		const struct unit *older = units_find(units, units->by_heir[i]->old_code, day - 1);
		if (!older)
			dead_end(trace, unit);
		else if (older != unit)
			backward(trace, older, day - 1);
	}
	if (unit->valid_from < day)
		backward(trace, unit, day - 1); /* it was there before it took others in */
	else if (end == first)
		dead_end(trace, unit);
}

struct lineage lineage_trace(const struct units *units, const struct unit *unit, int32_t from,
			     int32_t to)
{
	struct trace trace = { .units = units, .to = to };
	if (to >= from)
		forward(&trace, unit, from);
	else
		backward(&trace, unit, from);
	if (trace.steps >= STEPS_MAX) {
		trace.found.n = 0;
		if (!trace.found.blame)
			trace.found.blame = unit;
	}
	return trace.found;
}
