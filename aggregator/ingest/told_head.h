/* The ledger's head as offices are told it: with each Welcome, Ack and Pong. On the loop thread,
 * for all of them the same one, and never an earlier one than was told before: an office takes a
 * position that falls for a province that was set back. */
#pragma once

#include "common/net/wire.h"
#include "schema/chain.h"

struct told_head {
	int64_t epoch;             /* of the store; 0: it cannot be read, and is not told */
	struct ledger_head newest; /* that is durable; none at first */
};

/** In a transaction, for told_head_raise() once that is durable. I11: a head that cannot be read is
 * none, and none is told of it; whoever needs it for a link meets the damage himself. */
void told_head_read(sqlite3 *db, struct ledger_head *ret_head);
/** As of an opened store: its head, and its epoch. */
void told_head_open(struct told_head *told, sqlite3 *db);
void told_head_raise(struct told_head *told, const struct ledger_head *head);
/** As the wire has it, in @message, which lends from @told; NULL: there is none to tell. */
Lantoa__V1__Head *told_head_fill(const struct told_head *told, Lantoa__V1__Head *message);
