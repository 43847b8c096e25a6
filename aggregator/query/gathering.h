/* What came of figures, noted down while the journal's office-days are played again: of all that
 * lies in a question's area and range (revisions.c), or of some offices' figures of one bucket
 * (explain_entries.c). Nobody else includes it. */
#pragma once

#include "query/held_entry.h"
#include "query/query.h"
#include "query/rows.h"
#include "query/series.h"
#include "query/slices.h"
#include "rollup/replay.h"

struct note {
	int64_t entry, received_us, run, point;
	bool held;
	const struct office *office;
	const struct metric *metric;
	uint32_t series, nth;
	int32_t day;
	bool before; /* the bucket: it may be carried into it */
	struct replay_slot was, became;
};

struct gathering {
	const struct plan *plan;
	const struct reference *reference;
	sqlite3_stmt *labels, *offices, *batch, *verdict, *past, *event, *account;
	struct declarations *declarations;
	struct held_entry entry; /* that is told of */
	struct replay *replay;
	struct series_list series; /* of the operand at hand */
	const struct metric *metric;
	struct rows rows; /* of the bucket */
	struct slice slice;
	const struct office *office;
	bool before, nowhere; /* the slice is before the bucket; the office had no unit that day:
				 what it sent waits */
	struct note *notes;   /* owned [n] */
	size_t n;
	int32_t *days; /* owned [n_days], ascending: those of the range with entries in the journal
			*/
	size_t n_days;
};

/** On error there is something to close, as in one of zeros. */
int gathering_open(struct gathering *g, sqlite3 *db, struct err *err);
void gathering_close(struct gathering *g);
/** Note down, in the journal's order, all that came of the plan's area, range and labels. */
int gathering_of_plan(struct gathering *g, sqlite3 *db, struct err *err);
/** The same of what @offices [@n] sent of @metric for @bucket, wherever they stood, and for the own
 * periods before it that may be carried into it (rule 5.2). */
int gathering_of_offices(struct gathering *g, sqlite3 *db, const struct metric *metric,
			 struct period bucket, const struct office *const offices[], size_t n,
			 struct err *err);
/** The columns that note_put() fills. */
struct table *note_table(void);
/** Its rows: what happened to it before, then what it changed. */
int note_put(struct gathering *g, struct table *table, const struct note *note, struct err *err);
