#include "uplink/task.h"

#include "common/base/container.h"

#include <assert.h>

static void on_work(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	task->rc = task->work(task);
}

static void on_done(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct task_group *group = task->group;
	task->busy = false;
	group->busy--;
	if (!group->stopping)
		task->done(task);
	else if (group->busy == 0)
		group->on_idle(group->context);
}

void task_start(struct task *task, struct task_group *group, int (*work)(struct task *task),
		void (*done)(struct task *task))
{
	assert(!task->busy);
	task->group = group;
	task->work = work;
	task->done = done;
	task->busy = true;
	group->busy++;
	task->job = (struct job){ .work = on_work, .done = on_done };
	worker_submit(group->worker, &task->job);
}
