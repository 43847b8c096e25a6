/* Everything on one thread: clients are non-blocking sockets, and the loop turns between their
 * steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/blob.h"
#include "common/net/http.h"
#include "support/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HELD_MAX 300

struct fixture {
	uv_loop_t loop;
	struct http *http;
	struct http_pipe *pipe;
	unsigned n_room, n_gone;
	struct err err;
	char dir[32], path[64];
	struct http_request *held[HELD_MAX];
	size_t n_held, handled;
	struct sockaddr_in address; /* of TCP; port 0: it is the unix socket */
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

static void on_wrong(void *context, struct http_request *request)
{
	(void)context;
	http_answer_problem(request, &(struct http_problem){ .status = 412,
							     .text = "no \"more\"",
							     .field = "a/b ~\xc3\xa0",
							     .more = ", \"n\": 3" });
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

#define BODY_MAX  65536u
#define ROOM_MARK 100000u

static void on_room(void *context)
{
	((struct fixture *)context)->n_room++;
}

static void on_gone(void *context)
{
	struct fixture *f = context;

	f->n_gone++;
	f->pipe = NULL;
}

static void on_pipe(void *context, struct http_request *request)
{
	static const struct http_pipe_calls calls = { on_room, on_gone };
	static const struct http_field fields[] = { { "Content-Type", "text/plain" },
						    { "ETag", "\"7\"" } };
	struct fixture *f = context;
	const char *len = http_header(request, "Len");

	assert_null(f->pipe);
	f->pipe = http_answer_pipe(request, 203, fields, 2,
				   len ? strtoull(len, NULL, 10) : HTTP_LEN_UNKNOWN, ROOM_MARK,
				   &calls, f);
	assert_non_null(f->pipe);
}

static void on_target(void *context, struct http_request *request)
{
	char text[512], address[HTTP_ADDRESS_MAX];

	(void)context;
	(void)snprintf(text, sizeof(text), "%s %s %s", http_method(request), http_target(request),
		       http_client_address(request, address));
	http_answer(request, 200, "text/plain", text, strlen(text));
}

static const struct http_route routes[] = {
	{ "GET", "/echo", on_echo, 0, "word n" },
	{ "POST", "/echo", on_echo, BODY_MAX, "word n" },
	{ "GET", "/hold", on_hold, 0, "n" },
	{ "POST", "/hold", on_hold, BODY_MAX, "n" },
	{ "GET", "/fail", on_fail, 0, "code" },
	{ "GET", "/who", on_who, 0, NULL },
	{ "POST", "/small", on_echo, 0, NULL },
	{ "GET", "/api/echo", on_echo, 0, "word n" },
	{ "POST", "/api/small", on_echo, 0, NULL },
	{ "GET", "/api/fail", on_fail, 0, "code" },
	{ "GET", "/api/wrong", on_wrong, 0, NULL },
	{ "GET", "/pipe", on_pipe, 0, NULL },
	{ "GET", "/under/one", on_echo, 0, NULL },
	{ NULL, "/under/*", on_target, BODY_MAX, HTTP_ANY_ARGUMENTS },
};

static const struct http_limits limits = { .bodies_max = 2 * BODY_MAX,
					   .connections = 64,
					   .timeout_s = 1,
					   .problems = "/api/",
					   .problem_types = "/doc#" };

static int setup_with(void **state, const struct http_limits *with, bool tcp)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct http_address address = { .socket.v4 = { .sin_family = AF_INET },
					.len = sizeof(struct sockaddr_in) };
	char text[HTTP_ADDRESS_MAX];
	int fd = -1;

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	strcpy(f->dir, "/tmp/lantoa-http-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/s", f->dir);
	address.socket.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (tcp) {
		assert_int_equal(http_listen_tcp(&address, &fd, text, &f->err), 0);
		assert_int_equal(http_address_parse(text, &address, &f->err), 0);
		f->address = address.socket.v4;
	} else {
		assert_int_equal(http_listen_unix(f->path, 0660, &fd, &f->err), 0);
	}
	assert_int_equal(http_start(&f->loop, fd, routes, sizeof(routes) / sizeof(routes[0]), with,
				    f, &f->http, &f->err),
			 0);
	*state = f;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, &limits, false);
}

/* Few places, and patience for a minute: what goes on in less was not waited for. */
static const struct http_limits few = { .bodies_max = 2 * BODY_MAX,
					.connections = 4,
					.timeout_s = 60 };

static int setup_few(void **state)
{
	return setup_with(state, &few, false);
}

static int setup_few_tcp(void **state)
{
	return setup_with(state, &few, true);
}

static int setup_hasty(void **state)
{
	static const struct http_limits hasty = { .bodies_max = 2 * BODY_MAX,
						  .connections = 4,
						  .timeout_s = 1 };

	return setup_with(state, &hasty, false);
}

/* A word shows who may come in: "open", "later", or any other. */
static void on_head(void *context, struct http_request *request)
{
	struct fixture *f = context;
	const char *word = http_header(request, "Word");
	size_t len;

	(void)http_body(request, &len);
	assert_int_equal(len, 0);
	if (word && strcmp(word, "open") == 0) {
		http_admit(request);
	} else if (word && strcmp(word, "later") == 0) {
		assert_true(f->n_held < HELD_MAX);
		f->held[f->n_held++] = request;
	} else {
		http_answer(request, 401, "text/plain", "who are you?", 12);
	}
}

