/* Everything on one thread: clients are non-blocking sockets, and the loop turns between their
 * steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "blob.h"
#include "fault.h"
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HELD_MAX 300

struct fixture {
	uv_loop_t loop;
	struct http *http;
	struct err err;
	char dir[32], path[64];
	struct http_request *held[HELD_MAX];
	size_t n_held, handled;
	bool stopped;
};

static void on_echo(void *context, struct http_request *request)
{
	struct fixture *f = context;
	const char *word = http_arg(request, "word");
	size_t len;
	const char *body = http_body(request, &len);

	f->handled++;
	if (word)
		http_answer(request, 200, "text/plain", word, strlen(word));
	else
		http_answer(request, 200, "text/plain", body, len);
}

static void on_hold(void *context, struct http_request *request)
{
	struct fixture *f = context;

	assert_true(f->n_held < HELD_MAX);
	f->held[f->n_held++] = request;
}

static void on_fail(void *context, struct http_request *request)
{
	struct err err;

	(void)context;
	(void)err_set(&err, atoi(http_arg(request, "code")), "a \"bad\" line\nand one more");
	http_answer_err(request, &err);
}

static void on_who(void *context, struct http_request *request)
{
	char text[32] = "nobody";
	uid_t uid;

	(void)context;
	if (http_peer(request, &uid))
		(void)snprintf(text, sizeof(text), "uid %u", (unsigned)uid);
	http_answer(request, 200, "text/plain", text, strlen(text));
}

static const struct http_route routes[] = {
	{ "GET", "/echo", on_echo },  { "POST", "/echo", on_echo }, { "GET", "/hold", on_hold },
	{ "POST", "/hold", on_hold }, { "GET", "/fail", on_fail },  { "GET", "/who", on_who },
};

static const struct http_limits limits = { .body_max = 65536, .connections = 64, .timeout_s = 1 };

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd = -1;

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	strcpy(f->dir, "/tmp/lantoa-http-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/s", f->dir);
	assert_int_equal(http_listen_unix(f->path, 0660, &fd, &f->err), 0);
	assert_int_equal(http_start(&f->loop, fd, routes, sizeof(routes) / sizeof(routes[0]),
				    &limits, f, &f->http, &f->err),
			 0);
	*state = f;
	return 0;
}

static void on_stopped(void *context)
{
	((struct fixture *)context)->stopped = true;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_stop(f->http, on_stopped, f);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_true(f->stopped);
	assert_int_equal(uv_loop_close(&f->loop), 0); /* -EBUSY when a handle were open */
	(void)unlink(f->path);
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

