/* lantoa-agent spool: what is kept on this machine. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "common/base/i18n.h"
#include "common/text/answer.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_spool(const json_t *root)
{
	size_t i;
	const json_t *row;
	json_array_foreach(json_object_get(root, "batches"), i, row) {
		const char *sealed = answer_text(row, "sealed"); /* "": nobody knew the time */
		long long n = answer_number(row, "observations");
		printf(n == 1 ? _("batch %lld  day %s  %lld figure  %lld bytes  sealed %s  %s\n")
			      : _("batch %lld  day %s  %lld figures  %lld bytes  sealed %s  %s\n"),
		       answer_number(row, "batch"), answer_text(row, "day"), n,
		       answer_number(row, "bytes"), *sealed ? sealed : "-",
		       json_is_true(json_object_get(row, "acked")) ? _("received") : _("waiting"));
	}
	if (json_is_true(json_object_get(root, "more")))
		printf(_("... and more batches\n"));
	json_array_foreach(json_object_get(root, "refusals"), i, row) {
		long long n = answer_number(row, "observations");
		printf(n == 1 ? _("held back by the province: batch %lld  %s %s  %lld figure: %s\n")
			      : _("held back by the province: batch %lld  %s %s  %lld figures: "
				  "%s\n"),
		       answer_number(row, "batch"), answer_text(row, "metric"),
		       answer_text(row, "labels"), n, answer_text(row, "reason"));
	}
}

static int spool_list(const struct blob *out, struct err *err)
{
	json_t *root;
	int rc = session_json(out, &root, err);
	if (rc == 0)
		print_spool(root);
	json_decref(root);
	return rc;
}

/* For scripts: a number alone. */
static int spool_unsent(const struct blob *out, struct err *err)
{
	json_t *root;
	int rc = session_json(out, &root, err);
	const json_t *spool = json_object_get(root, "spool");
	if (rc == 0 && !spool) /* of another program: no number is better than 0 */
		rc = err_set(err, -EPROTO, "the agent's answer is not JSON");
	if (rc == 0)
		printf("%lld\n", answer_number(spool, "waiting_observations") +
					 answer_number(spool, "unsealed") +
					 answer_number(spool, "undated_here") +
					 answer_number(spool, "undated"));
	json_decref(root);
	return rc;
}

static int spool_sound(const struct blob *out, struct err *err)
{
	(void)out;
	(void)err;
	printf(_("the spool is sound\n"));
	return 0;
}

static int spool_export(const struct blob *out, struct err *err)
{
	(void)err;
	(void)fwrite(out->data, 1, out->len, stdout); /* main() checks stdout at the end */
	return 0;
}

static const struct {
	const char *name;
	enum session_question question;
	int (*show)(const struct blob *out, struct err *err);
} questions[] = { { "list", SESSION_SPOOL, spool_list },
		  { "unsent", SESSION_STATUS, spool_unsent },
		  { "verify", SESSION_VERIFY, spool_sound },
		  { "export", SESSION_EXPORT, spool_export } };
#define N_QUESTIONS (sizeof(questions) / sizeof(questions[0]))

int cmd_spool(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct blob out = { 0 };
	size_t q = 0;
	if (argc >= 2 && strcmp(argv[1], "repair") == 0)
		return cmd_repair(context, argc - 1, argv + 1, err);
	while (argc == 2 && q < N_QUESTIONS && strcmp(questions[q].name, argv[1]) != 0)
		q++;
	if (argc != 2 || q == N_QUESTIONS)
		return command_usage_word(err,
					  _("say spool list, spool unsent, spool verify, spool "
					    "export or spool repair"),
					  "list unsent verify export repair",
					  argc > 1 ? argv[1] : "");
	context->screen->as_is = questions[q].show == spool_export;
	context->screen->page = true;
	int rc = session_ask_once(&context->settings, questions[q].question, &out, err);
	if (rc == 0)
		rc = questions[q].show(&out, err);
	blob_free(&out);
	return command_exit(rc);
}
