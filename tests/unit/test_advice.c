/* Advice about what was written, followed to the letter: what comes of it must be the right figure.
 * Each row has a table with one cell that is refused, the words of the complaint that a person
 * would act on, the same cell as these words say, and the figure that it must come to. */
#include "civil.h"
#include "i18n.h"
#include "import.h"

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
	"economy,Kinh tế số,Digital economy,tỷ,flow,sum,sum,year,,3,0,commune,2,0,\n"
	"share,Tỷ lệ,Share,ha,stock,last,sum,year,,3,0,commune,2,0.125,1.250\n"
	"teams,Số tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
	"dossiers,Hồ sơ,Dossiers,dossier,flow,sum,sum,month,sector,0,0,commune,2,0,\n";

struct fixture {
	struct catalogue *catalogue;
	char recorded[4096], complaints[4096];
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
	(void)language_use(LANGUAGE_ENGLISH);
	catalogue_close(f->catalogue);
	free(f);
	return 0;
}

static int on_entries(void *context, const struct entry entries[], size_t n, struct err *err)
{
	struct fixture *f = context;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(f->recorded);
		(void)snprintf(f->recorded + len, sizeof(f->recorded) - len, "%s=%s;",
			       entries[i].metric, entries[i].value ? entries[i].value : "none");
	}
	return 0;
}

static void on_complaint(void *context, const struct import_complaint *complaint)
{
	struct fixture *f = context;
	size_t len = strlen(f->complaints);
	(void)snprintf(f->complaints + len, sizeof(f->complaints) - len, "%u: %s\n",
		       complaint->line, complaint->why);
}

/* The table with @cell in the place of its '@'. */
static void import(struct fixture *f, const char *table, const char *cell)
{
	char text[1024];
	const char *at = strchr(table, '@');
	struct import_result result;
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.on_entries = on_entries,
					.on_complaint = on_complaint,
					.context = f };
	assert_non_null(at);
	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - table), table, cell, at + 1);
	f->recorded[0] = f->complaints[0] = '\0';
	if (import_csv(&config, "f", text, strlen(text), &result, &f->err) != 0)
		fail_msg("%s: %s", text, f->err.text);
}

#define COMMAS   "Kỳ;Kinh tế số;Tỷ lệ\n2023;12,5;\n2024;@\n"  /* a Vietnamese spreadsheet's */
#define POINTS   "period,economy,share\n2023,12.5,\n2024,@\n" /* a program's */
#define SILENT   "Kỳ,Kinh tế số,Tỷ lệ\n2024,@\n"              /* tells nothing about its numbers */
#define MONTHLY  "Kỳ;Số tổ\n06/2025;@\n"
#define IN_SHARE "Kỳ;Tỷ lệ\n2023;0,5\n2024;@\n"

static const struct {
	const char *table, *cell;
	const char *english, *vietnamese; /* said */
	const char *advised;              /* written as it says */
	const char *figure;
} rows[] = {
	{ COMMAS, "1,25 tỷ", "12,5", "12,5", "1,25", "economy=12.5;economy=1.25;" },
	{ COMMAS, "1,25 tỷ", "12,5", "12,5", "12,5", "economy=12.5;economy=12.5;" },
	{ COMMAS, "1.250,5đ", "12,5", "12,5", "1.250,5", "economy=12.5;economy=1250.5;" },
	{ POINTS, "1.25bn", "12.5", "12.5", "1.25", "economy=12.5;economy=1.25;" },
	{ SILENT, "chưa có", "12.5", "12,5", "12", "economy=12;" },
	{ SILENT, "\"1,25 tỷ\"", "12.5", "12,5", "\"12,5\"", "economy=12.5;" },
	{ SILENT, "\"1,25 tỷ\"", "12.5", "12,5", "12.5", "economy=12.5;" },
	{ SILENT, "1.250", "as 1250 or as 1.25,", "1250 hoặc 1,25,", "1250", "economy=1250;" },
	{ SILENT, "1.250", "as 1250 or as 1.25,", "1250 hoặc 1,25,", "\"1,25\"", "economy=1.25;" },
	{ SILENT, "1.250", "as 1250 or as 1.25,", "1250 hoặc 1,25,", "1.25", "economy=1.25;" },
	{ SILENT, "7.000", "as 7000 or as 7,", "7000 hoặc 7,", "7", "economy=7;" },
	{ MONTHLY, "8 tổ", "like 12", "như 12", "12", "teams=12;" },
	{ MONTHLY, "8,5", "'8,5' has more than 0 digits after ','", "'8,5'", "8", "teams=8;" },
	{ COMMAS, "1,2345", "'1,2345' has more than 3 digits after ','", "'1,2345'", "1,234",
	  "economy=12.5;economy=1.234;" },
	{ IN_SHARE, "1,3", "1,3 is above the largest allowed value 1,250", "1,250", "1,250",
	  "share=0.5;share=1.250;" },
	{ IN_SHARE, "0,1", "0,1 is below the smallest allowed value 0,125", "0,125", "0,125",
	  "share=0.5;share=0.125;" },
	/* none, not reported, taken back: each has its own way, and a dash is none of them */
	{ MONTHLY, "-", "for none write 0", "ghi 0", "0", "teams=0;" },
	{ MONTHLY, " -   ", "empty the cell", "để trống", "", "" },
	{ MONTHLY, "–", "write: withdraw", "ghi: rút lại", "withdraw", "teams=none;" },
	{ MONTHLY, "—", "write: withdraw", "ghi: rút lại", "Rút lại", "teams=none;" },
	{ MONTHLY, "\xc2\xa0-\xc2\xa0\xc2\xa0", "for none write 0", "ghi 0", "0", "teams=0;" },
	{ MONTHLY, "−", "for none write 0", "ghi 0", "0", "teams=0;" },
	{ MONTHLY, "--", "for none write 0", "ghi 0", "0", "teams=0;" },
	{ "metric,period,value\nteams,2025-06,@\n", "-", "write: withdraw", "ghi: rút lại",
	  "withdraw", "teams=none;" },
};

static void assert_followed(struct fixture *f, size_t i, const char *said)
{
	import(f, rows[i].table, rows[i].cell);
	if (!strstr(f->complaints, said))
		fail_msg("row %zu: '%s' is not said in: %s%s", i, said, f->complaints, f->recorded);
	import(f, rows[i].table, rows[i].advised);
	if (*f->complaints || strcmp(f->recorded, rows[i].figure) != 0)
		fail_msg("row %zu: as advised: %s%s instead of %s", i, f->complaints, f->recorded,
			 rows[i].figure);
}

static void advice_that_is_followed_leads_to_the_right_figure(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)language_use(LANGUAGE_ENGLISH);
		assert_followed(f, i, rows[i].english);
		(void)language_use(LANGUAGE_VIETNAMESE);
		assert_followed(f, i, rows[i].vietnamese);
	}
}

/* Excel's accounting format writes a zero so. */
static void a_dash_never_takes_back_what_was_not_asked(void **state)
{
	struct fixture *f = *state;
	import(f, "Kỳ;Số tổ;Hồ sơ\n06/2025; 1.000 ; 12 \n05/2025; 900 ;@\n", " -   ");
	assert_string_equal(f->recorded, "teams=1000;dossiers=12;teams=900;");
	assert_non_null(strstr(f->complaints, "3: "));
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
