#include "common/model/civil.h"
#include "registry/tokens.h"
#include "support/testbed.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_US INT64_C(3600000000)
#define DAY_US  (24 * HOUR_US)

struct fixture {
	struct testbed testbed;
	struct token_list tokens;
	int64_t now_us;
	char text[TOKEN_TEXT_MAX];
	int64_t until_us;
};

static int set_up(void **state)
{
	static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
				    "P,Tỉnh,province,,2000-01-01,\nC1,Xã,commune,P,2000-01-01,\n";
	static const char catalogue[] =
		"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
		"carry,level,due_days,min,max\nd,D,D,x,flow,sum,sum,day,,0,0,commune,1,,\n";
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	testbed_open(&f->testbed, units, catalogue, NULL, false);
	(void)testbed_office(&f->testbed, "a", "C1", 18262);
	testbed_refresh(&f->testbed);
	assert_int_equal(civil_parse("2026-11-30T10:00", &f->now_us, &f->testbed.err), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	token_list_free(&f->tokens);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static int add(struct fixture *f, const char *name, const char *role, const char *office,
	       const char *expires)
{
	const struct token_form form = {
		.name = name, .role = role, .office = office, .expires = expires, .who = "test"
	};
	return token_add(f->testbed.db, f->testbed.reference->offices, &form, f->now_us, f->text,
			 &f->until_us, &f->testbed.err);
}

static void reread(struct fixture *f)
{
	struct token_list fresh = { 0 };
	size_t damaged = 0;
	assert_int_equal(tokens_read(f->testbed.db, &fresh, &damaged, &f->testbed.err), 0);
	assert_int_equal(damaged, 0);
	token_list_replace(&f->tokens, &fresh);
}

static enum token_verdict judge(struct fixture *f, const char *text, int64_t at_us)
{
	const struct token *token = NULL;
	return token_list_judge(&f->tokens, text, at_us, &token);
}

static void a_token_is_known_by_what_it_is_and_kept_as_a_hash(void **state)
{
	struct fixture *f = *state;
	const struct token *token = NULL;
	uint8_t hash[TOKEN_HASH_LEN], kept[TOKEN_HASH_LEN];
	char sql[256], hex[2 * TOKEN_HASH_LEN + 1];
	assert_int_equal(add(f, "a-1", "operator", NULL, NULL), 0);
	assert_int_equal(strlen(f->text), 43); /* of 256 bits */
	assert_true(f->until_us == f->now_us + 366 * DAY_US);
	reread(f);
	assert_int_equal(token_list_judge(&f->tokens, f->text, f->now_us, &token), TOKEN_GOOD);
	assert_string_equal(token->name, "a-1");
	assert_int_equal(token->role, ROLE_OPERATOR);
	/* BLAKE2b-256 of the text, computed here anew; the text is nowhere. */
	assert_int_equal(crypto_generichash(hash, sizeof(hash), (const unsigned char *)f->text,
					    strlen(f->text), NULL, 0),
			 0);
	memcpy(kept, token->hash, sizeof(kept));
	assert_memory_equal(hash, kept, sizeof(hash));
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	(void)snprintf(sql, sizeof(sql),
		       "SELECT count(*) FROM event WHERE kind = 'token add'"
		       " AND instr(body, '%s') > 0",
		       hex);
	assert_int_equal(testbed_number(&f->testbed, sql), 1);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT count(*) FROM event WHERE instr(body, '%s') > 0"
		       " OR instr(detail, '%s') > 0",
		       f->text, f->text);
	assert_int_equal(testbed_number(&f->testbed, sql), 0);
}

static void nothing_else_is_the_token(void **state)
{
	struct fixture *f = *state;
	char other[TOKEN_TEXT_MAX + 1];
	assert_int_equal(judge(f, "", f->now_us), TOKEN_UNKNOWN);
	assert_int_equal(add(f, "a", "viewer", NULL, "never"), 0);
	reread(f);
	assert_int_equal(judge(f, "", f->now_us), TOKEN_UNKNOWN);
	for (size_t i = 0; i < strlen(f->text); i++) {
		memcpy(other, f->text, sizeof(f->text));
		other[i] = other[i] == 'A' ? 'B' : 'A';
		assert_int_equal(judge(f, other, f->now_us), TOKEN_UNKNOWN);
	}
	(void)snprintf(other, sizeof(other), "%s ", f->text);
	assert_int_equal(judge(f, other, f->now_us), TOKEN_UNKNOWN);
	other[strlen(f->text) - 1] = '\0';
	assert_int_equal(judge(f, other, f->now_us), TOKEN_UNKNOWN);
	assert_int_equal(judge(f, f->text, INT64_MAX), TOKEN_GOOD); /* never */
}

static void it_ends_when_it_was_said_to(void **state)
{
	static const struct {
		const char *name, *expires;
		int64_t after_us; /* from now; 0: it is a day's end */
	} cases[] = {
		{ "h", "12h", 12 * HOUR_US },
		{ "d", "90d", 90 * DAY_US },
		{ "day", "2026-12-01", 37 * HOUR_US + 59 * (HOUR_US / 60) + HOUR_US / 60 },
		{ "at", "2026-11-30T11:00", HOUR_US },
		{ "usual", NULL, 366 * DAY_US },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (add(f, cases[i].name, "viewer", NULL, cases[i].expires) != 0)
			fail_msg("%s: %s", cases[i].name, f->testbed.err.text);
		int64_t end_us = f->now_us + cases[i].after_us;
		assert_true(f->until_us <= end_us && f->until_us >= end_us - 1);
		reread(f);
		assert_int_equal(judge(f, f->text, end_us - 2), TOKEN_GOOD);
		assert_int_equal(judge(f, f->text, end_us), TOKEN_EXPIRED);
	}
}

static void what_is_no_end_is_refused(void **state)
{
	static const char *const wrong[] = { "",           "0d",   "0h",         "d",
					     "-1d",        "90",   "90 d",       "90w",
					     "2026-11-29", "soon", "2026-13-01", "99999999999999d",
					     "36601d" };
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(add(f, "a", "viewer", NULL, wrong[i]), -EINVAL);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM token"), 0);
}

static void names_roles_and_offices_are_held_to_what_there_is(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(add(f, "", "viewer", NULL, NULL), -EINVAL);
	assert_int_equal(add(f, "a b", "viewer", NULL, NULL), -EINVAL);
	assert_int_equal(add(f, "a\nb", "viewer", NULL, NULL), -EINVAL);
	assert_int_equal(add(f, "a", "root", NULL, NULL), -EINVAL);
	assert_int_equal(add(f, "a", "local", NULL, NULL), -EINVAL); /* no token has it */
	assert_int_equal(add(f, "a", "none", NULL, NULL), -EINVAL);
	assert_int_equal(add(f, "a", "clerk", NULL, NULL), -EINVAL);
	assert_int_equal(add(f, "a", "viewer", "a", NULL), -EINVAL);
	assert_int_equal(add(f, "a", "clerk", "zz", NULL), -ENOENT);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM token"), 0);
	assert_int_equal(add(f, "a", "clerk", "a", NULL), 0);
	assert_int_equal(add(f, "a", "viewer", NULL, NULL), -EEXIST);
}

static void a_revoked_one_is_good_no_more_and_its_name_stays_taken(void **state)
{
	struct fixture *f = *state;
	struct err *err = &f->testbed.err;
	assert_int_equal(token_revoke(f->testbed.db, "a", "test", err), -ENOENT);
	assert_int_equal(add(f, "a", "viewer", NULL, "1h"), 0);
	reread(f);
	token_list_use(&f->tokens, f->tokens.list[0].id, f->now_us + 1);
	assert_int_equal(token_revoke(f->testbed.db, "a", "test", err), 0);
	reread(f);
	assert_true(f->tokens.list[0].used_us == f->now_us + 1); /* it is told further on */
	assert_int_equal(judge(f, f->text, f->now_us), TOKEN_REVOKED);
	assert_int_equal(judge(f, f->text, f->now_us + DAY_US), TOKEN_REVOKED);
	assert_int_equal(token_revoke(f->testbed.db, "a", "test", err), -EEXIST);
	assert_int_equal(add(f, "a", "viewer", NULL, NULL), -EEXIST);
}

static void a_name_that_is_nearly_right_is_offered(void **state)
{
	struct fixture *f = *state;
	struct err *err = &f->testbed.err;
	assert_int_equal(add(f, "grafana", "viewer", NULL, NULL), 0);
	assert_int_equal(add(f, "prometheus", "viewer", NULL, NULL), 0);
	assert_int_equal(token_revoke(f->testbed.db, "grafna", "test", err), -ENOENT);
	assert_string_equal(err->text, "there is no token 'grafna'; `lantoa token list` shows "
				       "them; did you mean 'grafana'?");
	assert_int_equal(token_revoke(f->testbed.db, "grafana", "test", err), 0);
	assert_int_equal(token_revoke(f->testbed.db, "grafna", "test", err), -ENOENT);
	assert_string_equal(err->text, /* what is revoked is not meant */
			    "there is no token 'grafna'; `lantoa token list` shows them");
}

static void there_are_so_many_that_are_good(void **state)
{
	struct fixture *f = *state;
	char name[16];
	for (unsigned i = 0; i < TOKENS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "t%u", i);
		assert_int_equal(add(f, name, "viewer", NULL, i == 0 ? "1h" : NULL), 0);
	}
	assert_int_equal(add(f, "more", "viewer", NULL, NULL), -E2BIG);
	assert_int_equal(token_revoke(f->testbed.db, "t7", "test", &f->testbed.err), 0);
	assert_int_equal(add(f, "more", "viewer", NULL, NULL), 0);
	assert_int_equal(add(f, "again", "viewer", NULL, NULL), -E2BIG);
	f->now_us += 2 * HOUR_US; /* one is over */
	assert_int_equal(add(f, "again", "viewer", NULL, NULL), 0);
}

