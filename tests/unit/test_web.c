/* What lantoa-web decides by itself: paths, guests, browsers, its configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/browsers.h"
#include "web/guests.h"
#include "web/packed.h"
#include "web/target.h"
#include "web/web_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* --- pages as gzip --- */

static void assert_packed(const char *page, size_t len)
{
	struct blob packed = { 0 };
	z_stream z = { 0 };
	char *text = malloc(len + 1);

	assert_non_null(text);
	assert_int_equal(packed_make(page, len, &packed), 0);
	assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
	z.next_in = packed.data;
	z.avail_in = (unsigned)packed.len;
	z.next_out = (unsigned char *)text;
	z.avail_out = (unsigned)len + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, len);
	assert_memory_equal(text, page, len);
	(void)inflateEnd(&z);
	free(text);
	blob_free(&packed);
}

static void a_packed_page_is_the_page(void **state)
{
	static char page[100000];
	uint32_t x = 1;

	(void)state;
	assert_packed(page, 0);
	assert_packed(page, sizeof(page));
	for (size_t i = 0; i < sizeof(page); i++) /* of which gzip makes nothing smaller */
		page[i] = (char)((x = x * 1664525u + 1013904223u) >> 24);
	assert_packed(page, sizeof(page));
}

static void no_page_with_a_reader_s_word_is_packed(void **state)
{
	char page[4000];

	(void)state;
	memset(page, 'a', sizeof(page));
	assert_true(packed_pays(page, sizeof(page), ""));
	assert_true(packed_pays(page, sizeof(page), "word"));
	assert_false(packed_pays(page, 1000, ""));
	memcpy(page + sizeof(page) - 4, "word", 4);
	assert_false(packed_pays(page, sizeof(page), "word"));
	assert_true(packed_pays(page, sizeof(page) - 1, "word"));
}

/* --- paths --- */

