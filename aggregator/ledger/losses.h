/* What an edition of the reference takes away from under what is there: metrics, units, successors
 * and indicators that it lacks, and metrics that it makes others. Figures of such a metric wait in
 * quarantine afterwards, or mean what nobody reported; so whoever imports it is asked first, and
 * told how many they are. Labels, days until reports are due, more decimals of a limit and all that
 * is new take nothing away.
 *
 * A unit that ends on a day is an ordinary reform, and a loss only where figures of later days have
 * come. */
#pragma once

#include "common/base/err.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOSS_KEY_MAX     128u
#define LOSS_COLUMNS_MAX 96u

struct loss {
	char key[LOSS_KEY_MAX]; /* the row's: "team.count", "28249 2025-07-01", an indicator's name;
				   what is longer is cut */
	char columns[LOSS_COLUMNS_MAX]; /* that are others, "unit, decimals"; "": the row is gone */
	uint64_t figures; /* that count now, of it; of successors and indicators 0: they stay */
	uint64_t offices; /* that have sent any of the metric, or stand on the unit then */
	/* losses.c */
	const struct metric *before, *after; /* lent by the references */
	const struct unit *unit;             /* likewise */
	bool whole;                          /* all of the metric, not some of its series */
	int64_t last_office;                 /* that was counted */
};

struct losses {
	struct loss *list; /* owned [n], ascending by key */
	size_t n;
	uint64_t figures, offices; /* of all of them, each counted once */
	bool more; /* there are at least so many figures: counting ended early, or met a
		      damaged page */
};

/**
 * Compare two references, of which both outlive the call. Figures are counted in the pages of the
 * units on top, or in those of the offices that stand on a unit that goes: one look-up for each day
 * of it, LOSSES_LOOKUPS_MAX in all, and never the journal. -ENOMEM, or the database's error.
 */
int losses_of(sqlite3 *db, const struct reference *before, const struct reference *after,
	      struct losses *ret_losses, struct err *err);
void losses_free(struct losses *losses);
/** NULL: it has none of @key. */
const struct loss *losses_find(const struct losses *losses, const char *key);
