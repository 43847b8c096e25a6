/* What a line of a table is: figures, or what people write around them. */
#pragma once

#include "common/text/csv_reader.h"
#include "import/columns.h"

#include <stdbool.h>

enum row_kind {
	ROW_EMPTY,   /* nothing, or no figure where one may be left out */
	ROW_FIGURES, /* it has some, or ought to */
	ROW_HEADER,  /* a second line of the header: names alone, where figures stand */
	ROW_AGAIN,   /* the header, as at the top of each printed page */
	ROW_OTHER,   /* the header of another table */
	ROW_NUMBERS, /* those of the columns: (1) (2) (3) */
	ROW_COUNTED, /* 1 2 3 under columns of figures: nobody can tell whether they are numbers of
			columns */
	ROW_UNITS,   /* units of measure below the headings */
	ROW_SECTION, /* a heading: text alone, where no figure stands */
	ROW_TOTAL,   /* of other lines, by its name */
	ROW_FOOTER,  /* who signs, when, remarks */
};

struct row_place {     /* what came before */
	unsigned rows; /* of this table, without the header */
	bool footer;   /* a line of it was met */
};

/** @place goes on with it. What @row says is its caller's: all of its texts, as they are. */
enum row_kind row_kind_of(const struct headings *headings, const struct columns *columns,
			  const struct csv_row *row, struct row_place *place);

/** What stands for "no figure" in statistics: "..", "…", "x". */
bool row_says_nothing(const char *cell);
