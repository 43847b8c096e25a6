/* The index by which the journal's entries of one office and day are found. They are a linked list:
 * table `strand` holds the newest entry of each list, and an entry's `back` says how many ids
 * before it the list's next older entry lies (0: it is the first). So a commit writes one row for
 * each office and day, all in one part of the file, and two bytes for each entry. An index of
 * SQLite had a row for each entry, each office's in another leaf: of batches of a minute it took a
 * fifth of the CPU and 15 bytes a batch, and a commit of one batch from each of 200 offices wrote
 * 200 leaves.
 *
 * Entries whose `back` is NULL were written before these lists existed. Of these, and only these,
 * SQLite keeps an index. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stddef.h>
#include <stdint.h>

/* SQL for the head of a SELECT: it names the ids of the entries of @office's @day
 * `day_index_entries`. A list leads to ever older entries: where a disk changed a `back` so that it
 * does not (a blob is more than any number, and counts as 0), it ends, or it would go on for ever.
 */
#define DAY_INDEX_ENTRIES(day, office)                                                             \
	"WITH RECURSIVE day_index_list(id) AS (SELECT entry FROM strand WHERE day = " day          \
	" AND office = " office " UNION ALL SELECT day_index_list.id - back FROM day_index_list"   \
	" JOIN journal USING (id) WHERE day_index_list.id - back < day_index_list.id),"            \
	" day_index_entries(id) AS (SELECT id FROM day_index_list UNION ALL SELECT id FROM "       \
	"journal"                                                                                  \
	" WHERE day = " day " AND office = " office " AND back IS NULL) "

struct day_index;

/** The writer's view. NULL: err says why. */
struct day_index *day_index_open(sqlite3 *db, struct err *err);
void day_index_close(struct day_index *day_index); /* NULL is fine */
/** After a rollback: forget what was remembered of the table. */
void day_index_forget(struct day_index *day_index);

/** Journal entry @id, of @observations, is the newest of its list. @ret_back: to the one before,
 * 0 when it is the first. */
int day_index_add(struct day_index *day_index, int32_t day, int64_t office, int64_t id,
		  size_t observations, int64_t *ret_back, struct err *err);
/** How many observations its entries hold, each correction counted too; those that came before
 * there was a count are not in it. */
int day_index_weigh(struct day_index *day_index, int32_t day, int64_t office,
		    uint64_t *ret_observations, struct err *err);
/** Write the lists that grew: before they are read, and before the commit. */
int day_index_flush(struct day_index *day_index, struct err *err);
