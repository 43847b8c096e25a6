#include "cli/agent_commands.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/sys/options.h"
#include "common/text/near_name.h"
#include "daemon/run.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int cmd_run(struct command_context *context, int argc, char *argv[], struct err *err)
{
	(void)argv;
	if (argc != 1)
		return command_usage(err, _("run takes no arguments"));
	return command_exit(run(&context->settings, &context->source, err));
}

static const struct command commands[] = {
	{ "run", "", N_("serve this office: keep figures, send them to the province"), cmd_run },
	{ "enrol", "INVITATION|FILE|-",
	  N_("make this machine the office's, with the province's line or the file that holds it"),
	  cmd_enrol },
	{ "record",
	  "METRIC=VALUE... [--period P] [--label K=V]... [--add] [--strict] [--note TEXT] "
	  "[--author NAME]",
	  N_("hand in figures; METRIC=- withdraws one"), cmd_record },
	{ "import", "FILE [--strict] [--author NAME]",
	  N_("hand in figures from an Excel workbook or CSV"), cmd_import },
	{ "template", "PERIOD [FILE] [--calendar C]",
	  N_("write the Excel form of a period, to be filled in and imported"), cmd_template },
	{ "status", "[--json]",
	  N_("how the office's figures stand: sent, waiting, refused; exit status 1 when something "
	     "is wrong"),
	  cmd_status },
	{ "spool", "list|unsent|verify|export|repair [FILE] [--yes]",
	  N_("look at what is kept here; bring back what a damaged file still holds"), cmd_spool },
	{ "token", "[--new]",
	  N_("print the token that programs show the agent over TCP, [http] listen"), cmd_token },
	{ "clock", "[list] | assign START DATE-TIME | drop START",
	  N_("what time it is, and the figures that wait because nobody knew"), cmd_clock },
	{ "message", "[list] | read WHICH",
	  N_("what the province wrote to this office; mark it as read"), cmd_message },
	{ "catalogue", "", N_("list what may be reported"), cmd_catalogue },
	{ "sql", "FILE QUERY",
	  N_("print what a section [sql NAME] would record; exit status 1 when it would be "
	     "refused"),
	  cmd_sql },
	{ 0 },
};

/* What the agent itself runs as a child: without configuration and zone, and not shown to people.
 */
static const struct command bare_commands[] = {
	{ "sql-lines", NULL, NULL, cmd_sql_lines },
	{ 0 },
};

static void print_document(void)
{
	size_t n;
	const struct conf_key *keys = settings_keys(&n);
	conf_document(keys, n, stdout);
}

static void print_help(void)
{
	printf(_("usage: lantoa-agent [--config FILE] [--office CODE] [--color WHEN] COMMAND "
		 "...\n\n"));
	for (const struct command *command = commands; command->name; command++)
		printf("  %s %s\n      %s\n", command->name, command->arguments, _(command->help));
	printf(_("\nThe configuration is %s; its keys, with their defaults:\n\n"), SETTINGS_PATH);
	print_document();
}

/* "lantoa-agent record --help", wherever it stands before "--". */
static bool asks_for_help(char *const operands[])
{
	for (; *operands && strcmp(*operands, "--") != 0; operands++)
		if (strcmp(*operands, "--help") == 0)
			return true;
	return false;
}

static void print_usage(const struct command *command)
{
	printf(_("usage: lantoa-agent %s %s\n"), command->name, command->arguments);
	printf("\n%s\n\n%s\n", _(command->help),
	       _("lantoa-agent(8) has what its options mean; lantoa-agent --help lists the "
		 "commands."));
}

/* What was printed comes before what is wrong. */
static int tell(int status, struct screen *screen, const struct err *err)
{
	struct err written = { 0 };
	bool failed = fflush(stdout) != 0 || ferror(stdout);

	if (failed)
		err_set(&written, -EIO, "cannot write the answer: %s", err_strerror(-errno));
	if (screen_release(screen, &written) < 0)
		failed = true;
	if (status != EXIT_SUCCESS && err->code != 0)
		screen_complain("lantoa-agent: ", err->text);
	if (failed)
		screen_complain("lantoa-agent: ", written.text);
	return failed ? EXIT_FAILURE : status;
}

