/* lantoa-agent clock: what time this machine believes it is, and figures that wait to be dated. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "common/base/i18n.h"
#include "common/text/answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_time(const json_t *root)
{
	long long ahead_min = answer_number(root, "ahead_s") / 60;
	printf("%s  %s\n", answer_text(root, "now"), answer_text(root, "words"));
	if (!json_is_true(json_object_get(root, "known")))
		printf(_("figures without a period wait until the province is heard, or the clock "
			 "is synchronised\n"));
	else if (ahead_min > 0)
		printf(ahead_min == 1 ? _("this machine's clock is %lld minute ahead\n")
				      : _("this machine's clock is %lld minutes ahead\n"),
		       ahead_min);
	else if (ahead_min < 0)
		printf(ahead_min == -1 ? _("this machine's clock is %lld minute behind\n")
				       : _("this machine's clock is %lld minutes behind\n"),
		       -ahead_min);
}

static void print_start(const json_t *row)
{
	long long number = answer_number(row, "start"), first_s = answer_number(row, "first_s"),
		  last_s = answer_number(row, "last_s");
	long long figures = answer_number(row, "figures");
	printf(figures == 1 ? _("start %lld: %lld figure of %s, which came %lld:%02lld to "
				"%lld:%02lld hours after the machine was started\n")
			    : _("start %lld: %lld figures of %s, which came %lld:%02lld to "
				"%lld:%02lld hours after the machine was started\n"),
	       number, figures, answer_text(row, "metrics"), first_s / 3600, first_s / 60 % 60,
	       last_s / 3600, last_s / 60 % 60);
	if (*answer_text(row, "reason"))
		printf("    %s\n", answer_text(row, "reason"));
	if (json_is_true(json_object_get(row, "running")))
		printf(_("    it still runs: they are dated by themselves once the time is "
			 "known\n"));
	else
		printf(_("    when was that? say it like: lantoa-agent clock assign %lld "
			 "2025-06-30T07:40\n"),
		       number);
}

static void print_clock(const json_t *root)
{
	size_t i;
	const json_t *row;
	print_time(root);
	json_array_foreach(json_object_get(root, "starts"), i, row)
		print_start(row);
}

static void print_result(const json_t *root)
{
	long long dropped = answer_number(root, "dropped"), dated = answer_number(root, "dated");
	if (dropped > 0)
		printf(dropped == 1 ? _("%lld figure dropped\n") : _("%lld figures dropped\n"),
		       dropped);
	else
		printf(dated == 1 ? _("%lld figure dated; replaced by later ones before: %lld; "
				      "left: %lld\n")
				  : _("%lld figures dated; replaced by later ones before: %lld; "
				      "left: %lld\n"),
		       dated, answer_number(root, "superseded"), answer_number(root, "left"));
}

/* "assign N WHEN" or "drop N" as the API wants it; NULL: it is neither. The caller frees. */
static char *request_of(int argc, char *argv[])
{
	char *end = NULL;
	long long number = argc >= 3 ? strtoll(argv[2], &end, 10) : 0;
	json_t *root = NULL;
	if (number <= 0 || *end)
		return NULL;
	if (argc == 4 && strcmp(argv[1], "assign") == 0)
		root = json_pack("{s:I, s:s}", "start", (json_int_t)number, "started", argv[3]);
	else if (argc == 3 && strcmp(argv[1], "drop") == 0)
		root = json_pack("{s:I, s:b}", "start", (json_int_t)number, "drop", 1);
	char *text = root ? json_dumps(root, 0) : NULL;
	json_decref(root);
	return text;
}

int cmd_clock(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct session *session = NULL;
	struct blob out = { 0 };
	json_t *root = NULL;
	bool list = argc == 1 || (argc == 2 && strcmp(argv[1], "list") == 0);
	char *request = list ? NULL : request_of(argc, argv);
	if (!list && !request)
		return command_usage_word(
			err, _("say clock, clock assign START DATE-TIME or clock drop START"),
			"list assign drop", argv[1]);
	int rc = session_open(&context->settings, &session, err);
	if (rc == 0)
		rc = list ? session_ask(session, SESSION_CLOCK, &out, err)
			  : session_tell_clock(session, request, &out, err);
	session_close(session);
	if (rc == 0)
		rc = session_json(&out, &root, err);
	if (rc == 0 && list)
		print_clock(root);
	else if (rc == 0)
		print_result(root);
	json_decref(root);
	free(request);
	blob_free(&out);
	return command_exit(rc);
}
