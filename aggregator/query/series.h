/* Which series of a metric a label filter lets through. */
#pragma once

#include "catalogue.h"
#include "db.h"
#include "err.h"

#include <stddef.h>
#include <stdint.h>

struct series_list {
	uint32_t *list; /* owned [n], ascending; freed with free() */
	size_t n, room;
};

/** Fill @list anew: all series of @metric that carry @labels (canonical; "": any). */
int series_find(sqlite3 *db, const struct metric *metric, const char *labels,
		struct series_list *list, struct err *err);
