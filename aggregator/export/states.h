/* The words of a query's column `state`, and what they are to others. */
#pragma once

#include <stdbool.h>

struct state_words {
	const char *word;   /* as the query says it */
	char obs_status;    /* of the SDMX code list CL_OBS_STATUS */
	bool has_value;     /* of figures in this state */
	const char *called; /* N_(): for people */
};

/** NULL: no query says so. */
const struct state_words *state_words_find(const char *word);
/** All of them, one after the other; NULL: there are no more. */
const struct state_words *state_words_nth(unsigned nth);
