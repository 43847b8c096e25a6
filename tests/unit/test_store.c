#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/container.h"
#include "schema/reference_version.h"
#include "store/store.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOBS 60

struct fixture {
	uv_loop_t loop;
	char folder[64], path[96];
	struct store *store;
	struct err err;
	int order[JOBS], n_done;
	uv_sem_t inside, go, go_late; /* a job that waits tells and is told */
};

struct task { /* runs one statement; notes what it gave */
	struct store_job job;
	struct fixture *f;
	const char *sql;
	int number, fails, waits, changes_reference;
	int64_t result, reference_version;
	int rc;
	char text[200];
};

static int task_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct task *task = container_of(job, struct task, job);
	sqlite3_stmt *stmt;
	task->reference_version = reference->version;
	int rc = db_prepare(db, task->sql, &stmt, err);
	if (rc < 0)
		return rc;
	while ((rc = db_step(stmt, err)) == 1)
		task->result = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	if (rc == 0 && task->changes_reference)
		rc = reference_changed(db, err);
	if (task->waits) {
		uv_sem_post(&task->f->inside);
		uv_sem_wait(task->waits > 1 ? &task->f->go_late : &task->f->go);
	}
	if (rc == 0 && task->fails)
		rc = err_set(err, -EDOM, "task %d fails", task->number);
	return rc;
}

static void task_done(struct store_job *job, int rc, const struct err *err)
{
	struct task *task = container_of(job, struct task, job);
	task->rc = rc;
	(void)snprintf(task->text, sizeof(task->text), "%.190s", rc < 0 ? err->text : "");
	if (task->f->n_done < JOBS)
		task->f->order[task->f->n_done] = task->number;
	task->f->n_done++;
}

static struct task task_of(struct fixture *f, int number, const char *sql)
{
	return (struct task){ .job = { .run = task_run, .done = task_done },
			      .f = f,
			      .sql = sql,
			      .number = number,
			      .rc = 1 };
}

static void drain(struct fixture *f)
{
	while (store_waiting(f->store) > 0)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f || uv_loop_init(&f->loop) < 0 || uv_sem_init(&f->inside, 0) < 0 ||
	    uv_sem_init(&f->go, 0) < 0 || uv_sem_init(&f->go_late, 0) < 0)
		return -1;
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/lantoa-store-XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "%s/province.db", f->folder);
	*state = f;
	return store_open(&f->loop, f->path, 2, &f->store, &f->err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char log[128];
	store_close(f->store);
	int rc = uv_loop_close(&f->loop); /* busy when a handle or request was left */
	(void)snprintf(log, sizeof(log), "%s-wal", f->path);
	if (access(log, F_OK) == 0)
		rc = -1; /* closing copies the log and deletes it */
	(void)unlink(f->path);
	(void)snprintf(log, sizeof(log), "%s.lock", f->path);
	(void)unlink(log);
	rc = rmdir(f->folder) < 0 ? -1 : rc;
	uv_sem_destroy(&f->inside);
	uv_sem_destroy(&f->go);
	uv_sem_destroy(&f->go_late);
	free(f);
	return rc;
}

#define COUNT "SELECT value FROM fact WHERE name = 'n'"
#define MORE                                                                                       \
	"INSERT INTO fact VALUES('n', 1) ON CONFLICT(name) DO UPDATE SET value = value + 1 "       \
	"RETURNING value"

#define EVENT                                                                                      \
	"INSERT INTO event(after_journal, at_us, moves, kind, who, detail, body, chain)"           \
	" VALUES(0, 1, 0, 'close', 'x', '', '', zeroblob(32))"

static void writes_run_one_after_the_other_in_order(void **state)
{
	struct fixture *f = *state;
	static struct task tasks[JOBS];
	for (int i = 0; i < JOBS; i++) {
		tasks[i] = task_of(f, i, MORE);
		store_write(f->store, &tasks[i].job);
	}
	assert_int_equal(store_waiting(f->store), JOBS);
	drain(f);
	for (int i = 0; i < JOBS; i++) {
		assert_int_equal(tasks[i].rc, 0);
		assert_int_equal(f->order[i], i);
		assert_int_equal(tasks[i].result, i + 1);
	}
}

