/* Tables as spreadsheets and people write them: a corpus with what each file must come to, and the
 * law that a table is the same whatever dialect it is written in. */
#include "common/base/blob.h"
#include "common/model/civil.h"
#include "import/import.h"
#include "support/seeds.h"

#include <errno.h>
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US (INT64_C(20300) * 86400000000) /* 2025-07-31 */
#define CORPUS SOURCE_DIR "/tests/fuzz/corpus/import"

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"team.count,Số tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
	"dossiers.received,Hồ sơ nhận,Dossiers,dossier,flow,sum,sum,day,sector,0,0,commune,1,0,\n"
	"visits,Số lượt,Visits,visit,flow,sum,sum,day,,0,0,commune,1,0,\n"
	"digitized,Số hóa,Digitized,file,flow,sum,sum,day,,0,0,commune,1,0,\n"
	"score,Điểm,Score,point,ratio,last,mean,day,,2,0,commune,1,,\n"
	"area,Diện tích,Area,ha,stock,last,sum,day,,3,0,commune,1,,\n"
	"balance,Số dư,Balance,đồng,flow,sum,sum,day,,1,0,commune,1,,\n"
	"quarterly,Theo quý,Quarterly,x,flow,sum,sum,quarter,,0,0,commune,1,,\n"
	"half,Nửa năm,Half,x,flow,sum,sum,semester,,0,0,commune,1,,\n"
	"yearly,Theo năm,Yearly,x,flow,sum,sum,year,,0,0,commune,1,,\n"
	"weekly,Theo tuần,Weekly,x,flow,sum,sum,week,,0,0,commune,1,,\n"
	"hourly,Theo giờ,Hourly,x,flow,sum,sum,hour,,0,0,commune,1,,\n"
	"twin.a,Trùng,Twin a,x,flow,sum,sum,day,,0,0,commune,1,,\n"
	"twin.b,Trùng,Twin b,x,flow,sum,sum,day,,0,0,commune,1,,\n";

struct fixture {
	struct catalogue *catalogue;
	struct blob recorded, errors; /* a line each */
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
	blob_free(&f->recorded);
	blob_free(&f->errors);
	free(f);
	return 0;
}

static void put(struct blob *blob, const char *text)
{
	assert_int_equal(blob_append(blob, text, strlen(text)), 0);
}

static const char *text_of(struct blob *blob)
{
	assert_int_equal(blob_append(blob, "", 1), 0);
	blob->len--;
	return (const char *)blob->data;
}

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	(void)judged;
	(void)ret_found;
	struct fixture *f = context;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		char line[512];
		(void)snprintf(line, sizeof(line), "%s %s=%s%s%s\n",
			       entries[i].period ? entries[i].period : "now", entries[i].metric,
			       entries[i].value ? entries[i].value : "-",
			       *entries[i].labels ? " " : "", entries[i].labels);
		put(&f->recorded, line);
	}
	return 0;
}

static void on_error(void *context, const struct import_diagnostic *error)
{
	struct fixture *f = context;
	char line[1024];
	(void)snprintf(line, sizeof(line), "%u: %s\n", error->line, error->why);
	put(&f->errors, line);
}

static int import(struct fixture *f, const void *csv, size_t len)
{
	struct import_result result;
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.on_entries = on_entries,
					.on_error = on_error,
					.context = f };
	f->recorded.len = f->errors.len = 0;
	f->err = (struct err){ 0 };
	return import_csv(&config, "f", csv, len, &result, &f->err);
}

/* --- the corpus --- */

