/* Where the journal's entries of one office's day are found: its strand. Table `strand` holds the
 * newest entry of each, and an entry's `back` how many ids before it the strand's entry before lies
 * (0: it is the first). So one row for each office and day is written at a commit, all in one
 * place, and two bytes for each entry. An index had a row for each entry, each office's in another
 * leaf: of batches of a minute it took a fifth of the CPU and 15 bytes a batch, and a commit of one
 * batch from each of 200 offices wrote 200 leaves.
 *
 * Entries whose `back` is NULL were written before there were strands; of these, and only these, an
 * index is kept. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stddef.h>
#include <stdint.h>

/* SQL that names the ids of a strand's entries `strand_entries`, at the head of a SELECT. */
#define STRAND_ENTRIES(day, office)                                                                \
	"WITH RECURSIVE strand_list(id) AS (SELECT entry FROM strand WHERE day = " day             \
	" AND office = " office " UNION ALL SELECT strand_list.id - back FROM strand_list"         \
	" JOIN journal ON journal.id = strand_list.id WHERE back > 0),"                            \
	" strand_entries(id) AS (SELECT id FROM strand_list UNION ALL SELECT id FROM journal"      \
	" WHERE day = " day " AND office = " office " AND back IS NULL) "

struct strands;

/** The writer's view. NULL: err says why. */
struct strands *strands_open(sqlite3 *db, struct err *err);
void strands_close(struct strands *strands); /* NULL is fine */
/** After a rollback: forget what was remembered of the table. */
void strands_forget(struct strands *strands);

/** Journal entry @id, of @observations, is the strand's newest. @ret_back: to the one before, 0
 * when it is the first. */
int strands_add(struct strands *strands, int32_t day, int64_t office, int64_t id,
		size_t observations, int64_t *ret_back, struct err *err);
/** How many observations its entries hold, each correction counted too; those that came before
 * there was a count are not in it. */
int strands_weigh(struct strands *strands, int32_t day, int64_t office, uint64_t *ret_observations,
		  struct err *err);
/** Write the strands that grew: before they are read, and before the commit. */
int strands_flush(struct strands *strands, struct err *err);
