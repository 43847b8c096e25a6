/* What the agent advises about what was handed in to it, followed (tests/support/advice.h). */
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "import/import.h"
#include "support/advice.h"

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
	"due_days,min,max,undivided\n"
	"economy,Kinh tế số,Digital economy,tỷ,flow,sum,sum,year,,3,0,commune,2,0,,\n"
	"share,Tỷ lệ,Share,ha,stock,last,sum,year,,3,0,commune,2,0.125,1.250,\n"
	"teams,Số tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000,\n"
	"dossiers,Hồ sơ,Dossiers,dossier,flow,sum,sum,month,sector,0,0,commune,2,0,,\n"
	"trained,Đã tập huấn,Trained,person,stock,last,sum,quarter,,0,2,commune,5,0,,\n"
	"answered,Đã trả,Answered,dossier,flow,sum,sum,day,,0,0,commune,2,0,,\n"
	"queue,Đang chờ,Waiting,person,flow,sum,sum,hour,,0,0,commune,2,0,,\n"
	"paid_in,Đã trả tiền,Paid in,VND,flow,sum,sum,month,,0,0,commune,2,0,,\n"
	"paid_a,Đã chi,Paid,VND,flow,sum,sum,month,,0,0,commune,2,0,,\n"
	"paid_b,Đã chi,Spent,VND,flow,sum,sum,month,,0,0,commune,2,0,,\n"
	"installs,Cài đặt,Installs,install,flow,sum,sum,month,app,0,0,commune,2,0,,\n"
	"helped,Được giúp,Helped,person,flow,sum,sum,month,app,0,0,commune,2,0,,refused\n";

static const char dimensions_csv[] = "dimension,code,label_vi,label_en,valid_from,valid_to\n"
				     "app,VNeID,Định danh điện tử,Identity,2022-07-18,\n"
				     "app,bluezone,Bluezone,Bluezone,,2022-01-01\n"
				     "app,pccovid,PC-Covid,PC-Covid,2021-10-01,2024-01-01\n";

struct fixture {
	struct catalogue *catalogue;
	struct blob *said, *recorded; /* of the table at hand */
	bool periods_needed;          /* as of the inbox */
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	assert_int_equal(
		catalogue_read(catalogue_csv, strlen(catalogue_csv), &f->catalogue, &f->err), 0);
	struct dimensions *dimensions = NULL;
	assert_int_equal(
		dimensions_read(dimensions_csv, strlen(dimensions_csv), &dimensions, &f->err), 0);
	catalogue_use_dimensions(f->catalogue, dimensions);
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

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	(void)judged;
	(void)ret_found;
	struct fixture *f = context;
	struct observation obs;
	char written[LABELS_TEXT_MAX];
	for (size_t i = 0; i < n; i++) {
		int rc = entry_judge(f->catalogue, &entries[i], NOW_US, written, &obs, err);
		if (rc != 0)
			return rc;
	}
	for (size_t i = 0; i < n; i++) {
		char text[256];
		const char *labels = entries[i].labels;
		int len = snprintf(text, sizeof(text), "%s %s%s%s%s=%s;",
				   entries[i].period ? entries[i].period : "now", entries[i].metric,
				   *labels ? "{" : "", labels, *labels ? "}" : "",
				   entries[i].value ? entries[i].value : "none");
		assert_int_equal(blob_append(f->recorded, text, (size_t)len), 0);
	}
	return 0;
}

static void say(struct fixture *f, const char *why)
{
	assert_int_equal(blob_append(f->said, why, strlen(why)), 0);
	assert_int_equal(blob_append(f->said, "\n", 1), 0);
}

static void on_error(void *context, const struct import_diagnostic *error)
{
	say(context, error->why);
}

/* As the command and the inbox do. */
static void try_table(void *context, const char *text, struct blob *said, struct blob *recorded)
{
	struct fixture *f = context;
	struct import_result result;
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.periods_needed = f->periods_needed,
					.on_entries = on_entries,
					.on_error = on_error,
					.context = f };
	f->said = said;
	f->recorded = recorded;
	if (import_csv(&config, "f", text, strlen(text), &result, &f->err) != 0)
		say(f, f->err.text);
}

