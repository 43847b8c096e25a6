/* I5: what was accepted and is in the journal, but cannot count: per entry and run (or some points
 * of it that follow one another) the reason. Nothing is dropped: releasing it makes the fold play
 * the entry again, as if it had counted from the start. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUARANTINE_WHOLE_RUN (-1)

struct quarantine;                                                /* the writer's statements */
struct quarantine *quarantine_open(sqlite3 *db, struct err *err); /* NULL: err says why */
void quarantine_close(struct quarantine *quarantine);             /* NULL is fine */
/** From @since_us on (0: since it came) hold a run of journal entry @journal, or its @observations
 * points from @point on; what is held already stays as it is, what was released is held again
 * (table quarantine_past keeps the time before: when it was held, released and held again).
 * Points only of an entry that has just come: otherwise see below. */
int quarantine_hold(struct quarantine *quarantine, int64_t journal, size_t run, int64_t point,
		    enum verdict verdict, size_t observations, int64_t since_us, struct err *err);
/** A row that is held is so for this reason from @at_us on. Where that is another one,
 * quarantine_past has the row as it was, released and held again at @at_us: it waited for the
 * reason before until then (I4). Not on what is to be. */
int quarantine_judge(struct quarantine *quarantine, int64_t journal, size_t run, int64_t point,
		     enum verdict verdict, size_t observations, int64_t at_us, struct err *err);

/* What quarantine says of each of a run's points, whichever rows it is in. (The run may be held as
 * a whole besides.) */
struct held_point {
	enum verdict verdict; /* VERDICT_OK: it was never held */
	int64_t released_us;  /* 0: it is held */
	int64_t held_us;      /* since when for that reason: until then it counted, or was held for
				 another (quarantine_past). 0: since it came */
};
static inline bool point_is_held(const struct held_point *point)
{
	return point->verdict != VERDICT_OK && point->released_us == 0;
}
#define RUN_POINTS_MAX 1440u /* the minutes of a day */
/** @ret_points [@n]: all points of the run. */
int quarantine_points(struct quarantine *quarantine, int64_t journal, size_t run,
		      struct held_point ret_points[], size_t n, struct err *err);
/** Replace all rows of the run's points, as few as there can be: one where neighbours are equal.
 * What is held again, or for another reason, has its held_us since. */
int quarantine_put_points(struct quarantine *quarantine, int64_t journal, size_t run,
			  const struct held_point points[], size_t n, struct err *err);

/* What is to be, while a change is made in steps: table quarantine_next has all rows that a run
 * will have then, of runs that change, and stands over quarantine (view quarantine_with_next). Who
 * judges and plays on the next pages reads both, and nobody else sees it.
 *
 * With the switch it is in force: a fact tells when that was, and every question reads both from
 * then on (QUARANTINE_SETTLING, QUARANTINE_PAST_SETTLING). Some rows at a time are brought to
 * quarantine, and into the ledger, by quarantine_settle(); when none is left the fact is gone.
 * Until then nobody but that and batches that come may write to quarantine: ledger/change.h refuses
 * them. Tables that follow from it (held, office_quarantine) have what was brought so far. */

/** In held_us and released_us of a row of next: the moment of the switch. */
#define QUARANTINE_AT_SWITCH INT64_MAX

/** The same functions on what is to be. NULL: err says why. */
struct quarantine *quarantine_open_next(sqlite3 *db, struct err *err);
/** It is in force, from @at_us on. @ret_settling: there is something to bring over. */
int quarantine_switch(sqlite3 *db, int64_t at_us, bool *ret_settling, struct err *err);
/** Bring about @rows rows over. Some 15 us a row. @ret_left: there are more. */
int quarantine_settle(sqlite3 *db, unsigned rows, bool *ret_left, struct err *err);
/** It will not be. */
int quarantine_abandon(sqlite3 *db, struct err *err);

#define QUARANTINE_NEXT_FACT "quarantine_next"
/** When what settles came in force: a row with that, or none. */
#define QUARANTINE_SWITCHED                                                                        \
	"SELECT value FROM fact WHERE name = '" QUARANTINE_NEXT_FACT "'"                           \
	" AND typeof(value) = 'integer'"
/** In this transaction: is what stands over quarantine in force? */
int quarantine_is_settling(sqlite3 *db, bool *ret_settling, struct err *err);

#define QUARANTINE_OF_NEXT                                                                         \
	"SELECT journal, run, point, verdict, observations,"                                       \
	" iif(released_us = 9223372036854775807, (" QUARANTINE_SWITCHED "), released_us)"          \
	" AS released_us, iif(held_us = 9223372036854775807, (" QUARANTINE_SWITCHED "), held_us)"  \
	" AS held_us FROM quarantine_next"
/* Rows that end at the switch: released they are held again, or held for another reason. */
#define QUARANTINE_PAST_NEXT                                                                       \
	"SELECT n.journal AS journal, n.run AS run, max(q.point, n.point) AS point,"               \
	" q.verdict AS verdict, iif(q.point < 0, q.observations,"                                  \
	" min(q.point + q.observations, n.point + n.observations) - max(q.point, n.point))"        \
	" AS observations, q.held_us AS held_us,"                                                  \
	" coalesce(q.released_us, (" QUARANTINE_SWITCHED ")) AS released_us,"                      \
	" (" QUARANTINE_SWITCHED ") AS again_us FROM quarantine_next n CROSS JOIN quarantine q"    \
	" ON q.journal = n.journal AND q.run = n.run WHERE n.released_us IS NULL"                  \
	" AND (n.point < 0) = (q.point < 0) AND (q.point < 0"                                      \
	"  OR (q.point < n.point + n.observations AND n.point < q.point + q.observations))"        \
	" AND (q.released_us IS NOT NULL OR (q.point >= 0 AND q.verdict <> n.verdict))"

/** What to select from while it settles, in place of quarantine and of quarantine_past. */
#define QUARANTINE_SETTLING                                                                        \
	"(" QUARANTINE_OF_NEXT " UNION ALL SELECT journal, run, point, verdict, observations,"     \
	" released_us, held_us FROM quarantine o WHERE NOT EXISTS (SELECT 1 FROM quarantine_next"  \
	" n WHERE n.journal = o.journal AND n.run = o.run))"
#define QUARANTINE_PAST_SETTLING                                                                   \
	"(" QUARANTINE_PAST_NEXT " UNION ALL SELECT journal, run, point, verdict, observations,"   \
	" held_us, released_us, again_us FROM quarantine_past)"

#define QUARANTINE_AT_MAX 72u /* "ENTRY:RUN:POINT", with its NUL */
struct quarantine_at {
	int64_t entry, run, point;
};
/** -EINVAL, with a sentence that begins with "before:". */
int quarantine_at_parse(const char *text, struct quarantine_at *ret_at, struct err *err);

/** What is held, newest first, at most @most rows behind @before (NULL: from the first on), and
 * where there are more, as head "list", "next", the row to go on behind: entry, office, received,
 * metric, labels, period, value, observations, reason. Each entry's payload is read and decoded
 * once; memory holds one of them, and the rows. Of what cannot be read metric, labels and value are
 * null. */
int quarantine_list(sqlite3 *db, const struct reference *reference, unsigned most,
		    const struct quarantine_at *before, struct table **ret_table, struct err *err);
