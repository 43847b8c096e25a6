/* Places by periods, with the number in each cell and a shade by which the eye finds the highest:
 * a real table, of which every cell leads on. What is missing is hatched and has a sign, and is
 * never a 0. */
#pragma once

#include "common/model/period.h"
#include "common/text/html.h"

#include <stdbool.h>
#include <stddef.h>

struct heat_cell {
	const char *value;  /* exact text; NULL: none */
	const char *reason; /* why there is none; NULL */
	unsigned signs;     /* enum sign */
	const char *link;   /* NULL */
};

struct heat_row {
	const char *name, *note; /* @note below the name: a code, a reason; "" */
	const char *link;        /* NULL */
	bool apart; /* no place beside the others, but the rest or the whole: has no shade */
	const struct heat_cell *cells; /* [n_periods] */
};

struct heat { /* everything is lent */
	const char *caption, *unit;
	int digits;        /* behind the point, or SHOWN_ALL */
	const char *query; /* the question's target, for data-q; NULL */
	bool plain;        /* no shades: its rows are not of one kind */
	const char *head;  /* above the names: "District" */
	const struct period *periods;
	const char *const *period_links; /* [n_periods]; NULL: none */
	size_t n_periods;
	size_t chosen; /* the period that the rest of the page is about; n_periods: none */
	const struct heat_row *rows;
	size_t n_rows;
};

void heat_write(struct html *html, const struct heat *heat);
