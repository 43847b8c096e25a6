/* The port that browsers of this machine reach: where it listens, and whom it hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/net/http.h"
#include "common/net/http_guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool passes(const char *method, const char *host, const char *origin, const char *site)
{
	const struct http_guarded asked = {
		.method = method, .host = host, .origin = origin, .fetch_site = site
	};

	return http_guard_passes(&asked, NULL);
}

static void only_loopback_names_are_served(void **state)
{
	static const char *const good[] = { "127.0.0.1", "127.0.0.1:5571", "localhost:80",
					    "LocalHost", "[::1]:5571" };
	static const char *const bad[] = { "",
					   "evil.example",
					   "evil.example:5571",
					   "127.0.0.1.evil.example",
					   "localhost.evil.example:5571",
					   "127.0.0.1:5571@evil.example",
					   "127.0.0.1:",
					   "127.0.0.2",
					   "[::1]evil" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(passes("GET", good[i], NULL, NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(passes("GET", bad[i], NULL, NULL));
	assert_false(passes("GET", NULL, NULL, NULL));
}

static void only_its_own_pages_and_programs_change_something(void **state)
{
	static const char host[] = "127.0.0.1:5571", own[] = "http://127.0.0.1:5571";

	(void)state;
	assert_true(passes("POST", host, NULL, NULL)); /* curl */
	assert_true(passes("POST", host, own, "same-origin"));
	assert_true(passes("POST", host, own, NULL));
	assert_true(passes("POST", host, own, "none"));
	assert_false(passes("POST", host, own, "cross-site"));
	assert_false(passes("POST", host, own, "same-site"));
	assert_false(passes("POST", host, NULL, "cross-site"));
	assert_false(passes("POST", host, "null", "same-origin"));
	assert_false(passes("POST", host, "https://127.0.0.1:5571", NULL));
	assert_false(passes("POST", host, "http://127.0.0.1:80", NULL));
	assert_false(passes("POST", host, "http://evil.example", NULL));
	assert_false(passes("PUT", host, "http://evil.example", NULL));
	/* A link to the page is no change. */
	assert_true(passes("GET", host, NULL, "cross-site"));
	assert_true(passes("HEAD", host, "http://evil.example", "cross-site"));
}

