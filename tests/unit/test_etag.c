/* Tags of answers: who has the answer asks nothing of the database, and the clock moves a tag when,
 * and only when, a period begins or is over. What acts do to them is in tests/system/test_api.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/api_asking.h"

#define SECOND_US INT64_C(1000000)
#define HOUR_US   (3600 * SECOND_US)

static int64_t now_us; /* 2025-06-30T10:20:00+07:00, and what tests make of it */

int64_t __wrap_civil_now_us(void);
int64_t __wrap_civil_now_us(void)
{
	return now_us;
}

static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
			    "82,Province,province,,1976-01-01,\n";

static void catalogue_take(void **state, const char *period)
{
	char csv[512];

	(void)snprintf(csv, sizeof(csv),
		       "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,"
		       "decimals,carry,level,due_days,min,max\n"
		       "visits,L,V,visit,flow,sum,sum,%s,,0,0,province,1,0,\n",
		       period);
	assert_asked(state, "PUT /v1/catalogue?yes=1", "Content-Type: text/csv\r\n", csv, "200",
		     "changed");
}

static int setup(void **state)
{
	struct err err;

	now_us = INT64_C(1751253600) * SECOND_US;
	*state = api_fixture_open();
	assert_int_equal(civil_parse("2025-06-30T10:20:00+07:00", &now_us, &err), 0);
	assert_asked(state, "PUT /v1/units", "Content-Type: text/csv\r\n", units, "200", "changed");
	return 0;
}

static int teardown(void **state)
{
	api_fixture_close(*state);
	return 0;
}

/* Ask with @tag, "" for none, which becomes that of the answer. Returns its status. */
static int ask(struct api_fixture *f, const char *question, char tag[64])
{
	char headers[128];
	int fd = client(f);

	(void)snprintf(headers, sizeof(headers), "If-None-Match: %s\r\n", *tag ? tag : "\"-\"");
	say(fd, question, headers, "");
	char *answer = hear(f, fd), *found = strstr(answer, "ETag: ");
	int status = atoi(answer + strlen("HTTP/1.1 "));

	if (!found)
		fail_msg("no tag: %s", answer);
	assert_int_equal(sscanf(found, "ETag: %63s", tag), 1);
	free(answer);
	return status;
}

/* "304 must cost no reader." */
static void who_has_the_answer_asks_nothing_of_the_database(void **state)
{
	static const char *const questions[] = {
		"GET /api/v1/query?name=visits", "GET /api/v1/completeness", "GET /v1/units",
		"GET /api/v1/catalogue",         "GET /api/v1/audit",        "GET /api/v1/ledger"
	};
	struct api_fixture *f = *state;

	catalogue_take(state, "day");
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		char tag[64] = "", again[64];

		assert_int_equal(ask(f, questions[i], tag), 200);
		uint64_t jobs = store_jobs(f->store);
		for (int n = 0; n < 5; n++) {
			strcpy(again, tag);
			assert_int_equal(ask(f, questions[i], again), 304);
			assert_string_equal(again, tag);
		}
		assert_int_equal(store_jobs(f->store), jobs);
		assert_asked(state, "POST /v1/closed", "", "{\"period\": \"2024-01\"}",
			     i == 0 ? "200" : "409", "");
		if (i == 0)
			assert_int_equal(ask(f, questions[i], again), 200);
	}
}

static void assert_same_until(struct api_fixture *f, int64_t us)
{
	const char *question = "GET /v1/query?name=visits&from=2025-06-30";
	int64_t began = now_us;
	char tag[64] = "", again[64];

	assert_int_equal(ask(f, question, tag), 200);
	now_us = us - 2;
	strcpy(again, tag);
	assert_int_equal(ask(f, question, again), 304);
	/* plan.c: what ends with this microsecond is over. */
	now_us = us - 1;
	assert_int_equal(ask(f, question, again), 200);
	assert_string_not_equal(again, tag);
	now_us = us;
	assert_int_equal(ask(f, question, again), 200);
	assert_string_not_equal(again, tag);
	now_us = began; /* a clock that was set back: it is as it was */
	strcpy(again, tag);
	assert_int_equal(ask(f, question, again), 304);
}

static int64_t at(const char *text)
{
	struct err err;
	int64_t us = 0;

	assert_int_equal(civil_parse(text, &us, &err), 0);
	return us;
}

static void a_period_that_begins_moves_the_tag(void **state)
{
	struct api_fixture *f = *state;

	catalogue_take(state, "month");
	assert_same_until(f, at("2025-07-01T00:00:00+07:00"));
	catalogue_take(state, "hour");
	assert_same_until(f, at("2025-06-30T11:00:00+07:00"));
	catalogue_take(state, "minute");
	char tag[64] = "", again[64];
	assert_int_equal(ask(f, "GET /v1/completeness?per=month", tag), 200);
	now_us = at("2025-06-30T10:20:59+07:00");
	strcpy(again, tag);
	assert_int_equal(ask(f, "GET /v1/completeness?per=month", again), 304);
	now_us = at("2025-06-30T10:21:00+07:00");
	assert_int_equal(ask(f, "GET /v1/completeness?per=month", again), 200);
	assert_string_not_equal(again, tag);
}

/* The last periods are others once one more is over, of whatever length they are. */
static void the_last_periods_move_the_tag_when_one_more_is_over(void **state)
{
	static const struct {
		const char *question, *edge;
	} cases[] = {
		{ "GET /v1/query?name=visits&last=12", "2025-07-01T00:00:00+07:00" },
		{ "GET /v1/query?name=visits&from=2025-01&to=latest", "2025-07-01T00:00:00+07:00" },
		{ "GET /v1/completeness?last=3&per=hour", "2025-06-30T11:00:00+07:00" },
		{ "GET /v1/completeness?last=2&per=day&top=5", "2025-07-01T00:00:00+07:00" },
	};
	struct api_fixture *f = *state;

	catalogue_take(state, "month");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char tag[64] = "", again[64];
		int64_t began = now_us;

		assert_int_equal(ask(f, cases[i].question, tag), 200);
		now_us = at(cases[i].edge) - 2;
		strcpy(again, tag);
		assert_int_equal(ask(f, cases[i].question, again), 304);
		now_us = at(cases[i].edge);
		assert_int_equal(ask(f, cases[i].question, again), 200);
		assert_string_not_equal(again, tag);
		now_us = began;
	}
}

/* A document's is of the document, whenever and beside whatever it is read. */
static void the_clock_moves_no_document(void **state)
{
	struct api_fixture *f = *state;
	char tag[64] = "", again[64];

	assert_int_equal(ask(f, "GET /v1/units", tag), 200);
	now_us += 1000 * HOUR_US;
	strcpy(again, tag);
	assert_int_equal(ask(f, "GET /v1/units", again), 304);
	assert_asked(state, "POST /v1/closed", "", "{\"period\": \"2024-01\"}", "200", "closed");
	uint64_t jobs = store_jobs(f->store);
	strcpy(again, tag);
	assert_int_equal(ask(f, "GET /v1/units", again), 304);
	assert_int_equal(store_jobs(f->store), jobs + 1); /* it had to look, once */
	assert_int_equal(ask(f, "GET /v1/units", again), 304);
	assert_int_equal(store_jobs(f->store), jobs + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_the_answer_asks_nothing_of_the_database),
		TEST(a_period_that_begins_moves_the_tag),
		TEST(the_last_periods_move_the_tag_when_one_more_is_over),
		TEST(the_clock_moves_no_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
