/* An edition of a table that is imported: units, successors, catalogue, indicators, offices, maps.
 * Private to api/.
 *
 * ?dry_run=1 tells what would change, row by row, and changes nothing. An edition that takes
 * something away from under figures (losses.h) is refused, 409 with how many they are, unless
 * ?yes=1. */
#pragma once

#include "api/call.h"
#include "ledger/change.h"

#define IMPORT_ARGUMENTS "yes dry_run"

struct importing {
	const char *what;   /* "units import": in the audit */
	const char *answer; /* how many rows: "changed" */
	const char *keys;   /* columns that tell its rows apart, parted by blanks */
	int (*import)(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err);
	/* Instead of these two, of what is imported whole: take it over; what is in force. */
	int (*take)(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err);
	int (*export)(sqlite3 *db, struct blob *out, struct err *err);
	/* All that is in force, with the columns of the file. */
	int (*table)(sqlite3 *db, const struct reference *reference, struct table **ret_table,
		     struct err *err);
	/* Whether and for what figures count, so that they follow: NULL, or its kind. */
	const enum change_kind *decides;
	bool audited; /* by import() */
};

/** Before the import, on the loop: the arguments. -EINVAL. */
int importing_prepare(struct call *call, struct err *err);
/** What is in force. The caller closes. */
int importing_table(const struct importing *importing, sqlite3 *db,
		    const struct reference *reference, struct table **ret_table, struct err *err);
/** Import the body of @call and answer. */
int importing_run(struct call *call, sqlite3 *db, const struct reference *reference,
		  const struct importing *importing, struct err *err);