#define COMMAS         "Kỳ;Kinh tế số;Tỷ lệ\n2023;12,5;\n2024;@\n"  /* a Vietnamese spreadsheet's */
#define POINTS         "period,economy,share\n2023,12.5,\n2024,@\n" /* a program's */
#define SILENT         "Kỳ,Kinh tế số,Tỷ lệ\n2024,@\n" /* tells nothing about its numbers */
#define MONTHLY        "Kỳ;Số tổ\n06/2025;@\n"
#define IN_SHARE       "Kỳ;Tỷ lệ\n2023;0,5\n2024;@\n"
#define MONTH          "Kỳ;Số tổ\n@;8\n"
#define DAY            "Kỳ;Đã trả\n@;8\n"
#define SECTORS        "Kỳ;Lĩnh vực;Hồ sơ\n06/2025;Đất đai;@\n"
#define LINES          "Kỳ;Số tổ\n05/2025;7\n@"
#define LINES_7        "2025-05 teams=7;"
#define DOSSIERS_LABEL "metric,period,value,labels\ndossiers,2025-06,8,@\n"

#define NO_NUMBER      "'%s' is not a number; write digits alone, without a unit, like 12"
#define NO_DECIMAL     "'%s' is not a number; write digits alone, without a unit, like 12 or 12%c5"
#define OWN_UNIT       "'%s' has its unit beside it; write the number alone, like %s"
#define OTHER_UNIT     "'%s' is in another unit; write the figure in '%s', in digits alone"
#define REMARK         "'%s' has the mark of a remark behind the number; write the number alone, like %s"
#define TWO_NUMBERS    "'%s' is two numbers; write the one that is counted"
#define ABOUT                                                                                      \
	"'%s' is not an exact number; write what was counted, or empty the cell until that is "    \
	"known"
#define NOT_YET "'%s' is not a figure yet; empty the cell until there is one"
#define BRACKETS                                                                                   \
	"'%s' can be %s below zero, as accountants write it; write -%s if it is that, and %s if "  \
	"it is not"
#define SHORTENED                                                                                  \
	"'%s' was shortened by the spreadsheet; format the cell as a number, and save the table "  \
	"again"
#define IN_ERROR                                                                                   \
	"'%s' is an error of the spreadsheet; mend its formula or widen its column, or write the " \
	"number"
#define FORMULA "'%s' is a formula; save the table with what it comes to, or write the number"
#define TWO_READINGS                                                                               \
	"'%s' can be read as %s or as %s, and the other numbers of this file do not tell; write "  \
	"it without a mark for thousands, or save the file with ';' between columns and ',' "      \
	"before decimals"
#define ZERO_MORE                                                                                  \
	"'%s' can be read as %s or as %s, and the other numbers of this file do not tell; write "  \
	"the first, or the second with a zero more: %s0"
#define A_DASH                                                                                     \
	"'%s' can mean none or not reported; for none write 0, empty the cell where nothing is "   \
	"to be reported, and to take back what was reported write: withdraw"
#define NO_PERIOD  "'%s' is not a period; write it like %s"
#define NO_YEAR    "'%s' does not name the year; write it too, like %s"
#define COARSER    "'%s' is a %s, but it is counted per %s; write it like %s"
#define SHORT_YEAR "'%s': write the year with four digits, like %s"
#define NOT_BEGUN  "period '%s' has not begun; correct it, or this machine's clock"
#define EMPTY      "is empty; write the period of the line's figures"
#define TOTAL      "this line looks like a total of others, which the province makes itself; remove it"
#define NO_COLUMN                                                                                  \
	"line %u: column '%s' is neither period, metric, value and labels, nor a metric or a "     \
	"dimension of the catalogue; rename or remove it"
#define NEAR_COLUMN                                                                                \
	"line %u: no column can be called '%s'; did you mean %s? Rename it if so, or "             \
	"remove it"
#define TWO_METRICS                                                                                \
	"line %u: column '%s': several metrics have this label; use the metric's name, like %s"
#define IN_BRACKETS                                                                                \
	"line %u: column '%s': %s is counted in '%s', and something else stands in brackets; if "  \
	"the figures are of that metric and unit, call the column %s, else remove it"
#define PART_BESIDE                                                                                \
	"it has no label, while line %u has a part of the same figure, and the two would be "      \
	"added up; remove it if it is the total, label it if it is a part of its own"
#define OTHER_VALUE                                                                                \
	"line %u gives another value for the same figure; keep the right one and remove the other"