static void a_path_that_two_could_read_differently_is_refused(void **state)
{
	static const struct {
		const char *target;
		unsigned status;
	} cases[] = {
		{ "/", 0 },
		{ "/api/v1/query?name=visits&from=2025-06&label=a%2Fb%00", 0 },
		{ "/api/v1/a.b/..c/...d/%C3%A9", 0 },
		{ "/a/.well-known", 0 },
		{ "/?a=//../x", 0 },
		{ "/a/..", 404 },
		{ "/a/../b", 404 },
		{ "/a/./b", 404 },
		{ "/a/...", 404 },
		{ "/a/%2e%2E/b", 404 },
		{ "/a/.%2e?x", 404 },
		{ "/a%2fb", 404 },
		{ "/a%5Cb", 404 },
		{ "/a%25b", 404 },
		{ "/a%00", 404 },
		{ "/a%0d%0aX:%20y", 404 },
		{ "/a%7f", 404 },
		{ "//host/a", 404 },
		{ "/a//b", 404 },
		{ "/a\\b", 400 },
		{ "/a b", 400 },
		{ "/a%", 400 },
		{ "/a%4", 400 },
		{ "/a%zz", 400 },
		{ "/a?x=%", 400 },
		{ "/a#b", 400 },
		{ "/\xc3\xa9", 400 },
		{ "", 400 },
		{ "*", 400 },
		{ "http://host/a", 400 },
		{ "a", 400 },
	};
	char longest[TARGET_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (target_judge(cases[i].target) != cases[i].status)
			fail_msg("%s: %u", cases[i].target, target_judge(cases[i].target));
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[TARGET_MAX] = '\0';
	assert_int_equal(target_judge(longest), 0);
	longest[TARGET_MAX] = 'a';
	longest[TARGET_MAX + 1] = '\0';
	assert_int_equal(target_judge(longest), 414);
}

/* --- guests --- */

#define START UINT64_C(1000000)

static const struct guest_limits few = { .requests = 10, .bytes = 60000, .at_once = 2 };

static void a_guest_has_a_burst_and_then_so_many_a_second(void **state)
{
	struct guests *guests = guests_open(&few);
	struct guest *guest = guest_find(guests, "a10.0.0.1", START);
	unsigned n = 0;

	(void)state;
	while (guest_pay(guests, guest, 1, START) == 0)
		n++;
	assert_int_equal(n, 10 * GUEST_BURST_S);
	assert_int_equal(guest_pay(guests, guest, 1, START), 1);
	assert_int_equal(guest_pay(guests, guest, 50, START), 6);
	assert_int_equal(guest_pay(guests, guest, 1, START + 99), 1);
	assert_int_equal(guest_pay(guests, guest, 1, START + 100), 0);
	assert_int_equal(guest_pay(guests, guest, 1, START + 100), 1);
	/* It is nobody else's affair, and does not grow beyond the burst. */
	assert_int_equal(guest_pay(guests, guest_find(guests, "a10.0.0.2", START), 1, START), 0);
	for (n = 0; guest_pay(guests, guest, 1, START + 100000000) == 0;)
		n++;
	assert_int_equal(n, 10 * GUEST_BURST_S);
	guests_close(guests);
}

static void long_answers_are_paid_for_later(void **state)
{
	struct guests *guests = guests_open(&few);
	struct guest *guest = guest_find(guests, "a", START);

	(void)state;
	assert_true(guest_enter(guests, guest));
	guest_leave(guests, guest, 60000);
	assert_int_equal(guest_pay(guests, guest, 1, START), 0);
	assert_true(guest_enter(guests, guest));
	guest_leave(guests, guest, 10000); /* 1,000 come back a second */
	assert_in_range(guest_pay(guests, guest, 1, START), 10, 11);
	assert_in_range(guest_pay(guests, guest, 1, START + 9000), 1, 2);
	assert_int_equal(guest_pay(guests, guest, 1, START + 11000), 0);
	assert_true(guest_enter(guests, guest));
	guest_leave(guests, guest, UINT64_MAX); /* and never for more than some minutes */
	assert_in_range(guest_pay(guests, guest, 1, START + 11000), 1, 301);
	guests_close(guests);
}

static void so_many_are_under_way_at_once(void **state)
{
	struct guests *guests = guests_open(&few);
	struct guest *guest = guest_find(guests, "a", START);

	(void)state;
	assert_true(guest_enter(guests, guest));
	assert_true(guest_enter(guests, guest));
	assert_false(guest_enter(guests, guest));
	guest_leave(guests, guest, 0);
	assert_true(guest_enter(guests, guest));
	guests_close(guests);
}

static void a_crowd_of_strangers_is_forgotten_but_not_whose_request_is_under_way(void **state)
{
	struct guests *guests = guests_open(&few);
	struct guest *held = guest_find(guests, "held", START);
	struct guest *first = guest_find(guests, "first", START);
	char name[32];

	(void)state;
	guest_prove(held);
	guest_prove(first);
	guest_hold(held);
	for (unsigned i = 0; i < 3 * GUESTS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "%u", i);
		assert_non_null(guest_find(guests, name, START));
	}
	assert_ptr_equal(guest_find(guests, "held", START), held);
	assert_true(guest_is_proven(held));
	assert_false(guest_is_proven(guest_find(guests, "first", START)));
	guest_leave(guests, held, 0);
	guests_close(guests);
}

/* --- browsers --- */

static const struct browser_limits two = { .most = 2, .idle_s = 100, .end_s = 1000 };

static void a_browser_is_known_by_its_cookie_alone(void **state)
{
	struct browsers *browsers = browsers_open(&two);
	char cookie[BROWSER_WORD_MAX], other[BROWSER_WORD_MAX];
	struct browser *browser = browser_begin(browsers, "secret", 5, cookie);

	(void)state;
	assert_int_equal(strlen(cookie), BROWSER_WORD_MAX - 1);
	assert_ptr_equal(browser_find(browsers, cookie, 6), browser);
	assert_string_equal(browser->token, "secret");
	assert_null(browser_find(browsers, "", 6));
	assert_null(browser_find(browsers, browser->change, 6));
	strcpy(other, cookie);
	other[20] = other[20] == 'A' ? 'B' : 'A';
	assert_null(browser_find(browsers, other, 6));
	assert_true(browser_means(browser, browser->change));
	assert_false(browser_means(browser, cookie));
	assert_false(browser_means(browser, ""));
	assert_false(browser_means(browser, NULL));
	browser_end(browsers, browser);
	assert_null(browser_find(browsers, cookie, 6));
	browsers_close(browsers);
}

