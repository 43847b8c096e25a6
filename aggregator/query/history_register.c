/* Rows of the register: those of the name are told column by column. */
#include "query/history_internal.h"

#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "query/change_side.h"
#include "query/history_cells.h"

#include <inttypes.h>
#include <string.h>

/* Tables whose rows are told column by column, with the columns that name a row or an office
 * already. */
static const struct told {
	const char *table, *silent;
} told[] = {
	{ "unit", "id" },
	{ "successor", "effective_on old_code new_code" },
	{ "office", "id code" },
	{ "assignment", "office from_day" },
	{ "office_key", "id office" },
	{ "closing", "metric calendar grain number who" },
	{ "excuse", "id office metric form calendar period until who" },
};

/* The code of an office that a row names by its id; "" when it is not there. */
static const char *office_code(const struct history *h, const struct side *side)
{
	const struct office *office =
		offices_by_id(h->reference->offices, side_number(side, "office"));
	return office ? office->code : "";
}

static bool is_of_office(const struct history *h, const struct side *side, const char *column)
{
	return h->office && side_number(side, column) == h->office->id;
}

/* Do the days of the row's period, or periods, and those of the figures overlap? */
static bool overlaps(const struct history_touch *touch, struct period first, struct period last)
{
	return period_first_day(first) < touch->end && period_end_day(last) > touch->first;
}

static bool excuse_touches(const struct history *h, const struct side *side)
{
	const struct metric *metric = h->form->touch->metric;
	const char *of = side_text(side, "metric"), *until = side_text(side, "until");
	struct period first, last;
	enum calendar calendar;
	struct err other;
	if (calendar_from_name(side_text(side, "calendar"), &calendar, &other) < 0)
		return false;
	if (!metric || (*of && strcmp(of, metric->name) != 0) ||
	    !period_read(side_text(side, "period"), calendar, &first))
		return false;
	if (!*until || !period_read(until, calendar, &last))
		last = first;
	return overlaps(h->form->touch, first, last);
}

/* May a row of @table that is the name's have touched the figures? */
static bool touches(const struct history *h, const char *table, const struct side *side)
{
	const struct history_touch *touch = h->form->touch;
	struct period closed = { (enum calendar)side_number(side, "calendar"),
				 (enum grain)side_number(side, "grain"),
				 (int32_t)side_number(side, "number") };
	if (!touch)
		return true;
	bool since = h->event.at_us >= touch->since_us;
	if (strcmp(table, "assignment") == 0)
		return h->office && is_of_office(h, side, "office") &&
		       side_number(side, "from_day") < touch->end &&
		       (since || side_number(side, "from_day") >= touch->first);
	if (strcmp(table, "excuse") == 0)
		return h->office && excuse_touches(h, side);
	if (strcmp(table, "closing") == 0)
		return closed.grain >= GRAIN_DAY && closed.grain < GRAIN_COUNT &&
		       overlaps(touch, closed, closed);
	return since && (strcmp(table, "unit") == 0 || strcmp(table, "successor") == 0);
}

/* Is a row of @table one of the name's? */
static bool concerns(const struct history *h, const char *table, const struct side *side)
{
	const char *name = h->form->name;
	if (strcmp(table, "unit") == 0 || strcmp(table, "office") == 0)
		return strcmp(side_text(side, "code"), name) == 0;
	if (strcmp(table, "successor") == 0)
		return strcmp(side_text(side, "old_code"), name) == 0 ||
		       strcmp(side_text(side, "new_code"), name) == 0;
	if (strcmp(table, "assignment") == 0)
		return is_of_office(h, side, "office") ||
		       strcmp(side_text(side, "unit_code"), name) == 0;
	if (strcmp(table, "office_key") == 0)
		return is_of_office(h, side, "office");
	if (strcmp(table, "excuse") == 0)
		return is_of_office(h, side, "office") ||
		       (h->counted && strcmp(side_text(side, "metric"), name) == 0);
	return h->counted && (strcmp(side_text(side, "metric"), name) == 0 ||
			      !*side_text(side, "metric")); /* closed for all */
}

