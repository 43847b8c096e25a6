#include "cli/args.h"

#include "common/base/i18n.h"
#include "common/base/names.h"

#include <errno.h>
#include <string.h>

static const struct option options[] = {
	{ "api", "ADDRESS",
	  N_("where the aggregator listens: unix:PATH or http(s)://HOST:PORT; LANTOA_API is the "
	     "same") },
	{ "format", "table|csv|json",
	  N_("how to print: for people, for spreadsheets, for programs") },
	{ "help", NULL, N_("explain a command, or list all") },
	{ "version", NULL, N_("print the version") },
	{ "area", "CODE", N_("code of the unit asked for; without it the whole province") },
	{ "by", "LEVEL",
	  N_("a row for each unit of this level below the area, or for each office") },
	{ "per", "GRAIN",
	  N_("length of the periods: hour, day, week, month, quarter, semester or year") },
	{ "from", "PERIOD",
	  N_("first period or day, such as 2025, 2025-Q2, 2025-06 or 2025-06-30") },
	{ "to", "PERIOD", N_("last period, included") },
	{ "label", "NAME=VALUE", N_("only figures with this label; may be given several times") },
	{ "calendar", "civil|report",
	  N_("months as usual, or as reports close: from the 15th to the 14th") },
	{ "structure", "DAY",
	  N_("told under the borders of this day; without it, those of the time") },
	{ "known", "INSTANT", N_("as known at the end of this day, or at this date and time") },
	{ "rank", NULL,
	  N_("give each row its rank among those of its level, 1 being the highest") },
	{ "revisions", NULL,
	  N_("instead of figures, every change of one: when it came, from whom, and what it was") },
	{ "name", "NAME", N_("full name of the office") },
	{ "unit", "CODE", N_("code of the unit the office reports for") },
	{ "invite", "FOLDER",
	  N_("write an invitation file into this folder for each office of the file that never "
	     "had one: CODE.invitation") },
	{ "dry-run", NULL,
	  N_("change nothing; list what would change, and how many figures and offices would "
	     "lose what they count by") },
	{ "yes", NULL,
	  N_("take it over although figures lose what they count by: metrics or units that are "
	     "gone, another unit of measure, decimals or period") },
	{ "days", "NUMBER", N_("for how many days the invitation is good: 1 to 366") },
	{ "into", "FOLDER",
	  N_("write into this folder: an invitation as CODE.invitation, a backup under a name made "
	     "of the time") },
	{ "repair", NULL,
	  N_("make the rollups anew, day by day, where they differ; not when the journal itself is "
	     "damaged") },
	{ "keep", "NUMBER",
	  N_("then remove all such files there but the newest, as many as this") },
	{ "most", "NUMBER", N_("print no more rows than this") },
	{ "entry", "NUMBER", N_("what came with this journal entry") },
	{ "office", "CODE", N_("only what came from this office") },
	{ "metric", "NAME", N_("only this metric") },
	{ "all", NULL, N_("everything") },
	{ "closed", NULL, N_("let it in although its period is closed") },
	{ "older-copy", NULL,
	  N_("let it in although it comes from a machine that was set back, and takes the place of "
	     "what came before") },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))
static const char everywhere[] = "api format help version";

static const struct option *option_find(const char *name, size_t len)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
			return &options[i];
	return NULL;
}

/* How many of the command's words @args begins with; 0 unless it is all of them. */
static size_t command_fits(const struct command *command, const struct args *args)
{
	size_t i = 0;

	for (const char *at = command->words; *at; i++) {
		size_t n = strcspn(at, " ");

		if (i == args->n_words || strlen(args->words[i]) != n ||
		    strncmp(at, args->words[i], n) != 0)
			return 0;
		at += n + strspn(at + n, " ");
	}
	return i;
}

static void command_find(const struct command commands[], size_t n_commands, struct args *args)
{
	for (size_t i = 0; i < n_commands; i++) {
		size_t n = command_fits(&commands[i], args);

		if (n == 0)
			continue;
		args->command = &commands[i];
		args->n_words -= n;
		memmove(args->words, args->words + n, args->n_words * sizeof(args->words[0]));
		return;
	}
}