/* Behind a proxy its name is the only one, and its pages came over TLS. */
static void only_the_proxys_name_is_served_where_there_is_one(void **state)
{
	static const char host[] = "figures.example.vn:8443";
	static const struct {
		const char *method, *host, *origin, *site;
		bool passes;
	} asked[] = {
		{ "GET", "figures.example.vn:8443", NULL, NULL, true },
		{ "GET", "Figures.Example.vn:8443", NULL, "cross-site", true },
		{ "GET", "figures.example.vn", NULL, NULL, false },
		{ "GET", "127.0.0.1", NULL, NULL, false },
		{ "GET", "localhost:8443", NULL, NULL, false },
		{ "GET", "evil.example", NULL, NULL, false },
		{ "GET", "", NULL, NULL, false },
		{ "GET", NULL, NULL, NULL, false },
		{ "POST", host, NULL, NULL, true },
		{ "POST", host, "https://figures.example.vn:8443", "same-origin", true },
		{ "POST", host, "http://figures.example.vn:8443", NULL, false },
		{ "POST", host, "https://figures.example.vn", NULL, false },
		{ "POST", host, "https://evil.example", NULL, false },
		{ "POST", host, "null", NULL, false },
		{ "POST", host, NULL, "cross-site", false },
		{ "POST", host, NULL, "same-site", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const struct http_guarded guarded = { .method = asked[i].method,
						      .host = asked[i].host,
						      .origin = asked[i].origin,
						      .fetch_site = asked[i].site };
		assert_int_equal(http_guard_passes(&guarded, host), asked[i].passes);
	}
}

static void a_host_is_a_name_and_perhaps_a_port(void **state)
{
	static const char *const good[] = { "figures.example.vn", "figures.example.vn:8443",
					    "10.82.0.10:443", "[fd00::1]:8443", "[fd00::1]" };
	static const char *const bad[] = { "",      ":8443",      "https://a.vn", "a.vn/",
					   "a.vn:", "a.vn:8443x", "a.vn:123456",  "a vn",
					   "[::1",  "a.vn,b.vn",  "a.vn\r\nX: y" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(http_host_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(http_host_valid(bad[i]));
}

static void only_loopback_addresses_are_listened_on(void **state)
{
	static const char *const bad[] = {
		"",
		"5571",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1: 1",
		"0.0.0.0:5571",
		"192.168.1.5:5571",
		"[::]:5571",
		"::1:5571",
		"[::1]",
		"[]:1",
		"localhost:5571",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:1"
	};
	struct http_address address;
	char text[HTTP_ADDRESS_MAX];
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(http_address_parse(bad[i], &address, &err), -EINVAL);
		assert_non_null(strstr(err.text, "127.0.0.1:5571"));
	}
	assert_int_equal(http_address_parse_any("0.0.0.0:443", &address, &err), 0);
	assert_string_equal(http_address_format(&address, text), "0.0.0.0:443");
	assert_int_equal(http_address_parse_any("[::]:0", &address, &err), 0);
	assert_string_equal(http_address_format(&address, text), "[::]:0");
	assert_int_equal(http_address_parse_any("localhost:80", &address, &err), -EINVAL);
	assert_int_equal(http_address_parse("[::1]:5571", &address, &err), 0);
	assert_int_equal(address.socket.any.sa_family, AF_INET6);
	assert_int_equal(http_address_parse("127.1.2.3:65535", &address, &err), 0);
	assert_int_equal(address.socket.v4.sin_port, htons(65535));
}

static void a_port_that_is_taken_is_named(void **state)
{
	struct http_address address;
	char text[HTTP_ADDRESS_MAX];
	struct err err;
	int fd = -1, second = -1;

	(void)state;
	assert_int_equal(http_address_parse("127.0.0.1:0", &address, &err), 0);
	assert_int_equal(http_listen_tcp(&address, &fd, text, &err), 0);
	assert_memory_equal(text, "127.0.0.1:", 10);
	assert_true(atoi(text + 10) > 0);
	assert_int_equal(http_address_parse(text, &address, &err), 0);
	assert_int_equal(http_listen_tcp(&address, &second, text, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, text));
	close(fd);
}

/* --- a guarded server --- */

static void on_hello(void *context, struct http_request *request)
{
	static const struct http_field fields[] = { { "Content-Type", "text/html; charset=utf-8" },
						    { "X-More", "one" } };

	(void)context;
	http_answer_fields(request, 200, fields, 2, "hello", 5);
}

static const struct http_route routes[] = { { "GET", "/", on_hello, 0, NULL },
					    { "POST", "/", on_hello, 0, NULL } };

static void ask(uv_loop_t *loop, const struct http_address *address, const char *request,
		char *answer, size_t room)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	size_t len = 0;

	assert_true(fd >= 0);
	assert_true(connect(fd, &address->socket.any, address->len) == 0 || errno == EINPROGRESS);
	while (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		uv_run(loop, UV_RUN_NOWAIT);
	for (;;) {
		ssize_t n = recv(fd, answer + len, room - 1 - len, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		if (n > 0)
			len += (size_t)n;
		else
			uv_run(loop, UV_RUN_NOWAIT);
	}
	answer[len] = '\0';
	close(fd);
}

static void a_guarded_server_refuses_what_others_pages_send(void **state)
{
	static const struct http_limits limits = {
		.bodies_max = 100, .connections = 4, .timeout_s = 5, .guarded = true
	};
	struct http_address address;
	char text[HTTP_ADDRESS_MAX], answer[2048];
	struct http *http;
	uv_loop_t loop;
	struct err err;
	int fd = -1;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(http_address_parse("127.0.0.1:0", &address, &err), 0);
	assert_int_equal(http_listen_tcp(&address, &fd, text, &err), 0);
	assert_int_equal(http_address_parse(text, &address, &err), 0);
	assert_int_equal(http_start(&loop, fd, routes, 2, &limits, NULL, &http, &err), 0);

	ask(&loop, &address, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	    answer, sizeof(answer));
	assert_memory_equal(answer, "HTTP/1.1 200", 12);
	assert_non_null(strstr(answer, "X-More: one\r\n"));
	ask(&loop, &address, "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
	    answer, sizeof(answer));
	assert_memory_equal(answer, "HTTP/1.1 403", 12);
	ask(&loop, &address,
	    "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
	    "Content-Length: 0\r\nConnection: close\r\n\r\n",
	    answer, sizeof(answer));
	assert_memory_equal(answer, "HTTP/1.1 403", 12);

	http_stop(http, NULL, NULL);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_loopback_names_are_served),
		cmocka_unit_test(only_its_own_pages_and_programs_change_something),
		cmocka_unit_test(only_the_proxys_name_is_served_where_there_is_one),
		cmocka_unit_test(a_host_is_a_name_and_perhaps_a_port),
		cmocka_unit_test(only_loopback_addresses_are_listened_on),
		cmocka_unit_test(a_port_that_is_taken_is_named),
		cmocka_unit_test(a_guarded_server_refuses_what_others_pages_send),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
