/* A made-up agent on the socket, or none: whom a command asks, and how often. */
#include "cli/session.h"
#include "support/scratch.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWER "HTTP/1.1 200 OK\r\n\r\n{\"well\": true}"

struct fixture {
	char folder[SCRATCH_MAX], socket_path[80];
	struct settings settings;
	struct blob answer;
	struct err err;
	int listener;
	pthread_t agent;
	char asked[256]; /* the first lines of what the agent was asked, with blanks between */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->socket_path, sizeof(f->socket_path), "%s/agent.sock", f->folder);
	f->settings = (struct settings){ .state_dir = f->folder,
					 .api_socket = f->socket_path,
					 .bytes_max = 8 << 20,
					 .keep_acked_days = 35 };
	f->listener = -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	blob_free(&f->answer);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static void listen_there(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy(address.sun_path, f->socket_path, strlen(f->socket_path) + 1);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(f->listener, 4), 0);
}

/* Answers one connection after the other, until the listener is shut down. */
static void *serve(void *context)
{
	struct fixture *f = context;
	int fd;
	while ((fd = accept(f->listener, NULL, NULL)) >= 0) {
		char request[2048] = "";
		ssize_t n = read(fd, request, sizeof(request) - 1);
		size_t len = strlen(f->asked);
		request[strcspn(request, "\r")] = '\0';
		(void)snprintf(f->asked + len, sizeof(f->asked) - len, "[%.60s]",
			       n > 0 ? request : "nothing");
		(void)!write(fd, ANSWER, strlen(ANSWER)); /* who has gone hears nothing */
		/* A request may come in two parts: a close with some of it unread would reset. */
		(void)shutdown(fd, SHUT_WR);
		while (read(fd, request, sizeof(request)) > 0)
			;
		(void)close(fd);
	}
	return NULL;
}

static void start_agent(struct fixture *f)
{
	listen_there(f);
	assert_int_equal(pthread_create(&f->agent, NULL, serve, f), 0);
}

static void stop_agent(struct fixture *f)
{
	(void)shutdown(f->listener, SHUT_RDWR);
	assert_int_equal(pthread_join(f->agent, NULL), 0);
	(void)close(f->listener);
}

/* To see whether somebody is there a question is not needed: the connection is used for the first.
 */
static void a_running_agent_is_asked_what_was_wanted_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct session *session;
	start_agent(f);
	assert_int_equal(session_ask_once(&f->settings, SESSION_SPOOL, &f->answer, &f->err), 0);
	assert_int_equal(session_open(&f->settings, &session, &f->err), 0);
	assert_int_equal(session_ask(session, SESSION_STATUS, &f->answer, &f->err), 0);
	assert_int_equal(session_tell_clock(session, "{}", &f->answer, &f->err), 0);
	session_close(session);
	stop_agent(f);
	assert_string_equal(f->asked, "[GET /v1/spool HTTP/1.1][GET /v1/status HTTP/1.1]"
				      "[POST /v1/clock HTTP/1.1]");
	assert_int_equal(f->answer.len, 3 * strlen("{\"well\": true}"));
}

static void assert_spool_is_asked(struct fixture *f)
{
	char path[PATH_MAX];
	assert_int_equal(session_ask_once(&f->settings, SESSION_VERIFY, &f->answer, &f->err), 0);
	assert_int_equal(f->answer.len, strlen("{\"ok\": true}\n"));
	assert_int_equal(settings_path(&f->settings, "spool.db", path, &f->err), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(f->err.code, 0);
}

static void without_an_agent_the_spool_is_asked(void **state)
{
	assert_spool_is_asked(*state);
}

/* As kill -9 leaves it. */
static void a_socket_that_nobody_listens_on_is_no_agent(void **state)
{
	struct fixture *f = *state;
	listen_there(f);
	(void)close(f->listener);
	assert_spool_is_asked(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_running_agent_is_asked_what_was_wanted_and_nothing_else),
		TEST(without_an_agent_the_spool_is_asked),
		TEST(a_socket_that_nobody_listens_on_is_no_agent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
