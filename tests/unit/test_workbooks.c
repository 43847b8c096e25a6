/* Workbooks as offices have them, read by lantoa-excel in its own process, by the reference
 * catalogue: what is recorded of each, and what is told, where. tests/support/workbooks.py wrote
 * them; the fuzz target of the reader begins with them. */
#include "common/base/blob.h"
#include "common/model/civil.h"
#include "import/tables.h"
#include "support/scratch.h"
#include "workbook/workbook.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_US    (INT64_C(20300) * 86400000000) /* 2025-07-31 */
#define CORPUS    SOURCE_DIR "/tests/fuzz/corpus/excel/"
#define CATALOGUE SOURCE_DIR "/aggregator/data/tien-giang/catalogue.csv"
#define TOLD_MAX  20u

#define SO        "Số tổ công nghệ số cộng đồng"
#define HS        "Số hồ sơ thủ tục hành chính tiếp nhận"
#define GT        "Giá trị tăng thêm của kinh tế số"
#define GTM       "economy.digital_value_added"
#define VB        "Số văn bản đi"
#define OLD                                                                                        \
	"2025-06 team.count=8\n2025-06 office.documents_issued=40\n2025-05 team.count=7\n"         \
	"2025-05 office.documents_issued=41\n"

struct expected {
	const char *file, *recorded; /* NULL: nothing */
	/* "WHERE|COLUMN|VALUE|part of the sentence"; a note begins with '~', a warning with '!' */
	const char *told[TOLD_MAX];
	const char *refusal; /* part of the sentence; NULL: it is taken */
};

