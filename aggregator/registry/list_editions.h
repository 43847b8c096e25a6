/* Code lists as they were: a list judges what is received after it, so whoever judges a figure anew
 * that came earlier asks what was in force then. Read from the ledger when it is first asked, which
 * is seldom; one edition is kept at a time. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdbool.h>
#include <stdint.h>

struct list_editions;

/** NULL: out of memory. @db outlives it. */
struct list_editions *list_editions_open(sqlite3 *db, struct err *err);
void list_editions_close(struct list_editions *editions); /* NULL is fine */

/** dimensions_hold() by the lists that were in force when journal entry @entry came. -EUCLEAN: what
 * was imported then is damaged. */
int list_editions_held(struct list_editions *editions, int64_t entry, const char *labels,
		       int32_t day, bool *ret_held, struct err *err);
