#include "uplink/resume_check.h"

#include "common/base/container.h"
#include "common/base/log.h"

#include <string.h>

static int work(struct task *task)
{
	struct welcomes *welcomes = container_of(task, struct welcomes, task);
	const struct welcome *welcome = &welcomes->checking;
	return spool_matches(welcomes->spool, welcome->upto, welcome->digest, welcome->digest_len,
			     &welcomes->matches, &task->err);
}

static void flush(struct welcomes *welcomes);

static void done(struct task *task)
{
	struct welcomes *welcomes = container_of(task, struct welcomes, task);
	if (task->rc < 0)
		log_error("uplink: cannot check the province's last batch cause=\"%s\"",
			  task->err.text);
	else if (!welcomes->stale)
		welcomes->on_checked(welcomes->context, &welcomes->checking, welcomes->matches);
	flush(welcomes);
}

static void flush(struct welcomes *welcomes)
{
	if (welcomes->task.busy || !welcomes->due)
		return;
	welcomes->due = welcomes->stale = false;
	welcomes->checking = welcomes->next;
	task_start(&welcomes->task, welcomes->group, work, done);
}

void welcomes_take(struct welcomes *welcomes, uint64_t upto, const Lantoa__V1__Welcome *message)
{
	const ProtobufCBinaryData *digest = &message->upto_digest;
	welcomes->next = (struct welcome){ .upto = upto,
					   .credit = message->credit,
					   .protocol = message->protocol,
					   .digest_len = digest->len };
	if (digest->len > 0 && digest->len <= sizeof(welcomes->next.digest))
		memcpy(welcomes->next.digest, digest->data, digest->len);
	welcomes->due = true;
	flush(welcomes);
}

void welcomes_forget(struct welcomes *welcomes)
{
	welcomes->due = false;
	welcomes->stale = true;
}
