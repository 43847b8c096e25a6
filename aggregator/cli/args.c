#include "cli/args.h"

#include "common/base/i18n.h"
#include "common/base/names.h"
#include "common/base/near.h"
#include "common/base/utf8.h"
#include "common/text/near_name.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const struct option_row known[] = {
	{ "api", 0, "ADDRESS",
	  N_("where the aggregator listens: unix:PATH or http(s)://HOST:PORT; LANTOA_API is the "
	     "same") },
	{ "token-file", 0, "FILE",
	  N_("file with the token to show, where the address is not this machine's socket; only "
	     "its "
	     "owner may read it. LANTOA_TOKEN_FILE is the same") },
	{ "format", 0, "table|csv|json",
	  N_("how to print: for people, for spreadsheets, for programs; some commands have more") },
	{ "output", 0, "FILE",
	  N_("write csv, json or a further form of rows into this file, which is there once "
	     "it is whole") },
	{ "color", 0, "auto|always|never",
	  N_("colour what somebody has to look at; without it on a terminal, unless NO_COLOR is "
	     "set") },
	{ "help", 'h', NULL, N_("explain a command, or list all") },
	{ "version", 0, NULL, N_("print the version") },
	{ "area", 0, "CODE", N_("code of the unit asked for; without it the whole province") },
	{ "by", 0, "LEVEL",
	  N_("a row for each unit of this level below the area, or for each office") },
	{ "per", 0, "GRAIN",
	  N_("length of the periods: hour, day, week, month, quarter, semester or year") },
	{ "from", 0, "PERIOD",
	  N_("first period or day, such as 2025, 2025-Q2, 2025-06 or 2025-06-30, or latest: the "
	     "newest that is over") },
	{ "to", 0, "PERIOD", N_("last period, included") },
	{ "last", 0, "NUMBER",
	  N_("the last so many whole periods, up to the newest that is over; with --known, over "
	     "then") },
	{ "sort", 0, "COLUMN",
	  N_("rows in the order of this column of the answer, such as value; --sort=-value has the "
	     "greatest first, and --sort NAME:value that of one of several metrics") },
	{ "top", 0, "NUMBER",
	  N_("only the first so many rows, by --sort or else those of the greatest value; how many "
	     "are left out is told") },
	{ "period", 0, "PERIOD", N_("of which period the figure is") },
	{ "note", 0, "TEXT", N_("what is to be said about it, in one line") },
	{ "label", 0, "NAME=VALUE",
	  N_("only figures with this label; may be given several times") },
	{ "by-label", 0, "DIMENSION",
	  N_("rows for each label of this dimension, such as sector, and for what has none") },
	{ "calendar", 0, "civil|report",
	  N_("civil: months as usual; report: as reports close, from the 15th to the 14th") },
	{ "structure", 0, "DAY",
	  N_("under the borders of this day; without it, those of the time") },
	{ "known", 0, "INSTANT", N_("as known at the end of this day, or at this date and time") },
	{ "publication", 0, "NAME",
	  N_("as it was published under this name: its period, calendar and borders, and what was "
	     "known then") },
	{ "rank", 0, NULL,
	  N_("give each row its rank among those of its level, 1 being the highest") },
	{ "versus", 0, "year|period",
	  N_("beside each figure that of a year before, or of the period before, and the "
	     "change") },
	{ "total", 0, NULL,
	  N_("in each period a last row of the area as a whole, which need not be the sum of the "
	     "others") },
	{ "revisions", 0, NULL,
	  N_("instead of figures, all that became of them, first reports too: when, from whom, "
	     "with which batch, what it was, and what released or held it") },
	{ "name", 0, "NAME", N_("full name of the office") },
	{ "unit", 0, "CODE", N_("code of the unit the office reports for") },
	{ "on", 0, "DAY", N_("the first day on which it no longer exists, such as 2025-07-01") },
	{ "invite", 0, "FOLDER",
	  N_("write an invitation file into this folder for each office of the file that never "
	     "had one: CODE.invitation") },
	{ "dry-run", 0, NULL,
	  N_("change nothing; list what would change, and how many figures and offices would "
	     "lose what they count by") },
	{ "yes", 0, NULL,
	  N_("import it although figures lose what they count by: metrics or units that are gone, "
	     "another unit of measure, decimals or period") },
	{ "days", 0, "NUMBER", N_("for how many days the invitation is valid, 1 to 366") },
	{ "since", 0, "DAY", N_("of this day and those after it, as 2025-06-30") },
	{ "silent", 0, "[TIME]",
	  N_("those not heard for so long, such as 2d, 12h or 30m, or never; without a time, for "
	     "three of their push intervals (a day, where they close the line in between)") },
	{ "late", 0, NULL,
	  N_("those of which reports are missing whose due day is over, and which") },
	{ "behind", 0, "VERSION", N_("those whose program is older than this version") },
	{ "heard", 0, NULL, N_("every office, with when it was heard") },
	{ "into", 0, "FOLDER", N_("write the invitation into this folder, as CODE.invitation") },
	{ "repair", 0, NULL,
	  N_("rebuild the rollups, day by day, where they differ; not when the journal itself is "
	     "damaged") },
	{ "head", 0, "POSITION:HASH",
	  N_("a head of the ledger that somebody kept, as verify printed it then; is it still a "
	     "link "
	     "of it?") },
	{ "view", 0, "LINK",
	  N_("the address of a view, as a browser shows it; without it, the overview") },
	{ "lang", 0, "vi|en", N_("in this language, whatever the environment says") },
	{ "browser", 0, "PROGRAM", N_("the browser that prints; without it, the first there is") },
	{ "force", 0, NULL, N_("overwrite the file if it is there") },
	{ "keep", 0, "NUMBER", N_("then remove all such files there but this many of the newest") },
	{ "most", 0, "NUMBER", N_("print no more rows than this") },
	{ "before", 0, "EVENT", N_("go on before this one, as the list says where it has more") },
	{ "entry", 0, "NUMBER", N_("what came with this journal entry") },
	{ "office", 0, "CODE", N_("only what came from this office") },
	{ "role", 0, "ROLE",
	  N_("viewer reads; operator also closes, releases, moves and tells; admin also imports; "
	     "clerk is of one office") },
	{ "expires", 0, "DAY|TIME",
	  N_("until when a token is valid: the end of a day, 2027-06-30; for how long, 90d or 12h; "
	     "or never. Without it, 366 days") },
	{ "metric", 0, "NAME", N_("only this metric") },
	{ "form", 0, "GRAIN", N_("only what is reported per hour, day, week, month, ...") },
	{ "reason", 0, "TEXT", N_("why, in quotes: it stays with the act") },
	{ "all", 0, NULL, N_("everything") },
	{ "closed", 0, NULL, N_("let it in although its period is closed") },
	{ "older-copy", 0, NULL,
	  N_("let it in although it comes from a machine that was set back, and takes the place of "
	     "what came before") },
	{ "interval", 0, "SECONDS",
	  N_("for how many seconds a picture stands, 1 to 3600; without it 1") },
	{ "once", 0, NULL, N_("one picture, for a script; it takes as long as the interval") },
	{ "after", 0, "NUMBER", N_("only what comes behind this position; without it, all") },
	{ "epoch", 0, "NUMBER", N_("of which epoch the position is") },
	{ "wait", 0, "SECONDS",
	  N_("when there is no more, wait for more until none came for so many seconds: up to "
	     "60") },
	{ "kind", 0, "KIND",
	  N_("only alerts of this kind: fault, disk, clock, checkpoint, backup, double, silent, "
	     "late, quarantine or quality") },
	{ "hook", 0, "PROGRAM", N_("the program that is told") },
	{ "who", 0, "NAME", N_("only what this account did, or who is shown by this name") },
	{ "figures", 0, NULL, N_("batches as their figures, instead of as they are stored") },
	{ 0 },
};
/* What an option means to a command, where that is something else than to the others. */
static const struct {
	const char *words, *option, *help;
} own_help[] = {
	{ "alerts", "all", N_("also what is pending, and what was resolved within a week") },
	{ "alerts", "after", N_("what was told since the change of this number, oldest first") },
	{ "alerts follow", "into", N_("the folder that remembers how far it is") },
	{ "alerts follow", "wait",
	  N_("how long a line whose program fails is tried again; without it, 3600") },
	{ "audit", "kind", N_("only acts of this kind, such as \"office move\"") },
	{ "audit", "office", N_("only acts that name this office") },
	{ "audit", "from", N_("from this day on, or the beginning of this period") },
	{ "audit", "to", N_("up to this day, or the end of this period") },
	{ "audit", "after", N_("only what came after this event") },
	{ "setup", "yes",
	  N_("import it although figures lose what they count by, as with each import") },
	{ "office add", "from", N_("from this day on, such as 2025-06-30; without it, today") },
	{ "office import", "dry-run", N_("change nothing; list which offices would be added") },
	{ "office move", "from", N_("from this day on, such as 2025-06-30; without it, today") },
	{ "office move", "dry-run",
	  N_("change nothing, and tell where it would go and how many figures that touches") },
	{ "office rename", "dry-run", N_("change nothing, and tell what it would be called") },
	{ "office end", "dry-run",
	  N_("change nothing, and tell what would end and how many figures that touches") },
	{ "office follow", "on", N_("the day on which units ended, such as 2025-07-01") },
	{ "office follow", "dry-run",
	  N_("change nothing; list who would move where, and who is to be decided by hand") },
	{ "office heads", "all", N_("all offices that are connected") },
	{ "office heads", "days", N_("of so many days until today, 1 to 400") },
	{ "completeness", "top",
	  N_("only the first so many rows, by --sort or else those of whom most is missing; how "
	     "many are left out is told") },
	{ "explain", "period",
	  N_("which one, such as 2025, 2025-Q2 or 2025-06; without it, the one under way") },
	{ "explain", "office", N_("only what this office gives, entry by entry") },
	{ "explain", "most", N_("so many offices at once, up to 2000") },
	{ "explain", "after", N_("go on behind the office of this code, as the answer says") },
	{ "office tell", "all", N_("every office") },
	{ "office tell", "metric", N_("the figure that is asked about: of this metric") },
	{ "office tell", "label",
	  N_("the figure that is asked about: with this label; may be given several times") },
	{ "export sqlite", "metric", N_("only these metrics and indicators") },
	{ "quality", "from", N_("first period, such as 2025, 2025-Q2, 2025-06 or 2025-06-30") },
	{ "quarantine release", "all", N_("everything that waits and may count now") },
	{ "quarantine release", "dry-run",
	  N_("change nothing; list what would be released, and what would stay and why") },
	{ "close", "metric", N_("close it for this metric alone") },
	{ "close", "dry-run", N_("change nothing, and tell what would be closed") },
	{ "excuse add", "office", N_("the office that is excused") },
	{ "excuse add", "metric", N_("from this metric alone") },
	{ "excuse add", "form", N_("from all that is reported per hour, day, week, month, ...") },
	{ "excuse add", "period", N_("for this period, such as 2026-02 or 2026-02-16") },
	{ "excuse add", "to", N_("and on up to this one, included; as long as the first") },
	{ "excuse add", "dry-run", N_("change nothing, and tell who would be excused from what") },
	{ "excuse end", "dry-run", N_("change nothing, and tell which excuse would end") },
	{ "excuse list", "office", N_("only those of this office") },
	{ "reopen", "metric", N_("open it for this metric alone") },
	{ "reopen", "dry-run", N_("change nothing, and tell what would be open again") },
	{ "record", "office", N_("the office that told them") },
	{ "record", "label",
	  N_("of which part they are, such as sector=land; may be given several times") },
	{ "record", "dry-run", N_("record nothing; list what it would come to") },
	{ "token add", "office", N_("the office that a clerk is of") },
	{ "verify", "yes",
	  N_("do it although an office keeps a head that this ledger does not have, as after a "
	     "backup was restored") },
	{ "backup", "into", N_("write into this folder, under a name made of the time") },
};
static const char everywhere[] = "api token-file format output color help version";

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
		args->words += n;
		args->n_words -= n;
		return;
	}
}

