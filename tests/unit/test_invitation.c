#include "common/model/invitation.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

static struct invitation random_invitation(struct dice *dice)
{
	struct invitation made = { 0 };
	(void)snprintf(made.address, sizeof(made.address), "%s:%u",
		       dice_below(dice, 2) ? "[fe80::1]" : "tinh.example.vn",
		       (unsigned)dice_below(dice, 65535) + 1);
	(void)snprintf(made.office, sizeof(made.office), "%u", (unsigned)dice_below(dice, 99999));
	for (size_t i = 0; i < INVITATION_KEY_LEN; i++) {
		made.server_key[i] = (uint8_t)dice_next(dice);
		made.secret_key[i] = (uint8_t)dice_next(dice);
	}
	return made;
}

static void check_round_trip(struct dice *dice, void *context)
{
	(void)context;
	struct invitation made = random_invitation(dice), read = { 0 };
	char text[INVITATION_TEXT_MAX], pasted[INVITATION_TEXT_MAX + 8];
	struct err err = { 0 };
	assert_int_equal(invitation_format(&made, text, &err), 0);
	(void)snprintf(pasted, sizeof(pasted), "  %s \r\n", text);
	assert_int_equal(invitation_parse(pasted, &read, &err), 0);
	assert_memory_equal(&made, &read, sizeof(made));
}

static void what_was_printed_is_read_back(void **state)
{
	(void)state;
	for_all_seeds(200, check_round_trip, NULL);
}

static void every_shortened_line_is_refused(void **state)
{
	(void)state;
	struct dice dice = dice_seeded(1);
	struct invitation made = random_invitation(&dice), read;
	char text[INVITATION_TEXT_MAX];
	struct err err = { 0 };
	assert_int_equal(invitation_format(&made, text, &err), 0);
	for (size_t len = strlen(text) - 1; len < INVITATION_TEXT_MAX; len--) {
		text[len] = '\0';
		assert_int_equal(invitation_parse(text, &read, &err), -EINVAL);
		assert_true(strlen(err.text) > 0);
	}
}

static void bad_parts_are_refused(void **state)
{
	(void)state;
	static const char key[] = "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	static const char *const fronts[] = { "http://h:1/a#",      "lantoa://h/a#",
					      "lantoa://h:0/a#",    "lantoa://h:65536/a#",
					      "lantoa://:1/a#",     "lantoa://h h:1/a#",
					      "lantoa://h:1/#",     "lantoa://h:1/a b#",
					      "lantoa://[::1:1/a#", "lantoa://h:1x/a#" };
	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
		char text[INVITATION_TEXT_MAX];
		(void)snprintf(text, sizeof(text), "%s%s.%s", fronts[i], key, key);
		struct invitation read;
		struct err err = { 0 };
		assert_int_equal(invitation_parse(text, &read, &err), -EINVAL);
		assert_null(strstr(err.text, key));
	}
}

/* libsodium 1.0.18 takes "\xc2" for one, for example. */
static void a_key_has_letters_of_its_alphabet_alone(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	uint8_t key[INVITATION_KEY_LEN] = { 1, 2, 3 };
	char text[KEY_TEXT_MAX];
	(void)state;
	key_format(key, text);
	for (int byte = 1; byte < 256; byte++) {
		text[20] = (char)byte;
		assert_int_equal(key_parse(text, key), strchr(alphabet, byte) ? 0 : -EINVAL);
	}
}

/* The points of low order, as D. J. Bernstein's page on ECDH lists them
 * (https://cr.yp.to/ecdh.html): 0, 1, two of order 8, p - 1, p, p + 1, here with the highest bit,
 * which Curve25519 does not read, clear and set. */
static void a_point_that_agrees_with_everybody_is_nobodys_key(void **state)
{
	static const char *const low[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct invitation made = { .address = "h:1", .office = "a", .secret_key = { 5 } }, read;
	char text[INVITATION_TEXT_MAX];
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(low) / sizeof(low[0]); i++) {
		uint8_t *key = made.server_key;

		assert_int_equal(
			sodium_hex2bin(key, INVITATION_KEY_LEN, low[i / 2], 64, NULL, NULL, NULL),
			0);
		key[31] = (uint8_t)(key[31] | (i % 2 ? 0x80 : 0));
		assert_false(key_is_public(key));
		assert_int_equal(invitation_format(&made, text, &err), 0);
		assert_int_equal(invitation_parse(text, &read, &err), -EINVAL);
		assert_non_null(strstr(err.text, "the province's key"));
		key[0] ^= 0x10; /* a neighbour is somebody's */
		assert_true(key_is_public(key));
	}
}

/* The '/' before the code is lost, another line follows: all up to its '/' looks like an address.
 */
static void a_complaint_quotes_no_key(void **state)
{
	struct invitation read;
	struct err err = { 0 };
	(void)state;
	assert_int_equal(invitation_parse("lantoa://a:5670 28249#SERVERKEY.SECRETKEY lantoa://b:1/2"
					  "#c.d",
					  &read, &err),
			 -EINVAL);
	assert_null(strstr(err.text, "KEY"));
	assert_non_null(strstr(err.text, "'a:5670 28249'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_printed_is_read_back),
		cmocka_unit_test(a_key_has_letters_of_its_alphabet_alone),
		cmocka_unit_test(a_point_that_agrees_with_everybody_is_nobodys_key),
		cmocka_unit_test(a_complaint_quotes_no_key),
		cmocka_unit_test(every_shortened_line_is_refused),
		cmocka_unit_test(bad_parts_are_refused),
	};
	return cmocka_run_group_tests_name("invitation", tests, NULL, NULL);
}
