#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	return rows->plan->by ? units_at_level(rows->reference->units, unit, rows->plan->by, day)
			      : area;
}

static void add(struct rows *rows, const struct unit *unit, const struct office *office)
{
	int32_t row = (int32_t)rows->n;
	if (unit) {
		int32_t *place = &rows->of_unit[unit - rows->reference->units->list];
		if (*place != ROW_OUTSIDE)
			return;
		*place = row;
	}
	if (office)
		rows->of_office[office - rows->reference->offices->list] = row;
	rows->list[rows->n++] = (struct row){ unit, office };
}

/* Without an area, roots that no office reports under stay out: other provinces of the same file.
 */
static bool has_offices(const struct rows *rows, const struct unit *area, int32_t day)
{
	const struct offices *offices = rows->reference->offices;
	if (rows->plan->area)
		return true;
	for (size_t i = 0; i < offices->n; i++) {
		const struct unit *unit =
			office_unit(&offices->list[i], rows->reference->units, day);
		if (unit && area_of(rows, unit, day) == area)
			return true;
	}
	return false;
}

/* The last root looked at; units of one root lie together. */
struct known_area {
	const struct unit *area;
	int32_t day;
	bool has_offices;
};

static void add_on(struct rows *rows, const struct unit *unit, int32_t day,
		   struct known_area *known)
{
	const struct unit *area = area_of(rows, unit, day);
	if (!area || shown_under(rows, unit, day) != unit)
		return;
	if (known->area != area || known->day != day)
		*known = (struct known_area){ area, day, has_offices(rows, area, day) };
	if (known->has_offices)
		add(rows, unit, NULL);
}

static void add_units(struct rows *rows, int32_t first, int32_t end)
{
	const struct units *units = rows->reference->units;
	struct known_area known = { 0 };
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->list[i];
		int32_t from = unit->valid_from > first ? unit->valid_from : first;
		int32_t last = (unit->valid_to < end ? unit->valid_to : end) - 1;
		if (from > last)
			continue;
		add_on(rows, unit, from, &known);
		if (last > from)
			add_on(rows, unit, last, &known);
	}
}

static int by_code(const void *a, const void *b)
{
	const struct office *x = *(const struct office *const *)a,
			    *y = *(const struct office *const *)b;
	return strcmp(x->code, y->code);
}

static int add_offices(struct rows *rows, int32_t first, int32_t end)
{
	const struct offices *offices = rows->reference->offices;
	const struct office **order = malloc((offices->n + 1) * sizeof(const struct office *));
	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < offices->n; i++)
		order[i] = &offices->list[i];
	qsort(order, offices->n, sizeof(const struct office *), by_code);
	for (size_t i = 0; i < offices->n; i++)
		for (int32_t day = first; day < end; day++) {
			const struct unit *unit =
				office_unit(order[i], rows->reference->units, day);
			if (unit && area_of(rows, unit, day)) {
				add(rows, NULL, order[i]);
				break;
			}
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
	int rc = rows.list && rows.of_unit && rows.of_office ? 0 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < n_units; i++)
		rows.of_unit[i] = ROW_OUTSIDE;
	for (size_t i = 0; rc == 0 && i < n_offices; i++)
		rows.of_office[i] = ROW_OUTSIDE;
	if (rc == 0 && plan->by_office)
		rc = add_offices(&rows, period_first_day(bucket), period_end_day(bucket));
	else if (rc == 0)
		add_units(&rows, period_first_day(bucket), period_end_day(bucket));
	if (rc < 0) {
		rows_free(&rows);
		return err_memory(err);
	}
	rows.list[rows.n++] = (struct row){ 0 }; /* the rest */
	*ret_rows = rows;
	return 0;
}

void rows_free(struct rows *rows)
{
	free(rows->list);
	free(rows->of_unit);
	free(rows->of_office);
	*rows = (struct rows){ 0 };
}

int32_t rows_place(const struct rows *rows, const struct office *office, const struct unit *unit,
		   int32_t day)
{
	int32_t rest = (int32_t)rows->n - 1;
	if (!unit || !area_of(rows, unit, day))
		return ROW_OUTSIDE;
	if (rows->plan->by_office) {
		int32_t row = rows->of_office[office - rows->reference->offices->list];
		return row == ROW_OUTSIDE ? rest : row;
	}
	const struct unit *under = shown_under(rows, unit, day);
	int32_t row = under ? rows->of_unit[under - rows->reference->units->list] : ROW_OUTSIDE;
	return row == ROW_OUTSIDE ? rest : row;
}

int32_t rows_unit(const struct rows *rows, const struct unit *unit, int32_t day)
{
	if (rows->plan->by_office || shown_under(rows, unit, day) != unit)
		return ROW_OUTSIDE;
	return rows->of_unit[unit - rows->reference->units->list];
}
