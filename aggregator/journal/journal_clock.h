/* What time it is for the journal. A wall clock that was set back, by a dead battery or by hand,
 * would take figures of today for ones of the future, and put what comes now before what was known
 * long ago (I4). So time stands still here at the newest entry of the journal until the clock is
 * past it; unless the kernel calls the clock synchronised: then it was ahead when that entry came,
 * and is believed. (What is to come is judged by it then. What comes is noted as received no
 * earlier than the newest entry all the same: the order of the ledger is that of its times.)
 * Likewise when it jumps ahead by more than a year: the next battery may put it right, but the
 * ledger cannot go back. Offices are told no time meanwhile, rather than a wrong one. */
#pragma once

#include "common/sys/db.h"

#include <stdbool.h>
#include <stdint.h>

/* A clock that is corrected by less harms nobody: it is past the newest entry in a minute. */
#define JOURNAL_CLOCK_BEHIND_US INT64_C(60000000)

struct journal_clock {
	/* When the newest entry was received, of the next commit too, or the newest event happened;
	 * 0: none. */
	int64_t newest_us;
	/* The machine; tests have their own: */
	int64_t (*wall_us)(void);
	bool (*vouched)(void); /* asked only when the wall clock is before newest_us */
};

/** As the journal has it. */
int journal_clock_open(sqlite3 *db, struct journal_clock *ret_clock, struct err *err);
/** Now, UTC microseconds since 1970. */
int64_t journal_clock_now_us(const struct journal_clock *clock);
/** By how much the wall clock is behind, when that is JOURNAL_CLOCK_BEHIND_US or more; else 0. */
int64_t journal_clock_behind_us(const struct journal_clock *clock);
/** By how much it jumped ahead of the ledger, when it did (LEDGER_JUMP_US) and nobody vouches for
 * it; else 0. */
int64_t journal_clock_ahead_us(const struct journal_clock *clock);
/** What offices are told: the wall clock; 0, which no clock believes, while it is behind or has
 * jumped. */
int64_t journal_clock_told_us(const struct journal_clock *clock);
