/* lantoa-agent message: what people at the province wrote to this office. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "cli/status_screen.h"
#include "common/base/i18n.h"
#include "common/text/answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_messages(const json_t *root)
{
	size_t i;
	const json_t *row, *standing = json_object_get(root, "standing");
	const json_t *messages = json_object_get(standing, "messages");
	if (json_array_size(messages) == 0)
		printf(_("the province wrote nothing to this office\n"));
	json_array_foreach(messages, i, row) {
		printf("%s ", json_is_true(json_object_get(row, "news")) ? "*" : " ");
		status_message(row, stdout);
	}
}

/* "read NUMBER" or "read all" as the API wants it; false: it is neither. */
static bool request_of(int argc, char *argv[], char text[64])
{
	if (argc != 3 || strcmp(argv[1], "read") != 0)
		return false;
	if (strcmp(argv[2], "all") == 0) {
		(void)snprintf(text, 64, "{\"all\": true}"); /* fits, as below */
		return true;
	}
	size_t len = strlen(argv[2]);
	if (len == 0 || len > 18 || strspn(argv[2], "0123456789") != len)
		return false;
	(void)snprintf(text, 64, "{\"message\": %s}", argv[2]);
	return true;
}

static void print_marked(long long n)
{
	printf(n == 1 ? _("%lld message marked as read\n") : _("%lld messages marked as read\n"),
	       n);
}

int cmd_message(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct session *session = NULL;
	struct blob out = { 0 };
	json_t *root = NULL;
	char request[64];
	bool list = argc == 1 || (argc == 2 && strcmp(argv[1], "list") == 0);
	if (!list && !request_of(argc, argv, request))
		return command_usage_word(err,
					  _("say message, message read NUMBER or message read all"),
					  "list read", argv[1]);
	int rc = session_open(&context->settings, &session, err);
	if (rc == 0)
		rc = list ? session_ask(session, SESSION_STATUS, &out, err)
			  : session_mark_read(session, request, &out, err);
	session_close(session);
	if (rc == 0)
		rc = session_json(&out, &root, err);
	if (rc == 0 && list)
		print_messages(root);
	else if (rc == 0)
		print_marked(answer_number(root, "read"));
	json_decref(root);
	blob_free(&out);
	return command_exit(rc);
}
