#include "cli/agent_commands.h"

#include "api/token.h"
#include "cli/cmd_clock.h"
#include "cli/cmd_enrol.h"
#include "cli/cmd_spool.h"
#include "cli/session.h"
#include "cli/status_screen.h"
#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/labels.h"
#include "common/text/answer.h"
#include "daemon/run.h"
#include "import/import.h"
#include "record/hand_in.h"
#include "sources/output.h"
#include "sources/sql_read.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIGURES_MAX     256u
#define IMPORT_FILE_MAX (256u * 1024 * 1024)

static int usage(struct err *err, const char *sentence)
{
	err_set(err, -EINVAL, "%s", sentence);
	return EXIT_USAGE;
}

static int failed(int rc)
{
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- run --- */

static int cmd_run(struct command_context *context, int argc, char *argv[], struct err *err)
{
	(void)argv;
	if (argc != 1)
		return usage(err, _("run takes no arguments"));
	return failed(run(&context->settings, context->config_path, err));
}

/* --- record --- */

struct record_arguments {
	struct entry entries[FIGURES_MAX];
	size_t n;
	struct label labels[LABELS_MAX];
	size_t n_labels;
	const char *period;
	bool add;
};

/* "name=value" into two texts. */
static int split(char *text, const char **ret_name, const char **ret_value)
{
	char *equals = strchr(text, '=');
	if (!equals || equals == text)
		return -EINVAL;
	*equals = '\0';
	*ret_name = text;
	*ret_value = equals + 1;
	return 0;
}

static int take_record_option(struct record_arguments *arguments, int option, struct err *err)
{
	struct label *label = &arguments->labels[arguments->n_labels];
	switch (option) {
	case 'p':
		if (arguments->period)
			return usage(err, _("--period is given twice"));
		arguments->period = optarg;
		return 0;
	case 'a':
		arguments->add = true;
		return 0;
	case 'l':
		if (arguments->n_labels == LABELS_MAX)
			return usage(err, _("too many labels"));
		if (split(optarg, &label->key, &label->value) < 0)
			return usage(err, _("a label is written KEY=VALUE"));
		arguments->n_labels++;
		return 0;
	default:
		return usage(err, _("unknown option; see lantoa-agent --help"));
	}
}

static int take_figures(struct record_arguments *arguments, int argc, char *argv[], struct err *err)
{
	for (int i = optind; i < argc; i++) {
		struct entry *entry = &arguments->entries[arguments->n];
		if (arguments->n == FIGURES_MAX)
			return usage(err, _("too many figures for one command; use import"));
		if (split(argv[i], &entry->metric, &entry->value) < 0)
			return usage(err, _("a figure is written METRIC=VALUE, like team.count=7"));
		if (strcmp(entry->value, "-") == 0)
			entry->value = NULL;
		arguments->n++;
	}
	return arguments->n == 0 ? usage(err, _("give a figure, like team.count=7")) : 0;
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

/* They are recorded; whoever typed them may have slipped. */
static void tell_far(const struct entry entries[], const struct comparison *found)
{
	char says[ERR_TEXT_MAX];
	for (size_t i = 0; i < found->n; i++)
		fprintf(stderr, "%s: %s\n", entries[found->list[i].nth].metric,
			comparison_say(&found->list[i], '.', says));
}

static int cmd_record(struct command_context *context, int argc, char *argv[], struct err *err)
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
		rc = session_record(session, arguments.entries, arguments.n, &found, err);
	tell_far(arguments.entries, &found);
	comparison_free(&found);
	session_close(session);
	return failed(rc);
}

/* --- import --- */

static int read_file(const char *path, struct blob *out, struct err *err)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	int rc = 0;
	if (fd < 0)
		return err_system(err, -errno, path);
	do {
		if (out->len > IMPORT_FILE_MAX)
			rc = err_set(err, -EFBIG, "%s: is over 256 MiB; split it", path);
		else if (blob_reserve(out, 65536) < 0)
			rc = err_memory(err);
		else if ((n = read(fd, out->data + out->len, 65536)) < 0)
			rc = err_system(err, -errno, path);
		else
			out->len += (size_t)n;
	} while (rc == 0 && n > 0);
	if (fd != STDIN_FILENO)
		(void)close(fd); /* opened for reading */
	return rc;
}

