#include "common/model/catalogue.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                                                     \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max"
#define GOOD "a,,,u,flow,sum,sum,day,,0,0,commune,1,,\n"

static struct catalogue *read_good(const char *csv)
{
	struct catalogue *catalogue = NULL;
	struct err err = { 0 };
	if (catalogue_read(csv, strlen(csv), &catalogue, &err) != 0)
		fail_msg("%s", err.text);
	return catalogue;
}

static void assert_refused(const char *csv, const char *sentence)
{
	struct catalogue *catalogue = NULL;
	struct err err = { 0 };
	assert_int_equal(catalogue_read_new(csv, strlen(csv), &catalogue, &err), -EINVAL);
	assert_null(catalogue);
	assert_string_equal(err.text, sentence);
}

static char *file_text(const char *path)
{
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	char *text = calloc(1, 65536);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	return text;
}

static void the_reference_catalogue_reads(void **state)
{
	(void)state;
	char *text = file_text(SOURCE_DIR "/aggregator/data/tien-giang/catalogue.csv");
	struct catalogue *catalogue = read_good(text);
	assert_int_equal(catalogue->n, 46);
	assert_string_equal(catalogue->csv, text);
	assert_int_equal(catalogue->csv_len, strlen(text));
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		assert_ptr_equal(catalogue_find(catalogue, metric->name), metric);
		assert_int_equal(metric->calendar, CALENDAR_CIVIL);
		assert_non_null(metric->unit_vi);
		for (size_t k = 0; k < metric->n_dimensions; k++)
			assert_non_null(metric->dimensions_vi[k]);
	}
	const struct metric *hamlets = catalogue_find(catalogue, "area.hamlets");
	assert_string_equal(hamlets->label_vi, "Số ấp, khu phố");
	assert_int_equal(hamlets->kind, KIND_STOCK);
	assert_int_equal(hamlets->time_agg, AGG_LAST);
	assert_int_equal(hamlets->area_agg, AGG_SUM);
	assert_int_equal(hamlets->period, GRAIN_YEAR);
	assert_int_equal(hamlets->carry, 1);
	assert_int_equal(hamlets->due_days, 90);
	assert_true(hamlets->has_min && !hamlets->has_max && hamlets->min_e == 0);
	const struct metric *dti = catalogue_find(catalogue, "dti.economy_index");
	assert_int_equal(dti->kind, KIND_RATIO);
	assert_int_equal(dti->decimals, 4);
	assert_true(dti->has_max && dti->max_e == 10000);
	assert_string_equal(dti->level, "province");
	const struct metric *dossiers = catalogue_find(catalogue, "service.dossiers_received");
	assert_int_equal(dossiers->n_dimensions, 1);
	assert_string_equal(dossiers->dimensions[0], "sector");
	assert_null(catalogue_find(catalogue, "no.such"));
	catalogue_close(catalogue);
	free(text);
}

static void a_header_alone_is_an_empty_catalogue(void **state)
{
	(void)state;
	struct catalogue *catalogue = read_good(HEADER "\n");
	assert_int_equal(catalogue->n, 0);
	assert_null(catalogue_find(catalogue, "a"));
	assert_true(catalogue->version != 0);
	catalogue_close(catalogue);
	catalogue_close(NULL);
}

static void the_version_is_the_hash_of_the_text(void **state)
{
	(void)state;
	unsigned char hash[32];
	uint64_t version = 0;
	const char *text = HEADER "\n" GOOD;
	struct catalogue *one = read_good(text), *two = read_good(HEADER "\r\n" GOOD);
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, strlen(text), NULL, 0);
	for (int i = 7; i >= 0; i--)
		version = version << 8 | hash[i];
	assert_true(one->version == version);
	assert_true(one->version != two->version);
	catalogue_close(one);
	catalogue_close(two);
}

