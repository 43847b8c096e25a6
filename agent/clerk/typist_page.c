/* GET /typist: a name is asked for, or shown. POST /typist: it is kept by the browser from now on,
 * or forgotten. */
#include "clerk/clerk_internal.h"

#include "common/base/i18n.h"

#include <errno.h>
#include <string.h>

static void show(struct request *request, unsigned status, const char *trouble)
{
	struct uplink_look look;
	struct frame frame = request_frame(request, &look);
	struct html *html = &request->html;
	frame.title = _("Who is typing");
	frame.path = "typist?";
	frame_begin(html, &frame);
	html_add(html, "<h1>%s</h1>\n", frame.title);
	if (request->by_proxy)
		html_add(html, "<p class=\"lead\">%s</p>\n",
			 _("The server that you signed in at says who you are."));
	else
		typist_ask(html, &frame, request->clerk->token, trouble);
	frame_end(html);
	request_answer(request, status);
}

static void write_page(struct request *request)
{
	show(request, 200, NULL);
}

void typist_get(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	request->question.until_day = DAY_MIN; /* no values: who the office is */
	request_read_then(request, write_page);
}

static int take(struct request *request)
{
	int rc = request_read_fields(request);
	if (rc < 0)
		return rc;
	const char *token = field_value(request->fields, request->n_fields, "token");
	const char *typed = field_value(request->fields, request->n_fields, "name");
	if (request->by_proxy)
		return err_set(&request->err, -EACCES,
			       "the server that you signed in at says who you are");
	if (!token || !request_fits(request, token, strlen(token)))
		return err_set(&request->err, -ESTALE,
			       "The agent was restarted since this page was opened. Write your "
			       "name once more.");
	return typist_typed(typed ? typed : "", request->typist, &request->err);
}

static void write_refused(struct request *request)
{
	show(request, http_status_of(request->err.code), http_words(request->http, &request->err));
}

void typist_post(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	request->question.until_day = DAY_MIN;
	if (take(request) < 0) {
		request_read_then(request, write_refused);
		return;
	}
	request->typist_chosen = true;
	request_answer_elsewhere(request, ".");
}
