/* Which labels a metric's figures have, dimension by dimension, and which they might have. Runs on
 * a read-only connection, off the loop. */
#pragma once

#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/reference.h"

/**
 * Rows of dimension, label (a code, or as a label was spelt first; null: without one), name (of a
 * code, in the reader's language; null: it has none), state (in the reader's language: whether it
 * is in the dimension's list, for today, or free text), means (the code that a label in no list is
 * a name of; null: none), figures (with a value, that count), waiting (observations in quarantine),
 * offices (that ever sent one), first and last (periods of the figures; of hours and minutes, their
 * day). Codes come in the list's order, used or not; then other labels, by their text; at last,
 * where there are such figures, a row of what has no label of that dimension.
 *
 * Spellings that are alike and had series of their own before labels were folded are one row each:
 * here one sees them.
 *
 * Inside the caller's read transaction. -EINVAL: there is no such metric, or it is not divided;
 * -EINTR: took too long; -EUCLEAN: a page and the journal behind it are damaged.
 */
int label_list_run(sqlite3 *db, const struct reference *reference, const char *name,
		   struct table **ret_table, struct err *err);