static void columns_come_in_any_order_and_others_are_notes(void **state)
{
	(void)state;
	struct catalogue *catalogue = read_good(
		"note,max,min,calendar,decimals,name,label_vi,label_en,unit,kind,time_agg,area_agg,"
		"period,dimensions,carry,level,due_days\n"
		"\"n, m\",99.5,-1.25,report,2,x.y_2,vi,en,u,stock,last,max,month,a; b "
		"c,24,commune,3\n");
	const struct metric *metric = catalogue_find(catalogue, "x.y_2");
	assert_int_equal(metric->min_e, -125);
	assert_int_equal(metric->max_e, 9950);
	assert_int_equal(metric->calendar, CALENDAR_REPORT);
	assert_int_equal(metric->n_dimensions, 3);
	assert_string_equal(metric->dimensions[0], "a");
	assert_string_equal(metric->dimensions[2], "c");
	assert_int_equal(metric->area_agg, AGG_MAX);
	assert_int_equal(metric->carry, 24);
	assert_string_equal(agg_name(metric->area_agg), "max");
	assert_string_equal(kind_name(metric->kind), "stock");
	catalogue_close(catalogue);
}

static void words_for_units_and_dimensions_may_be_there(void **state)
{
	(void)state;
	struct catalogue *catalogue = read_good(
		HEADER ",unit_vi,dimensions_vi\n"
		       "a,,,u,flow,sum,sum,day,x;y,0,0,commune,1,,,lượt xem, bến đò ;loại\n"
		       "b,,,u,flow,sum,sum,day,x,0,0,commune,1,,,,\n");
	assert_string_equal(catalogue->metrics[0].unit_vi, "lượt xem");
	assert_string_equal(catalogue->metrics[0].dimensions_vi[0], "bến đò");
	assert_string_equal(catalogue->metrics[0].dimensions_vi[1], "loại");
	assert_null(catalogue->metrics[1].unit_vi);
	assert_null(catalogue->metrics[1].dimensions_vi[0]);
	catalogue_close(catalogue);
	assert_refused(HEADER ",dimensions_vi\n"
			      "a,,,u,flow,sum,sum,day,x;y,0,0,commune,1,,,bến đò\n"
			      "b,,,u,flow,sum,sum,day,,0,0,commune,1,,,bến đò\n"
			      "c,,,u,flow,sum,sum,day,x;y,0,0,commune,1,,,bến đò;\n",
		       "line 2: dimensions_vi: names: 1, dimensions: 2; write a name for each, "
		       "with ';' between them, or none\n"
		       "line 3: dimensions_vi: names: 1, dimensions: 0; write a name for each, "
		       "with ';' between them, or none\n"
		       "line 4: dimensions_vi: it is empty; fill it in");
}

static void a_heading_of_a_form_may_be_there(void **state)
{
	(void)state;
	struct catalogue *catalogue =
		read_good(HEADER ",section_vi,section_en\n"
				 "a,,,u,flow,sum,sum,day,x;y,0,0,commune,1,,,Tổ công nghệ,Teams\n"
				 "b,,,u,flow,sum,sum,day,x,0,0,commune,1,,,,\n");
	assert_string_equal(catalogue->metrics[0].section_vi, "Tổ công nghệ");
	assert_string_equal(catalogue->metrics[0].section_en, "Teams");
	assert_null(catalogue->metrics[1].section_vi);
	assert_null(catalogue->metrics[1].section_en);
	catalogue_close(catalogue);
}

/* They were notes before: a province from then took anything in them, and its catalogue counts. */
static void a_wrong_name_in_a_catalogue_in_force_is_none(void **state)
{
	(void)state;
	static const char rows[] =
		HEADER ",unit_vi,dimensions_vi,unit_vi\n"
		       "a,,,u,flow,sum,sum,day,x;y,0,0,commune,1,,,\"lượt\nxem\",bến đò,lượt\n"
		       "b,,,u,flow,sum,sum,day,x;y,0,0,commune,1,,,lượt,bến đò;,người\n"
		       "c,,,u,flow,sum,sum,day,,0,0,commune,1,,,,như trên,\n"
		       "d,,,u,flow,sum,sum,day,x;y,0,0,commune,1,,,,bến;loại;khác,\n";
	struct catalogue *catalogue = read_good(rows);
	assert_int_equal(catalogue->n, 4);
	for (size_t i = 0; i < catalogue->n; i++)
		for (size_t k = 0; k < METRIC_DIMENSIONS_MAX; k++)
			assert_null(catalogue->metrics[i].dimensions_vi[k]);
	assert_null(catalogue->metrics[0].unit_vi);
	assert_string_equal(catalogue->metrics[1].unit_vi, "lượt");
	catalogue_close(catalogue);
	assert_refused(rows, "line 1: the column 'unit_vi' is there twice; take one out");
}