static const struct expected workbooks[] = {
	{ .file = "shared_strings.xlsx", .recorded = "2025-06 team.count=8\n" },
	{ .file = "no_places.xlsx", .recorded = "2025-06 team.count=8\n" },
	{ .file = "prefixed.xlsx", .recorded = "2025-06 team.count=8\n" },
	{ .file = "blanks.xlsx", .recorded = "2025-06 team.count=8\n" },
	/* as the cell holds it, without what a double has too much, and never as it is shown */
	{ .file = "numbers.xlsx",
	  .recorded = "2019 " GTM "=8.592\n2020 " GTM "=1200\n2021 " GTM "=1234567\n"
		      "2023 " GTM "=0.3\n",
	  .told = { "Sheet1!B5|" GT "|1.234|'1.234' is text in this cell, and its mark can stand",
		    "Sheet1!B7|" GT "|1.2345E40|was shortened by the spreadsheet" } },
	/* of texts one tells for the others; numbers tell nothing */
	{ .file = "texts.xlsx",
	  .recorded = "2022 " GTM "=1234\n2023 " GTM "=12.5\n2024 " GTM "=1.5\n" },
	{ .file = "dates.xlsx",
	  .recorded = "2025-06 team.count=8\n2025-05 team.count=7\n2025-04 team.count=6\n"
		      "2025-03 team.count=5\n",
	  .told = { "Sheet1!A6|Kỳ|00:00|team.count: ",
		    "Sheet1!B7|" SO "|1900-01-08|the cell is formatted as a date" } },
	{ .file = "dates_1904.xlsx", .recorded = "2025-06 team.count=8\n" },
	{ .file = "dates_across.xlsx",
	  .recorded = "2025-04 team.count=6\n2025-05 team.count=7\n2025-06 team.count=8\n" },
	{ .file = "days.xlsx",
	  .recorded = "2025-06-30 service.dossiers_received=3\n"
		      "2025-06-28 service.dossiers_received=5\n",
	  .told = { "Sheet1!A3|Ngày|2025-06-29 12:00|service.dossiers_received: ",
		    "Sheet1!A5|Ngày|2025|service.dossiers_received: " } },
	{ .file = "formulas.xlsx",
	  .recorded = "2025-06 team.count=8\n2025-05 office.documents_issued=12\n"
		      "2025-04 office.documents_issued=7\n",
	  .told = { "Sheet1!C2|" VB "|=D2|'=D2' is a formula, and the file does not have what",
		    "Sheet1!B3|" SO "|#DIV/0!|is an error of the spreadsheet; mend its formula" } },
	{ .file = "percent.xlsx",
	  .recorded = "2024 " GTM "=0.45\n",
	  .told = { "!Sheet1!B2|" GT "|0.45|the sheet shows a percentage here, and 0.45 is" } },
	{ .file = "merged.xlsx",
	  .recorded = "2025-06-30 service.dossiers_received=3 sector=Đất đai\n"
		      "2025-06-30 service.dossiers_received=4 sector=Hộ tịch\n"
		      "2025-06-29 service.dossiers_received=5 sector=Đất đai\n",
	  .told = { "Sheet1!C7|" HS "|5|the cell is merged with the one above",
		    "~Sheet1, line 9||Người lập biểu|remark or a signature" } },
	{ .file = "merged_heads.xlsx",
	  .recorded = "2025-04 team.count=6\n2025-05 team.count=7\n",
	  .told = { "~Sheet1, line 2|||taken as the second line of the header" } },
	{ .file = "several_sheets.xlsx",
	  .recorded = "2025-06 team.count=8\n2025-05 team.count=7\n",
	  .told = { "~'Hướng dẫn'|||the sheet is passed over: no line of it names",
		    "~Cũ|||the sheet is hidden, and its figures are passed over",
		    "'Văn bản'|||line 1: column 'Số gì đó' is neither period" } },
	{ .file = "no_figures.xlsx", .refusal = "f: Bìa: line 1: " },
	{ .file = "hidden_sheet.xlsx",
	  .refusal = "f: the sheet 'Số liệu' holds figures, but it is hidden; show it" },
	{ .file = "empty.xlsx", .refusal = "f: there is nothing in it" },
	{ .file = "hidden_rows.xlsx",
	  .recorded = "2025-06 team.count=8\n2025-06 office.documents_issued=40\n"
		      "2025-05 team.count=7\n2025-05 office.documents_issued=41\n"
		      "2025-04 team.count=6\n2025-04 office.documents_issued=42\n"
		      "2025-03 team.count=5\n2025-03 office.documents_issued=43\n",
	  .told = { "~Sheet1|||rows are hidden in the sheet, and were read as the others are: "
		    "2-3, 5",
		    "~Sheet1|||columns are hidden in the sheet, and were read as the others are: "
		    "C" } },
	{ .file = "notes_below.xlsx",
	  .recorded = "2025-06 team.count=8\n",
	  .told = { "Sheet1, line 7||Tổng cộng|looks like a total",
		    "~Sheet1, line 9||Ghi chú: số liệu tạm tính|remark or a signature",
		    "~Sheet1, line 10||Người lập biểu|remark or a signature" } },
	{ .file = "twice_over_sheets.xlsx",
	  .recorded = "2025-05 team.count=7\n",
	  .told = { "'Tháng 6'!B2|" SO "|8|sheet 'Thang 6 (2)': line 3 gives another value",
		    "'Thang 6 (2)'!B3|" SO "|9|sheet 'Tháng 6': line 2 gives another value",
		    "~'Thang 6 (2)'!B4|" SO "|7|line 3 of the sheet 'Tháng 6' gives the same" } },
	/* its first table does not stand in the way of the other sheet's figure */
	{ .file = "second_header.xlsx",
	  .recorded = "2025-06 team.count=8\n",
	  .told = { "B|||lines 1 and 4 are both the header of a table" } },
	{ .file = "wide.xlsx", .refusal = "f: Sheet1: line 2: there are more than 256 fields" },
	/* formulas saved with what they come to, numbers in cells of numbers, cells that are
	 * separate, sheets that are shown, nothing beside the table */
	{ .file = "advice_followed.xlsx",
	  .recorded = "2025-06 team.count=8\n2025-06 office.documents_issued=40\n"
		      "2025-05 team.count=7\n2025-04 team.count=6\n"
		      "2025-04 office.documents_issued=42\n"
		      "2023 " GTM "=1234\n2024 " GTM "=45\n" },
	/* the same of Excel before 2007 */
	{ .file = "old.xls",
	  .recorded = OLD,
	  .told = { "~'Hướng dẫn'|||the sheet is passed over: no line of it names" } },
	{ .file = "old_continued.xls", .recorded = OLD },
	{ .file = "old_chart_inside.xls", .recorded = OLD },
	{ .file = "old_1258.xls", .refusal = "Thang 6: line 1: column 'Số' is neither period" },
	{ .file = "old_numbers.xls",
	  .recorded = "2019 " GTM "=8.592\n2020 " GTM "=12.5\n2021 " GTM "=1234567\n"
		      "2023 " GTM "=0.3\n2024 " GTM "=0.45\n",
	  .told = { "A!B5|" GT "|1.234|is text in this cell",
		    "!A!B7|" GT "|0.45|the sheet shows a percentage here" } },
	{ .file = "old_dates.xls",
	  .recorded = "2025-06 team.count=8\n2025-05 team.count=7\n2025-04 team.count=6\n",
	  .told = { "A!B5|" SO "|1900-01-08|the cell is formatted as a date" } },
	{ .file = "old_dates_1904.xls", .recorded = "2025-06 team.count=8\n" },
	{ .file = "old_formulas.xls",
	  .recorded = "2025-06 team.count=8\n2025-05 office.documents_issued=12\n"
		      "2025-04 office.documents_issued=7\n",
	  .told = { "A!C2|" VB "|=|'=' is a formula, and the file does not have what",
		    "A!B3|" SO "|#DIV/0!|is an error of the spreadsheet; mend its formula",
		    "A!B5|" SO "|#N/A|is an error of the spreadsheet",
		    "A!C5|" VB "|TRUE|'TRUE' is not a number" } },
	{ .file = "old_merged.xls",
	  .recorded = "2025-06-30 service.dossiers_received=3 sector=Đất đai\n"
		      "2025-06-30 service.dossiers_received=4 sector=Hộ tịch\n",
	  .told = { "~A|||rows are hidden in the sheet, and were read as the others are: 5",
		    "~A|||columns are hidden in the sheet, and were read as the others are: C, "
		    "J-IV" } },
	{ .file = "old_hidden_sheet.xls",
	  .refusal = "f: the sheet 'Số liệu' holds figures, but it is hidden; show it" },
	{ .file = "old_password.xls", .refusal = "this workbook is locked with a password" },
	{ .file = "password.xlsx", .refusal = "this workbook is locked with a password" },
	{ .file = "old_codepage.xls", .refusal = "in an old code page that is not read" },
	{ .file = "older.xls", .refusal = "of a program older than Excel 5" },
	{ .file = "old_truncated.xls", .refusal = "this workbook is damaged" },
	{ .file = "old_damaged.xls", .refusal = "this workbook is damaged" },
	{ .file = "old_loop.xls", .refusal = "this workbook is damaged" },
	{ .file = "letter.doc", .refusal = "this is not a workbook, whatever its name says" },
	{ .file = "no_such_string.xlsx", .refusal = "this workbook is damaged" },
	{ .file = "truncated.xlsx", .refusal = "this workbook is damaged" },
	{ .file = "damaged.xlsx", .refusal = "this workbook is damaged" },
	{ .file = "rows_go_back.xlsx", .refusal = "this workbook is damaged" },
	{ .file = "no_sheet_part.xlsx", .refusal = "this workbook is damaged" },
	{ .file = "entity_bomb.xlsx", .refusal = "has parts that no spreadsheet program writes" },
	{ .file = "outside_entity.xlsx", .refusal = "has parts that no spreadsheet program" },
	{ .file = "many_styles.xlsx", .refusal = "has parts that no spreadsheet program writes" },
	{ .file = "letter.docx", .refusal = "this is not a workbook, whatever its name says" },
	{ .file = "archive.zip", .refusal = "this is not a workbook, whatever its name says" },
	{ .file = "binary.xlsb", .refusal = "this is a binary workbook (.xlsb)" },
	{ .file = "table.ods",
	  .refusal = "this is an OpenDocument table (.ods), which is not read; "
		     "save it as an Excel workbook (.xlsx)" },
};
#define N_WORKBOOKS (sizeof(workbooks) / sizeof(workbooks[0]))