#define TITLE_NAMES                                                                                \
	"line %u: '%s' stands above the figures, but without a column for the period they would "  \
	"be recorded for %s; add a column called Kỳ with the %s that each figure is of, like %s"
#define CUMULATIVE                                                                                 \
	"line %u: '%s' stands above the figures, but %s counts what happened in each %s; hand in " \
	"the figures of each %s by itself, in a table without these words"
#define PLANNED                                                                                    \
	"line %u: '%s' stands above the figures, which are to be what was done; hand in that, "    \
	"or remove these words if that is what the table has"
#define SECOND_LINE                                                                                \
	"line %u: '%s' looks like a second line of the header; write the whole name of each "      \
	"column in one line, and remove the other"
#define SECOND_LINE_PART                                                                           \
	"line %u: '%s' is in the second line of the header, and no part of the period above it; "  \
	"write the whole name of each column in one line, like Tháng 6/2025, and remove the other"
#define TWO_TABLES                                                                                 \
	"lines %u and %u are both the header of a table; hand in each table in a file of its own"
#define SECTION_PART                                                                               \
	"%s: the heading '%s' stands above it, and the line does not say which %s it is of; "      \
	"write that into each line, in a column of its own"
#define UNIT_SAID                                                                                  \
	"%s is counted in '%s', and this column says '%s'; write the figure in '%s', and that "    \
	"as its unit"
#define NO_PERIODS                                                                                 \
	"line %u: the header has no column for the period; add one called Kỳ or period, and "    \
	"fill it in"
#define MONTH_FIRST "'%s' has the month before the day; write the day first: %02u/%02u/%04u"
#define AMBIGUOUS                                                                                  \
	"'%s' could be %04u-%02u-%02u or %04u-%02u-%02u, because other dates of this file have "   \
	"the month first; write it in words, like 'ngày %u tháng %u năm %u'"
#define SERIAL                                                                                     \
	"'%s' is how a spreadsheet keeps the day %02d/%02d/%04d; format these cells as dates, "    \
	"and save the table again"

