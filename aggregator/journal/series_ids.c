#include "journal/series_ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096u /* a power of two: some catalogues' worth; 64 KiB, and the texts */

struct slot {       /* the series asked for last of those whose hash leads here */
	char *text; /* owned: metric, NUL, labels; NULL: none yet */
	uint32_t id;
};

struct interned {
	sqlite3 *db; /* outlives us */
	sqlite3_stmt *find, *make;
	struct slot slots[SLOTS];
};

struct interned *interned_open(sqlite3 *db, struct err *err)
{
	struct interned *interned = calloc(1, sizeof(*interned));
	if (!interned) {
		(void)err_memory(err);
		return NULL;
	}
	interned->db = db;
	if (db_prepare(db, "SELECT id FROM series WHERE metric = ? AND labels = ?", &interned->find,
		       err) < 0 ||
	    db_prepare(db, "INSERT INTO series(metric, labels) VALUES(?, ?)", &interned->make,
		       err) < 0) {
		interned_close(interned);
		return NULL;
	}
	return interned;
}

void interned_forget(struct interned *interned)
{
	for (size_t i = 0; i < SLOTS; i++) {
		free(interned->slots[i].text);
		interned->slots[i] = (struct slot){ 0 };
	}
}

void interned_close(struct interned *interned)
{
	if (!interned)
		return;
	interned_forget(interned);
	sqlite3_finalize(interned->find);
	sqlite3_finalize(interned->make);
	free(interned);
}

/* FNV-1a. */
static uint32_t hash_text(uint32_t hash, const char *text)
{
	do
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	while (*text++);
	return hash;
}

static struct slot *slot_of(struct interned *interned, const char *metric, const char *labels)
{
	uint32_t hash = hash_text(hash_text(2166136261u, metric), labels);
	return &interned->slots[(hash ^ hash >> 16) & (SLOTS - 1)];
}

static bool slot_holds(const struct slot *slot, const char *metric, const char *labels)
{
	return slot->text && strcmp(slot->text, metric) == 0 &&
	       strcmp(slot->text + strlen(slot->text) + 1, labels) == 0;
}

static void slot_keep(struct slot *slot, const char *metric, const char *labels, uint32_t id)
{
	size_t len = strlen(metric) + 1, labels_len = strlen(labels) + 1;
	char *text = malloc(len + labels_len);
	if (!text)
		return; /* it is asked for again */
	memcpy(text, metric, len);
	memcpy(text + len, labels, labels_len);
	free(slot->text);
	*slot = (struct slot){ text, id };
}

static void bind_series(sqlite3_stmt *stmt, const char *metric, const char *labels)
{
	sqlite3_bind_text(stmt, 1, metric, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, labels, -1, SQLITE_STATIC);
}

/* @ret_id 0: there is none. */
static int find(struct interned *interned, const char *metric, const char *labels, int64_t *ret_id,
		struct err *err)
{
	bind_series(interned->find, metric, labels);
	int rc = db_step(interned->find, err);
	*ret_id = rc == 1 ? sqlite3_column_int64(interned->find, 0) : 0;
	sqlite3_reset(interned->find);
	sqlite3_clear_bindings(interned->find);
	return rc < 0 ? rc : 0;
}

static int make(struct interned *interned, const char *metric, const char *labels, int64_t *ret_id,
		struct err *err)
{
	bind_series(interned->make, metric, labels);
	int rc = db_run(interned->make, err);
	*ret_id = sqlite3_last_insert_rowid(interned->db);
	return rc;
}

int interned_id(struct interned *interned, const char *metric, const char *labels, uint32_t *ret_id,
		struct err *err)
{
	struct slot *slot = slot_of(interned, metric, labels);
	if (slot_holds(slot, metric, labels)) {
		*ret_id = slot->id;
		return 0;
	}
	int64_t id;
	int rc = find(interned, metric, labels, &id, err);
	if (rc == 0 && id == 0)
		rc = make(interned, metric, labels, &id, err);
	if (rc < 0)
		return rc;
	if (id < 1 || id > UINT32_MAX)
		return err_set(err, -EUCLEAN, "series '%s' '%s' has no usable id", metric, labels);
	slot_keep(slot, metric, labels, (uint32_t)id);
	*ret_id = (uint32_t)id;
	return 0;
}