struct fixture {
	struct catalogue *catalogue;
	struct blob recorded;
	const struct expected *expected;
	size_t n_told, n_wrong;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	FILE *file = fopen(CATALOGUE, "re");
	struct blob csv = { 0 };
	assert_true(f && file);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	assert_int_equal(blob_reserve(&csv, 65536), 0);
	csv.len = fread(csv.data, 1, 65536, file);
	(void)fclose(file); /* only read */
	if (catalogue_read((char *)csv.data, csv.len, &f->catalogue, &f->err) != 0)
		fail_msg("%s", f->err.text);
	blob_free(&csv);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	catalogue_close(f->catalogue);
	blob_free(&f->recorded);
	free(f);
	return 0;
}

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	struct fixture *f = context;
	(void)judged;
	(void)ret_found;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		char line[512];
		int len = snprintf(line, sizeof(line), "%s %s=%s%s%s\n",
				   entries[i].period ? entries[i].period : "now", entries[i].metric,
				   entries[i].value ? entries[i].value : "-",
				   *entries[i].labels ? " " : "", entries[i].labels);
		assert_int_equal(blob_append(&f->recorded, line, (size_t)len), 0);
	}
	return 0;
}

/* All of them are looked at before the test fails. */
static void wrong(struct fixture *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct fixture *f, const char *format, ...)
{
	char text[2048];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
	va_end(args);
	print_error("%s: %s\n", f->expected->file, text);
	f->n_wrong++;
}