struct import_target {
	struct session *session;
	const char *path;
};

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	const struct import_target *target = context;
	(void)judged; /* a running agent judges by its own catalogue and clock */
	return session_record(target->session, entries, n, ret_found, err);
}

/* Of what is refused, and of what is to be looked at again. */
static void on_error(void *context, const struct import_diagnostic *complaint)
{
	const struct import_target *target = context;
	char column[EXCERPT_MAX];
	fprintf(stderr, "%s:%u: %s%s%s\n", target->path, complaint->line,
		utf8_excerpt(complaint->column, strlen(complaint->column), column),
		*complaint->column ? ": " : "", complaint->why);
}

static void on_note(void *context, const struct import_diagnostic *told)
{
	const struct import_target *target = context;
	fprintf(stderr, "%s:%u: %s\n", target->path, told->line, told->why);
}

static int import_text(struct session *session, const char *path, const struct blob *csv,
		       struct err *err)
{
	struct import_result result = { 0 };
	struct import_target target = { session, path };
	struct import_config config = { .now_us = session_latest_us(session),
					.on_entries = on_entries,
					.on_error = on_error,
					.on_note = on_note,
					.on_warning = on_error,
					.context = &target };
	int rc = session_catalogue(session, &config.catalogue, err);
	if (rc == 0) {
		rc = import_csv(&config, path, (const char *)csv->data, csv->len, &result, err);
		if (result.warned == 0)
			printf(_("%s: %zu figures recorded, %zu rejected\n"), path, result.figures,
			       result.rejected);
		else
			printf(_("%s: %zu figures recorded, %zu rejected, %zu to look at again\n"),
			       path, result.figures, result.rejected, result.warned);
	}
	if (rc == 0 && result.figures + result.rejected == 0)
		rc = err_set(err, -ENODATA, "%s: there is no figure in it", path);
	return rc < 0 || result.rejected > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int cmd_import(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct session *session;
	struct blob csv = { 0 };
	int status = EXIT_FAILURE;
	if (argc != 2)
		return usage(err, _("give one file: lantoa-agent import FILE (- for stdin)"));
	/* read first: opening the session may give up root's right to */
	if (read_file(argv[1], &csv, err) == 0 &&
	    session_open(&context->settings, &session, err) == 0) {
		status = import_text(session, argv[1], &csv, err);
		session_close(session);
	}
	blob_free(&csv);
	return status;
}

/* --- status --- */

/* Shows @answer; 1: not well. */
static int show_status(const struct blob *answer, bool json, struct err *err)
{
	json_t *root = answer_read(answer->data, answer->len);
	if (!root)
		return err_set(err, -EPROTO, "the agent's answer is not JSON");
	bool well = json_is_true(json_object_get(root, "well"));
	if (json)
		(void)fwrite(answer->data, 1, answer->len, stdout); /* main() checks stdout */
	else
		status_screen(root, stdout);
	json_decref(root);
	return well ? 0 : 1;
}

static int cmd_status(struct command_context *context, int argc, char *argv[], struct err *err)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	struct blob out = { 0 };
	if (argc > 2 || (argc == 2 && !json))
		return usage(err, _("status takes --json at most"));
	int rc = session_ask_once(&context->settings, SESSION_STATUS, &out, err);
	if (rc == 0)
		rc = show_status(&out, json, err);
	blob_free(&out);
	if (rc >= 0 && context->config_err.code != 0) {
		*err = context->config_err;
		rc = 1;
	}
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- sql --- */

/* What it would record, judged as the agent would judge it. */
static int judge_lines(struct session *session, const char *text, size_t len, struct err *err)
{
	const struct catalogue *catalogue;
	struct output *output;
	size_t n;
	int rc = session_catalogue(session, &catalogue, err);
	int64_t now_us = session_latest_us(session);
	if (rc == 0)
		rc = output_read(text, len, catalogue, now_us, &output, err);
	if (rc < 0)
		return rc;
	const struct entry *entries = output_entries(output, &n);
	struct observation *list = calloc(n + 1, sizeof(*list));
	rc = list ? 0 : err_memory(err);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = entry_judge(catalogue, &entries[i], now_us, &list[i], err);
		if (rc < 0)
			err_wrap(err, "line %zu", i + 1); /* a line each, as sql_read() prints */
	}
	if (rc == 0)
		rc = hand_in_check(list, n, err);
	free(list);
	output_close(output);
	return rc;
}

