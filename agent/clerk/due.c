#include "clerk/due.h"

#include "common/model/deadline.h"

#include <stdlib.h>
#include <string.h>

#define CALENDARS 2u
#define DAYS_BACK 7 /* a week with its weekend */
#define BACK      2 /* periods of other grains */
#define DUE_MAX   (CALENDARS * (DAYS_BACK + 1 + 4 * (BACK + 1) + BACK + 1))

struct list {
	struct due due[DUE_MAX];
	size_t n;
};

bool due_metric(const struct metric *metric, const char *level)
{
	return !level || strcmp(metric->level, level) == 0;
}

static bool same_kind(const struct metric *metric, struct period period)
{
	return metric->calendar == period.calendar && metric->period == period.grain;
}

void due_count(struct due *due, const struct metric *metric, bool recorded)
{
	int32_t day = metric_late_from(metric, period_end_day(due->period)) - 1;
	bool complete_before = due->recorded == due->metrics;
	due->metrics++;
	due->recorded += recorded;
	if (due->metrics == 1 || (recorded && complete_before && day > due->day) ||
	    (!recorded && (complete_before || day < due->day)))
		due->day = day;
}

static enum due_state state_of(const struct due *due, int32_t today)
{
	if (due->recorded == due->metrics)
		return DUE_DONE;
	if (today > due->day) /* Rule 5.5: in time until the end of that local day */
		return DUE_LATE;
	return period_end_day(due->period) <= today ? DUE_OPEN : DUE_RUNNING;
}

static bool had_begun(const struct due_question *question, struct period period)
{
	const struct catalogue *catalogue = question->catalogue;
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		if (same_kind(metric, period) && due_metric(metric, question->level) &&
		    (question->recorded(question->context, metric, period) ||
		     question->recorded_before(question->context, metric, period)))
			return true;
	}
	return false;
}

/* The period @back before the running one. */
static void look_at(const struct due_question *question, struct period period, int back,
		    struct list *list)
{
	struct due due = { .period = period };
	for (size_t i = 0; i < question->catalogue->n; i++) {
		const struct metric *metric = &question->catalogue->metrics[i];
		if (same_kind(metric, period) && due_metric(metric, question->level))
			due_count(&due, metric,
				  question->recorded(question->context, metric, period));
	}
	if (due.metrics == 0)
		return;
	due.state = state_of(&due, question->today);
	if (back < 2 || (due.state != DUE_DONE && had_begun(question, period)))
		list->due[list->n++] = due;
}

static int by_urgency(const void *a, const void *b)
{
	const struct due *x = a, *y = b;
	if ((x->state == DUE_DONE) != (y->state == DUE_DONE))
		return x->state == DUE_DONE ? 1 : -1;
	if (x->state == DUE_DONE) /* the newest first */
		return (x->day < y->day) - (x->day > y->day);
	if ((x->state == DUE_RUNNING) != (y->state == DUE_RUNNING))
		return x->state == DUE_RUNNING ? 1 : -1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return (int)x->period.grain - (int)y->period.grain;
}

int due_list(const struct due_question *question, struct due **ret_list, size_t *ret_n,
	     struct err *err)
{
	struct list *list = calloc(1, sizeof(*list));
	if (!list)
		return err_memory(err);
	for (enum grain grain = GRAIN_DAY; grain < GRAIN_COUNT; grain++)
		for (unsigned calendar = 0; calendar < CALENDARS; calendar++) {
			struct period period =
				period_of_day((enum calendar)calendar, grain, question->today);
			int most = grain == GRAIN_DAY ? DAYS_BACK : BACK;
			for (int back = 0; back <= most; back++, period.number--)
				look_at(question, period, back, list);
		}
	qsort(list->due, list->n, sizeof(list->due[0]), by_urgency);
	*ret_n = list->n;
	*ret_list = (struct due *)list; /* its first member */
	return 0;
}
