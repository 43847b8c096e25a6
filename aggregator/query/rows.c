#include "query/rows.h"

#include "common/base/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The days of a bucket on which anything may stand elsewhere than on the day before: its first, and
 * those on which a unit begins, ends or is divided, or an office moves. */
struct days {
	struct rows *rows;
	int32_t first, end; /* of the bucket */
};

static void days_add(struct days *days, int32_t day)
{
	if (day > days->first && day < days->end)
		days->rows->days[days->rows->n_days++] = day;
	else if (day <= days->first && day > days->rows->since)
		days->rows->since = day;
}

static int by_day(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return x < y ? -1 : x > y;
}

static void days_gather(struct days *days, const struct reference *reference)
{
	const struct units *units = reference->units;
	const struct offices *offices = reference->offices;
	for (size_t i = 0; i < units->n; i++) {
		days_add(days, units->list[i].valid_from);
		days_add(days, units->list[i].valid_to);
	}
	for (size_t i = 0; i < units->n_successors; i++)
		days_add(days, units->successors[i].effective_on);
	for (size_t i = 0; i < offices->n; i++)
		for (size_t k = 0; k < offices->list[i].n_assignments; k++)
			days_add(days, offices->list[i].assignments[k].from_day);
}

static int days_make(struct rows *rows, struct period bucket)
{
	const struct units *units = rows->reference->units;
	const struct offices *offices = rows->reference->offices;
	size_t most = 1 + 2 * units->n + units->n_successors, n = 1;
	for (size_t i = 0; i < offices->n; i++)
		most += offices->list[i].n_assignments;
	rows->days = malloc(most * sizeof(*rows->days));
	if (!rows->days)
		return -ENOMEM;
	struct days days = { rows, period_first_day(bucket), period_end_day(bucket) };
	rows->days[rows->n_days++] = days.first;
	rows->since = INT32_MIN;
	days_gather(&days, rows->reference);
	qsort(rows->days, rows->n_days, sizeof(*rows->days), by_day);
	for (size_t i = 1; i < rows->n_days; i++)
		if (rows->days[i] != rows->days[n - 1])
			rows->days[n++] = rows->days[i];
	rows->n_days = n;
	return 0;
}

int32_t rows_since(const struct rows *rows, int32_t day)
{
	size_t after = search_first(i, rows->n_days, rows->days[i] <= day);
	return rows->days[after ? after - 1 : 0];
}

/* The unit's ancestor (or itself) that has the asked area's code on @day; without an area, its
 * root. */
static const struct unit *area_of(const struct rows *rows, const struct unit *unit, int32_t day)
{
	const struct unit *above;
	for (; unit; unit = above) {
		above = units_parent(rows->reference->units, unit, day);
		if (rows->plan->area ? strcmp(unit->code, rows->plan->area) == 0 : !above)
			return unit;
	}
	return NULL;
}

/* The unit that a figure of @unit is shown under. */
static const struct unit *shown_under(const struct rows *rows, const struct unit *unit, int32_t day)
{
	const struct unit *area = area_of(rows, unit, day);
	if (!area)
		return NULL;
	if (rows->by_own_unit)
		return unit;
	return rows->plan->by ? units_at_level(rows->reference->units, unit, rows->plan->by, day)
			      : area;
}

/* Rule 5.7: what became of @unit, or it came from, on the day whose borders are asked for. */
static struct lineage restate(const struct rows *rows, const struct unit *unit, int32_t day)
{
	return lineage_trace(rows->reference->units, unit, day, rows->plan->structure);
}

static bool inside(const struct rows *rows, const struct unit *unit, int32_t day)
{
	if (!rows->plan->restated)
		return area_of(rows, unit, day) != NULL;
	struct lineage lineage = restate(rows, unit, day);
	for (size_t i = 0; i < lineage.n; i++)
		if (area_of(rows, lineage.units[i], rows->plan->structure))
			return true;
	return lineage.n == 0 && area_of(rows, unit, day); /* nothing came of it: it is as it was */
}

static bool lies_in(const struct rows *rows, const struct unit *unit, int32_t day,
		    const struct unit *area)
{
	if (!rows->plan->restated)
		return area_of(rows, unit, day) == area;
	struct lineage lineage = restate(rows, unit, day);
	for (size_t i = 0; i < lineage.n; i++)
		if (area_of(rows, lineage.units[i], rows->plan->structure) == area)
			return true;
	return false;
}

