/* What the columns of a table of figures may be called: period, metric, value, labels and notes in
 * Vietnamese and English, the metrics by name and by their labels, and their dimensions by name and
 * as the page shows them. Names are compared as people read them (common/text/viet.h): capitals,
 * blanks and the way a letter is encoded do not matter, nor does a number before or behind the name
 * ("1. Số tổ", "Số tổ (3)"), nor a metric's own unit ("Số tổ (tổ)"). Made from a catalogue, which
 * must outlive it. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/near_metric.h"
#include "import/terms.h"

#include <stdbool.h>
#include <stddef.h>

/* The column of metrics in a form that we made: what is not filled in there is no error. */
#define HEADING_FORM "lantoa-form"
/* And there: whose form it is, and what stood in the cell to be filled in when it was made. */
#define HEADING_OFFICE "lantoa-office"
#define HEADING_WAS    "lantoa-was"

enum role {
	ROLE_NONE,   /* no name */
	ROLE_PERIOD, /* all of it, or the part that the heading tells */
	ROLE_METRIC,
	ROLE_VALUE,
	ROLE_LABELS,
	ROLE_NOTE,   /* for people alone: row numbers, remarks */
	ROLE_OFFICE, /* whose figures they are */
	ROLE_WAS,    /* what the cell of the value held before */
	ROLE_UNIT,   /* of measure: its cells must name that of their line's metric */
	ROLE_DIMENSION,
	ROLE_FIGURES,        /* a metric's: its cells are figures */
	ROLE_PERIOD_FIGURES, /* a period: its cells are the figures of the line's metric */
	ROLE_AMBIGUOUS,      /* a label that two metrics have */
	ROLE_OTHER_UNIT,     /* a metric's, but in brackets stands what is not its unit */
};

struct heading {
	enum role role;
	bool plain;    /* a name of the catalogue or in its English: what a program writes */
	bool measured; /* the metric's unit stands in brackets behind it */
	char part;     /* of ROLE_PERIOD: y q m w d, year to day; '\0': all of it */
	const struct metric
		*metric;          /* of ROLE_FIGURES, ROLE_OTHER_UNIT; of ROLE_AMBIGUOUS the first
				   */
	const char *dimension;    /* of ROLE_DIMENSION */
	const char *dimension_vi; /* what it is called in Vietnamese; NULL: nobody says */
};

struct headings;

int headings_open(const struct catalogue *catalogue, struct headings **ret_headings,
		  struct err *err);
void headings_close(struct headings *headings); /* NULL is fine */
/** ROLE_NONE when nothing is called so. */
struct heading headings_find(const struct headings *headings, const char *text);

/** What was meant by a name that nothing is called by (I13), for a sentence: metrics by name and
 * label, or words as they are compared. False: nothing is near. */
bool headings_near(const struct headings *headings, const char *text,
		   char ret_meant[NEAR_METRICS_TEXT]);

/** Does @text begin, behind a number, with the name of @dimension of @metric, as words? */
bool headings_begins(const char *text, const struct metric *metric, const char *dimension);
/** The units of measure that the catalogue knows: for measure_is_known() and measure_said(). */
const struct terms *headings_terms(const struct headings *headings);

/** The old font (common/text/old_font.h) in which @text is one of these; NULL when it is in none.
 */
const char *headings_font(const struct headings *headings, const char *text);