static const struct expected {
	const char *file, *recorded; /* NULL: nothing */
	const char *errors[4];       /* in order, a part of each; "N: " is its line */
	const char *refusal;         /* part of the sentence; NULL: it is taken */
} corpus[] = {
	{ .file = "excel_vi_utf8.csv",
	  .recorded = "2025-06 team.count=7\n2025-06-30 score=12.5\n2025-06-29 area=1234.567\n" },
	{ .file = "excel_vi_utf16le_tab.txt",
	  .recorded = "2025-06 team.count=7\n2025-06-30 score=12.5\n2025-06-29 area=1234.567\n" },
	{ .file = "utf16be_no_mark.csv",
	  .recorded = "2025-06 team.count=7\n2025-06-30 score=12.5\n2025-06-29 area=1234.567\n" },
	{ .file = "utf16le_no_mark.csv",
	  .recorded = "2025-06 team.count=7\n2025-06-30 score=12.5\n2025-06-29 area=1234.567\n" },
	{ .file = "windows_1258.csv",
	  .recorded = "2025-06 team.count=7\n2025-06-30 score=12.5\n2025-06-29 area=1234.567\n" },
	{ .file = "windows_1258_ascii_names.csv", .refusal = "this is not UTF-8" },
	{ .file = "nfd.csv", .recorded = "2025-06-30 dossiers.received=3 sector=đất đai\n" },
	{ .file = "capitals_old_tones.csv",
	  .recorded = "2025-06-30 score=9\n2025-06-30 digitized=1\n" },
	{ .file = "old_mac.csv", .recorded = "2025-06 team.count=7\n2025-05 team.count=6\n" },
	{ .file = "sep_line.csv", .recorded = "2025-06 team.count=7\n" },
	{ .file = "titles_above.csv", .recorded = "2025-06 team.count=7\n2025-05 team.count=6\n" },
	{ .file = "thousands_dots.csv",
	  .recorded = "2025-06-30 visits=1000\n2025-06-29 visits=2500000\n" },
	{ .file = "thousands_by_separator.csv", .recorded = "2025-06-30 visits=1000\n" },
	{ .file = "thousands_with_labels.csv",
	  .errors = { "2: area: '8.619' can be read as 8619 or as 8.619" } },
	{ .file = "title_is_a_label.csv", .recorded = "2025-06-30 visits=3\n" },
	{ .file = "thousands_ambiguous.csv",
	  .recorded = "2025-06-29 visits=12\n2025-06-29 score=7\n",
	  .errors = { "2: visits: '1.000' can be read as 1000 or as 1,",
		      "2: score: '1,234' can be read as 1.234 or as 1234" } },
	{ .file = "marks_conflict.csv",
	  .recorded = "2025-06-30 score=12.5\n2025-06-30 visits=1\n2025-06-29 score=12.5\n"
		      "2025-06-29 visits=2\n2025-06-28 visits=3\n",
	  .errors = { "4: score: '1,250' can be read as 1.25 or as 1250" } },
	{ .file = "point_by_program.csv",
	  .recorded = "2025-06-30 area=1.234\n2025-06-29 area=0.500\n2025-06-30 score=7.25\n",
	  .errors = { "5: visits: '1.000' can be read as 1 or as 1000" } },
	{ .file = "english_thousands.csv",
	  .recorded = "2025-06-30 visits=1234567\n2025-06-30 score=7.25\n"
		      "2025-06-29 visits=1234\n2025-06-29 score=7\n" },
	{ .file = "quoted_breaks.csv",
	  .recorded = "2025-06-30 visits=3\n",
	  .errors = { "6: visits: 'x' is not a number" } },
	{ .file = "day_month.csv",
	  .recorded = "2025-07-07 visits=3\n",
	  .errors = { "2: visits: '6/30/2025' has the month before the day; write the day "
		      "first: "
		      "30/06/2025",
		      "3: visits: '6/7/2025' could be 2025-07-06 or 2025-06-07",
		      "5: visits: '30/06/25': write the year with four digits" } },
	{ .file = "periods.csv",
	  .recorded = "2025-06 team.count=1\n2025-05 team.count=2\n2025-Q2 quarterly=3\n2025-Q1 "
		      "quarterly=4\n"
		      "2025-S1 half=5\n2024 yearly=6\n2025-W26 weekly=7\n2025-06-30T14 hourly=8\n"
		      "2025-06-30 visits=9\n2025-06-29 visits=10\n2025-04 team.count=11\n",
	  .errors = { "13: team.count: 'Tháng 13/2025' is not a period" } },
	{ .file = "two_labels.csv", .refusal = "line 1: column 'Trùng': several metrics" },
	{ .file = "unknown_column.csv", .refusal = "line 1: column 'Cột lạ' is neither" },
	{ .file = "no_header.csv", .refusal = "line 1: column '1' is neither" },
	{ .file = "value_without_column.csv",
	  .recorded = "2025-06-30 visits=3\n2025-06-30 score=1\n2025-06-27 visits=6\n",
	  .errors = { "3: it stands in column 3", "4: it stands in column 5" } },
	{ .file = "spaces_minus.csv",
	  .recorded = "2025-06-30 balance=-1234.5\n2025-06-30 visits=1000\n2025-06-28 balance=-\n"
		      "2025-06-28 visits=-\n",
	  .errors = { "3: balance: '-' can mean none", "3: visits: '-' can mean none" } },
	{ .file = "workbook.xlsx", .refusal = "this is a workbook, not CSV" },
	{ .file = "binary.csv", .refusal = "this is not text" },
	{ .file = "empty.csv", .refusal = "there is no header line" },
	{ .file = "unclosed_quote.csv",
	  .refusal = "line 3: a quote is opened here and never closed" },
	{ .file = "truncated_utf16.csv", .refusal = "the text is damaged: it is not UTF-16LE" },
};
#define N_CORPUS (sizeof(corpus) / sizeof(corpus[0]))

