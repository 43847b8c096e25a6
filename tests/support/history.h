/* Random histories of a small made-up province: units that begin, end and change their parents,
 * offices that move, metrics of every kind, and what offices send: in order, late, corrected,
 * withdrawn, from a recreated spool, from a machine that was set back to an older copy of itself or
 * is a copy of another, and wrong. */
#pragma once

#include "support/oracle.h"
#include "support/seeds.h"
#include "support/testbed.h"

#define HISTORY_METRICS 8u
#define HISTORY_OFFICES 8u
#define HISTORY_DAYS    60 /* figures are of days base to base + this, and units change then */

enum act_kind {
	ACT_MOVE,
	ACT_CLOSE,
	ACT_REOPEN,
	ACT_RELEASE,
	ACT_IMPORT,
	ACT_RENAME,
	ACT_EXCUSE,
	ACT_EXCUSE_END
};

struct act { /* an order of the province's operator */
	enum act_kind kind;
	size_t before;      /* how many batches had come */
	int64_t office;     /* moved, or whose figures are released (0: any) */
	const char *unit;   /* moved to; NULL: none */
	int32_t day;        /* moved from */
	const char *metric; /* NULL: any */
	struct period period;
	enum grain form; /* excused, where there is no metric */
	int64_t entry;   /* released; 0: any; of an excuse that ends: which, counted from 1 */
	bool closed, older_copy;
	const char *what; /* is imported: "units", "successors", "catalogue", "indicators",
			     "dimensions" or "calendar" */
	char *csv;        /* owned: this; or the new name */
	int64_t at_us;
	/* when it was done: */
	bool refused; /* by the ledger */
	uint64_t released, kept;
	int64_t done_us;         /* its time in the ledger */
	struct reference *after; /* owned: as it was then; NULL: it moved nothing */
};

struct history {
	struct dice *dice; /* lent */
	int32_t base;      /* a day */
	int32_t days;      /* figures are of base to base + this */
	bool diligent;
	char units[2048], successors[512], catalogue[2048], names[HISTORY_METRICS][8];
	struct {
		const char *unit;
		int32_t day;
	} moves[HISTORY_OFFICES][4]; /* unit NULL: to none */
	size_t n_moves[HISTORY_OFFICES];
	bool silent[HISTORY_OFFICES]; /* throughout */
	/* C2 is divided on this day, and its office goes on in the part that C1 is given; names[0]
	   is told by communes and does not add. 0: it is left to the dice */
	int32_t reform;
	struct testbed_batch *batches; /* owned [n], in the order in which they came */
	size_t n;
	struct heard *heard; /* owned [n_heard], in the same order */
	size_t n_heard;
	struct act *acts; /* owned [n_acts], in order; none unless history_make_acts made some */
	size_t n_acts, n_done;
	struct reference *before; /* owned: as it was before the first of them was done */
	bool stepwise;            /* imports and moves are made in steps, with batches between */
	struct change *change;    /* owned: of these; NULL: none is being made */
	struct act *under_way;    /* lent: which is not in force yet; it counts as refused so far */
};

extern const char *const history_areas[]; /* codes of units there ever are; NULL-ended */

/** Invent all of it. */
void history_make(struct history *history, struct dice *dice, size_t n_batches);
/** The same, but of a diligent province: for @days days nearly every office sends nearly every
 * figure on its day, and on some days nobody does. */
void history_make_diligent(struct history *history, struct dice *dice, int32_t days);
/** Invent @n orders between the batches: moves, closings, releases. From then on the batches are in
 * the order of time, too. */
void history_make_acts(struct history *history, size_t n);
/** The same, and imports and renames as well, and each happens when it is done: before whatever
 * comes after it. */
void history_make_all_acts(struct history *history, size_t n);
/** Then invent @n excuses, and some that end, between all that. The dice stay where they are. */
void history_make_excuses(struct history *history, size_t n);
/** Likewise @n imports of days off, which touch nothing but who was late. */
void history_make_calendars(struct history *history, size_t n);
void history_free(struct history *history);
/** A database with its units, offices and catalogue, and nothing posted. */
void history_open(const struct history *history, struct testbed *ret_testbed);
/** Post all in random groups, with rollbacks, repeats, gaps and garbage between. */
void history_post(struct history *history, struct testbed *testbed);
/** The same for batches[@from] to batches[@to - 1], after those before. */
void history_post_part(struct history *history, struct testbed *testbed, size_t from, size_t to);
/** Let the province's clock run on: each batch is received at least @apart_us after the one posted
 * before it. */
void history_in_order(struct history *history, int64_t apart_us);
/** Tell the oracle what was received up to @until_us; INT64_MAX: all of it. @testbed lends the
 * reference. */
void history_tell(const struct history *history, const struct testbed *testbed, int64_t until_us,
		  struct oracle *ret_oracle);
