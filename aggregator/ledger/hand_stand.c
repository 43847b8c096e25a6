#include "ledger/hand_stand.h"

#include "common/base/array.h"
#include "common/model/dimensions.h"
#include "journal/damaged_days.h"
#include "journal/declarations.h"
#include "registry/hands.h"
#include "rollup/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	sqlite3 *db;
	uint32_t nth;     /* of the day's periods */
	uint32_t *series; /* owned [n_series], ascending: of the metric */
	size_t n_series;
	struct last { /* who said the last of a series */
		uint32_t series;
		int64_t entry, run, point, received_us;
	} * lasts; /* owned [n_lasts] */
	size_t n_lasts;
	struct hand_stands stands;
	struct declarations *declarations; /* owned, and */
	struct replay *replay;
	sqlite3_stmt *labels;
};

static int series_read(struct reading *reading, const char *metric, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(reading->db, "SELECT id FROM series WHERE metric = ? ORDER BY id",
			    &stmt, err);
	if (rc == 0)
		sqlite3_bind_text(stmt, 1, metric, -1, SQLITE_STATIC);
	while (rc == 0 && (rc = db_step(stmt, err)) == 1) {
		uint32_t *list = array_room(reading->series, reading->n_series, sizeof(*list));
		rc = list ? 0 : err_memory(err);
		if (!list)
			break;
		reading->series = list;
		list[reading->n_series++] = (uint32_t)sqlite3_column_int64(stmt, 0);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

static struct last *last_of(struct reading *reading, uint32_t series)
{
	for (size_t i = 0; i < reading->n_lasts; i++)
		if (reading->lasts[i].series == series)
			return &reading->lasts[i];
	return NULL;
}

static int on_change(void *context, const struct replay_change *change, struct err *err)
{
	struct reading *reading = context;
	if (change->held || change->nth != reading->nth)
		return 0;
	struct last *last = last_of(reading, change->series->series);
	if (!last) {
		struct last *list = array_room(reading->lasts, reading->n_lasts, sizeof(*list));
		if (!list)
			return err_memory(err);
		reading->lasts = list;
		last = &list[reading->n_lasts++];
	}
	*last = (struct last){ change->series->series, change->entry, change->run, change->point,
			       change->received_us };
	return 0;
}

static int on_series(void *context, const struct replay_series *series, struct err *err)
{
	struct reading *reading = context;
	const struct replay_slot *slot = &series->slots[reading->nth];
	const struct last *last = last_of(reading, series->series);
	if (slot->state == REPLAY_NONE || !last)
		return 0;
	struct hand_stand *list =
		array_room(reading->stands.list, reading->stands.n, sizeof(*list));
	if (!list)
		return err_memory(err);
	reading->stands.list = list;
	struct hand_stand *stand = &list[reading->stands.n];
	*stand = (struct hand_stand){ .withdrawn = slot->state == REPLAY_WITHDRAWN,
				      .value_e = slot->value_e,
				      .entry = last->entry,
				      .run = last->run,
				      .point = last->point,
				      .received_us = last->received_us };
	sqlite3_bind_int64(reading->labels, 1, series->series);
	int rc = db_step(reading->labels, err);
	struct db_row row = { reading->labels, err, 0 };
	if (rc == 1)
		(void)snprintf(stand->labels, sizeof(stand->labels), "%s",
			       db_row_text(&row, 0)); /* fits: canonical */
	(void)sqlite3_reset(reading->labels);         /* repeats the error that step told */
	reading->stands.n += rc == 1 && row.rc == 0;
	return rc < 0 ? rc : row.rc;
}

static void reading_close(struct reading *reading)
{
	sqlite3_finalize(reading->labels);
	replay_close(reading->replay);
	declarations_close(reading->declarations);
	free(reading->series);
	free(reading->lasts);
	hand_stands_free(&reading->stands);
}

int hand_stands_read(sqlite3 *db, const struct reference *reference, int64_t office,
		     const struct metric *metric, struct period period,
		     struct hand_stands *ret_stands, struct err *err)
{
	struct reading reading = { .db = db, .nth = period_nth(period) };
	int rc = series_read(&reading, metric->name, err);
	if (rc == 0 && (!(reading.declarations = declarations_open(db, err)) ||
			!(reading.replay = replay_open(db, reading.declarations, err))))
		rc = err->code;
	if (rc == 0)
		rc = db_prepare(db, "SELECT labels FROM series WHERE id = ?", &reading.labels, err);
	if (rc == 0) {
		declarations_forget(reading.declarations, reference->catalogue);
		replay_watch(reading.replay, on_change, &reading);
		rc = reading.n_series == 0
			     ? 0
			     : replay_each(reading.replay, office, period_first_day(period),
					   reading.series, reading.n_series, on_series, &reading,
					   err);
	}
	if (rc == 0) {
		*ret_stands = reading.stands;
		reading.stands = (struct hand_stands){ 0 };
	}
	reading_close(&reading);
	return rc;
}

void hand_stands_free(struct hand_stands *stands)
{
	free(stands->list);
	*stands = (struct hand_stands){ 0 };
}

const struct hand_stand *hand_stands_find(const struct hand_stands *stands, const char *labels)
{
	char wanted[LABELS_KEY_MAX], key[LABELS_KEY_MAX];
	labels_key(labels, wanted);
	for (size_t i = 0; i < stands->n; i++) {
		labels_key(stands->list[i].labels, key);
		if (strcmp(key, wanted) == 0)
			return &stands->list[i];
	}
	return NULL;
}

/* --- who said so --- */

static void author_read(sqlite3_stmt *row, const struct hand_stand *stand, struct arena *arena,
			char ret_author[WIRE_AUTHOR_LEN_MAX + 1])
{
	struct batch batch;
	struct err ignored;
	if (wire_batch_decode(arena, sqlite3_column_blob(row, 0),
			      (size_t)sqlite3_column_bytes(row, 0), &batch, &ignored) < 0 ||
	    stand->run < 0 || (uint64_t)stand->run >= batch.n_runs || stand->point < 0 ||
	    stand->point >= batch.runs[stand->run].n)
		return;
	uint16_t author = batch.points[batch.runs[stand->run].first + stand->point].author;
	if (author > 0)
		(void)snprintf(ret_author, WIRE_AUTHOR_LEN_MAX + 1, "%s",
			       batch.authors[author - 1]); /* fits: decoded */
}

int hand_sayer_read(sqlite3 *db, const struct hand_stand *stand, struct hand_sayer *ret_sayer,
		    struct err *err)
{
	struct hand_sayer sayer = { 0 };
	sqlite3_stmt *stmt = NULL;
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	int rc = arena ? db_prepare(db,
				    "SELECT j.payload, " HAND_IS(
					    "j.office",
					    "s.spool_id") " FROM journal j JOIN spool s ON s.id = "
							  "j.spool WHERE j.id = ?",
				    &stmt, err)
		       : err_memory(err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, stand->entry);
		rc = db_step(stmt, err);
	}
	if (rc == 1) {
		sayer.province = sqlite3_column_int(stmt, 1) != 0;
		author_read(stmt, stand, arena, sayer.author);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	arena_close(arena);
	if (rc >= 0)
		*ret_sayer = sayer;
	return rc < 0 ? rc : 0;
}
