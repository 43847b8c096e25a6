#include "export/states.h"

#include "common/base/i18n.h"

#include <stddef.h>
#include <string.h>

/* A figure that is in part is provisional to SDMX, and so is one of a period that is not over. */
static const struct state_words words[] = {
	{ "complete", 'A', true, N_("complete") },
	{ "partial", 'P', true, N_("somebody is missing") },
	{ "open", 'P', true, N_("the period is not over") },
	{ "carried", 'I', true, N_("carried from before") },
	{ "new_borders", 'B', true, N_("first period under new borders") },
	{ "successor", 'W', true, N_("with figures of units that ended") },
	{ "merged", 'K', false, N_("in its successor's figure") },
	{ "silent", 'O', false, N_("due, but nobody reported") },
	{ "no_value", 'O', false, N_("reported, but no figure") },
	{ "not_due", 'M', false, N_("not due") },
	{ "not_derivable", 'L', false, N_("not derivable under these borders") },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

const struct state_words *state_words_find(const char *word)
{
	for (size_t i = 0; i < N_WORDS; i++)
		if (strcmp(words[i].word, word) == 0)
			return &words[i];
	return NULL;
}

const struct state_words *state_words_nth(unsigned nth)
{
	return nth < N_WORDS ? &words[nth] : NULL;
}
