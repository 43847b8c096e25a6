#include "common/base/container.h"
#include "support/fault.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/recorder_fixture.h"

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"teams,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
	"visits,Lượt,Visits,visit,flow,sum,sum,day,desk,0,0,commune,1,0,\n";

struct fixture {
	struct recorder_fixture office;
	struct recording recording;
	unsigned done;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	recorder_fixture_open(&f->office, NULL);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	recorder_fixture_close(&f->office);
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
	return recorder_submit(f->office.recorder, &f->recording, entries, n, &f->office.err);
}

static int64_t current(struct fixture *f, const char *metric, const char *labels,
		       struct period period)
{
	return recorder_fixture_value(&f->office, metric, labels, period);
}

static struct period june(void)
{
	struct period period;
	assert_int_equal(period_parse("2025-06", CALENDAR_CIVIL, &period, &(struct err){ 0 }), 0);
	return period;
}

static void nothing_is_taken_before_there_is_a_catalogue(void **state)
{
	struct fixture *f = *state;
	struct entry entry = { .metric = "teams", .value = "7", .labels = "" };
	assert_int_equal(submit(f, &entry, 1), -EAGAIN);
	assert_non_null(strstr(f->office.err.text, "catalogue"));
	assert_int_equal(uv_run(&f->office.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->done, 0);
}

static void what_is_handed_in_is_in_the_spool_when_it_is_done(void **state)
{
	struct fixture *f = *state;
	struct entry entry = { .metric = "teams", .value = "7", .period = "2025-06", .labels = "" };
	recorder_fixture_teach(&f->office, catalogue_csv);
	assert_int_equal(submit(f, &entry, 1), 0);
	recorder_fixture_teach(&f->office, catalogue_csv); /* a new one meanwhile is no harm */
	assert_int_equal(uv_run(&f->office.loop, UV_RUN_DEFAULT), 0);
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
	recorder_fixture_teach(&f->office, catalogue_csv);
	assert_int_equal(submit(f, entries, 2), -EINVAL);
	assert_non_null(strstr(f->office.err.text, "observation 2: "));
	assert_int_equal(uv_run(&f->office.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->done, 0);
	assert_int_equal(current(f, "teams", "", june()), NO_VALUE);
}

/* Which of the two is right, nobody knows: neither is taken, nor what stands beside them. */
static void one_figure_with_two_values_keeps_all_out_and_both_are_named(void **state)
{
	struct fixture *f = *state;
	struct entry entries[] = {
		{ .metric = "visits", .value = "1", .period = "2025-06-30", .labels = "" },
		{ .metric = "teams", .value = "7", .period = "2025-06", .labels = "" },
		{ .metric = "teams", .value = "8", .period = "2025-06", .labels = "" },
	};
	recorder_fixture_teach(&f->office, catalogue_csv);
	assert_int_equal(submit(f, entries, 3), -EINVAL);
	assert_non_null(strstr(f->office.err.text, "observation 2: observation 3 gives another"));
	assert_int_equal(current(f, "teams", "", june()), NO_VALUE);
	entries[2].value = "7"; /* said twice, it is one */
	assert_int_equal(submit(f, entries, 3), 0);
	assert_int_equal(uv_run(&f->office.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->recording.rc, 0);
	assert_int_equal(current(f, "teams", "", june()), 7);
}

static void a_disk_that_fails_is_told_and_nothing_is_recorded(void **state)
{
	struct fixture *f = *state;
	struct entry entry = { .metric = "teams", .value = "7", .period = "2025-06", .labels = "" };
	recorder_fixture_teach(&f->office, catalogue_csv);
	fault_arm(0);
	assert_int_equal(submit(f, &entry, 1), 0);
	assert_int_equal(uv_run(&f->office.loop, UV_RUN_DEFAULT), 0);
	assert_true(fault_disarm());
	assert_int_equal(f->done, 1);
	assert_int_equal(f->recording.rc, -EIO);
	assert_int_equal(current(f, "teams", "", june()), NO_VALUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(nothing_is_taken_before_there_is_a_catalogue),
		TEST(what_is_handed_in_is_in_the_spool_when_it_is_done),
		TEST(one_bad_entry_keeps_all_out_and_is_named),
		TEST(one_figure_with_two_values_keeps_all_out_and_both_are_named),
		TEST(a_disk_that_fails_is_told_and_nothing_is_recorded),
	};
	fault_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
