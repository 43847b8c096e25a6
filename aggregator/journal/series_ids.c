#include "journal/series_ids.h"

#include "common/base/hash.h"
#include "common/model/dimensions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096u /* a power of two: some catalogues' worth; 64 KiB, and the texts */

struct slot {       /* the series asked for last of those whose hash leads here */
	char *text; /* owned: metric, NUL, labels; NULL: none yet */
	uint32_t id;
};

struct series_ids {
	sqlite3 *db; /* outlives us */
	sqlite3_stmt *find, *alike, *make;
	struct slot slots[SLOTS];
};

struct series_ids *series_ids_open(sqlite3 *db, struct err *err)
{
	struct series_ids *series_ids = calloc(1, sizeof(*series_ids));
	if (!series_ids) {
		(void)err_memory(err);
		return NULL;
	}
	series_ids->db = db;
	if (db_prepare(db, "SELECT id FROM series WHERE metric = ? AND labels = ?",
		       &series_ids->find, err) < 0 ||
	    db_prepare(db, "SELECT id FROM series WHERE metric = ? AND key = ? ORDER BY id LIMIT 1",
		       &series_ids->alike, err) < 0 ||
	    db_prepare(db, "INSERT INTO series(metric, labels, key) VALUES(?, ?, ?)",
		       &series_ids->make, err) < 0) {
		series_ids_close(series_ids);
		return NULL;
	}
	return series_ids;
}

void series_ids_forget(struct series_ids *series_ids)
{
	for (size_t i = 0; i < SLOTS; i++) {
		free(series_ids->slots[i].text);
		series_ids->slots[i] = (struct slot){ 0 };
	}
}

void series_ids_close(struct series_ids *series_ids)
{
	if (!series_ids)
		return;
	series_ids_forget(series_ids);
	sqlite3_finalize(series_ids->find);
	sqlite3_finalize(series_ids->alike);
	sqlite3_finalize(series_ids->make);
	free(series_ids);
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

/* What @stmt finds of the metric and @text, its labels or their key. @ret_id 0: there is none. */
static int find(sqlite3_stmt *stmt, const char *metric, const char *text, int64_t *ret_id,
		struct err *err)
{
	sqlite3_bind_text(stmt, 1, metric, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
	int rc = db_step(stmt, err);
	*ret_id = rc == 1 ? sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return rc < 0 ? rc : 0;
}

static int make(struct series_ids *series_ids, const char *metric, const char *labels,
		const char *key, int64_t *ret_id, struct err *err)
{
	sqlite3_bind_text(series_ids->make, 1, metric, -1, SQLITE_STATIC);
	sqlite3_bind_text(series_ids->make, 2, labels, -1, SQLITE_STATIC);
	sqlite3_bind_text(series_ids->make, 3, key, -1, SQLITE_STATIC);
	int rc = db_run(series_ids->make, err);
	*ret_id = sqlite3_last_insert_rowid(series_ids->db);
	return rc;
}

/* By its own spelling, or else by the first of those that are alike. */
static int find_or_make(struct series_ids *series_ids, const char *metric, const char *labels,
			int64_t *ret_id, struct err *err)
{
	char key[LABELS_KEY_MAX] = "";
	int rc = find(series_ids->find, metric, labels, ret_id, err);
	if (rc < 0 || *ret_id != 0)
		return rc;
	labels_key(labels, key);
	rc = *key ? find(series_ids->alike, metric, key, ret_id, err) : 0;
	return rc < 0 || *ret_id != 0 ? rc : make(series_ids, metric, labels, key, ret_id, err);
}

int series_ids_find(struct series_ids *series_ids, const char *metric, const char *labels,
		    uint32_t *ret_id, struct err *err)
{
	uint32_t hash = hash_text(hash_text(HASH_START, metric), labels);
	struct slot *slot = &series_ids->slots[(hash ^ hash >> 16) & (SLOTS - 1)];
	if (slot->text && strcmp(slot->text, metric) == 0 &&
	    strcmp(slot->text + strlen(slot->text) + 1, labels) == 0) {
		*ret_id = slot->id;
		return 0;
	}
	int64_t id;
	int rc = find_or_make(series_ids, metric, labels, &id, err);
	if (rc < 0)
		return rc;
	if (id < 1 || id > UINT32_MAX)
		return err_set(err, -EUCLEAN, "series '%s' '%s' has no usable id", metric, labels);
	slot_keep(slot, metric, labels, (uint32_t)id);
	*ret_id = (uint32_t)id;
	return 0;
}
