/* What an address of /sdmx/v2/ asks for, and which questions to the aggregator that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/sdmx_questions.h"

#include <stdio.h>
#include <string.h>

#define FLOW "/sdmx/v2/data/dataflow/LANTOA/FIGURES/1.0.0/"
#define DAY  "?c[TIME_PERIOD]=eq:2025-06-30"

static const char *const tables[] = {
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"visits,Lượt,Visits,lượt,flow,sum,sum,day,desk sector,1,0,commune,5,,\n"
	"teams.all,Tổ,Teams,tổ,stock,last,sum,month,,0,2,commune,5,,\n",
	"name,label_vi,label_en,formula,unit\n"
	"share,Phần,Share,visits / teams.all,%\n",
	"code,name,level,parent,valid_from,valid_to\n"
	"82,Tỉnh,province,,1976-01-01,\n"
	"28001,Phường,commune,82,1976-01-01,2025-07-01\n"
	"28001,Phường mới,commune,82,2025-07-01,\n",
};

static char refusal[ERR_TEXT_MAX]; /* of the last that was asked */

/* What it asks, one after the other, without what they all begin with; or the status. */
static const char *asks(const char *target)
{
	static char text[8192];
	struct sdmx_reference reference = { 0 };
	struct sdmx_request request = { 0 };
	struct sdmx_questions questions = { 0 };
	struct err err = { 0 };
	unsigned status = sdmx_request_read(target, &request, &err);
	size_t at = 0;

	for (enum sdmx_table which = 0; which < SDMX_TABLES; which++)
		assert_int_equal(sdmx_reference_read(&reference, which, tables[which],
						     strlen(tables[which]), &err),
				 0);
	if (status == 0)
		status = sdmx_questions_make(&request, &reference, "2025-08-01", &questions, &err);
	(void)snprintf(text, sizeof(text), "%u", status);
	for (size_t i = 0; i < questions.n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s%s%s", i ? " | " : "",
				       questions.list[i].target + strlen("/api/v1/query?name="),
				       questions.list[i].area ? " of " : "",
				       questions.list[i].area ? questions.list[i].area : "");
	(void)snprintf(refusal, sizeof(refusal), "%s", err.text);
	sdmx_questions_free(&questions);
	sdmx_reference_free(&reference);
	sdmx_request_free(&request);
	return text;
}

static void a_key_is_a_question(void **state)
{
	(void)state;
	assert_string_equal(asks(FLOW "D.28001@1976-01-01.visits._T._T" DAY),
			    "visits&per=day&area=28001&from=2025-06-30&to=2025-06-30 of "
			    "28001@1976-01-01");
	assert_string_equal(asks(FLOW "M.28001@1976-01-01.teams-all._T._T" DAY),
			    "teams.all&per=month&area=28001&from=2025-06-30&to=2025-06-30 of "
			    "28001@1976-01-01");
	/* Identifiers are codes again. */
	assert_string_equal(asks(FLOW "D.28001@1976-01-01.visits.$5Fa$20b._T" DAY),
			    "visits&per=day&area=28001&labels=desk%3D_a%20b&from=2025-06-30&to="
			    "2025-06-30 of 28001@1976-01-01");
	assert_string_equal(
		asks(FLOW "D.28001@1976-01-01.visits.a.b" DAY "&asOf=2025-07-01"),
		"visits&per=day&area=28001&labels=desk%3Da%3Bsector%3Db&from=2025-06-30&"
		"to=2025-06-30&known=2025-07-01 of 28001@1976-01-01");
}

static void assert_meant(const char *target, const char *meant)
{
	const char *status = asks(target);
	if (*status != '4' || !strstr(refusal, meant))
		fail_msg("%s: %s %s", target, status, refusal);
}

static void a_name_that_is_nearly_right_is_offered(void **state)
{
	(void)state;
	assert_meant(FLOW "D.28001@1976-01-01.visitz._T._T" DAY, "; did you mean 'visits'?");
	assert_meant(FLOW "M.28001@1976-01-01.teams-al._T._T" DAY, "; did you mean 'teams-all'?");
	assert_meant(FLOW "M.28001@1976-01-01.shar._T._T" DAY, "; did you mean 'share'?");
	assert_meant(FLOW "D.28001@1976-01-01.visits._T._T" DAY "&c[DESKS]=a",
		     "; did you mean 'DESK'?");
	assert_meant(FLOW "D.28001@1976-01-01.visits._T._T" DAY "&limits=1",
		     "; did you mean 'limit'?");
	assert_meant(FLOW "D.28001@1976-01-01.nothing._T._T" DAY, "have them all");
	assert_null(strstr(refusal, "did you mean"));
}

static void a_wildcard_is_several(void **state)
{
	(void)state;
	assert_string_equal(asks(FLOW "D.*.visits._T._T" DAY),
			    "visits&per=day&by=province&from=2025-06-30&to=2025-06-30 | "
			    "visits&per=day&by=commune&from=2025-06-30&to=2025-06-30");
	assert_string_equal(
		asks(FLOW "M.82@1976-01-01..._T" DAY),
		"visits&per=month&area=82&from=2025-06-30&to=2025-06-30 of 82@1976-01-01"
		" | visits&per=month&area=82&by_label=desk&from=2025-06-30&to=2025-06-30"
		" of 82@1976-01-01 | teams.all&per=month&area=82&from=2025-06-30&to="
		"2025-06-30 of 82@1976-01-01 | share&per=month&area=82&from=2025-06-30&"
		"to=2025-06-30 of 82@1976-01-01");
	assert_string_equal(asks(FLOW "D.82@1976-01-01.visits.." DAY), "501");
	/* A condition narrows it, and what both exclude is nothing. */
	assert_string_equal(asks(FLOW "..teams-all" DAY "&c[FREQ]=A"), "400");
	assert_string_equal(asks(FLOW ".82@1976-01-01.teams-all.*.*" DAY "&c[FREQ]=A,D"),
			    "teams.all&per=year&area=82&from=2025-06-30&to=2025-06-30 of "
			    "82@1976-01-01");
	assert_string_equal(asks(FLOW "D.82@1976-01-01.visits._T._T" DAY "&c[FREQ]=M"), "0");
}

