/* What an answer is about, for who makes a document of it: into its head. */
#pragma once

#include "query/plan.h"

/**
 * Into the head of @table, beside what plan_head() says of the question that @plans [@n] are; of
 * the range's end, in the reader's language. In object "query": area_name and area_from, of the
 * unit asked for; dimensions, of all metrics of the catalogue, ascending, each with what it is
 * called ("app=Application;sector=Sector"); where there is one plan, title (what the metric or
 * indicator is called), decimals (of its values) and unit_called. Where there are several, objects
 * "titles", "decimals" and "units_called" have that of each name.
 */
void figures_head(const struct plan plans[], size_t n, const struct reference *reference,
		  struct table *table);
/** Of that title, unit_called, area_name and area_from, for answers that are not figures. */
void figures_head_named(const struct plan *plan, const struct reference *reference,
			struct table *table);