/* Is @word the first of @command's two or more? */
static bool is_of_group(const struct command *command, const char *word)
{
	size_t len = strlen(word);

	return strncmp(command->words, word, len) == 0 && command->words[len] == ' ';
}

static void group_find(const struct command commands[], size_t n, struct args *args)
{
	for (size_t i = 0; i < n && !args->command && args->n_words == 1; i++)
		if (is_of_group(&commands[i], args->words[0]))
			args->group = args->words[0];
}

#define COMMANDS_MAX 96u
#define GROUP_MAX    24u

/* The commands, and their groups, that may have been meant by two words, or by one. */
static void commands_near(const struct command commands[], size_t n, const struct args *args,
			  struct near_words *words, char groups[COMMANDS_MAX][GROUP_MAX])
{
	char two[2 * NEAR_WORD_MAX];

	(void)utf8_print(two, sizeof(two), "%s %s", args->words[0],
			 args->n_words > 1 ? args->words[1] : ""); /* cut: near to none */
	near_words_begin(words, two);
	for (size_t i = 0; i < n && args->n_words > 1; i++)
		if (strchr(commands[i].words, ' '))
			near_words_try(words, commands[i].words);
	if (words->n > 0)
		return;
	near_words_begin(words, args->words[0]);
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(commands[i].words, " ");