static void every_bad_row_is_named_with_what_to_do(void **state)
{
	(void)state;
	assert_refused(
		HEADER "\n" GOOD "b,,,u,flow,sum,sum,fortnight,,0,0,commune,1,,\n"
		       "c,,,u,flow,sum,last,day,,9,0,commune,1,,\n"
		       "d,\"two\nlines\",,u,flow,sum,sum,day,,0,0,commune,1,,\n"
		       "e,,,u,flow,sum,sum,day\n"
		       "f,,,u,flow,sum,sum,day,,0,0,commune,1,0.5,\n",
		"line 3: period: 'fortnight' is not a period; use minute, hour, day, week, month, "
		"quarter, semester or year\n"
		"line 4: area_agg: 'last' does not add figures over an area; use sum, mean, min or "
		"max\n"
		"line 4: decimals: '9' is not a whole number from 0 to 6\n"
		"line 5: label_vi: there is a line break or another control character; take it "
		"out\n"
		"line 7: there are 8 fields and the header has 15; a text with commas needs "
		"quotes\n"
		"line 8: min: '0.5' has digits after the point, and this is counted in whole "
		"numbers");
}

static const struct {
	const char *row, *says;
} bad_rows[] = {
	{ ",,,u,flow,sum,sum,day,,0,0,commune,1,,", "name: '' is not a name" },
	{ "A,,,u,flow,sum,sum,day,,0,0,commune,1,,", "name: 'A' is not a name" },
	{ "a..b,,,u,flow,sum,sum,day,,0,0,commune,1,,", "name: 'a..b' is not a name" },
	{ "a.,,,u,flow,sum,sum,day,,0,0,commune,1,,", "name: 'a.' is not a name" },
	{ "a-b,,,u,flow,sum,sum,day,,0,0,commune,1,,", "name: 'a-b' is not a name" },
	{ "a,,,u,flaw,sum,sum,day,,0,0,commune,1,,", "kind: 'flaw' is not a kind; use flow" },
	{ "a,,,u,flow,add,sum,day,,0,0,commune,1,,", "time_agg: 'add' does not" },
	{ "a,,,u,flow,sum,,day,,0,0,commune,1,,", "area_agg: '' does not" },
	{ "a,,,u,flow,sum,sum,day,X,0,0,commune,1,,", "dimensions: label 'X': a name is" },
	{ "a,,,u,flow,sum,sum,day,x;x,0,0,commune,1,,", "dimensions: 'x' is given twice" },
	{ "a,,,u,flow,sum,sum,day,a b c d e f g h i,0,0,commune,1,,", "more than 8 dimensions" },
	{ "a,,,u,flow,sum,sum,day,,0,-1,commune,1,,", "carry: '-1' is not a whole number" },
	{ "a,,,u,flow,sum,sum,day,,0,0,,1,,", "level: it is empty; fill it in" },
	{ "a,,,u,flow,sum,sum,day,,0,0,commune,1.5,,", "due_days: '1.5' is not a whole number" },
	{ "a,,,u,flow,sum,sum,day,,0,0,commune,1,x,", "min: 'x' is not a number" },
	{ "a,,,u,flow,sum,sum,day,,6,0,commune,1,,9999999999999999",
	  "max: '9999999999999999' is too" },
	{ "a,,,u,flow,sum,sum,day,,0,0,commune,1,5,4", "max: it is below min" },
	{ "a,,,u,flow,sum,sum,day,,0,2,commune,1,,", "carry: only figures with time_agg last" },
	{ "a,,,u,stock,last,sum,minute,,0,2,commune,1,,", "carry: figures of a minute" },
	{ "a,,,u,ratio,sum,mean,day,,0,0,commune,1,,", "time_agg: a ratio does not add up" },
	{ "a,,,u,ratio,last,sum,day,,0,0,commune,1,,", "area_agg: a ratio does not add up" },
};

