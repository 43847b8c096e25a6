#include "journal/day_index.h"

#include <stdlib.h>

/* A power of two. Offices' ids are dense, so 16384 offices of one day do not get into each other's
 * way; those that do cost a read and a write. */
#define SLOTS 16384u

struct slot { /* the strand used last of those that lead here */
	int64_t office;
	int64_t entry;        /* its newest; 0: it has none; */
	int64_t observations; /* in its entries */
	int32_t day;
	bool known;   /* false: no strand was, */
	bool changed; /* since it was written */
};

struct strands {
	sqlite3_stmt *read, *write;
	uint32_t changed[SLOTS]; /* [n]: slots that may be */
	size_t n;
	struct slot slots[SLOTS];
};

struct strands *strands_open(sqlite3 *db, struct err *err)
{
	struct strands *strands = calloc(1, sizeof(*strands));
	if (!strands) {
		(void)err_memory(err);
		return NULL;
	}
	if (db_prepare(db, "SELECT entry, observations FROM strand WHERE day = ? AND office = ?",
		       &strands->read, err) < 0 ||
	    db_prepare(db,
		       "INSERT OR REPLACE INTO strand(day, office, entry, observations) VALUES(?, "
		       "?, ?, ?)",
		       &strands->write, err) < 0) {
		strands_close(strands);
		return NULL;
	}
	return strands;
}

void strands_forget(struct strands *strands)
{
	for (size_t i = 0; i < SLOTS; i++)
		strands->slots[i] = (struct slot){ 0 };
	strands->n = 0;
}

void strands_close(struct strands *strands)
{
	if (!strands)
		return;
	sqlite3_finalize(strands->read);
	sqlite3_finalize(strands->write);
	free(strands);
}

static int slot_write(struct strands *strands, struct slot *slot, struct err *err)
{
	sqlite3_bind_int(strands->write, 1, slot->day);
	sqlite3_bind_int64(strands->write, 2, slot->office);
	sqlite3_bind_int64(strands->write, 3, slot->entry);
	sqlite3_bind_int64(strands->write, 4, slot->observations);
	int rc = db_run(strands->write, err);
	slot->changed = rc < 0;
	return rc;
}

static int slot_read(struct strands *strands, struct slot *slot, int32_t day, int64_t office,
		     struct err *err)
{
	sqlite3_bind_int(strands->read, 1, day);
	sqlite3_bind_int64(strands->read, 2, office);
	int rc = db_step(strands->read, err);
	int64_t entry = rc == 1 ? sqlite3_column_int64(strands->read, 0) : 0;
	int64_t observations = rc == 1 ? sqlite3_column_int64(strands->read, 1) : 0;
	sqlite3_reset(strands->read);
	if (rc < 0)
		return rc;
	*slot = (struct slot){ .office = office,
			       .entry = entry,
			       .observations = observations,
			       .day = day,
			       .known = true };
	return 0;
}

static int slot_of(struct strands *strands, int32_t day, int64_t office, struct slot **ret_slot,
		   struct err *err)
{
	uint64_t hash = (uint64_t)office + (uint64_t)day * UINT64_C(0x9e3779b97f4a7c15);
	struct slot *slot = &strands->slots[hash & (SLOTS - 1)];
	int rc = 0;
	if (!slot->known || slot->day != day || slot->office != office) {
		rc = slot->changed ? slot_write(strands, slot, err) : 0;
		if (rc == 0)
			rc = slot_read(strands, slot, day, office, err);
	}
	*ret_slot = slot;
	return rc;
}

int strands_weigh(struct strands *strands, int32_t day, int64_t office, uint64_t *ret_observations,
		  struct err *err)
{
	struct slot *slot;
	int rc = slot_of(strands, day, office, &slot, err);
	if (rc == 0) /* a damaged row may say less than nothing */
		*ret_observations = slot->observations > 0 ? (uint64_t)slot->observations : 0;
	return rc;
}

int strands_add(struct strands *strands, int32_t day, int64_t office, int64_t id,
		size_t observations, int64_t *ret_back, struct err *err)
{
	struct slot *slot;
	int rc = slot_of(strands, day, office, &slot, err);
	if (rc < 0)
		return rc;
	*ret_back = slot->entry ? id - slot->entry : 0;
	slot->entry = id;
	if (slot->observations < INT64_MAX / 2) /* what a disk says is not to overflow */
		slot->observations += (int64_t)observations;
	if (!slot->changed && strands->n == SLOTS) /* each was written and read again since */
		return slot_write(strands, slot, err);
	if (!slot->changed)
		strands->changed[strands->n++] = (uint32_t)(slot - strands->slots);
	slot->changed = true;
	return 0;
}

int strands_flush(struct strands *strands, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < strands->n && rc == 0; i++) {
		struct slot *slot = &strands->slots[strands->changed[i]];
		rc = slot->changed ? slot_write(strands, slot, err) : 0;
	}
	strands->n = 0;
	return rc;
}