		(void)utf8_print(groups[i], GROUP_MAX, "%.*s", (int)len, commands[i].words);
		if (i == 0 || strcmp(groups[i], groups[i - 1]) != 0)
			near_words_try(words, groups[i]);
	}
	for (size_t i = 0; i < n && words->n == 0; i++) /* "lantoa list" */
		near_words_try(words, commands[i].words);
}

static int refuse_command(const struct command commands[], size_t n, const struct args *args,
			  struct err *err)
{
	char groups[COMMANDS_MAX][GROUP_MAX], meant[NEAR_WORDS_TEXT];
	const char *second = args->n_words > 1 ? args->words[1] : "";
	struct near_words words;

	assert(n <= COMMANDS_MAX);
	commands_near(commands, n, args, &words, groups);
	if (words.n > 0)
		return err_set(err, -EINVAL, "there is no command '%s%s%s'; did you mean %s?",
			       args->words[0], *second ? " " : "", second,
			       near_words_say(&words, meant));
	return err_set(err, -EINVAL, "there is no command '%s%s%s'; see lantoa --help",
		       args->words[0], *second ? " " : "", second);
}

/* Where a number is wanted, nothing else is one. */
static int check_number(const struct option_given *given, struct err *err)
{
	for (const struct option_row *option = known; option->name; option++) {
		if (strcmp(option->name, given->name) != 0 || !option->value ||
		    names_find("NUMBER SECONDS EVENT", option->value, strlen(option->value)) < 0)
			continue;
		size_t n = strspn(given->value, "0123456789");
		if (n == 0 || given->value[n])
			return err_set(err, -EINVAL, "--%s: must be a whole number, not '%s'",
				       given->name, given->value);
	}
	return 0;
}

