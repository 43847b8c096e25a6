#include "journal/day_times.h"

#include <stdbool.h>
#include <stdlib.h>

#define SLOTS 64u /* days of a commit that do not get into each other's way */

struct slot {
	int32_t day;
	bool used;
	int64_t first_us, last_us;
};

struct arrivals {
	sqlite3_stmt *write;
	struct slot slots[SLOTS];
};

struct arrivals *arrivals_open(sqlite3 *db, struct err *err)
{
	struct arrivals *arrivals = calloc(1, sizeof(*arrivals));
	if (!arrivals) {
		(void)err_memory(err);
		return NULL;
	}
	if (db_prepare(db,
		       "INSERT INTO arrival VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET"
		       " first_us = min(first_us, excluded.first_us),"
		       " last_us = max(last_us, excluded.last_us)",
		       &arrivals->write, err) < 0) {
		arrivals_close(arrivals);
		return NULL;
	}
	return arrivals;
}

void arrivals_close(struct arrivals *arrivals)
{
	if (!arrivals)
		return;
	sqlite3_finalize(arrivals->write);
	free(arrivals);
}

void arrivals_forget(struct arrivals *arrivals)
{
	for (size_t i = 0; i < SLOTS; i++)
		arrivals->slots[i].used = false;
}

static int slot_write(struct arrivals *arrivals, struct slot *slot, struct err *err)
{
	if (!slot->used)
		return 0;
	sqlite3_bind_int(arrivals->write, 1, slot->day);
	sqlite3_bind_int64(arrivals->write, 2, slot->first_us);
	sqlite3_bind_int64(arrivals->write, 3, slot->last_us);
	int rc = db_run(arrivals->write, err);
	slot->used = rc < 0;
	return rc;
}

int arrivals_add(struct arrivals *arrivals, int32_t day, int64_t at_us, struct err *err)
{
	struct slot *slot = &arrivals->slots[(uint32_t)day % SLOTS];
	int rc = slot->day != day ? slot_write(arrivals, slot, err) : 0;
	if (rc < 0)
		return rc;
	if (!slot->used)
		*slot = (struct slot){ day, true, at_us, at_us };
	if (at_us < slot->first_us)
		slot->first_us = at_us;
	if (at_us > slot->last_us)
		slot->last_us = at_us;
	return 0;
}

int arrivals_flush(struct arrivals *arrivals, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < SLOTS && rc == 0; i++)
		rc = slot_write(arrivals, &arrivals->slots[i], err);
	return rc;
}