/* The next that is expected: its place exactly, of its sentence a part. */
static void tell(struct fixture *f, const char *mark, const struct import_diagnostic *told)
{
	char place[512], where[IMPORT_WHERE_MAX];
	const char *wanted = f->n_told < TOLD_MAX ? f->expected->told[f->n_told] : NULL;
	(void)snprintf(place, sizeof(place), "%s%s|%s|%s|", mark, import_where(told, where),
		       told->column, told->value);
	if (!wanted || strncmp(wanted, place, strlen(place)) != 0 ||
	    !strstr(told->why, wanted + strlen(place)))
		wrong(f, "told '%s%s' instead of '%s'", place, told->why,
		      wanted ? wanted : "nothing");
	f->n_told++;
}

static void on_error(void *context, const struct import_diagnostic *error)
{
	tell(context, "", error);
}

static void on_note(void *context, const struct import_diagnostic *told)
{
	tell(context, "~", told);
}

static void on_warning(void *context, const struct import_diagnostic *told)
{
	tell(context, "!", told);
}

static void check(struct fixture *f, const struct expected *expected)
{
	char path[PATH_MAX];
	struct import_result result;
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.on_entries = on_entries,
					.on_error = on_error,
					.on_note = on_note,
					.on_warning = on_warning,
					.context = f };
	(void)snprintf(path, sizeof(path), CORPUS "%s", expected->file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s is not there", path);
	f->expected = expected;
	f->n_told = f->recorded.len = 0;
	int rc = import_workbook(&config, "f", fd, &result, &f->err);
	(void)close(fd); /* only read */
	if (rc != (expected->refusal ? -EINVAL : 0) ||
	    (expected->refusal && !strstr(f->err.text, expected->refusal)))
		wrong(f, "%d %s", rc, rc < 0 ? f->err.text : "");
	if (f->n_told < TOLD_MAX && expected->told[f->n_told])
		wrong(f, "not told: %s", expected->told[f->n_told]);
	assert_int_equal(blob_append(&f->recorded, "", 1), 0);
	if (strcmp((char *)f->recorded.data, expected->recorded ? expected->recorded : "") != 0)
		wrong(f, "recorded\n%s", (char *)f->recorded.data);
}

static void every_workbook_comes_to_what_it_should(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < N_WORKBOOKS; i++)
		check(f, &workbooks[i]);
	assert_int_equal(f->n_wrong, 0);
}

/* --- what the reader says is not believed --- */

