/* A table goes to the spool in pieces. Whatever their size, it comes to the same as in one. */
#include "common/model/civil.h"
#include "import/import.h"
#include "record/validation.h"
#include "support/scratch.h"
#include "support/seeds.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US (INT64_C(20300) * 86400000000) /* 2025-07-31 */
#define TEXT   65536u

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"m0,Không,Zero,x,flow,sum,sum,day,k,0,0,commune,1,,50\n"
	"m1,Một,One,x,flow,sum,sum,day,k,0,0,commune,1,,50\n"
	"m2,Hai,Two,x,flow,sum,min,month,k,0,0,commune,1,,50\n"
	"m3,Ba,Three,x,flow,sum,max,month,k,0,0,commune,1,,50\n"
	"loose,Rời,Loose,x,flow,sum,sum,day,k,0,0,commune,1,,50\n";

#define HEADER "name,left,op,right,severity,label_vi,label_en,from\n"

struct outcome {
	struct spool *spool;
	struct catalogue *catalogue;
	char told[TEXT], stands[TEXT];
	size_t pieces, most; /* in one request; 0: as many as come */
	unsigned line;       /* the last one that was told */
	struct import_result result;
	struct err err;
};

static void add(char *text, const char *line)
{
	size_t len = strlen(text);
	assert_true(len + strlen(line) + 2 < TEXT);
	(void)snprintf(text + len, TEXT - len, "%s\n", line);
}

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	struct outcome *o = context;
	if (o->most > 0 && n > o->most)
		return err_set(err, -E2BIG, "too much at once");
	int rc = validation_make(o->spool, o->catalogue, judged, n, PAST_IGNORED, entries[0].point,
				 ret_found, err);
	o->pieces++;
	return rc < 0 ? rc : validation_record(o->spool, judged, n, ret_found, err);
}

static void on_told(void *context, const struct import_diagnostic *told)
{
	struct outcome *o = context;
	char line[ERR_TEXT_MAX + 256];
	(void)snprintf(line, sizeof(line), "%u:%u: %s: %s: %s (%u more)", told->line, told->nth,
		       told->column, told->value, told->why, told->more);
	assert_true(told->line >= o->line);
	o->line = told->line;
	add(o->told, line);
}

static int on_stands(void *context, const struct spool_value *value)
{
	struct outcome *o = context;
	char line[256], period[PERIOD_TEXT_MAX];
	(void)snprintf(line, sizeof(line), "%s %s %s %d", value->obs.metric, value->obs.labels,
		       period_format(value->obs.period, period), (int)value->obs.value_e);
	add(o->stands, line);
	return 0;
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What stands has no order of its own. */
static void sort_lines(char *text)
{
	char *lines[2048], sorted[TEXT] = "";
	size_t n = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		lines[n++] = line;
	if (n > 0)
		qsort(lines, n, sizeof(*lines), by_line);
	for (size_t i = 0; i < n; i++)
		add(sorted, lines[i]);
	memcpy(text, sorted, TEXT);
}

static void hand_in(struct outcome *o, const char *rules_csv, const char *csv, size_t piece,
		    size_t most)
{
	static const char *const metrics[] = { "m0", "m1", "m2", "m3", "loose" };
	struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 36500 };
	char folder[SCRATCH_MAX], path[PATH_MAX];
	struct rules *rules = NULL;
	*o = (struct outcome){ .most = most };
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &o->err), 0);
	scratch_make(true, folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", folder);
	if (spool_open(path, &limits, &o->spool, NULL, &o->err) != 0 ||
	    catalogue_read(catalogue_csv, strlen(catalogue_csv), &o->catalogue, &o->err) != 0 ||
	    rules_read(rules_csv, strlen(rules_csv), &rules, &o->err) != 0)
		fail_msg("%s", o->err.text);
	catalogue_use_rules(o->catalogue, rules);
	const struct import_config config = { .catalogue = o->catalogue,
					      .now_us = NOW_US,
					      .piece = piece,
					      .on_entries = on_entries,
					      .on_error = on_told,
					      .on_warning = on_told,
					      .on_note = on_told,
					      .context = o };
	if (import_csv(&config, "f.csv", csv, strlen(csv), &o->result, &o->err) != 0)
		fail_msg("%s", o->err.text);
	for (int day = 0; day < 31; day++)
		for (size_t i = 0; i < 5; i++) {
			struct period period = { CALENDAR_CIVIL, GRAIN_DAY, 20240 + day };
			if (i == 2 || i == 3)
				period = (struct period){ CALENDAR_CIVIL, GRAIN_MONTH,
							  12 * 55 + day % 12 };
			if (i != 2 && i != 3 ? 1 : day < 12)
				assert_int_equal(spool_each_part(o->spool, metrics[i], period,
								 on_stands, o, &o->err),
						 0);
		}
	sort_lines(o->stands);
	spool_close(o->spool);
	catalogue_close(o->catalogue);
	scratch_remove(folder);
}