static void read_whole(const char *name, struct blob *out)
{
	char path[512];
	(void)snprintf(path, sizeof(path), CORPUS "/%s", name);
	FILE *file = fopen(path, "re");
	if (!file)
		fail_msg("%s is not there", path);
	assert_int_equal(blob_reserve(out, 65536), 0);
	out->len = fread(out->data, 1, 65536, file);
	(void)fclose(file); /* only read */
}

static void compare(struct fixture *f, const struct expected *expected, int rc)
{
	const char *told = text_of(&f->errors);
	const char *recorded = expected->recorded ? expected->recorded : "";
	if (strcmp(text_of(&f->recorded), recorded) != 0)
		fail_msg("%s: recorded\n%sinstead of\n%s%s%s", expected->file,
			 text_of(&f->recorded), recorded, told, f->err.text);
	if (expected->refusal) {
		if (rc != -EINVAL || !strstr(f->err.text, expected->refusal))
			fail_msg("%s: %d %s", expected->file, rc, f->err.text);
		return;
	}
	assert_int_equal(rc, 0);
	for (size_t i = 0; i < 4 && expected->errors[i]; i++) {
		if (strncmp(told, expected->errors[i], strlen(expected->errors[i])) != 0)
			fail_msg("%s: told '%s' instead of '%s'", expected->file, told,
				 expected->errors[i]);
		told = strchr(told, '\n') + 1;
	}
	if (*told)
		fail_msg("%s: more is told: %s", expected->file, told);
}

static void every_file_of_the_corpus_comes_to_what_it_should(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < N_CORPUS; i++) {
		struct blob csv = { 0 };
		read_whole(corpus[i].file, &csv);
		compare(f, &corpus[i], import(f, csv.data, csv.len));
		blob_free(&csv);
	}
}

/* --- a table is the same in every dialect --- */

#define ROWS_MAX 12u

struct row {
	int day;          /* of June 2025 */
	int64_t visits;   /* -1: empty */
	int64_t hundreds; /* of the score; INT64_MIN: empty */
};

struct writing { /* a dialect, as a writer knows it */
	const char *charset, *mark;
	char separator, decimal;
	const char *line_end;
	bool thousands, titles, spare_columns, labels_in_english;
};

static void put_separator(const struct writing *w, struct blob *out)
{
	char text[2] = { w->separator, '\0' };
	put(out, text);
}

