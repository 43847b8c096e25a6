#include "journal/day_times.h"

#include "schema/effects.h"

#include <stdlib.h>

#define SLOTS 64u /* days of a commit that do not get into each other's way */

struct slot {
	int32_t day;
	bool used;
	int64_t first_us, last_us;
};

struct day_times {
	sqlite3_stmt *write;
	struct effects *effects; /* the connection's; NULL: an event tells of the days */
	struct slot slots[SLOTS];
};

struct day_times *day_times_open(sqlite3 *db, bool act, struct err *err)
{
	struct day_times *day_times = calloc(1, sizeof(*day_times));
	if (!day_times) {
		(void)err_memory(err);
		return NULL;
	}
	if (db_prepare(db,
		       "INSERT INTO arrival VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET"
		       " first_us = min(first_us, excluded.first_us),"
		       " last_us = max(last_us, excluded.last_us)",
		       &day_times->write, err) < 0 ||
	    (!act && effects_of(db, &day_times->effects, err) < 0)) {
		day_times_close(day_times);
		return NULL;
	}
	return day_times;
}

void day_times_close(struct day_times *day_times)
{
	if (!day_times)
		return;
	sqlite3_finalize(day_times->write);
	free(day_times);
}

void day_times_forget(struct day_times *day_times)
{
	for (size_t i = 0; i < SLOTS; i++)
		day_times->slots[i].used = false;
}

static int slot_write(struct day_times *day_times, struct slot *slot, struct err *err)
{
	if (!slot->used)
		return 0;
	sqlite3_bind_int(day_times->write, 1, slot->day);
	sqlite3_bind_int64(day_times->write, 2, slot->first_us);
	sqlite3_bind_int64(day_times->write, 3, slot->last_us);
	effects_pause(day_times->effects, true);
	int rc = db_run(day_times->write, err);
	effects_pause(day_times->effects, false);
	slot->used = rc < 0;
	return rc;
}

int day_times_add(struct day_times *day_times, int32_t day, int64_t at_us, struct err *err)
{
	struct slot *slot = &day_times->slots[(uint32_t)day % SLOTS];
	int rc = slot->day != day ? slot_write(day_times, slot, err) : 0;
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

int day_times_flush(struct day_times *day_times, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < SLOTS && rc == 0; i++)
		rc = slot_write(day_times, &day_times->slots[i], err);
	return rc;
}
