#include "api/observations.h"
#include "common/model/civil.h"
#include "import/import.h"

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
	"team.count,Số tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
	"dossiers.received,Hồ sơ nhận,Dossiers "
	"received,dossier,flow,sum,sum,day,sector,0,0,commune,"
	"1,0,\n"
	"dossiers.online,Hồ sơ trực tuyến,Dossiers online,dossier,flow,sum,sum,day,sector,0,0,"
	"commune,1,0,\n"
	"score,Điểm,Score,point,ratio,last,mean,day,,2,0,commune,1,,\n";

struct fixture {
	struct catalogue *catalogue;
	char recorded[8192], errors[8192]; /* a line each */
	size_t calls;
	int answer; /* of on_entries */
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	if (catalogue_read(catalogue_csv, strlen(catalogue_csv), &f->catalogue, &f->err) != 0)
		fail_msg("%s", f->err.text);
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

static void append(char *text, size_t room, const char *line)
{
	size_t len = strlen(text);
	(void)snprintf(text + len, room - len, "%s\n", line);
}

/* What comes with an entry is what judging it anew would give: so it need not be done. */
static void assert_judged(struct fixture *f, const struct entry *entry,
			  const struct observation *judged)
{
	struct observation again;
	char labels[LABELS_TEXT_MAX];
	assert_int_equal(entry_judge(f->catalogue, entry, NOW_US, labels, &again, &f->err), 0);
	assert_string_equal(judged->metric, again.metric);
	assert_string_equal(judged->labels, again.labels);
	assert_memory_equal(&judged->period, &again.period, sizeof(again.period));
	assert_int_equal(judged->decimals, again.decimals);
	assert_int_equal(judged->withdrawn, again.withdrawn);
	assert_true(again.withdrawn || judged->value_e == again.value_e);
	assert_int_equal(judged->now, again.now);
	assert_int_equal(judged->add, again.add);
}

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	(void)ret_found;
	struct fixture *f = context;
	f->calls++;
	if (f->answer < 0)
		return err_set(err, f->answer, "the spool is full");
	for (size_t i = 0; i < n; i++) {
		assert_judged(f, &entries[i], &judged[i]);
		char line[512];
		(void)snprintf(line, sizeof(line), "%s %s=%s {%s}",
			       entries[i].period ? entries[i].period : "now", entries[i].metric,
			       entries[i].value ? entries[i].value : "-", entries[i].labels);
		append(f->recorded, sizeof(f->recorded), line);
	}
	return 0;
}

static void on_error(void *context, const struct import_diagnostic *error)
{
	struct fixture *f = context;
	char line[512];
	(void)snprintf(line, sizeof(line), "f.csv:%u: %s: %s", error->line, error->column,
		       error->why);
	append(f->errors, sizeof(f->errors), line);
}

static int import(struct fixture *f, const char *csv, struct import_result *ret_result)
{
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.on_entries = on_entries,
					.on_error = on_error,
					.context = f };
	return import_csv(&config, "f.csv", csv, strlen(csv), ret_result, &f->err);
}

static void imported(struct fixture *f, const char *csv, size_t figures, size_t rejected)
{
	struct import_result result;
	if (import(f, csv, &result) != 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(result.figures, figures);
	assert_int_equal(result.rejected, rejected);
}

static void long_form_takes_labels_both_ways(void **state)
{
	struct fixture *f = *state;
	imported(f,
		 "metric,period,value,labels,sector\n"
		 "team.count,2025-06,7,,\n"
		 "dossiers.received,2025-06-30,5,sector=land,\n"
		 "dossiers.received,2025-06-30,Withdraw,,civil\n"
		 "Hồ sơ nhận,2025-06-29,4,,\n",
		 4, 0);
	assert_string_equal(f->recorded, "2025-06 team.count=7 {}\n"
					 "2025-06-30 dossiers.received=5 {sector=land}\n"
					 "2025-06-30 dossiers.received=- {sector=civil}\n"
					 "2025-06-29 dossiers.received=4 {}\n");
}

static void wide_form_takes_headers_in_either_language_and_skips_empty_cells(void **state)
{
	struct fixture *f = *state;
	imported(f,
		 "\xef\xbb\xbfperiod,sector,Hồ sơ nhận,Dossiers online\r\n"
		 "2025-06-29,land,5,2\r\n"
		 "2025-06-30,land,,3\r\n",
		 3, 0);
	assert_string_equal(f->recorded, "2025-06-29 dossiers.received=5 {sector=land}\n"
					 "2025-06-29 dossiers.online=2 {sector=land}\n"
					 "2025-06-30 dossiers.online=3 {sector=land}\n");
}

/* Far is what is over 500; and 7 is refused, so that the others come in parts. */
static int far_over_500(void *context, const struct entry entries[],
			const struct observation judged[], size_t n, struct comparison *ret_found,
			struct err *err)
{
	(void)judged;
	struct comparison found = { .list = calloc(n, sizeof(*found.list)) };
	(void)context;
	assert_non_null(found.list);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(entries[i].value, "7") == 0) {
			comparison_free(&found);
			return err_set(err, -EINVAL, "not this one");
		}
		if (atoi(entries[i].value) > 500)
			found.list[found.n++] = (struct comparison_far){
				.nth = i,
				.value_e = atoi(entries[i].value) * 100,
				.decimals = 2,
				.before = { .grain = GRAIN_MONTH, .number = 664 },
				.before_e = 805,
			};
	}
	*ret_found = found;
	return 0;
}

