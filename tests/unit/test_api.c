/* What the CLI does not show: the bounds of the api, its answers to bad requests, its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/api_asking.h"

#include <errno.h>

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

/* Wait until no verification is at work. */
static void verified(struct api_fixture *f)
{
	for (bool working = true; working;) {
		int fd = client(f);

		say(fd, "GET /v1/verify", "", "");
		char *answer = hear(f, fd);
		working = strstr(answer, "\"progress\"");
		free(answer);
	}
}

static void an_order_is_what_it_says_or_is_refused(void **state)
{
	static const struct {
		const char *body, *what;
	} cases[] = {
		{ "", "not JSON" },
		{ "[]", "must be a JSON object" },
		{ "{\"code\": 28001}", "must be a string" },
		{ "{\"code\": \"28001\\u0000x\"}", "NUL" },
		{ "{\"code\": \"28001\", \"code\": \"28002\"}", "twice" },
		{ "{\"code\": \"28001\"} {}", "more than one" },
		{ "{\"code\": \"28001\", \"fron\": \"2025-01-01\"}",
		  "there is no field \\\"fron\\\" here; there are: code" },
		{ "{\"code\": \"\xff\"}", "UTF-8" },
		{ "{\"code\": [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}", "nested too deep" },
	};
	char *body = malloc(5001);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_asked(state, "POST /v1/offices/revoke", "", cases[i].body, "400",
			     cases[i].what);
	assert_non_null(body);
	memset(body, '1', 5000);
	body[5000] = '\0';
	assert_asked(state, "POST /v1/offices/revoke", "", body, "413", "over 4096 bytes");
	for (size_t i = 2; i < 4000; i += 2)
		body[i] = ',';
	body[0] = '[';
	body[4000] = '\0';
	assert_asked(state, "POST /v1/offices/revoke", "", body, "413", "over 64 values");
	free(body);
}

static void an_empty_province_answers(void **state)
{
	assert_asked(state, "GET /v1/units", "", "", "200", "{\"rows\": []}");
	assert_asked(state, "GET /v1/offices", "Accept: text/csv\r\n", "", "200",
		     "code,name,unit,unit_name,from,invited_until,last_contact,state\n");
	assert_asked(state, "GET /v1/catalogue", "", "", "200", "{\"rows\": []}");
	assert_asked(state, "GET /v1/status", "", "", "200", "\"handshakes\": 176");
	assert_asked(state, "GET /v1/verify", "", "", "404", "POST begins it");
	assert_asked(state, "POST /v1/verify", "", "", "200", "{\"run\": 1}");
	verified(*state);
	assert_asked(state, "GET /v1/verify?run=1", "", "", "200", "\"differences\": 0");
	assert_asked(state, "GET /v1/verify", "Accept: text/csv\r\n", "", "200",
		     "what,where,found,expected,outcome\n");
}

static void one_verification_at_a_time(void **state)
{
	struct api_fixture *f = *state;
	struct plugs plugs;

	readers_plug(f, &plugs);
	assert_asked(state, "POST /v1/verify?repair=1", "", "", "200", "{\"run\": 1}");
	assert_asked(state, "POST /v1/verify", "", "", "409", "under way already");
	assert_asked(state, "GET /v1/verify?run=1", "", "", "200",
		     "\"progress\": {\"stage\": \"journal\", \"done\": 0");
	assert_asked(state, "GET /v1/verify", "Accept: text/csv\r\n", "", "503", "still under way");
	assert_asked(state, "GET /v1/verify?run=2", "", "", "404", "another");
	readers_unplug(&plugs);
	verified(f);
	uv_sem_destroy(&plugs.free_to_go);
	assert_asked(state, "POST /v1/verify", "", "", "200", "{\"run\": 2}");
	assert_asked(state, "GET /v1/verify?run=1", "", "", "404", "another");
	verified(f);
}

