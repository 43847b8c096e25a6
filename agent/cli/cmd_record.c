/* lantoa-agent record: figures typed on the command line, or by a script. */
#include "cli/agent_commands.h"
#include "cli/login.h"
#include "cli/session.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/labels.h"
#include "common/sys/options.h"
#include "office/commandline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIGURES_MAX 256u

struct record_arguments {
	struct entry entries[FIGURES_MAX];
	size_t n;
	struct label labels[LABELS_MAX];
	size_t n_labels;
	const char *period, *author, *note;
	bool add, strict;
};

static int take_label(struct record_arguments *arguments, char *text, struct err *err)
{
	struct label *label = &arguments->labels[arguments->n_labels];
	if (arguments->n_labels == LABELS_MAX)
		return command_usage(err, _("too many labels"));
	*label = (struct label){ text, commandline_value(text) };
	if (!label->value)
		return command_usage(err, _("a label is written KEY=VALUE"));
	arguments->n_labels++;
	return 0;
}

static int take_figure(struct record_arguments *arguments, char *text, struct err *err)
{
	struct entry *entry = &arguments->entries[arguments->n];
	if (arguments->n == FIGURES_MAX)
		return command_usage(err, _("too many figures for one command; use import"));
	*entry = (struct entry){ .metric = text, .value = commandline_value(text) };
	if (!entry->value)
		return command_usage(err, _("a figure is written METRIC=VALUE, like team.count=7"));
	if (strcmp(entry->value, "-") == 0)
		entry->value = NULL;
	arguments->n++;
	return 0;
}

static int parse_record(struct record_arguments *arguments, int argc, char *argv[], struct err *err)
{
	static const struct option_row known[] = { { .name = "period", .value = "P" },
						   { .name = "author", .value = "NAME" },
						   { .name = "note", .value = "TEXT" },
						   { .name = "label", .value = "K=V" },
						   { .name = "add" },
						   { .name = "strict" },
						   { 0 } };
	struct options options;
	int status = 0;
	if (options_take(argc, argv, known, OPTIONS_ANYWHERE, &options, err) < 0)
		return EXIT_USAGE;
	arguments->add = options_value(&options, "add");
	arguments->strict = options_value(&options, "strict");
	arguments->author = options_value(&options, "author");
	arguments->note = options_value(&options, "note");
	for (size_t i = 0; i < options.n_given && status == 0; i++) {
		const struct option_given *option = &options.given[i];
		if (strcmp(option->name, "label") == 0)
			status = take_label(arguments, option->value, err);
		else if (strcmp(option->name, "period") == 0 && arguments->period)
			status = command_usage(err, _("--period is given twice"));
		else if (strcmp(option->name, "period") == 0)
			arguments->period = option->value;
	}
	for (size_t i = 0; i < options.n_operands && status == 0; i++)
		status = take_figure(arguments, options.operands[i], err);
	if (status == 0 && arguments->n == 0)
		status = command_usage(err, _("give a figure, like team.count=7"));
	return status;
}

int cmd_record(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct record_arguments arguments = { 0 };
	char labels[LABELS_TEXT_MAX], login[LOGIN_MAX];
	struct comparison found = { 0 };
	struct session *session = NULL;
	int status = parse_record(&arguments, argc, argv, err);
	if (status != 0)
		return status;
	if (!arguments.author)
		arguments.author = login_name(login); /* before the spool's owner is become */
	int rc = labels_canonical(arguments.labels, arguments.n_labels, labels, err);
	if (rc == 0)
		rc = session_open(&context->settings, &session, err);
	for (size_t i = 0; i < arguments.n; i++) {
		arguments.entries[i].labels = labels;
		arguments.entries[i].period = arguments.period;
		arguments.entries[i].add = arguments.add;
		arguments.entries[i].author = arguments.author;
		arguments.entries[i].note = arguments.note;
	}
	if (rc == 0)
		rc = session_record(session, arguments.entries, NULL, arguments.n, arguments.strict,
				    &found, err);
	if (rc ==
	    -EEXIST) { /* a whole beside parts; how that is done here, the spool does not know */
		char says[ERR_TEXT_MAX];
		(void)utf8_print(says, sizeof(says), "%s", err->text); /* fits */
		err_set(err, rc,
			"%s. To withdraw: lantoa-agent record METRIC=-, with --period and --label",
			says);
	}
	/* What is far from the past is recorded; whoever typed it may have slipped. */
	for (size_t i = 0; i < found.n; i++) {
		char says[ERR_TEXT_MAX];
		screen_tell("%s: %s\n", arguments.entries[found.list[i].nth].metric,
			    comparison_say(&found.list[i], '.', says));
	}
	for (size_t i = 0; i < found.n_breaches; i++)
		screen_tell("%s: %s\n", arguments.entries[found.breaches[i].nth].metric,
			    found.breaches[i].text);
	bool refused = found.n_refused > 0;
	comparison_free(&found);
	session_close(session);
	return rc == 0 && refused ? EXIT_FAILURE : command_exit(rc);
}