static void on_warning(void *context, const struct import_diagnostic *warning)
{
	struct fixture *f = context;
	char line[512];
	(void)snprintf(line, sizeof(line), "%u|%s|%s|%.*s", warning->line, warning->column,
		       warning->value, (int)strcspn(warning->why, ";"), warning->why);
	append(f->recorded, sizeof(f->recorded), line);
}

static void what_is_far_is_told_by_its_line_and_cell_in_the_tables_notation(void **state)
{
	static const char csv[] = "Kỳ;Số tổ\n01/2025; 1.000 \n02/2025;6\n03/2025;7\n04/2025;8\n"
				  "05/2025;900\n06/2025;9\n";
	struct fixture *f = *state;
	struct import_result result;
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.on_entries = far_over_500,
					.on_error = on_error,
					.on_warning = on_warning,
					.context = f };
	assert_int_equal(import_csv(&config, "f.csv", csv, strlen(csv), &result, &f->err), 0);
	assert_int_equal(result.figures, 5);
	assert_int_equal(result.rejected, 1);
	assert_int_equal(result.warned, 2);
	assert_string_equal(f->errors, "f.csv:4: Số tổ: not this one\n");
	assert_string_equal(
		f->recorded,
		"2|Số tổ|1.000|team.count: 1000,00 is recorded, but it is far from "
		"what was reported before: 8,05 for 2025-05, and 0,00 to 0,00 would be "
		"usual\n"
		"6|Số tổ|900|team.count: 900,00 is recorded, but it is far from what was "
		"reported before: 8,05 for 2025-05, and 0,00 to 0,00 would be usual\n");
}

static void every_bad_line_is_named_and_the_good_ones_are_kept(void **state)
{
	struct fixture *f = *state;
	imported(f,
		 "metric,period,value,labels\n"
		 "team.count,2025-06,7,\n"
		 "no.such,2025-06,7,\n"
		 "team.count,2025-06-30,7,\n"
		 "team.count,2025-13,7,\n"
		 "team.count,2026-01,7,\n"
		 "team.count,2025-06,1.5,\n"
		 "team.count,2025-06,1001,\n"
		 "team.count,2025-06,-1,\n"
		 "team.count,2025-06,seven,\n"
		 "team.count,2025-06,,\n"
		 "team.count,2025-06,7,topic=x\n"
		 "dossiers.received,2025-06-30,7,sectr=x\n"
		 "team.count,2025-06\n"
		 "score,2025-06-30,1.25,\n",
		 2, 12);
	for (unsigned line = 3; line <= 14; line++) {
		char where[16];
		(void)snprintf(where, sizeof(where), "f.csv:%u: ", line);
		if (!strstr(f->errors, where))
			fail_msg("line %u is not named in:\n%s", line, f->errors);
	}
	assert_null(strstr(f->errors, "f.csv:2:"));
	assert_null(strstr(f->errors, "f.csv:15:"));
}

/* Programs write a metric's name over its column. */
static void a_column_of_the_metrics_name_is_named_once(void **state)
{
	struct fixture *f = *state;
	imported(f,
		 "period,score\n"
		 "2025-06-30,y\n"
		 "2025-06,1\n"
		 "2025-06-29,1\n"
		 "2025-06-29,2\n",
		 0, 4);
	assert_non_null(strstr(f->errors, "f.csv:2: score: 'y' is not"));
	assert_non_null(strstr(f->errors, "f.csv:3: period: score: '2025-06' is a month"));
	assert_non_null(strstr(f->errors, "f.csv:4: score: line 5 gives another value"));
	assert_non_null(strstr(f->errors, "f.csv:5: score: line 4 gives another value"));
}

