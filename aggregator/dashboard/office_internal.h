/* Within the screen of one office. */
#pragma once

#include "common/base/arena.h"
#include "dashboard/visit.h"

#define OFFICE_UNITS 2u /* where it reports now, and did before: figures are asked of both */

struct office {
	struct visit *visit;
	struct arena *arena; /* owned: rows and links of the page */
	const char *code, *name;
	const json_t *rows;              /* of /v1/offices?code=: where it was when */
	const char *units[OFFICE_UNITS]; /* codes, the newest first */
	size_t n_units;
	const char *level; /* of the newest; "" */
	/* Since when the unit that it stands on today is no more; "": it stands on none; NULL: on
	 * one that is in force. */
	const char *ended;
};

/* With what is late of each, which the list alone does not have. */
#define OFFICE_HEARD "/api/v1/offices/heard?late=1&all=1"

/** Where @visit asks about; asks for units and the office. False: not answered yet, or unknown. */
bool office_find(struct office *office, struct visit *visit, const char *code);
/** The unit that it reported for on @day; "": none. */
const char *office_unit_code(const struct office *office, int32_t day);
/** The newest figures of all metrics that it owes, a table for each length of periods. */
void office_grids(struct office *office, struct html *html);
/** What it owes: late, and due next. */
void office_owes(struct office *office, struct html *html);
