/* Who types: what is believed as a name, and what a browser keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clerk/typist.h"
#include "common/base/i18n.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LONGEST "0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *text, *name; /* NULL: none */
} names[] = {
	{ "hoa", "hoa" },
	{ "Nguyễn Thị Hoa", "Nguyễn Thị Hoa" },
	{ "  hoa  ", "hoa" },
	{ LONGEST, LONGEST },
	{ LONGEST "x", NULL },
	{ "hoa\tlan", NULL },
	{ "hoa\r\nX-Other: 1", NULL },
	{ "hoa\x7f", NULL },
	{ "hoa\xff", NULL },
	{ "ho\xc3", NULL },
	{ "hoa\xe2\x80\xae", NULL }, /* turns the direction of writing round */
	{ "hoa\xc2\x85", NULL },     /* C1 */
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static void a_name_is_one_short_line_that_can_be_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_NAMES; i++) {
		char name[TYPIST_MAX] = "before";
		struct err err = { 0 };
		int rc = typist_typed(names[i].text, name, &err);
		assert_int_equal(rc, names[i].name ? 0 : -EINVAL);
		assert_string_equal(name, names[i].name ? names[i].name : "before");
		rc = typist_named("X-Remote-User", names[i].text, name, &err);
		assert_int_equal(rc, names[i].name ? 0 : -EACCES);
	}
}

static void a_proxy_that_names_nobody_is_told_so(void **state)
{
	static const char *const nobody[] = { NULL, "", "   " };
	char name[TYPIST_MAX] = "before";
	struct err err;
	(void)state;
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		assert_int_equal(typist_named("X-Remote-User", nobody[i], name, &err), -EACCES);
		assert_string_equal(name, "before");
		assert_non_null(strstr(err.text, "it must set the header X-Remote-User"));
	}
	/* Who typed nothing took the name back. */
	assert_int_equal(typist_typed("  ", name, &err), 0);
	assert_string_equal(name, "");
}

/* What is kept comes back, whatever else the browser keeps; and what it could not have kept is
 * nobody. */
static void a_cookie_brings_back_what_was_kept(void **state)
{
	char text[TYPIST_COOKIE_MAX], cookies[2 * TYPIST_COOKIE_MAX], name[TYPIST_MAX];
	static const char *const strange[] = { "lantoa-typist=%",
					       "lantoa-typist=%00",
					       "lantoa-typist=%0D%0ASet-Cookie",
					       "lantoa-typist=hoa&n=lan",
					       "lantoa-typist=%FF",
					       "lantoa-typist=" LONGEST "x",
					       "lantoa-typist",
					       "xlantoa-typist=hoa",
					       "other=lantoa-typist=hoa",
					       "",
					       ";;; ;" };
	(void)state;
	for (size_t i = 0; i < N_NAMES; i++) {
		if (!names[i].name)
			continue;
		(void)typist_cookie(names[i].name, text);
		assert_non_null(strstr(text, "; SameSite=Strict; HttpOnly; Max-Age=31536000"));
		assert_null(strstr(text, "Path="));
		*strchr(text, ';') = '\0';
		for (int after = 0; after < 2; after++) {
			(void)snprintf(cookies, sizeof(cookies), "%s%s%s", after ? "" : text,
				       after ? "lantoa-lang=vi; " : "; lantoa-lang=vi",
				       after ? text : "");
			typist_kept(cookies, name);
			assert_string_equal(name, names[i].name);
		}
	}
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		typist_kept(strange[i], name);
		assert_string_equal(name, "");
	}
	typist_kept(NULL, name);
	assert_string_equal(name, "");
	assert_non_null(strstr(typist_cookie("", text), "lantoa-typist=; "));
	assert_non_null(strstr(text, "Max-Age=0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_one_short_line_that_can_be_seen),
		cmocka_unit_test(a_proxy_that_names_nobody_is_told_so),
		cmocka_unit_test(a_cookie_brings_back_what_was_kept),
	};
	i18n_init("en_US.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
