#include "rollup/propagate.h"
#include "rollup/unit_acc.h"

#include <assert.h>
#include <string.h>

static void go(struct above *above, const struct office *office, int32_t day)
{
	const struct units *units = above->reference->units;
	const struct unit *unit = office_unit(office, units, day);
	*above = (struct above){ .pages = above->pages,
				 .reference = above->reference,
				 .extremes = above->extremes,
				 .office = office,
				 .day = day,
				 .unit = unit };
	for (; unit && above->n <= UNITS_DEPTH_MAX; unit = units_parent(units, unit, day))
		above->nodes[above->n++] = -unit->id;
}

static void stand_at(struct above *above, struct page_key key)
{
	if (above->key.grain == key.grain && above->key.bucket == key.bucket)
		return;
	above->key = key;
	memset(above->at_node, 0, sizeof(above->at_node));
}

static int entry_at(struct above *above, size_t nth, uint32_t series, struct entry **ret_entry,
		    struct err *err)
{
	struct page **page = &above->at_node[nth];
	if (!*page) {
		struct page_key key = above->key;
		key.node = above->nodes[nth];
		int rc = pages_get(above->pages, key, page, err);
		if (rc < 0)
			return rc;
	}
	*ret_entry = pages_entry(above->pages, *page, series);
	return *ret_entry ? 0 : err_memory(err);
}

static int lose(struct above *above, size_t nth, const struct change *change, struct err *err)
{
	struct lost lost = { .key = above->key,
			     .series = change->series,
			     .metric = change->metric,
			     .day = above->day,
			     .depth = (unsigned)(above->n - nth) };
	lost.key.node = above->nodes[nth];
	assert(above->extremes);
	return extremes_lose(above->extremes, &lost, err);
}

int above_follow(struct above *above, const struct office *office, int32_t day,
		 const struct change *change, struct err *err)
{
	struct entry *entry;
	int rc = 0;
	if (above->office != office || above->day != day)
		go(above, office, day);
	stand_at(above, change->key);
	enum agg agg = unit_acc_agg(change->metric);
	bool due = above->unit && strcmp(above->unit->level, change->metric->level) == 0;
	for (size_t i = 0; i < above->n && rc == 0; i++) {
		rc = entry_at(above, i, change->series, &entry, err);
		if (rc == 0 &&
		    !unit_acc_follow(&entry->acc, change->before, change->after, agg, due))
			rc = lose(above, i, change, err);
	}
	return rc;
}

static int on_page(void *context, struct page_key key, struct page *page, struct err *err)
{
	struct above *above = context;
	const struct office *office =
		key.node > 0 ? offices_by_id(above->reference->offices, key.node) : NULL;
	int32_t day = period_first_day(page_period(key));
	int rc = 0;
	for (size_t i = 0; office && i < page->n && rc == 0; i++) {
		struct entry *entry = &page->entries[i];
		entry->stale = false; /* what is kept of it is right, or it is not kept */
		const struct change change = { key, entry->series, entry->metric, &entry->told,
					       &entry->acc };
		if (!entry->metric)
			continue;
		rc = above_follow(above, office, day, &change, err);
		entry->metric = NULL;
	}
	return rc;
}

int above_tell(struct above *above, struct pages *offices, struct err *err)
{
	return pages_visit(offices, on_page, above, err);
}