static void each_bad_cell_is_told_once_at_its_own_column(void **state)
{
	struct fixture *f = *state;
	imported(f,
		 "period,sector,Hồ sơ nhận,Dossiers online,Score\n"
		 "2025-06,,1,2,3\n"
		 "2025-06-30,,x,2,y\n"
		 "2025-06-31,,x,2,1\n"
		 "2026-01-01,,1,2,3\n"
		 "2025-06-30,a=b,1,2,3\n"
		 ",,1,2,3\n",
		 1, 8);
	assert_string_equal(f->recorded, "2025-06-30 dossiers.online=2 {}\n");
	static const char *const told[] = {
		"f.csv:2: period: dossiers.received: '2025-06' is a month",
		"f.csv:3: Hồ sơ nhận: dossiers.received: 'x' is not",
		"f.csv:3: Score: score: 'y' is not",
		"f.csv:4: period: dossiers.received: '2025-06-31' is not",
		"f.csv:4: Hồ sơ nhận: dossiers.received: 'x' is not",
		"f.csv:5: period: dossiers.received: period '2026-01-01'",
		"f.csv:6: sector: ",
		"f.csv:7: period: is empty"
	};
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (!strstr(f->errors, told[i]))
			fail_msg("'%s' is not in\n%s", told[i], f->errors);
}

static void headers_without_sense_are_refused_whole(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = { "",
					   "period,foo\n2025-06,1\n",
					   "metric,period\n",
					   "period,metric,value,Teams\n",
					   "metric,value,value\n",
					   "period,period,Teams\n" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct import_result result;
		assert_int_equal(import(f, bad[i], &result), -EINVAL);
		assert_int_equal(result.figures, 0);
		assert_non_null(strstr(f->err.text, "f.csv"));
	}
	assert_int_equal(f->calls, 0);
}

static void periods_are_asked_for_where_they_are_needed(void **state)
{
	struct fixture *f = *state;
	struct import_result result;
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.periods_needed = true,
					.on_entries = on_entries,
					.on_error = on_error,
					.context = f };
	static const char without[] = "Teams\n7\n", empty[] = "Kỳ,Teams\n,7\n2025-06,8\n";
	assert_int_equal(import_csv(&config, "f.csv", without, strlen(without), &result, &f->err),
			 -EINVAL);
	assert_non_null(strstr(f->err.text, "line 1: the header has no column for the period"));
	assert_int_equal(import_csv(&config, "f.csv", empty, strlen(empty), &result, &f->err), 0);
	assert_string_equal(f->recorded, "2025-06 team.count=8 {}\n");
	assert_non_null(strstr(f->errors, "f.csv:2: Kỳ: is empty; write the period"));
}

static void of_a_file_with_broken_quoting_nothing_is_taken(void **state)
{
	struct fixture *f = *state;
	struct import_result result;
	assert_int_equal(import(f, "metric,period,value\nteam.count,2025-06,7\n\"team", &result),
			 -EINVAL);
	assert_int_equal(result.figures, 0);
}

static void big_files_go_in_pieces_and_a_full_spool_ends_them(void **state)
{
	struct fixture *f = *state;
	enum { LINES = 20000, LINE = 64 };
	char *csv = malloc((size_t)LINES * LINE);
	assert_non_null(csv);
	size_t len = (size_t)sprintf(csv, "metric,period,sector,value\n");
	for (int i = 0; i < LINES; i++)
		len += (size_t)sprintf(csv + len, "dossiers.received,2025-06-30,%d,%d\n", i, i);
	imported(f, csv, LINES, 0);
	assert_int_equal(f->calls, 3);
	f->answer = -ENOSPC;
	struct import_result result;
	assert_int_equal(import(f, csv, &result), -ENOSPC);
	assert_int_equal(result.figures, 0);
	free(csv);
}

/* Both lines are told, none of them is recorded, and all others are; in any order, and though the
 * first one would have gone with an earlier piece. */
static void a_figure_with_two_values_is_refused_with_both_lines(void **state)
{
	struct fixture *f = *state;
	enum { LINES = 4500, LINE = 64 };
	imported(f, "Kỳ;Số tổ\n06/2025;8\n05/2025;7\n06/2025;9\n06/2025;8\n", 1, 3);
	assert_string_equal(f->recorded, "2025-05 team.count=7 {}\n");
	assert_non_null(strstr(f->errors, "f.csv:2: Số tổ: team.count: line 4 gives another"));
	assert_non_null(strstr(f->errors, "f.csv:4: Số tổ: team.count: line 2 gives another"));
	assert_non_null(strstr(f->errors, "f.csv:5: Số tổ: team.count: line 2 gives another"));
	f->recorded[0] = f->errors[0] = '\0';
	imported(f, "Kỳ;Số tổ\n06/2025;8\n06/2025;rút lại\n", 0, 2);
	f->errors[0] = '\0';
	char *csv = malloc((size_t)LINES * LINE);
	assert_non_null(csv);
	size_t len = (size_t)sprintf(csv, "metric,period,sector,value\nscore,2025-06-30,,1\n");
	for (int i = 0; i < LINES; i++)
		len += (size_t)sprintf(csv + len, "dossiers.received,2025-06-30,s%d,%d\n", i, i);
	(void)sprintf(csv + len, "score,2025-06-30,,2\n");
	imported(f, csv, LINES, 2);
	assert_non_null(strstr(f->errors, "f.csv:2: "));
	assert_non_null(strstr(f->errors, "f.csv:4503: "));
	free(csv);
}

