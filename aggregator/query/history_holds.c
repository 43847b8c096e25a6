/* Quarantine: how many figures an event held or released, of an office all together; of a metric by
 * office and period, of days and longer ones (of hours and minutes by their day). */
#include "query/history_internal.h"

#include "common/base/array.h"
#include "common/base/utf8.h"
#include "query/change_side.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct holds { /* observations held, more than before: of one office and period */
	int64_t office;
	struct period period;
	int64_t n;
};

struct holds_list {
	struct holds *list; /* owned [n] */
	size_t n;
};

static int64_t held_by(const struct side *side)
{
	bool held = side_there(side) && !json_is_integer(side_value(side, "released_us"));
	return held ? side_number(side, "observations") : 0;
}

static int by_office(const void *a, const void *b)
{
	const struct holds *x = a, *y = b;
	if (x->office != y->office)
		return x->office < y->office ? -1 : 1;
	if (x->period.calendar != y->period.calendar)
		return x->period.calendar < y->period.calendar ? -1 : 1;
	if (x->period.grain != y->period.grain)
		return x->period.grain < y->period.grain ? -1 : 1;
	return (x->period.number > y->period.number) - (x->period.number < y->period.number);
}

static int add(struct holds_list *holds, int64_t office, struct period period, int64_t n,
	       struct err *err)
{
	const struct holds more = { office, period, n };
	struct holds *last = holds->n > 0 ? &holds->list[holds->n - 1] : NULL;
	if (last && by_office(last, &more) == 0) {
		last->n += n;
		return 0;
	}
	struct holds *list = array_room(holds->list, holds->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	holds->list = list;
	list[holds->n++] = more;
	return 0;
}

/* A row of quarantine that was put, changed or dropped. */
static int change_add(struct history *h, struct holds_list *holds, const struct side *was,
		      const struct side *is, struct err *err)
{
	const struct side *there = side_there(is) ? is : was;
	struct held_entry *entry = &h->held;
	int64_t n = held_by(is) - held_by(was), run = side_number(there, "run");
	static const struct period all = { 0 };
	int rc = n == 0 ? 0 : held_entry_read(entry, side_number(there, "journal"), err);
	if (rc < 0 || n == 0)
		return rc;
	if (h->office)
		return entry->office == h->office->id ? add(holds, entry->office, all, n, err) : 0;
	const struct declared *declared = held_entry_series(entry, run);
	if (!declared || declared->metric != h->metric)
		return 0;
	enum grain grain = declared->grain < GRAIN_DAY ? GRAIN_DAY : (enum grain)declared->grain;
	return add(holds, entry->office,
		   period_of_day((enum calendar)declared->calendar, grain, entry->batch.day), n,
		   err);
}

static void put(struct history *h, const struct holds *holds)
{
	const struct office *office = offices_by_id(h->reference->offices, holds->office);
	char row[HISTORY_ROW_MAX], period[PERIOD_TEXT_MAX], number[24];
	if (holds->n == 0 || !office)
		return;
	(void)snprintf(number, sizeof(number), "%" PRId64,
		       holds->n < 0 ? -holds->n : holds->n); /* fits */
	(void)utf8_print(row, sizeof(row), "%s%s%s", office->code, h->office ? "" : " ",
			 h->office ? "" : period_format(holds->period, period)); /* cut is fine */
	history_put(h, "quarantine", row, holds->n < 0 ? "released" : "held", NULL, number, NULL);
}

/* Rows of the same office and period may lie apart: a run's rows are dropped and put anew. */
static void put_all(struct history *h, struct holds_list *holds)
{
	if (holds->n > 1)
		qsort(holds->list, holds->n, sizeof(*holds->list), by_office);
	for (size_t i = 0, next; i < holds->n; i = next) {
		struct holds sum = holds->list[i];
		for (next = i + 1; next < holds->n && by_office(&sum, &holds->list[next]) == 0;
		     next++)
			sum.n += holds->list[next].n;
		put(h, &sum);
	}
}

int history_holds(struct history *h, const json_t *rows, struct err *err)
{
	const json_t *table = json_object_get(rows, "quarantine"),
		     *columns = json_object_get(table, "columns");
	struct holds_list holds = { 0 };
	size_t i;
	json_t *change;
	int rc = 0;
	if (!h->office && !h->metric)
		return 0;
	json_array_foreach(json_object_get(table, "changes"), i, change) {
		struct side was = side_of(columns, change, 0), is = side_of(columns, change, 1);
		if ((rc = change_add(h, &holds, &was, &is, err)) < 0)
			break;
	}
	if (rc == 0)
		put_all(h, &holds);
	free(holds.list);
	return rc;
}
