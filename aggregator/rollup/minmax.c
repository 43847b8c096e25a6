#include "rollup/minmax.h"
#include "common/base/array.h"
#include "rollup/unit_acc.h"

#include <errno.h>
#include <stdlib.h>

void minmax_deinit(struct minmax *minmax)
{
	free(minmax->list);
	*minmax = (struct minmax){ 0 };
}

void minmax_forget(struct minmax *minmax)
{
	minmax->n = 0;
}

int minmax_invalidate(struct minmax *minmax, const struct minmax_stale *stale, struct err *err)
{
	if (ARRAY_RESERVE(minmax->list, minmax->room, minmax->n + 1) < 0)
		return err_memory(err);
	minmax->list[minmax->n++] = *stale;
	return 0;
}

/* The lowest first, since those above look at theirs. */
static int by_depth(const void *a, const void *b)
{
	const struct minmax_stale *x = a, *y = b;
	if (x->depth != y->depth)
		return x->depth > y->depth ? -1 : 1;
	int order = page_key_compare(x->key, y->key);
	return order ? order : (x->series > y->series) - (x->series < y->series);
}

struct search {
	struct pages *pages;
	const struct minmax_stale *stale;
	enum agg agg;
	bool found;
	int128 value; /* the best so far */
};

static int look_at(struct search *search, int64_t node, struct err *err)
{
	struct page_key key = search->stale->key;
	struct page *page;
	key.node = node;
	int rc = pages_get(search->pages, key, &page, err);
	if (rc < 0)
		return rc;
	const struct entry *entry = page_find(page, search->stale->series);
	if (!entry || entry->acc.n == 0)
		return 0;
	if (!search->found || unit_acc_better(search->agg, entry->acc.value, search->value))
		search->value = entry->acc.value;
	search->found = true;
	return 0;
}

/* Look at all right below @unit. */
static int look_below(struct search *search, const struct reference *reference,
		      const struct unit *unit, struct err *err)
{
	const struct units *units = reference->units;
	const struct offices *offices = reference->offices;
	int32_t day = search->stale->day;
	int rc = 0;
	for (size_t i = 0; i < offices->n && rc == 0; i++)
		if (office_unit(&offices->list[i], units, day) == unit)
			rc = look_at(search, offices->list[i].id, err);
	for (size_t i = 0; i < units->n && rc == 0; i++) {
		const struct unit *below = &units->list[i];
		if (below->valid_from <= day && day < below->valid_to &&
		    units_parent(units, below, day) == unit)
			rc = look_at(search, -below->id, err);
	}
	return rc;
}

static int find(struct pages *pages, const struct reference *reference,
		const struct minmax_stale *stale, struct err *err)
{
	struct search search = { .pages = pages,
				 .stale = stale,
				 .agg = unit_acc_agg(stale->metric) };
	struct page *page;
	const struct unit *unit = units_by_id(reference->units, -stale->key.node);
	int rc = unit ? look_below(&search, reference, unit, err) : 0;
	if (rc == 0)
		rc = pages_get(pages, stale->key, &page, err);
	if (rc < 0)
		return rc;
	struct entry *entry = pages_entry(pages, page, stale->series);
	if (!entry)
		return err_memory(err);
	entry->acc.value = search.found ? search.value : 0;
	return 0;
}

int minmax_recompute(struct minmax *minmax, struct pages *pages, const struct reference *reference,
		     struct err *err)
{
	int rc = 0;
	if (minmax->n > 1)
		qsort(minmax->list, minmax->n, sizeof(minmax->list[0]), by_depth);
	for (size_t i = 0; i < minmax->n && rc == 0; i++)
		if (i == 0 || by_depth(&minmax->list[i - 1], &minmax->list[i]) != 0)
			rc = find(pages, reference, &minmax->list[i], err);
	minmax->n = 0;
	return rc;
}