static void the_same_value_twice_is_one_figure(void **state)
{
	struct fixture *f = *state;
	imported(f, "Kỳ;Số tổ\n06/2025;8\n2025-06;8\n06/2025;8\n", 1, 0);
	assert_string_equal(f->recorded, "2025-06 team.count=8 {}\n");
}

static void a_total_beside_its_parts_is_refused(void **state)
{
	struct fixture *f = *state;
	imported(f,
		 "Kỳ;sector;Hồ sơ nhận;Điểm\n30/06/2025;;8;1\n30/06/2025;đất đai;3;\n"
		 "30/06/2025;hộ tịch;5;\n29/06/2025;;8;\n28/06/2025;;rút lại;\n"
		 "28/06/2025;đất đai;4;\n",
		 6, 1);
	assert_null(strstr(f->recorded, "2025-06-30 dossiers.received=8"));
	assert_non_null(strstr(f->recorded, "2025-06-29 dossiers.received=8 {}"));
	assert_non_null(strstr(f->errors, "f.csv:2: Hồ sơ nhận: dossiers.received: it has no "
					  "label, while line 3 has a part"));
}

/* The catalogue alone has the words: for the column of a dimension, for a unit in brackets, and for
 * one that stands above the table and is another's. */
static void a_new_unit_and_dimension_are_read_as_the_catalogue_says(void **state)
{
	static const char words[] =
		"name,label_vi,label_en,unit,unit_vi,kind,time_agg,area_agg,period,dimensions,"
		"dimensions_vi,decimals,carry,level,due_days,min,max\n"
		"ferry.trips,Số lần qua sông,Ferry trips,crossing,chuyến,flow,sum,sum,day,pier,bến "
		"đò,0,0,commune,1,0,\n"
		"ferry.riders,Người đi đò,Riders,rider,khách,flow,sum,sum,day,,,0,0,commune,1,0,\n";
	struct fixture *f = *state;
	catalogue_close(f->catalogue);
	assert_int_equal(catalogue_read(words, strlen(words), &f->catalogue, &f->err), 0);
	imported(f, "Ngày;Bến đò;Số lần qua sông (chuyến)\n30/06/2025;Rạch Miễu;40\n", 1, 0);
	assert_string_equal(f->recorded, "2025-06-30 ferry.trips=40 {pier=Rạch Miễu}\n");
	imported(f, "Đơn vị: khách\nNgày;Số lần qua sông\n30/06/2025;41\n", 0, 1);
	assert_non_null(strstr(f->errors, "is counted in 'crossing', and a line of the file says "
					  "'khách'"));
}

/* Editors and programs leave out the separators behind the last cell of a line. */
static void the_second_line_of_a_header_may_be_longer(void **state)
{
	struct fixture *f = *state;
	imported(f,
		 "Chỉ tiêu;ĐVT;Năm 2025\n"
		 ";;Tháng 1;Tháng 2;Tháng 3;Tháng 4;Tháng 5\n"
		 "team.count;;1;2;3;4;5\n",
		 5, 0);
}

/* The agent's own judgement may be another than the command's: each line that it refuses is told by
 * the file's number, in the second piece, too, and costs no other. */
static int refuse_sevens(void *context, const struct entry entries[],
			 const struct observation judged[], size_t n, struct comparison *ret_found,
			 struct err *err)
{
	(void)judged;
	(void)ret_found;
	struct fixture *f = context;
	for (size_t i = 0; i < n; i++)
		if (strcmp(entries[i].value, "7") == 0 || strcmp(entries[i].value, "3007") == 0)
			return err_set(err, -EINVAL, "observation %zu: has not begun", i + 1);
	f->calls++;
	return 0;
}

static void what_the_agent_refuses_costs_its_own_line(void **state)
{
	struct fixture *f = *state;
	enum { LINES = 4000, LINE = 64 };
	struct import_result result;
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.on_entries = refuse_sevens,
					.on_error = on_error,
					.context = f };
	char *csv = malloc((size_t)LINES * LINE);
	assert_non_null(csv);
	size_t len = (size_t)sprintf(csv, "metric,period,sector,value\n");
	for (int i = 0; i < LINES; i++)
		len += (size_t)sprintf(csv + len, "dossiers.received,2025-06-30,s%d,%d\n", i, i);
	assert_int_equal(import_csv(&config, "f.csv", csv, len, &result, &f->err), 0);
	assert_int_equal(result.figures, LINES - 2);
	assert_int_equal(result.rejected, 2);
	assert_non_null(strstr(f->errors, "f.csv:9: "));
	assert_non_null(strstr(f->errors, "f.csv:3009: "));
	free(csv);
}

