/* lantoa-agent record: figures typed on the command line, or by a script. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "common/base/i18n.h"
#include "common/model/labels.h"
#include "office/commandline.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define FIGURES_MAX 256u

struct record_arguments {
	struct entry entries[FIGURES_MAX];
	size_t n;
	struct label labels[LABELS_MAX];
	size_t n_labels;
	const char *period;
	bool add;
};

static int take_record_option(struct record_arguments *arguments, int option, struct err *err)
{
	struct label *label = &arguments->labels[arguments->n_labels];
	switch (option) {
	case 'p':
		if (arguments->period)
			return command_usage(err, _("--period is given twice"));
		arguments->period = optarg;
		return 0;
	case 'a':
		arguments->add = true;
		return 0;
	case 'l':
		if (arguments->n_labels == LABELS_MAX)
			return command_usage(err, _("too many labels"));
		*label = (struct label){ optarg, commandline_value(optarg) };
		if (!label->value)
			return command_usage(err, _("a label is written KEY=VALUE"));
		arguments->n_labels++;
		return 0;
	default:
		return command_usage(err, _("unknown option; see lantoa-agent --help"));
	}
}

static int take_figures(struct record_arguments *arguments, int argc, char *argv[], struct err *err)
{
	for (int i = optind; i < argc; i++) {
		struct entry *entry = &arguments->entries[arguments->n];
		if (arguments->n == FIGURES_MAX)
			return command_usage(err,
					     _("too many figures for one command; use import"));
		*entry = (struct entry){ .metric = argv[i], .value = commandline_value(argv[i]) };
		if (!entry->value)
			return command_usage(
				err, _("a figure is written METRIC=VALUE, like team.count=7"));
		if (strcmp(entry->value, "-") == 0)
			entry->value = NULL;
		arguments->n++;
	}
	return arguments->n == 0 ? command_usage(err, _("give a figure, like team.count=7")) : 0;
}

static int parse_record(struct record_arguments *arguments, int argc, char *argv[], struct err *err)
{
	static const struct option options[] = { { "period", required_argument, NULL, 'p' },
						 { "label", required_argument, NULL, 'l' },
						 { "add", no_argument, NULL, 'a' },
						 { 0 } };
	int option, status;
	opterr = 0; /* the sentence is ours */
	optind = 0; /* main() has used it */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if ((status = take_record_option(arguments, option, err)) != 0)
			return status;
	return take_figures(arguments, argc, argv, err);
}

int cmd_record(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct record_arguments arguments = { 0 };
	char labels[LABELS_TEXT_MAX];
	struct comparison found = { 0 };
	struct session *session = NULL;
	int status = parse_record(&arguments, argc, argv, err);
	if (status != 0)
		return status;
	int rc = labels_canonical(arguments.labels, arguments.n_labels, labels, err);
	if (rc == 0)
		rc = session_open(&context->settings, &session, err);
	for (size_t i = 0; i < arguments.n; i++) {
		arguments.entries[i].labels = labels;
		arguments.entries[i].period = arguments.period;
		arguments.entries[i].add = arguments.add;
	}
	if (rc == 0)
		rc = session_record(session, arguments.entries, NULL, arguments.n, &found, err);
	/* What is far from the past is recorded; whoever typed it may have slipped. */
	for (size_t i = 0; i < found.n; i++) {
		char says[ERR_TEXT_MAX];
		fprintf(stderr, "%s: %s\n", arguments.entries[found.list[i].nth].metric,
			comparison_say(&found.list[i], '.', says));
	}
	comparison_free(&found);
	session_close(session);
	return command_exit(rc);
}