static void every_cell_is_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
		char csv[1024];
		struct catalogue *catalogue = NULL;
		struct err err = { 0 };
		(void)snprintf(csv, sizeof(csv), "%s\n%s\n", HEADER, bad_rows[i].row);
		if (catalogue_read(csv, strlen(csv), &catalogue, &err) != -EINVAL)
			fail_msg("taken: %s", bad_rows[i].row);
		if (!strstr(err.text, bad_rows[i].says) || strncmp(err.text, "line 2: ", 8) != 0)
			fail_msg("'%s' does not say '%s'", err.text, bad_rows[i].says);
	}
}

static void a_name_is_there_once(void **state)
{
	(void)state;
	assert_refused(HEADER "\n" GOOD "b,,,u,flow,sum,sum,day,,0,0,commune,1,,\n" GOOD GOOD,
		       "line 4: name: 'a' is on line 2 already; take one out\n"
		       "line 5: name: 'a' is on line 4 already; take one out");
}

static void missing_and_repeated_columns_are_named(void **state)
{
	(void)state;
	assert_refused("name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,"
		       "decimals,carry,level,min,max,max\n" GOOD,
		       "line 1: the column 'due_days' is missing; add it\n"
		       "line 1: the column 'max' is there twice; take one out");
	assert_refused("", "line 1: there is no header line with the names of the columns");
}

static void when_there_are_too_many_bad_rows_the_rest_is_counted(void **state)
{
	(void)state;
	char *csv = calloc(1, 200000);
	struct catalogue *catalogue = NULL;
	struct err err = { 0 };
	assert_non_null(csv);
	size_t len = (size_t)sprintf(csv, "%s\n", HEADER);
	for (int i = 0; i < 1000; i++)
		len += (size_t)sprintf(csv + len, "b%d,,,u,flow,sum,sum,eon,,0,0,commune,1,,\n", i);
	assert_int_equal(catalogue_read(csv, len, &catalogue, &err), -EINVAL);
	unsigned said = 1, more = 0;
	for (const char *at = err.text; (at = strchr(at, '\n')); at++)
		said++;
	assert_int_equal(sscanf(strrchr(err.text, '\n'), "\nand %u more", &more), 1);
	assert_int_equal(said - 1 + more, 1000);
	assert_true(said > 20);
	free(csv);
}

static void more_metrics_than_the_limit_are_refused(void **state)
{
	(void)state;
	char *csv = calloc(1, 400000);
	struct catalogue *catalogue = NULL;
	struct err err = { 0 };
	assert_non_null(csv);
	size_t len = (size_t)sprintf(csv, "%s\n", HEADER);
	for (unsigned i = 0; i < CATALOGUE_METRICS_MAX; i++)
		len += (size_t)sprintf(csv + len, "m%u,,,u,flow,sum,sum,day,,0,0,commune,1,,\n", i);
	assert_int_equal(catalogue_read(csv, len, &catalogue, &err), 0);
	assert_non_null(catalogue_find(catalogue, "m4095"));
	catalogue_close(catalogue);
	len += (size_t)sprintf(csv + len, GOOD);
	assert_int_equal(catalogue_read(csv, len, &catalogue, &err), -EINVAL);
	assert_string_equal(err.text, "line 4098: there are more than 4096 metrics");
	free(csv);
}

