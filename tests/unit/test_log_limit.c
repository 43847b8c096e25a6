#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/log_limit.h"

static void the_first_of_a_minute_passes_and_tells_how_many_did_not(void **state)
{
	struct log_limit limit = { 0 };
	uint64_t not_logged = 7;
	(void)state;
	assert_true(log_limit_pass(&limit, 0, &not_logged));
	assert_int_equal(not_logged, 0);
	for (uint64_t now_ms = 0; now_ms < 60000; now_ms += 6000)
		assert_false(log_limit_pass(&limit, now_ms, &not_logged));
	assert_true(log_limit_pass(&limit, 60000, &not_logged));
	assert_int_equal(not_logged, 10);
	assert_false(log_limit_pass(&limit, 119999, &not_logged));
	assert_true(log_limit_pass(&limit, 500000, &not_logged));
	assert_int_equal(not_logged, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_a_minute_passes_and_tells_how_many_did_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