static void a_browser_that_is_still_or_old_is_logged_out(void **state)
{
	struct browsers *browsers = browsers_open(&two);
	char cookie[BROWSER_WORD_MAX];
	uint64_t now_s;

	(void)state;
	(void)browser_begin(browsers, "secret", 0, cookie);
	assert_non_null(browser_find(browsers, cookie, 99));
	assert_non_null(browser_find(browsers, cookie, 198));
	assert_null(browser_find(browsers, cookie, 298));
	assert_int_equal(browsers_count(browsers), 0);
	(void)browser_begin(browsers, "secret", 0, cookie);
	for (now_s = 0; now_s < 1000; now_s += 50)
		assert_non_null(browser_find(browsers, cookie, now_s));
	assert_null(browser_find(browsers, cookie, 1000));
	browsers_close(browsers);
}

static void over_the_limit_the_stillest_goes(void **state)
{
	struct browsers *browsers = browsers_open(&two);
	char cookies[3][BROWSER_WORD_MAX];
	const struct browser_limits one = { .most = 1, .idle_s = 100, .end_s = 1000 };

	(void)state;
	(void)browser_begin(browsers, "a", 0, cookies[0]);
	(void)browser_begin(browsers, "b", 1, cookies[1]);
	assert_non_null(browser_find(browsers, cookies[0], 2));
	(void)browser_begin(browsers, "c", 3, cookies[2]);
	assert_null(browser_find(browsers, cookies[1], 4));
	assert_non_null(browser_find(browsers, cookies[2], 4));
	assert_non_null(browser_find(browsers, cookies[0], 5));
	browsers_limit(browsers, &one);
	assert_null(browser_find(browsers, cookies[2], 6));
	assert_non_null(browser_find(browsers, cookies[0], 6));
	browsers_close(browsers);
}

static void a_cookie_is_found_among_others(void **state)
{
	char value[BROWSER_WORD_MAX];
	char longest[BROWSER_WORD_MAX + 8];

	(void)state;
	assert_true(cookie_value("a=1; lantoa=xyz; b=2", "lantoa", value));
	assert_string_equal(value, "xyz");
	assert_true(cookie_value("lantoa=", "lantoa", value));
	assert_string_equal(value, "");
	assert_true(cookie_value(";; lantoa=x=y", "lantoa", value));
	assert_string_equal(value, "x=y");
	assert_false(cookie_value("lantoa=1; lantoa=2", "lantoa", value));
	assert_false(cookie_value("xlantoa=1; lantoaa=2; lantoa", "lantoa", value));
	assert_false(cookie_value("a=lantoa=1", "lantoa", value));
	assert_false(cookie_value(NULL, "lantoa", value));
	(void)snprintf(longest, sizeof(longest), "l=%044d", 0);
	assert_false(cookie_value(longest, "l", value));
	longest[2 + 43] = '\0';
	assert_true(cookie_value(longest, "l", value));
}

/* --- configuration --- */

static int read_text(const char *text, struct web_config *config, struct err *err)
{
	char path[] = "/tmp/lantoa-web-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	rc = web_config_read(path, config, err);
	(void)unlink(path);
	return rc;
}

