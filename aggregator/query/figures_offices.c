/* What offices say that are asked one by one: each one's page of each slice. */
#include "common/model/deadline.h"
#include "query/figures_internal.h"

#include <errno.h>
#include <string.h>

/* Labels of one metric share a pair, and a page of many minutes cannot tell which they share: the
 * journal can. */
static int pairs_from_journal(struct figures *f, const struct slice *slice, size_t office,
			      struct pairs *ret, struct err *err)
{
	struct replay_series *list;
	size_t n;
	int rc = replay_day(f->replay, f->reference->offices->list[office].id, slice->day,
			    f->series, f->n_series, &list, &n, err);
	uint32_t from = slice_first_nth(slice, f->metric);
	for (uint32_t nth = from; rc == 0 && nth < from + slice->pairs; nth++) {
		bool reported = false, on_time = false;
		for (size_t i = 0; i < n; i++) {
			const struct replay_slot *slot = &list[i].slots[nth];
			reported |= slot->state == REPLAY_VALUE;
			on_time |= slot->state == REPLAY_VALUE &&
				   slot->received_day < metric_late_day(list[i].metric, slice->day);
		}
		bool early = f->over && nth >= from + slice->over;
		ret->early += reported && early;
		ret->reported += reported;
		ret->on_time += on_time && !early;
	}
	return rc;
}

const struct entry *figures_next_entry(const struct figures *f, const struct page *page, size_t *at,
				       size_t *s)
{
	while (*at < page->n && *s < f->n_series) {
		if (page->entries[*at].series < f->series[*s])
			++*at;
		else if (page->entries[*at].series > f->series[*s])
			++*s;
		else
			return ++*s, &page->entries[(*at)++];
	}
	return NULL;
}

int figures_count_pairs(struct figures *f, const struct slice *slice, size_t office,
			const struct page *page, struct counts *counts, struct pairs *ret,
			struct err *err)
{
	size_t at = 0, s = 0, n = 0;
	int64_t newest = 0;
	bool partly = slice->over > 0 && slice->over < slice->pairs;
	for (const struct entry *entry; (entry = figures_next_entry(f, page, &at, &s));) {
		counts->observations += entry->acc.n;
		counts->revisions += entry->acc.revisions;
		n += entry->acc.n > 0;
		if (entry->acc.n > ret->reported)
			ret->reported = entry->acc.n;
		if (entry->acc.on_time > ret->on_time)
			ret->on_time = entry->acc.on_time;
		if (entry->acc.newest > newest)
			newest = entry->acc.newest;
	}
	bool all_over = !partly || newest <= slice_first_nth(slice, f->metric) + slice->over;
	if (n == 0 || ((n < 2 || slice->pairs == 1) && all_over))
		return 0; /* at most one pair, or one series: the larger count is the union */
	*ret = (struct pairs){ 0 };
	return pairs_from_journal(f, slice, office, ret, err);
}

struct reading {
	struct figures *figures;
	const struct day_range *range;
	struct slice slice;
};

/* Of a level: where the office stands at the bucket's end, whatever slice it is of. */
static int add_parts(struct reading *reading, size_t office, const struct page *page)
{
	struct figures *f = reading->figures;
	bool level = f->metric->time_agg == AGG_LAST;
	size_t at = 0, s = 0;
	if (f->each_office ||
	    (level ? !reading->range->ends : reading->slice.number < reading->range->first))
		return 0;
	for (const struct entry *entry; (entry = figures_next_entry(f, page, &at, &s));)
		if (entry->acc.n > 0 &&
		    figures_part_add(f, office, f->coverage[office].place.row, entry->series,
				     reading->slice.number, &entry->acc) < 0)
			return -ENOMEM;
	return 0;
}

/* Rule 5.5: who was not due reported extra. */
static void count_reports(struct member *member, bool due, const struct counts *counts,
			  const struct pairs *pairs)
{
	member->counts_now.observations += counts->observations;
	member->counts_now.revisions += counts->revisions;
	if (due) {
		member->counts_now.reported += pairs->reported - pairs->early;
		member->counts_now.on_time += pairs->on_time;
		member->counts_now.extra += pairs->early;
	} else {
		member->counts_now.extra += pairs->reported;
	}
}

