#include "civil.h"
#include "container.h"
#include "fault.h"
#include "recorder.h"
#include "scratch.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"teams,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
	"visits,Lượt,Visits,visit,flow,sum,sum,day,desk,0,0,commune,1,0,\n";

struct fixture {
	char folder[SCRATCH_MAX];
	uv_loop_t loop;
	struct spool *spool;
	struct worker *worker;
	struct recorder *recorder;
	struct recording recording;
	unsigned done;
	struct err err;
};

static struct catalogue *catalogue(struct fixture *f)
{
	struct catalogue *read;
	assert_int_equal(catalogue_read(catalogue_csv, strlen(catalogue_csv), &read, &f->err), 0);
	return read;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct spool_limits limits = { .bytes_max = 16 << 20, .keep_days = 35 };
	char path[PATH_MAX];
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	scratch_make(true, f->folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", f->folder);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(spool_open(path, &limits, &f->spool, NULL, &f->err), 0);
	f->worker = worker_open(&f->loop);
	assert_non_null(f->worker);
	struct recorder_config config = { .spool = f->spool, .worker = f->worker };
	f->recorder = recorder_open(&config);
	assert_non_null(f->recorder);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	recorder_close(f->recorder);
	worker_close(f->worker);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	spool_close(f->spool);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static void on_done(struct recording *recording)
{
	container_of(recording, struct fixture, recording)->done++;
}

static int submit(struct fixture *f, const struct entry entries[], size_t n)
{
	f->recording.done = on_done;
	return recorder_submit(f->recorder, &f->recording, entries, n, &f->err);
}

static int64_t current(struct fixture *f, const char *metric, const char *labels,
		       struct period period)
{
	int64_t value_e = -1;
	unsigned decimals;
	bool withdrawn;
	return spool_current(f->spool, metric, labels, period, &value_e, &decimals, &withdrawn,
			     &f->err) == 0
		       ? value_e
		       : -1;
}

static struct period june(void)
{
	struct period period;
	assert_int_equal(period_parse("2025-06", CALENDAR_CIVIL, &period, NULL), 0);
	return period;
}

static void nothing_is_taken_before_there_is_a_catalogue(void **state)
{
	struct fixture *f = *state;
	struct entry entry = { .metric = "teams", .value = "7", .labels = "" };
	assert_int_equal(submit(f, &entry, 1), -EAGAIN);
	assert_non_null(strstr(f->err.text, "catalogue"));
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->done, 0);
}

static void what_is_handed_in_is_in_the_spool_when_it_is_done(void **state)
{
	struct fixture *f = *state;
	struct entry entry = { .metric = "teams", .value = "7", .period = "2025-06", .labels = "" };
	recorder_catalogue_take(f->recorder, catalogue(f));
	assert_int_equal(submit(f, &entry, 1), 0);
	recorder_catalogue_take(f->recorder, catalogue(f)); /* a new one meanwhile is no harm */
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->done, 1);
	assert_int_equal(f->recording.rc, 0);
	assert_int_equal(current(f, "teams", "", june()), 7);
}

static void one_bad_entry_keeps_all_out_and_is_named(void **state)
{
	struct fixture *f = *state;
	struct entry entries[] = {
		{ .metric = "teams", .value = "7", .period = "2025-06", .labels = "" },
		{ .metric = "visits", .value = "1", .labels = "colour=red" },
	};
	recorder_catalogue_take(f->recorder, catalogue(f));
	assert_int_equal(submit(f, entries, 2), -EINVAL);
	assert_non_null(strstr(f->err.text, "observation 2: "));
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->done, 0);
	assert_int_equal(current(f, "teams", "", june()), -1);
}

static void a_disk_that_fails_is_told_and_nothing_is_recorded(void **state)
{
	struct fixture *f = *state;
	struct entry entry = { .metric = "teams", .value = "7", .period = "2025-06", .labels = "" };
	recorder_catalogue_take(f->recorder, catalogue(f));
	fault_arm(0);
	assert_int_equal(submit(f, &entry, 1), 0);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_true(fault_disarm());
	assert_int_equal(f->done, 1);
	assert_int_equal(f->recording.rc, -EIO);
	assert_int_equal(current(f, "teams", "", june()), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(nothing_is_taken_before_there_is_a_catalogue),
		TEST(what_is_handed_in_is_in_the_spool_when_it_is_done),
		TEST(one_bad_entry_keeps_all_out_and_is_named),
		TEST(a_disk_that_fails_is_told_and_nothing_is_recorded),
	};
	fault_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