/* What is wrong is said; what the sentence advises is right. */
static void a_wrong_configuration_says_what_to_do(void **state)
{
	static const struct {
		const char *wrong, *says, *right;
	} cases[] = {
		{ "[web]\nlisten = 0.0.0.0:80\n",
		  "[web] listen: '0.0.0.0:80' is reached from other machines, and nothing would be "
		  "encrypted; name a certificate and its key, or listen on 127.0.0.1:5580 behind a "
		  "proxy",
		  "[web]\nlisten = 0.0.0.0:80\ncertificate = /c\nkey = /k\n" },
		{ "[web]\nlisten = 0.0.0.0:80\ncertificate = /c\nkey = /k\nproxy = yes\n",
		  "or listen on 127.0.0.1:5580 behind a proxy",
		  "[web]\nlisten = 127.0.0.1:5580\nproxy = yes\n" },
		{ "[web]\nlisten = localhost:80\n", "write it like 0.0.0.0:443 or [::]:443",
		  "[web]\nlisten = [::]:443\ncertificate = /c\nkey = /k\n" },
		{ "[web]\nlisten = unix:web.sock\n",
		  "[web] listen: 'unix:web.sock': give the whole path, from /",
		  "[web]\nlisten = unix:/run/web.sock\n" },
		{ "[web]\ncertificate = /c\n",
		  "[web] certificate and key: one of them is missing; give both, or none",
		  "[web]\ncertificate = /c\nkey = /k\n" },
		{ "[web]\nkey = /k\n", "give both, or none", "[web]\n" },
		{ "[web]\nnames = a.vn, https://b.vn\n",
		  "[web] names: 'https://b.vn' must be HOST or HOST:PORT, as browsers write it "
		  "after "
		  "https://",
		  "[web]\nnames = a.vn, b.vn b.vn:8443\n" },
		{ "[log]\nlevel = loud\n",
		  "[log] level: there is no 'loud'; use error, warning, info or debug",
		  "[log]\nlevel = warning\n" },
		{ "[limits]\nupstream = 97\n", "96", "[limits]\nupstream = 96\n" },
	};
	struct web_config config;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_text(cases[i].wrong, &config, &err), -EINVAL);
		if (!strstr(err.text, cases[i].says))
			fail_msg("%s: %s", cases[i].wrong, err.text);
		if (read_text(cases[i].right, &config, &err) < 0)
			fail_msg("%s: %s", cases[i].right, err.text);
		web_config_free(&config);
	}
}

static void it_answers_to_its_names_alone(void **state)
{
	struct web_config config;
	struct err err;

	(void)state;
	assert_int_equal(read_text("[web]\nnames = a.vn, B.vn:8443\n", &config, &err), 0);
	assert_true(web_config_named(&config, "a.vn"));
	assert_true(web_config_named(&config, "A.VN"));
	assert_true(web_config_named(&config, "b.vn:8443"));
	assert_false(web_config_named(&config, "b.vn"));
	assert_false(web_config_named(&config, "a.vn."));
	assert_false(web_config_named(&config, "a.v"));
	assert_false(web_config_named(&config, "localhost"));
	assert_false(web_config_named(&config, ""));
	assert_false(web_config_named(&config, NULL));
	web_config_free(&config);
	assert_int_equal(read_text("", &config, &err), 0);
	assert_true(web_config_named(&config, "localhost:5580"));
	assert_true(web_config_named(&config, "127.0.0.1"));
	assert_false(web_config_named(&config, "evil.example"));
	assert_false(web_config_named(&config, NULL));
	web_config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packed_page_is_the_page),
		cmocka_unit_test(no_page_with_a_reader_s_word_is_packed),
		cmocka_unit_test(a_path_that_two_could_read_differently_is_refused),
		cmocka_unit_test(a_guest_has_a_burst_and_then_so_many_a_second),
		cmocka_unit_test(long_answers_are_paid_for_later),
		cmocka_unit_test(so_many_are_under_way_at_once),
		cmocka_unit_test(
			a_crowd_of_strangers_is_forgotten_but_not_whose_request_is_under_way),
		cmocka_unit_test(a_browser_is_known_by_its_cookie_alone),
		cmocka_unit_test(a_browser_that_is_still_or_old_is_logged_out),
		cmocka_unit_test(over_the_limit_the_stillest_goes),
		cmocka_unit_test(a_cookie_is_found_among_others),
		cmocka_unit_test(a_wrong_configuration_says_what_to_do),
		cmocka_unit_test(it_answers_to_its_names_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
