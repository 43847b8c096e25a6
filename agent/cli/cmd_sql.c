/* lantoa-agent sql: a question of a section [sql NAME], tried; and the child that asks it for the
 * agent. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "common/base/i18n.h"
#include "common/model/hand_in.h"
#include "sources/output.h"
#include "sources/sql_read.h"

#include <stdio.h>
#include <stdlib.h>

/* What it would record, judged as the agent would judge it. */
static int judge_lines(struct session *session, const char *text, size_t len, struct err *err)
{
	const struct catalogue *catalogue;
	struct output *output;
	size_t n, nth = 0;
	int rc = session_catalogue(session, &catalogue, err);
	if (rc < 0)
		return rc;
	int64_t now_us = session_latest_us(session);
	rc = output_read(text, len, catalogue, now_us, &output, err);
	if (rc < 0)
		return rc;
	const struct entry *entries = output_entries(output, &n);
	struct observation *list = calloc(n + 1, sizeof(*list));
	struct arena *texts = arena_open(hand_in_texts_max(n));
	rc = list && texts ? hand_in_judge(catalogue, entries, n, now_us, texts, list, &nth, err)
			   : err_memory(err);
	if (nth > 0)
		err_wrap(err, "line %zu", nth); /* a line each, as sql_read() prints */
	free(list);
	arena_close(texts);
	output_close(output);
	return rc;
}

int cmd_sql(struct command_context *context, int argc, char *argv[], struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	struct session *session = NULL;
	if (argc != 3)
		return command_usage(err, _("give an SQLite file and a query"));
	context->screen->as_is = true;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return command_exit(err_memory(err));
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
	return command_exit(rc);
}

int cmd_sql_lines(struct command_context *context, int argc, char *argv[], struct err *err)
{
	(void)context;
	return argc == 3 ? command_exit(sql_read(argv[1], argv[2], stdout, err)) : EXIT_USAGE;
}
