/* Tampering with a store, systematically: each column of each table that its schema has, in some
 * rows, one at a time; rows deleted, added and exchanged. By raw SQL, and behind the ledger's back;
 * what a trigger of the schema keeps in step goes along, as it would for whoever tampers. */
#pragma once

#include "schema/chain.h"
#include "support/testbed.h"

#define TAMPERING_COLUMNS_MAX 40u
#define TAMPERING_TABLES_MAX  48u

struct tampered_column {
	char *name, *type; /* owned: SQLite's, as all texts here */
	bool nullable, key, last_key;
	bool unique; /* in some unique index, the primary key or another */
};
struct tampered_table {
	char *name;
	struct tampered_column columns[TAMPERING_COLUMNS_MAX];
	size_t n;
	char *key; /* "a, b, c": its primary key */
	int64_t rows;
	uint8_t content[CHAIN_LEN]; /* as it was when tampering began */
};
struct tampering {
	struct testbed *testbed; /* outlives it */
	struct tampered_table tables[TAMPERING_TABLES_MAX];
	size_t n;
};
/** With all tables as they are now. Foreign keys are not looked at from now on. */
void tampering_open(struct tampering *ret_tampering, struct testbed *testbed);
void tampering_close(struct tampering *tampering);

/** A hash of all rows of a table; but for those that say how far something is, or when it was
 * written by the wall clock. */
void tampered_content(struct testbed *testbed, const struct tampered_table *table,
		      uint8_t ret[CHAIN_LEN]);

struct tamper_case {
	const struct tampered_table *table; /* NULL: of several */
	const char *column;                 /* NULL: whole rows */
	int64_t row;                        /* the how manieth, by key */
	const char *how, *sql;              /* lent */
};
/** Begin a transaction with what @sql does, which may be several statements. False: the store
 * refuses it, or it changes nothing; then nothing is begun. */
bool tamper_begin(struct testbed *testbed, const char *sql);
void tamper_end(struct testbed *testbed); /* it was not */
#define TAMPERED_KEY_MAX 64u
/** The first column of the row's key, as text. Returns @ret. */
const char *tampered_key(struct testbed *testbed, const struct tamper_case *tampered,
			 char ret[TAMPERED_KEY_MAX]);

/** Told of each case, to try it. False: the store refuses it. */
typedef bool on_tamper(void *context, const struct tamper_case *tampered);
/** All of @table: in its first, middle and last row; in all of them where they are few. */
void each_tamper_case(const struct tampered_table *table, on_tamper *on, void *context);

/** Each entry and event gets the link that it must have now (schema/chain.h): entries up to
 * @of_before those of before events began; 0: it began with them. */
void ledger_relink(struct testbed *testbed, int64_t of_before);
