/* The rows of an answer in another order (--sort), and the first of them alone (--top).
 *
 * What is put in order is what tells the rows of a period apart: places and, by label, labels; of
 * an answer about offices, the offices. Where a question parts its area by nothing, that is its
 * periods. So the order is one, the same in each period and for each metric, and a drawn table, a
 * workbook and a chart of the same answer agree: of several periods the newest of the answer
 * decides, of several metrics the one that is named or else the first. What has no value there
 * comes last, equal values stay as they were, and so do the last rows of each period: the rest, and
 * those of the whole, which stand for all rows, those that were left out too. */
#pragma once

#include "common/base/err.h"
#include "common/text/table.h"

#include <stdbool.h>

#define ARRANGE_SORT_MAX 200u
#define ARRANGE_TOP_MAX  100000u

struct arrangement {
	char sort[3 * ARRANGE_SORT_MAX]; /* canonical: [METRIC:]COLUMN, with ":desc" where it falls;
					"": as the rows come */
	char metric[ARRANGE_SORT_MAX], column[ARRANGE_SORT_MAX]; /* "": the first metric */
	bool falls;
	size_t top;   /* SIZE_MAX: all */
	bool periods; /* it is periods that are put in order: set by who knows the question */
};

/** @sort: [METRIC:]COLUMN, or a metric's name alone for its value; ":desc" behind it or "-" before
 * it: the greatest first. @top: a number from 1 on. Either NULL: not asked for; @top without @sort:
 * by @usual. -EINVAL. */
int arrange_read(const char *sort, const char *top, const char *usual,
		 struct arrangement *ret_arrangement, struct err *err);
bool arrange_wanted(const struct arrangement *arrangement);
/** Can rows of @table, which has none yet, be put in this order? A COLUMN that is none may be one
 * of
 * @names (parted by commas; NULL: there is one metric) and means its value. -EINVAL says which
 * columns there are. */
int arrange_check(struct arrangement *arrangement, const struct table *table, const char *names,
		  struct err *err);
/** Put @table in order; its head "query" gets sort and, with @top, top, top_of (how many there
 * were) and left_out_rows (how many are not in the answer). -ENOMEM. */
int arrange(struct table *table, const struct arrangement *arrangement, struct err *err);