static int refuse_option(const struct command *command, const char *name, struct err *err)
{
	(void)err_set(err, -EINVAL, "'%s' does not take the option --%s; see lantoa %s --help",
		      command->words, name, command->words);
	return near_words_hint(err, command->options, name);
}

static int check(const struct args *args, struct err *err)
{
	const struct command *command = args->command;

	for (size_t i = 0; i < args->options.n_given; i++) {
		const char *name = args->options.given[i].name;

		if (names_find(everywhere, name, strlen(name)) < 0 &&
		    names_find(command->options, name, strlen(name)) < 0)
			return refuse_option(command, name, err);
		if (check_number(&args->options.given[i], err) < 0)
			return -EINVAL;
	}
	if (args->n_words < command->n_words || args->n_words > command->n_words + command->n_more)
		return err_set(err, -EINVAL, "usage: lantoa %s %s", command->words, command->usage);
	return command->check ? command->check(args, err) : 0;
}

int args_parse(int argc, char *argv[], const struct command commands[], size_t n,
	       struct args *ret_args, struct err *err)
{
	struct args args = { 0 };
	int rc = options_take(argc, argv, known, OPTIONS_ANYWHERE, &args.options, err);

	if (rc < 0)
		return rc;
	args.words = args.options.operands;
	args.n_words = args.options.n_operands;
	command_find(commands, n, &args);
	group_find(commands, n, &args);
	if (!args_option(&args, "help") && !args_option(&args, "version")) {
		if (!args.command && args.n_words == 0)
			return err_set(err, -EINVAL,
				       "a command is missing; lantoa --help lists them");
		if (!args.command && !args.group)
			return refuse_command(commands, n, &args, err);
		rc = args.command ? check(&args, err) : 0;
	}
	if (rc == 0)
		*ret_args = args;
	return rc;
}

