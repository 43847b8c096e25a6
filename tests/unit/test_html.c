/* What is written into a page stays where it was put, and what a form sends is read as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/utf8.h"
#include "common/text/html.h"
#include "common/text/urlencoded.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_html(struct html *html, const char *expected)
{
	assert_false(html->failed);
	assert_int_equal(blob_append(&html->out, "", 1), 0);
	assert_string_equal((const char *)html->out.data, expected);
	blob_free(&html->out);
}

static void text_is_escaped_and_markup_is_not(void **state)
{
	struct html html = { 0 };
	(void)state;
	html_add(&html, "<a href=\"%s\">%s</a> %d %u %zu %lld %llu%%", "/?a=1&b='\"", "<Tổ & \x01>",
		 -7, 8u, (size_t)9, -10LL, 11ULL);
	assert_html(&html, "<a href=\"/?a=1&amp;b=&#39;&quot;\">&lt;Tổ &amp; \xEF\xBF\xBD&gt;</a> "
			   "-7 8 9 -10 11%");
}

static void the_format_of_a_sentence_is_text_as_well(void **state)
{
	struct html html = { 0 };
	(void)state;
	html_say(&html, "<b>%s & %d", "</b>", 3);
	assert_html(&html, "&lt;b&gt;&lt;/b&gt; &amp; 3");
}

static void what_is_not_utf8_does_not_get_through(void **state)
{
	struct html html = { 0 };
	(void)state;
	html_add(&html, "%s", "a\xC3<\xFF\xED\xA0\x80z");
	assert_html(&html, "a\xEF\xBF\xBD&lt;\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
}

/* Undo what html.c does, the way a browser would. */
static size_t unescaped(const char *html, size_t len, char *out)
{
	static const struct {
		const char *name;
		char c;
	} known[] = { { "&amp;", '&' },
		      { "&lt;", '<' },
		      { "&gt;", '>' },
		      { "&quot;", '"' },
		      { "&#39;", '\'' } };
	size_t to = 0;
	for (size_t i = 0; i < len;) {
		size_t k = 0;
		while (k < 5 && strncmp(html + i, known[k].name, strlen(known[k].name)) != 0)
			k++;
		assert_true(html[i] != '&' || k < 5); /* no other '&' */
		out[to++] = k < 5 ? known[k].c : html[i];
		i += k < 5 ? strlen(known[k].name) : 1;
	}
	return to;
}

/* Random text never ends its attribute or element, and valid text comes back as it was. */
static void random_text_stays_inside(struct dice *dice, void *context)
{
	static const char *const pieces[] = { "<",     ">",         "\"",   "'",         "&",
					      "&amp;", "</script>", "<!--", "Đạo Thạnh", "\xC3",
					      "\xFF",  "\x01",      "\n",   "=",         "a" };
	char text[512] = "", back[8192];
	struct html html = { 0 };
	(void)context;
	for (uint64_t n = dice_below(dice, 30); n > 0; n--)
		strcat(text, pieces[dice_below(dice, sizeof(pieces) / sizeof(pieces[0]))]);
	html_add(&html, "%s", text);
	const char *out = (const char *)html.out.data;
	for (size_t i = 0; i < html.out.len; i++)
		assert_null(strchr("<>\"'", out[i]));
	assert_true(utf8_valid(out, html.out.len));
	if (utf8_valid(text, strlen(text)) && !strchr(text, '\x01')) {
		size_t len = html.out.len ? unescaped(out, html.out.len, back) : 0;
		assert_int_equal(len, strlen(text));
		assert_memory_equal(back, text, len);
	}
	blob_free(&html.out);
}

static void no_text_breaks_out(void **state)
{
	(void)state;
	for_all_seeds(500, random_text_stays_inside, NULL);
}

/* --- forms --- */

static int parse(const char *body, struct field **fields, size_t *n, char **copy)
{
	struct err err;
	*copy = strdup(body);
	*n = 0;
	*fields = NULL;
	assert_non_null(*copy);
	return urlencoded_parse(*copy, strlen(body), fields, n, &err);
}

static void fields_are_decoded(void **state)
{
	struct field *fields;
	size_t n;
	char *copy;
	(void)state;
	assert_int_equal(
		parse("a=1&b=%C4%90%E1%BA%A1o+Th%e1%ba%a1nh&&c&d==&a=2", &fields, &n, &copy), 0);
	assert_int_equal(n, 5);
	assert_string_equal(field_value(fields, n, "a"), "1");
	assert_string_equal(field_value(fields, n, "b"), "Đạo Thạnh");
	assert_string_equal(field_value(fields, n, "c"), "");
	assert_string_equal(field_value(fields, n, "d"), "=");
	assert_null(field_value(fields, n, "e"));
	free(fields);
	free(copy);
	assert_int_equal(parse("", &fields, &n, &copy), 0);
	assert_int_equal(n, 0);
	free(fields);
	free(copy);
}

static void what_is_no_form_is_refused(void **state)
{
	static const char *const bad[] = {
		"a=%", "a=%4", "a=%4g", "a=%00", "%ff=1", "a=%C3", "%0"
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct field *fields;
		size_t n;
		char *copy;
		assert_int_equal(parse(bad[i], &fields, &n, &copy), -EINVAL);
		free(copy);
	}
}

static void write_encoded(const char *text, char *to)
{
	to += strlen(to);
	for (; *text; text++)
		to += sprintf(to, "%%%02X", (unsigned char)*text);
}

static void encoded_text_comes_back(struct dice *dice, void *context)
{
	static const char *const pieces[] = { "&", "=", "+", "%", " ", "Tổ", "v:team.count:",
					      ";", "" };
	char names[8][64] = { "" }, values[8][64] = { "" }, body[8192] = "";
	size_t n = (size_t)dice_below(dice, 8), found;
	struct field *fields;
	char *copy;
	(void)context;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%zu%s", i, pieces[dice_below(dice, 9)]);
		(void)snprintf(values[i], sizeof(values[i]), "%s%s", pieces[dice_below(dice, 9)],
			       pieces[dice_below(dice, 9)]);
		strcat(body, i ? "&" : "");
		write_encoded(names[i], body);
		strcat(body, "=");
		write_encoded(values[i], body);
	}
	assert_int_equal(parse(body, &fields, &found, &copy), 0);
	assert_int_equal(found, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(fields[i].name, names[i]);
		assert_string_equal(fields[i].value, values[i]);
	}
	free(fields);
	free(copy);
}

static void every_form_comes_back(void **state)
{
	(void)state;
	for_all_seeds(200, encoded_text_comes_back, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_escaped_and_markup_is_not),
		cmocka_unit_test(the_format_of_a_sentence_is_text_as_well),
		cmocka_unit_test(what_is_not_utf8_does_not_get_through),
		cmocka_unit_test(no_text_breaks_out),
		cmocka_unit_test(fields_are_decoded),
		cmocka_unit_test(what_is_no_form_is_refused),
		cmocka_unit_test(every_form_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
