/* A line split into words, by the part of the shell's rules that surprises nobody: blanks separate;
 * "..." and '...' hold together, also within a word; '\' takes the next character as it is, but not
 * within '...'. There is nothing else: no variables, no patterns, no pipes. Pure. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

#define COMMANDLINE_WORDS 64u

/** Splits @line in place into @ret_words, ended by NULL; they point into it. -EINVAL: a quote that
 * is not closed; -E2BIG: over COMMANDLINE_WORDS. */
int commandline_split(char *line, char *ret_words[COMMANDLINE_WORDS + 1], size_t *ret_n,
		      struct err *err);

/** Cuts @word, NAME=VALUE, behind the name; the value, or NULL when there is no '=' or no name. */
char *commandline_value(char *word);
