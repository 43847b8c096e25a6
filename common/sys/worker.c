/* 1. submit queues the job; when none is running, its work goes to libuv's pool.
 * 2. When the work is over, the loop takes the job off, starts the next one's work, and only then
 *    calls done(), which may therefore submit, free its job, or close an idle worker. */
#include "common/sys/worker.h"

#include <assert.h>
#include <stdlib.h>

struct worker {
	uv_loop_t *loop; /* outlives us */
	uv_work_t work;  /* in flight while first is not NULL */
	struct job *first, *last;
	size_t waiting;
};

struct worker *worker_open(uv_loop_t *loop)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	if (!worker)
		return NULL;
	worker->loop = loop;
	worker->work.data = worker;
	return worker;
}

static void on_work(uv_work_t *work)
{
	struct worker *worker = work->data;
	struct job *job = worker->first; /* the loop leaves it alone until on_worked */
	enum language before = language_use(job->language);
	job->work(job);
	(void)language_use(before);
}

static void on_worked(uv_work_t *work, int status);

static void first_start(struct worker *worker)
{
	int rc = uv_queue_work(worker->loop, &worker->work, on_work, on_worked);
	assert(rc == 0); /* fails only without a work callback */
	(void)rc;
}

static void on_worked(uv_work_t *work, int status)
{
	assert(status == 0); /* nobody cancels */
	(void)status;
	struct worker *worker = work->data;
	struct job *job = worker->first;
	worker->first = job->next;
	worker->waiting--;
	if (worker->first)
		first_start(worker);
	else
		worker->last = NULL;
	job->next = NULL;
	enum language before = language_use(job->language);
	job->done(job); /* the last use of worker and job here */
	(void)language_use(before);
}

void worker_submit(struct worker *worker, struct job *job)
{
	job->next = NULL;
	worker->waiting++;
	if (worker->last) {
		worker->last->next = job;
		worker->last = job;
		return;
	}
	worker->first = worker->last = job;
	first_start(worker);
}

size_t worker_waiting(const struct worker *worker)
{
	return worker->waiting;
}

void worker_close(struct worker *worker)
{
	assert(!worker || worker->waiting == 0);
	free(worker);
}
