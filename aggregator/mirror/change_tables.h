/* The reference tables whose rows events carry (aggregator/api/CHANGES.md), as PostgreSQL has them
 * (mirror.sql): which columns they have, and how a value of the ledger is written there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum change_value {
	VALUE_PLAIN,    /* as it is: a text or a whole number */
	VALUE_DAY,      /* days since 1970 -> "2025-06-30" */
	VALUE_VERDICT,  /* a number -> its word */
	VALUE_CALENDAR, /* likewise */
	VALUE_GRAIN,
};

struct change_column {
	const char *name;
	enum change_value value;
	bool key; /* part of what tells its rows apart */
};

#define CHANGE_COLUMNS_MAX 12u

struct change_table {
	const char *name;
	struct change_column columns[CHANGE_COLUMNS_MAX]; /* ends with one without a name */
	const char *close; /* $1 province, $2 position, $3 keys as JSON: they are no more */
	const char *add;   /* $1 rows as JSON */
};

/** NULL: its rows go nowhere but into the body of their event. */
const struct change_table *change_table_find(const char *name);
/** Is @name a table of imported files, of which the newest is in force? */
bool change_table_is_file(const char *name);