static void a_failing_job_leaves_nothing_and_the_next_one_runs(void **state)
{
	struct fixture *f = *state;
	struct task first = task_of(f, 0, MORE), bad = task_of(f, 1, MORE),
		    wrong = task_of(f, 2, "INSERT INTO nowhere VALUES(1)"),
		    last = task_of(f, 3, MORE);
	bad.fails = 1;
	bad.changes_reference = 1;
	store_write(f->store, &first.job);
	store_write(f->store, &bad.job);
	store_write(f->store, &wrong.job);
	store_write(f->store, &last.job);
	drain(f);
	assert_int_equal(bad.rc, -EDOM);
	assert_string_equal(bad.text, "task 1 fails");
	assert_int_equal(bad.result, 2); /* it saw its own change */
	assert_true(wrong.rc < 0 && strstr(wrong.text, "nowhere"));
	assert_int_equal(last.rc, 0);
	assert_int_equal(last.result, 2); /* nobody else did */
	assert_int_equal(last.reference_version, first.reference_version);
}

static void what_is_undone_leaves_nothing_not_even_another_version(void **state)
{
	struct fixture *f = *state;
	struct task first = task_of(f, 0, MORE), tried = task_of(f, 1, MORE),
		    look = task_of(f, 2, COUNT), event = task_of(f, 3, EVENT);
	struct store_version before;
	int64_t log_bytes;

	store_order(f->store, &first.job);
	drain(f);
	before = store_version(f->store);
	log_bytes = (int64_t)store_log(f->store).bytes;
	tried.job.undone = true;
	tried.changes_reference = 1;
	store_order(f->store, &tried.job);
	drain(f);
	assert_int_equal(tried.rc, 0);
	assert_int_equal(tried.result, 2);
	event.job.undone = true;
	store_order(f->store, &event.job);
	drain(f);
	assert_int_equal(event.rc, 0);
	struct store_version after = store_version(f->store);
	assert_true(store_version_same(&before, &after));
	assert_int_equal(store_log(f->store).bytes, log_bytes);
	store_read(f->store, &look.job);
	drain(f);
	assert_int_equal(look.result, 1);
	assert_int_equal(look.reference_version, first.reference_version);
}

/* I12: an office waits for one order at most, however many somebody gave. */
static void who_reports_has_his_turn_between_two_orders(void **state)
{
	struct fixture *f = *state;
	static const int wanted[] = { 0, 4, 1, 5, 2, 3 };
	struct task orders[4], batches[2];

	for (int i = 0; i < 4; i++)
		orders[i] = task_of(f, i, MORE);
	orders[0].waits = orders[1].waits = 1;
	for (int i = 0; i < 4; i++)
		store_order(f->store, &orders[i].job);
	assert_int_equal(store_waiting(f->store), 4);
	for (int i = 0; i < 2; i++) {
		batches[i] = task_of(f, 4 + i, MORE);
		uv_sem_wait(&f->inside);
		store_write(f->store, &batches[i].job);
		uv_sem_post(&f->go);
		while (i == 0 && batches[i].rc == 1)
			(void)uv_run(&f->loop, UV_RUN_ONCE);
	}
	drain(f);
	assert_int_equal(f->n_done, 6);
	assert_memory_equal(f->order, wanted, sizeof(wanted));
	assert_int_equal(store_waiting(f->store), 0);
}

static void readers_see_what_is_committed_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct task first = task_of(f, 0, MORE), open = task_of(f, 1, MORE),
		    during = task_of(f, 2, COUNT), after = task_of(f, 3, COUNT);
	store_write(f->store, &first.job);
	drain(f);
	open.waits = 1;
	store_write(f->store, &open.job);
	uv_sem_wait(&f->inside); /* the change is made, the commit is not */
	store_read(f->store, &during.job);
	while (during.rc == 1)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(during.rc, 0);
	assert_int_equal(during.result, 1);
	uv_sem_post(&f->go);
	drain(f);
	store_read(f->store, &after.job);
	drain(f);
	assert_int_equal(after.result, 2);
}

