#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal/series_ids.h"
#include "support/fault.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct fixture {
	struct testbed testbed;
	struct series_ids *series_ids;
};

static int open_testbed(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	testbed_open(&f->testbed, NULL, NULL, NULL, false);
	assert_non_null(f->series_ids = series_ids_open(f->testbed.db, &f->testbed.err));
	*state = f;
	return 0;
}

static int close_testbed(void **state)
{
	struct fixture *f = *state;
	series_ids_close(f->series_ids);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static uint32_t id_of(struct fixture *f, const char *metric, const char *labels)
{
	uint32_t id = 0;
	assert_int_equal(series_ids_find(f->series_ids, metric, labels, &id, &f->testbed.err), 0);
	return id;
}

/* As the table says; 0: it holds no such series. */
static uint32_t kept(struct fixture *f, const char *metric, const char *labels)
{
	char sql[256];
	int n = snprintf(sql, sizeof(sql),
			 "SELECT coalesce(max(id), 0) FROM series WHERE metric = '%s'"
			 " AND labels = '%s'",
			 metric, labels);
	assert_in_range(n, 1, sizeof(sql) - 1);
	return (uint32_t)testbed_number(&f->testbed, sql);
}

/* Three times as many as are remembered, asked for again and again, over rollbacks: always what the
 * table says. */
static void ask_much(struct dice *dice, void *context)
{
	struct fixture *f = context;
	testbed_exec(&f->testbed, "BEGIN");
	for (unsigned i = 0; i < 5000; i++) {
		char metric[32], labels[32];
		unsigned which = (unsigned)dice_below(dice, 12000);
		(void)snprintf(metric, sizeof(metric), "metric%u", which / 7);
		(void)snprintf(labels, sizeof(labels), "sex=%u", which % 7);
		uint32_t id = id_of(f, metric, labels);
		assert_int_equal(id_of(f, metric, labels), id);
		if (i % 16 == 0)
			assert_int_equal(id, kept(f, metric, labels));
	}
	bool back = dice_below(dice, 2) == 0;
	testbed_exec(&f->testbed, back ? "ROLLBACK" : "COMMIT");
	if (back)
		series_ids_forget(f->series_ids);
}

static void an_id_is_that_of_the_table(void **state)
{
	for_all_seeds(8, ask_much, *state);
}

static void where_metric_ends_and_labels_begin_tells_series_apart(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[][2] = { { "ab", "c" }, { "a", "bc" }, { "abc", "" },
						{ "", "abc" }, { "ab", "" },  { "", "" } };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(kept(f, texts[i][0], texts[i][1]), 0);
		assert_int_equal(id_of(f, texts[i][0], texts[i][1]), i + 1);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(id_of(f, texts[i][0], texts[i][1]), i + 1);
}

static void without_memory_the_table_is_asked_again(void **state)
{
	struct fixture *f = *state;
	uint32_t id = 0;
	fault_arm_at(FAULT_MEMORY | FAULT_STAYS, 0);
	int rc = series_ids_find(f->series_ids, "cases", "", &id, &f->testbed.err);
	assert_true(fault_disarm());
	assert_int_equal(rc, 0);
	assert_int_equal(id, kept(f, "cases", ""));
	assert_int_equal(id_of(f, "cases", ""), id);
}

static void a_series_whose_id_is_no_number_of_ours_is_named(void **state)
{
	struct fixture *f = *state;
	uint32_t id = 0;
	testbed_exec(&f->testbed, "INSERT INTO series VALUES(4294967296, 'far', '', '')");
	assert_int_equal(series_ids_find(f->series_ids, "far", "", &id, &f->testbed.err), -EUCLEAN);
	assert_string_equal(f->testbed.err.text, "series 'far' '' has no usable id");
	assert_int_equal(id, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_testbed, close_testbed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_id_is_that_of_the_table),
		TEST(where_metric_ends_and_labels_begin_tells_series_apart),
		TEST(without_memory_the_table_is_asked_again),
		TEST(a_series_whose_id_is_no_number_of_ours_is_named),
	};
	return cmocka_run_group_tests_name("series_ids", tests, NULL, NULL);
}
