#include "journal/day_index.h"

#include <stdlib.h>

/* A power of two. Offices' ids are dense, so 16384 offices of one day do not get into each other's
 * way; those that do cost a read and a write. */
#define SLOTS 16384u

struct slot { /* the office and day used last of those that hash to this slot */
	int64_t office;
	int64_t entry;        /* its newest; 0: it has none; */
	int64_t observations; /* in its entries */
	int32_t day;
	bool known;   /* false: no entry was, */
	bool changed; /* since it was written */
};

struct day_index {
	sqlite3_stmt *read, *write;
	uint32_t changed[SLOTS]; /* [n]: slots that may be */
	size_t n;
	struct slot slots[SLOTS];
};

struct day_index *day_index_open(sqlite3 *db, struct err *err)
{
	struct day_index *day_index = calloc(1, sizeof(*day_index));
	if (!day_index) {
		(void)err_memory(err);
		return NULL;
	}
	if (db_prepare(db, "SELECT entry, observations FROM strand WHERE day = ? AND office = ?",
		       &day_index->read, err) < 0 ||
	    db_prepare(db,
		       "INSERT OR REPLACE INTO strand(day, office, entry, observations) VALUES(?, "
		       "?, ?, ?)",
		       &day_index->write, err) < 0) {
		day_index_close(day_index);
		return NULL;
	}
	return day_index;
}

void day_index_forget(struct day_index *day_index)
{
	for (size_t i = 0; i < SLOTS; i++)
		day_index->slots[i] = (struct slot){ 0 };
	day_index->n = 0;
}

void day_index_close(struct day_index *day_index)
{
	if (!day_index)
		return;
	sqlite3_finalize(day_index->read);
	sqlite3_finalize(day_index->write);
	free(day_index);
}

static int slot_write(struct day_index *day_index, struct slot *slot, struct err *err)
{
	sqlite3_bind_int(day_index->write, 1, slot->day);
	sqlite3_bind_int64(day_index->write, 2, slot->office);
	sqlite3_bind_int64(day_index->write, 3, slot->entry);
	sqlite3_bind_int64(day_index->write, 4, slot->observations);
	int rc = db_run(day_index->write, err);
	slot->changed = rc < 0;
	return rc;
}

static int slot_read(struct day_index *day_index, struct slot *slot, int32_t day, int64_t office,
		     struct err *err)
{
	sqlite3_bind_int(day_index->read, 1, day);
	sqlite3_bind_int64(day_index->read, 2, office);
	int rc = db_step(day_index->read, err);
	int64_t entry = rc == 1 ? sqlite3_column_int64(day_index->read, 0) : 0;
	int64_t observations = rc == 1 ? sqlite3_column_int64(day_index->read, 1) : 0;
	sqlite3_reset(day_index->read);
	if (rc < 0)
		return rc;
	*slot = (struct slot){ .office = office,
			       .entry = entry,
			       .observations = observations,
			       .day = day,
			       .known = true };
	return 0;
}

static int slot_of(struct day_index *day_index, int32_t day, int64_t office, struct slot **ret_slot,
		   struct err *err)
{
	uint64_t hash = (uint64_t)office + (uint64_t)day * UINT64_C(0x9e3779b97f4a7c15);
	struct slot *slot = &day_index->slots[hash & (SLOTS - 1)];
	int rc = 0;
	if (!slot->known || slot->day != day || slot->office != office) {
		rc = slot->changed ? slot_write(day_index, slot, err) : 0;
		if (rc == 0)
			rc = slot_read(day_index, slot, day, office, err);
	}
	*ret_slot = slot;
	return rc;
}

int day_index_weigh(struct day_index *day_index, int32_t day, int64_t office,
		    uint64_t *ret_observations, struct err *err)
{
	struct slot *slot;
	int rc = slot_of(day_index, day, office, &slot, err);
	if (rc == 0) /* a damaged row may say less than nothing */
		*ret_observations = slot->observations > 0 ? (uint64_t)slot->observations : 0;
	return rc;
}

int day_index_add(struct day_index *day_index, int32_t day, int64_t office, int64_t id,
		  size_t observations, int64_t *ret_back, struct err *err)
{
	struct slot *slot;
	int rc = slot_of(day_index, day, office, &slot, err);
	if (rc < 0)
		return rc;
	/* a damaged row may name what is no older entry */
	*ret_back = slot->entry > 0 && slot->entry < id ? id - slot->entry : 0;
	slot->entry = id;
	if (slot->observations < INT64_MAX / 2) /* what a disk says is not to overflow */
		slot->observations += (int64_t)observations;
	if (!slot->changed && day_index->n == SLOTS) /* each was written and read again since */
		return slot_write(day_index, slot, err);
	if (!slot->changed)
		day_index->changed[day_index->n++] = (uint32_t)(slot - day_index->slots);
	slot->changed = true;
	return 0;
}

int day_index_flush(struct day_index *day_index, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < day_index->n && rc == 0; i++) {
		struct slot *slot = &day_index->slots[day_index->changed[i]];
		rc = slot->changed ? slot_write(day_index, slot, err) : 0;
	}
	day_index->n = 0;
	return rc;
}