#define FORM "lantoa-form,labels,period,note,value,lantoa-was,lantoa-office\n"

static int form_of(struct fixture *f, const char *file, const char *csv,
		   struct import_result *ret_result)
{
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.file = file,
					.office = "28249",
					.on_entries = on_entries,
					.on_error = on_error,
					.context = f };
	return import_csv(&config, "f.csv", csv, strlen(csv), ret_result, &f->err);
}

static void a_form_of_another_office_is_refused_whatever_stands_in_it(void **state)
{
	static const char *const rows[] = {
		"team.count,,2025-06,,8,8,28250\n", /* untouched */
		"team.count,,2025-06,,9,8,28250\n", "team.count,,2025-06,,,,28250\n",
		"team.count,,2025-06,,7,,28249\nteam.count,,2025-05,,9,,28250\n"
	};
	struct fixture *f = *state;
	struct import_result result;
	char csv[512];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(csv, sizeof(csv), FORM "%s", rows[i]);
		assert_int_equal(form_of(f, "28250_2025-06.csv", csv, &result), -EINVAL);
		assert_non_null(strstr(f->err.text, "this is the form of office 28250, and this "
						    "machine is that of office 28249"));
		assert_string_equal(f->recorded, "");
	}
}

static void what_nobody_touched_in_a_form_is_not_said_again(void **state)
{
	struct fixture *f = *state;
	struct import_result result;
	assert_int_equal(form_of(f, NULL,
				 FORM "team.count,,2025-06,,8,8,28249\n"
				      "score,,2025-06-29,,2.5,2.50,28249\n"
				      "score,,2025-06-30,,2.6,2.50,28249\n"
				      "score,,2025-06-28,,,2.50,28249\n"
				      "score,,2025-06-27,,0,,28249\n",
				 &result),
			 0);
	assert_string_equal(f->recorded, "2025-06-30 score=2.6 {}\n2025-06-27 score=0 {}\n");
	assert_int_equal(result.figures, 2);
	assert_int_equal(result.untouched, 2);
	assert_string_equal(f->errors, "");
}

/* What people read on it is what they believe to report. */
static void a_form_that_is_called_by_another_period_is_refused(void **state)
{
	static const struct {
		const char *file, *title, *period, *said; /* NULL: it is taken */
	} cases[] = {
		{ "28249_2025-06.xlsx", "", "2025-06", NULL },
		{ "28249_2025-06 (1).xlsx", "Số liệu tháng 6/2025\n", "2025-06", NULL },
		{ "in/2025-07/28249_2025-06.csv", "", "2025-06", NULL },
		{ "thang 6 nam 2025, gui 5.7.2025.xlsx", "", "2025-06", NULL },
		{ "28249.xlsx", "Hạn gửi 05/07/2025\n", "2025-06", NULL },
		{ "moi.csv", "", "2025-06", NULL },
		{ "28249_2025-06.csv", "Hạn gửi 2025-07-05\n", "2025-06", NULL },
		{ "28249_2025-07.xlsx", "", "2025-06", "'28249_2025-07.xlsx' says another" },
		{ "/tmp/Tháng 7 năm 2025.xlsx", "", "2025-06", "'Tháng 7 năm 2025.xlsx' says" },
		{ "28249.xlsx", "Số liệu tháng 7 năm 2025\n", "2025-06",
		  "'tháng 7 năm 2025' says" },
	};
	struct import_result result;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = *state;
		char csv[512];
		memset(f->recorded, 0, sizeof(f->recorded));
		(void)snprintf(csv, sizeof(csv), "%s" FORM "team.count,,%s,,8,,28249\n",
			       cases[i].title, cases[i].period);
		int rc = form_of(f, cases[i].file, csv, &result);
		if (rc != (cases[i].said ? -EINVAL : 0))
			fail_msg("%s: %d %s", cases[i].file, rc, f->err.text);
		assert_string_equal(f->recorded, cases[i].said ? "" : "2025-06 team.count=8 {}\n");
		if (cases[i].said && !strstr(f->err.text, cases[i].said))
			fail_msg("%s", f->err.text);
	}
}

/* One call: what is added is no value of its own, and other periods and labels are other figures.
 */
