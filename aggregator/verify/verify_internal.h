/* What the files of verify share: verify.c leads, verify_journal.c (with verify_index.c) and
 * verify_rollups.c look. */
#pragma once

#include "verify/verify.h"

#define WORDS_MAX 256u
#define WHO_MAX   64u

struct words {
	char text[WORDS_MAX];
};
/** Formatted, in the thread's language. */
struct words words(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct walk; /* verify_journal.c's */

struct place_key { /* of a row of rollup, whatever stands there */
	int64_t grain, bucket, node;
};

struct verify {
	char repairer[WHO_MAX]; /* "": look only */
	enum verify_stage stage;
	uint64_t done, all;
	struct verify_counts counts;
	struct table *table; /* owned */
	struct walk *walk;   /* owned; NULL before the first step */
	/* verify_rollups.c: how far it is */
	int64_t day;
	struct place_key key;
	bool begun;   /* the stage: all is known */
	bool damaged; /* journal or quarantine are: nothing is rebuilt */
	bool quiet;   /* differences are not counted yet, only seen: the write that follows will */
	bool seen;
	bool mending; /* what is named now is repaired in this transaction */
	bool writes;  /* the next step does */
};

/** A rollup differs. */
void verify_differs(struct verify *v, const char *what, struct words where, struct words found,
		    struct words expected);
/** Something that rollups derive from is not as it must be. */
void verify_damaged(struct verify *v, const char *what, struct words where, struct words found,
		    struct words expected);

/* Steps of a stage: 1: more of it is to do; 0: it is over; negative: an error. */
int verify_journal_step(struct verify *v, sqlite3 *db, const struct reference *reference,
			struct err *err);
void walk_close(struct walk *walk); /* NULL is fine */

/* verify_journal.c asks verify_index.c: of each entry, and then for the lists. */
struct index_walk {
	uint64_t unnamed;    /* of the entries so far, as a sum of hashes */
	int64_t day, office; /* of the list looked at last */
	bool misled;         /* something names what it must not */
};
struct index_look { /* what a step needs at hand */
	struct verify *v;
	struct index_walk *walk; /* kept from step to step */
	sqlite3_stmt *find;
};
struct index_place { /* of an entry */
	int64_t id, day, office, back;
};
int index_look_open(struct index_look *look, sqlite3 *db, struct err *err);
void index_look_close(struct index_look *look);
int index_entry(struct index_look *look, const struct index_place *place, struct err *err);
/** After all entries up to @end. 1: more lists are to be looked at; 0: all is told. */
int index_step(struct index_look *look, sqlite3 *db, int64_t end, struct err *err);

int verify_days_step(struct verify *v, sqlite3 *db, const struct reference *reference,
		     struct err *err);
int verify_pages_step(struct verify *v, sqlite3 *db, const struct reference *reference,
		      struct err *err);
