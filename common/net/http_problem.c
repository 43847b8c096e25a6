/* What went wrong, in the words of a person and in a form for programs. */
#include "common/net/http_internal.h"

#include "common/base/i18n.h"
#include "common/base/quote.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* RFC 9457, 4.2.1: of about:blank, the status' own phrase, which may be translated. */
static const char *title_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *title;
	} titles[] = {
		{ 400, N_("Bad Request") },
		{ 401, N_("Unauthorized") },
		{ 403, N_("Forbidden") },
		{ 404, N_("Not Found") },
		{ 405, N_("Method Not Allowed") },
		{ 406, N_("Not Acceptable") },
		{ 409, N_("Conflict") },
		{ 412, N_("Precondition Failed") },
		{ 413, N_("Content Too Large") },
		{ 414, N_("URI Too Long") },
		{ 428, N_("Precondition Required") },
		{ 503, N_("Service Unavailable") },
		{ 507, N_("Insufficient Storage") },
		{ 408, N_("Request Timeout") },
		{ 421, N_("Misdirected Request") },
		{ 429, N_("Too Many Requests") },
		{ 501, N_("Not Implemented") },
		{ 502, N_("Bad Gateway") },
		{ 504, N_("Gateway Timeout") },
	};

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return _(titles[i].title);
	return _("Internal Server Error");
}

/* A member of the body as RFC 6901 has it, in its URI form (6): what is no plain letter is escaped,
 * and names are cut to what a pointer has room for. */
static const char *pointer_to(const char *field, char pointer[256])
{
	size_t at = 2;

	memcpy(pointer, "#/", 3);
	for (; *field && at + 4 < 256; field++) {
		const char *tilde = *field == '~' ? "~0" : *field == '/' ? "~1" : NULL;

		if (tilde)
			at += (size_t)snprintf(pointer + at, 256 - at, "%s", tilde);
		else
			at += (size_t)snprintf(
				pointer + at, 256 - at,
				isalnum((unsigned char)*field) || strchr("-._~", *field) ? "%c"
											 : "%%%02X",
				(unsigned char)*field);
	}
	return pointer;
}

struct writer { /* it remembers its first failure */
	struct blob *out;
	int rc;
};

static void put(struct writer *to, const char *text)
{
	if (to->rc == 0)
		to->rc = blob_append(to->out, text, strlen(text));
}

static void put_text(struct writer *to, const char *name, const char *text)
{
	put(to, name);
	if (to->rc == 0)
		to->rc = quote_json(to->out, text, strlen(text));
}

int http_problem_body(struct blob *out, const struct http_problem *problem, const char *types)
{
	bool located = problem->argument || problem->field;
	struct writer to = { .out = out };
	char status[32], pointer[256];

	if (!types) {
		put_text(&to, "{\"error\": ", problem->text);
	} else {
		(void)snprintf(status, sizeof(status), ", \"status\": %u", problem->status);
		put(&to, "{\"type\": \"");
		put(&to, located ? types : "about:blank");
		put(&to, located ? "ArgumentProblem" : "");
		put_text(&to, "\", \"title\": ", title_of(problem->status));
		put(&to, status);
		put_text(&to, ", \"detail\": ", problem->text);
	}
	if (types && located) {
		put_text(&to, ", \"errors\": [{\"detail\": ", problem->text);
		if (problem->argument)
			put_text(&to, ", \"parameter\": ", problem->argument);
		if (problem->field)
			put_text(&to, ", \"pointer\": ", pointer_to(problem->field, pointer));
		put(&to, "}]");
	}
	put(&to, problem->more ? problem->more : "");
	put(&to, "}\n");
	return to.rc;
}

const char *http_problem_type(const char *types)
{
	return types ? "application/problem+json" : HTTP_JSON;
}

const char *http_problem_types(const struct http *http, const char *path)
{
	return http->problems && strncmp(path, http->problems, strlen(http->problems)) == 0
		       ? http->problem_types
		       : NULL;
}
