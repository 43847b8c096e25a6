/* Is each entry of the journal in the list of its day and office? Asked of each entry as the
 * journal is walked, and then of the lists. */
#pragma once

#include "common/sys/db.h"
#include "verify/verify_report.h"

#include <stdbool.h>
#include <stdint.h>

struct index_walk {
	uint64_t unnamed;    /* of the entries so far, as a sum of hashes */
	int64_t day, office; /* of the list looked at last */
	bool misled;         /* something names what it must not */
};
struct index_look { /* what a step needs at hand */
	struct verify_report *report;
	struct index_walk *walk; /* kept from step to step */
	sqlite3_stmt *find;
};
struct index_place { /* of an entry */
	int64_t id, day, office, back;
};
/** Prepare what a step asks the store; the caller has set @look's other fields. On error, too,
 * index_look_close() is called. */
int index_look_open(struct index_look *look, sqlite3 *db, struct err *err);
void index_look_close(struct index_look *look);
/** The walk has come to the entry at @place: is what it names an earlier one of its list? A
 * difference is reported; an error is of the disk. */
int index_entry(struct index_look *look, const struct index_place *place, struct err *err);
/** After all entries up to @end. 1: more lists are to be looked at; 0: all is told. */
int index_step(struct index_look *look, sqlite3 *db, int64_t end, struct err *err);
