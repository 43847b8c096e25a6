#include "registry/lineage.h"

#include <string.h>

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
	for (size_t i = 0; i < units->n_successors; i++) { /* ascending by day */
		const struct successor *row = &units->successors[i];
		if (row->effective_on > unit->valid_to)
			break;
		if (row->effective_on > from && strcmp(row->old_code, unit->code) == 0)
			return row->effective_on;
	}
	return unit->valid_to;
}

static void forward(struct trace *trace, const struct unit *unit, int32_t from);

static bool is_heir(const struct successor *row, const struct unit *unit, int32_t day)
{
	return row->effective_on == day && strcmp(row->old_code, unit->code) == 0;
}

static size_t follow_successors(struct trace *trace, const struct unit *unit, int32_t day)
{
	const struct units *units = trace->units;
	size_t n = 0;
	for (size_t i = 0; i < units->n_successors; i++)
		n += is_heir(&units->successors[i], unit, day);
	if (n > 1 && !trace->found.divided) { /* before its heirs, who may be divided in turn */
		trace->found.divided = true;
		trace->found.blame = unit;
	}
	for (size_t i = 0; i < units->n_successors; i++) {
		if (!is_heir(&units->successors[i], unit, day))
			continue;
		const struct unit *heir = units_find(units, units->successors[i].new_code, day);
		if (!heir)
			dead_end(trace, unit);
		else
			forward(trace, heir, day);
	}
	return n;
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
	for (size_t i = units->n_successors; i-- > 0;) {
		const struct successor *row = &units->successors[i];
		if (row->effective_on < unit->valid_from)
			break;
		if (row->effective_on <= from && strcmp(row->new_code, unit->code) == 0)
			return row->effective_on;
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
	size_t n = 0;
	for (size_t i = 0; i < units->n_successors; i++) {
		const struct successor *row = &units->successors[i];
		if (row->effective_on != day || strcmp(row->new_code, unit->code) != 0)
			continue;
		const struct unit *older = units_find(units, row->old_code, day - 1);
		if (!older)
			dead_end(trace, unit);
		else if (older != unit)
			backward(trace, older, day - 1);
		n++;
	}
	if (unit->valid_from < day)
		backward(trace, unit, day - 1); /* it was there before it took others in */
	else if (n == 0)
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
