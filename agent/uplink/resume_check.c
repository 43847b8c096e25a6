#include "uplink/resume_check.h"

#include "common/base/container.h"
#include "common/base/log.h"

#include <string.h>

static int work(struct task *task)
{
	struct resume_check *check = container_of(task, struct resume_check, task);
	const struct welcome *welcome = &check->checking;
	return spool_matches(check->spool, welcome->upto, welcome->digest, welcome->digest_len,
			     &check->matches, &task->err);
}

static void flush(struct resume_check *check);

static void done(struct task *task)
{
	struct resume_check *check = container_of(task, struct resume_check, task);
	if (task->rc < 0)
		log_error("uplink: cannot check the province's last batch cause=\"%s\"",
			  task->err.text);
	else if (!check->stale)
		check->on_checked(check->context, &check->checking, check->matches);
	flush(check);
}

static void flush(struct resume_check *check)
{
	if (check->task.busy || !check->due)
		return;
	check->due = check->stale = false;
	check->checking = check->next;
	task_start(&check->task, check->group, work, done);
}

void resume_check_take(struct resume_check *check, uint64_t upto,
		       const Lantoa__V1__Welcome *message)
{
	const ProtobufCBinaryData *digest = &message->upto_digest;
	check->next = (struct welcome){ .upto = upto,
					.credit = message->credit,
					.protocol = message->protocol,
					.digest_len = digest->len };
	if (digest->len > 0 && digest->len <= sizeof(check->next.digest))
		memcpy(check->next.digest, digest->data, digest->len);
	check->due = true;
	flush(check);
}

void resume_check_forget(struct resume_check *check)
{
	check->due = false;
	check->stale = true;
}
