/* The form of a period: shown, judged, recorded. */
#include "clerk/clerk_internal.h"

#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int request_period(struct request *request, const char *period, const char *calendar)
{
	int rc = excel_form_period(period, calendar, &request->period, &request->err);
	if (rc < 0)
		return rc;
	(void)period_format(request->period, request->period_text);
	request->question.kind = &request->period;
	request->question.until_day = period_first_day(request->period);
	request->question.most = HISTORY_PERIODS;
	return 0;
}

static int open_sheet(struct request *request)
{
	int rc = sheet_open(request->catalogue, &request->values, request->period, &request->sheet,
			    &request->err);
	if (rc == 0 && request->fields)
		rc = sheet_take(&request->sheet, request->fields, request->n_fields, &request->err);
	if (rc == 0 && request->fields)
		rc = sheet_judge(&request->sheet,
				 clock_latest_us(recorder_clock(request->clerk->host.recorder)),
				 &request->err);
	return rc;
}

static void show_sheet(struct request *request, unsigned status, const char *trouble)
{
	const struct clerk *clerk = request->clerk;
	const char *number = http_arg(request->http, "saved");
	struct uplink_look look;
	struct frame frame = request_frame(request, &look);
	struct sheet_look sheet_look = { .token = clerk->token, .trouble = trouble };
	if (number && clerk->saved.at_us > 0 && strtoul(number, NULL, 10) == clerk->saved.number) {
		sheet_look.saved_us = clerk->saved.at_us;
		sheet_look.changes = (const char *)clerk->saved.changes.data;
	}
	sheet_write(&request->html, &frame, &request->sheet, &sheet_look);
	request_answer(request, status);
}

static void write_form(struct request *request)
{
	if (open_sheet(request) < 0)
		request_answer_error(request);
	else
		show_sheet(request, 200, NULL);
}

void form_get(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	if (request_period(request, http_arg(http, "period"), http_arg(http, "calendar")) < 0)
		request_answer_error(request);
	else
		request_read_then(request, write_form);
}

/* For the page that says so. Without memory it says nothing: the figures are shown all the same. */
static void remember(struct clerk *clerk, const struct sheet *sheet)
{
	struct blob *changes = &clerk->saved.changes;
	blob_free(changes);
	clerk->saved.number++;
	clerk->saved.at_us = 0;
	if (sheet_changes(sheet, changes) == 0 && blob_append(changes, "", 1) == 0)
		clerk->saved.at_us = civil_now_us();
}

/* Back to the form, which then says what was saved. */
static void answer_saved(struct request *request)
{
	struct clerk *clerk = request->clerk;
	char location[160];
	remember(clerk, &request->sheet);
	(void)snprintf(location, sizeof(location), "form?period=%s&calendar=%s&saved=%u",
		       request->period_text, calendar_name(request->period.calendar),
		       clerk->saved.number); /* fits */
	request_answer_elsewhere(request, location);
}

static void take_form(struct request *request);

/* A whole came beside its parts while the form was looked at, by an import say: what the form says
 * of that is in its own words, when it is judged by what is there now. */
static void judge_again(struct request *request)
{
	free(request->entries);
	request->entries = NULL;
	sheet_close(&request->sheet);
	values_free(&request->values);
	request_read_then(request, take_form);
}

static void done_recording(struct recording *recording)
{
	struct request *request = container_of(recording, struct request, recording);
	struct clerk *clerk = request->clerk;
	if (recording->rc == -EEXIST && !request->again) {
		request->again = true;
		judge_again(request);
		return;
	}
	if (recording->rc == -EEXIST) {
		show_sheet(request, http_status_of(recording->rc),
			   _("Something else was recorded for this period at the same moment. "
			     "What stands there now is shown below."));
		return;
	}
	bool refused = recording->found.n_refused > 0; /* since the form was judged */
	comparison_free(&recording->found);
	if (recording->rc < 0 || refused) {
		show_sheet(request, recording->rc < 0 ? http_status_of(recording->rc) : 422,
			   http_words(request->http, &recording->err));
		return;
	}
	clerk->last_us = civil_now_us();
	answer_saved(request); /* I1: said after the fsync */
}

