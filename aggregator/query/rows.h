/* The places that an answer has rows for in one bucket: units, offices, and the rest. */
#pragma once

#include "plan.h"

#define ROW_OUTSIDE (-1) /* not in the asked area */

struct row {
	const struct unit *unit;
	const struct office
		*office; /* both NULL: the rest, what no other row holds; always the last row */
};

struct rows {
	const struct plan *plan;
	const struct reference *reference;
	struct row *list; /* owned [n], ascending by code and valid_from */
	size_t n;
	int32_t *of_unit;   /* owned [units->n]: row of units->list[i]; ROW_OUTSIDE: none */
	int32_t *of_office; /* owned [offices->n] */
};

/** The rows of @bucket. -ENOMEM. */
int rows_make(const struct plan *plan, const struct reference *reference, struct period bucket,
	      struct rows *ret_rows, struct err *err);
void rows_free(struct rows *rows);

/** In which row a figure of @office counts that belongs to @unit (NULL: to none) on @day. */
int32_t rows_place(const struct rows *rows, const struct office *office, const struct unit *unit,
		   int32_t day);
/** The row that stands for @unit itself on @day; ROW_OUTSIDE when none does. */
int32_t rows_unit(const struct rows *rows, const struct unit *unit, int32_t day);
