/* Answers in other forms: what was written is read again by readers of the test's own, cell by
 * cell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/table.h"
#include "export/columns.h"
#include "export/csv_rows.h"
#include "export/export.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define HEAD                                                                                       \
	"{\"query\": {\"name\": \"visits\", \"title\": \"L\\u01b0\\u1ee3t\", \"per\": \"month\"}}"

static int gather(void *context, const void *data, size_t len, struct err *err)
{
	(void)err;
	return blob_append(context, data, len);
}

static int count(void *context, const void *data, size_t len, struct err *err)
{
	(void)data;
	(void)err;
	*(uint64_t *)context += len;
	return 0;
}

/* @csv in @form, fed @step bytes at a time; NUL-terminated, the caller frees. */
static int export_text(const char *csv, enum export_form form, size_t step, struct blob *out,
		       struct err *err)
{
	const struct export_choice choice = { .form = form };
	const struct export_sink sink = { gather, out };
	struct export *exp = NULL;
	size_t len = strlen(csv);
	int rc = export_open(&choice, &sink, &exp, err);
	assert_int_equal(rc, 0);
	rc = export_head(exp, HEAD, err);
	for (size_t at = 0; at < len && rc == 0; at += step)
		rc = export_feed(exp, csv + at, len - at < step ? len - at : step, err);
	if (rc == 0)
		rc = export_finish(exp, err);
	export_close(exp);
	assert_int_equal(blob_append(out, "", 1), 0);
	return rc;
}

static void becomes(const char *csv, const char *expected)
{
	for (size_t step = 1; step < 20; step += 6) {
		struct blob out = { 0 };
		struct err err = { 0 };
		if (export_text(csv, EXPORT_CSV_EXCEL, step, &out, &err) < 0)
			fail_msg("%s", err.text);
		assert_string_equal((const char *)out.data, expected);
		blob_free(&out);
	}
}

static void excel_in_english_takes_commas_and_points(void **state)
{
	(void)state;
	(void)language_use(LANGUAGE_ENGLISH);
	becomes("area,name,period,value,reason,state\n"
		"28300,\"Xã Đông, cũ\",2025-06,1234.5,,complete\n"
		"08,\"Mỹ \"\"Tho\"\"\",2025-Q2,,not reported,silent\n",
		"\xef\xbb\xbf"
		"Code,Name,Period,Value,Reason,State\r\n"
		"\"=\"\"28300\"\"\",\"Xã Đông, cũ\",\"=\"\"2025-06\"\"\",1234.5,,complete\r\n"
		"\"=\"\"08\"\"\",\"Mỹ \"\"Tho\"\"\",\"=\"\"2025-Q2\"\"\",,not reported,"
		"\"due, but nobody reported\"\r\n");
}

static void excel_in_vietnamese_takes_semicolons_and_commas(void **state)
{
	(void)state;
	(void)language_use(LANGUAGE_VIETNAMESE);
	becomes("value,reason,state\n-1234.5,\"a;b\",complete\n7,\"a,b\",partial\n",
		"\xef\xbb\xbf"
		"Giá trị;Lý do;Tình trạng\r\n"
		"-1234,5;\"a;b\";đầy đủ\r\n"
		"7;a,b;còn đơn vị thiếu báo cáo\r\n");
	(void)language_use(LANGUAGE_ENGLISH);
}

static void no_cell_is_a_formula_and_no_number_is_taken_for_one(void **state)
{
	(void)state;
	becomes("name,reason,value\n"
		"\"=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",+1,-5\n"
		"-2+3,@SUM(A1),-0.5\n"
		"\"\tx\",\"\rx\",+5\n"
		"\"\nx\",-,=1\n",
		"\xef\xbb\xbf"
		"Name,Reason,Value\r\n"
		"\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",\"'+1\",-5\r\n"
		"\"'-2+3\",\"'@SUM(A1)\",-0.5\r\n"
		"\"'\tx\",\"'\rx\",+5\r\n"
		"\"'\nx\",\"'-\",\"'=1\"\r\n");
}

static void what_excel_would_round_stays_text(void **state)
{
	(void)state;
	becomes("value\n123456789012345\n1234567890123456\n0.0001234567890123456\n"
		"1234567890123450000\n9007199254740993\n",
		"\xef\xbb\xbf"
		"Value\r\n123456789012345\r\n\"=\"\"1234567890123456\"\"\"\r\n"
		"\"=\"\"0.0001234567890123456\"\"\"\r\n1234567890123450000\r\n"
		"\"=\"\"9007199254740993\"\"\"\r\n");
}

static void what_is_missing_is_nothing_and_no_zero(void **state)
{
	(void)state;
	becomes("area,value,state\na,,silent\nb,0,complete\nc,\"\",silent\n",
		"\xef\xbb\xbf"
		"Code,Value,State\r\na,,\"due, but nobody reported\"\r\nb,0,complete\r\n"
		"c,\"\",\"due, but nobody reported\"\r\n");
}

