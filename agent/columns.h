/* The header of a table of figures, understood. */
#pragma once

#include "csv_reader.h"
#include "err.h"
#include "headings.h"

#include <stdbool.h>
#include <stddef.h>

struct column {
	char *name; /* owned; as the header has it, "" for none */
	struct heading heading;
};

struct columns {
	struct column *list; /* owned [n] */
	size_t n;            /* without empty ones at the end */
	bool wide;           /* a column per metric; else one of metrics and one of values */
	bool plain;          /* all called as a program calls them, none as people do */
};

/**
 * Understand @row as a header. Empty names are taken: nothing may stand below them.
 *
 * -EINVAL, with line, column and what to do: a name that nobody knows or that two metrics have, a
 * column twice, neither form or both at once; -ENOMEM.
 */
int columns_read(const struct headings *headings, const struct csv_row *row,
		 struct columns *ret_columns, struct err *err);
void columns_free(struct columns *columns);
