#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/sys/worker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define JOBS 200

struct fixture;

struct numbered {
	struct job job;
	struct fixture *f;
	int number;
};

struct fixture {
	uv_loop_t loop;
	struct worker *worker;
	struct numbered jobs[JOBS];
	int worked[JOBS + 1], done[JOBS + 1];
	int n_worked, n_done;
	atomic_int inside; /* jobs on the pool at this moment */
	int overlaps, again;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f || uv_loop_init(&f->loop) < 0)
		return -1;
	f->worker = worker_open(&f->loop);
	*state = f;
	return f->worker ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	worker_close(f->worker);
	int rc = uv_loop_close(&f->loop);
	free(f);
	return rc;
}

static void work(struct job *job)
{
	struct numbered *numbered = (struct numbered *)job;
	struct fixture *f = numbered->f;
	if (atomic_fetch_add(&f->inside, 1) != 0)
		f->overlaps++;
	f->worked[f->n_worked++] = numbered->number; /* unguarded: thread sanitizer looks on */
	atomic_fetch_sub(&f->inside, 1);
}

static void done(struct job *job)
{
	struct numbered *numbered = (struct numbered *)job;
	numbered->f->done[numbered->f->n_done++] = numbered->number;
}

static void submit(struct fixture *f, int number, void (*on_done)(struct job *))
{
	f->jobs[number] = (struct numbered){ { .work = work, .done = on_done }, f, number };
	worker_submit(f->worker, &f->jobs[number].job);
}

static void jobs_run_one_at_a_time_in_the_order_they_came(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < JOBS; i++)
		submit(f, i, done);
	assert_int_equal(worker_waiting(f->worker), JOBS);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(worker_waiting(f->worker), 0);
	assert_int_equal(f->overlaps, 0);
	assert_int_equal(f->n_done, JOBS);
	for (int i = 0; i < JOBS; i++) {
		assert_int_equal(f->worked[i], i);
		assert_int_equal(f->done[i], i);
	}
}

static void done_submits_again(struct job *job)
{
	struct numbered *numbered = (struct numbered *)job;
	struct fixture *f = numbered->f;
	done(job);
	if (++f->again < JOBS)
		submit(f, numbered->number, done_submits_again);
}

static void done_may_submit_the_same_job_again(void **state)
{
	struct fixture *f = *state;
	submit(f, 0, done_submits_again);
	submit(f, 1, done);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->again, JOBS);
	assert_int_equal(f->n_done, JOBS + 1);
	assert_int_equal(f->done[1], 1); /* who waited was served first */
}

static void done_closes(struct job *job)
{
	struct fixture *f = ((struct numbered *)job)->f;
	worker_close(f->worker);
	f->worker = NULL;
}

static void the_last_done_may_close_the_worker(void **state)
{
	struct fixture *f = *state;
	submit(f, 0, done_closes);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_null(f->worker);
}

struct spoken {
	struct job job;
	char work[3], done[3];
};

static void work_speaks(struct job *job)
{
	strcpy(((struct spoken *)job)->work, language_tag());
}

static void done_speaks(struct job *job)
{
	strcpy(((struct spoken *)job)->done, language_tag());
}

/* Pool and loop go back to English after each: what is logged there next is English. */
static void a_job_speaks_its_readers_language_and_nobody_else_does(void **state)
{
	struct fixture *f = *state;
	struct spoken jobs[7] = { 0 };
	for (size_t i = 0; i < 7; i++) {
		jobs[i].job.work = work_speaks;
		jobs[i].job.done = done_speaks;
		jobs[i].job.language = i % 2 ? LANGUAGE_ENGLISH : LANGUAGE_VIETNAMESE;
		worker_submit(f->worker, &jobs[i].job);
	}
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	for (size_t i = 0; i < 7; i++) {
		assert_string_equal(jobs[i].work, i % 2 ? "en" : "vi");
		assert_string_equal(jobs[i].done, i % 2 ? "en" : "vi");
	}
	assert_string_equal(language_tag(), "en");
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	(void)setenv("UV_THREADPOOL_SIZE", "1", 1); /* jobs of both languages on one thread */
	i18n_serve(NULL);
	const struct CMUnitTest tests[] = {
		test(jobs_run_one_at_a_time_in_the_order_they_came),
		test(done_may_submit_the_same_job_again),
		test(the_last_done_may_close_the_worker),
		test(a_job_speaks_its_readers_language_and_nobody_else_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
