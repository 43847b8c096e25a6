/* What the files of verify share: verify.c leads, verify_journal.c, verify_days.c and
 * verify_pages.c look, each at its stage. */
#pragma once

#include "verify/verify.h"

struct walk; /* verify_journal.c's */

struct place_key { /* of a row of rollup, whatever stands there */
	int64_t grain, bucket, node;
};

struct verify {
	enum verify_stage stage;
	uint64_t done, all;
	struct verify_report report;
	struct walk *walk; /* owned; NULL before the first step */
	/* verify_days.c and verify_pages.c: how far it is */
	int64_t day;
	struct place_key key;
	bool begun;  /* the stage: all is known */
	bool writes; /* the next step does */
};

/* Steps of a stage: 1: more of it is to do; 0: it is over; negative: an error. */
int verify_journal_step(struct verify *v, sqlite3 *db, const struct reference *reference,
			struct err *err);
void walk_close(struct walk *walk); /* NULL is fine */

int verify_days_step(struct verify *v, sqlite3 *db, const struct reference *reference,
		     struct err *err);
int verify_pages_step(struct verify *v, sqlite3 *db, const struct reference *reference,
		      struct err *err);