const char *args_option(const struct args *args, const char *name)
{
	return options_value(&args->options, name);
}

static const char *help_of(const struct command *command, const struct option_row *option)
{
	for (size_t i = 0; command && i < sizeof(own_help) / sizeof(own_help[0]); i++)
		if (strcmp(own_help[i].words, command->words) == 0 &&
		    strcmp(own_help[i].option, option->name) == 0)
			return own_help[i].help;
	return option->help;
}

/* @command: whose they are; NULL: of all. */
static void help_options(const struct command *command, const char *list, FILE *out)
{
	for (const struct option_row *option = known; option->name; option++) {
		if (names_find(list, option->name, strlen(option->name)) < 0)
			continue;
		fprintf(out, "  --%s%s%s\n      %s\n", option->name, option->value ? " " : "",
			option->value ? option->value : "", _(help_of(command, option)));
	}
}

void args_help(const struct command *command, FILE *out)
{
	fprintf(out, _("Usage: lantoa %s %s\n"), command->words, command->usage);
	fprintf(out, "\n%s\n", _(command->help));
	if (command->forms) {
		fprintf(out, "\n");
		fprintf(out, _("Formats: %s %s\n"), "table csv json", command->forms);
	}
	if (command->options)
		fprintf(out, "\n%s\n", _("Options:"));
	help_options(command, command->options, out);
	fprintf(out, "\n%s\n", _("Options of every command:"));
	help_options(NULL, everywhere, out);
}

/* Up to its full stop or semicolon, or a colon. */
static size_t first_sentence(const char *text)
{
	for (size_t i = 0; text[i]; i++)
		if (strchr(".;:", text[i]) && (text[i + 1] == ' ' || !text[i + 1]))
			return i;
	return strlen(text);
}

void args_help_group(const struct command commands[], size_t n, const char *group, FILE *out)
{
	fprintf(out, _("Usage: lantoa %s COMMAND ...; its commands are:\n"), group);
	fprintf(out, "\n");
	for (size_t i = 0; i < n; i++) {
		const char *help = _(commands[i].help);

		/* a line for each: the first sentence says it */
		if (is_of_group(&commands[i], group))
			fprintf(out, "  %-14s %.*s\n", commands[i].words + strlen(group) + 1,
				(int)first_sentence(help), help);
	}
	fprintf(out, "\n");
	fprintf(out, _("See also: lantoa %s COMMAND --help\n"), group);
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
	help_options(NULL, everywhere, out);
	fprintf(out, "\n%s\n",
		_("Exit status: 0 done; 1 refused or failed, or verify found differences; 2 wrong "
		  "usage."));
}

int args_labels(const struct args *args, struct blob *out)
{
	int rc = 0;

	for (size_t i = 0; i < args->options.n_given && rc == 0; i++) {
		const struct option_given *option = &args->options.given[i];

		if (strcmp(option->name, "label") != 0)
			continue;
		if (out->len > 0)
			rc = blob_append(out, ";", 1);
		if (rc == 0)
			rc = blob_append(out, option->value, strlen(option->value));
	}
	return rc == 0 && out->len > 0 ? blob_append(out, "", 1) : rc;
}
