/* What metrics and indicators there are, and what they are called, in the reader's language. */
#pragma once

#include "dashboard/visit.h"

#define METRICS_TARGET    "/api/v1/catalogue"
#define INDICATORS_TARGET "/api/v1/indicators"

struct listed { /* texts of the answers to the two; "" where they say nothing */
	const char *name, *label, *unit;
	const char *section;    /* under which head it stands */
	const char *period;     /* a grain; of an indicator "" */
	const char *dimensions; /* parted by ';' or blanks, as the catalogue has them */
	bool indicator;
};

/** The @nth; false: there are no more, or they are not there yet. Metrics first, as the catalogue
 * has them, then indicators, each once. */
bool listed_next(struct visit *visit, size_t *nth, struct listed *ret_listed);
/** The one of that name [@len]. Otherwise false, and @ret_listed has the name of itself. */
bool listed_find(struct visit *visit, const char *name, size_t len, struct listed *ret_listed);
/** "2025-10: team.count, team.members, +2; 2025-Q3: ...", as the list of offices that need a call
 * has it, with periods and metrics as people call them. */
void listed_overdue(struct visit *visit, struct html *html, const char *text);
/** Does it answer to @words, typed with or without marks: part of its name or of its label? */
bool listed_is_like(const struct listed *listed, const char *words);
