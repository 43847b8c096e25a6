/* lantoa: what operators type. */
#include "cli/args.h"
#include "cli/commands.h"
#include "common/base/i18n.h"
#include "common/base/names.h"
#include "common/text/near_name.h"
#include "export/export.h"
#include "feed/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DONE = 0, FAILED = 1, WRONG_USAGE = 2 };

static int complain(const struct err *err, int status)
{
	screen_complain("lantoa: ", err->text);
	return status;
}

/* What was printed comes before what is wrong (@failure; NULL: nothing is). */
static int finish(struct screen *screen, const struct err *failure, int status)
{
	struct err err = { 0 };
	int rc = screen_release(screen, &err);

	if (failure)
		return complain(failure, status);
	return rc < 0 ? complain(&err, FAILED) : status;
}

static int format_choose(const struct args *args, enum format *ret_format, struct err *err)
{
	static const char *const names[] = { "table", "csv", "json" };
	const char *given = args_option(args, "format"), *forms = args->command->forms;
	enum export_form form;
	char list[128];

	*ret_format = args->command->usual;
	if (!given)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], given) == 0) {
			*ret_format = (enum format)i;
			return 0;
		}
	}
	if (forms && names_find(forms, given, strlen(given)) >= 0 && export_find(given, &form)) {
		*ret_format = (enum format)(FORMAT_CSV_EXCEL + form);
		return 0;
	}
	(void)snprintf(list, sizeof(list), "%s%s%s", "table csv json", forms ? " " : "",
		       forms ? forms : ""); /* fits: a row's forms are few */
	(void)err_set(err, -EINVAL, "'%s' has no format '%s'; there are: %s%s%s",
		      args->command->words, given, "table csv json", forms ? " " : "",
		      forms ? forms : "");
	return near_words_hint(err, list, given);
}

/* Usage that hangs on the format. */
static int output_check(const struct order *order, struct err *err)
{
	bool file = args_option(order->args, "output");
	const struct command *command = order->args->command;

	if (file && !command->forms)
		return err_set(err, -EINVAL,
			       "'%s' does not take the option --%s; see lantoa %s --help",
			       command->words, "output", command->words);
	if (file && order->format == FORMAT_TABLE)
		return err_set(err, -EINVAL,
			       "a table is for the terminal: say with --format what the file is "
			       "to hold");
	if (!file && order->format == FORMAT_XLSX && isatty(STDOUT_FILENO) == 1)
		return err_set(err, -EINVAL,
			       "a workbook is not for the terminal: give a file with --output");
	if (order->format == FORMAT_SDMX_CSV && args_option(order->args, "revisions"))
		return err_set(err, -EINVAL,
			       "sdmx-csv is for figures; leave --revisions out, or choose "
			       "another format");
	return 0;
}

static const char *api_choose(const struct args *args)
{
	const char *given = args_option(args, "api"), *inherited = getenv("LANTOA_API");

	if (given)
		return given;
	return inherited && *inherited ? inherited : "unix:" LANTOA_RUNDIR "/aggregator.sock";
}

static int run(const struct args *args, struct screen *screen)
{
	struct order order = { .args = args, .api = api_choose(args), .screen = screen };
	const char *token_file = args_option(args, "token-file");
	struct err err = { 0 };
	int rc;

	if (token_file && setenv(CLIENT_TOKEN_FILE, token_file, 1) < 0) {
		(void)err_memory(&err);
		return complain(&err, FAILED);
	}
	if (format_choose(args, &order.format, &err) < 0 || output_check(&order, &err) < 0)
		return complain(&err, WRONG_USAGE);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		(void)err_set(&err, -EIO, "libcurl cannot start");
		return complain(&err, FAILED);
	}
	if (order.format == FORMAT_TABLE)
		screen_hold(screen);
	rc = args->command->run(&order, &err);
	curl_global_cleanup();
	return rc < 0 ? finish(screen, &err, FAILED) : finish(screen, NULL, rc);
}

static int help(const struct args *args, struct screen *screen)
{
	screen_hold(screen);
	screen->page = true;
	if (args->command)
		args_help(args->command, stdout);
	else if (args->group)
		args_help_group(commands, n_commands, args->group, stdout);
	else
		args_help_all(commands, n_commands, stdout);
	return finish(screen, NULL, DONE);
}

int main(int argc, char *argv[])
{
	struct args args;
	struct screen screen;
	struct err err = { 0 };
	int status = DONE;

	i18n_init(NULL);
	if (args_parse(argc, argv, commands, n_commands, &args, &err) < 0)
		return complain(&err, WRONG_USAGE);
	if (screen_look(args_option(&args, "color"), &screen, &err) < 0)
		return complain(&err, WRONG_USAGE);
	if (args_option(&args, "help"))
		status = help(&args, &screen);
	else if (args_option(&args, "version"))
		printf("lantoa %s\n", LANTOA_VERSION);
	else if (args.group)
		args_help_group(commands, n_commands, args.group, stderr), status = WRONG_USAGE;
	else
		status = run(&args, &screen);
	if (fflush(stdout) != 0) {
		(void)err_set(&err, -errno, "cannot write the answer: %s", err_strerror(-errno));
		return complain(&err, FAILED);
	}
	return status;
}