/* 1234567 as 1.234.567 */
static void put_whole(const struct writing *w, struct blob *out, int64_t whole)
{
	char digits[32];
	int n = snprintf(digits, sizeof(digits), "%lld", (long long)whole);
	for (int i = 0; i < n; i++) {
		char group[3] = { w->decimal == ',' ? '.' : ',', digits[i], '\0' };
		bool due = w->thousands && i > 0 && (n - i) % 3 == 0;
		put(out, due ? group : group + 1);
	}
}

static void put_number(const struct writing *w, struct blob *out, int64_t hundreds, bool whole)
{
	char fraction[8];
	put(out, "\"");
	if (hundreds < 0)
		put(out, "-");
	int64_t size = hundreds < 0 ? -hundreds : hundreds;
	put_whole(w, out, size / 100);
	(void)snprintf(fraction, sizeof(fraction), "%c%02d", w->decimal, (int)(size % 100));
	if (!whole)
		put(out, fraction);
	put(out, "\"");
}

static void put_period(struct dice *dice, struct blob *out, int day)
{
	char texts[5][64];
	(void)snprintf(texts[0], sizeof(texts[0]), "%02d/06/2025", day);
	(void)snprintf(texts[1], sizeof(texts[1]), "%d/6/2025", day);
	(void)snprintf(texts[2], sizeof(texts[2]), "2025-06-%02d", day);
	(void)snprintf(texts[3], sizeof(texts[3]), "%02d-06-2025", day);
	(void)snprintf(texts[4], sizeof(texts[4]), "ngày %d tháng 6 năm 2025", day);
	put(out, texts[dice_below(dice, 5)]);
}

static void write_table(struct dice *dice, const struct writing *w, const struct row rows[],
			size_t n, struct blob *out)
{
	const char *names[2][3] = { { "Kỳ báo cáo", "Số lượt", "ĐIỂM" },
				    { "Period", "Visits", "score" } };
	if (w->titles) {
		put(out, "BÁO CÁO");
		put(out, w->line_end);
	}
	for (int c = 0; c < 3; c++) {
		put(out, names[w->labels_in_english][c]);
		put_separator(w, out);
	}
	put(out, w->line_end);
	for (size_t i = 0; i < n; i++) {
		put_period(dice, out, rows[i].day);
		put_separator(w, out);
		if (rows[i].visits >= 0)
			put_number(w, out, rows[i].visits * 100, true);
		put_separator(w, out);
		if (rows[i].hundreds != INT64_MIN)
			put_number(w, out, rows[i].hundreds, false);
		if (w->spare_columns)
			put_separator(w, out);
		put(out, w->line_end);
	}
}

static void expect_table(const struct row rows[], size_t n, struct blob *out)
{
	char line[128];
	for (size_t i = 0; i < n; i++) {
		int64_t h = rows[i].hundreds;
		if (rows[i].visits >= 0) {
			(void)snprintf(line, sizeof(line), "2025-06-%02d visits=%lld\n",
				       rows[i].day, (long long)rows[i].visits);
			put(out, line);
		}
		if (h == INT64_MIN)
			continue;
		int64_t size = h < 0 ? -h : h;
		(void)snprintf(line, sizeof(line), "2025-06-%02d score=%s%lld.%02d\n", rows[i].day,
			       h < 0 ? "-" : "", (long long)(size / 100), (int)(size % 100));
		put(out, line);
	}
}

static void encode(const struct writing *w, const struct blob *text, struct blob *out)
{
	iconv_t to = iconv_open(w->charset, "UTF-8");
	assert_true(to != (iconv_t)-1);
	put(out, w->mark);
	assert_int_equal(blob_reserve(out, text->len * 4 + 64), 0);
	char *in = (char *)text->data, *at = (char *)out->data + out->len;
	size_t len = text->len, room = out->room - out->len, had = room;
	assert_int_equal(iconv(to, &in, &len, &at, &room), 0);
	out->len += had - room;
	(void)iconv_close(to); /* opened above */
}