static int client(const struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, f->path, strlen(f->path) + 1);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Send all of it, turning the loop meanwhile. Returns how much the server took. */
static size_t say(struct fixture *f, int fd, const char *text, size_t len)
{
	size_t sent = 0;

	while (sent < len) {
		ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else if (errno != EAGAIN)
			break;
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	return sent;
}

/* What the server says until it hangs up. The caller frees. */
static char *hear(struct fixture *f, int fd)
{
	struct blob heard = { 0 };
	char piece[4096];

	for (;;) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		if (n > 0)
			assert_int_equal(blob_append(&heard, piece, (size_t)n), 0);
		else
			uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(blob_append(&heard, "", 1), 0);
	close(fd);
	return (char *)heard.data;
}

static char *ask(struct fixture *f, const char *request)
{
	int fd = client(f);

	say(f, fd, request, strlen(request));
	return hear(f, fd);
}

static void assert_answer(char *answer, const char *status, const char *body)
{
	char *end = strstr(answer, "\r\n\r\n");

	assert_memory_equal(answer, "HTTP/1.1 ", 9);
	assert_memory_equal(answer + 9, status, strlen(status));
	assert_non_null(end);
	assert_string_equal(end + 4, body);
	free(answer);
}

#define END "Host: x\r\nConnection: close\r\n\r\n"

static void an_answer_carries_what_was_asked(void **state)
{
	struct fixture *f = *state;

	assert_answer(ask(f, "GET /echo?word=l%C3%BAa%20g%E1%BA%A1o HTTP/1.1\r\n" END), "200",
		      "lúa gạo");
	assert_answer(ask(f, "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" END "abcde"), "200",
		      "abcde");
	assert_answer(ask(f, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END
			     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
		      "200", "abcde");
	assert_answer(ask(f, "HEAD /echo?word=abc HTTP/1.1\r\n" END), "200", "");
}

static void an_unknown_path_is_404_and_another_method_405(void **state)
{
	struct fixture *f = *state;
	char *answer;

	assert_answer(ask(f, "GET /nowhere HTTP/1.1\r\n" END), "404",
		      "{\"error\": \"there is no such path\"}\n");
	answer = ask(f, "DELETE /echo HTTP/1.1\r\n" END);
	assert_non_null(strstr(answer, "Allow: GET, POST\r\n"));
	assert_answer(answer, "405", "{\"error\": \"this path does not take this method\"}\n");
}

static void errors_are_json_with_the_status_of_their_code(void **state)
{
	static const struct {
		int code;
		const char *status;
	} cases[] = { { -EINVAL, "400" }, { -ENOENT, "404" }, { -EEXIST, "409" },
		      { -E2BIG, "413" },  { -ENOSPC, "507" }, { -EAGAIN, "503" },
		      { -EBUSY, "503" },  { -EACCES, "403" }, { -EIO, "500" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char request[96];

		(void)snprintf(request, sizeof(request), "GET /fail?code=%d HTTP/1.1\r\n%s",
			       cases[i].code, END);
		assert_answer(ask(*state, request), cases[i].status,
			      "{\"error\": \"a \\\"bad\\\" line\\nand one more\"}\n");
	}
}

static void the_kernel_tells_who_asks(void **state)
{
	char expected[32];

	(void)snprintf(expected, sizeof(expected), "uid %u", (unsigned)getuid());
	assert_answer(ask(*state, "GET /who HTTP/1.1\r\n" END), "200", expected);
}

static void hold_one(struct fixture *f, int fd)
{
	size_t before = f->n_held;

	say(f, fd, "GET /hold?n=1 HTTP/1.1\r\n" END, strlen("GET /hold?n=1 HTTP/1.1\r\n" END));
	while (f->n_held == before)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void a_handler_may_answer_later(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);

	hold_one(f, fd);
	assert_int_equal(http_working(f->http), 1);
	assert_answer(ask(f, "GET /echo?word=meanwhile HTTP/1.1\r\n" END), "200", "meanwhile");
	assert_string_equal(http_arg(f->held[0], "n"), "1");
	http_answer(f->held[0], 201, "text/plain", "later", 5);
	assert_int_equal(http_working(f->http), 0);
	assert_answer(hear(f, fd), "201", "later");
}

static void a_client_that_hung_up_is_no_concern_of_the_handler(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);

	hold_one(f, fd);
	close(fd);
	for (int i = 0; i < 10; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_string_equal(http_arg(f->held[0], "n"), "1");
	http_answer(f->held[0], 200, "text/plain", "nobody hears", 12);
	assert_answer(ask(f, "GET /echo?word=alive HTTP/1.1\r\n" END), "200", "alive");
}

#define FILE_LEN (3u * 1024 * 1024) /* far over what a socket holds */

/* A file without a name, of letters that tell where they stand. */
static int letters_file(const struct fixture *f, char **ret_text)
{
	char path[64], *text = malloc(FILE_LEN + 1);
	int fd;

	assert_non_null(text);
	for (size_t i = 0; i < FILE_LEN; i++)
		text[i] = (char)('a' + (i / 1000 + i) % 26);
	text[FILE_LEN] = '\0';
	(void)snprintf(path, sizeof(path), "%s/letters", f->dir);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, FILE_LEN), FILE_LEN);
	assert_int_equal(unlink(path), 0);
	*ret_text = text;
	return fd;
}

static void assert_closed(int fd)
{
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

static void a_file_is_sent_whole_while_others_are_served(void **state)
{
	struct fixture *f = *state;
	char *text;
	int fd = client(f), letters = letters_file(f, &text);

	hold_one(f, fd);
	http_answer_file(f->held[0], "text/plain", letters, FILE_LEN);
	assert_answer(ask(f, "GET /echo?word=meanwhile HTTP/1.1\r\n" END), "200", "meanwhile");
	assert_answer(hear(f, fd), "200", text);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_closed(letters);
	free(text);
}

static void a_file_that_nobody_wants_any_more_is_closed(void **state)
{
	struct fixture *f = *state;
	char *text, piece[100];
	int fd = client(f), letters = letters_file(f, &text);

	hold_one(f, fd);
	http_answer_file(f->held[0], "text/plain", letters, FILE_LEN);
	while (recv(fd, piece, sizeof(piece), 0) <= 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	close(fd);
	while (fcntl(letters, F_GETFD) >= 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_answer(ask(f, "GET /echo?word=alive HTTP/1.1\r\n" END), "200", "alive");
	free(text);
}

static void a_body_over_the_limit_is_413(void **state)
{
	struct fixture *f = *state;
	char *body = calloc(1, 100000), head[128];
	int fd = client(f);

	assert_non_null(body);
	(void)snprintf(head, sizeof(head), "POST /echo HTTP/1.1\r\nContent-Length: 100000\r\n%s",
		       END);
	say(f, fd, head, strlen(head));
	say(f, fd, body, 100000);
	assert_answer(hear(f, fd), "413",
		      "{\"error\": \"the body is over 65536 bytes; send it in parts\"}\n");
	assert_int_equal(f->handled, 0);
	assert_answer(ask(f, "POST /echo HTTP/1.1\r\nContent-Length: 100000\r\n"
			     "Expect: 100-continue\r\n" END),
		      "413", "{\"error\": \"the body is over 65536 bytes; send it in parts\"}\n");
	free(body);
}

static void a_body_at_the_limit_is_taken(void **state)
{
	struct fixture *f = *state;
	char *body = malloc(65536 + 1), head[128];
	int fd = client(f);

	assert_non_null(body);
	memset(body, 'x', 65536);
	body[65536] = '\0';
	(void)snprintf(head, sizeof(head), "POST /echo HTTP/1.1\r\nContent-Length: 65536\r\n%s",
		       END);
	say(f, fd, head, strlen(head));
	say(f, fd, body, 65536);
	assert_answer(hear(f, fd), "200", body);
	free(body);
}

static void a_body_without_end_is_cut_off(void **state)
{
	struct fixture *f = *state;
	char chunk[4096 + 8];
	int fd = client(f);
	size_t sent = 0;

	memcpy(chunk, "1000\r\n", 6);
	memset(chunk + 6, 'x', 4096);
	memcpy(chunk + 6 + 4096, "\r\n", 2);
	say(f, fd, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END,
	    strlen("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END));
	for (size_t n = sizeof(chunk); n == sizeof(chunk); sent += n)
		n = say(f, fd, chunk, sizeof(chunk));
	assert_in_range(sent, 65536, 16 * 65536 + 1024 * 1024); /* the kernel's buffers */
	free(hear(f, fd));
	assert_int_equal(f->handled, 0);
}

static void a_client_that_stops_midway_is_dropped_and_others_are_served(void **state)
{
	struct fixture *f = *state;
	int slow = client(f);
	char *heard;

	say(f, slow, "POST /echo HTTP/1.1\r\nContent-Length: 10\r\nHost: x\r\n\r\nabc", 56);
	assert_answer(ask(f, "GET /echo?word=quick HTTP/1.1\r\n" END), "200", "quick");
	heard = hear(f, slow); /* ends when the server hangs up */
	assert_string_equal(heard, "");
	free(heard);
	assert_int_equal(f->handled, 1);
}

static void garbage_is_refused_and_the_server_lives(void **state)
{
	struct fixture *f = *state;

	free(ask(f, "\x16\x03\x01\x02\r\n\r\n"));
	free(ask(f, "GET\r\n\r\n"));
	assert_answer(ask(f, "GET /echo?word=alive HTTP/1.1\r\n" END), "200", "alive");
}

static void one_connection_carries_many_requests(void **state)
{
	struct fixture *f = *state;
	static const char request[] = "GET /echo?word=x HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd = client(f);
	char *heard;
	size_t n = 0;

	for (int i = 0; i < 50; i++)
		say(f, fd, request, strlen(request));
	say(f, fd, "GET /echo?word=y HTTP/1.1\r\n" END,
	    strlen("GET /echo?word=y HTTP/1.1\r\n" END));
	heard = hear(f, fd);
	for (const char *at = heard; (at = strstr(at, "HTTP/1.1 200")); at++)
		n++;
	assert_int_equal(n, 51);
	free(heard);
}

/* More than the limit at once: the rest waits in the kernel and is served after. */
static void many_connections_are_served_in_the_end(void **state)
{
	struct fixture *f = *state;
	enum { MANY = 100 };
	static const char request[] = "GET /hold?n=1 HTTP/1.1\r\n" END;
	int fds[MANY];

	for (int i = 0; i < MANY; i++) {
		fds[i] = client(f);
		say(f, fds[i], request, strlen(request));
	}
	for (size_t answered = 0; answered < MANY;) {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		assert_in_range(http_working(f->http), 0, limits.connections);
		while (answered < f->n_held)
			http_answer(f->held[answered++], 200, "text/plain", "done", 4);
	}
	for (int i = 0; i < MANY; i++)
		assert_answer(hear(f, fds[i]), "200", "done");
}

static void connections_that_asked_nothing_make_room_again(void **state)
{
	struct fixture *f = *state;
	int fds[65];

	for (int i = 0; i < 64; i++) {
		fds[i] = client(f);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	fds[64] = client(f);
	for (int i = 0; i < 65; i++)
		close(fds[i]);
	assert_answer(ask(f, "GET /echo?word=room HTTP/1.1\r\n" END), "200", "room");
}

/* Refuse the first allocation of an exchange, then the second, ... until all goes well: either an
 * answer comes, or the connection ends; and the server lives on. */
static void an_exchange_survives_any_lack_of_memory(void **state)
{
	struct fixture *f = *state;
	static const char *const requests[] = {
		"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" END "abcde",
		"GET /nowhere HTTP/1.1\r\n" END,
		"GET /fail?code=-22 HTTP/1.1\r\n" END,
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		bool fired = true;

		for (unsigned after = 0; fired; after++) {
			int fd = client(f);

			fault_arm_at(FAULT_MEMORY, after);
			say(f, fd, requests[i], strlen(requests[i]));
			for (int turns = 0; turns < 8; turns++)
				uv_run(&f->loop, UV_RUN_NOWAIT);
			fired = fault_disarm();
			free(hear(f, fd));
		}
	}
	assert_answer(ask(f, "GET /echo?word=alive HTTP/1.1\r\n" END), "200", "alive");
}

static void stopping_drops_who_is_connected(void **state)
{
	struct fixture *f = *state;
	int idle = client(f), midway = client(f), waiting = client(f);

	say(f, midway, "GET /echo?wo", 12);
	hold_one(f, waiting);
	http_answer(f->held[0], 200, "text/plain", "x", 1);
	assert_int_equal(teardown(state), 0);
	close(idle);
	close(midway);
	close(waiting);
	assert_int_equal(setup(state), 0);
}

static void a_stale_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	struct fixture *f = *state;
	char path[64];
	struct stat found;
	int fd = -1, again = -1;

	assert_int_equal(http_listen_unix(f->path, 0600, &fd, &f->err), -EADDRINUSE);
	assert_non_null(strstr(f->err.text, f->path));
	(void)snprintf(path, sizeof(path), "%s/t", f->dir);
	assert_int_equal(http_listen_unix(path, 0666, &fd, &f->err), 0);
	close(fd);
	assert_int_equal(http_listen_unix(path, 0660, &again, &f->err), 0);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0660);
	close(again);
	unlink(path);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char path[64];
	FILE *file;
	int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/precious", f->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(http_listen_unix(path, 0600, &fd, &f->err), -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_carries_what_was_asked),
		TEST(an_unknown_path_is_404_and_another_method_405),
		TEST(errors_are_json_with_the_status_of_their_code),
		TEST(the_kernel_tells_who_asks),
		TEST(a_handler_may_answer_later),
		TEST(a_client_that_hung_up_is_no_concern_of_the_handler),
		TEST(a_file_is_sent_whole_while_others_are_served),
		TEST(a_file_that_nobody_wants_any_more_is_closed),
		TEST(a_body_over_the_limit_is_413),
		TEST(a_body_at_the_limit_is_taken),
		TEST(a_body_without_end_is_cut_off),
		TEST(a_client_that_stops_midway_is_dropped_and_others_are_served),
		TEST(garbage_is_refused_and_the_server_lives),
		TEST(one_connection_carries_many_requests),
		TEST(many_connections_are_served_in_the_end),
		TEST(connections_that_asked_nothing_make_room_again),
		TEST(an_exchange_survives_any_lack_of_memory),
		TEST(stopping_drops_who_is_connected),
		TEST(a_stale_socket_is_replaced_and_a_live_one_is_not),
		TEST(a_file_that_is_no_socket_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
