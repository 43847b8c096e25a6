/* What the files of questions share: query.c answers one name, bucket by bucket, and several.c puts
 * together the answers of several, with what was before and with totals. */
#pragma once

#include "query/query.h"

struct one_answer; /* about one metric or indicator */

/** NULL: err says why. All are lent until one_answer_close(). */
struct one_answer *one_answer_open(sqlite3 *db, const struct reference *reference,
				   const struct plan *plan, struct err *err);
void one_answer_close(struct one_answer *answer); /* NULL is fine */
/** Append the rows of bucket @number to @table, which has the columns of one_answer_table().
 * Buckets must ascend. -E2BIG: it would have more than @most rows. */
int one_answer_bucket(struct one_answer *answer, int32_t number, struct table *table, size_t most,
		      struct err *err);
/** A table without rows, with the columns that an answer to @plan has. NULL: out of memory. */
struct table *one_answer_table(const struct plan *plan);
