/* How a change of an office's figures is propagated to the units above the office.
 *
 * While batches are folded only the office's own entries change, each noting what the units know of
 * it. Before the pages are written the units are told, once for each entry however many batches
 * changed it: to tell them of each run took a third of what posting batches of a minute does. */
#pragma once

#include "registry/reference.h"
#include "rollup/minmax.h"
#include "rollup/page.h"
#include "rollup/page_cache.h"

struct propagate {
	struct pages *pages;               /* of units; lent, as the next two */
	const struct reference *reference; /* by which offices are assigned to units */
	struct minmax *minmax;             /* NULL: pages that were empty, where none is lost */
	/* where it stands, as neighbours go the same way */
	const struct office *office; /* NULL: nowhere yet */
	int32_t day;
	const struct unit *unit;            /* the office's own; NULL: none */
	int64_t nodes[UNITS_DEPTH_MAX + 1]; /* [n]: of that unit and those above it */
	size_t n;
	struct page_key key;                       /* but for the node */
	struct page *at_node[UNITS_DEPTH_MAX + 1]; /* as far as they were looked up */
};

struct change { /* of an office's entry */
	struct page_key key;
	uint32_t series;
	const struct metric *metric;
	const struct acc *before, *after;
};

/** Before an office's entry of @metric changes. */
static inline void entry_touch(struct entry *entry, const struct metric *metric)
{
	if (entry->metric)
		return;
	entry->metric = metric;
	entry->told = entry->acc;
}

/** Apply a change to the units above @office on @day. */
int propagate_change(struct propagate *propagate, const struct office *office, int32_t day,
		     const struct change *change, struct err *err);
/** The same with all changes in @offices (propagate->pages may be the same) that the units were not
 * told of yet. */
int propagate_pages(struct propagate *propagate, struct pages *offices, struct err *err);
