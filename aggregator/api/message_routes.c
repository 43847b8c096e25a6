/* /v1/messages: POST tells an office (code), or all: "yes", the text; with metric, period and
 * labels, about one figure. GET lists what the office ?code= was told, at most ?most= of it, and
 * before message ?before=. */
#include "api/call.h"

#include "common/base/i18n.h"
#include "registry/messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST 100u

static int messages_post(struct call *call, sqlite3 *db, const struct reference *reference,
			 struct err *err)
{
	struct message_form form = { .who = call->caller.who };
	const char *all = NULL, *labels = NULL;
	int rc = call_field(call, "code", &form.office, err);

	if (rc == 0)
		rc = call_field(call, "all", &all, err);
	if (rc == 0)
		rc = call_field_needed(call, "text", &form.text, err);
	if (rc == 0)
		rc = call_field(call, "metric", &form.metric, err);
	if (rc == 0)
		rc = call_field(call, "period", &form.period, err);
	if (rc == 0)
		rc = call_field(call, "labels", &labels, err);
	if (rc == 0 && labels)
		rc = call_labels(call, labels, err);
	if (rc < 0)
		return rc;
	if (all && strcmp(all, "yes") != 0)
		return err_set(err, -EINVAL, "all: must be yes, or be left out");
	if ((form.office != NULL) == (all != NULL))
		return err_set(err, -EINVAL, "say whom the message is for: code, or else all");
	form.labels = call->labels;
	rc = call_office(reference, &form.office, err);
	if (rc == 0)
		rc = message_add(db, reference, &form, err);
	return rc == 0 ? call_answer_text(call, "told",
					  form.office ? form.office : _("all offices"), err)
		       : rc;
}

static int messages_get(struct call *call, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	const char *code = http_arg(call->request, "code"), *most = http_arg(call->request, "most");
	struct table *table = NULL;
	char *end = NULL;
	unsigned long n = most ? strtoul(most, &end, 10) : MOST;

	const char *before = http_arg(call->request, "before");
	char *before_end = NULL;
	errno = 0;
	long long earlier = before ? strtoll(before, &before_end, 10) : 0;
	if (before && (*before < '1' || *before > '9' || *before_end || errno))
		return err_set(err, -EINVAL, "before: must be the number of a message");
	if (!code)
		return err_set(err, -EINVAL, "code: whose messages?");
	if (most && (*most < '0' || *most > '9' || *end || n < 1 || n > 10000))
		return err_set(err, -EINVAL, "most: must be a number from 1 to 10000");
	int rc = messages_list(db, reference, code, (unsigned)n, earlier, &table, err);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

const struct action message_actions[] = {
	{ ROLE_OPERATOR, "POST", "/v1/messages", NULL, "code all text metric period labels",
	  CALL_WRITE, NULL, messages_post, NULL, "Tell an office, or all, something.", "=told",
	  "text" },
	{ ROLE_VIEWER, "GET", "/v1/messages", "code most before", NULL, CALL_READ, NULL,
	  messages_get, NULL, "What an office was told.",
	  "message! at! who! shown_name text! metric labels period to_all read", "code" },
};
const size_t n_message_actions = sizeof(message_actions) / sizeof(message_actions[0]);
