/* Who reported at all, of those due, where units told the figures.
 *
 * 1. Where a unit had no reports, nobody; where all of a step's were there, everybody: both are
 *    known by now.
 * 2. Below the other units those not heard yet are looked for, step by step. Most are there in the
 *    first; later ones read the pages of the few that are left. */
#include "query/figures_internal.h"

struct search {
	struct figures *figures;
	bool found; /* in the step at hand */
};

static struct member *sought(struct figures *f, size_t office)
{
	const struct standing *standing = &f->standings[office];
	int32_t row = standing->place.row;
	if (!standing->due || row < 0 || standing->teller == ALONE ||
	    f->tellers[standing->teller].counts.reported == 0)
		return NULL;
	int32_t i = standing->first_member;
	while (i >= 0 && f->members[i].row != row)
		i = f->members[i].next;
	if (i < 0)
		return NULL;
	struct member *member = &f->members[i];
	bool known = member->heard_now || member->counts_now.reported > 0;
	if (!f->plan->restated) /* then it is the same row for every operand */
		known |= member->heard || member->counts.reported > 0;
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
		member->heard_now = true;
	search->found = true;
	return 0;
}

int figures_heard(struct figures *f, const struct steps *steps, const struct stretch *stretch,
		  struct err *err)
{
	struct search search = { f, true };
	int rc = 0;
	for (int32_t number = stretch->first; number <= stretch->last && rc == 0; number++) {
		struct step step = step_at(steps, number);
		if (search.found)
			rc = want_sought(f, err);
		search.found = false;
		if (rc == 0 && f->nodes.n > 0)
			rc = source_each(f->source, &step, &f->nodes, on_page, &search, err);
	}
	return rc;
}