static int read_office(struct reading *reading, size_t office, const struct page *page,
		       struct err *err)
{
	struct figures *f = reading->figures;
	struct coverage *coverage = &f->coverage[office];
	struct counts counts = { 0 };
	struct pairs pairs = { 0 };
	int rc = figures_count_pairs(f, &reading->slice, office, page, &counts, &pairs, err);
	if (rc < 0)
		return rc;
	if (pairs.reported > 0)
		coverage->last_reported = reading->slice.number;
	if (add_parts(reading, office, page) < 0)
		return err_memory(err);
	if (reading->slice.number < reading->range->first)
		return 0;
	struct member *member = figures_member(f, office, coverage->place.row);
	if (!member)
		return err_memory(err);
	if (f->metric->time_agg != AGG_LAST && counts.observations > 0)
		figures_attribute(f, coverage);
	count_reports(member, coverage->due, &counts, &pairs);
	return 0;
}

static int on_page(void *context, int64_t node, const struct page *page, struct err *err)
{
	struct reading *reading = context;
	const struct offices *offices = reading->figures->reference->offices;
	const struct office *office = offices_by_id(offices, node);
	return office ? read_office(reading, (size_t)(office - offices->list), page, err) : 0;
}

static bool is_asked(const struct coverage *coverage)
{
	return coverage->asked == ITSELF && coverage->place.row >= 0;
}

static int want_pages(struct figures *f, struct err *err)
{
	const struct offices *offices = f->reference->offices;
	int rc = 0;
	f->nodes.n = 0;
	for (size_t i = 0; i < offices->n && rc == 0; i++)
		if (is_asked(&f->coverage[i]))
			rc = nodes_add(&f->nodes, offices->list[i].id, err);
	return rc;
}

/* Rules 5.2 and 5.5: of those due who did not report in the slice, whose last figure still stands.
 */
static int count_carried(struct figures *f, const struct slice *slice, struct err *err)
{
	bool carries = f->metric->time_agg == AGG_LAST && f->metric->carry > 0;
	for (size_t i = 0; i < f->reference->offices->n && carries; i++) {
		struct coverage *coverage = &f->coverage[i];
		if (!is_asked(coverage) || !coverage->due || coverage->last_reported == NEVER ||
		    coverage->last_reported == slice->number ||
		    slice->number - coverage->last_reported > (int32_t)f->metric->carry)
			continue;
		struct member *member = figures_member(f, i, coverage->place.row);
		if (!member)
			return err_memory(err);
		member->counts_now.carried += 1;
	}
	return 0;
}

static int count_reports_on(void *context, int64_t node, const struct page *page, struct err *err)
{
	(void)node;
	(void)err;
	*(size_t *)context += page->n > 0 && page->entries[0].acc.n > 0;
	return 0;
}

/* Where all report in the range's first slice, nothing from before it is carried, nor is it the
 * newest. (Days that are derived are read in their order, or they would be derived twice.) */
static int first_to_read(struct figures *f, const struct slices *slices,
			 const struct day_range *range, int32_t *ret, struct err *err)
{
	struct slice first = slice_at(slices, range->first);
	size_t n = 0;
	*ret = figures_look_back(f, slices, range);
	if (*ret == range->first || range->first > range->last || f->n_series != 1)
		return 0;
	int rc = source_derives(f->source, first.day, err);
	if (rc == 0)
		rc = source_each(f->source, &first, &f->nodes, count_reports_on, &n, err);
	if (n == f->nodes.n)
		*ret = range->first;
	return rc < 0 ? rc : 0;
}

int figures_ask_offices(struct figures *f, const struct slices *slices,
			const struct day_range *range, struct err *err)
{
	struct reading reading = { .figures = f, .range = range };
	int rc = want_pages(f, err);
	if (rc < 0 || f->nodes.n == 0)
		return rc;
	for (size_t i = 0; i < f->reference->offices->n; i++)
		f->coverage[i].last_reported = NEVER;
	int32_t number;
	rc = first_to_read(f, slices, range, &number, err);
	for (; number <= range->last && rc == 0; number++) {
		reading.slice = slice_at(slices, number);
		rc = source_each(f->source, &reading.slice, &f->nodes, on_page, &reading, err);
		if (rc == 0 && number >= range->first)
			rc = count_carried(f, &reading.slice, err);
	}
	return rc;
}
