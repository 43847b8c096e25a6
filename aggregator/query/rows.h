/* The places that an answer has rows for in one bucket: units, offices, and the rest. */
#pragma once

#include "query/plan.h"
#include "registry/lineage.h"

#define ROW_OUTSIDE (-1) /* not in the asked area */

struct row {
	const struct unit *unit;
	const struct office
		*office; /* both NULL: the rest, what no other row holds; always the last row */
};

struct attribution {             /* why a row has no value under the borders asked for */
	const struct unit *unit; /* whose figures lie in this row in part; NULL: it may have one */
	bool divided;            /* on the way there; false: it came from several rows */
};

struct rows {
	const struct plan *plan;
	const struct reference *reference;
	bool by_own_unit; /* as the plan wants it, where units may differ within the bucket */
	struct row *list; /* owned [n], ascending by code and valid_from */
	size_t n;
	int32_t *of_unit;   /* owned [units->n]: row of units->list[i]; ROW_OUTSIDE: none */
	int32_t *of_office; /* owned [offices->n] */
	struct attribution *attribution; /* owned [n]: of the operand at hand, the first found */
	int32_t *days; /* owned [n_days], ascending: the bucket's first day, and those on which
			  anything may stand elsewhere than on the day before */
	size_t n_days;
	int32_t since; /* the last day up to the bucket's first on which anything changed: all stood
			  as on days[0] from then on */
};

/** The rows of @bucket. -ENOMEM. */
int rows_make(const struct plan *plan, const struct reference *reference, struct period bucket,
	      struct rows *ret_rows, struct err *err);
void rows_free(struct rows *rows);

/* Where a figure counts. */
struct place {
	int32_t row; /* ROW_OUTSIDE: nowhere */
	bool across; /* in the rest, because its unit lies in several rows of the structure asked
			for, or in part outside the area (rule 5.7) */
};

/** The last day up to @day, of the bucket, on which anything changed: all stands as it did then. */
int32_t rows_since(const struct rows *rows, int32_t day);

/**
 * In which row a figure of @office counts that belongs to @unit (NULL: to none) on @day. Told under
 * another date's borders: the unit of the level asked for in which all lies that became of @unit,
 * or that it came from; in the rest when there is no such one.
 */
struct place rows_place(const struct rows *rows, const struct office *office,
			const struct unit *unit, int32_t day);
/** @office has figures of a @unit that lies across rows: none of these rows can have a value,
 * or, by office, not its own. */
void rows_attribute(struct rows *rows, const struct office *office, const struct unit *unit,
		    int32_t day);