static bool has_offices_on(const struct rows *rows, const struct unit *area, int32_t day)
{
	const struct offices *offices = rows->reference->offices;
	for (size_t i = 0; i < offices->n; i++) {
		const struct unit *unit =
			office_unit(&offices->list[i], rows->reference->units, day);
		if (unit && lies_in(rows, unit, day, area))
			return true;
	}
	return false;
}

/* Without an area, roots that no office reports under stay out: other provinces of the same file.
 * Under other borders: roots in which no unit of an office lies, whatever the bucket's day. */
static bool has_offices(const struct rows *rows, const struct unit *area, int32_t day)
{
	if (rows->plan->area)
		return true;
	if (!rows->plan->restated)
		return has_offices_on(rows, area, day);
	for (size_t d = 0; d < rows->n_days; d++)
		if (has_offices_on(rows, area, rows->days[d]))
			return true;
	return false;
}

/* The last root looked at; units of one root lie together. */
struct known_area {
	const struct unit *area;
	bool has_offices;
};

static bool shows(const struct rows *rows, const struct unit *unit, int32_t day,
		  struct known_area *known)
{
	const struct unit *area = area_of(rows, unit, day);
	if (!area || shown_under(rows, unit, day) != unit)
		return false;
	if (known->area != area)
		*known = (struct known_area){ area, has_offices(rows, area, day) };
	return known->has_offices;
}

static int32_t add(struct rows *rows, const struct unit *unit, const struct office *office)
{
	rows->list[rows->n] = (struct row){ unit, office };
	return (int32_t)rows->n++;
}

static void mark_units(struct rows *rows, int32_t day)
{
	const struct units *units = rows->reference->units;
	struct known_area known = { 0 };
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->list[i];
		if (unit->valid_from <= day && day < unit->valid_to &&
		    rows->of_unit[i] == ROW_OUTSIDE && shows(rows, unit, day, &known))
			rows->of_unit[i] = 0; /* a row, its number follows */
	}
}

static void add_units(struct rows *rows)
{
	const struct units *units = rows->reference->units;
	if (rows->plan->restated)
		mark_units(rows, rows->plan->structure);
	for (size_t d = 0; d < rows->n_days && !rows->plan->restated; d++)
		mark_units(rows, rows->days[d]);
	for (size_t i = 0; i < units->n; i++)
		if (rows->of_unit[i] != ROW_OUTSIDE)
			rows->of_unit[i] = add(rows, &units->list[i], NULL);
}

static int by_code(const void *a, const void *b)
{
	const struct office *x = *(const struct office *const *)a,
			    *y = *(const struct office *const *)b;
	return strcmp(x->code, y->code);
}

static int add_offices(struct rows *rows)
{
	const struct offices *offices = rows->reference->offices;
	const struct office **order = malloc((offices->n + 1) * sizeof(const struct office *));
	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < offices->n; i++)
		order[i] = &offices->list[i];
	qsort(order, offices->n, sizeof(const struct office *), by_code);
	for (size_t i = 0; i < offices->n; i++)
		for (size_t d = 0; d < rows->n_days; d++) {
			int32_t day = rows->days[d];
			const struct unit *unit =
				office_unit(order[i], rows->reference->units, day);
			if (!unit || !inside(rows, unit, day))
				continue;
			rows->of_office[order[i] - offices->list] = add(rows, NULL, order[i]);
			break;
		}
	free(order);
	return 0;
}

int rows_make(const struct plan *plan, const struct reference *reference, struct period bucket,
	      struct rows *ret_rows, struct err *err)
{
	struct rows rows = { .plan = plan, .reference = reference };
	size_t n_units = reference->units->n, n_offices = reference->offices->n;
	rows.list = calloc(n_units + n_offices + 1, sizeof(*rows.list));
	rows.of_unit = malloc((n_units + 1) * sizeof(*rows.of_unit));
	rows.of_office = malloc((n_offices + 1) * sizeof(*rows.of_office));
	rows.attribution = calloc(n_units + n_offices + 1, sizeof(*rows.attribution));
	int rc = rows.list && rows.of_unit && rows.of_office && rows.attribution
			 ? days_make(&rows, bucket)
			 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < n_units; i++)
		rows.of_unit[i] = ROW_OUTSIDE;
	for (size_t i = 0; rc == 0 && i < n_offices; i++)
		rows.of_office[i] = ROW_OUTSIDE;
	/* Where nothing changes within the bucket, each office has one unit anyway. */
	rows.by_own_unit = plan->by_own_unit && (plan->restated || rows.n_days > 1);
	if (rc == 0 && plan->by_office)
		rc = add_offices(&rows);
	else if (rc == 0)
		add_units(&rows);
	if (rc < 0) {
		rows_free(&rows);
		return err_memory(err);
	}
	rows.list[rows.n++] = (struct row){ 0 }; /* the rest: rule 5.6 */
	*ret_rows = rows;
	return 0;
}

