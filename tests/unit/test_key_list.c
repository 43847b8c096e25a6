#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/sessions.h"
#include "registry/key_list.h"
#include "support/fault.h"
#include "support/seeds.h"

#include <errno.h>
#include <string.h>

static struct listed_key some_key(int64_t id, struct dice *dice)
{
	struct listed_key key = { .id = id, .office = id / 2, .state = KEY_ACTIVE };
	for (size_t i = 0; i < KEY_LEN; i++)
		key.public_key[i] = (uint8_t)dice_below(dice, 256);
	return key;
}

static int setup(void **state)
{
	*state = key_list_open();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	key_list_close(*state);
	return 0;
}

static void an_empty_list_of_keys_knows_nobody(void **state)
{
	const uint8_t key[KEY_LEN] = { 0 };
	assert_null(key_list_by_key(*state, key));
	assert_null(key_list_by_id(*state, 1));
	assert_int_equal(key_list_count(*state), 0);
	key_list_close(NULL);
}

static void active_keys_are_counted_whatever_becomes_of_them(void **state)
{
	struct dice dice = dice_seeded(11);
	struct listed_key keys[64] = { 0 };
	for (int turn = 0; turn < 5000; turn++) {
		size_t at = dice_below(&dice, 64), active = 0;
		keys[at] = some_key((int64_t)at + 1, &dice);
		keys[at].state = KEY_INVITED + (enum key_state)dice_below(&dice, 4);
		assert_int_equal(key_list_put(*state, &keys[at]), 0);
		for (size_t i = 0; i < 64; i++)
			active += keys[i].state == KEY_ACTIVE;
		assert_int_equal(key_list_active(*state), active);
	}
}

static void what_all_may_have_under_way_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(sessions_credit(0, 16), 16);
	for (size_t offices = 1; offices < 20000; offices++) {
		unsigned credit = sessions_credit(offices, 16);
		assert_in_range(credit, 2, 16);
		assert_true(credit == 2 || credit * offices <= 32768); /* no more than that, */
		assert_true(credit == 16 || (credit + 1) * offices > 32768); /* and no less */
	}
}

static void every_key_is_found_by_key_and_by_id(void **state)
{
	enum { N = 20000 };
	static struct listed_key keys[N];
	struct dice dice = dice_seeded(7);
	for (int i = 0; i < N; i++) {
		keys[i] = some_key(i + 1, &dice);
		assert_int_equal(key_list_put(*state, &keys[i]), 0);
	}
	assert_int_equal(key_list_count(*state), N);
	for (int i = 0; i < N; i++) {
		const struct listed_key *found = key_list_by_key(*state, keys[i].public_key);
		assert_non_null(found);
		assert_int_equal(found->id, i + 1);
		assert_ptr_equal(found, key_list_by_id(*state, i + 1));
	}
	assert_null(key_list_by_key(*state, some_key(0, &dice).public_key));
	assert_null(key_list_by_id(*state, N + 1));
}

static void a_key_put_again_is_replaced(void **state)
{
	struct dice dice = dice_seeded(8);
	struct listed_key key = some_key(5, &dice), other = some_key(5, &dice);
	assert_int_equal(key_list_put(*state, &key), 0);
	key.state = KEY_REVOKED;
	assert_int_equal(key_list_put(*state, &key), 0);
	assert_int_equal(key_list_by_key(*state, key.public_key)->state, KEY_REVOKED);
	assert_int_equal(key_list_put(*state, &other), 0);
	assert_null(key_list_by_key(*state, key.public_key));
	assert_int_equal(key_list_by_key(*state, other.public_key)->state, KEY_ACTIVE);
	assert_int_equal(key_list_count(*state), 1);
}

static void without_memory_the_list_of_keys_is_as_before(void **state)
{
	struct dice dice = dice_seeded(9);
	struct listed_key first = some_key(1, &dice), key;
	assert_int_equal(key_list_put(*state, &first), 0);
	int64_t id = 2;
	for (unsigned after = 0; after < 3; after++) {
		int rc = 0;
		fault_arm_at(FAULT_MEMORY, after);
		while (rc == 0) { /* until the key list grows */
			key = some_key(id, &dice);
			rc = key_list_put(*state, &key);
			id += rc == 0;
		}
		assert_true(fault_disarm());
		assert_int_equal(rc, -ENOMEM);
		assert_int_equal(key_list_count(*state), id - 1);
		assert_null(key_list_by_key(*state, key.public_key));
		assert_int_equal(key_list_by_key(*state, first.public_key)->id, 1);
	}
	assert_int_equal(key_list_put(*state, &key), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(an_empty_list_of_keys_knows_nobody),
		test(active_keys_are_counted_whatever_becomes_of_them),
		test(what_all_may_have_under_way_is_bounded),
		test(every_key_is_found_by_key_and_by_id),
		test(a_key_put_again_is_replaced),
		test(without_memory_the_list_of_keys_is_as_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
