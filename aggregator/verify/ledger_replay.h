/* What the ledger says stands. While a verification walks the ledger, the tables that derive are
 * made anew from it alone, in a database of their own (in memory, what is large in a temporary
 * file): of the events the rows that they changed, of the entries what posting them writes beside
 * the pages: spools, series, declarations, lists of days, when what is of a day came, and what was
 * held. tables.h compares them with what stands.
 *
 * Some of it is not in the ledger, of entries that are older than its events:
 * - what was held of them, and when what is of a day came: the opening event has it as it stood;
 * - the numbers of series and spools, which programs of then gave: they are taken as they stand,
 *   where each has one of its own;
 * - how many observations a day's list had when they began to be counted (strand_before has how
 *   many came before the opening: what stands may lack up to so many; -1 where nobody knows, as an
 *   entry cannot be read);
 * - where spools go on from, of which provinces of then knew nothing: what knows of none may. */
#pragma once

#include "common/net/wire.h"
#include "common/sys/db.h"
#include "schema/event.h"
#include "verify/verify_report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger_replay;

/** @report outlives it. NULL: err says why. */
struct ledger_replay *ledger_replay_open(struct verify_report *report, struct err *err);
void ledger_replay_close(struct ledger_replay *replay); /* NULL is fine */

/** A step begins, in a transaction on @db. Entries up to @of_before are older than the events. On
 * error, too, ledger_replay_end() is called. */
int ledger_replay_begin(struct ledger_replay *replay, sqlite3 *db, int64_t of_before,
			struct err *err);
void ledger_replay_end(struct ledger_replay *replay);

/** The next event. One that does not fit what came before is reported. */
int ledger_replay_event(struct ledger_replay *replay, const struct event *event, struct err *err);

struct replay_entry {              /* of the journal, as its row says */
	int64_t id, office, spool; /* spool: the row that it names */
	bool named, of_origin;     /* that row is there; it says that it goes on from another */
	uint64_t name, seq;        /* of the spool; of the batch in it */
	int64_t received_us, day, back;
	bool listed; /* back is there */
	const uint8_t *payload, *held;
	size_t len, held_len;
};
/** The next entry; @batch NULL: its payload cannot be read. */
int ledger_replay_entry(struct ledger_replay *replay, const struct replay_entry *entry,
			const struct batch *batch, struct err *err);

/** All is in its tables, for now. Lent until the next of the calls above. Beside the tables of the
 * schema: strand_before(day, office, observations), and entry_differs(id, day, back, spool,
 * is_day, is_back, is_spool): entries whose row says something else beside what is chained; and
 * differs(k0, k1, k2, k3), for tables.c to keep keys in. */
int ledger_replay_tables(struct ledger_replay *replay, sqlite3 **ret_db, struct err *err);
