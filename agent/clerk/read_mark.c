/* POST /read: somebody read what the province wrote. */
#include "clerk/clerk_internal.h"

#include "common/base/container.h"
#include "common/base/i18n.h"

#include <errno.h>
#include <stdlib.h>

static void work_mark(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	const char *text = field_value(request->fields, request->n_fields, "message");
	size_t n;
	char *end = NULL;
	uint64_t id = text && *text >= '1' && *text <= '9' ? strtoull(text, &end, 10) : 0;
	if (id == 0 || *end)
		request->rc = err_set(&request->err, -EINVAL, "there is no such message here");
	else
		request->rc = bulletin_mark_read(recorder_spool(request->clerk->host.recorder), id,
						 &n, &request->err);
}

static void done_mark(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	struct uplink *uplink = request->clerk->host.uplink;
	if (request->rc < 0) {
		request_answer_error(request);
		return;
	}
	if (uplink)
		uplink_message_read(uplink);
	request_answer_elsewhere(request, ".");
}

void read_mark_post(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	if (request_read_pressed(request) < 0) {
		request_answer_error(request);
		return;
	}
	request->job =
		(struct job){ .work = work_mark, .done = done_mark, .language = request->language };
	worker_submit(recorder_worker(request->clerk->host.recorder), &request->job);
}