static void fails(const char *csv, enum export_form form, int code)
{
	for (size_t step = 1; step < 40; step += 13) {
		struct blob out = { 0 };
		struct err err = { 0 };
		assert_int_equal(export_text(csv, form, step, &out, &err), code);
		assert_true(*err.text);
		blob_free(&out);
	}
}

static void what_is_damaged_or_cut_is_no_answer(void **state)
{
	static const char *const damaged[] = { "",
					       "area",
					       "area,value",
					       "area,value\na,1\nb",
					       "area,value\na,1\nb,2",
					       "area,value\na,1\n\"b",
					       "area,value\na\n",
					       "area,value\na,1,2\n",
					       "area,value\na\"b,1\n",
					       "area,value\n\"a\"b,1\n",
					       "area,value\n\xff,1\n" };
	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		for (unsigned form = 0; form < EXPORT_FORMS; form++)
			if (form != EXPORT_SDMX_CSV)
				fails(damaged[i], (enum export_form)form, -EBADMSG);
	fails("area,period,value,state\na,2025-06,5,complete\nb,2025-06,", EXPORT_SDMX_CSV,
	      -EBADMSG);
	fails("area,period,value,state\na,2025-06,5,silent\n", EXPORT_SDMX_CSV, -EBADMSG);
	fails("area,period,value,state\na,2025-06,,complete\n", EXPORT_SDMX_CSV, -EBADMSG);
	fails("area,period,value,state\na,2025-06,,unheard of\n", EXPORT_SDMX_CSV, -EBADMSG);
}

static void sdmx_is_for_figures_alone(void **state)
{
	(void)state;
	fails("office,name,due\no,n,1\n", EXPORT_SDMX_CSV, -EINVAL);
}

static void a_head_that_is_none_is_refused(void **state)
{
	static const char *const heads[] = { "",
					     "x",
					     "[]",
					     "{\"query\": 1}",
					     "{\"query\": {\"name\": 5.5}}",
					     "{\"query\": {\"name\": true}}",
					     "{\"query\": {\"name\": [5]}}" };
	const struct export_choice choice = { .form = EXPORT_CSV_EXCEL };
	struct blob out = { 0 };
	const struct export_sink sink = { gather, &out };
	struct err err = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct export *exp = NULL;
		assert_int_equal(export_open(&choice, &sink, &exp, &err), 0);
		assert_int_equal(export_head(exp, heads[i], &err), -EBADMSG);
		export_close(exp);
	}
	assert_int_equal(out.len, 0);
}

/* --- rows, as the aggregator writes them --- */

struct wanted {
	const struct table *table;
	size_t row; /* 0: the header */
};

static int is_row(void *context, const char *const cells[], size_t n, struct err *err)
{
	struct wanted *wanted = context;
	(void)err;
	assert_int_equal(n, table_columns(wanted->table));
	for (size_t i = 0; i < n; i++) {
		const char *cell = wanted->row == 0 ? table_column(wanted->table, i)
						    : table_cell(wanted->table, wanted->row - 1, i);
		if (!cell)
			assert_null(cells[i]);
		else
			assert_string_equal(cells[i], cell);
	}
	wanted->row++;
	return 0;
}

static void a_table_comes_back(struct dice *dice, void *context)
{
	static const char *const bits[] = { "",   "a", "\"", ",",  "\n", " ",    "\r",
					    "\t", "Đ", "=",  "''", "x",  "\"\"", "0" };
	const char *const columns[] = { "one", "two, \"three\"", "Đất\nđai", " blank " };
	struct table *table = table_open(columns, 1 + dice_below(dice, 4));
	size_t n_rows = dice_below(dice, 6), step = 1 + dice_below(dice, 9);
	struct blob csv = { 0 };
	struct wanted wanted = { .table = table };
	struct err err = { 0 };
	(void)context;
	assert_non_null(table);
	for (size_t row = 0; row < n_rows; row++) {
		table_row(table);
		for (size_t i = 0; i < table_columns(table); i++) {
			char text[64] = "";
			size_t n = dice_below(dice, 6);
			for (size_t k = 0; k < n; k++)
				strcat(text, bits[dice_below(dice, sizeof(bits) / sizeof(*bits))]);
			table_text(table, dice_below(dice, 4) ? text : NULL);
		}
	}
	assert_int_equal(table_csv(table, &csv), 0);
	struct rows_reader *reader = rows_reader_open(is_row, &wanted);
	for (size_t at = 0; at < csv.len; at += step)
		if (rows_reader_feed(reader, (const char *)csv.data + at,
				     csv.len - at < step ? csv.len - at : step, &err) < 0)
			fail_msg("%s", err.text);
	assert_int_equal(rows_reader_end(reader, &err), 0);
	assert_int_equal(wanted.row, n_rows + 1);
	rows_reader_close(reader);
	blob_free(&csv);
	table_close(table);
}

