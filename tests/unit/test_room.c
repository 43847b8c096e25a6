/* When figures are taken: not below the reserve, and again an eighth above it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/room.h"

static void below_the_reserve_room_is_short_and_at_it_is_not(void **state)
{
	(void)state;
	assert_false(room_judge(false, 8000, 8000));
	assert_true(room_judge(false, 7999, 8000));
	assert_true(room_judge(false, 0, 1));
}

static void what_was_short_is_so_until_there_is_an_eighth_more(void **state)
{
	(void)state;
	assert_true(room_judge(true, 8000, 8000));
	assert_true(room_judge(true, 8999, 8000));
	assert_false(room_judge(true, 9000, 8000));
}

static void without_a_reserve_it_never_is(void **state)
{
	(void)state;
	assert_false(room_judge(false, 0, 0));
	assert_false(room_judge(true, 0, 0)); /* a reload took the reserve away */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(below_the_reserve_room_is_short_and_at_it_is_not),
		cmocka_unit_test(what_was_short_is_so_until_there_is_an_eighth_more),
		cmocka_unit_test(without_a_reserve_it_never_is),
	};
	return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
