/* The command line: words of a command, what follows them, and options in any order. */
#pragma once

#include "cli/command.h"
#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/sys/options.h"

#include <stddef.h>
#include <stdio.h>

struct args {
	const struct command *command; /* NULL: none was given */
	const char *group;             /* "office", when that alone was given; NULL: not */
	char **words;                  /* what follows the command's words */
	size_t n_words;
	struct options options;
};

/**
 * Take @argv, words and options of one of @commands [n], apart, as options_take() does. -EINVAL,
 * with a translated sentence, also for an option that the command does not take, for words that are
 * no command, and for too few or too many of them. The first word of commands, without a second
 * one, is no error, but a group: main() lists its words.
 */
int args_parse(int argc, char *argv[], const struct command commands[], size_t n,
	       struct args *ret_args, struct err *err);
/** The value of an option, the last one given; NULL when absent. */
const char *args_option(const struct args *args, const char *name);

/** Every --label, parted by ';' and terminated, into @out; an empty blob when there is none.
 * -ENOMEM. */
int args_labels(const struct args *args, struct blob *out);

/** Help on one command. */
void args_help(const struct command *command, FILE *out);
/** The words of @group, each with one line on what it does. */
void args_help_group(const struct command commands[], size_t n, const char *group, FILE *out);
/** Help on all @commands [n]. */
void args_help_all(const struct command commands[], size_t n, FILE *out);