static void a_series_is_judged_by_its_period_and_labels(void **state)
{
	(void)state;
	struct catalogue *catalogue = read_good(
		HEADER ",calendar\nm,,,u,flow,sum,sum,month,app;sector,0,0,c,1,,,report\n");
	const struct metric *metric = catalogue_find(catalogue, "m");
	static const struct {
		const char *labels;
		enum calendar calendar;
		enum grain grain;
		enum verdict verdict;
	} cases[] = {
		{ "", CALENDAR_REPORT, GRAIN_MONTH, VERDICT_OK },
		{ "app=x", CALENDAR_REPORT, GRAIN_MONTH, VERDICT_OK },
		{ "app=x;sector=y", CALENDAR_REPORT, GRAIN_MONTH, VERDICT_OK },
		{ "ap=x", CALENDAR_REPORT, GRAIN_MONTH, VERDICT_WRONG_LABELS },
		{ "app=x;sectors=y", CALENDAR_REPORT, GRAIN_MONTH, VERDICT_WRONG_LABELS },
		{ "", CALENDAR_CIVIL, GRAIN_MONTH, VERDICT_WRONG_PERIOD },
		{ "", CALENDAR_REPORT, GRAIN_DAY, VERDICT_WRONG_PERIOD },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(metric_judge_series(metric, cases[i].labels, cases[i].calendar,
						     cases[i].grain),
				 cases[i].verdict);
	catalogue_close(catalogue);
}

static void a_value_is_judged_by_its_digits_and_range(void **state)
{
	(void)state;
	struct catalogue *catalogue =
		read_good(HEADER "\nm,,,u,flow,sum,sum,month,,2,0,c,1,-1,9.99\n");
	const struct metric *metric = catalogue_find(catalogue, "m");
	int64_t value = 4711;
	assert_int_equal(metric_judge_value(metric, 5, 0, &value), VERDICT_OK);
	assert_int_equal(value, 500);
	assert_int_equal(metric_judge_value(metric, 9990, 3, &value), VERDICT_OK);
	assert_int_equal(value, 999);
	assert_int_equal(metric_judge_value(metric, 9991, 3, &value), VERDICT_TOO_PRECISE);
	assert_int_equal(metric_judge_value(metric, 10, 0, &value), VERDICT_OUT_OF_RANGE);
	assert_int_equal(metric_judge_value(metric, -101, 2, &value), VERDICT_OUT_OF_RANGE);
	assert_int_equal(metric_judge_value(metric, INT64_MAX, 0, NULL), VERDICT_OUT_OF_RANGE);
	assert_int_equal(metric_judge_value(metric, -1, 0, NULL), VERDICT_OK);
	assert_int_equal(value, 999);
	catalogue_close(catalogue);
}

static void verdicts_have_words_and_sentences(void **state)
{
	(void)state;
	for (unsigned a = VERDICT_OK; a < VERDICT_COUNT; a++)
		for (unsigned b = VERDICT_OK; b < a; b++)
			assert_string_not_equal(verdict_word(a), verdict_word(b));
	assert_string_equal(verdict_word(VERDICT_OUT_OF_RANGE), "out_of_range");
	assert_true(strlen(verdict_text(VERDICT_FUTURE)) > 0);
	assert_string_equal(verdict_word(200), "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_catalogue_reads),
		cmocka_unit_test(a_header_alone_is_an_empty_catalogue),
		cmocka_unit_test(the_version_is_the_hash_of_the_text),
		cmocka_unit_test(columns_come_in_any_order_and_others_are_notes),
		cmocka_unit_test(words_for_units_and_dimensions_may_be_there),
		cmocka_unit_test(a_heading_of_a_form_may_be_there),
		cmocka_unit_test(a_wrong_name_in_a_catalogue_in_force_is_none),
		cmocka_unit_test(every_bad_row_is_named_with_what_to_do),
		cmocka_unit_test(every_cell_is_judged),
		cmocka_unit_test(a_name_is_there_once),
		cmocka_unit_test(missing_and_repeated_columns_are_named),
		cmocka_unit_test(when_there_are_too_many_bad_rows_the_rest_is_counted),
		cmocka_unit_test(more_metrics_than_the_limit_are_refused),
		cmocka_unit_test(a_series_is_judged_by_its_period_and_labels),
		cmocka_unit_test(a_value_is_judged_by_its_digits_and_range),
		cmocka_unit_test(verdicts_have_words_and_sentences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