static const struct advice rows[] = {
	/* numbers */
	{ COMMAS, "1,25 tỷ", OWN_UNIT, "$2", "2023 economy=12.5;2024 economy=1.25;" },
	{ COMMAS, "1,25 lít", NO_DECIMAL, "12$25", "2023 economy=12.5;2024 economy=12.5;" },
	{ COMMAS, "1.250,5 x", NO_DECIMAL, "1.250$25", "2023 economy=12.5;2024 economy=1250.5;" },
	{ POINTS, "1.25l", NO_DECIMAL, "1$225", "2023 economy=12.5;2024 economy=1.25;" },
	{ SILENT, "chưa có", NOT_YET, "", "" },
	{ SILENT, "\"1,25 lít\"", NO_DECIMAL, "\"12$25\"", "2024 economy=12.5;" },
	{ SILENT, "1.250", TWO_READINGS, "$2", "2024 economy=1250;" },
	{ SILENT, "1.250", TWO_READINGS, "\"$3\"", "2024 economy=1.25;" },
	{ SILENT, "7.000", TWO_READINGS, "$2", "2024 economy=7000;" },
	{ SILENT, "7.000", TWO_READINGS, "$3", "2024 economy=7;" },
	{ "Kỳ@\n", ",Kinh tế số\n2024,1.250", TWO_READINGS, ";Kinh tế số\n2024;1,250",
	  "2024 economy=1.250;" },
	{ "Kỳ;Kinh tế số\n2024;@\n", "1.250", ZERO_MORE, "$2", "2024 economy=1250;" },
	{ "Kỳ;Kinh tế số\n2024;@\n", "1.250", ZERO_MORE, "$40", "2024 economy=1.2500;" },
	{ MONTHLY, "tám", NO_NUMBER, "12", "2025-06 teams=12;" },
	{ MONTHLY, "8 tổ", OWN_UNIT, "$2", "2025-06 teams=8;" },
	{ MONTHLY, "8 %", OTHER_UNIT, "8", "2025-06 teams=8;" },
	{ COMMAS, "1250 triệu", OTHER_UNIT, "1,25", "2023 economy=12.5;2024 economy=1.25;" },
	{ MONTHLY, "8 (1)", REMARK, "$2", "2025-06 teams=8;" },
	{ COMMAS, "1.250,5*", REMARK, "$2", "2023 economy=12.5;2024 economy=1250.5;" },
	{ MONTHLY, "8/10", TWO_NUMBERS, "8", "2025-06 teams=8;" },
	{ MONTHLY, "~8", ABOUT, "8", "2025-06 teams=8;" },
	{ MONTHLY, "8 (ước)", ABOUT, "9", "2025-06 teams=9;" },
	{ MONTHLY, "8 ước tính", ABOUT, "", "" },
	{ MONTHLY, "Chưa có số liệu", NOT_YET, "", "" },
	{ MONTHLY, "đang tổng hợp", NOT_YET, "8", "2025-06 teams=8;" },
	{ MONTHLY, "(8)", BRACKETS, "$4", "2025-06 teams=8;" },
	{ MONTHLY, "8E+02", SHORTENED, "800", "2025-06 teams=800;" },
	{ MONTHLY, "#REF!", IN_ERROR, "8", "2025-06 teams=8;" },
	{ MONTHLY, "#N/A", IN_ERROR, "8", "2025-06 teams=8;" }, /* a VLOOKUP that found nothing */
	{ MONTHLY, "=A1", FORMULA, "8", "2025-06 teams=8;" },
	{ MONTHLY, "8,5", "'%s' has digits after ',', and this is counted in whole numbers", "8",
	  "2025-06 teams=8;" },
	{ COMMAS, "1,2345", "'%s' has more than %u digits after ','", "1,234",
	  "2023 economy=12.5;2024 economy=1.234;" },
	{ IN_SHARE, "1,3", "%s is above the largest allowed value %s", "$2",
	  "2023 share=0.5;2024 share=1.250;" },
	{ IN_SHARE, "0,1", "%s is below the smallest allowed value %s", "$2",
	  "2023 share=0.5;2024 share=0.125;" },
	/* none, not reported, taken back: each has its own way, and a dash is none of them */
	{ MONTHLY, "-", A_DASH, "0", "2025-06 teams=0;" },
	{ MONTHLY, " -   ", A_DASH, "", "" },
	{ MONTHLY, "–", A_DASH, "withdraw", "2025-06 teams=none;" },
	{ MONTHLY, "—", A_DASH, "Rút lại", "2025-06 teams=none;" },
	{ MONTHLY, "\xc2\xa0-\xc2\xa0\xc2\xa0", A_DASH, "0", "2025-06 teams=0;" },
	{ MONTHLY, "−", A_DASH, "0", "2025-06 teams=0;" },
	{ MONTHLY, "--", A_DASH, "0", "2025-06 teams=0;" },
	{ MONTHLY, "Không có", A_DASH, "0", "2025-06 teams=0;" },
	{ MONTHLY, "ko", A_DASH, "", "" },
	{ MONTHLY, "null", A_DASH, "", "" },
	{ "metric,period,value\nteams,2025-06,@\n", "-", A_DASH, "withdraw",
	  "2025-06 teams=none;" },
	{ "metric,period,value\nteams,2025-06,@\n", "",
	  "is empty; write a number, or remove the line", "7", "2025-06 teams=7;" },
	/* periods */
	{ MONTH, "giữa năm", NO_PERIOD, "$2", "2025-06 teams=8;" },
	{ MONTH, "Tháng 6", NO_YEAR, "$2", "2025-06 teams=8;" },
	{ MONTH, "30/06/2025", COARSER, "$4", "2025-06 teams=8;" },
	{ MONTH, "2025", COARSER, "$4", "2025-06 teams=8;" },
	{ MONTH, "06/25", SHORT_YEAR, "$2", "2025-06 teams=8;" },
	{ MONTH, "2024.1",
	  "'%s' can be the first month, or the tenth, from whose 10 a spreadsheet took the zero; "
	  "write it like %s",
	  "$2", "2025-06 teams=8;" },
	{ "Kỳ;Tháng;Số tổ\n06/2025;@;8\n", "5/2025",
	  "'%s' and '%s' in column '%s' differ; correct one of them", "6/2025",
	  "2025-06 teams=8;" },
	{ "Kỳ;Lĩnh vực;Hồ sơ\n06/2025;@;8\n", "-",
	  "'%s' does not name a %s; write its name, or empty the cell of a figure that is not "
	  "divided",
	  "", "2025-06 dossiers=8;" },
	{ MONTH, "12/2025", NOT_BEGUN, "06/2025", "2025-06 teams=8;" },
	{ "@;\nKỳ;Số tổ\n06/2025;8\n", "KẾ HOẠCH THÁNG 6/2025", PLANNED, "THÁNG 6/2025",
	  "2025-06 teams=8;" },
	{ MONTH, "", EMPTY, "06/2025", "2025-06 teams=8;" },
	{ DAY, "hôm qua", NO_PERIOD, "$2", "2025-06-30 answered=8;" },
	{ DAY, "Tháng 6/2025", COARSER, "$4", "2025-06-30 answered=8;" },
	{ DAY, "30/06/25", SHORT_YEAR, "$2", "2025-06-30 answered=8;" },
	{ DAY, "06/30/2025", MONTH_FIRST, "$2/$3/$4", "2025-06-30 answered=8;" },
	{ DAY, "45838", SERIAL, "$2/$3/$4", "2025-06-30 answered=8;" },
	{ "@", "Kỳ;Đã trả\n06/30/2025;7\n06/05/2025;8\n", AMBIGUOUS,
	  "Kỳ;Đã trả\n30/06/2025;7\nngày $8 tháng $9 năm 2025;8\n",
	  "2025-06-30 answered=7;2025-05-06 answered=8;" },
	{ "Kỳ;Đã tập huấn\n@;8\n", "quý trước", NO_PERIOD, "$2", "2025-Q2 trained=8;" },
	{ "Kỳ;Kinh tế số\n@;8\n", "năm ngoái", NO_PERIOD, "$2", "2025 economy=8;" },
	{ "Kỳ;Đang chờ\n@;8\n", "chiều", NO_PERIOD, "$2", "2025-06-30T14 queue=8;" },
	{ "Kỳ;Đang chờ\n@;8\n", "2025-06-30T14:00Z",
	  "'%s' is the time of another zone; write the time here, like %s", "$2",
	  "2025-06-30T14 queue=8;" },
	{ "Năm;Tháng;Số tổ\n2025;@;8\n", "05/2024",
	  "'%s' and the year in its own column differ; correct one of them", "05/2025",
	  "2025-05 teams=8;" },
	{ "Báo cáo tháng 6/2025\n@8\n", "Số tổ\n", TITLE_NAMES, "Kỳ;Số tổ\n$5;",
	  "2025-06 teams=8;" },
	{ "Báo cáo @\nKỳ;Hồ sơ\n06/2025;8\n", "lũy kế", CUMULATIVE, "", "2025-06 dossiers=8;" },
	{ "Chỉ tiêu;@Số tổ;8\n", "Tháng 6/2025\n;Thực hiện\n", SECOND_LINE, "Tháng 6/2025\n",
	  "2025-06 teams=8;" },
	{ "Chỉ tiêu;@Số tổ;8;9\n", "Năm 2025\n;Tháng 5;Tháng này\n", SECOND_LINE_PART,
	  "Tháng 5/2025;Tháng 6/2025\n", "2025-05 teams=8;2025-06 teams=9;" },
	{ "Kỳ;Số tổ\n06/2025;8\n@", "Kỳ;Hồ sơ\n05/2025;7\n", TWO_TABLES, "", "2025-06 teams=8;" },
	{ "@\n", "Chỉ tiêu;Kỳ;Giá trị\nSector a;;\nHồ sơ;06/2025;8", SECTION_PART,
	  "Chỉ tiêu;Kỳ;Giá trị;sector\nHồ sơ;06/2025;8;a", "2025-06 dossiers{sector=a}=8;" },
	/* headings */
	{ "Kỳ;Số tổ;@\n06/2025;8;9\n", "Điều tra", NO_COLUMN, "Hồ sơ",
	  "2025-06 teams=8;2025-06 dossiers=9;" },
	{ "Kỳ;Số tổ@\n", ";Điều tra\n06/2025;8;9", NO_COLUMN, "\n06/2025;8", "2025-06 teams=8;" },
	{ "Kỳ;Số tổ;@\n06/2025;8;9\n", "Hồ so", NEAR_COLUMN, "dossiers",
	  "2025-06 teams=8;2025-06 dossiers=9;" },
	{ "Kỳ;Số tổ@\n", ";Ghi chép\n06/2025;8;9", NEAR_COLUMN, ";Ghi chú\n06/2025;8;9",
	  "2025-06 teams=8;" },
	{ "Kỳ;Số tổ@\n", ";Ghi chép\n06/2025;8;9", NEAR_COLUMN, "\n06/2025;8", "2025-06 teams=8;" },
	{ "Kỳ;@\n06/2025;8\n", "Đã chi", TWO_METRICS, "$3", "2025-06 paid_a=8;" },
	{ "Kỳ;Chỉ tiêu;Giá trị\n06/2025;@;8\n", "Đã chi",
	  "'%s': several metrics have this label; use the metric's name, like %s", "$2",
	  "2025-06 paid_a=8;" },
	{ "Kỳ;Số tổ;@\n", "Số tổ\n06/2025;8;9", "line %u: column '%s' is there twice; remove one",
	  "\n06/2025;8;", "2025-06 teams=8;" },
	{ "Kỳ;@\n06/2025;8\n", "Số tổ (nam)", IN_BRACKETS, "$5", "2025-06 teams=8;" },
	{ "Kỳ;Chỉ tiêu;Giá trị\n06/2025;@;8\n", "Số tổ (nam)",
	  "'%s': %s is counted in '%s', and something else stands in brackets; if the figures are "
	  "of that metric and unit, write %s",
	  "$4", "2025-06 teams=8;" },
	{ "Kỳ;Chỉ tiêu;Giá trị@\n", ";Số tổ\n06/2025;Hồ sơ;8;7",
	  "line %u: the header: columns metric and value do not go together with a column per "
	  "metric; use one form or the other",
	  "\n06/2025;Hồ sơ;8\n06/2025;Số tổ;7", "2025-06 dossiers=8;2025-06 teams=7;" },
	{ "@\n", "Tháng 5/2025;Tháng 6/2025\n7;8",
	  "line %u: the header has a column per period, and none that says which metric a line is "
	  "of; add one called Chỉ tiêu or metric",
	  "Chỉ tiêu;Tháng 5/2025;Tháng 6/2025\nSố tổ;7;8", "2025-05 teams=7;2025-06 teams=8;" },
	{ "@\n", "Chỉ tiêu;Kỳ;Tháng 5/2025;Tháng 6/2025\nSố tổ;;7;8",
	  "line %u: the header: a column per period goes together with a column metric (Chỉ tiêu) "
	  "and no other figures or periods; use one form or the other",
	  "Chỉ tiêu;Tháng 5/2025;Tháng 6/2025\nSố tổ;7;8", "2025-05 teams=7;2025-06 teams=8;" },
	{ "Kỳ;Chỉ tiêu;Giá trị\n06/2025;@;8\n", "", "is empty; write which metric the line is of",
	  "Số tổ", "2025-06 teams=8;" },
	{ "Kỳ;Chỉ tiêu;Giá trị\n06/2025;@;8\n", "Điều tra",
	  "no metric is called '%s'; write its name as the form of its period on the page does",
	  "teams", "2025-06 teams=8;" },
	{ "Kỳ;Chỉ tiêu;Giá trị\n06/2025;@;8\n", "Số tố",
	  "no metric is called '%s'; did you mean %s? Rename it if so", "teams",
	  "2025-06 teams=8;" },
	{ "Kỳ;Số tổ\n06/2025;8@\n", ";9",
	  "it stands in column %zu, which has no name in the header; name the column, or empty the "
	  "cell",
	  ";", "2025-06 teams=8;" },
	{ "Kỳ;Số tổ@\n", "\n06/2025;8;9",
	  "it stands in column %zu, which has no name in the header; name the column, or empty the "
	  "cell",
	  ";Hồ sơ\n06/2025;8;9", "2025-06 teams=8;2025-06 dossiers=9;" },
	/* rows */
	{ LINES, "Tổng cộng;7\n", TOTAL, "", LINES_7 },
	{ "Số tổ;Hồ sơ\n@8;9\n", "1;2\n",
	  "these could be the numbers of the columns; if they are, remove the line, and if they "
	  "are figures, add a column called Kỳ with their period",
	  "", "now teams=8;now dossiers=9;" },
	{ LINES, "05/2025;8\n", OTHER_VALUE, "", LINES_7 },
	{ "Kỳ;Lĩnh vực;Hồ sơ\n06/2025;Đất đai;3\n@", "06/2025;;8\n",
	  "%s: is empty below a line that has one; write it here as well, or hand in figures that "
	  "are not divided in a table of their own",
	  "06/2025;Hộ tịch;8\n",
	  "2025-06 dossiers{sector=Đất đai}=3;2025-06 dossiers{sector=Hộ tịch}=8;" },
	{ "Kỳ;Lĩnh vực;Hồ sơ\n@06/2025;Đất đai;3\n", "06/2025;;8\n", PART_BESIDE, "",
	  "2025-06 dossiers{sector=Đất đai}=3;" },
	{ "Kỳ;Lĩnh vực;Hồ sơ\n@06/2025;Đất đai;3\n", "06/2025;;8\n", PART_BESIDE,
	  "06/2025;Hộ tịch;8\n",
	  "2025-06 dossiers{sector=Hộ tịch}=8;2025-06 dossiers{sector=Đất đai}=3;" },
	/* labels */
	{ "metric,period,value,labels\nteams,2025-06,8,@\n", "sector=a",
	  "it takes no labels, but has '%s'; leave them out", "", "2025-06 teams=8;" },
	{ DOSSIERS_LABEL, "Sector=a",
	  "label '%s': a name is a-z, 0-9 and _, begins with a letter and has at most %u bytes",
	  "sector=a", "2025-06 dossiers{sector=a}=8;" },
	{ DOSSIERS_LABEL, "sector=a;sector=b", "label %.*s is given twice; give it once",
	  "sector=a", "2025-06 dossiers{sector=a}=8;" },
	{ DOSSIERS_LABEL, "sector=a\xe2\x80\x8b",
	  "label %.*s: '%s' has a character that nobody can see (U+%04X); type it again",
	  "sector=a", "2025-06 dossiers{sector=a}=8;" },
	{ DOSSIERS_LABEL, "sector=",
	  "label %.*s: a value is text of 1 to %u bytes without ';', '=' and control characters",
	  "sector=a", "2025-06 dossiers{sector=a}=8;" },
	/* units of measure */
	{ "Kỳ;Chỉ tiêu;ĐVT;Giá trị\n06/2025;Đã trả tiền;@\n", "triệu đồng;8", UNIT_SAID,
	  "$4;8000000", "2025-06 paid_in=8000000;" },
	{ "@\n", "Đơn vị tính: triệu đồng\nKỳ;Đã trả tiền\n06/2025;8",
	  "%s is counted in '%s', and a line of the file says '%s'; write the figure in '%s', and "
	  "mend that line, or add a column called ĐVT with the unit of each figure",
	  "Đơn vị tính: $4\nKỳ;Đã trả tiền\n06/2025;8000000", "2025-06 paid_in=8000000;" },
	{ "@\n", "Đơn vị tính: triệu đồng\nKỳ;Đã trả tiền\n06/2025;8",
	  "%s is counted in '%s', and a line of the file says '%s'; write the figure in '%s', and "
	  "mend that line, or add a column called ĐVT with the unit of each figure",
	  "Đơn vị tính: triệu đồng\nKỳ;Đã trả tiền;ĐVT\n06/2025;8000000;$4",
	  "2025-06 paid_in=8000000;" },
	{ "Kỳ;Đã trả tiền\n@\n", ";(triệu đồng)\n06/2025;8",
	  "line %u: column '%s': %s is counted in '%s', and this line says '%s'; write the figures "
	  "in '%s', and mend or remove this line",
	  ";($6)\n06/2025;8000000", "2025-06 paid_in=8000000;" },
	{ "Kỳ;Đã trả tiền\n@\n", ";(triệu đồng)\n06/2025;8",
	  "line %u: column '%s': %s is counted in '%s', and this line says '%s'; write the figures "
	  "in '%s', and mend or remove this line",
	  "06/2025;8000000", "2025-06 paid_in=8000000;" },
	{ "@\n", "Chỉ tiêu;Tháng 5/2025\n;(triệu đồng)\nĐã trả tiền;8",
	  "line %u: column '%s': nobody can tell which figures are in '%s'; write the unit of each "
	  "in a column called ĐVT, and remove this line",
	  "Chỉ tiêu;ĐVT;Tháng 5/2025\nĐã trả tiền;VND;8000000", "2025-05 paid_in=8000000;" },
	/* how the file is written */
	{ "Kỳ;@\n06/2025;8\n", "Chæ tieâu",
	  "line %u: column '%s' is written in %s, from before Unicode; convert the table to "
	  "Unicode "
	  "(Unikey does it: Ctrl+Shift+F6), and save it again",
	  "Số tổ", "2025-06 teams=8;" },
	{ "Chỉ tiêu;Kỳ;Giá trị\n@;06/2025;8\n", "Soá toå",
	  "'%s' is written in %s, from before Unicode; convert the table to Unicode (Unikey does "
	  "it: "
	  "Ctrl+Shift+F6), and save it again",
	  "Số tổ", "2025-06 teams=8;" },
	{ "@", "<html><body><table>",
	  "this is a web page (HTML or XML), whatever its name says; open it in the spreadsheet "
	  "program and save it as 'CSV UTF-8 (comma delimited)'",
	  "Kỳ,Số tổ\n06/2025,8\n", "2025-06 teams=8;" },
	{ "@", "PK\x03\x04 workbook",
	  "this is a workbook, not CSV; save it as 'CSV UTF-8 (comma delimited)'",
	  "Kỳ,Số tổ\n06/2025,8\n", "2025-06 teams=8;" },
	{ "Kỳ,Số tổ\n06/2025,@\n", "\"8", "a quote is opened here and never closed; close it",
	  "\"8\"", "2025-06 teams=8;" },
	{ "Kỳ,Số tổ\n06/2025,@\n", "8\"x",
	  "a quote stands inside a field; put the whole field in quotes and write each quote in it "
	  "twice",
	  "\"8\"", "2025-06 teams=8;" },
};

