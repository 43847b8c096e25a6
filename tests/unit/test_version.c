/* Versions are compared as numbers, and any two texts compare in one order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/version.h"
#include "support/seeds.h"

#include <stdlib.h>
#include <string.h>

/* Ascending; what stands together is the same. */
static const char *const ordered[][4] = {
	{ "1.0~beta", NULL },
	{ "1.0~rc1", NULL },
	{ "1", "1.0", "1.0.0", "01.0" },
	{ "1.0.1", NULL },
	{ "1.0a", NULL },
	{ "1.2", NULL },
	{ "1.9.9", NULL },
	{ "1.10", "1.10.0", NULL },
	{ "1.10.1", NULL },
	{ "2", NULL },
	{ "10", NULL },
	{ "99999999999999999999998", NULL },
	{ "99999999999999999999999", NULL },
};
#define N_ORDERED (sizeof(ordered) / sizeof(ordered[0]))

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

static void numbers_are_compared_as_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ORDERED; i++)
		for (size_t k = 0; k < N_ORDERED; k++)
			for (size_t a = 0; a < 4 && ordered[i][a]; a++)
				for (size_t b = 0; b < 4 && ordered[k][b]; b++)
					if (sign(version_compare(ordered[i][a], ordered[k][b])) !=
					    (i > k) - (i < k))
						fail_msg("%s and %s", ordered[i][a], ordered[k][b]);
}

static void what_is_no_version_is_told(void **state)
{
	(void)state;
	assert_true(version_valid("1.2.3"));
	assert_true(version_valid("2.0~rc1+b2-3"));
	for (size_t i = 0; i < 6; i++)
		assert_false(version_valid(
			(const char *const[]){ "", "v1", "1 2", "latest", "1\n", "1;2" }[i]));
}

static void text_make(struct dice *dice, char text[12])
{
	static const char from[] = "00123.~a.-+9";
	size_t len = dice_below(dice, 12);
	for (size_t i = 0; i < len; i++)
		text[i] = from[dice_below(dice, sizeof(from) - 1)];
	text[len] = '\0';
}

/* As programs of others may say them: antisymmetric and transitive, so that a list can be sorted.
 */
static void one_order(struct dice *dice, void *context)
{
	char a[12], b[12], c[12];
	(void)context;
	for (int i = 0; i < 2000; i++) {
		text_make(dice, a);
		text_make(dice, b);
		text_make(dice, c);
		int ab = version_compare(a, b), bc = version_compare(b, c);
		if (version_compare(a, a) != 0 || sign(version_compare(b, a)) != -sign(ab) ||
		    (ab <= 0 && bc <= 0 && version_compare(a, c) > 0) ||
		    (ab == 0 && sign(version_compare(a, c)) != sign(bc)))
			fail_msg("'%s' '%s' '%s'", a, b, c);
	}
}

static void any_texts_have_one_order(void **state)
{
	(void)state;
	for_all_seeds(20, one_order, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_compared_as_numbers),
		cmocka_unit_test(what_is_no_version_is_told),
		cmocka_unit_test(any_texts_have_one_order),
	};
	return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
