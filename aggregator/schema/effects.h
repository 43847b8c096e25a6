/* What events change, row by row. Triggers of the connection that writes take down each row of the
 * ledger's tables that is put, changed or dropped; an event carries them, and they can be put into
 * another database, which then stands as this one did.
 *
 * In JSON: {"unit": {"columns": ["id", ...], "changes": [[was, is], ...]}, ...}, in the order in
 * which they were made; was and is are arrays of the columns' values, null where there was or is no
 * such row. A blob is {"hex": "..."}, or {"text": "..."} where it is a text; a text that a disk
 * damaged is {"damaged": "its bytes in hex"}, so that it can be replaced and dropped like others
 * (I11). So a table may get columns later, and events from before can still be put. *
 * Table arrival (journal/day_times.h) follows from the entries and from which days acts touch: an
 * event tells these days, and only the opening has its rows. */
#pragma once

#include "common/base/blob.h"
#include "common/sys/db.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What an event moves: bits. */
#define MOVES_REFERENCE  1 /* units, offices, catalogue, ... */
#define MOVES_QUARANTINE 2 /* which figures count */

struct ledger_table {
	const char *name;
	int moves; /* MOVES_... */
	bool days; /* rows in the opening alone; of an act it is noted which days it touched */
};
/** The tables that derive from events. To have another: a row here. */
extern const struct ledger_table ledger_tables[];
extern const size_t n_ledger_tables;

/** On the connection that writes; once is enough. */
int effects_watch(sqlite3 *db, struct err *err);
struct effects; /* what a connection takes down */
/** Those of @db, which is watched; the connection's. */
int effects_of(sqlite3 *db, struct effects **ret_effects, struct err *err);
/** Rows that are changed meanwhile are not taken down: those that an entry of the journal tells of.
 * Who pauses goes on again, whatever came of it: neither can fail. NULL: all are taken down. */
void effects_pause(struct effects *effects, bool pause);
/** What was taken down, and is forgotten with it: as many rows as fit @bytes, at least one. @ret:
 * the text of that JSON, the caller's; empty when there is nothing (left). @ret_moves: its bits. */
int effects_take(sqlite3 *db, size_t bytes, struct blob *ret, int64_t *ret_moves, struct err *err);
/** The days that were touched, and are forgotten with it: [[first, last], ...], ascending, for days
 * that follow each other one range. @ret: NULL when there is none; the caller's to json_decref().
 */
int effects_take_days(sqlite3 *db, json_t **ret, struct err *err);
/** Was any row taken down that is not taken yet? */
int effects_any(sqlite3 *db, bool *ret_any, struct err *err);
/** All rows of the ledger's tables as if each had just been put: taken down. */
int effects_note_all(sqlite3 *db, struct err *err);
/** Put @rows into the tables of @db, those of tables that move any of @moves (0: of
 * all). -EUCLEAN: they do not fit what is there. */
int effects_put(sqlite3 *db, const json_t *rows, int moves, struct err *err);