static void a_list_with_two_values_is_refused_with_both_places(void **state)
{
	struct fixture *f = *state;
	struct observation list[] = {
		{ .metric = "a", .labels = "", .period = { .grain = GRAIN_DAY, .number = 7 } },
		{ .metric = "b", .labels = "", .period = { .grain = GRAIN_DAY, .number = 7 } },
		{ .metric = "a", .labels = "", .period = { .grain = GRAIN_DAY, .number = 8 } },
		{ .metric = "a", .labels = "", .period = { .grain = GRAIN_DAY, .number = 7 } },
		{ .metric = "a", .labels = "x=1", .period = { .grain = GRAIN_DAY, .number = 9 } },
	};
	assert_int_equal(hand_in_check(list, 5, &f->err), 0);
	list[3].value_e = 1;
	assert_int_equal(hand_in_check(list, 5, &f->err), -EINVAL);
	assert_string_equal(f->err.text, "observation 1: observation 4 gives another value for the "
					 "same figure; send the right one alone");
	list[3].add = true;
	assert_int_equal(hand_in_check(list, 5, &f->err), 0);
	list[4].period.number = 7;
	assert_int_equal(hand_in_check(list, 5, &f->err), 0); /* they add */
	list[0].one_kind = list[4].one_kind = true;
	assert_int_equal(hand_in_check(list, 5, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.text, "observation 1: it has no label, while observation 5"));
}

/* --- what the API takes --- */

static int parsed(struct fixture *f, const char *json, struct observations **ret_all)
{
	return observations_parse(json, strlen(json), ret_all, &f->err);
}

static void json_numbers_are_taken_exactly_or_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *json, *text;
	} cases[] = { { "7", "7" },
		      { "-12", "-12" },
		      { "\"0.10\"", "0.10" },
		      { "0.1", "0.1" },
		      { "12.50", "12.5" },
		      { "8.0", "8" },
		      { "-0.0", "0" },
		      { "100", "100" },
		      { "1.50e1", "15" },
		      { "125E-3", "0.125" },
		      { "1e3", "1000" },
		      { "1.00000000000000001", "1.00000000000000001" },
		      { "0.30000000000000004", "0.30000000000000004" },
		      { "9007199254740993", "9007199254740993" },
		      { "92233720368547758070", "92233720368547758070" },
		      { "123456789012345", "123456789012345" },
		      { "9223372036854775807", "9223372036854775807" },
		      { "0.1234567890123456", "0.1234567890123456" },
		      { "1e300", NULL },
		      { "1e-300", NULL },
		      { "1e99999999999999999999", NULL },
		      { "11111111111111111111111111111111111111111", NULL },
		      { "01", NULL },
		      { "1.", NULL },
		      { ".5", NULL },
		      { "+1", NULL },
		      { "NaN", NULL },
		      { "0x10", NULL },
		      { "true", NULL },
		      { "[1]", NULL } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct observations *all;
		char json[128];
		size_t n;
		(void)snprintf(json, sizeof(json),
			       "{\"observations\":[{\"metric\":\"score\",\"value\":%s}]}",
			       cases[i].json);
		int rc = parsed(f, json, &all);
		if (!cases[i].text) {
			assert_int_equal(rc, -EINVAL);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_string_equal(observations_entries(all, &n)->value, cases[i].text);
		observations_close(all);
	}
}

static void json_that_is_not_understood_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"observations\":{}}",
		"{\"observations\":[1]}",
		"{\"observations\":[],\"x\":1}",
		"{\"observations\":[{\"metric\":\"a\"}]}",
		"{\"observations\":[{\"value\":1}]}",
		"{\"observations\":[{\"metric\":\"a\",\"value\":1,\"perod\":\"2025\"}]}",
		"{\"observations\":[{\"metric\":\"a\",\"value\":1,\"labels\":{\"B\":\"x\"}}]}",
		"{\"observations\":[{\"metric\":\"a\",\"value\":1,\"value\":2}]}",
		"{\"observations\":[{\"metric\":\"a\",\"value\":1,\"labels\":{\"b\":\"x\",\"b\":"
		"\"y\"}}]}",
		"{\"observations\":[{\"metric\":\"a\\u0000b\",\"value\":1}]}",
		"{\"observations\":[{\"metric\":\"a\",\"value\":\"1\\u0000\"}]}",
		"{\"observations\":[{\"metric\":\"a\",\"value\":1,\"labels\":{\"b\":\"x\\u0000y\"}}"
		"]}",
		"{\"observations\":[{\"metric\":\"a\",\"value\":1}]} x",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct observations *all;
		assert_int_equal(parsed(f, bad[i], &all), -EINVAL);
	}
}

/* What the catalogue's decimals do not have room for is refused, and never rounded away. */
static void a_number_is_not_rounded_to_the_next(void **state)
{
	struct fixture *f = *state;
	static const char *const values[] = { "1.00000000000000001", "0.30000000000000004",
					      "9223372036854775808", "1e30" };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct observations *all;
		struct observation obs;
		char labels[LABELS_TEXT_MAX];
		char json[128];
		size_t n;
		(void)snprintf(json, sizeof(json),
			       "{\"observations\":[{\"metric\":\"team.count\",\"value\":%s}]}",
			       values[i]);
		assert_int_equal(parsed(f, json, &all), 0);
		assert_true(entry_judge(f->catalogue, observations_entries(all, &n), NOW_US, labels,
					&obs, &f->err) < 0);
		observations_close(all);
	}
}

