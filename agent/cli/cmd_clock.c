/* lantoa-agent clock: what time this machine believes it is, and figures that wait to be dated. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "common/base/i18n.h"
#include "common/text/answer.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long long number_of(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static void print_time(const json_t *root)
{
	long long ahead_min = number_of(root, "ahead_s") / 60;
	printf("%s  %s\n", text_of(root, "now"), text_of(root, "words"));
	if (!json_is_true(json_object_get(root, "known")))
		printf(_("figures without a period wait until the province is heard, or the clock "
			 "is synchronised\n"));
	else if (ahead_min > 0)
		printf(_("this machine's clock is %lld minutes ahead\n"), ahead_min);
	else if (ahead_min < 0)
		printf(_("this machine's clock is %lld minutes behind\n"), -ahead_min);
}

static void print_start(const json_t *row)
{
	long long number = number_of(row, "start"), first_s = number_of(row, "first_s"),
		  last_s = number_of(row, "last_s");
	printf(_("start %lld: %lld figures of %s, which came %lld:%02lld to %lld:%02lld hours "
		 "after the machine was started\n"),
	       number, number_of(row, "figures"), text_of(row, "metrics"), first_s / 3600,
	       first_s / 60 % 60, last_s / 3600, last_s / 60 % 60);
	if (*text_of(row, "reason"))
		printf("    %s\n", text_of(row, "reason"));
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

static void print_outcome(const json_t *root)
{
	if (number_of(root, "dropped") > 0)
		printf(_("%lld figures dropped\n"), number_of(root, "dropped"));
	else
		printf(_("%lld figures dated, %lld had been replaced by later ones, %lld are "
			 "left\n"),
		       number_of(root, "dated"), number_of(root, "superseded"),
		       number_of(root, "left"));
}

static int show(const struct blob *out, void (*print)(const json_t *root), struct err *err)
{
	json_t *root = answer_read(out->data, out->len);
	if (!root)
		return err_set(err, -EPROTO, "the agent's answer is not JSON");
	print(root);
	json_decref(root);
	return 0;
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
	bool list = argc == 1 || (argc == 2 && strcmp(argv[1], "list") == 0);
	char *request = list ? NULL : request_of(argc, argv);
	if (!list && !request)
		return command_usage(
			err, _("say clock, clock assign START DATE-TIME or clock drop START"));
	int rc = session_open(&context->settings, &session, err);
	if (rc == 0)
		rc = list ? session_ask(session, SESSION_CLOCK, &out, err)
			  : session_tell_clock(session, request, &out, err);
	session_close(session);
	if (rc == 0)
		rc = show(&out, list ? print_clock : print_outcome, err);
	free(request);
	blob_free(&out);
	return command_exit(rc);
}
