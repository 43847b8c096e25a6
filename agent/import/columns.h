/* The header of a table of figures, understood. */
#pragma once

#include "common/base/err.h"
#include "common/text/csv_reader.h"
#include "import/headings.h"

#include <stdbool.h>
#include <stddef.h>

struct column {
	char *name;   /* owned; as the header has it, "" for none */
	char *period; /* owned; of ROLE_PERIOD_FIGURES, where the name does not tell all of it; or
		       * NULL
		       */
	struct heading heading;
	bool filled; /* a row so far has a label in it; its reader notes this */
};

enum form {
	FORM_LONG,   /* a column of metrics and one of values */
	FORM_WIDE,   /* a column per metric */
	FORM_ACROSS, /* a column of metrics and one per period */
};

struct place { /* of a cell in its file */
	unsigned line;
	const char *column, *value; /* the header's name; as the file has it; "" for none */
	unsigned nth;               /* the column, from 1; 0: the whole line */
	char kind;                  /* as csv_row has it; 't' in CSV */
};

struct columns {
	struct column *list; /* owned [n] */
	size_t n;            /* without empty ones at the end */
	unsigned line;       /* of the header */
	enum form form;
	bool dated; /* there is a column for the period, or several for its parts */
	bool plain; /* all called as a program calls them, none as people do */
	bool ours;  /* of a form that we made (HEADING_FORM) */
};

/**
 * Understand @row as a header. Empty names are taken: nothing may stand below them.
 *
 * -EINVAL, with line, column and what to do: a name that nobody knows or that two metrics have, a
 * column twice, no form or two at once; -ENOMEM.
 */
int columns_read(const struct headings *headings, const struct csv_row *row,
		 struct columns *ret_columns, struct err *err);
/** The first column of @role; NULL when there is none. */
const struct column *columns_find(const struct columns *columns, enum role role);
/** The cell of @row under @column, one of the list. Spreadsheets leave out empty cells at the end.
 */
struct place columns_place(const struct columns *columns, const struct csv_row *row,
			   const struct column *column);
/** The number of @column, one of the list, from 1. */
unsigned columns_nth(const struct columns *columns, const struct column *column);
/** Do figures stand in columns of @role? */
bool role_is_figure(enum role role);
void columns_free(struct columns *columns);