/* Whatever is damaged, it is named: what units and metrics there are is read by nobody then. */
static void a_catalogue_that_nobody_can_read_is_named_and_mended(void **state)
{
	struct api_fixture *f = *state;
	sqlite3 *db = NULL;
	static const char csv[] =
		"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
		"carry,level,due_days,min,max\nm,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n";
	assert_asked(state, "PUT /v1/catalogue", "", csv, "200", "");
	assert_int_equal(sqlite3_open(f->database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "UPDATE catalogue SET csv = x'00'; UPDATE fact SET value ="
				      " value + 1 WHERE name = 'reference_version'",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_asked(state, "GET /v1/catalogue", "", "", "500", "catalogue");
	assert_asked(state, "POST /v1/verify", "", "", "200", "{\"run\": 1}");
	verified(f);
	assert_asked(state, "GET /v1/verify", "", "", "200", "\"differences\": 2");
	assert_asked(state, "GET /v1/verify", "Accept: text/csv\r\n", "", "200",
		     "\ncatalogue,id 1,");
	assert_asked(state, "GET /v1/verify", "Accept: text/csv\r\n", "", "200", "\nregister,");
	assert_asked(state, "POST /v1/verify?repair=1", "", "", "200", "{\"run\": 2}");
	verified(f);
	assert_asked(state, "GET /v1/verify", "", "", "200", "\"repaired\": 1");
	assert_asked(state, "GET /v1/catalogue", "", "", "200", "\"m\"");
}

static void stopping_ends_a_verification(void **state)
{
	struct api_fixture *f = *state;
	struct plugs plugs;

	readers_plug(f, &plugs);
	assert_asked(state, "POST /v1/verify", "", "", "200", "{\"run\": 1}");
	readers_unplug(&plugs);
	assert_int_equal(teardown(state), 0); /* stops, then turns the loop to its end */
	uv_sem_destroy(&plugs.free_to_go);
	assert_int_equal(setup(state), 0);
}

static void bad_requests_are_told_what_is_wrong(void **state)
{
	assert_asked(state, "GET /v1/nothing", "", "", "404", "\"error\"");
	assert_asked(state, "DELETE /v1/units", "", "", "405", "Allow: GET, PUT");
	assert_asked(state, "GET /v1/query", "", "", "400", "name");
	assert_asked(state, "GET /v1/query?name=x&labels=a", "", "", "400", "labels");
	assert_asked(state, "GET /v1/query?name=x&labels=a=1;a=2", "", "", "400", "labels");
	assert_asked(state, "GET /v1/audit?most=-1", "", "", "400", "most");
	assert_asked(state, "GET /v1/audit?most=1000000", "", "", "400", "most");
	assert_asked(state, "POST /v1/verify?repair=2", "", "", "400", "repair");
	assert_asked(state, "GET /v1/verify?run=x", "", "", "400", "run");
	assert_asked(state, "GET /v1/verify?run=1x", "", "", "400", "run");
	assert_asked(state, "GET /v1/backup?run=1x", "", "", "400", "run");
	assert_asked(state, "GET /v1/query?name=x&rank=yes", "", "", "400", "rank");
	assert_asked(state, "GET /v1/query?name=x&form=2025-06", "", "", "400",
		     "no argument 'form' here; there are: name area by per from to last labels");
	assert_asked(state, "GET /v1/completeness?name=x&rank=1", "", "", "400", "no argument");
	assert_asked(state, "GET /v1/offices?most=1", "", "", "400", "no argument");
	assert_asked(state, "PUT /v1/units?from=2025-01-01", "", "x", "400", "no argument");
	assert_asked(state, "POST /v1/verify", "", "{\"repair\": \"1\"}", "400", "body");
	assert_asked(state, "GET /v1/query?name=x", "", "{\"from\": \"2025\"}", "400", "body");
	assert_asked(state, "POST /v1/closed", "", "{\"period\": \"2025\", \"metrik\": \"x\"}",
		     "400", "there are: period metric calendar");
	assert_asked(state, "POST /v1/offices", "", "{\"code\": ", "400", "JSON");
	assert_asked(state, "POST /v1/offices", "", "[]", "400", "object");
	assert_asked(state, "POST /v1/offices", "", "{\"code\": 7}", "400", "\\\"code\\\"");
	assert_asked(state, "POST /v1/offices", "", "{\"code\": \"x\"}", "400", "\\\"name\\\"");
	assert_asked(state, "POST /v1/offices/invite", "", "{\"code\": \"x\"}", "404",
		     "office 'x'");
	assert_asked(state, "POST /v1/offices/revoke", "", "{\"code\": \"x\"}", "404",
		     "office 'x'");
	assert_asked(state, "PUT /v1/units", "", "", "400", "\"error\"");
	assert_asked(state, "PUT /v1/catalogue", "", "a,b\n1,2\n", "400", "\"error\"");
}

static void a_reader_is_told_in_their_language(void **state)
{
	static const char vi[] = "Accept-Language: vi-VN,vi;q=0.9,en;q=0.5\r\n";
	static const char rows[] = "code,name,level,parent,valid_from,valid_to\n?,A,province,,x,\n";

	/* http itself, a handler on the loop, a job on the pool, rows of a file */
	assert_asked(state, "GET /v1/nothing", vi, "", "404", "không có đường dẫn này");
	assert_asked(state, "GET /v1/query", vi, "", "400", "name: phải là tên");
	assert_asked(state, "GET /v1/query?name=x", vi, "", "400", "không có chỉ tiêu");
	assert_asked(state, "PUT /v1/units", vi, rows, "400", "dòng 2: code: '?' không hợp lệ");
	assert_asked(state, "PUT /v1/units", "", rows, "400", "line 2: code: '?' is not valid");
	assert_asked(state, "GET /v1/query?name=x", "Accept-Language: fr\r\n", "", "400",
		     "there is no metric");
	assert_string_equal(language_tag(), "en"); /* the loop went back after each */
}

static void two_readers_at_once_are_told_in_two_languages(void **state)
{
	struct api_fixture *f = *state;
	int vi = client(f), en = client(f), order = client(f);

	say(vi, "GET /v1/query?name=x", "Accept-Language: vi\r\n", "");
	say(en, "GET /v1/query?name=x", "Accept-Language: en\r\n", "");
	say(order, "PUT /v1/catalogue", "Accept-Language: vi\r\n", "a,b\n1,2\n");
	while (store_waiting(f->store) < 3) /* in work before any is answered */
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_answer(f, en, "400", "there is no metric");
	assert_answer(f, vi, "400", "không có chỉ tiêu");
	assert_answer(f, order, "400", "thiếu cột");
}

static void an_office_is_invited_to_an_address_or_not_at_all(void **state)
{
	struct api_fixture *f = *state;
	assert_asked(state, "PUT /v1/units", "",
		     "code,name,level,parent,valid_from,valid_to\n1,A,province,,2020-01-01,\n",
		     "200", "{\"changed\": 1}");
	assert_asked(state, "POST /v1/offices", "",
		     "{\"code\": \"x\", \"name\": \"X\", \"unit\": \"1\", \"from\": "
		     "\"2025-01-01\"}",
		     "200", "added");
	assert_asked(state, "POST /v1/offices/invite", "", "{\"code\": \"x\"}", "200",
		     "lantoa://province.example:5670/x#");
	f->address[0] = '\0';
	assert_asked(state, "POST /v1/offices/invite", "", "{\"code\": \"x\"}", "400",
		     "[gate] address");
	assert_int_equal(key_list_count(f->key_list), 1); /* the first is as it was */
}

/* A refused order leaves nothing behind, not even a line in the audit. */
static void a_refused_order_is_not_in_the_audit(void **state)
{
	assert_asked(state, "PUT /v1/units", "",
		     "code,name,level,parent,valid_from,valid_to\n1,A,province,,2020-01-01,\n",
		     "200", "{\"changed\": 1}");
	assert_asked(
		state, "POST /v1/offices", "",
		"{\"code\": \"x\", \"name\": \"X\", \"unit\": \"1\", \"from\": \"2030-02-30\"}",
		"400", "from");
	assert_asked(state, "GET /v1/audit", "Accept: text/csv\r\n", "", "200",
		     ",units import,changed=1 bytes=69\n");
	assert_asked(state, "GET /v1/offices", "", "", "200", "{\"rows\": []}");
}

static void more_requests_than_the_bound_are_503(void **state)
{
	struct api_fixture *f = *state;
	enum { BOUND = API_WORKING_MAX, MANY = BOUND + 8 };
	struct plugs plugs;
	int fds[BOUND];

	readers_plug(f, &plugs);
	for (int i = 0; i < BOUND; i++) {
		fds[i] = client(f);
		say(fds[i], "GET /v1/quarantine", "", "");
		while (store_waiting(f->store) < 3 + (size_t)i)
			uv_run(&f->loop, UV_RUN_ONCE);
	}
	for (int i = BOUND; i < MANY; i++)
		assert_asked(state, "GET /v1/quarantine", "", "", "503", "try again");
	readers_unplug(&plugs);
	for (int i = 0; i < BOUND; i++)
		assert_answer(f, fds[i], "200", "rows");
	uv_sem_destroy(&plugs.free_to_go);
}

/* Whoever asks how things are, asks when they are slow. */
static void status_is_told_while_questions_take_all_readers(void **state)
{
	struct api_fixture *f = *state;
	struct plugs plugs;
	int question = client(f);

	readers_plug(f, &plugs);
	say(question, "GET /v1/quarantine", "", "");
	assert_asked(state, "GET /v1/status", "", "", "200", "handshakes");
	readers_unplug(&plugs);
	assert_answer(f, question, "200", "rows");
	uv_sem_destroy(&plugs.free_to_go);
}

static void stopping_answers_what_is_in_work(void **state)
{
	struct api_fixture *f = *state;
	int fd = client(f);

	say(fd, "GET /v1/status", "", "");
	while (store_waiting(f->store) == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(teardown(state), 0); /* stops, then turns the loop to its end */
	char answer[16] = "";
	assert_true(recv(fd, answer, 12, 0) == 12);
	assert_string_equal(answer, "HTTP/1.1 200");
	close(fd);
	assert_int_equal(setup(state), 0);
}

static void a_client_that_left_does_not_disturb(void **state)
{
	struct api_fixture *f = *state;
	int fd = client(f);

	say(fd, "POST /v1/verify", "", "");
	while (store_waiting(f->store) == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	close(fd);
	assert_asked(state, "GET /v1/units", "", "", "200", "rows");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	i18n_serve(NULL);
	const struct CMUnitTest tests[] = {
		TEST(an_order_is_what_it_says_or_is_refused),
		TEST(an_empty_province_answers),
		TEST(bad_requests_are_told_what_is_wrong),
		TEST(a_reader_is_told_in_their_language),
		TEST(two_readers_at_once_are_told_in_two_languages),
		TEST(an_office_is_invited_to_an_address_or_not_at_all),
		TEST(a_refused_order_is_not_in_the_audit),
		TEST(more_requests_than_the_bound_are_503),
		TEST(status_is_told_while_questions_take_all_readers),
		TEST(stopping_answers_what_is_in_work),
		TEST(one_verification_at_a_time),
		TEST(a_catalogue_that_nobody_can_read_is_named_and_mended),
		TEST(stopping_ends_a_verification),
		TEST(a_client_that_left_does_not_disturb),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