static void a_snapshot_does_not_hold_up_the_writer(void **state)
{
	struct fixture *f = *state;
	struct task reader = task_of(f, 0, "SELECT count(*) FROM fact"),
		    writer = task_of(f, 1, MORE);
	reader.waits = 1;
	store_read(f->store, &reader.job);
	uv_sem_wait(&f->inside);
	store_write(f->store, &writer.job);
	while (writer.rc == 1)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(writer.rc, 0);
	uv_sem_post(&f->go);
	drain(f);
	assert_int_equal(reader.rc, 0);
}

static void a_reader_cannot_write(void **state)
{
	struct fixture *f = *state;
	struct task task = task_of(f, 0, MORE), look = task_of(f, 1, COUNT);
	store_read(f->store, &task.job);
	store_read(f->store, &look.job);
	drain(f);
	assert_int_equal(task.rc, -EROFS);
	assert_int_equal(look.rc, 0);
}

static void a_change_of_the_reference_reaches_every_connection(void **state)
{
	struct fixture *f = *state;
	struct task before = task_of(f, 0, "SELECT 1"), change = task_of(f, 1, "SELECT 1"),
		    tasks[6];
	store_read(f->store, &before.job);
	drain(f);
	change.changes_reference = 1;
	store_write(f->store, &change.job);
	drain(f);
	for (int i = 0; i < 6; i++) {
		tasks[i] = task_of(f, 2 + i, "SELECT 1");
		if (i % 3)
			store_read(f->store, &tasks[i].job);
		else
			store_write(f->store, &tasks[i].job);
	}
	drain(f);
	for (int i = 0; i < 6; i++)
		assert_true(tasks[i].reference_version > before.reference_version);
}

#define FOREVER                                                                                    \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
#define A_WHILE                                                                                    \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) "            \
	"SELECT max(i) FROM n"

static int reckon_forever(struct store_job *job, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	(void)job, (void)db, (void)reference;
	while (db_time_left(err) == 0)
		;
	return err->code;
}

static void a_read_that_needs_no_sql_has_its_limit_too(void **state)
{
	struct fixture *f = *state;
	struct task forever = task_of(f, 0, ""), next = task_of(f, 1, "SELECT 5");
	forever.job.run = reckon_forever;
	store_limit_reads(f->store, 1);
	store_read(f->store, &forever.job);
	drain(f);
	assert_int_equal(forever.rc, -EINTR);
	store_read(f->store, &next.job);
	drain(f);
	assert_int_equal(next.result, 5);
}

static void a_read_beyond_its_limit_is_interrupted_unless_it_may(void **state)
{
	struct fixture *f = *state;
	struct task forever = task_of(f, 0, FOREVER), patient = task_of(f, 1, A_WHILE),
		    next = task_of(f, 2, "SELECT 5"), writer = task_of(f, 3, A_WHILE);
	store_limit_reads(f->store, 1);
	patient.job.unlimited = true;
	store_read(f->store, &forever.job);
	store_read(f->store, &patient.job);
	store_write(f->store, &writer.job);
	drain(f);
	assert_int_equal(forever.rc, -EINTR);
	assert_int_equal(patient.rc, 0);
	assert_int_equal(patient.result, 200000);
	assert_int_equal(writer.rc, 0);
	store_limit_reads(f->store, STORE_READ_LIMIT_MS);
	for (int i = 0; i < 2; i++) { /* both readers are free and well */
		next = task_of(f, 4 + i, "SELECT 5");
		store_read(f->store, &next.job);
		drain(f);
		assert_int_equal(next.rc, 0);
		assert_int_equal(next.result, 5);
	}
}

static void what_was_committed_is_there_after_reopening(void **state)
{
	struct fixture *f = *state;
	struct task write = task_of(f, 0, MORE), read = task_of(f, 1, COUNT);
	store_write(f->store, &write.job);
	drain(f);
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(store_open(&f->loop, f->path, 8, &f->store, &f->err), 0);
	store_read(f->store, &read.job);
	drain(f);
	assert_int_equal(read.result, 1);
}

static void a_store_without_a_folder_is_refused_by_name(void **state)
{
	struct fixture *f = *state;
	struct store *store = NULL;
	assert_int_equal(store_open(&f->loop, "/nowhere/at/all.db", 1, &store, &f->err), -ENOENT);
	assert_non_null(strstr(f->err.text, "/nowhere/at/all.db"));
	assert_null(store);
}