/* Which row it is, in words that need no language. */
static void row_name(const struct history *h, const char *table, const struct side *side,
		     char text[HISTORY_ROW_MAX])
{
	char day[DAY_TEXT_MAX], period[PERIOD_TEXT_MAX];
	struct period closed = { (enum calendar)side_number(side, "calendar"),
				 (enum grain)side_number(side, "grain"),
				 (int32_t)side_number(side, "number") };
	if (strcmp(table, "unit") == 0) /* what is cut is fine, here and below */
		(void)utf8_print(text, HISTORY_ROW_MAX, "%s %s", side_text(side, "code"),
				 day_format((int32_t)side_number(side, "valid_from"), day));
	else if (strcmp(table, "successor") == 0)
		(void)utf8_print(text, HISTORY_ROW_MAX, "%s > %s %s", side_text(side, "old_code"),
				 side_text(side, "new_code"),
				 day_format((int32_t)side_number(side, "effective_on"), day));
	else if (strcmp(table, "assignment") == 0)
		(void)utf8_print(text, HISTORY_ROW_MAX, "%s %s", office_code(h, side),
				 day_format((int32_t)side_number(side, "from_day"), day));
	else if (strcmp(table, "office_key") == 0)
		(void)utf8_print(text, HISTORY_ROW_MAX, "%s #%" PRId64, office_code(h, side),
				 side_number(side, "id"));
	else if (strcmp(table, "closing") == 0 && closed.grain >= GRAIN_DAY &&
		 closed.grain < GRAIN_COUNT)
		(void)utf8_print(text, HISTORY_ROW_MAX, "%s %s", period_format(closed, period),
				 calendar_name(closed.calendar));
	else if (strcmp(table, "excuse") == 0)
		(void)utf8_print(text, HISTORY_ROW_MAX, "#%" PRId64 " %s %s%s %s..%s",
				 side_number(side, "id"), office_code(h, side),
				 side_text(side, "metric"), side_text(side, "form"),
				 side_text(side, "period"), side_text(side, "until"));
	else
		(void)utf8_print(text, HISTORY_ROW_MAX, "%s", side_text(side, "code"));
}

static const char *told_as(const char *table)
{
	return strcmp(table, "office_key") == 0 ? "key" : table;
}

static void change_tell(struct history *h, const struct told *of, const struct side *was,
			const struct side *is)
{
	const struct side *there = side_there(is) ? is : was;
	char row[HISTORY_ROW_MAX], before[CELL_TEXT_MAX], after[CELL_TEXT_MAX];
	bool any = false;
	size_t i;
	json_t *column;
	row_name(h, of->table, there, row);
	json_array_foreach((json_t *)was->columns, i, column) {
		const char *name = json_string_value(column);
		const json_t *left = json_array_get(was->values, i),
			     *right = json_array_get(is->values, i);
		bool same = left && right ? json_equal((json_t *)left, (json_t *)right)
					  : json_is_null(left ? left : right);
		if (!name || same || names_find(of->silent, name, strlen(name)) >= 0)
			continue;
		history_put(h, told_as(of->table), row, name,
			    cell_show(of->table, name, left, before),
			    cell_show(of->table, name, right, after), NULL);
		any = true;
	}
	if (!any) /* all of it is in its name */
		history_put(h, told_as(of->table), row, NULL, side_there(was) ? row : NULL,
			    side_there(is) ? row : NULL, NULL);
}

static void table_tell(struct history *h, const struct told *of, const json_t *columns,
		       const json_t *changes)
{
	size_t i;
	json_t *change;
	json_array_foreach((json_t *)changes, i, change) {
		struct side was = side_of(columns, change, 0), is = side_of(columns, change, 1);
		if ((side_there(&was) && concerns(h, of->table, &was) &&
		     touches(h, of->table, &was)) ||
		    (side_there(&is) && concerns(h, of->table, &is) && touches(h, of->table, &is)))
			change_tell(h, of, &was, &is);
	}
}

void history_register(struct history *h, const json_t *rows)
{
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		const json_t *table = json_object_get(rows, told[i].table);
		table_tell(h, &told[i], json_object_get(table, "columns"),
			   json_object_get(table, "changes"));
	}
}