static void when_it_was_used_is_kept_beside_the_ledger(void **state)
{
	struct fixture *f = *state;
	struct token_list copy = { 0 };
	assert_int_equal(add(f, "a", "viewer", NULL, NULL), 0);
	assert_int_equal(add(f, "b", "viewer", NULL, NULL), 0);
	reread(f);
	int64_t events = testbed_number(&f->testbed, "SELECT count(*) FROM event");
	token_list_use(&f->tokens, f->tokens.list[1].id, f->now_us);
	token_list_use(&f->tokens, f->tokens.list[1].id, f->now_us - 5); /* a clock went back */
	assert_int_equal(token_list_copy(&f->tokens, &copy), 0);
	assert_int_equal(tokens_keep(f->testbed.db, &copy, &f->testbed.err), 0);
	token_list_kept(&f->tokens, &copy);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM token_use"), 1);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM event"), events);
	assert_true(f->tokens.list[1].kept_us == f->now_us);
	token_list_free(&copy);
	token_list_free(&f->tokens);
	reread(f); /* as a start does */
	assert_true(f->tokens.list[1].used_us == f->now_us);
	assert_int_equal(f->tokens.list[0].used_us, 0);
}

static void one_that_a_disk_damaged_is_nobodys_and_costs_no_other(void **state)
{
	static const char *const damage[] = {
		"UPDATE token SET role = 'local' WHERE name = 'a'",
		"UPDATE token SET role = '' WHERE name = 'a'",
		"UPDATE token SET hash = x'00' WHERE name = 'a'",
		"UPDATE token SET name = 'a b' WHERE name = 'a'",
		"UPDATE token SET expires_us = -1 WHERE name = 'a'",
	};
	struct fixture *f = *state;
	struct token_list tokens = { 0 };
	const struct token *token = NULL;
	size_t damaged = 0;
	char good[TOKEN_TEXT_MAX];
	assert_int_equal(add(f, "b", "viewer", NULL, NULL), 0);
	memcpy(good, f->text, sizeof(good));
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		testbed_exec(&f->testbed, "DELETE FROM token WHERE name <> 'b'");
		assert_int_equal(add(f, "a", "admin", NULL, NULL), 0);
		testbed_exec(&f->testbed, damage[i]);
		assert_int_equal(tokens_read(f->testbed.db, &tokens, &damaged, &f->testbed.err), 0);
		assert_int_equal(damaged, 1);
		assert_int_equal(token_list_judge(&tokens, f->text, f->now_us, &token),
				 TOKEN_UNKNOWN);
		assert_int_equal(token_list_judge(&tokens, good, f->now_us, &token), TOKEN_GOOD);
		token_list_free(&tokens);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_known_by_what_it_is_and_kept_as_a_hash),
		TEST(nothing_else_is_the_token),
		TEST(it_ends_when_it_was_said_to),
		TEST(what_is_no_end_is_refused),
		TEST(names_roles_and_offices_are_held_to_what_there_is),
		TEST(a_revoked_one_is_good_no_more_and_its_name_stays_taken),
		TEST(a_name_that_is_nearly_right_is_offered),
		TEST(there_are_so_many_that_are_good),
		TEST(when_it_was_used_is_kept_beside_the_ledger),
		TEST(one_that_a_disk_damaged_is_nobodys_and_costs_no_other),
	};
	return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
