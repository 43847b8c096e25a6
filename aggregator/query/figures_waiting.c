/* What waits in quarantine beside the figures, and which offices have no unit. */
#include "query/figures_internal.h"

#include <string.h>

/* Where what @office reports of @day and waits is counted: where it would count or, if it has no
 * unit then, where the last it had lies (strays.h). */
static struct place place_of(const struct figures *f, const struct office *office, int32_t day)
{
	int32_t then = day;
	const struct unit *unit = office_last_unit(office, f->reference->units, day, &then);
	return unit            ? rows_place(f->rows, office, unit, then)
	       : f->plan->area ? (struct place){ .row = ROW_OUTSIDE }
			       : (struct place){ .row = (int32_t)f->rows->n - 1 };
}

/* I5 and rule 5.5: what waits is counted beside the row that it would count in. */
int figures_wait(struct figures *f, struct err *err)
{
	size_t at, end, s = 0;
	waiting_of(&f->waiting, f->bucket.number, &at, &end);
	for (; at < end && s < f->n_series; at++) {
		const struct wait *wait = &f->waiting.list[at];
		while (s < f->n_series && f->series[s] < wait->series)
			s++;
		if (s == f->n_series || f->series[s] != wait->series)
			continue;
		struct place place = place_of(f, wait->office, wait->day);
		if (place.row == ROW_OUTSIDE)
			continue;
		struct member *member = figures_member(
			f, (size_t)(wait->office - f->reference->offices->list), place.row);
		if (!member)
			return err_memory(err);
		member->counts_now.waiting += wait->n;
	}
	return 0;
}

/* Is one of the metrics asked about due at the level of @unit? */
static bool is_asked_of(const struct figures *f, const struct unit *unit)
{
	const struct plan *plan = f->plan;
	const struct catalogue *catalogue = f->reference->catalogue;
	bool asked = false;
	if (f->asked_form)
		return strcmp(f->asked_form->metrics[0]->level, unit->level) == 0;
	for (size_t i = 0; i < plan->n_metrics && !plan->everything; i++)
		asked |= strcmp(plan->metrics[i]->level, unit->level) == 0;
	for (size_t i = 0; plan->everything && i < catalogue->n && !asked; i++)
		asked = plan_fits(plan, &catalogue->metrics[i]) &&
			strcmp(catalogue->metrics[i].level, unit->level) == 0;
	return asked;
}

const struct stray *figures_next_stray(const struct figures *f, size_t *at, struct place *ret_place)
{
	int32_t last = period_end_day(f->bucket) - 1;
	while (*at < f->strays.n) {
		const struct stray *stray = &f->strays.list[(*at)++];
		if (last < stray->from || last >= stray->to || !is_asked_of(f, stray->unit))
			continue;
		*ret_place = place_of(f, stray->office, last);
		if (ret_place->row != ROW_OUTSIDE)
			return stray;
	}
	return NULL;
}
