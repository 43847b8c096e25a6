#include "common/model/civil.h"
#include "sources/output.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US (INT64_C(20300) * 86400000000) /* 2025-07-31 */

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"teams,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
	"visits,Lượt,Visits,visit,flow,sum,sum,day,desk,1,0,commune,1,0,\n";

struct fixture {
	struct catalogue *catalogue;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	assert_int_equal(
		catalogue_read(catalogue_csv, strlen(catalogue_csv), &f->catalogue, &f->err), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	catalogue_close(f->catalogue);
	free(f);
	return 0;
}

static void assert_read(struct fixture *f, const char *text, const char *figures)
{
	struct output *output;
	char told[1024] = "";
	size_t n;
	if (output_read(text, strlen(text), f->catalogue, NOW_US, &output, &f->err) != 0)
		fail_msg("%s: %s", text, f->err.text);
	const struct entry *entries = output_entries(output, &n);
	for (size_t i = 0; i < n; i++)
		(void)snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s=%s %s {%s}\n",
			       entries[i].metric, entries[i].value ? entries[i].value : "-",
			       entries[i].period ? entries[i].period : "now", entries[i].labels);
	assert_string_equal(told, figures);
	output_close(output);
}

static void assert_refused(struct fixture *f, const char *text, const char *why)
{
	struct output *output;
	f->err = (struct err){ 0 };
	if (output_read(text, strlen(text), f->catalogue, NOW_US, &output, &f->err) != -EINVAL)
		fail_msg("%s is taken", text);
	if (!strstr(f->err.text, why))
		fail_msg("%s: %s", text, f->err.text);
}

static void lines_are_figures(void **state)
{
	struct fixture *f = *state;
	assert_read(f,
		    "# of today\n\n"
		    "teams=7\n"
		    "  visits=12.5 period=2025-06-30 desk=a\r\n"
		    "visits=3 \"desk=quầy số 2\"\n"
		    "visits=- desk=b period=2025-06-29",
		    "teams=7 now {}\n"
		    "visits=12.5 2025-06-30 {desk=a}\n"
		    "visits=3 now {desk=quầy số 2}\n"
		    "visits=- 2025-06-29 {desk=b}\n");
}

static void csv_is_read_as_import_reads_it(void **state)
{
	struct fixture *f = *state;
	assert_read(f,
		    "metric,value,period,desk\n"
		    "teams,7,2025-06,\n"
		    "visits,2.5,2025-06-30,a\n",
		    "teams=7 2025-06 {}\n"
		    "visits=2.5 2025-06-30 {desk=a}\n");
}

static void nothing_is_no_figure(void **state)
{
	struct fixture *f = *state;
	assert_read(f, "", "");
	assert_read(f, "\n \n# none today\n", "");
}

static void one_bad_line_refuses_all_by_its_number(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "teams=7\nnonsense\n", "line 2: 'nonsense' is not NAME=VALUE" },
		{ "teams=7\n=7\n", "line 2: '=7' is not NAME=VALUE" },
		{ "teams=7 desk\n", "line 1: 'desk' is not NAME=VALUE" },
		{ "teams=7\n\nvisits=1 Desk=a\n", "line 3: label 'Desk'" },
		{ "visits=1 desk=a desk=b\n", "line 1: label desk is given twice" },
		{ "visits=1 \"desk=a\n", "line 1: a quotation mark is not closed" },
		{ "metric,value\nteams,7\nteams,x\n", "line 3: " },
		{ "metric,value\nteams,7\nnobody,1\n", "line 3: " },
		{ "Traceback (most recent call last):\n", "output: " },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(f, cases[i].text, cases[i].why);
}

static void there_is_a_bound(void **state)
{
	struct fixture *f = *state;
	struct output *output;
	size_t n, line = strlen("teams=1\n");
	char *text = malloc((OUTPUT_FIGURES_MAX + 1) * line + 1);
	assert_non_null(text);
	for (size_t i = 0; i < OUTPUT_FIGURES_MAX + 1; i++)
		memcpy(text + i * line, "teams=1\n", line + 1);
	assert_int_equal(output_read(text, (OUTPUT_FIGURES_MAX + 1) * line, f->catalogue, NOW_US,
				     &output, &f->err),
			 -E2BIG);
	assert_int_equal(output_read(text, OUTPUT_FIGURES_MAX * line, f->catalogue, NOW_US, &output,
				     &f->err),
			 0);
	(void)output_entries(output, &n);
	assert_int_equal(n, OUTPUT_FIGURES_MAX);
	output_close(output);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(lines_are_figures),    TEST(csv_is_read_as_import_reads_it),
		TEST(nothing_is_no_figure), TEST(one_bad_line_refuses_all_by_its_number),
		TEST(there_is_a_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
