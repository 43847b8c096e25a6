#include "ledger/impact.h"

#include "common/base/array.h"
#include "rollup/unit_acc.h"

#include <stdlib.h>
#include <string.h>

/* --- metrics --- */

bool drops_dimension(const struct metric *before, const struct metric *after)
{
	for (size_t i = 0; i < before->n_dimensions; i++) {
		size_t k = 0;
		while (k < after->n_dimensions &&
		       strcmp(after->dimensions[k], before->dimensions[i]) != 0)
			k++;
		if (k == after->n_dimensions)
			return true;
	}
	return false;
}

/* May a figure that could be taken be one that can not? */
static bool is_narrower(const struct metric *before, const struct metric *after)
{
	if (after->has_min && (!before->has_min || before->min_e < after->min_e))
		return true;
	if (after->has_max && (!before->has_max || before->max_e > after->max_e))
		return true;
	return drops_dimension(before, after);
}

/* What becomes of the figures of a metric; @after NULL: it is gone. */
static enum effect effect_of(const struct metric *before, const struct metric *after)
{
	if (!after || before->period != after->period || before->calendar != after->calendar ||
	    before->decimals != after->decimals || before->time_agg != after->time_agg ||
	    unit_acc_agg(before) != unit_acc_agg(after) ||
	    strcmp(before->level, after->level) != 0 || is_narrower(before, after))
		return EFFECT_ANEW;
	return before->due_days != after->due_days ||
			       !days_off_same(before->days_off, after->days_off)
		       ? EFFECT_ON_TIME
		       : EFFECT_NONE;
}

static int metrics_compare(struct impact *impact, const struct catalogue *before,
			   const struct catalogue *after, struct err *err)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct metric *old = &before->metrics[i];
		const struct metric *new = catalogue_find(after, old->name);
		enum effect effect = effect_of(old, new);
		if (effect == EFFECT_NONE)
			continue;
		struct impact_metric *list =
			array_room(impact->metrics, impact->n_metrics, sizeof(*list));
		if (!list)
			return err_memory(err);
		impact->metrics = list;
		list[impact->n_metrics++] = (struct impact_metric){ old, new, effect };
	}
	return 0;
}

/* --- places --- */

struct days {          /* on which something may change */
	int32_t *list; /* owned [n], ascending once they are sorted */
	size_t n;
};

static int day_add(struct days *days, int32_t day, struct err *err)
{
	int32_t *list = array_room(days->list, days->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	days->list = list;
	list[days->n++] = day;
	return 0;
}

static int day_order(const void *a, const void *b)
{
	int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
	return (left > right) - (left < right);
}

/* As far as what stands above an office goes: names do not. */
static bool same_place(const struct unit *left, const struct unit *right)
{
	bool same_parent = left->parent && right->parent ? strcmp(left->parent, right->parent) == 0
							 : left->parent == right->parent;
	return same_parent && left->id == right->id && left->valid_from == right->valid_from &&
	       left->valid_to == right->valid_to && strcmp(left->code, right->code) == 0 &&
	       strcmp(left->level, right->level) == 0;
}

struct hull { /* the days on which a unit stands that is not the same in both */
	int32_t from, end;
};

static void hull_add(struct hull *hull, const struct units *units, const struct units *others)
{
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->list[i];
		const struct unit *other = units_by_id(others, unit->id);
		if (other && same_place(unit, other))
			continue;
		hull->from = unit->valid_from < hull->from ? unit->valid_from : hull->from;
		hull->end = unit->valid_to > hull->end ? unit->valid_to : hull->end;
	}
}

static int boundaries_add(struct days *days, const struct units *units, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < units->n && rc == 0; i++) {
		rc = day_add(days, units->list[i].valid_from, err);
		if (rc == 0 && units->list[i].valid_to != UNIT_OPEN)
			rc = day_add(days, units->list[i].valid_to, err);
	}
	return rc;
}

static void days_sort(struct days *days)
{
	size_t n = 0;
	if (days->n > 0)
		qsort(days->list, days->n, sizeof(days->list[0]), day_order);
	for (size_t i = 0; i < days->n; i++)
		if (i == 0 || days->list[i] != days->list[n - 1])
			days->list[n++] = days->list[i];
	days->n = n;
}

static bool same_text(const char *left, const char *right)
{
	return left && right ? strcmp(left, right) == 0 : left == right;
}

static bool same_assignments(const struct office *left, const struct office *right)
{
	if (left->n_assignments != right->n_assignments)
		return false;
	for (size_t i = 0; i < left->n_assignments; i++)
		if (left->assignments[i].from_day != right->assignments[i].from_day ||
		    !same_text(left->assignments[i].unit_code, right->assignments[i].unit_code))
			return false;
	return true;
}

struct comparison {
	const struct reference *before, *after;
	struct hull hull;
	struct days borders; /* on which units begin or end, in either */
	struct days days;    /* of one office */
	struct impact *impact;
};

enum standing { STANDS_SAME, STANDS_OTHERWISE, STANDS_NOWHERE };

