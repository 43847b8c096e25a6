#include "rollup/propagate.h"
#include "rollup/unit_acc.h"

#include <assert.h>
#include <string.h>

/* Rule 5.2: a figure belongs to the unit to which its office was assigned on the first day of its
 * period. I8: and to the units above that one on that day. */
static void go(struct propagate *propagate, const struct office *office, int32_t day)
{
	const struct units *units = propagate->reference->units;
	const struct unit *unit = office_unit(office, units, day);
	*propagate = (struct propagate){ .pages = propagate->pages,
					 .reference = propagate->reference,
					 .minmax = propagate->minmax,
					 .office = office,
					 .day = day,
					 .unit = unit };
	for (; unit && propagate->n <= UNITS_DEPTH_MAX; unit = units_parent(units, unit, day))
		propagate->nodes[propagate->n++] = -unit->id;
}

static int entry_at(struct propagate *propagate, size_t nth, uint32_t series,
		    struct entry **ret_entry, struct err *err)
{
	struct page **page = &propagate->at_node[nth];
	if (!*page) {
		struct page_key key = propagate->key;
		key.node = propagate->nodes[nth];
		int rc = pages_get(propagate->pages, key, page, err);
		if (rc < 0)
			return rc;
	}
	*ret_entry = pages_entry(propagate->pages, *page, series);
	return *ret_entry ? 0 : err_memory(err);
}

static int lose(struct propagate *propagate, size_t nth, const struct change *change,
		struct err *err)
{
	struct minmax_stale stale = { .key = propagate->key,
				      .series = change->series,
				      .metric = change->metric,
				      .day = propagate->day,
				      .depth = (unsigned)(propagate->n - nth) };
	stale.key.node = propagate->nodes[nth];
	assert(propagate->minmax);
	return minmax_invalidate(propagate->minmax, &stale, err);
}

int propagate_change(struct propagate *propagate, const struct office *office, int32_t day,
		     const struct change *change, struct err *err)
{
	struct entry *entry;
	int rc = 0;
	if (propagate->office != office || propagate->day != day)
		go(propagate, office, day);
	if (propagate->key.grain != change->key.grain ||
	    propagate->key.bucket != change->key.bucket) {
		propagate->key = change->key;
		memset(propagate->at_node, 0, sizeof(propagate->at_node));
	}
	enum agg agg = unit_acc_agg(change->metric);
	bool due = propagate->unit && strcmp(propagate->unit->level, change->metric->level) == 0;
	for (size_t i = 0; i < propagate->n && rc == 0; i++) {
		rc = entry_at(propagate, i, change->series, &entry, err);
		if (rc == 0 &&
		    !unit_acc_follow(&entry->acc, change->before, change->after, agg, due))
			rc = lose(propagate, i, change, err);
	}
	return rc;
}

static int on_page(void *context, struct page_key key, struct page *page, struct err *err)
{
	struct propagate *propagate = context;
	const struct office *office =
		key.node > 0 ? offices_by_id(propagate->reference->offices, key.node) : NULL;
	int32_t day = period_first_day(page_period(key));
	int rc = 0;
	for (size_t i = 0; office && i < page->n && rc == 0; i++) {
		struct entry *entry = &page->entries[i];
		entry->stale = false; /* what is kept of it is right, or it is not kept */
		const struct change change = { key, entry->series, entry->metric, &entry->told,
					       &entry->acc };
		if (!entry->metric)
			continue;
		rc = propagate_change(propagate, office, day, &change, err);
		entry->metric = NULL;
	}
	return rc;
}

int propagate_pages(struct propagate *propagate, struct pages *offices, struct err *err)
{
	return pages_visit(offices, on_page, propagate, err);
}
