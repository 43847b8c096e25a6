/* What became of figures after they came, one by one: a table of an answer to
 * /v1/query?revisions=1. */
#pragma once

#include "dashboard/visit.h"

struct changes { /* all lent */
	const json_t *answer;
	const char *query;       /* its target, for data-q */
	const char *heading;     /* the id of what heads it */
	const char *office;      /* only of this one; NULL: of all, and each leads to its report */
	const struct view *view; /* of the page that leads there; NULL with @office */
	bool only_changes;       /* leave out what came first and was not changed */
};

/** Writes it, where there are any rows; returns how many. */
size_t changes_table(struct html *html, const struct changes *changes);
