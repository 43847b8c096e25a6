/* Which offices said that their report of a period is finished, though it may be partly empty. */
#pragma once

#include "common/model/period.h"
#include "common/net/wire_limits.h"
#include "common/sys/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct finished {
	int64_t office;
	char author[WIRE_AUTHOR_LEN_MAX + 1]; /* "": nobody was asked */
	int64_t at_us;                        /* as the office says, or else when it came */
};

struct finished_list {
	sqlite3_stmt *stmt;    /* owned */
	struct finished *list; /* owned [n], ascending by office */
	size_t n, room;
};

int finished_open(sqlite3 *db, struct finished_list *ret_finished, struct err *err);
void finished_close(struct finished_list *finished); /* zeroed is fine */
/** Those of @period, as known at @known_us: who took it back is not among them. */
int finished_read(struct finished_list *finished, struct period period, int64_t known_us,
		  struct err *err);
/** NULL: @office did not say so. */
const struct finished *finished_of(const struct finished_list *finished, int64_t office);