void rows_free(struct rows *rows)
{
	free(rows->list);
	free(rows->of_unit);
	free(rows->of_office);
	free(rows->attribution);
	free(rows->days);
	*rows = (struct rows){ 0 };
}

static int32_t row_of_unit(const struct rows *rows, const struct unit *unit)
{
	int32_t row = unit ? rows->of_unit[unit - rows->reference->units->list] : ROW_OUTSIDE;
	return row == ROW_OUTSIDE ? (int32_t)rows->n - 1 : row;
}

/* Does a part of @unit, as it is under the borders asked for, lie outside the area? */
static bool lies_outside_in_part(const struct rows *rows, const struct unit *unit, int32_t day)
{
	struct lineage lineage = restate(rows, unit, day);
	for (size_t i = 0; i < lineage.n; i++)
		if (!area_of(rows, lineage.units[i], rows->plan->structure))
			return true;
	return false;
}

/* Rule 5.7. Where a figure of @office counts by offices: an undivided figure of a unit that was
 * divided between this area and another is of neither. */
static struct place place_of_office(const struct rows *rows, const struct office *office,
				    const struct unit *unit, int32_t day)
{
	const struct plan *plan = rows->plan;
	int32_t row = rows->of_office[office - rows->reference->offices->list];
	bool across = plan->restated && plan->area && lies_outside_in_part(rows, unit, day);
	return (struct place){ .row = row == ROW_OUTSIDE || across ? (int32_t)rows->n - 1 : row,
			       .across = across };
}

/* Rule 5.7: to the row in which all parts lie, or to the rest; never a guess. */
static struct place place_restated(const struct rows *rows, const struct unit *unit, int32_t day)
{
	const struct plan *plan = rows->plan;
	struct lineage lineage = restate(rows, unit, day);
	const struct unit *under = NULL;
	for (size_t i = 0; i < lineage.n; i++) {
		const struct unit *one = shown_under(rows, lineage.units[i], plan->structure);
		if (i > 0 && one != under)
			return (struct place){ .row = (int32_t)rows->n - 1, .across = true };
		under = one;
	}
	return (struct place){ .row = row_of_unit(rows, under) };
}

struct place rows_place(const struct rows *rows, const struct office *office,
			const struct unit *unit, int32_t day)
{
	if (!unit || !inside(rows, unit, day))
		return (struct place){ .row = ROW_OUTSIDE };
	if (rows->plan->by_office)
		return place_of_office(rows, office, unit, day);
	if (rows->plan->restated)
		return place_restated(rows, unit, day);
	return (struct place){ .row = row_of_unit(rows, shown_under(rows, unit, day)) };
}

static void attribute_row(struct rows *rows, int32_t row, const struct lineage *lineage,
			  const struct unit *unit)
{
	if (row != ROW_OUTSIDE && !rows->attribution[row].unit)
		rows->attribution[row] =
			(struct attribution){ lineage->divided ? lineage->blame : unit,
					      lineage->divided };
}

void rows_attribute(struct rows *rows, const struct office *office, const struct unit *unit,
		    int32_t day)
{
	struct lineage lineage = restate(rows, unit, day);
	if (rows->plan->by_office) {
		attribute_row(rows, rows->of_office[office - rows->reference->offices->list],
			      &lineage, unit);
		return;
	}
	for (size_t i = 0; i < lineage.n; i++) {
		const struct unit *one = shown_under(rows, lineage.units[i], rows->plan->structure);
		attribute_row(rows,
			      one ? rows->of_unit[one - rows->reference->units->list] : ROW_OUTSIDE,
			      &lineage, unit);
	}
}
