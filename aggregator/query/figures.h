/* The figures of one bucket, row by row, from the rollup pages: value by the rules of time_agg,
 * area_agg and carry, and beside it who was due, who reported, what was carried, what is missing.
 *
 * A figure of a sum, mean, min or max belongs to the unit its office was assigned to on the first
 * day of the observation's period. For a last metric, each office gives its latest figure in the
 * bucket or, if that holds none, the latest of the `carry` own periods before it, and it counts for
 * the unit of the bucket's last day. Series of one office combine by area_agg, then offices do. */
#pragma once

#include "query/counts.h"
#include "query/forms.h"
#include "query/rows.h"
#include "query/series.h"
#include "registry/strays.h"
#include "rollup/page.h"

#include <gmp.h>

struct figure {
	bool has_value;
	mpq_t value;
	struct counts counts;
};

struct member { /* what one office contributes to one row */
	int32_t row;
	const struct office *office;
	struct counts counts;
	bool has_reported; /* it reported, though its counts are in its row's alone */
	int32_t next;      /* of the same office; -1: none */
	/* Of the operand at hand, until it is known whether the row can have a value: */
	struct counts counts_now;
	bool has_reported_now;
};

/** [n], values initialised; NULL: out of memory. Freed with figures_free(). */
struct figure *figures_alloc(size_t n);
void figures_free(struct figure *figures, size_t n); /* NULL is fine */

struct figures;

/** @each_office: members are wanted with their own counts, which takes longer. NULL: err says why.
 * All are lent until figures_close. */
struct figures *figures_open(sqlite3 *db, const struct reference *reference,
			     const struct plan *plan, bool each_office, struct err *err);
void figures_close(struct figures *figures); /* NULL is fine */

/** From now on each office is read by itself, which takes longer, and what it gives to a row, its
 * series combined (rule 5.3), is told while the value of an operand is made: the rows' values are
 * these, combined by area_agg. @value is valid during the call. */
void figures_tell(struct figures *figures,
		  void (*on_value)(void *context, const struct office *office, int32_t row,
				   const mpq_t value),
		  void *context);
/** From now on the operands' series are these [operands], lent; NULL: those that the plan's labels
 * let through. */
void figures_choose(struct figures *figures, const struct series_list series[]);
/** Begin a bucket. @rows learn which units the lack of a value is attributed to. */
int figures_begin(struct figures *figures, struct rows *rows, struct period bucket,
		  struct err *err);
/** The values of operand @index in @ret [rows->n] (value initialised by the caller); counts go on
 * adding up over the operands of a bucket. */
int figures_of(struct figures *figures, size_t index, struct figure ret[], struct err *err);
/** The same for any metric that may be asked for per bucket: for who counts reports of more metrics
 * than a question has operands. */
int figures_of_metric(struct figures *figures, const struct metric *metric, struct figure ret[],
		      struct err *err);
/** The same for a form as a whole, as if it were one metric that has all series of its metrics:
 * what is counted are reports of the form. Its values mean nothing. */
int figures_of_form(struct figures *figures, const struct form *form, struct figure ret[],
		    struct err *err);
/** Counts per row into @ret, and what each office contributed. Valid until the next bucket. The
 * counts of a row that has no value under the borders asked for are in the rest, where its value is
 * (rule 5.7). */
size_t figures_end(struct figures *figures, struct figure ret[], const struct member **ret_members);

/** The next office, from *@at on, that stands on a unit which is not in force at the bucket's end,
 * and lies in the area: one that would be due for what is asked, had it a unit. @ret_place: where
 * what waits of it is counted. NULL: no more. */
const struct stray *figures_next_stray(const struct figures *figures, size_t *at,
				       struct place *ret_place);

/** How many decimals a value of @metric is shown with: a mean has four more. */
unsigned metric_shown_decimals(const struct metric *metric);