/* argv[*at] begins with two dashes. */
static int option_take(int argc, char *const argv[], int *at, struct args *args, struct err *err)
{
	const char *name = argv[*at] + 2;
	size_t len = strcspn(name, "=");
	const struct option *option = option_find(name, len);
	const char *value = name[len] == '=' ? name + len + 1 : NULL;

	if (!option)
		return err_set(err, -EINVAL, "there is no option '%s'; see lantoa --help",
			       argv[*at]);
	if (!option->value && value)
		return err_set(err, -EINVAL, "the option --%s takes no value", option->name);
	if (option->value && !value && ++*at < argc)
		value = argv[*at];
	if (option->value && !value)
		return err_set(err, -EINVAL, "the option --%s needs a value: %s", option->name,
			       option->value);
	if (args->n_options == ARGS_MAX)
		return err_set(err, -EINVAL, "these are too many options");
	args->options[args->n_options++] =
		(struct given){ .name = option->name, .value = value ? value : "" };
	return 0;
}

static int words_and_options(int argc, char *const argv[], struct args *args, struct err *err)
{
	bool only_words = false;
	int rc = 0;

	for (int i = 1; i < argc && rc == 0; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && strcmp(argv[i], "-h") == 0)
			args->options[args->n_options++] = (struct given){ "help", "" };
		else if (!only_words && strncmp(argv[i], "--", 2) == 0)
			rc = option_take(argc, argv, &i, args, err);
		else if (args->n_words < ARGS_MAX)
			args->words[args->n_words++] = argv[i];
		else
			rc = err_set(err, -EINVAL, "these are too many words");
		if (args->n_options == ARGS_MAX && rc == 0)
			rc = err_set(err, -EINVAL, "these are too many options");
	}
	return rc;
}

static int check(const struct args *args, struct err *err)
{
	const struct command *command = args->command;

	if (!command)
		return err_set(err, -EINVAL, "there is no command '%s%s%s'; see lantoa --help",
			       args->words[0], args->n_words > 1 ? " " : "",
			       args->n_words > 1 ? args->words[1] : "");
	for (size_t i = 0; i < args->n_options; i++) {
		const char *name = args->options[i].name;

		if (names_find(everywhere, name, strlen(name)) < 0 &&
		    names_find(command->options, name, strlen(name)) < 0)
			return err_set(err, -EINVAL,
				       "'%s' does not take the option --%s; see lantoa %s --help",
				       command->words, name, command->words);
	}
	if (args->n_words < command->n_words || args->n_words > command->n_words + command->n_more)
		return err_set(err, -EINVAL, "the command is used so: lantoa %s %s", command->words,
			       command->usage);
	return 0;
}

int args_parse(int argc, char *const argv[], const struct command commands[], size_t n,
	       struct args *ret_args, struct err *err)
{
	struct args args = { 0 };
	int rc = words_and_options(argc, argv, &args, err);

	if (rc < 0)
		return rc;
	command_find(commands, n, &args);
	if (!args_option(&args, "help") && !args_option(&args, "version")) {
		if (!args.command && args.n_words == 0)
			return err_set(err, -EINVAL,
				       "a command is missing; lantoa --help lists them");
		rc = check(&args, err);
	}
	if (rc == 0)
		*ret_args = args;
	return rc;
}

const char *args_option(const struct args *args, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < args->n_options; i++)
		if (strcmp(args->options[i].name, name) == 0)
			value = args->options[i].value;
	return value;
}

static void help_options(const char *list, FILE *out)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *option = &options[i];

		if (names_find(list, option->name, strlen(option->name)) < 0)
			continue;
		fprintf(out, "  --%s%s%s\n      %s\n", option->name, option->value ? " " : "",
			option->value ? option->value : "", _(option->help));
	}
}

void args_help(const struct command *command, FILE *out)
{
	fprintf(out, _("Usage: lantoa %s %s\n"), command->words, command->usage);
	fprintf(out, "\n%s\n", _(command->help));
	if (command->options)
		fprintf(out, "\n%s\n", _("Options:"));
	help_options(command->options, out);
	fprintf(out, "\n%s\n", _("Options of every command:"));
	help_options(everywhere, out);
}

void args_help_all(const struct command commands[], size_t n, FILE *out)
{
	fprintf(out, _("Usage: lantoa [OPTIONS] COMMAND ...\n"));
	fprintf(out, "\n%s\n\n%s\n",
		_("Asks and instructs the aggregator of the province's activity figures."),
		_("Commands:"));
	for (size_t i = 0; i < n; i++)
		fprintf(out, "  %s%s%s\n      %s\n", commands[i].words,
			*commands[i].usage ? " " : "", commands[i].usage, _(commands[i].help));
	fprintf(out, "\n%s\n", _("Options of every command:"));
	help_options(everywhere, out);
	fprintf(out, "\n%s\n",
		_("Exit status: 0 done; 1 refused or failed, or verify found differences; 2 wrong "
		  "usage."));
}
