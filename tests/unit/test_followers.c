/* GET /v1/changes at the api: what may be asked, who waits for how long, who is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api_internal.h"
#include "api/followers.h"
#include "journal/changes_page.h"
#include "schema/event.h"
#include "unit/api_asking.h"

#include <inttypes.h>

static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
			    "P,P,province,,2000-01-01,\n";

static int setup(void **state)
{
	*state = api_fixture_open();
	return 0;
}

static int teardown(void **state)
{
	api_fixture_close(*state);
	return 0;
}

/* Changes behind so many acts of a store that was new. */
static const char *behind(const struct api_fixture *f, unsigned acts, const char *rest)
{
	static char request[96];
	(void)snprintf(request, sizeof(request), "GET /v1/changes?after=%" PRId64 "%s",
		       f->began + acts, rest);
	return request;
}

/* What an answer ends with that goes as far as so many acts. */
static const char *up_to(const struct api_fixture *f, unsigned acts)
{
	static char words[48];
	(void)snprintf(words, sizeof(words), "\"position\": %" PRId64 "}", f->began + acts);
	return words;
}

/* An act, with an event: units of another name each time. */
static void act(void **state, unsigned nth)
{
	char table[sizeof(units) + 16];
	(void)snprintf(table, sizeof(table), "%s", units);
	strstr(table, ",P,")[1] = (char)('A' + nth);
	assert_asked(state, "PUT /v1/units?yes=1", "", table, "200", "changed");
}

/* A request that waits, in the hands of the api. */
static int follower(struct api_fixture *f, const char *request)
{
	int fd = client(f);
	const struct followers *followers = api_followers(f->api);
	unsigned before = followers_count(followers);
	char piece;
	say(fd, request, "", "");
	while (recv(fd, &piece, 1, MSG_PEEK) < 0 && errno == EAGAIN) {
		if (followers_count(followers) > before && store_waiting(f->store) == 0)
			return fd;
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	fail_msg("it does not wait: %s", hear(f, fd));
	return -1;
}

static void what_may_be_asked_is_said(void **state)
{
	static const char *const wrong[] = {
		"after=-1",   "after=x",     "after=99999999999999999999",
		"epoch=0",    "epoch=1x",    "wait=61",
		"wait=-1",    "wait=1.5",    "most=0",
		"most=10001", "figures=yes", "since=1"
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char request[96], name[16];
		(void)snprintf(request, sizeof(request), "GET /v1/changes?%s", wrong[i]);
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(wrong[i], "="), wrong[i]);
		assert_asked(state, request, "", "", "400", name);
	}
	assert_int_equal(((const struct api_fixture *)*state)->began, 1);
	assert_asked(state, "GET /v1/changes", "", "", "200", "\"kind\": \"" EVENT_FOLDED "\"");
	assert_asked(state, "GET /v1/changes", "", "", "200", up_to(*state, 0));
	char nothing[64];
	(void)snprintf(nothing, sizeof(nothing), "\"items\": [], %s", up_to(*state, 0));
	assert_asked(state, behind(*state, 0, ""), "", "", "200", nothing);
	act(state, 0);
	assert_asked(state, "GET /v1/changes?figures=1&most=10000&wait=60", "", "", "200",
		     "\"kind\": \"units import\", \"who\": \"unix:uid=");
	assert_asked(state, "GET /v1/changes", "", "", "200", "\"body\": \"{\\\"rows\\\":");
}

static void who_is_elsewhere_is_told_to_begin_anew(void **state)
{
	act(state, 0);
	assert_asked(state, behind(*state, 2, "&wait=60"), "", "", "409", up_to(*state, 1));
	assert_asked(state, "GET /v1/changes?epoch=7", "", "", "409", "start again");
	assert_asked(state, "GET /v1/changes?epoch=7", "Accept-Language: vi\r\n", "", "409",
		     "\"epoch\": 1");
}

static void who_waits_hears_when_the_ledger_grows(void **state)
{
	struct api_fixture *f = *state;
	int fd = follower(f, behind(f, 0, "&wait=60"));
	assert_int_equal(store_waiting(f->store), 0); /* nobody asks the store anything */
	act(state, 0);
	assert_answer(f, fd, "200", "units import");
	fd = follower(f, behind(f, 1, "&wait=60"));
	act(state, 1);
	assert_answer(f, fd, "200", up_to(*state, 2));
}