static void make_rules(struct dice *dice, char *csv, size_t room)
{
	static const char *const ops[] = { "<", "<=", "=", ">=", ">" };
	size_t len = (size_t)snprintf(csv, room, HEADER);
	for (unsigned r = 0; r < 3; r++) {
		unsigned months = dice_below(dice, 3) == 0;
		len += (size_t)snprintf(csv + len, room - len, "r%u,m%u,%s,%s%s%s,%s,,,%s\n", r,
					2 * months, ops[dice_below(dice, 5)],
					dice_below(dice, 2) ? "2 * " : "", months ? "m3" : "m1",
					dice_below(dice, 4) ? "" : " + 1",
					dice_below(dice, 2) ? "refuse" : "warn",
					dice_below(dice, 3) ? "" : "2025-06-05");
	}
}

static void make_table(struct dice *dice, char *csv, size_t room)
{
	static const char *const metrics[] = { "m0", "m1", "m2", "m3", "loose" };
	size_t len = (size_t)snprintf(csv, room, "metric,period,k,value\n");
	unsigned lines = 1 + (unsigned)dice_below(dice, 60);
	for (unsigned i = 0; i < lines; i++) {
		unsigned metric = (unsigned)dice_below(dice, 5);
		char period[16];
		(void)snprintf(period, sizeof(period),
			       metric == 2 || metric == 3 ? "2025-%02u" : "2025-06-%02u",
			       1 + (unsigned)dice_below(dice, 6));
		len += (size_t)snprintf(csv + len, room - len, "%s,%s,%c,%u\n", metrics[metric],
					period, 'a' + (char)dice_below(dice, 8),
					(unsigned)dice_below(dice, 10) == 0
						? 99 /* above the highest */
						: (unsigned)dice_below(dice, 9));
	}
}

static void one_table(struct dice *dice, void *context)
{
	static struct outcome whole, cut;
	char rules[1024], csv[4096];
	unsigned *seen = context;
	make_rules(dice, rules, sizeof(rules));
	make_table(dice, csv, sizeof(csv));
	hand_in(&whole, rules, csv, 0, 0);
	assert_true(whole.pieces <= 1);
	hand_in(&cut, rules, csv, 1 + dice_below(dice, 12), 0);
	if (strcmp(whole.told, cut.told) != 0)
		fail_msg("told as a whole:\n%sin pieces:\n%sof\n%s%s", whole.told, cut.told, rules,
			 csv);
	if (strcmp(whole.stands, cut.stands) != 0)
		fail_msg("stands as a whole:\n%sin pieces:\n%sof\n%s%s", whole.stands, cut.stands,
			 rules, csv);
	assert_memory_equal(&whole.result, &cut.result, sizeof(whole.result));
	seen[0] += cut.pieces > 1;
	seen[1] += strstr(whole.told, "correct the one") != NULL;
	seen[2] += strstr(whole.told, "if one of them") != NULL;
}

static void pieces_of_any_size_come_to_the_same(void **state)
{
	unsigned seen[3] = { 0 };
	(void)state;
	for_all_seeds(100, one_table, seen);
	if (!seeds_given())
		assert_true(seen[0] > 50 && seen[1] > 10 && seen[2] > 10);
}

static void what_breaks_a_rule_is_told_once_where_it_begins(void **state)
{
	static struct outcome o;
	(void)state;
	hand_in(&o, HEADER "r,m0,<=,m1,refuse,,,\n",
		"metric,period,k,value\n"
		"m1,2025-06-02,,3\n"
		"loose,2025-06-01,a,1\n"
		"m0,2025-06-01,b,4\n"
		"loose,2025-06-01,b,99\n"
		"m0,2025-06-01,a,5\n"
		"m0,2025-06-02,a,3\n"
		"m1,2025-06-01,,8\n",
		1, 0);
	assert_int_equal(o.result.figures, 3);
	assert_int_equal(o.result.rejected, 4);
	const char *second = strchr(o.told, '\n');
	assert_non_null(second);
	assert_int_equal(strncmp(o.told, "4:", 2), 0);
	assert_non_null(strstr(o.told, "Zero 9, One 8"));
	assert_non_null(strstr(o.told, "(2 more)"));
	assert_int_equal(strncmp(second + 1, "5:", 2), 0);
	assert_string_equal(strchr(second + 1, '\n'), "\n");
}

/* Long labels make a request too long before there are too many figures in it. */
static void what_is_too_much_for_one_request_goes_in_several(void **state)
{
	static struct outcome o;
	char csv[2048];
	size_t len = (size_t)sprintf(csv, "metric,period,k,value\n");
	(void)state;
	for (int i = 0; i < 40; i++)
		len += (size_t)sprintf(csv + len, "m0,2025-06-01,%d,1\n", i);
	hand_in(&o, HEADER "r,m0,<=,m1,refuse,,,\n", csv, 0, 7);
	assert_int_equal(o.result.figures, 40);
	assert_int_equal(o.result.rejected, 0);
	assert_int_equal(o.pieces, 8);
	assert_string_equal(o.told, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_any_size_come_to_the_same),
		cmocka_unit_test(what_is_too_much_for_one_request_goes_in_several),
		cmocka_unit_test(what_breaks_a_rule_is_told_once_where_it_begins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