static void record(struct request *request)
{
	size_t n;
	int rc = sheet_entries(&request->sheet, request->period_text, request->typist,
			       &request->entries, &n, &request->err);
	request->recording.done = done_recording;
	request->recording.job.language = request->language;
	if (rc == 0)
		rc = recorder_submit(request->clerk->host.recorder, &request->recording,
				     request->entries, n, &request->err);
	if (rc < 0)
		show_sheet(request, rc == -EINVAL ? 422 : http_status_of(rc),
			   http_words(request->http, &request->err));
}

static void take_form(struct request *request)
{
	const char *token = field_value(request->fields, request->n_fields, "token");
	bool fits = request_fits(request, token, token ? strlen(token) : 0);
	if (open_sheet(request) < 0)
		request_answer_error(request);
	else if (!fits)
		show_sheet(request, 422,
			   _("The agent was restarted since this page was opened. Look over what "
			     "you wrote, and press Save again."));
	else if (request->sheet.n_errors + request->sheet.n_warnings > 0)
		show_sheet(request, 422, NULL);
	else if (request->sheet.n_changed == 0)
		answer_saved(request);
	else
		record(request);
}

/* An error is a page here as well: the script takes what is no JSON for no answer. */
static void take_check(struct request *request)
{
	if (open_sheet(request) < 0) {
		request_answer_error(request);
		return;
	}
	request->html.failed = sheet_json(&request->sheet, &request->html.out) < 0;
	request_answer_json(request);
}

static int read_body(struct request *request)
{
	int rc = request_read_fields(request);
	if (rc < 0)
		return rc;
	const char *language = field_value(request->fields, request->n_fields, "lang");
	if (language) /* numbers are written as the form's language writes them */
		request_speak(request, language);
	return request_period(request, field_value(request->fields, request->n_fields, "period"),
			      field_value(request->fields, request->n_fields, "calendar"));
}

static void post(void *context, struct http_request *http, void (*write)(struct request *request))
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	if (read_body(request) < 0)
		request_answer_error(request);
	else
		request_read_then(request, write);
}

void form_post(void *context, struct http_request *http)
{
	post(context, http, take_form);
}

void form_check(void *context, struct http_request *http)
{
	post(context, http, take_check);
}

/* --- as a workbook --- */

static void work_template(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	const struct clerk *clerk = request->clerk;
	const struct excel_form_config config = { .spool = recorder_spool(clerk->host.recorder),
						  .catalogue = request->catalogue,
						  .office = clerk->host.office,
						  .period = request->period };
	request->rc = request->excel.marking
			      ? excel_form_step(&request->excel, &request->err)
			      : excel_form_begin(&request->excel, &config, &request->err);
	if (request->rc == 0 && request->excel.out.len == 0)
		request->rc = 1; /* it was begun */
}

static void make_template(struct request *request);

static void done_template(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	char name[128];
	if (request->rc > 0) {
		make_template(request);
		return;
	}
	if (request->rc < 0) {
		request_answer_error(request);
		return;
	}
	request->html.out = request->excel.out;
	request->excel.out = (struct blob){ 0 };
	(void)snprintf(name, sizeof(name), "%s_%s.xlsx", request->clerk->host.office,
		       request->period_text); /* fits */
	request_answer_file(request, name);
}

static void make_template(struct request *request)
{
	request->job = (struct job){ .work = work_template,
				     .done = done_template,
				     .language = request->language };
	worker_submit(recorder_worker(request->clerk->host.recorder), &request->job);
}

void form_template(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	if (request_period(request, http_arg(http, "period"), http_arg(http, "calendar")) < 0)
		request_answer_error(request);
	else
		make_template(request);
}
