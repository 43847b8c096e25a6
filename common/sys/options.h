/* The options of a command line, over getopt_long(3): "--name value" and "--name=value" are the
 * same, and after "--" nothing is an option. Names are taken whole: what a script abbreviates today
 * would mean another option once a new one begins alike. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

#define OPTIONS_MAX 96u /* in a table, and on a command line */

struct option_row {
	const char *name;  /* without the dashes; NULL ends the table */
	char letter;       /* its short form; 0: it has none */
	const char *value; /* what its value is called in help; NULL: it takes none; "[WORD]": it
			      may have one, which is then typed as --name=value */
	const char *help;  /* N_(), for whoever prints the table; may be NULL */
};

struct option_given {
	const char *name; /* the row's */
	char *value;      /* in argv; "" for an option that takes none */
};

struct options {
	struct option_given given[OPTIONS_MAX]; /* in the order in which they were typed */
	size_t n_given;
	char **operands; /* what is no option; operands[n_operands] is NULL */
	size_t n_operands;
};

enum options_order {
	OPTIONS_FIRST,    /* the first operand ends them: what follows belongs to a command */
	OPTIONS_ANYWHERE, /* before, between and after operands */
};

/**
 * Take @argv [argc], whose first is the program's or the command's name, apart into options of
 * @known and operands. Texts are lent, and with OPTIONS_ANYWHERE the operands are moved to the end
 * of @argv; POSIXLY_CORRECT in the environment makes that OPTIONS_FIRST, as for all programs.
 * Not for two threads at once.
 *
 * -EINVAL, with a translated sentence: an option that does not exist, a value that is missing or
 * too much, more than OPTIONS_MAX options.
 */
int options_take(int argc, char *argv[], const struct option_row known[], enum options_order order,
		 struct options *ret_options, struct err *err);

/** The value of option @name, the last one given; NULL: it was not given. */
const char *options_value(const struct options *options, const char *name);