static const struct advice of_lists[] = {
	{ "Kỳ@\n", ";helped\n06/2025;3",
	  "it is counted in parts only; say of each which it is, by the label: %s",
	  ";$1;helped\n06/2025;VNeID;3", "2025-06 helped{app=VNeID}=3;" },
	{ "Kỳ;app;installs\n06/2025;@;3\n", "vneit",
	  "%s '%s' is not in the province's list; did you mean '%s' (%s)?", "$3",
	  "2025-06 installs{app=VNeID}=3;" },
	{ "Kỳ;app;installs\n06/2025;@;3\n", "vneit",
	  "%s '%s' is not in the province's list; did you mean '%s' (%s)?", "$4",
	  "2025-06 installs{app=VNeID}=3;" },
	{ "Kỳ;app;installs\n06/2025;@;3\n", "Zalo",
	  "%s '%s' is not in the province's list; choose one of it: %s", "$3",
	  "2025-06 installs{app=VNeID}=3;" },
	{ "Kỳ;app;installs\n06/2022;@;3\n", "Bluezone",
	  "%s '%s' was in the province's list up to %s only; choose what it is counted under since",
	  "pccovid", "2022-06 installs{app=pccovid}=3;" },
	{ "Kỳ;app;installs\n06/2021;@;3\n", "PC-Covid",
	  "%s '%s' is in the province's list from %s on only; choose what it was counted under "
	  "before",
	  "bluezone", "2021-06 installs{app=bluezone}=3;" },
};

