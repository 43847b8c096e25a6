/* POST /finished: "this report is finished", or not after all. */
#include "clerk/clerk_internal.h"

#include "common/base/container.h"
#include "common/model/civil.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void work_finish(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	const struct recorder *recorder = request->clerk->host.recorder;
	const char *said = field_value(request->fields, request->n_fields, "finished");
	struct moment now = clock_now(recorder_clock(recorder));
	struct spool_finished finished = { .period = request->period,
					   .at_us = now.known ? now.at_us : 0,
					   .undone = said && strcmp(said, "no") == 0 };
	(void)snprintf(finished.author, sizeof(finished.author), "%s", request->typist); /* fits */
	request->rc = spool_finish(recorder_spool(recorder), &finished, &request->err);
}

static void done_finish(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	char location[128];
	if (request->rc < 0) {
		request_answer_error(request);
		return;
	}
	recorder_recorded(request->clerk->host.recorder, true);
	(void)snprintf(location, sizeof(location), "form?period=%s&calendar=%s",
		       request->period_text, calendar_name(request->period.calendar)); /* fits */
	request_answer_elsewhere(request, location);
}

static int read_body(struct request *request)
{
	int rc = request_read_pressed(request);
	if (rc < 0)
		return rc;
	rc = request_period(request, field_value(request->fields, request->n_fields, "period"),
			    field_value(request->fields, request->n_fields, "calendar"));
	if (rc == 0 && request->period.grain < GRAIN_DAY)
		rc = err_set(&request->err, -EINVAL, "there is no such report");
	return rc;
}

void finished_post(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	if (read_body(request) < 0) {
		request_answer_error(request);
		return;
	}
	request->job = (struct job){ .work = work_finish,
				     .done = done_finish,
				     .language = request->language };
	worker_submit(recorder_worker(request->clerk->host.recorder), &request->job);
}
