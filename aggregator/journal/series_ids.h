/* The ids of series by metric and labels: table `series`, behind a cache. All offices of a province
 * declare much the same series, so nearly every id is one that another office's declaration has
 * asked for: of 46 series a batch that was half of what posting it took.
 *
 * "Đất đai" and "đất đai" are one label, and their figures one series, called as it was spelt first
 * (labels_key()): what an office says in one spelling and then in another is a revision, and not
 * added. A spelling that has a series of its own, from before the ledger's event EVENT_FOLDED,
 * keeps it: what stands stays where it stood, and what is sent again finds it there. So the name of
 * a series is a function of the ledger, which verify replays. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdint.h>

struct series_ids;

/** On a connection that writes. NULL: err says why. */
struct series_ids *series_ids_open(sqlite3 *db, struct err *err);
void series_ids_close(struct series_ids *series_ids); /* NULL is fine */
/** After a rollback: what was remembered may not be there. */
void series_ids_forget(struct series_ids *series_ids);

/** The id of the series, or of that whose labels are alike; made where there was none. */
int series_ids_find(struct series_ids *series_ids, const char *metric, const char *labels,
		    uint32_t *ret_id, struct err *err);
