/* The ids of series by metric and labels: table `series`, behind a cache. All offices of a province
 * declare much the same series, so nearly every id is one that another office's declaration has
 * asked for: of 46 series a batch that was half of what posting it took. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdint.h>

struct interned;

/** On a connection that writes. NULL: err says why. */
struct interned *interned_open(sqlite3 *db, struct err *err);
void interned_close(struct interned *interned); /* NULL is fine */
/** After a rollback: what was remembered may not be there. */
void interned_forget(struct interned *interned);

/** The id of the series, made where there was none. */
int interned_id(struct interned *interned, const char *metric, const char *labels, uint32_t *ret_id,
		struct err *err);
