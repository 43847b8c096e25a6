/* What the columns of a table of figures may be called: period, metric, value, labels and notes in
 * Vietnamese and English, the metrics by name and by their labels, and their dimensions. Names are
 * compared as people read them (common/viet.h): capitals, blanks and the way a letter is encoded do
 * not matter. Made from a catalogue, which must outlive it. */
#pragma once

#include "catalogue.h"
#include "err.h"

#include <stdbool.h>

enum role {
	ROLE_NONE, /* no name */
	ROLE_PERIOD,
	ROLE_METRIC,
	ROLE_VALUE,
	ROLE_LABELS,
	ROLE_NOTE, /* for people alone: row numbers, remarks, units of measure */
	ROLE_DIMENSION,
	ROLE_FIGURES,   /* a metric's: its cells are figures */
	ROLE_AMBIGUOUS, /* a label that two metrics have */
};

struct heading {
	enum role role;
	bool plain; /* a name of the catalogue or in its English: what a program writes */
	const struct metric *metric; /* of ROLE_FIGURES; of ROLE_AMBIGUOUS the first one */
	const char *dimension;       /* of ROLE_DIMENSION */
};

struct headings;

int headings_open(const struct catalogue *catalogue, struct headings **ret_headings,
		  struct err *err);
void headings_close(struct headings *headings); /* NULL is fine */
/** NULL when nothing is called so. */
const struct heading *headings_find(const struct headings *headings, const char *text);
