/* Two tables of the same kind compared, row by row. Private to api/. */
#pragma once

#include "common/base/err.h"
#include "common/text/table.h"
#include "ledger/losses.h"

/**
 * Add to @out, whose columns are change, row, column, was, becomes, figures and offices, what is
 * otherwise in @after than in @before: a row of @out for each row that is "new" or "gone", and for
 * each cell of one that "changed". Rows are told apart by the cells of @keys, names of columns
 * parted by blanks; they may stand in any order, as may the columns. Rows of one key (the targets
 * of an indicator) are compared in their order. @losses: figures and offices of a row that is among
 * them. -ENOMEM.
 */
int difference_add(struct table *out, const struct table *before, const struct table *after,
		   const char *keys, const struct losses *losses, struct err *err);
