/* What a verification has found so far: a table of differences, and counts. Whatever looks at the
 * store writes into it. */
#pragma once

#include "common/base/err.h"
#include "common/text/table.h"

#include <stdbool.h>
#include <stdint.h>

#define VERIFY_ROWS_MAX 1000u
#define VERIFY_ROWS_OF_ONE                                                                         \
	200u /* of one "what": a break of many is not to hide what else there is */

struct verify_counts {
	uint64_t batches, observations, pages, differences;
	uint64_t beyond_repair; /* of the differences: those that are not in the rollups */
	uint64_t repaired;      /* of the differences */
};

/** A table of verify, with its columns. NULL: out of memory. */
struct table *verify_table_open(void);
/** Add the head object "counts" with @counts, once they are final. Where memory runs out,
 * table_failed(@table) says so. */
void verify_table_head(struct table *table, const struct verify_counts *counts);

#define WORDS_MAX        256u
#define VERIFY_WHATS_MAX 32u
#define REPAIRER_MAX     64u

struct words {
	char text[WORDS_MAX];
};
/** Formatted, in the thread's language. */
struct words words(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct verify_report {
	char repairer[REPAIRER_MAX]; /* "": look only */
	struct verify_counts counts;
	struct table *table; /* owned */
	struct {
		const char *what; /* NULL: none yet */
		uint64_t n;
	} told[VERIFY_WHATS_MAX]; /* rows of the table */
	bool damaged;             /* the ledger is: nothing is made anew from it */
	bool tables_left;         /* tables differ from the ledger, and were left so */
	bool quiet; /* differences are not counted yet, only seen: the write that follows will */
	bool seen;
	bool mending; /* what is named now is repaired in this transaction */
};

/** A step that compares rollups begins. With a repairer, where nothing is damaged, what differs is
 * only seen at first (quiet), and is named by the step that @writes and repairs it (mending). */
void verify_report_begin(struct verify_report *report, bool writes);

/** What derives differs. */
void verify_differs(struct verify_report *report, const char *what, struct words where,
		    struct words found, struct words expected);
/** What all derives from is not as it must be. */
void verify_damaged(struct verify_report *report, const char *what, struct words where,
		    struct words found, struct words expected);