static int setup_door(void **state)
{
	static const struct http_limits door = {
		.bodies_max = 2 * BODY_MAX, .connections = 4, .timeout_s = 60, .on_head = on_head
	};

	return setup_with(state, &door, false);
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
	bool tcp = f->address.sin_port != 0;
	int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	if (tcp) {
		int rc = connect(fd, (const struct sockaddr *)&f->address, sizeof(f->address));

		assert_true(rc == 0 || errno == EINPROGRESS);
		return fd;
	}
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

/* The three digits of the answer. Good until it is asked again. */
static const char *ask_status(struct fixture *f, const char *request)
{
	static char digits[4];
	char *answer = ask(f, request);

	assert_memory_equal(answer, "HTTP/1.1 ", 9);
	memcpy(digits, answer + 9, 3);
	free(answer);
	return digits;
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

static void on_enough(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* libmicrohttpd tries again at once, hundreds of thousands of times in half a second. */
static void without_descriptors_nobody_spins_and_who_waits_is_served(void **state)
{
	struct fixture *f = *state;
	static const char request[] = "GET /echo?word=late HTTP/1.1\r\n" END;
	struct rlimit before, none;
	uv_timer_t timer;
	bool enough = false;
	unsigned turns = 0;
	int fd = client(f);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)fd; /* all below are taken, or this was given another number */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(uv_timer_init(&f->loop, &timer), 0);
	timer.data = &enough;
	assert_int_equal(uv_timer_start(&timer, on_enough, 500, 0), 0);
	while (!enough) {
		(void)uv_run(&f->loop, UV_RUN_ONCE);
		turns++;
	}
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT); /* it is gone before its memory is */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_in_range(turns, 1, 100);
	say(f, fd, request, strlen(request));
	assert_answer(hear(f, fd), "200", "late");
}

static void assert_refused(struct fixture *f, const char *address, const char *sentence)
{
	char request[512], body[512];

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n%s", address, END);
	(void)snprintf(body, sizeof(body), "{\"error\": \"%s\"}\n", sentence);
	assert_answer(ask(f, request), "400", body);
}

static void an_argument_that_is_none_is_named(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "/echo?wrod=a",
		       "there is no argument 'wrod' here; there are: word n; did you mean 'word'?");
	assert_refused(f, "/echo?word=a&m=1", "there is no argument 'm' here; there are: word n");
	assert_refused(f, "/echo?word", "the argument 'word' has no value; write NAME=VALUE");
	assert_refused(f, "/echo?n=1&word=a&n=1", "the argument 'n' is given twice");
	assert_refused(
		f, "/echo?word%20n=a",
		"there is no argument 'word n' here; there are: word n; did you mean 'word'?");
	assert_refused(f, "/echo?wo=a", "there is no argument 'wo' here; there are: word n");
	assert_refused(f, "/who?word=a", "there is no argument 'word' here, nor any other");
	assert_refused(f, "/echo?%1b%5b2J=a",
		       "there is no argument '?[2J' here; there are: word n");
	assert_answer(ask(f, "GET /echo?n=1&word=a HTTP/1.1\r\n" END), "200", "a");
	free(ask(f, "GET /who? HTTP/1.1\r\n" END)); /* no argument at all */
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

static void assert_problem(struct fixture *f, const char *request, const char *status,
			   const char *type, const char *title, const char *rest)
{
	char body[768];
	char *answer = ask(f, request);

	(void)snprintf(body, sizeof(body),
		       "{\"type\": \"%s\", \"title\": \"%s\", \"status\": %s, %s}\n", type, title,
		       status, rest);
	assert_non_null(strstr(answer, "Content-Type: application/problem+json\r\n"));
	assert_answer(answer, status, body);
}

/* RFC 9457, whoever it is that refuses. */
static void programs_are_told_problems(void **state)
{
	struct fixture *f = *state;
	char long_one[256], crowd[512] = "GET /api/echo?";

	assert_problem(f, "GET /api/nowhere HTTP/1.1\r\n" END, "404", "about:blank", "Not Found",
		       "\"detail\": \"there is no such path\"");
	char *answer = ask(f, "DELETE /api/echo HTTP/1.1\r\n" END);
	assert_non_null(strstr(answer, "Allow: GET\r\n"));
	free(answer);
	assert_problem(f, "DELETE /api/echo HTTP/1.1\r\n" END, "405", "about:blank",
		       "Method Not Allowed", "\"detail\": \"this path does not take this method\"");
	assert_problem(f, "GET /api/echo?wrod=a HTTP/1.1\r\n" END, "400", "/doc#ArgumentProblem",
		       "Bad Request",
		       "\"detail\": \"there is no argument 'wrod' here; there are: word n; did you "
		       "mean 'word'?\", "
		       "\"errors\": [{\"detail\": \"there is no argument 'wrod' here; there are: "
		       "word n; did you mean 'word'?\", \"parameter\": \"wrod\"}]");
	assert_problem(f, "GET /api/echo?n=1&n=1 HTTP/1.1\r\n" END, "400", "/doc#ArgumentProblem",
		       "Bad Request",
		       "\"detail\": \"the argument 'n' is given twice\", \"errors\": "
		       "[{\"detail\": \"the argument 'n' is given twice\", \"parameter\": \"n\"}]");
	(void)snprintf(long_one, sizeof(long_one),
		       "POST /api/small HTTP/1.1\r\nContent-Length: 4097\r\nExpect: "
		       "100-continue\r\n%s",
		       END);
	assert_problem(f, long_one, "413", "about:blank", "Content Too Large",
		       "\"detail\": \"the body is over 4096 bytes; send it in parts\"");
	assert_problem(f, "GET /api/fail?code=-5 HTTP/1.1\r\n" END, "500", "about:blank",
		       "Internal Server Error",
		       "\"detail\": \"a \\\"bad\\\" line\\nand one more\"");
	assert_problem(f, "GET /api/wrong HTTP/1.1\r\n" END, "412", "/doc#ArgumentProblem",
		       "Precondition Failed",
		       "\"detail\": \"no \\\"more\\\"\", \"errors\": [{\"detail\": \"no "
		       "\\\"more\\\"\", \"pointer\": \"#/a~1b%20~0%C3%A0\"}], \"n\": 3");
	for (unsigned i = 0; i < 65; i++)
		strcat(crowd, i ? "&a=" : "a=");
	strcat(crowd, " HTTP/1.1\r\n" END);
	assert_problem(f, crowd, "414", "about:blank", "URI Too Long",
		       "\"detail\": \"the address of this request has too many arguments\"");
}

static void errors_are_json_with_the_status_of_their_code(void **state)
{
	static const struct {
		int code;
		const char *status;
	} cases[] = { { -EINVAL, "400" }, { -ENOENT, "404" }, { -EEXIST, "409" },
		      { -E2BIG, "413" },  { -ENOSPC, "507" }, { -EAGAIN, "503" },
		      { -EBUSY, "503" },  { -EACCES, "403" }, { -ERANGE, "400" },
		      { -ESTALE, "409" }, { -EPERM, "403" },  { -EFBIG, "413" },
		      { -EINTR, "503" },  { -EIO, "500" },    { -EUCLEAN, "500" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char request[96];

		(void)snprintf(request, sizeof(request), "GET /fail?code=%d HTTP/1.1\r\n%s",
			       cases[i].code, END);
		assert_answer(ask(*state, request), cases[i].status,
			      "{\"error\": \"a \\\"bad\\\" line\\nand one more\"}\n");
	}
}

/* On a port that all of this machine reaches. */
static void failures_of_ours_name_no_file_to_strangers(void **state)
{
	static const struct http_limits guarded = {
		.bodies_max = BODY_MAX, .connections = 4, .timeout_s = 60, .guarded = true
	};
	char request[96];
	int asked[] = { -EIO, -EUCLEAN, -ENOMEM, -EINVAL, -ENOSPC };

	(void)teardown(state);
	assert_int_equal(setup_with(state, &guarded, true), 0);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		(void)snprintf(request, sizeof(request),
			       "GET /fail?code=%d HTTP/1.1\r\nHost: localhost\r\n"
			       "Connection: close\r\n\r\n",
			       asked[i]);
		char *answer = ask(*state, request);
		bool ours = strncmp(answer + 9, "500", 3) == 0;

		assert_int_equal(ours, i < 3);
		assert_int_equal(strstr(answer, "bad") == NULL, ours);
		assert_non_null(strstr(answer, ours ? "log of the service" : "one more"));
		free(answer);
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
	assert_answer(ask(f, "GET /echo?word=meanwhile HTTP/1.1\r\n" END), "200", "meanwhile");
	assert_string_equal(http_arg(f->held[0], "n"), "1");
	http_answer(f->held[0], 201, "text/plain", "later", 5);
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

/* --- a disk that hangs --- */

static atomic_bool disk_hangs;
static uv_sem_t disk_asked, disk_goes;

ssize_t __real_pread(int fd, void *out, size_t size, off_t at);
ssize_t __wrap_pread(int fd, void *out, size_t size, off_t at);

ssize_t __wrap_pread(int fd, void *out, size_t size, off_t at)
{
	if (atomic_load(&disk_hangs)) {
		uv_sem_post(&disk_asked);
		uv_sem_wait(&disk_goes);
	}
	return __real_pread(fd, out, size, at);
}

static void disk_hang(void)
{
	assert_int_equal(uv_sem_init(&disk_asked, 0), 0);
	assert_int_equal(uv_sem_init(&disk_goes, 0), 0);
	atomic_store(&disk_hangs, true);
}

static void disk_go(void)
{
	atomic_store(&disk_hangs, false);
	uv_sem_post(&disk_goes);
}

/* Nothing of the file comes until the disk goes on: had the loop read it, it would be there. */
static void a_disk_that_hangs_holds_up_its_file_alone(void **state)
{
	struct fixture *f = *state;
	char *text, *rest, *body, head[4096] = "";
	int fd = client(f), letters = letters_file(f, &text);

	disk_hang();
	hold_one(f, fd);
	http_answer_file(f->held[0], "text/plain", letters, FILE_LEN);
	assert_answer(ask(f, "GET /echo?word=meanwhile HTTP/1.1\r\n" END), "200", "meanwhile");
	assert_answer(ask(f, "GET /echo?word=again HTTP/1.1\r\n" END), "200", "again");
	bool headed = recv(fd, head, sizeof(head) - 1, MSG_DONTWAIT) > 0;
	uv_sem_wait(&disk_asked);
	disk_go();
	body = strstr(head, "\r\n\r\n");
	assert_true(!body || body[4] == '\0');
	rest = hear(f, fd);
	if (headed) {
		assert_string_equal(rest, text);
		free(rest);
	} else {
		assert_answer(rest, "200", text);
	}
	free(text);
}

static void stopping_leaves_a_disk_that_hangs_behind(void **state)
{
	struct fixture *f = *state;
	char *text;
	int fd = client(f), letters = letters_file(f, &text);

	disk_hang();
	hold_one(f, fd);
	http_answer_file(f->held[0], "text/plain", letters, FILE_LEN);
	assert_answer(ask(f, "GET /echo?word=meanwhile HTTP/1.1\r\n" END), "200", "meanwhile");
	uv_sem_wait(&disk_asked);
	http_stop(f->http, on_stopped, f);
	while (!f->stopped)
		uv_run(&f->loop, UV_RUN_ONCE);
	disk_go();
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_closed(letters);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	(void)unlink(f->path);
	(void)rmdir(f->dir);
	free(f);
	free(text);
	close(fd);
	assert_int_equal(setup(state), 0);
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
	assert_answer(heard, "408",
		      "{\"error\": \"the body of this request did not come in time\"}\n");
	assert_int_equal(f->handled, 1);
}

/* By its size alone it would have half a minute. */
static void a_body_that_was_fast_and_stops_is_late_as_well(void **state)
{
	struct fixture *f = *state;
	static const char head[] =
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n";
	char piece[50000];
	uint64_t before = uv_hrtime();
	int fd = client(f);
	char *heard;

	memset(piece, 'x', sizeof(piece));
	say(f, fd, head, strlen(head));
	say(f, fd, piece, sizeof(piece));
	heard = hear(f, fd);
	assert_memory_equal(heard, "HTTP/1.1 408", 12);
	free(heard);
	assert_in_range((uv_hrtime() - before) / 1000000, 900, 2900);
	assert_int_equal(f->handled, 0);
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
		assert_in_range(f->n_held - answered, 0, limits.connections);
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

static void turns(struct fixture *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* Did the server hang up on @fd? What it said before is read and forgotten. */
static bool hung_up(int fd)
{
	char piece[4096];
	ssize_t n;

	while ((n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT)) > 0)
		;
	return n == 0;
}

/* Whoever hung up in the middle of a request is gone in the turn that sees it: the end of the
 * stream is found, though no edge tells of it (http_seats.h). No time passes here. */
static void who_hangs_up_midway_is_let_go_at_once(void **state)
{
	static const char *const halves[] = {
		"GET /ec",
		"GET /echo HTTP/1.1\r\nHost:",
		"POST /echo HTTP/1.1\r\nContent-Length: 10\r\nHost: x\r\n\r\nabc",
		"GET /echo?word=x HTTP/1.1\r\nHost: x\r\n\r\nGET /ec",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
		int fd = client(f);

		turns(f, 10); /* it is connected */
		assert_true(send(fd, halves[i], strlen(halves[i]), MSG_NOSIGNAL) > 0);
		assert_int_equal(shutdown(fd, SHUT_WR), 0); /* and both come at once */
		for (unsigned n = 0; n < 1000 && !hung_up(fd); n++)
			turns(f, 1);
		assert_true(hung_up(fd));
		close(fd);
	}
}

/* Half a request each, from more than may be connected, and gone before anybody reads them. */
static void a_burst_of_half_requests_leaves_the_port_open(void **state)
{
	struct fixture *f = *state;
	int fds[60];

	for (int i = 0; i < 60; i++) {
		fds[i] = client(f);
		assert_int_equal(send(fds[i], "GET /ec", 7, MSG_NOSIGNAL), 7);
		if (i % 20 == 19)
			turns(f, 10); /* the kernel's queue is short */
	}
	for (int i = 0; i < 60; i++)
		close(fds[i]);
	assert_answer(ask(f, "GET /echo?word=room HTTP/1.1\r\n" END), "200", "room");
}

/* Is it answered in turns, and not when somebody's time is over? */
static void assert_answered_soon(struct fixture *f, int fd, const char *body)
{
	struct pollfd heard = { .fd = fd, .events = POLLIN };

	for (unsigned n = 0; n < 5000 && poll(&heard, 1, 0) == 0; n++)
		turns(f, 1);
	assert_int_equal(poll(&heard, 1, 0), 1);
	assert_answer(hear(f, fd), "200", body);
}

#define SILENT 1000

/* @said (may be empty) from a thousand connections that stay, and then somebody with a request. */
static void assert_silent_ones_keep_nobody_out(struct fixture *f, const char *said)
{
	static const char request[] = "GET /echo?word=here HTTP/1.1\r\n" END;
	int *fds = calloc(SILENT, sizeof(*fds)), fd;

	assert_non_null(fds);
	for (int i = 0; i < SILENT; i++) {
		fds[i] = client(f);
		if (*said)
			(void)!send(fds[i], said, strlen(said), MSG_NOSIGNAL);
		turns(f, 2);
		if (i == 15 || i == SILENT / 2) {
			fd = client(f);
			say(f, fd, request, strlen(request));
			assert_answered_soon(f, fd, "here");
		}
	}
	fd = client(f);
	say(f, fd, request, strlen(request));
	assert_answered_soon(f, fd, "here");
	assert_true(hung_up(fds[0])); /* they were told to go, the oldest first */
	for (int i = 0; i < SILENT; i++)
		close(fds[i]);
	free(fds);
}

static void silent_connections_keep_nobody_out(void **state)
{
	assert_silent_ones_keep_nobody_out(*state, "");
	assert_silent_ones_keep_nobody_out(*state, "GET /echo HTTP/1.1\r\nHost: ");
}

/* Connections that asked, were answered, and stay. */
static void idle_connections_keep_nobody_out(void **state)
{
	assert_silent_ones_keep_nobody_out(*state, "GET /echo?word=x HTTP/1.1\r\nHost: x\r\n\r\n");
}

/* As many bodies that never end as requests may be in work: the others get their turn. */
static void bodies_that_trickle_make_room(void **state)
{
	static const char head[] =
		"POST /echo HTTP/1.1\r\nContent-Length: 50\r\nHost: x\r\n\r\nabc";
	struct fixture *f = *state;
	int fds[4];

	for (int i = 0; i < 4; i++) {
		fds[i] = client(f);
		say(f, fds[i], head, strlen(head));
	}
	assert_answer(ask(f, "GET /echo?word=turn HTTP/1.1\r\n" END), "200", "turn");
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void more_requests_than_may_be_in_work_wait_for_their_turn(void **state)
{
	static const char request[] = "GET /hold?n=1 HTTP/1.1\r\n" END;
	struct fixture *f = *state;
	int fds[10];

	for (int i = 0; i < 10; i++) {
		fds[i] = client(f);
		say(f, fds[i], request, strlen(request));
	}
	turns(f, 100);
	assert_int_equal(f->n_held, 4);
	for (size_t answered = 0; answered < 10; turns(f, 1)) {
		if (answered < f->n_held)
			http_answer(f->held[answered++], 200, "text/plain", "done", 4);
		assert_in_range(f->n_held - answered, 0, 4);
	}
	for (int i = 0; i < 10; i++)
		assert_answer(hear(f, fds[i]), "200", "done");
}

static void stopping_drops_who_waits_for_a_turn(void **state)
{
	static const char request[] = "GET /hold?n=1 HTTP/1.1\r\n" END;
	struct fixture *f = *state;
	int fds[6];

	for (int i = 0; i < 6; i++) {
		fds[i] = client(f);
		say(f, fds[i], request, strlen(request));
	}
	turns(f, 100);
	for (size_t i = 0; i < 4; i++)
		http_answer(f->held[i], 200, "text/plain", "done", 4);
	assert_int_equal(teardown(state), 0);
	for (int i = 0; i < 6; i++)
		close(fds[i]);
	assert_int_equal(setup_few(state), 0);
}

/* Bodies have a limit together. Whoever goes over it is told so, and the others are served. */
static void bodies_are_bounded_together(void **state)
{
	struct fixture *f = *state;
	char *body = calloc(1, BODY_MAX), head[128];
	int fds[3];

	assert_non_null(body);
	(void)snprintf(head, sizeof(head), "POST /hold HTTP/1.1\r\nContent-Length: %u\r\n%s",
		       BODY_MAX, END);
	for (int i = 0; i < 3; i++) {
		fds[i] = client(f);
		say(f, fds[i], head, strlen(head));
		say(f, fds[i], body, BODY_MAX);
		turns(f, 10);
	}
	assert_answer(hear(f, fds[2]), "503",
		      "{\"error\": \"too much is being sent here at once; try again shortly\"}\n");
	for (size_t i = 0; i < 2; i++)
		http_answer(f->held[i], 200, "text/plain", "done", 4);
	for (int i = 0; i < 2; i++)
		assert_answer(hear(f, fds[i]), "200", "done");
	fds[0] = client(f); /* there is room again */
	say(f, fds[0], head, strlen(head));
	say(f, fds[0], body, BODY_MAX);
	turns(f, 10);
	assert_int_equal(f->n_held, 3);
	http_answer(f->held[2], 200, "text/plain", "done", 4);
	assert_answer(hear(f, fds[0]), "200", "done");
	free(body);
}

static void each_route_has_its_limit(void **state)
{
	static const char refused[] =
		"{\"error\": \"the body is over 4096 bytes; send it in parts\"}\n";
	struct fixture *f = *state;
	char body[5001];

	memset(body, 'x', 5000);
	body[5000] = '\0';
	for (int chunked = 0; chunked < 2; chunked++) {
		int fd = client(f);
		char text[6000];

		(void)snprintf(text, sizeof(text), "POST /small HTTP/1.1\r\n%s\r\n" END "%s%s%s",
			       chunked ? "Transfer-Encoding: chunked" : "Content-Length: 5000",
			       chunked ? "1388\r\n" : "", body, chunked ? "\r\n0\r\n\r\n" : "");
		say(f, fd, text, strlen(text));
		assert_answer(hear(f, fd), "413", refused);
	}
	assert_int_equal(f->handled, 0);
}

/* What on_head() says is said before any of the body is kept; it is asserted there. */
static void who_may_not_come_in_is_told_before_the_body(void **state)
{
	struct fixture *f = *state;
	char *body = calloc(1, BODY_MAX);
	int fd = client(f);

	assert_non_null(body);
	assert_answer(ask(f, "GET /echo?word=x HTTP/1.1\r\n" END), "401", "who are you?");
	assert_answer(ask(f, "POST /echo HTTP/1.1\r\nContent-Length: 10\r\n"
			     "Expect: 100-continue\r\n" END),
		      "401", "who are you?");
	say(f, fd, "POST /echo HTTP/1.1\r\nContent-Length: 65536\r\n" END,
	    strlen("POST /echo HTTP/1.1\r\nContent-Length: 65536\r\n" END));
	say(f, fd, body, BODY_MAX);
	assert_answer(hear(f, fd), "401", "who are you?");
	assert_int_equal(f->handled, 0);
	assert_answer(
		ask(f, "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nWord: open\r\n" END "abcde"),
		"200", "abcde");
	free(body);
}

static void who_may_come_in_may_be_found_out_later(void **state)
{
	static const char request[] =
		"POST /echo HTTP/1.1\r\nContent-Length: 5\r\nWord: later\r\n" END "abcde";
	static const char patient[] = "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nWord: later\r\n"
				      "Expect: 100-continue\r\n" END;
	static const char *const words[] = { "GET /echo?word=a HTTP/1.1\r\nWord: later\r\n" END,
					     request, patient };
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		int in = client(f), out = client(f);

		say(f, in, words[i], strlen(words[i]));
		turns(f, 10);
		say(f, out, words[i], strlen(words[i]));
		turns(f, 10);
		assert_int_equal(f->n_held, 2 * i + 2);
		http_answer(f->held[2 * i + 1], 401, "text/plain", "no", 2);
		http_admit(f->held[2 * i]);
		assert_answer(hear(f, out), "401", "no");
		if (i == 2) {
			turns(f, 10);
			say(f, in, "abcde", 5);
		}
		char *heard = hear(f, in);
		assert_non_null(strstr(heard, i == 0 ? "\r\n\r\na" : "\r\n\r\nabcde"));
		free(heard);
	}
	assert_int_equal(f->handled, 3);
}

/* Two readers would not agree where such a message ends, or what its address says. */
static void what_can_be_read_in_two_ways_is_refused(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" END
		  "5\r\nabcde\r\n0\r\n\r\n",
		  "400" },
		{ "POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" END "0\r\n\r\n",
		  "400" },
		{ "POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n" END, "413" },
		{ "POST /echo HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n"
		  "Expect: 100-continue\r\n" END,
		  "413" },
		{ "POST /echo HTTP/1.1\r\nContent-Length: -5\r\n" END, "400" },
		{ "POST /echo HTTP/1.1\r\nContent-Length: 5x\r\n" END, "400" },
		{ "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 0\r\n" END "abcde",
		  "400" },
		{ "POST /echo HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n" END, "400" },
		{ "GET /echo?word=x HTTP/1.1\r\nHost: x\r\n" END, "400" },
		{ "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END
		  "fffffffffffffffff\r\nabc",
		  "" },
		{ "GET /echo%00?word=x HTTP/1.1\r\n" END, "404" },
		{ "GET /ech%6F?word=x HTTP/1.1\r\n" END, "200" },
		{ "GET /echo?word=%FFx HTTP/1.1\r\n" END, "400" },
		{ "GET /echo?w%C3=x HTTP/1.1\r\n" END, "400" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *answer = ask(f, cases[i].request);

		if (*cases[i].status) {
			assert_memory_equal(answer, "HTTP/1.1 ", 9);
			assert_memory_equal(answer + 9, cases[i].status, 3);
		}
		free(answer);
	}
	assert_int_equal(f->handled, 1);
}

static void an_escaped_nul_ends_nothing(void **state)
{
	struct fixture *f = *state;

	assert_answer(ask(f, "GET /echo?word=a%00b%41%+%4 HTTP/1.1\r\n" END), "200", "a%00bA% %4");
}

/* The connection of setup_few() has patience for a minute: what is heard before was not waited for.
 * No handler is called, though the head that follows is whole. */
static void an_address_of_many_arguments_is_answered_once(void **state)
{
	struct fixture *f = *state;
	static const char *const shapes[] = { "&", "n=1&", "%00&", "n&" };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (size_t n = 64; n <= 4096; n *= 4) {
			struct blob said = { 0 };

			assert_int_equal(blob_append(&said, "GET /echo?", 10), 0);
			for (size_t k = 0; k < n; k++)
				assert_int_equal(blob_append(&said, shapes[i], strlen(shapes[i])),
						 0);
			assert_int_equal(blob_append(&said, " HTTP/1.1\r\n" END,
						     strlen(" HTTP/1.1\r\n" END) + 1),
					 0);
			assert_answer(ask(f, (const char *)said.data), "414",
				      "{\"error\": \"the address of this request has too many "
				      "arguments\"}\n");
			blob_free(&said);
		}
	assert_int_equal(f->handled, 0);
	assert_answer(ask(f, "GET /echo?word=alive HTTP/1.1\r\n" END), "200", "alive");
}

static void a_flood_of_headers_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char nul[] = "GET /echo\0?word=x HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd = client(f);
	char *heard;

	say(f, fd, "GET /echo HTTP/1.1\r\n", 20);
	for (int i = 0; i < 10000; i++)
		if (say(f, fd, "Cookie: chocolate=yes\r\n", 23) < 23)
			break;
	heard = hear(f, fd);
	assert_true(*heard == '\0' || strncmp(heard, "HTTP/1.1 431", 12) == 0);
	free(heard);
	assert_int_equal(f->handled, 0);
	/* A NUL in the line, and one in a header. */
	fd = client(f);
	say(f, fd, nul, sizeof(nul) - 1);
	shutdown(fd, SHUT_WR);
	free(hear(f, fd));
	assert_answer(ask(f, "GET /echo?word=alive HTTP/1.1\r\n" END), "200", "alive");
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

#define TEST(name)             cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_WITH(name, begin) cmocka_unit_test_setup_teardown(name, begin, teardown)

/* --- pipes --- */

static void settle(struct fixture *f)
{
	for (int i = 0; i < 20; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void pipe_begin(struct fixture *f, int fd, const char *request)
{
	say(f, fd, request, strlen(request));
	while (!f->pipe)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	settle(f); /* it waits */
}

static void a_pipe_is_one_answer_and_its_end_is_told(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	char *heard;

	pipe_begin(f, fd, "GET /pipe HTTP/1.1\r\n" END);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(http_pipe_write(f->pipe, "abc", 3), 0);
		settle(f);
		assert_int_equal(http_pipe_kept(f->pipe), 0);
	}
	http_pipe_end(f->pipe, true);
	heard = hear(f, fd);
	assert_memory_equal(heard, "HTTP/1.1 203", 12);
	assert_non_null(strstr(heard, "ETag: \"7\"\r\n"));
	assert_non_null(strstr(heard, "Transfer-Encoding: chunked\r\n"));
	assert_string_equal(strstr(heard, "\r\n\r\n"),
			    "\r\n\r\n3\r\nabc\r\n3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n");
	free(heard);
	assert_int_equal(f->n_gone, 0);
	f->pipe = NULL;
}

static void a_pipe_that_breaks_lacks_the_last_chunk(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	char *heard;

	pipe_begin(f, fd, "GET /pipe HTTP/1.1\r\n" END);
	assert_int_equal(http_pipe_write(f->pipe, "abc", 3), 0);
	settle(f);
	http_pipe_end(f->pipe, false);
	heard = hear(f, fd);
	assert_non_null(strstr(heard, "3\r\nabc\r\n"));
	assert_null(strstr(heard, "\r\n0\r\n"));
	free(heard);
	assert_int_equal(f->n_gone, 0);
	f->pipe = NULL;
}

static void a_pipe_of_known_length_announces_it(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);

	pipe_begin(f, fd, "GET /pipe HTTP/1.1\r\nLen: 6\r\n" END);
	assert_int_equal(http_pipe_write(f->pipe, "abcdef", 6), 0);
	http_pipe_end(f->pipe, true);
	assert_answer(hear(f, fd), "203", "abcdef");
	f->pipe = NULL;
	fd = client(f);
	say(f, fd, "HEAD /pipe HTTP/1.1\r\nLen: 6\r\n" END,
	    strlen("HEAD /pipe HTTP/1.1\r\nLen: 6\r\n" END));
	char *heard = hear(f, fd);
	assert_int_equal(f->n_gone, 1); /* it has what it asked for */
	assert_non_null(strstr(heard, "Content-Length: 6\r\n"));
	assert_answer(heard, "203", "");
	f->pipe = NULL;
}

static void whoever_fills_a_pipe_hears_that_there_is_room_once(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	char piece[4096];
	size_t sent = 0, got = 0;

	memset(piece, 'x', sizeof(piece));
	pipe_begin(f, fd, "GET /pipe HTTP/1.1\r\n" END);
	while (http_pipe_kept(f->pipe) < 4 * ROOM_MARK) {
		assert_int_equal(http_pipe_write(f->pipe, piece, sizeof(piece)), 0);
		sent += sizeof(piece);
		settle(f);
	}
	assert_int_equal(f->n_room, 0);
	while (got < sent && f->n_room == 0) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		got += n > 0 ? (size_t)n : 0;
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(f->n_room, 1);
	assert_true(http_pipe_kept(f->pipe) <= ROOM_MARK);
	http_pipe_end(f->pipe, true);
	f->pipe = NULL;
	free(hear(f, fd));
	assert_int_equal(f->n_room, 1);
}

static void a_client_of_a_pipe_that_hangs_up_is_told(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);

	pipe_begin(f, fd, "GET /pipe HTTP/1.1\r\n" END);
	close(fd);
	for (int i = 0; i < 1000 && f->pipe; i++) {
		assert_int_equal(http_pipe_write(f->pipe, "abc", 3), 0);
		settle(f);
	}
	assert_null(f->pipe);
	assert_int_equal(f->n_gone, 1);
}

static void a_server_that_stops_takes_its_pipes_along(void **state)
{
	struct fixture *f = *state;

	pipe_begin(f, client(f), "GET /pipe HTTP/1.1\r\n" END);
	assert_int_equal(teardown(state), 0); /* where it would hang, or leak */
	*state = NULL;
}

static int teardown_if_there(void **state)
{
	return *state ? teardown(state) : 0;
}

/* --- routes that stand for many --- */

static void a_path_may_stand_for_all_below_it(void **state)
{
	struct fixture *f = *state;

	assert_answer(ask(f, "DELETE /under/a/b%20c?x=1&x=1&y HTTP/1.1\r\n" END), "200",
		      "DELETE /under/a/b%20c?x=1&x=1&y unix");
	assert_answer(ask(f, "PUT /under/ HTTP/1.1\r\nContent-Length: 3\r\n" END "abc"), "200",
		      "PUT /under/ unix");
	assert_answer(ask(f, "GET /under/one HTTP/1.1\r\n" END), "200", "");
	assert_memory_equal(ask_status(f, "DELETE /under/one HTTP/1.1\r\n" END), "405", 3);
	assert_memory_equal(ask_status(f, "GET /under HTTP/1.1\r\n" END), "404", 3);
	assert_memory_equal(ask_status(f, "ABCDEFGHIJKLMNOPQ /under/a HTTP/1.1\r\n" END), "501", 3);
}

static void every_answer_carries_what_the_server_always_says(void **state)
{
	struct fixture *f = *state;
	static const char *const requests[] = {
		"GET /echo?word=x HTTP/1.1\r\n" END,
		"GET /nowhere HTTP/1.1\r\n" END,
		"GET /fail?code=-5 HTTP/1.1\r\n" END,
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		char *heard = ask(f, requests[i]);

		assert_non_null(strstr(heard, "\r\nX-Always: yes\r\n"));
		assert_non_null(strstr(heard, "\r\nContent-Type: "));
		assert_null(strstr(heard, "Content-Type: other"));
		free(heard);
	}
}

static int setup_gateway(void **state)
{
	static const struct http_field always[] = { { "X-Always", "yes" },
						    { "Content-Type", "other" } };
	static const struct http_limits gateway = { .bodies_max = 2 * BODY_MAX,
						    .connections = 64,
						    .timeout_s = 60,
						    .always = always,
						    .n_always = 2,
						    .keeps_target = true };

	return setup_with(state, &gateway, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_carries_what_was_asked),
		TEST(without_descriptors_nobody_spins_and_who_waits_is_served),
		TEST(an_argument_that_is_none_is_named),
		TEST(an_unknown_path_is_404_and_another_method_405),
		TEST(programs_are_told_problems),
		TEST(errors_are_json_with_the_status_of_their_code),
		TEST(failures_of_ours_name_no_file_to_strangers),
		TEST(the_kernel_tells_who_asks),
		TEST(a_handler_may_answer_later),
		TEST(a_client_that_hung_up_is_no_concern_of_the_handler),
		TEST(a_file_is_sent_whole_while_others_are_served),
		TEST(a_file_that_nobody_wants_any_more_is_closed),
		TEST(a_disk_that_hangs_holds_up_its_file_alone),
		TEST(stopping_leaves_a_disk_that_hangs_behind),
		TEST(a_body_over_the_limit_is_413),
		TEST(a_body_at_the_limit_is_taken),
		TEST(a_body_without_end_is_cut_off),
		TEST(a_client_that_stops_midway_is_dropped_and_others_are_served),
		TEST(a_body_that_was_fast_and_stops_is_late_as_well),
		TEST(a_pipe_is_one_answer_and_its_end_is_told),
		TEST(a_pipe_that_breaks_lacks_the_last_chunk),
		TEST(a_pipe_of_known_length_announces_it),
		TEST_WITH(whoever_fills_a_pipe_hears_that_there_is_room_once, setup_few),
		TEST(a_client_of_a_pipe_that_hangs_up_is_told),
		cmocka_unit_test_setup_teardown(a_server_that_stops_takes_its_pipes_along, setup,
						teardown_if_there),
		TEST_WITH(a_path_may_stand_for_all_below_it, setup_gateway),
		TEST_WITH(every_answer_carries_what_the_server_always_says, setup_gateway),
		TEST(garbage_is_refused_and_the_server_lives),
		TEST(one_connection_carries_many_requests),
		TEST(many_connections_are_served_in_the_end),
		TEST(connections_that_asked_nothing_make_room_again),
		TEST_WITH(who_hangs_up_midway_is_let_go_at_once, setup_few),
		TEST_WITH(who_hangs_up_midway_is_let_go_at_once, setup_few_tcp),
		TEST_WITH(a_burst_of_half_requests_leaves_the_port_open, setup_few),
		TEST_WITH(a_burst_of_half_requests_leaves_the_port_open, setup_few_tcp),
		TEST_WITH(silent_connections_keep_nobody_out, setup_few),
		TEST_WITH(silent_connections_keep_nobody_out, setup_few_tcp),
		TEST_WITH(idle_connections_keep_nobody_out, setup_few_tcp),
		TEST_WITH(bodies_that_trickle_make_room, setup_hasty),
		TEST_WITH(more_requests_than_may_be_in_work_wait_for_their_turn, setup_few),
		TEST_WITH(stopping_drops_who_waits_for_a_turn, setup_few),
		TEST_WITH(bodies_are_bounded_together, setup_few),
		TEST(each_route_has_its_limit),
		TEST_WITH(who_may_not_come_in_is_told_before_the_body, setup_door),
		TEST_WITH(who_may_come_in_may_be_found_out_later, setup_door),
		TEST(what_can_be_read_in_two_ways_is_refused),
		TEST(an_escaped_nul_ends_nothing),
		TEST_WITH(an_address_of_many_arguments_is_answered_once, setup_few),
		TEST(a_flood_of_headers_is_refused),
		TEST(an_exchange_survives_any_lack_of_memory),
		TEST(stopping_drops_who_is_connected),
		TEST(a_stale_socket_is_replaced_and_a_live_one_is_not),
		TEST(a_file_that_is_no_socket_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
