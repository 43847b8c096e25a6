/* Events: what changes an answer and is no batch. An import, an office that comes, moves or gets a
 * key, a closing, a release: each is a row with its place in the ledger, its time, who did it, its
 * kind, and in its body all that it changed.
 *
 * The tables that say how things stand (effects.h has their list) derive from the events. An act
 * changes them first, within its transaction, and then appends its event, which takes along every
 * row that was changed since the event before: no act can forget one, and replaying is the same for
 * all kinds: put the rows. (By this program or a later one: nothing is judged again.)
 *
 * A body is a JSON object: "rows" is what was changed (effects.h), "days" which local days' pages
 * it touched, as [[first, last], ...]: their last time (journal/day_times.h) is the event's. Others
 * as the kind wants them. Rows that are many go on in events of kind "continued", which name it as
 * "of". What a change holds may come in such events some moments later, with others between: while
 * some is still to come, each says "unsettled": true, and with the last of it false.
 */
#pragma once

#include "common/sys/db.h"
#include "schema/chain.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define EVENT_BODY_MAX                                                                             \
	(1u << 20) /* of rows: what is more goes on in events of kind "continued"                  \
		    */
#define EVENT_CONTINUED "continued"
#define EVENT_UNSETTLED "unsettled"
#define EVENT_OPENING   "opening"       /* what stood when events began */
#define EVENT_FOLDED    "labels folded" /* from here on: journal/series_ids.h */

struct event {
	int64_t id, after_journal, at_us;
	int64_t moves;                          /* effects.h */
	const char *kind, *who, *detail, *body; /* of the row: valid until it is left */
	uint8_t chain[CHAIN_LEN];
};

struct event_form {
	const char *who, *kind;
	const char *detail; /* the line that the audit shows; NULL: nothing */
	/* Of event_time(), for acts that write their time into rows, and for what is noted beside
	 * them; 0: the next one, by the wall clock. */
	int64_t at_us;
	bool note;    /* something is told that changed no row: the rows wait for their act */
	json_t *more; /* what its body holds besides "rows" and "days": lent; NULL: nothing */
	int64_t of;   /* it only goes on from that event, if any row was changed; 0: it is its own
		       */
};

#define EVENT_NOW INT64_MIN
/** When an event that is appended in this transaction will have happened: after all that is in the
 * ledger. @now_us: EVENT_NOW (ledger_clock_us()), or what the caller takes it to be. */
int event_time(sqlite3 *db, int64_t now_us, int64_t *ret_at_us, struct err *err);
/** Append an event with all rows that were changed since the one before: in further ones, of kind
 * "continued", when they are many. @ret_head: the ledger's afterwards (may be NULL). */
int event_append(sqlite3 *db, const struct event_form *form, struct ledger_head *ret_head,
		 struct err *err);

/** What event_read() reads, in this order. */
#define EVENT_COLUMNS "id, after_journal, at_us, moves, kind, who, detail, body, chain"
/** A row of those columns. -EUCLEAN when it cannot be one. */
int event_read(sqlite3_stmt *row, struct event *ret_event, struct err *err);
/** Begin the ledger of a store that had none: what was in its audit (table audit_before, which
 * goes), and what stands, as events. In the transaction of the step that made the table. */
int events_open(sqlite3 *db, struct err *err);
