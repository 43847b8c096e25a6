/* The command line: words of a command, what follows them, and options in any order. */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define ARGS_MAX 32u

struct option {
	const char *name;  /* without the dashes */
	const char *value; /* what its value is called in help; NULL: it takes none */
	const char *help;  /* N_() */
};

struct given {
	const char *name, *value; /* value: "" for an option without one */
};

struct args {
	const struct command *command; /* NULL: none was given */
	const char *words[ARGS_MAX];   /* what follows the command's words */
	size_t n_words;
	struct given options[ARGS_MAX];
	size_t n_options;
};

/**
 * Take @argv, words and options of one of @commands [n], apart (its texts are lent). "--name value"
 * and "--name=value" are the same; after "--" nothing is an option. -EINVAL, with a translated
 * sentence: an option that does not exist or that the command does not take, a value that is
 * missing or too much, words that are no command, too few or too many of them.
 */
int args_parse(int argc, char *const argv[], const struct command commands[], size_t n,
	       struct args *ret_args, struct err *err);
/** The value of an option, the last one given; NULL when absent. */
const char *args_option(const struct args *args, const char *name);

/** Help on one command. */
void args_help(const struct command *command, FILE *out);
/** Help on all @commands [n]. */
void args_help_all(const struct command commands[], size_t n, FILE *out);