static struct writing random_writing(struct dice *dice)
{
	static const struct {
		const char *charset, *mark;
	} charsets[] = { { "UTF-8", "\xef\xbb\xbf" }, { "UTF-8", "" },
			 { "UTF-16LE", "\xff\xfe" },  { "UTF-16BE", "\xfe\xff" },
			 { "UTF-16LE", "" },          { "UTF-16BE", "" } };
	static const char *const ends[] = { "\n", "\r\n", "\r" };
	size_t c = dice_below(dice, 6);
	return (struct writing){ .charset = charsets[c].charset,
				 .mark = charsets[c].mark,
				 .separator = ";,\t"[dice_below(dice, 3)],
				 .decimal = dice_below(dice, 2) ? ',' : '.',
				 .line_end = ends[dice_below(dice, 3)],
				 .thousands = dice_below(dice, 2),
				 .titles = dice_below(dice, 2),
				 .spare_columns = dice_below(dice, 2),
				 .labels_in_english = dice_below(dice, 2) };
}

static void a_table_is_itself(struct dice *dice, void *context)
{
	struct fixture *f = context;
	struct row rows[ROWS_MAX + 1];
	struct blob text = { 0 }, file = { 0 }, expected = { 0 };
	struct writing w = random_writing(dice);
	size_t n = dice_below(dice, ROWS_MAX), first = dice_below(dice, 29);
	for (size_t i = 0; i < n; i++)
		rows[i] = (struct row){
			.day = (int)(first + i) % 29 + 1, /* each has one line */
			.visits = dice_below(dice, 4) ? dice_between(dice, 0, 3000000) : -1,
			.hundreds = dice_below(dice, 4) ? dice_between(dice, -99999999, 99999999)
							: INT64_MIN,
		};
	rows[n] = (struct row){ .day = 30, .visits = -1, .hundreds = 1234550 }; /* it tells */
	write_table(dice, &w, rows, n + 1, &text);
	encode(&w, &text, &file);
	expect_table(rows, n + 1, &expected);
	if (import(f, file.data, file.len) != 0)
		fail_msg("%s", f->err.text);
	assert_string_equal(text_of(&f->errors), "");
	assert_string_equal(text_of(&f->recorded), text_of(&expected));
	blob_free(&text);
	blob_free(&file);
	blob_free(&expected);
}

static void a_table_is_the_same_in_every_dialect(void **state)
{
	for_all_seeds(2000, a_table_is_itself, *state);
}

/* --- bounds --- */

static void a_quote_that_is_never_closed_does_not_fill_the_memory(void **state)
{
	struct fixture *f = *state;
	struct blob csv = { 0 };
	put(&csv, "Kỳ;Số lượt\n\"");
	for (int i = 0; i < 40000; i++)
		put(&csv, "0123456789\n");
	assert_int_equal(import(f, csv.data, csv.len), -EINVAL);
	assert_non_null(strstr(f->err.text, "line 2: a field is longer than"));
	blob_free(&csv);
}

static void a_table_begins_among_the_first_lines(void **state)
{
	struct fixture *f = *state;
	struct blob csv = { 0 };
	for (int i = 0; i < 29; i++)
		put(&csv, "tiêu đề\n");
	put(&csv, "Kỳ;Số lượt\n30/06/2025;3\n");
	assert_int_equal(import(f, csv.data, csv.len), 0);
	csv.len = 0;
	for (int i = 0; i < 30; i++)
		put(&csv, "tiêu đề\n");
	put(&csv, "Kỳ;Số lượt\n30/06/2025;3\n");
	assert_int_equal(import(f, csv.data, csv.len), -EINVAL);
	blob_free(&csv);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_file_of_the_corpus_comes_to_what_it_should),
		TEST(a_table_is_the_same_in_every_dialect),
		TEST(a_quote_that_is_never_closed_does_not_fill_the_memory),
		TEST(a_table_begins_among_the_first_lines),
	};
	return cmocka_run_group_tests_name("dialects", tests, NULL, NULL);
}
