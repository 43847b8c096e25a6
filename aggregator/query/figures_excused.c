/* Who is excused (rule 5.5): after a range was counted, the few offices that an act excuses from
 * reports in it are looked at once more, slice by slice, whatever pages answered for them. What of
 * theirs is due and neither reported nor carried is excused, and not missing; what came late is
 * forgiven. */
#include "common/model/deadline.h"
#include "query/figures_internal.h"

#include <stdlib.h>

struct one { /* an office that is excused from some of the range */
	size_t office;
	struct pairs pairs; /* of the slice at hand */
	int32_t last_reported;
};

struct excusing {
	struct figures *figures;
	struct slice slice;
	struct one *list; /* owned [n], ascending by the office's id */
	size_t n;
};

static int on_page(void *context, int64_t node, const struct page *page, struct err *err)
{
	struct excusing *e = context;
	const struct offices *offices = e->figures->reference->offices;
	struct counts counts = { 0 };
	size_t i = 0;
	while (i < e->n && offices->list[e->list[i].office].id != node)
		i++;
	return i == e->n ? 0
			 : figures_count_pairs(e->figures, &e->slice, e->list[i].office, page,
					       &counts, &e->list[i].pairs, err);
}

/* A form is excused as a whole, or when each of its metrics is. */
static bool is_excused(const struct figures *f, int64_t office, int32_t day)
{
	const struct excuses *excuses = f->reference->excuses;
	size_t n = 0;
	if (!f->form)
		return excuses_hold(excuses, office, f->metric, day);
	while (n < f->form->n && excuses_hold(excuses, office, f->form->metrics[n], day))
		n++;
	return n == f->form->n;
}

static bool concerns(const struct figures *f, const struct excuse *excuse)
{
	size_t i = 0;
	if (!f->form)
		return excuse_concerns(excuse, f->metric);
	while (i < f->form->n && !excuse_concerns(excuse, f->form->metrics[i]))
		i++;
	return i < f->form->n;
}

static bool overlaps(const struct excuse *excuse, const struct metric *metric, int32_t first,
		     int32_t last)
{
	return excuse->first < metric_end_day(metric, last) && first < excuse->end;
}

/* Those that are due, and have an excuse that may be of the range. */
static int find_offices(struct excusing *e, const struct slices *slices,
			const struct day_range *range, struct err *err)
{
	struct figures *f = e->figures;
	const struct excuses *excuses = f->reference->excuses;
	int32_t first = slice_at(slices, range->first).day,
		last = slice_at(slices, range->last).day;
	int rc = 0;
	f->nodes.n = 0;
	e->list = calloc(excuses->n, sizeof(*e->list));
	if (!e->list)
		return err_memory(err);
	for (size_t i = 0; i < excuses->n && rc == 0; i++) {
		const struct excuse *excuse = &excuses->list[i];
		const struct office *office = offices_by_id(f->reference->offices, excuse->office);
		size_t at = office ? (size_t)(office - f->reference->offices->list) : 0;
		if (!office || (e->n > 0 && e->list[e->n - 1].office == at) ||
		    !concerns(f, excuse) || !overlaps(excuse, f->metric, first, last) ||
		    !f->coverage[at].due || f->coverage[at].place.row < 0)
			continue;
		e->list[e->n++] = (struct one){ .office = at, .last_reported = NEVER };
		rc = nodes_add(&f->nodes, office->id, err);
	}
	return rc;
}

static int count_one(struct excusing *e, struct one *one, struct err *err)
{
	struct figures *f = e->figures;
	const struct metric *metric = f->metric;
	const struct slice *slice = &e->slice;
	int64_t reported = one->pairs.reported - one->pairs.early, silent = slice->over - reported;
	bool stands = metric->time_agg == AGG_LAST && one->last_reported != NEVER &&
		      one->last_reported != slice->number &&
		      slice->number - one->last_reported <= (int32_t)metric->carry;
	if (!is_excused(f, f->reference->offices->list[one->office].id, slice->day))
		return 0;
	struct member *member = figures_member(f, one->office, f->coverage[one->office].place.row);
	if (!member)
		return err_memory(err);
	member->counts_now.excused += stands ? 0 : silent;
	member->counts_now.forgiven += reported - one->pairs.on_time;
	return 0;
}

static int read_slices(struct excusing *e, const struct slices *slices,
		       const struct day_range *range, struct err *err)
{
	struct figures *f = e->figures;
	int rc = 0;
	for (int32_t number = figures_look_back(f, slices, range); number <= range->last && rc == 0;
	     number++) {
		e->slice = slice_at(slices, number);
		for (size_t i = 0; i < e->n; i++)
			e->list[i].pairs = (struct pairs){ 0 };
		rc = source_each(f->source, &e->slice, &f->nodes, on_page, e, err);
		for (size_t i = 0; i < e->n && rc == 0; i++) {
			if (e->list[i].pairs.reported > 0)
				e->list[i].last_reported = number;
			if (number >= range->first)
				rc = count_one(e, &e->list[i], err);
		}
	}
	return rc;
}

int figures_excuse(struct figures *f, const struct slices *slices, const struct day_range *range,
		   struct err *err)
{
	struct excusing e = { .figures = f };
	if (!range->over || range->first > range->last || f->reference->excuses->n == 0)
		return 0; /* nothing is due, or nobody excused */
	int rc = find_offices(&e, slices, range, err);
	if (rc == 0 && e.n > 0)
		rc = read_slices(&e, slices, range, err);
	free(e.list);
	return rc;
}
