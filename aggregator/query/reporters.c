/* Who reported at all, of those due, where units' pages gave the figures.
 *
 * 1. Where a unit had no reports, nobody; where all of a slice's were there, everybody: both are
 *    known by now.
 * 2. Below the other units those not found yet are looked for, slice by slice. Most are there in
 *    the first; later ones read the pages of the few that are left. */
#include "query/figures_internal.h"

struct search {
	struct figures *figures;
	bool found; /* in the slice at hand */
};

static struct member *sought(struct figures *f, size_t office)
{
	const struct coverage *coverage = &f->coverage[office];
	int32_t row = coverage->place.row;
	if (!coverage->due || row < 0 || coverage->asked == ITSELF ||
	    f->asked[coverage->asked].counts.reported == 0)
		return NULL;
	int32_t i = coverage->first_member;
	while (i >= 0 && f->members[i].row != row)
		i = f->members[i].next;
	if (i < 0)
		return NULL;
	struct member *member = &f->members[i];
	bool known = member->has_reported_now || member->counts_now.reported > 0;
	if (!f->plan->restated) /* then it is the same row for every operand */
		known |= member->has_reported || member->counts.reported > 0;
	return known ? NULL : member;
}

static int want_sought(struct figures *f, struct err *err)
{
	const struct offices *offices = f->reference->offices;
	int rc = 0;
	f->nodes.n = 0;
	for (size_t i = 0; i < offices->n && rc == 0; i++)
		if (sought(f, i))
			rc = nodes_add(&f->nodes, offices->list[i].id, err);
	return rc;
}

static int on_page(void *context, int64_t node, const struct page *page, struct err *err)
{
	struct search *search = context;
	struct figures *f = search->figures;
	const struct office *office = offices_by_id(f->reference->offices, node);
	int64_t n = 0;
	(void)err;
	for (size_t i = 0; i < page->n; i++)
		n += page->entries[i].acc.n;
	if (n == 0)
		return 0;
	struct member *member = sought(f, (size_t)(office - f->reference->offices->list));
	if (member)
		member->has_reported_now = true;
	search->found = true;
	return 0;
}

int figures_reporters(struct figures *f, const struct slices *slices, const struct day_range *range,
		      struct err *err)
{
	struct search search = { f, true };
	int rc = 0;
	for (int32_t number = range->first; number <= range->last && rc == 0; number++) {
		struct slice slice = slice_at(slices, number);
		if (search.found)
			rc = want_sought(f, err);
		search.found = false;
		if (rc == 0 && f->nodes.n > 0)
			rc = source_each(f->source, &slice, &f->nodes, on_page, &search, err);
	}
	return rc;
}
