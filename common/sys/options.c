#include "common/sys/options.h"

#include "common/text/near_name.h"

#include <assert.h>
#include <errno.h> /* program_invocation_short_name */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define NAME_ROOM 24u /* for the name of an option and its dashes */
#define ROW_0     256 /* what getopt_long() returns for the first row's name; letters are below it */

/* The row that @code of getopt_long() means; NULL: none. */
static const struct option_row *row_find(const struct option_row *known, int code)
{
	if (code >= ROW_0)
		return &known[code - ROW_0];
	while (known->name && (code == 0 || known->letter != code))
		known++;
	return known->name ? known : NULL;
}

/* The argument with the option that getopt_long() has just looked at. It has gone past it, and past
 * a value that stands alone; but it stays at an argument with more letters. */
static char *typed(char *const argv[], int code)
{
	char *last = argv[optind - 1];
	if (optarg && optarg == last)
		return argv[optind - 2];
	if (code != 0 && code < ROW_0 && (*last != '-' || last[strlen(last) - 1] != (char)code))
		return argv[optind];
	return last;
}

/* The option that was typed as @argument is none of @known. */
static int refuse(const struct option_row *known, const char *argument, struct err *err)
{
	char typed_name[NAME_ROOM], dashed[NEAR_WORDS_MAX][NAME_ROOM];
	struct near_words near;
	(void)snprintf(typed_name, sizeof(typed_name), "%.*s",
		       (int)strcspn(argument + strspn(argument, "-"), "="),
		       argument + strspn(argument, "-")); /* a longer one is near to none */
	near_words_begin(&near, typed_name);
	for (; known->name; known++)
		near_words_try(&near, known->name);
	for (size_t i = 0; i < near.n; i++) { /* as it is to be typed */
		(void)snprintf(dashed[i], sizeof(dashed[i]), "--%s", near.list[i]); /* fits */
		near.list[i] = dashed[i];
	}
	(void)err_set(err, -EINVAL, "there is no option '%s'; see %s --help", argument,
		      program_invocation_short_name);
	return near_words_add(err, &near);
}

int options_take(int argc, char *argv[], const struct option_row known[], enum options_order order,
		 struct options *ret_options, struct err *err)
{
	struct options options = { 0 };
	struct option longs[OPTIONS_MAX + 1] = { 0 };
	char letters[2 * OPTIONS_MAX + 3] = "+:"; /* ':' tells a missing value from others */
	char *end = letters + 2;
	int result;

	/* getopt's own form of the table. */
	for (int i = 0; known[i].name; i++) {
		assert(i < (int)OPTIONS_MAX);
		longs[i] = (struct option){ .name = known[i].name,
					    .has_arg = !known[i].value          ? no_argument
						       : *known[i].value == '[' ? optional_argument
										: required_argument,
					    .val = ROW_0 + i };
		if (known[i].letter)
			*end++ = known[i].letter;
		if (known[i].letter && known[i].value)
			*end++ = ':';
	}
	opterr = 0; /* the sentences are ours */
	optind = 0; /* another command line may have been taken apart before */
	while ((result = getopt_long(argc, argv, order == OPTIONS_FIRST ? letters : letters + 1,
				     longs, NULL)) != -1) {
		const int code = result == '?' || result == ':' ? optopt : result;
		const struct option_row *row = row_find(known, code);
		char *argument = typed(argv, code);

		/* getopt_long() takes the beginning of a name for the name. */
		if (!row || (code >= ROW_0 && strcspn(argument + 2, "=") != strlen(row->name)))
			return refuse(known, argument, err);
		if (result == '?')
			return err_set(err, -EINVAL, "the option --%s takes no value", row->name);
		if (result == ':')
			return err_set(err, -EINVAL, "the option --%s needs a value: %s", row->name,
				       row->value);
		if (options.n_given == OPTIONS_MAX)
			return err_set(err, -EINVAL, "too many options");
		options.given[options.n_given++] =
			(struct option_given){ row->name,
					       optarg ? optarg : strchr(argument, '\0') };
	}
	options.operands = argv + optind;
	options.n_operands = (size_t)(argc - optind);
	*ret_options = options;
	return 0;
}

const char *options_value(const struct options *options, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < options->n_given; i++)
		if (strcmp(options->given[i].name, name) == 0)
			value = options->given[i].value;
	return value;
}