static void times_are_days_or_hours(void **state)
{
	(void)state;
	assert_string_equal(
		asks(FLOW "D.82@1976-01-01.visits._T._T?c[TIME_PERIOD]=ge:2025-Q1"),
		"visits&per=day&area=82&from=2025-01-01&to=2025-08-01 of 82@1976-01-01");
	assert_string_equal(
		asks(FLOW "D.82@1976-01-01.visits._T._T?startPeriod=2025&endPeriod=2025-02"),
		"visits&per=day&area=82&from=2025-01-01&to=2025-02-28 of 82@1976-01-01");
	assert_string_equal(
		asks(FLOW "M.82@1976-01-01.visits._T._T?c[TIME_PERIOD]=2024-12-15/P1M"),
		"visits&per=month&area=82&from=2024-12-15&to=2025-01-14&calendar=report of "
		"82@1976-01-01");
	assert_string_equal(asks(FLOW "D.82@1976-01-01.visits._T._T"), "413");
	assert_string_equal(asks(FLOW "D.82@1976-01-01.visits._T._T?c[TIME_PERIOD]=lt:2025"),
			    "501");
	assert_string_equal(asks(FLOW "D.82@1976-01-01.visits._T._T" DAY "&startPeriod=2025"),
			    "400");
}

static void one_code_may_be_two_units(void **state)
{
	(void)state;
	assert_string_equal(
		asks(FLOW "D.28001@2025-07-01.visits._T._T?c[TIME_PERIOD]=2025-07"),
		"visits&per=day&area=28001&from=2025-07-01&to=2025-07-31 of 28001@2025-07-01");
	assert_string_equal(asks(FLOW "D.28001@2025-07-01.visits._T._T" DAY), "0");
	assert_string_equal(asks(FLOW "D.28001@1999-01-01.visits._T._T" DAY), "404");
	assert_string_equal(asks(FLOW "D.@28001.visits._T._T" DAY), "501");
}

static void what_is_none_is_refused(void **state)
{
	static const struct {
		const char *target, *status;
	} cases[] = {
		{ "/sdmx/v2/", "404" },
		{ "/sdmx/v2/schema/dataflow", "501" },
		{ "/sdmx/v2/data/OTHER/all" DAY, "404" },
		{ "/sdmx/v2/data/dataflow/X/FIGURES/1.0.0/all" DAY, "404" },
		{ "/sdmx/v2/data/dataflow/LANTOA/FIGURES/2.0.0/all" DAY, "404" },
		{ "/sdmx/v2/structure", "501" },
		{ "/sdmx/v2/structure/dataflow/LANTOA/FIGURES/1.0.0/x", "404" },
		{ "/sdmx/v2/structure/dataflow?c[FREQ]=A", "400" },
		{ FLOW "D.x/y" DAY, "404" },
		{ FLOW "D.%00" DAY, "400" },
		{ FLOW "D.%C4" DAY, "400" },
		{ FLOW "D..visits" DAY, "400" },
		{ FLOW "D..visits._T._T._T" DAY, "400" },
		{ FLOW "Z..visits._T._T" DAY, "404" },
		{ FLOW "D..visitz._T._T" DAY, "404" },
		{ FLOW "D.82@1976-01-01.visits.$GG._T" DAY, "400" },
		{ FLOW "D.82@1976-01-01.visits._U._T" DAY, "501" },
		{ FLOW "*" DAY "&c[X]=1", "400" },
		{ FLOW "*" DAY "&c[FREQ]=", "400" },
		{ FLOW "*" DAY "&c[FREQ]=A&c[FREQ]=D", "400" },
		{ FLOW "*" DAY "&limit=1&limit=1", "400" },
		{ FLOW "*" DAY "&limit=x", "400" },
		{ FLOW "*" DAY "&includeHistory=true", "501" },
		{ FLOW "*" DAY "&updatedAfter=2025", "501" },
		{ FLOW "*" DAY "&what=1", "400" },
		{ FLOW "*" DAY "&c[FREQ", "400" },
		{ FLOW "D.82@1976-01-01.visits._T._T,D.*.visits._T._T" DAY, "501" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(asks(cases[i].target), cases[i].status) != 0)
			fail_msg("%s: %s", cases[i].target, asks(cases[i].target));
}

static void a_key_twice_is_one(void **state)
{
	(void)state;
	assert_string_equal(asks(FLOW "D.82@1976-01-01.visits._T._T,A.82@1976-01-01.visits._T._T,"
				      "D.82@1976-01-01.visits._T._T" DAY),
			    "visits&per=day&area=82&from=2025-06-30&to=2025-06-30 of 82@1976-01-01 "
			    "| visits&per=year&area=82&from=2025-06-30&to=2025-06-30 of "
			    "82@1976-01-01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_a_question),
		cmocka_unit_test(a_name_that_is_nearly_right_is_offered),
		cmocka_unit_test(a_wildcard_is_several),
		cmocka_unit_test(times_are_days_or_hours),
		cmocka_unit_test(one_code_may_be_two_units),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_key_twice_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