static void a_second_writer_is_kept_out(void **state)
{
	struct fixture *f = *state;
	struct store *second = NULL;
	assert_int_equal(store_open(&f->loop, f->path, 1, &second, &f->err), -EBUSY);
	assert_null(second);
}

/* The writer hangs in a job as it would in a disk: nothing rises until it gets on. */
static void progress_tells_a_writer_that_hangs_from_one_that_works(void **state)
{
	struct fixture *f = *state;
	struct task hangs = task_of(f, 1, MORE), works = task_of(f, 2, A_WHILE);

	assert_false(store_writing(f->store));
	hangs.waits = 1;
	store_write(f->store, &hangs.job);
	uv_sem_wait(&f->inside);
	uint64_t before = store_progress(f->store);
	assert_true(store_writing(f->store));
	assert_int_equal(store_progress(f->store), before);
	uv_sem_post(&f->go);
	drain(f);
	assert_true(store_progress(f->store) > before);
	before = store_progress(f->store);
	store_write(f->store, &works.job);
	drain(f);
	assert_true(store_progress(f->store) > before + 1); /* within the job, too */
	assert_false(store_writing(f->store));
}

static int on_busy(void *context, int times)
{
	atomic_fetch_add((atomic_int *)context, 1);
	return times < 3; /* then it gives up, so that a test that fails ends */
}

static off_t log_size(const struct fixture *f)
{
	char name[128];
	struct stat file;
	(void)snprintf(name, sizeof(name), "%s-wal", f->path);
	assert_int_equal(stat(name, &file), 0);
	return file.st_size;
}

#define MANY_BYTES (9 << 20) /* of one write: enough to be copied */
#define MANY_TIMES 16        /* such writes make a log whose file is to be cut */

/* The readers go only when all that is written is done: had a commit waited for one of them, the
 * busy handler would have been asked. */
static void readers_that_stay_hold_up_no_write_and_the_log_is_cut_when_they_go(void **state)
{
	struct fixture *f = *state;
	atomic_int busy = 0;
	char sql[128];
	static struct task writes[MANY_TIMES];
	struct task early = task_of(f, 101, COUNT), late = task_of(f, 102, COUNT),
		    last = task_of(f, 103, MORE);

	(void)snprintf(sql, sizeof(sql), "INSERT INTO big VALUES(zeroblob(%d)) RETURNING 1",
		       MANY_BYTES);
	assert_int_equal(db_exec(store_writer(f->store), "CREATE TABLE big(bytes BLOB)", &f->err),
			 0);
	(void)sqlite3_busy_handler(store_writer(f->store), on_busy, &busy);
	early.waits = 1;
	late.waits = 2; /* for its own word */
	store_read(f->store, &early.job);
	uv_sem_wait(&f->inside);
	for (int i = 0; i < MANY_TIMES; i++) { /* one by one, as the committer does */
		writes[i] = task_of(f, i, sql);
		store_write(f->store, &writes[i].job);
		while (writes[i].rc == 1)
			(void)uv_run(&f->loop, UV_RUN_ONCE);
		assert_int_equal(writes[i].rc, 0);
	}
	assert_int_equal(early.rc, 1); /* it is still there, */
	struct store_log log = store_log(f->store);
	assert_true(log.bytes >= (uint64_t)MANY_BYTES * MANY_TIMES); /* so the log had to grow */
	assert_true(log.file_bytes >= log.bytes);
	store_read(f->store, &late.job); /* and this one sees the end of the log */
	uv_sem_wait(&f->inside);
	uv_sem_post(&f->go);
	while (early.rc == 1)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	while (store_writing(f->store)) /* all can be copied, but not cut */
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(log_size(f) >= (off_t)MANY_BYTES * MANY_TIMES);
	assert_int_equal(store_log(f->store).bytes, 0);
	uv_sem_post(&f->go_late);
	drain(f);
	assert_int_equal(late.rc, 0);
	assert_int_equal(log_size(f), 0);
	assert_int_equal(store_log(f->store).file_bytes, 0);
	assert_int_equal(atomic_load(&busy), 0);
	store_write(f->store, &last.job);
	drain(f);
	assert_int_equal(last.rc, 0);
}

