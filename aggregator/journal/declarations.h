/* Which series a spool's numbers stand for, as declared in its batches, and what today's catalogue
 * makes of each. A cache of one connection over the tables `declared` and `series`: of all spools
 * together DECLARED_KEPT series at most, and those of the spool that was asked about last; the
 * spools that were asked about longest ago are read again when they are next (0.7 us a series,
 * which the office pays that has many). */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/net/wire.h"
#include "common/sys/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct declared {                    /* 16 bytes: there are many */
	const struct metric *metric; /* of the catalogue; NULL: unknown */
	uint32_t series;             /* id of (metric, labels), the same for all offices */
	uint8_t grain;               /* enum grain */
	uint8_t calendar : 3;        /* enum calendar */
	uint8_t labelled : 1;        /* it has labels */
	uint8_t listed : 4;          /* enum days_held: are its labels codes of the lists? */
	uint8_t decimals;
	uint8_t verdict; /* enum verdict, on the series as a whole; VERDICT_OK: its values are
			    judged one by one */
};

#ifndef DECLARED_KEPT
#define DECLARED_KEPT 2097152u /* 32 MiB: 11,000 offices of 190 */
#endif

struct declarations;

/** NULL: err says why. */
struct declarations *declarations_open(sqlite3 *db, struct err *err);
void declarations_close(struct declarations *declarations); /* NULL is fine */
/** Forget all that was read (after a rollback), and judge by @catalogue (lent until the next call)
 * from now on. */
void declarations_forget(struct declarations *declarations, const struct catalogue *catalogue);

/** The series of spool row @spool: *@ret_list [*@ret_n], by number. Valid until the next call on
 * @declarations. */
int declarations_of(struct declarations *declarations, int64_t spool,
		    const struct declared **ret_list, size_t *ret_n, struct err *err);

/** Copy the labels of its series. */
int declarations_labels(struct declarations *declarations, const struct declared *declared,
			char ret_labels[LABELS_TEXT_MAX], struct err *err);
/** declarations_listed() of labels that were not always in their lists. */
int declarations_ask(struct declarations *declarations, const struct declared *declared,
		     int32_t day, bool *ret_listed, struct err *err);
/** Are its labels codes of the lists in force that may be received of @day? Of what stands nobody
 * asks. */
static inline int declarations_listed(struct declarations *declarations,
				      const struct declared *declared, int32_t day,
				      bool *ret_listed, struct err *err)
{
	if (declared->listed == HELD_SOMETIMES)
		return declarations_ask(declarations, declared, day, ret_listed, err);
	*ret_listed = declared->listed == HELD_ALWAYS;
	return 0;
}

/**
 * Take a batch's declarations: new ones are written, those known already must be the same. -EBADMSG
 * when they differ, leave a gap, or exceed WIRE_SERIES_MAX; the batch can never be taken then.
 */
int declarations_add(struct declarations *declarations, int64_t spool, const struct batch *batch,
		     struct err *err);