static int cmd_sql(struct command_context *context, int argc, char *argv[], struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	struct session *session = NULL;
	if (argc != 3)
		return usage(err, _("give an SQLite file and a query"));
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return failed(err_memory(err));
	int rc = sql_read(argv[1], argv[2], out, err);
	if (fclose(out) != 0 && rc == 0)
		rc = err_memory(err);
	(void)fwrite(text, 1, rc == 0 ? len : 0, stdout); /* main() checks stdout */
	if (rc == 0)
		rc = session_open(&context->settings, &session, err);
	if (rc == 0)
		rc = judge_lines(session, text, len, err);
	session_close(session);
	free(text);
	return failed(rc);
}

/* The same without judging, for the agent, which runs it as a child and judges itself. */
static int cmd_sql_lines(struct command_context *context, int argc, char *argv[], struct err *err)
{
	(void)context;
	return argc == 3 ? failed(sql_read(argv[1], argv[2], stdout, err)) : EXIT_USAGE;
}

/* --- catalogue --- */

static int cmd_catalogue(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct session *session;
	const struct catalogue *catalogue;
	(void)argv;
	if (argc != 1)
		return usage(err, _("catalogue takes no arguments"));
	if (session_open(&context->settings, &session, err) < 0)
		return EXIT_FAILURE;
	int rc = session_catalogue(session, &catalogue, err);
	for (size_t i = 0; rc == 0 && i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		printf("%s\t%s\t%s\t%s\n", metric->name, grain_name(metric->period), metric->unit,
		       metric->label_vi);
	}
	session_close(session);
	return failed(rc);
}

const struct command agent_commands[] = {
	{ "run", "", N_("serve this office: keep figures, send them to the province"), cmd_run },
	{ "enrol", "INVITATION|FILE|-",
	  N_("make this machine the office's, with the province's line or the file that holds it"),
	  cmd_enrol },
	{ "record", "METRIC=VALUE... [--period P] [--label K=V]... [--add]",
	  N_("hand in figures; METRIC=- withdraws one"), cmd_record },
	{ "import", "FILE", N_("hand in figures from CSV, in long or wide form"), cmd_import },
	{ "status", "[--json]",
	  N_("how the office's figures are: sent, waiting, refused; exit status 1 when not well"),
	  cmd_status },
	{ "spool", "list|unsent|verify|export|repair [FILE] [--yes]",
	  N_("look at what is kept here; bring back what a damaged file still holds"), cmd_spool },
	{ "token", "[--new]", N_("print what programs show the agent over TCP, [http] listen"),
	  cmd_token },
	{ "clock", "[list] | assign START DATE-TIME | drop START",
	  N_("what time it is, and figures that wait for somebody who knows"), cmd_clock },
	{ "catalogue", "", N_("list what may be reported"), cmd_catalogue },
	{ "sql", "FILE QUERY",
	  N_("print what a section [sql NAME] would record; exit status 1 when it would be "
	     "refused"),
	  cmd_sql },
	{ 0 },
};

const struct command agent_bare_commands[] = {
	{ "sql-lines", NULL, NULL, cmd_sql_lines },
	{ 0 },
};
