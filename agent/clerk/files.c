/* How a file is handed in:
 *
 * 1. On the loop: the form is taken apart, and its token compared.
 * 2. On the worker: the file is put into the folder, then taken step by step, each a job, so that
 *    others get their turn; a workbook is read by a process of its own.
 * 3. On the loop: what is told of it is kept, and the browser is sent to the page that says so.
 *
 * One is taken at a time; another one meanwhile is told to try again. What cannot be taken for a
 * reason that is not the file's (a full disk) is told, and nothing of it may be recorded. */
#include "clerk/clerk_internal.h"

#include "clerk/files_html.h"
#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/text/multipart.h"
#include "inbox/errors_sheet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the page --- */

static void work_outcomes(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	request->question.until_day = DAY_MIN; /* no values: who the office is */
	request->rc = values_read(recorder_spool(request->clerk->host.recorder), &request->question,
				  &request->values, &request->err);
	if (request->rc == 0)
		request->rc = outcomes_read(recorder_spool(request->clerk->host.recorder),
					    request->outcomes, &request->n_outcomes, &request->err);
}

static void show(struct request *request, unsigned status, const char *trouble)
{
	const struct clerk *clerk = request->clerk;
	const char *number = http_arg(request->http, "taken");
	struct uplink_look line;
	struct frame frame = request_frame(request, &line);
	struct files_look look = { .token = clerk->token,
				   .trouble = trouble,
				   .before = request->outcomes,
				   .n_before = request->n_outcomes };
	if (number && clerk->taken.number > 0 && strtoul(number, NULL, 10) == clerk->taken.number) {
		look.outcome = &clerk->taken.outcome;
		look.told = clerk->taken.told;
		look.n_told = clerk->taken.n;
		look.n_untold = clerk->taken.n_untold;
	}
	files_write(&request->html, &frame, &look);
	request_answer(request, status);
}

static void done_outcomes(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	struct err why = request->upload.config.folder ? request->err : (struct err){ 0 };
	if (request->rc < 0)
		request_answer_error(request);
	else if (why.code < 0)
		show(request, http_status_of(why.code), http_words(request->http, &why));
	else
		show(request, 200, NULL);
}

static void read_outcomes(struct request *request)
{
	request->question.catalogue = request->catalogue;
	request->job = (struct job){ .work = work_outcomes,
				     .done = done_outcomes,
				     .language = request->language };
	worker_submit(recorder_worker(request->clerk->host.recorder), &request->job);
}

void files_get(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (request)
		read_outcomes(request);
}

/* --- handing one in --- */

static void end_taking(struct request *request)
{
	struct clerk *clerk = request->clerk;
	struct upload *upload = &request->upload;
	const struct inbox_result *result = &upload->result;
	char location[64];
	clerk->taking = false;
	if (result->fresh + result->changed > 0)
		recorder_recorded(clerk->host.recorder, result->coarse);
	if (result->fresh + result->changed + result->same > 0)
		clerk->last_us = civil_now_us();
	if (request->rc < 0) {
		request_answer_error(request);
		return;
	}
	told_free(clerk->taken.told, clerk->taken.n);
	clerk->taken.number++;
	clerk->taken.outcome = upload->outcome;
	clerk->taken.told = upload->told;
	clerk->taken.n = upload->n_told;
	clerk->taken.n_untold = upload->n_untold;
	upload->told = NULL;
	upload->n_told = 0;
	(void)snprintf(location, sizeof(location), "files?taken=%u", clerk->taken.number);
	request_answer_elsewhere(request, location);
}

static void work_take(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	request->rc = upload_step(&request->upload, &request->err);
}

static void done_take(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	if (request->rc <= 0) {
		end_taking(request);
		return;
	}
	request->job =
		(struct job){ .work = work_take, .done = done_take, .language = request->language };
	worker_submit(recorder_worker(request->clerk->host.recorder), &request->job);
}

static const struct part *file_of(const struct part parts[], size_t n)
{
	const struct part *file = multipart_find(parts, n, "file");
	return file && *file->file ? file : NULL;
}

/* The body is the request's until it is answered. */
static void work_begin(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	struct part parts[MULTIPART_PARTS_MAX];
	size_t len, n;
	const char *body = http_body(request->http, &len);
	request->rc = multipart_parse(http_header(request->http, "Content-Type"), body, len, parts,
				      &n, &request->err);
	const struct part *file = request->rc == 0 ? file_of(parts, n) : NULL;
	if (file)
		request->rc = upload_begin(&request->upload, &request->upload.config, file->file,
					   file->data, file->len, &request->err);
	request->rc = request->rc == 0 ? 1 : request->rc; /* as a step */
}

static int read_form(struct request *request)
{
	struct part parts[MULTIPART_PARTS_MAX];
	char language[3] = "";
	size_t len, n;
	const char *body = http_body(request->http, &len);
	int rc = multipart_parse(http_header(request->http, "Content-Type"), body, len, parts, &n,
				 &request->err);
	if (rc < 0)
		return rc;
	const struct part *lang = multipart_find(parts, n, "lang");
	const struct part *token = multipart_find(parts, n, "token");
	if (lang) {
		(void)snprintf(language, sizeof(language), "%.*s", (int)lang->len, lang->data);
		request_speak(request, language);
	}
	if (!request_fits(request, token ? token->data : NULL, token ? token->len : 0))
		return err_set(&request->err, -ESTALE,
			       "The agent was restarted since this page was opened. Choose the "
			       "file once more, and hand it in.");
	const struct part *file = file_of(parts, n);
	if (!file)
		return err_set(&request->err, -EINVAL, "Choose a file first.");
	if (request->clerk->taking)
		return err_set(&request->err, -EAGAIN,
			       "Another file is being read. Hand this one in again in a moment.");
	return 0;
}

void files_post(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	struct clerk *clerk = request->clerk;
	int rc = read_form(request);
	request->upload.config = (struct upload_config){
		.folder = clerk->uploads,
		.spool = recorder_spool(clerk->host.recorder),
		.catalogue = request->catalogue,
		.office = clerk->host.office,
		.author = request->typist,
		.now_us = clock_latest_us(recorder_clock(clerk->host.recorder)),
		.language = request->language
	};
	request->upload.folder_fd = -1;
	if (rc < 0) {
		read_outcomes(request);
		return;
	}
	clerk->taking = true;
	request->job = (struct job){ .work = work_begin,
				     .done = done_take,
				     .language = request->language };
	worker_submit(recorder_worker(clerk->host.recorder), &request->job);
}

/* --- the copy with its errors --- */

static void work_errors(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	request->rc = upload_errors(request->clerk->uploads, http_arg(request->http, "file"),
				    &request->html.out, &request->err);
}

static void done_errors(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	if (request->rc < 0)
		request_answer_error(request);
	else
		request_answer_file(request, http_arg(request->http, "file"));
}

void files_errors(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	if (!http_arg(http, "file")) {
		(void)err_set(&request->err, -EINVAL, "say which file");
		request_answer_error(request);
		return;
	}
	request->job = (struct job){ .work = work_errors,
				     .done = done_errors,
				     .language = request->language };
	worker_submit(recorder_worker(request->clerk->host.recorder), &request->job);
}