/* The shapes that cost most for their bytes, of as many bytes as a request may have. */
static void json_costs_no_more_than_is_said(void **state)
{
	static const char *const shapes[] = { "[],",   "{},",   "1,",
					      "\"\",", "[[]],", "{\"a\":1,\"b\":2}," };
	struct fixture *f = *state;
	size_t room = 4u << 20;
	char *json = malloc(room);
	assert_non_null(json);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct observations *all;
		size_t len = (size_t)sprintf(json, "{\"observations\":["), n = strlen(shapes[i]);
		for (; len + n + 2 < room; len += n)
			memcpy(json + len, shapes[i], n);
		memcpy(json + len - 1, "]}", 2);
		assert_int_equal(observations_parse(json, len + 1, &all, &f->err), -E2BIG);
		assert_non_null(strstr(f->err.text, "in parts"));
	}
	free(json);
}

/* As many as may be, with all that they may have. */
static void a_full_request_is_taken(void **state)
{
	struct fixture *f = *state;
	struct observations *all;
	struct blob json = { 0 };
	size_t n;
	assert_int_equal(blob_append(&json, "{\"observations\":[", 17), 0);
	for (unsigned i = 0; i < OBSERVATIONS_MAX; i++) {
		char one[256];
		int len = snprintf(
			one, sizeof(one),
			"%s{\"metric\":\"m\",\"value\":%u,\"period\":\"2025-06\",\"add\":true,"
			"\"author\":\"a\",\"note\":\"n\",\"labels\":{\"a\":\"1\",\"b\":\"2\",\"c\":"
			"\"3\",\"d\":\"4\",\"e\":\"5\","
			"\"f\":\"6\",\"g\":\"7\",\"h\":\"8\"}}",
			i ? "," : "", i);
		assert_int_equal(blob_append(&json, one, (size_t)len), 0);
	}
	assert_int_equal(blob_append(&json, "]}", 2), 0);
	assert_int_equal(observations_parse((const char *)json.data, json.len, &all, &f->err), 0);
	assert_string_equal(observations_entries(all, &n)[OBSERVATIONS_MAX - 1].value, "19999");
	assert_int_equal(n, OBSERVATIONS_MAX);
	assert_in_range(observations_size(all), 1u << 20, 34u << 20);
	observations_close(all);
	blob_free(&json);
}

static void what_a_command_sends_is_what_the_agent_reads(void **state)
{
	struct fixture *f = *state;
	struct entry entries[] = {
		{ .metric = "team.count", .value = "7", .period = "2025-06", .labels = "" },
		{ .metric = "dossiers.received",
		  .labels = "sector=đất đai",
		  .add = true,
		  .author = "hoa",
		  .note = "đếm \"hai lần\"" },
	};
	struct blob json = { 0 };
	struct observations *all;
	size_t n;
	assert_int_equal(observations_format(entries, 2, &json, &f->err), 0);
	assert_int_equal(observations_parse((const char *)json.data, json.len, &all, &f->err), 0);
	const struct entry *read = observations_entries(all, &n);
	assert_int_equal(n, 2);
	assert_string_equal(read[0].value, "7");
	assert_string_equal(read[0].period, "2025-06");
	assert_null(read[1].value);
	assert_null(read[1].period);
	assert_string_equal(read[1].labels, "sector=đất đai");
	assert_true(read[1].add);
	assert_null(read[0].author);
	assert_null(read[0].note);
	assert_string_equal(read[1].author, "hoa");
	assert_string_equal(read[1].note, "đếm \"hai lần\"");
	observations_close(all);
	blob_free(&json);
}