static void who_waits_is_answered_when_his_time_is_over(void **state)
{
	struct api_fixture *f = *state;
	uint64_t began_ns = uv_hrtime();
	assert_asked(state, behind(*state, 0, "&wait=1"), "", "", "200", "\"items\": []");
	uint64_t ms = (uv_hrtime() - began_ns) / 1000000;
	assert_true(ms >= 900 && ms < 20000);
	/* Each by his own. */
	int late = follower(f, behind(f, 0, "&wait=60"));
	assert_asked(state, behind(*state, 0, "&wait=1"), "", "", "200", "\"items\": []");
	char piece;
	assert_true(recv(late, &piece, 1, MSG_PEEK) < 0 && errno == EAGAIN);
	act(state, 0);
	assert_answer(f, late, "200", "units import");
}

static int nothing_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	(void)job, (void)reference;
	return db_exec(db, "INSERT OR REPLACE INTO token_use(token, used_us) VALUES(1, 1)", err);
}

static bool nothing_over;

static void nothing_done(struct store_job *job, int rc, const struct err *err)
{
	(void)job, (void)err;
	assert_int_equal(rc, 0);
	nothing_over = true;
}

static void a_commit_that_adds_nothing_wakes_nobody(void **state)
{
	struct api_fixture *f = *state;
	int fd = follower(f, behind(f, 0, "&wait=60"));
	struct store_job job = { .run = nothing_run, .done = nothing_done };
	nothing_over = false;
	store_write(f->store, &job);
	while (!nothing_over)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(store_waiting(f->store), 0);
	char piece;
	assert_true(recv(fd, &piece, 1, MSG_PEEK) < 0 && errno == EAGAIN);
	act(state, 0);
	assert_answer(f, fd, "200", "units import");
}

static void so_many_wait_and_others_are_answered(void **state)
{
	struct api_fixture *f = *state;
	int fds[FOLLOWERS_MAX];
	for (unsigned i = 0; i < FOLLOWERS_MAX; i++)
		fds[i] = follower(f, behind(f, 0, "&wait=60"));
	assert_asked(state, behind(*state, 0, "&wait=60"), "", "", "503", "too many programs wait");
	assert_asked(state, behind(*state, 0, "&wait=0"), "", "", "200", "\"items\": []");
	/* As many requests are taken as if none of them were there. */
	struct plugs plugs;
	int others[API_WORKING_MAX];
	readers_plug(f, &plugs);
	for (unsigned i = 0; i < API_WORKING_MAX; i++) {
		others[i] = client(f);
		say(others[i], "GET /v1/quarantine", "", "");
		while (store_waiting(f->store) < 3 + (size_t)i)
			uv_run(&f->loop, UV_RUN_ONCE);
	}
	readers_unplug(&plugs);
	for (unsigned i = 0; i < API_WORKING_MAX; i++)
		assert_answer(f, others[i], "200", "rows");
	uv_sem_destroy(&plugs.free_to_go);
	act(state, 0);
	for (unsigned i = 0; i < FOLLOWERS_MAX; i++)
		assert_answer(f, fds[i], "200", "units import");
	int fd = follower(f, behind(f, 1, "&wait=60")); /* there is room again */
	act(state, 1);
	assert_answer(f, fd, "200", up_to(*state, 2));
}

static void whoever_hung_up_or_reads_slowly_costs_nobody_else(void **state)
{
	struct api_fixture *f = *state;
	for (unsigned i = 0; i < 8; i++)
		close(follower(f, behind(f, 0, "&wait=60")));
	int slow = follower(f, behind(f, 0, "&wait=60")),
	    fd = follower(f, behind(f, 0, "&wait=60"));
	act(state, 0);
	assert_answer(f, fd, "200", "units import");
	act(state, 1);
	assert_asked(state, behind(f, 1, ""), "", "", "200", up_to(*state, 2));
	assert_answer(f, slow, "200", "units import"); /* when he comes to it */
}

static void stopping_answers_those_who_wait(void **state)
{
	struct api_fixture *f = *state;
	int first = follower(f, behind(f, 0, "&wait=60")),
	    second = follower(f, behind(f, 0, "&wait=60"));
	char text[512] = "";
	assert_int_equal(teardown(state), 0); /* stops, then turns the loop to its end */
	assert_true(recv(first, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(strstr(text, "200 OK"));
	assert_true(recv(second, text, sizeof(text) - 1, 0) > 0);
	close(first);
	close(second);
	assert_int_equal(setup(state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_may_be_asked_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_elsewhere_is_told_to_begin_anew, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_waits_hears_when_the_ledger_grows, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_waits_is_answered_when_his_time_is_over, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_commit_that_adds_nothing_wakes_nobody, setup,
						teardown),
		cmocka_unit_test_setup_teardown(so_many_wait_and_others_are_answered, setup,
						teardown),
		cmocka_unit_test_setup_teardown(whoever_hung_up_or_reads_slowly_costs_nobody_else,
						setup, teardown),
		cmocka_unit_test_setup_teardown(stopping_answers_those_who_wait, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