/* What done() asks for next is in the writer's queue before the copying is. */
static void a_commit_is_told_before_its_log_is_copied(void **state)
{
	struct fixture *f = *state;
	struct task write = task_of(f, 0, "INSERT INTO big VALUES(zeroblob(20000000)) RETURNING 1");

	assert_int_equal(db_exec(store_writer(f->store), "CREATE TABLE big(bytes BLOB)", &f->err),
			 0);
	store_write(f->store, &write.job);
	while (write.rc == 1)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(store_log(f->store).bytes > 0); /* told, and not copied: */
	assert_true(store_writing(f->store));       /* that is to come */
	drain(f);
	assert_int_equal(store_log(f->store).bytes, 0);
}

static void reader_shows_for_how_long(void **state)
{
	struct fixture *f = *state;
	struct task reader = task_of(f, 0, COUNT);

	assert_int_equal(store_log(f->store).oldest_read_ms, 0);
	reader.waits = 1;
	store_read(f->store, &reader.job);
	uv_sem_wait(&f->inside);
	while (store_log(f->store).oldest_read_ms < 2)
		(void)usleep(1000);
	uv_sem_post(&f->go);
	drain(f);
	assert_int_equal(store_log(f->store).oldest_read_ms, 0);
}

/* Two readers, both held: what the session and the operators' glance ask is answered all the same.
 */
static void questions_do_not_hold_up_the_sessions_nor_the_glance(void **state)
{
	struct fixture *f = *state;
	struct task held[2], queued = task_of(f, 2, COUNT), session = task_of(f, 3, COUNT),
			     glance = task_of(f, 4, COUNT);

	for (int i = 0; i < 2; i++) {
		held[i] = task_of(f, i, COUNT);
		held[i].waits = 1;
		store_read(f->store, &held[i].job);
		uv_sem_wait(&f->inside);
	}
	session.job.use = STORE_SESSION;
	glance.job.use = STORE_GLANCE;
	store_read(f->store, &queued.job);
	store_read(f->store, &session.job);
	store_read(f->store, &glance.job);
	while (session.rc == 1 || glance.rc == 1)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(session.rc, 0);
	assert_int_equal(glance.rc, 0);
	assert_int_equal(queued.rc, 1);
	uv_sem_post(&f->go);
	uv_sem_post(&f->go);
	drain(f);
	assert_int_equal(queued.rc, 0);
}

static void on_idle(void *context)
{
	++*(int *)context;
}

static void stopping_waits_for_the_log_to_be_copied(void **state)
{
	struct fixture *f = *state;
	struct task write = task_of(f, 0, "INSERT INTO big VALUES(zeroblob(20000000)) RETURNING 1");
	int idle = 0;

	assert_int_equal(db_exec(store_writer(f->store), "CREATE TABLE big(bytes BLOB)", &f->err),
			 0);
	store_write(f->store, &write.job);
	while (write.rc == 1)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	store_stop(f->store, on_idle, &idle);
	assert_int_equal(idle, !store_writing(f->store));
	while (!idle)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(store_waiting(f->store), 0);
	assert_int_equal(idle, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(writes_run_one_after_the_other_in_order),
		TEST(a_failing_job_leaves_nothing_and_the_next_one_runs),
		TEST(what_is_undone_leaves_nothing_not_even_another_version),
		TEST(who_reports_has_his_turn_between_two_orders),
		TEST(readers_see_what_is_committed_and_nothing_else),
		TEST(a_snapshot_does_not_hold_up_the_writer),
		TEST(progress_tells_a_writer_that_hangs_from_one_that_works),
		TEST(a_reader_cannot_write),
		TEST(a_change_of_the_reference_reaches_every_connection),
		TEST(a_read_beyond_its_limit_is_interrupted_unless_it_may),
		TEST(a_read_that_needs_no_sql_has_its_limit_too),
		TEST(what_was_committed_is_there_after_reopening),
		TEST(a_second_writer_is_kept_out),
		TEST(readers_that_stay_hold_up_no_write_and_the_log_is_cut_when_they_go),
		TEST(a_commit_is_told_before_its_log_is_copied),
		TEST(reader_shows_for_how_long),
		TEST(questions_do_not_hold_up_the_sessions_nor_the_glance),
		TEST(stopping_waits_for_the_log_to_be_copied),
		TEST(a_store_without_a_folder_is_refused_by_name),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