static const struct advice of_inbox[] = {
	{ "@\n", "Số tổ\n8", NO_PERIODS, "Kỳ;Số tổ\n06/2025;8", "2025-06 teams=8;" },
	{ "@\n", "metric,value\nteams,8", NO_PERIODS, "metric,value,period\nteams,8,06/2025",
	  "2025-06 teams=8;" },
};

static void advice_that_is_followed_leads_to_the_right_figure(void **state)
{
	struct fixture *f = *state;
	advice_follow(rows, sizeof(rows) / sizeof(rows[0]), try_table, f);
	advice_follow(of_lists, sizeof(of_lists) / sizeof(of_lists[0]), try_table, f);
	f->periods_needed = true;
	advice_follow(of_inbox, sizeof(of_inbox) / sizeof(of_inbox[0]), try_table, f);
}

/* Excel's accounting format writes a zero so. */
static void a_dash_never_takes_back_what_was_not_asked(void **state)
{
	struct blob said = { 0 }, recorded = { 0 };
	try_table(*state, "Kỳ;Số tổ;Hồ sơ\n06/2025; 1.000 ; 12 \n05/2025; 900 ; -   \n", &said,
		  &recorded);
	assert_int_equal(blob_append(&recorded, "", 1), 0);
	assert_string_equal(recorded.data,
			    "2025-06 teams=1000;2025-06 dossiers=12;2025-05 teams=900;");
	assert_true(said.len > 0);
	blob_free(&said);
	blob_free(&recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(advice_that_is_followed_leads_to_the_right_figure,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_dash_never_takes_back_what_was_not_asked, set_up,
						tear_down),
	};
	i18n_serve(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
