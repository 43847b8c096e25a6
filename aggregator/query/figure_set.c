/* From pages to what each office and row has in a bucket.
 *
 * 1. The bucket's steps (days, hours, or the metric's own coarser periods) fall into stretches in
 *    which no unit begins or ends and no office moves, and all is over or nothing is (rule 5: only
 *    what is over is due). A day that is under way is read hour by hour.
 * 2. In each, units are asked for all below them; where that is not enough, offices are read.
 * 3. Who was due is counted from the register alone. */
#include "query/figures_internal.h"

#include <string.h>

static struct site site_of(struct figures *f, const struct office *office, const struct unit *unit)
{
	bool due = f->over && strcmp(unit->level, f->metric->level) == 0;
	return (struct site){ f->stand, rows_place(f->rows, office, unit, f->day), due, ALONE };
}

/* Most offices stand where others of their unit do. */
static void stand_at(struct figures *f, struct standing *standing, const struct office *office)
{
	const struct unit *unit = office_unit(office, f->reference->units, f->day);
	struct site *site = unit ? &f->sites[unit - f->reference->units->list] : NULL;
	if (site && (site->of != f->stand || f->plan->by_office))
		*site = site_of(f, office, unit);
	standing->unit = unit;
	standing->place = site ? site->place : (struct place){ .row = ROW_OUTSIDE };
	standing->due = site && site->due;
	standing->blamed = false;
}

void figures_stand(struct figures *f, int32_t any_day, bool over)
{
	int32_t day = rows_since(f->rows, any_day);
	if (f->day == day && f->over == over)
		return;
	f->day = day;
	f->over = over;
	f->stand++;
	for (size_t i = 0; i < f->reference->offices->n; i++)
		stand_at(f, &f->standings[i], &f->reference->offices->list[i]);
}

void figures_blame(struct figures *f, struct standing *standing)
{
	if (standing->place.across && !standing->blamed)
		rows_blame(f->rows, &f->reference->offices->list[standing - f->standings],
			   standing->unit, f->day);
	standing->blamed = true;
}

int32_t figures_look_back(const struct figures *f, const struct steps *steps,
			  const struct stretch *stretch)
{
	if (f->metric->time_agg != AGG_LAST)
		return stretch->first;
	return stretch->ends ? steps->before : stretch->first - (steps->first - steps->before);
}

static int count_due(struct figures *f, int64_t pairs, struct err *err)
{
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		struct standing *standing = &f->standings[i];
		if (!standing->due || standing->place.row < 0)
			continue;
		struct member *member = figures_member(f, i, standing->place.row);
		if (!member)
			return err_memory(err);
		member->counts_now.due += pairs;
		if (standing->teller == ALONE)
			continue;
		member->heard_now |= f->tellers[standing->teller].complete;
		if (f->each_office) /* told: all of them reported always */
			member->counts_now.reported += pairs;
	}
	return 0;
}

static int read_stretch(struct figures *f, const struct steps *steps, const struct stretch *stretch,
			struct err *err)
{
	int64_t pairs = 0;
	if (f->each_office && !stretch->over && !stretch->ends)
		return 0; /* nothing is due, and values are not asked for */
	for (int32_t number = stretch->first; number <= stretch->last; number++)
		pairs += step_at(steps, number).over;
	int rc = figures_ask_units(f, steps, stretch, err);
	if (rc == 0)
		rc = figures_ask_offices(f, steps, stretch, err);
	if (rc == 0)
		rc = count_due(f, pairs, err);
	return rc == 0 && !f->each_office ? figures_heard(f, steps, stretch, err) : rc;
}

static bool is_partly_over(const struct step *step)
{
	return step->over > 0 && step->over < step->pairs;
}

/* May the step follow @first in a stretch? */
static bool goes_on(struct figures *f, const struct step *first, const struct step *step)
{
	return !is_partly_over(first) && !is_partly_over(step) &&
	       (first->over > 0) == (step->over > 0) && rows_since(f->rows, step->day) == f->day;
}

/* The stretch that begins with step @number. */
static struct stretch stretch_from(struct figures *f, const struct steps *steps, int32_t number,
				   int32_t last_day)
{
	struct step first = step_at(steps, number), next;
	struct stretch stretch = { .first = number,
				   .last = number,
				   .since = number,
				   .over = first.over > 0,
				   .partly = is_partly_over(&first) };
	figures_stand(f, first.day, stretch.over);
	while (stretch.last < steps->last &&
	       (next = step_at(steps, stretch.last + 1), goes_on(f, &first, &next)))
		stretch.last++;
	stretch.ends = f->day == last_day && stretch.last == steps->last && !stretch.partly;
	while (stretch.since > steps->first &&
	       rows_since(f->rows, step_at(steps, stretch.since - 1).day) == f->day)
		stretch.since--;
	while (stretch.since <= steps->first && f->day == f->rows->days[0] &&
	       stretch.since > steps->before &&
	       step_at(steps, stretch.since - 1).day >= f->rows->since)
		stretch.since--;
	return stretch;
}

/* @ret_ended: the last stretch told the levels, too. */
static int read_steps(struct figures *f, const struct steps *steps, int32_t last_day,
		      bool *ret_ended, struct err *err)
{
	int rc = 0;
	for (int32_t number = steps->first; number <= steps->last && rc == 0;) {
		struct stretch stretch = stretch_from(f, steps, number, last_day);
		if (stretch.partly && steps->grain == GRAIN_DAY) {
			struct step day = step_at(steps, number);
			struct steps hours = steps_of_day(steps, &day);
			rc = read_steps(f, &hours, NEVER, ret_ended, err);
		} else {
			rc = read_stretch(f, steps, &stretch, err);
		}
		*ret_ended = stretch.ends;
		number = stretch.last + 1;
	}
	return rc;
}

int figures_read(struct figures *f, struct err *err)
{
	struct steps steps = steps_of(f->plan, f->metric, f->bucket);
	int32_t last_day = rows_since(f->rows, period_end_day(f->bucket) - 1);
	bool ended = false;
	int rc = read_steps(f, &steps, last_day, &ended, err);
	if (rc < 0 || ended || f->metric->time_agg != AGG_LAST)
		return rc;
	/* Something changed within the last step, or part of it is over: levels count where offices
	   stand after that. */
	const struct stretch end = { .first = steps.last + 1,
				     .last = steps.last,
				     .since = steps.last + 1,
				     .ends = true,
				     .over = true };
	figures_stand(f, last_day, true);
	return read_stretch(f, &steps, &end, err);
}