/* As much as a batch takes, and a byte more of each. */
static void what_is_said_of_a_figure_fits_into_a_batch_or_is_refused(void **state)
{
	struct fixture *f = *state;
	char author[SPOOL_AUTHOR_MAX + 2], note[SPOOL_NOTE_MAX + 2];
	char labels[LABELS_TEXT_MAX];
	struct observation obs;
	memset(author, 'a', sizeof(author));
	memset(note, 'n', sizeof(note));
	author[SPOOL_AUTHOR_MAX + 1] = note[SPOOL_NOTE_MAX + 1] = '\0';
	const struct {
		const char *author, *note, *refusal;
	} cases[] = {
		{ author + 1, note + 1, NULL },
		{ NULL, NULL, NULL },
		{ "", "", NULL },
		{ author, NULL, "is named by one line of at most 64 bytes" },
		{ "a\nb", NULL, "is named by one line of at most 64 bytes" },
		{ "hoa", note, "its note has 1025 bytes, and at most 1024 are kept" },
		{ "hoa", "two\nlines", "write it in one line" },
		{ "hoa", "\xff", "write it in one line" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry entry = { .metric = "team.count",
				       .value = "7",
				       .labels = "",
				       .author = cases[i].author,
				       .note = cases[i].note };
		int rc = entry_judge(f->catalogue, &entry, NOW_US, labels, &obs, &f->err);
		assert_int_equal(rc, cases[i].refusal ? -EINVAL : 0);
		if (rc < 0)
			assert_non_null(strstr(f->err.text, cases[i].refusal));
		if (rc < 0)
			continue;
		assert_ptr_equal(obs.author, cases[i].author);
		assert_ptr_equal(obs.note, cases[i].note);
	}
}

/* As record, programs, StatsD and JSON hand them in; what can be read in two ways is refused, with
 * both, and each of them is then taken as what it says. */
static void a_number_is_the_same_however_it_is_written(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *metric, *value;
		int64_t value_e;
		const char *refusal; /* NULL: it is taken */
	} cases[] = {
		{ "team.count", "8.0", 8, NULL },
		{ "team.count", "8,00", 8, NULL },
		{ "team.count", " 8 ", 8, NULL },
		{ "team.count", "0008", 8, NULL },
		{ "score", "1 234,5", 123450, NULL },
		{ "score", "1,234,567", 123456700, NULL },
		{ "score", "-1,250,0", 0, "is not a number" },
		{ "score", "12,5", 1250, NULL },
		{ "score", "1.25", 125, NULL },
		{ "score", "1.250", 0, "can be read as 1.25 or as 1250" },
		{ "score", "1,250", 0, "can be read as 1.25 or as 1250;" },
		{ "team.count", "8,000", 0, "can be read as 8 or as 8000;" },
		{ "score", "1.2500", 125, NULL },
		{ "team.count", "1.000", 0, "can be read as 1 or as 1000" },
		{ "team.count", "8,5", 0, "is counted in whole numbers" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry entry = { .metric = cases[i].metric,
				       .value = cases[i].value,
				       .labels = "" };
		struct observation obs = { 0 };
		char labels[LABELS_TEXT_MAX];
		int rc = entry_judge(f->catalogue, &entry, NOW_US, labels, &obs, &f->err);
		if (rc != (cases[i].refusal ? -EINVAL : 0) ||
		    (cases[i].refusal && !strstr(f->err.text, cases[i].refusal)))
			fail_msg("%s: %d %s", cases[i].value, rc, f->err.text);
		assert_true(obs.value_e == cases[i].value_e);
	}
}

static void period_left_out_is_the_current_one(void **state)
{
	struct fixture *f = *state;
	struct entry entry = { .metric = "team.count", .value = "7", .labels = "" };
	struct observation obs;
	char labels[LABELS_TEXT_MAX];
	char text[PERIOD_TEXT_MAX];
	assert_int_equal(entry_judge(f->catalogue, &entry, NOW_US, labels, &obs, &f->err), 0);
	assert_string_equal(period_format(obs.period, text), "2025-07");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(long_form_takes_labels_both_ways),
		TEST(wide_form_takes_headers_in_either_language_and_skips_empty_cells),
		TEST(what_is_far_is_told_by_its_line_and_cell_in_the_tables_notation),
		TEST(every_bad_line_is_named_and_the_good_ones_are_kept),
		TEST(a_column_of_the_metrics_name_is_named_once),
		TEST(each_bad_cell_is_told_once_at_its_own_column),
		TEST(headers_without_sense_are_refused_whole),
		TEST(periods_are_asked_for_where_they_are_needed),
		TEST(of_a_file_with_broken_quoting_nothing_is_taken),
		TEST(big_files_go_in_pieces_and_a_full_spool_ends_them),
		TEST(json_numbers_are_taken_exactly_or_refused),
		TEST(json_that_is_not_understood_is_refused),
		TEST(a_number_is_not_rounded_to_the_next),
		TEST(json_costs_no_more_than_is_said),
		TEST(a_full_request_is_taken),
		TEST(what_a_command_sends_is_what_the_agent_reads),
		TEST(what_is_said_of_a_figure_fits_into_a_batch_or_is_refused),
		TEST(a_number_is_the_same_however_it_is_written),
		TEST(period_left_out_is_the_current_one),
		cmocka_unit_test_setup_teardown(a_figure_with_two_values_is_refused_with_both_lines,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_value_twice_is_one_figure, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_total_beside_its_parts_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_form_that_is_called_by_another_period_is_refused,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_touched_in_a_form_is_not_said_again,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_form_of_another_office_is_refused_whatever_stands_in_it, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_list_with_two_values_is_refused_with_both_places,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_new_unit_and_dimension_are_read_as_the_catalogue_says, set_up, tear_down),
		TEST(the_second_line_of_a_header_may_be_longer),
		cmocka_unit_test_setup_teardown(what_the_agent_refuses_costs_its_own_line, set_up,
						tear_down),
	};
	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