static void feed(const struct headings *headings, const char *cells, size_t piece, const char *why)
{
	struct tables *tables;
	struct err err = { 0 };
	assert_int_equal(tables_open(headings, &tables, &err), 0);
	assert_int_equal(tables_begin(tables, TABLES_DETECT, NULL, &err), 0);
	int rc = 0;
	size_t len = strlen(cells);
	for (size_t at = 0; at < len && rc == 0; at += piece)
		rc = tables_feed(tables, cells + at, len - at < piece ? len - at : piece, &err);
	if (rc == 0)
		rc = tables_end(tables, &err);
	if (rc != (why ? -EINVAL : 0) || (why && !strstr(err.text, why)))
		fail_msg("%d '%s' of\n%s", rc, err.text, cells);
	tables_close(tables);
}

static void what_is_no_text_of_cells_is_refused(void **state)
{
	struct fixture *f = *state;
	struct headings *headings;
	char long_line[9000];
	static const char no_cells[] = "gave an answer that cannot be right";
	static const char *const bad[] = {
		"",
		"lantoa-cells 2\nE\n",
		"lantoa-cells 1\n",
		"lantoa-cells 1\nS\t-\tA\n",
		"lantoa-cells 1\nR\t1\t-\nE\n",
		"lantoa-cells 1\nS\tx\tA\nE\n",
		"lantoa-cells 1\nS\t-\tA\nC\t1\tt\tKỳ\nE\n",
		"lantoa-cells 1\nS\t-\tA\nR\t2\t-\nR\t2\t-\nE\n",
		"lantoa-cells 1\nS\t-\tA\nR\t0\t-\nE\n",
		"lantoa-cells 1\nS\t-\tA\nR\t1048577\t-\nE\n",
		"lantoa-cells 1\nS\t-\tA\nR\t1\t-\nC\t1\tx\tKỳ\nE\n",
		"lantoa-cells 1\nS\t-\tA\nR\t1\t-\nC\t2\tt\tKỳ\nC\t1\tt\tKỳ\nE\n",
		"lantoa-cells 1\nS\t-\tA\nR\t1\t-\nC\t16385\tt\tKỳ\nE\n",
		"lantoa-cells 1\nS\t-\tA\nR\t1\t-\nC\t1\tt\t\xff\nE\n",
		"lantoa-cells 1\nS\t-\tA\nH\t3\t2\nE\n",
		"lantoa-cells 1\nX\t99\t\nE\n",
		"lantoa-cells 1\nE\nS\t-\tA\n",
	};
	assert_int_equal(headings_open(f->catalogue, &headings, &f->err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		feed(headings, bad[i], 1, no_cells);
		feed(headings, bad[i], SIZE_MAX, no_cells);
	}
	feed(headings, "lantoa-cells 1\nS\t-\tA\nR\t1\t-\nC\t1\tt\tKỳ\nC\t2\tt\t" SO "\nE\n", 1,
	     NULL);
	feed(headings, "lantoa-cells 1\nX\t1\t\n", 3, "this workbook is damaged");
	feed(headings, "lantoa-cells 1\nX\t8\t> 32 MiB\n", 3, "too large (> 32 MiB)");
	(void)snprintf(long_line, sizeof(long_line), "lantoa-cells 1\nS\t-\t%08600d\nE\n", 1);
	feed(headings, long_line, 100, no_cells);
	headings_close(headings);
}

/* --- the reader's process --- */

static void a_reader_that_nobody_listens_to_is_ended(void **state)
{
	struct fixture *f = *state;
	struct workbook_reader *reader;
	char cells[8];
	int fd = open(CORPUS "several_sheets.xlsx", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(workbook_reader_open(fd, &reader, &f->err), 0);
		ssize_t n =
			i % 2 ? workbook_reader_read(reader, cells, sizeof(cells), 5000, &f->err)
			      : 1;
		assert_true(n > 0);
		workbook_reader_close(reader);
	}
	(void)close(fd); /* only read */
}

static void a_pipe_is_no_workbook(void **state)
{
	struct fixture *f = *state;
	struct workbook_reader *reader;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(workbook_reader_open(ends[0], &reader, &f->err), -ESPIPE);
	(void)close(ends[0]); /* a pipe, as the next one */
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_workbook_comes_to_what_it_should, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_text_of_cells_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_reader_that_nobody_listens_to_is_ended, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_pipe_is_no_workbook, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("workbooks", tests, NULL, NULL);
}
