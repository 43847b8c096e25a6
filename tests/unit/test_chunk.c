#include "spool/chunk.h"

#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PARTS (1440u / CHUNK_PERIODS)

static int64_t some_number(struct dice *dice)
{
	static const int64_t ends[] = { INT64_MIN, INT64_MAX, 0, -1, 1 };
	uint64_t number = dice_next(dice) >> dice_below(dice, 64);
	return dice_below(dice, 4) == 0 ? ends[dice_below(dice, 5)] : (int64_t)number;
}

static uint32_t some_chunk(struct dice *dice, struct chunk *chunk)
{
	uint32_t part = (uint32_t)dice_below(dice, PARTS),
		 every = 1 + (uint32_t)dice_below(dice, 30);
	*chunk = (struct chunk){ 0 };
	for (uint32_t i = 0; i < CHUNK_PERIODS; i++) {
		if (dice_below(dice, every) != 0)
			continue;
		struct chunk_value *value = chunk_enter(chunk, part * CHUNK_PERIODS + i);
		value->withdrawn = dice_below(dice, 5) == 0;
		value->value_e = value->withdrawn ? 0 : some_number(dice);
		value->seq = dice_below(dice, 2) ? some_number(dice) : 7;
		if (dice_below(dice, 3) == 0) {
			value->author = (uint16_t)(dice_next(dice) >> dice_below(dice, 64));
			value->noted = dice_below(dice, 2);
		}
	}
	return part;
}

static bool equal(const struct chunk *a, const struct chunk *b)
{
	bool same = a->n == b->n;
	for (uint32_t i = 0; same && i < a->n; i++) {
		const struct chunk_value *one = &a->values[i], *other = &b->values[i];
		same = one->nth == other->nth && one->value_e == other->value_e &&
		       one->seq == other->seq && one->withdrawn == other->withdrawn &&
		       one->author == other->author && one->noted == other->noted;
	}
	return same;
}

static void check_round_trip(struct dice *dice, void *context)
{
	struct chunk chunk, found;
	uint8_t bytes[CHUNK_BYTES_MAX];
	struct err err;
	(void)context;
	uint32_t part = some_chunk(dice, &chunk);
	size_t len = chunk_encode(&chunk, bytes);
	assert_in_range(len, 4, CHUNK_BYTES_MAX);
	assert_int_equal(chunk_decode(bytes, len, part, &found, &err), 0);
	assert_true(equal(&chunk, &found));
}

static void what_is_decoded_is_what_was_encoded(void **state)
{
	for_all_seeds(2000, check_round_trip, *state);
}

/* Nor anything cut off, nor one more byte. */
static void check_damage(struct dice *dice, void *context)
{
	struct chunk chunk, found;
	uint8_t bytes[CHUNK_BYTES_MAX + 1];
	struct err err;
	(void)context;
	uint32_t part = some_chunk(dice, &chunk);
	size_t len = chunk_encode(&chunk, bytes), at = dice_below(dice, len);
	bytes[at] ^= (uint8_t)(1 + dice_below(dice, 255));
	assert_int_equal(chunk_decode(bytes, len, part, &found, &err), -EUCLEAN);
	len = chunk_encode(&chunk, bytes);
	bytes[len] = (uint8_t)dice_next(dice);
	if (chunk.n > 0)
		assert_int_equal(chunk_decode(bytes, dice_below(dice, len), part, &found, &err),
				 -EUCLEAN);
	assert_int_equal(chunk_decode(bytes, len + 1, part, &found, &err), -EUCLEAN);
}

static void no_byte_of_it_can_be_another(void **state)
{
	for_all_seeds(2000, check_damage, *state);
}

/* With a right sum, too: whatever the bytes say, it is refused or lies within its part. */
static void check_nonsense(struct dice *dice, void *context)
{
	struct chunk found;
	uint8_t bytes[64];
	struct err err;
	uint32_t sum = 2166136261u, part = (uint32_t)dice_below(dice, 2 * PARTS);
	size_t len = dice_below(dice, sizeof(bytes) - 3);
	(void)context;
	for (size_t i = 0; i < len; i++) {
		bytes[i] = (uint8_t)(dice_below(dice, 2) ? dice_below(dice, 8) : dice_next(dice));
		sum = (sum ^ bytes[i]) * 16777619u;
	}
	for (unsigned i = 0; i < 4; i++)
		bytes[len + i] = (uint8_t)(sum >> 8 * i);
	int rc = chunk_decode(bytes, len + 4, part, &found, &err);
	if (rc < 0 || part >= PARTS) {
		assert_int_equal(rc, -EUCLEAN);
		return;
	}
	for (uint32_t i = 0; i < found.n; i++) {
		assert_int_equal(chunk_part(found.values[i].nth), part);
		assert_true(i == 0 || found.values[i - 1].nth < found.values[i].nth);
	}
}

static void nonsense_is_refused_or_lies_within_its_part(void **state)
{
	for_all_seeds(20000, check_nonsense, *state);
}

/* Against an array. */
static void check_places(struct dice *dice, void *context)
{
	struct chunk chunk = { 0 };
	int64_t model[CHUNK_PERIODS] = { 0 }; /* 0: none */
	uint32_t n = 0, unsealed = 0;
	(void)context;
	for (int64_t step = 1; step <= 300; step++) {
		uint32_t i = (uint32_t)dice_below(dice, CHUNK_PERIODS);
		uint32_t nth = 3 * CHUNK_PERIODS + i;
		if (dice_below(dice, 3) == 0) {
			chunk_drop(&chunk, nth);
			model[i] = 0;
		} else {
			chunk_enter(&chunk, nth)->seq = model[i] = step;
		}
	}
	for (uint32_t i = 0; i < CHUNK_PERIODS; i++) {
		struct chunk_value *value = chunk_find(&chunk, 3 * CHUNK_PERIODS + i);
		assert_int_equal(value ? value->seq : 0, model[i]);
		n += value != NULL;
		if (value && dice_below(dice, 2)) {
			value->seq = 0;
			unsealed++;
		}
	}
	assert_int_equal(chunk.n, n);
	assert_int_equal(chunk_unsealed(&chunk), unsealed);
}

static void each_value_is_found_where_it_was_put(void **state)
{
	for_all_seeds(200, check_places, *state);
}

static void what_it_takes_is_little(void **state)
{
	struct chunk chunk = { 0 };
	uint8_t bytes[CHUNK_BYTES_MAX];
	(void)state;
	for (uint32_t nth = 0; nth < CHUNK_PERIODS; nth++)
		*chunk_enter(&chunk, nth) =
			(struct chunk_value){ .nth = nth, .value_e = 1000 + nth % 7, .seq = 12 };
	assert_true(chunk_encode(&chunk, bytes) < 2 * CHUNK_PERIODS + 10);
	assert_int_equal(chunk_newest(&chunk), 12);
	assert_int_equal(chunk_unsealed(&chunk), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_decoded_is_what_was_encoded),
		cmocka_unit_test(no_byte_of_it_can_be_another),
		cmocka_unit_test(nonsense_is_refused_or_lies_within_its_part),
		cmocka_unit_test(each_value_is_found_where_it_was_put),
		cmocka_unit_test(what_it_takes_is_little),
	};
	return cmocka_run_group_tests_name("chunk", tests, NULL, NULL);
}
