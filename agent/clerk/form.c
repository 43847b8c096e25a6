/* The form of a period: shown, judged, recorded. */
#include "clerk/clerk_internal.h"

#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_period(struct call *call, const char *period, const char *calendar)
{
	enum calendar which = CALENDAR_CIVIL;
	if (!period)
		return err_set(&call->err, -EINVAL, "say which period the form is of");
	int rc = calendar ? calendar_from_name(calendar, &which, &call->err) : 0;
	if (rc == 0)
		rc = period_parse(period, which, &call->period, &call->err);
	if (rc < 0)
		return rc;
	(void)period_format(call->period, call->period_text);
	call->question.kind = &call->period;
	call->question.until_day = period_first_day(call->period);
	call->question.most = HISTORY_PERIODS;
	return 0;
}

static int open_sheet(struct call *call)
{
	int rc =
		sheet_open(call->catalogue, &call->figures, call->period, &call->sheet, &call->err);
	if (rc == 0 && call->fields)
		rc = sheet_take(&call->sheet, call->fields, call->n_fields, &call->err);
	if (rc == 0 && call->fields)
		rc = sheet_judge(&call->sheet,
				 clock_latest_us(recorder_clock(call->page->host.recorder)),
				 &call->err);
	return rc;
}

static void show_sheet(struct call *call, unsigned status, const char *trouble)
{
	const struct page *page = call->page;
	const char *number = http_arg(call->request, "saved");
	struct uplink_look look;
	struct frame frame = call_frame(call, &look);
	struct sheet_look sheet_look = { .token = page->token, .trouble = trouble };
	if (number && page->saved.at_us > 0 && strtoul(number, NULL, 10) == page->saved.number) {
		sheet_look.saved_us = page->saved.at_us;
		sheet_look.changes = (const char *)page->saved.changes.data;
	}
	sheet_write(&call->html, &frame, &call->sheet, &sheet_look);
	call_answer(call, status);
}

static void write_form(struct call *call)
{
	if (open_sheet(call) < 0)
		call_answer_error(call);
	else
		show_sheet(call, 200, NULL);
}

void page_get_form(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	if (read_period(call, http_arg(request, "period"), http_arg(request, "calendar")) < 0)
		call_answer_error(call);
	else
		call_read_then(call, write_form);
}

/* For the page that says so. Without memory it says nothing: the figures are shown all the same. */
static void remember(struct page *page, const struct sheet *sheet)
{
	struct blob *changes = &page->saved.changes;
	blob_free(changes);
	page->saved.number++;
	page->saved.at_us = 0;
	if (sheet_changes(sheet, changes) == 0 && blob_append(changes, "", 1) == 0)
		page->saved.at_us = civil_now_us();
}

/* Back to the form, which then says what was saved. */
static void answer_saved(struct call *call)
{
	struct page *page = call->page;
	char location[160];
	remember(page, &call->sheet);
	(void)snprintf(location, sizeof(location), "/form?period=%s&calendar=%s&saved=%u",
		       call->period_text, calendar_name(call->period.calendar),
		       page->saved.number); /* fits */
	call_answer_elsewhere(call, location);
}

static void done_recording(struct recording *recording)
{
	struct call *call = container_of(recording, struct call, recording);
	struct page *page = call->page;
	if (recording->rc < 0) {
		show_sheet(call, http_status_of(recording->rc),
			   http_words(call->request, &recording->err));
		return;
	}
	page->last_us = civil_now_us();
	answer_saved(call);
}

static void record(struct call *call)
{
	size_t n;
	int rc = sheet_entries(&call->sheet, call->period_text, &call->entries, &n, &call->err);
	call->recording.done = done_recording;
	call->recording.job.language = call->language;
	if (rc == 0)
		rc = recorder_submit(call->page->host.recorder, &call->recording, call->entries, n,
				     &call->err);
	if (rc < 0)
		show_sheet(call, rc == -EINVAL ? 422 : http_status_of(rc),
			   http_words(call->request, &call->err));
}

static bool token_fits(const struct call *call)
{
	const char *token = field_value(call->fields, call->n_fields, "token");
	return token && strlen(token) == strlen(call->page->token) &&
	       sodium_memcmp(token, call->page->token, strlen(token)) == 0;
}

static void take_form(struct call *call)
{
	if (open_sheet(call) < 0)
		call_answer_error(call);
	else if (!token_fits(call))
		show_sheet(call, 422,
			   _("The agent was started anew since this page was opened. Look over "
			     "what you wrote, and press Save again."));
	else if (call->sheet.n_errors + call->sheet.n_warnings > 0)
		show_sheet(call, 422, NULL);
	else if (call->sheet.n_changed == 0)
		answer_saved(call);
	else
		record(call);
}

/* An error is a page here as well: the script takes what is no JSON for no answer. */
static void take_check(struct call *call)
{
	if (open_sheet(call) < 0) {
		call_answer_error(call);
		return;
	}
	call->html.failed = sheet_json(&call->sheet, &call->html.out) < 0;
	call_answer_json(call);
}

static int read_body(struct call *call)
{
	size_t len;
	const char *body = http_body(call->request, &len);
	call->body = malloc(len + 1);
	if (!call->body)
		return err_memory(&call->err);
	memcpy(call->body, body, len);
	int rc = urlencoded_parse(call->body, len, &call->fields, &call->n_fields, &call->err);
	if (rc < 0)
		return rc;
	const char *language = field_value(call->fields, call->n_fields, "lang");
	if (language) /* numbers are written as the form's language writes them */
		call_speak(call, language);
	return read_period(call, field_value(call->fields, call->n_fields, "period"),
			   field_value(call->fields, call->n_fields, "calendar"));
}

static void post(void *context, struct http_request *request, void (*write)(struct call *call))
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	if (read_body(call) < 0)
		call_answer_error(call);
	else
		call_read_then(call, write);
}

void page_post_form(void *context, struct http_request *request)
{
	post(context, request, take_form);
}

void page_post_check(void *context, struct http_request *request)
{
	post(context, request, take_check);
}
