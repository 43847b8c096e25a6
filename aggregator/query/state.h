/* What kind of figure a row shows, in one word for programs: what a table of figures that others
 * will read (SDMX, a spreadsheet) says beside each of them. The sentence for people is the row's
 * reason. */
#pragma once

#include "query/figures.h"

enum state {
	/* without a value */
	STATE_NOT_DERIVABLE, /* not_derivable: under the borders asked for (rule 5.7) */
	STATE_MERGED,        /* merged: the unit ended in the period, and what stands at its end is
				its successor's (rule 5.2) */
	STATE_SILENT,        /* silent: it was due, and nobody reported */
	STATE_NO_VALUE,      /* no_value: reported, but there is no figure: a division by zero, an
				operand that is missing, who reported stands elsewhere at the end */
	STATE_NOT_DUE,       /* not_due: nothing was due (yet), or the unit is not in force */
	/* with one */
	STATE_OPEN,        /* open: the period is not over */
	STATE_PARTIAL,     /* partial: somebody who was due is missing, or excused */
	STATE_CARRIED,     /* carried: levels from before stand for some of it */
	STATE_SUCCESSOR,   /* successor: what units that ended reported is in it */
	STATE_NEW_BORDERS, /* new_borders: the first period of a unit that took over from others */
	STATE_COMPLETE,    /* complete */
};

/** The state of @row, of which the answer shows @figure. @derivable: the borders asked for let it
 * have a value; @level: it is asked what stands at the bucket's end (rule 5.2); @elsewhere: an
 * office that reported here stands elsewhere then. The first of the list above that fits. */
enum state state_of(const struct plan *plan, const struct units *units, const struct row *row,
		    const struct figure *figure, struct period bucket, bool derivable, bool level,
		    bool elsewhere);

/** The word of the column `state`. */
const char *state_name(enum state state);