/* Which units stand above it on @day, before and after? The level of its own says for which metrics
 * it is due. */
static enum standing stands(const struct comparison *c, const struct office *old,
			    const struct office *new, int32_t day)
{
	const struct unit *was = office_unit(old, c->before->units, day);
	const struct unit *is = office_unit(new, c->after->units, day);
	if (was && !is)
		return STANDS_NOWHERE;
	if (was && is && strcmp(was->level, is->level) != 0)
		return STANDS_OTHERWISE;
	for (unsigned depth = 0; (was || is) && depth <= UNITS_DEPTH_MAX; depth++) {
		if (!was || !is || was->id != is->id)
			return STANDS_OTHERWISE;
		was = units_parent(c->before->units, was, day);
		is = units_parent(c->after->units, is, day);
	}
	return STANDS_SAME;
}

static int span_add(struct comparison *c, int64_t office, int32_t from, int32_t end, bool leaves,
		    struct err *err)
{
	struct impact *impact = c->impact;
	struct impact_span *last = impact->n_spans > 0 ? &impact->spans[impact->n_spans - 1] : NULL;
	if (last && last->office == office && last->end == from && last->leaves == leaves) {
		last->end = end;
		return 0;
	}
	struct impact_span *list = array_room(impact->spans, impact->n_spans, sizeof(*list));
	if (!list)
		return err_memory(err);
	impact->spans = list;
	list[impact->n_spans++] = (struct impact_span){ office, from, end, leaves };
	return 0;
}

/* The days on which it may come to stand otherwise; between two of them all is as on the first. */
static int office_days(struct comparison *c, const struct office *old, const struct office *new,
		       struct err *err)
{
	bool moved = !same_assignments(old, new);
	struct hull hull = moved ? (struct hull){ INT32_MIN, INT32_MAX } : c->hull;
	int rc = 0;
	c->days.n = 0;
	if (hull.from < hull.end)
		rc = day_add(&c->days, hull.from, err);
	for (size_t i = 0; i < c->borders.n && rc == 0; i++)
		if (hull.from < c->borders.list[i] && c->borders.list[i] < hull.end)
			rc = day_add(&c->days, c->borders.list[i], err);
	for (size_t i = 0; i < old->n_assignments && rc == 0; i++)
		rc = day_add(&c->days, old->assignments[i].from_day, err);
	for (size_t i = 0; i < new->n_assignments &&rc == 0; i++)
		rc = day_add(&c->days, new->assignments[i].from_day, err);
	if (rc == 0 && hull.end < INT32_MAX)
		rc = day_add(&c->days, hull.end, err);
	days_sort(&c->days);
	return rc;
}

static int office_compare(struct comparison *c, const struct office *old, const struct office *new,
			  struct err *err)
{
	int rc = office_days(c, old, new, err);
	for (size_t i = 0; i < c->days.n && rc == 0; i++) {
		int32_t from = c->days.list[i];
		int32_t end = i + 1 < c->days.n ? c->days.list[i + 1] : INT32_MAX;
		enum standing standing = stands(c, old, new, from);
		if (standing != STANDS_SAME)
			rc = span_add(c, new->id, from, end, standing == STANDS_NOWHERE, err);
	}
	return rc;
}

static int places_compare(struct impact *impact, const struct reference *before,
			  const struct reference *after, struct err *err)
{
	struct comparison c = {
		.before = before, .after = after, .hull = { INT32_MAX, INT32_MIN }, .impact = impact
	};
	hull_add(&c.hull, before->units, after->units);
	hull_add(&c.hull, after->units, before->units);
	int rc = boundaries_add(&c.borders, before->units, err);
	if (rc == 0)
		rc = boundaries_add(&c.borders, after->units, err);
	days_sort(&c.borders);
	for (size_t i = 0; i < after->offices->n && rc == 0; i++) {
		const struct office *new = &after->offices->list[i];
		const struct office *old = offices_by_id(before->offices, new->id);
		bool moved = old && !same_assignments(old, new);
		if (old && (moved || c.hull.from < c.hull.end)) /* a new one has no figures yet */
			rc = office_compare(&c, old, new, err);
	}
	free(c.borders.list);
	free(c.days.list);
	return rc;
}

/* --- all of it --- */

int impact_of(const struct reference *before, const struct reference *after,
	      struct impact *ret_impact, struct err *err)
{
	struct impact impact = { 0 };
	int rc = metrics_compare(&impact, before->catalogue, after->catalogue, err);
	if (rc == 0)
		rc = places_compare(&impact, before, after, err);
	if (rc < 0) {
		impact_free(&impact);
		return rc;
	}
	*ret_impact = impact;
	return 0;
}

bool impact_is_none(const struct impact *impact)
{
	return impact->n_metrics == 0 && impact->n_spans == 0;
}

void impact_free(struct impact *impact)
{
	free(impact->metrics);
	free(impact->spans);
	*impact = (struct impact){ 0 };
}