static void tables_come_back_cell_by_cell_null_and_empty_apart(void **state)
{
	(void)state;
	for_all_seeds(400, a_table_comes_back, NULL);
}

static void heads_go_into_a_field_of_http(void **state)
{
	const char *const columns[] = { "a" };
	struct table *table = table_open(columns, 1);
	struct blob out = { 0 }, small = { 0 };
	char longer[1000];
	(void)state;
	assert_int_equal(table_heads_ascii(table, 100, &out), 0);
	assert_int_equal(out.len, 0); /* there are none */
	table_head(table, "query", "name", "Đất \"đai\"\n\xf0\x9f\x98\x80");
	table_head(table, "query", "known", NULL);
	table_head(table, "ledger", "head", "17:ab");
	assert_int_equal(table_heads_ascii(table, 8192, &out), 0);
	assert_int_equal(blob_append(&out, "", 1), 0);
	assert_string_equal((const char *)out.data,
			    "{\"query\": {\"name\": \"\\u0110\\u1ea5t \\\"\\u0111ai\\\"\\n"
			    "\\ud83d\\ude00\", \"known\": null}, "
			    "\"ledger\": {\"head\": \"17:ab\"}}");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	table_head(table, "query", "left_out", longer);
	assert_int_equal(table_heads_ascii(table, 600, &small), 0);
	assert_int_equal(blob_append(&small, "", 1), 0);
	assert_true(small.len > 100 && small.len <= 601);
	assert_non_null(strstr((const char *)small.data, "xxx...\""));
	assert_non_null(strstr((const char *)small.data, "\"head\": \"17:ab\"")); /* to its end */
	blob_free(&small);
	assert_int_equal(table_heads_ascii(table, 50, &small), 0);
	assert_int_equal(small.len, 0);
	blob_free(&out);
	table_close(table);
}

static size_t peak_kb(void)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	return (size_t)usage.ru_maxrss;
}

/* Or the sanitizer keeps 256 MB of what was freed, and how much of that is there depends on what
 * else the machine does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8";
}

/* 500,000 rows are 40 MB of text: the forms that stream hold none of it, a workbook the values of
 * its grid. */
static void a_long_answer_needs_little_memory(void **state)
{
	static const size_t most_kb[EXPORT_FORMS] = { 20000, 200000, 20000 };
	(void)state;
	for (unsigned form = 0; form < EXPORT_FORMS; form++) {
		const struct export_choice choice = { .form = (enum export_form)form };
		uint64_t written = 0;
		const struct export_sink sink = { count, &written };
		struct export *exp = NULL;
		struct err err = { 0 };
		char text[160];
		size_t before;
		/* The workbook comes last: what it needs, the others after it would hide. */
		static const enum export_form order[] = { EXPORT_CSV_EXCEL, EXPORT_SDMX_CSV,
							  EXPORT_XLSX };
		struct export_choice now = choice;
		now.form = order[form];
		before = peak_kb();
		assert_int_equal(export_open(&now, &sink, &exp, &err), 0);
		assert_int_equal(export_head(exp, HEAD, &err), 0);
		int rc = export_feed(exp, "area,valid_from,period,value,state,due\n", 39, &err);
		for (unsigned i = 0; i < 500000 && rc == 0; i++) {
			int len = snprintf(text, sizeof(text),
					   "%05u,2020-01-01,%04u-%02u,%u.5,complete,1\n", i / 60,
					   2020 + i % 60 / 12, 1 + i % 12, i);
			rc = export_feed(exp, text, (size_t)len, &err);
		}
		if (rc < 0 || export_finish(exp, &err) < 0)
			fail_msg("%s", err.text);
		export_close(exp);
		assert_true(written > 1000000);
		if (peak_kb() - before > most_kb[now.form])
			fail_msg("%s took %zu KB", export_name(now.form), peak_kb() - before);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_answer_needs_little_memory), /* first: peaks only rise */
		cmocka_unit_test(excel_in_english_takes_commas_and_points),
		cmocka_unit_test(excel_in_vietnamese_takes_semicolons_and_commas),
		cmocka_unit_test(no_cell_is_a_formula_and_no_number_is_taken_for_one),
		cmocka_unit_test(what_excel_would_round_stays_text),
		cmocka_unit_test(what_is_missing_is_nothing_and_no_zero),
		cmocka_unit_test(what_is_damaged_or_cut_is_no_answer),
		cmocka_unit_test(sdmx_is_for_figures_alone),
		cmocka_unit_test(a_head_that_is_none_is_refused),
		cmocka_unit_test(tables_come_back_cell_by_cell_null_and_empty_apart),
		cmocka_unit_test(heads_go_into_a_field_of_http),
	};
	i18n_serve(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