static const struct command *find(const struct command *command, const char *name)
{
	while (command->name && strcmp(command->name, name) != 0)
		command++;
	return command->name ? command : NULL;
}

static int run_command(const struct command *command, const struct settings_source *source,
		       struct screen *screen, int argc, char *argv[])
{
	struct command_context context = { .source = *source, .screen = screen };
	struct err err = { 0 };
	int rc = settings_read(source, &context.settings, &err);
	if (rc < 0 && rc != -ENOMEM && strcmp(command->name, "status") == 0) {
		/* It must work when a configuration is wrong: it is what one asks then. */
		context.config_err = err;
		rc = settings_read_good(source, &context.settings, &err);
	}
	if (rc < 0)
		return tell(EXIT_FAILURE, screen, &err);
	if (context.config_err.code == 0)
		settings_apply_level(&context.settings);
	rc = civil_set_zone(context.settings.zone, &err);
	int status = rc < 0 ? EXIT_FAILURE : command->run(&context, argc, argv, &err);
	settings_free(&context.settings);
	return tell(status, screen, &err);
}

static void refuse(const char *name, struct err *err)
{
	char meant[NEAR_WORDS_TEXT];
	struct near_words words;
	near_words_begin(&words, name);
	for (const struct command *command = commands; command->name; command++)
		near_words_try(&words, command->name);
	if (words.n > 0)
		(void)err_set(err, -EINVAL, "there is no command '%s'; did you mean %s?", name,
			      near_words_say(&words, meant));
	else
		(void)err_set(err, -EINVAL, "there is no command '%s'; see lantoa-agent --help",
			      name);
}

int main(int argc, char *argv[])
{
	static const struct option_row known[] = { { .name = "config", .value = "FILE" },
						   { .name = "office", .value = "CODE" },
						   { .name = "color",
						     .value = "auto|always|never" },
						   { .name = "help" },
						   { .name = "document" },
						   { .name = "version" },
						   { 0 } };
	struct options options;
	struct screen screen;
	struct err err = { 0 };
	i18n_init(NULL);
	if (screen_look(NULL, &screen, &err) < 0 ||
	    options_take(argc, argv, known, OPTIONS_FIRST, &options, &err) < 0)
		return tell(EXIT_USAGE, &screen, &err);
	if (options_value(&options, "color") &&
	    screen_look(options_value(&options, "color"), &screen, &err) < 0)
		return tell(EXIT_USAGE, &screen, &err);
	if (options_value(&options, "help")) {
		screen_hold(&screen);
		screen.page = true;
		print_help();
		return tell(EXIT_SUCCESS, &screen, &err);
	}
	if (options_value(&options, "document"))
		return print_document(), EXIT_SUCCESS;
	if (options_value(&options, "version"))
		return puts("lantoa-agent " LANTOA_VERSION), EXIT_SUCCESS;
	const int n = (int)options.n_operands;
	const char *name = n > 0 ? options.operands[0] : "";
	const struct command *command = find(bare_commands, name);
	if (command) {
		struct command_context context = { 0 };
		return tell(command->run(&context, n, options.operands, &err), &screen, &err);
	}
	command = find(commands, name);
	if (!command && *name)
		refuse(name, &err);
	else if (!command)
		err_set(&err, -EINVAL, "say what to do; 'lantoa-agent --help' lists the commands");
	if (!command)
		return tell(EXIT_USAGE, &screen, &err);
	if (command->run != cmd_run)
		screen_hold(&screen);
	if (asks_for_help(options.operands + 1)) {
		print_usage(command);
		return tell(EXIT_SUCCESS, &screen, &err);
	}
	const struct settings_source source = { .path = options_value(&options, "config"),
						.office = options_value(&options, "office") };
	return run_command(command, &source, &screen, n, options.operands);
}
