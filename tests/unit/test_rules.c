#include "common/model/catalogue.h"
#include "common/model/rule_metrics.h"
#include "support/seeds.h"

#include <errno.h>
#include <gmp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER "name,left,op,right,severity,label_vi,label_en,from\n"

static const char metrics[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"
	"level,due_days,min,max\n"
	"service.received,Hồ sơ tiếp nhận,Dossiers received,d,flow,sum,sum,day,sector,0,0,commune,"
	"1,0,\n"
	"service.online,Hồ sơ trực tuyến,Dossiers online,d,flow,sum,sum,day,sector,0,0,commune,1,"
	"0,\n"
	"service.rate,Điểm,Rating,p,ratio,last,mean,day,sector,2,0,commune,1,,\n"
	"team.count,Số tổ,Teams,t,stock,last,sum,month,,0,3,commune,2,0,\n";

static struct rules *read_good(const char *csv)
{
	struct rules *rules = NULL;
	struct err err = { 0 };
	if (rules_read(csv, strlen(csv), &rules, &err) != 0)
		fail_msg("%s", err.text);
	return rules;
}

static struct catalogue *catalogue_good(void)
{
	struct catalogue *catalogue = NULL;
	struct err err = { 0 };
	if (catalogue_read_new(metrics, strlen(metrics), &catalogue, &err) != 0)
		fail_msg("%s", err.text);
	return catalogue;
}

static void assert_refused(const char *row, const char *sentence)
{
	char csv[4096];
	struct rules *rules = NULL;
	struct err err = { 0 };
	(void)snprintf(csv, sizeof(csv), HEADER "%s\n", row);
	assert_int_equal(rules_read(csv, strlen(csv), &rules, &err), -EINVAL);
	assert_null(rules);
	assert_string_equal(err.text, sentence);
}

static void a_rule_has_its_sides_its_words_and_its_days(void **state)
{
	char text[RULE_TEXT_MAX];
	struct rules *rules = read_good(
		HEADER "online,service.online + 2,<=,3 * service.received - service.online,refuse,"
		       "Trực tuyến,Online,2025-01-01\n"
		       "bare,a,<,b,warn,,,\n");
	const struct rule *rule = &rules->list[0];
	(void)state;
	assert_int_equal(rules->n, 2);
	assert_int_equal(rule->n, 2);
	assert_string_equal(rule->terms[0].metric, "service.online");
	assert_int_equal(rule->terms[0].times, 2); /* once on each side */
	assert_int_equal(rule->terms[1].times, -3);
	assert_true(rule->constant == (int128)2 * 10000000000);
	assert_true(rule->refuse && !rules->list[1].refuse);
	assert_string_equal(rule_words(rule, text), "Online");
	assert_string_equal(rule_words(&rules->list[1], text), "a < b");
	struct period before = { CALENDAR_CIVIL, GRAIN_DAY, 20088 }; /* 2024-12-31 */
	struct period since = { CALENDAR_CIVIL, GRAIN_DAY, 20089 };
	assert_false(rule_judges(rule, before));
	assert_true(rule_judges(rule, since));
	assert_true(rule_judges(&rules->list[1], before));
	rules_close(rules);
}

static void what_is_wrong_is_told_by_line_and_column(void **state)
{
	(void)state;
	assert_refused("9,a,<,b,warn,,,",
		       "line 2: name: '9' is not valid; it must be 1 to 64 of a-z 0-9 . _ -, the "
		       "first a letter");
	assert_refused("x,a,<,b,warn,,,\nx,a,<,b,warn,,,",
		       "line 3: name: 'x' is that of line 2; give one of them another");
	assert_refused("x,a,==,b,warn,,,", "line 2: op: '==' is unknown; write < <= = >= or >");
	assert_refused("x,a,<,b,error,,,",
		       "line 2: severity: 'error' is unknown; write warn or refuse");
	assert_refused("x,a b,<,b,warn,,,",
		       "line 2: left: 'b' makes no sense there; write metrics and numbers with + "
		       "or - between them, like a + 2 * b - 1");
	assert_refused("x,a,<,b +,warn,,,",
		       "line 2: right: something is missing at the end; write metrics and numbers "
		       "with + or - between them, like a + 2 * b - 1");
	assert_refused("x,1001 * a,<,b,warn,,,",
		       "line 2: left: a metric may be multiplied by a whole number up to 1000");
	assert_refused("x,0.5 * a,<,b,warn,,,",
		       "line 2: left: a metric may be multiplied by a whole number up to 1000");
	assert_refused("x,1,<,2,warn,,,",
		       "line 2: left: there is no metric on either side; name one");
	assert_refused("x,a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a,<,b,warn,,,",
		       "line 2: right: there are more than 16 metrics and numbers on both sides; "
		       "make two rules of it");
	assert_refused("x,a,<,b,warn,,,soon",
		       "line 2: from: 'soon' is not a day; write 2025-06-30, from 1900 to 2100");
}

static void there_are_at_most_256(void **state)
{
	char csv[16384] = HEADER;
	struct rules *rules = NULL;
	struct err err = { 0 };
	(void)state;
	for (unsigned i = 0; i <= RULES_MAX; i++)
		(void)snprintf(csv + strlen(csv), sizeof(csv) - strlen(csv), "r%u,a,<,b,warn,,,\n",
			       i);
	assert_int_equal(rules_read(csv, strlen(csv), &rules, &err), -EINVAL);
	assert_string_equal(err.text, "line 258: there are more than 256 rules; take some out");
}

static void its_metrics_are_in_the_catalogue_and_of_one_period(void **state)
{
	struct err err = { 0 };
	struct catalogue *catalogue = catalogue_good();
	struct rules *rules = read_good(HEADER "a,service.onlin,<=,service.received,warn,,,\n"
					       "b,zzz,<=,service.received,warn,,,\n"
					       "c,service.online,<=,team.count,warn,,,\n");
	(void)state;
	assert_int_equal(rules_suit(rules, catalogue, &err), -EINVAL);
	assert_string_equal(
		err.text,
		"line 2: left: the catalogue has no metric 'service.onlin'; did you mean "
		"'service.online'?\n"
		"line 3: left: the catalogue has no metric 'zzz'; import a catalogue with it "
		"first, or leave the rule out\n"
		"line 4: right: 'team.count' is counted per month (civil calendar), but "
		"'service.online' per day (civil calendar); compare figures of one period");
	rules_close(rules);
	catalogue_close(catalogue);
}

static void a_metric_leads_to_its_rules(void **state)
{
	size_t n;
	struct rules *rules = read_good(HEADER "a,x,<=,y,warn,,,\nb,y,<=,z,warn,,,\n");
	(void)state;
	const struct rule_use *uses = rules_of(rules, "y", &n);
	assert_int_equal(n, 2);
	assert_ptr_equal(uses[0].rule, &rules->list[0]);
	assert_ptr_equal(uses[1].rule, &rules->list[1]);
	assert_null(rules_of(rules, "w", &n));
	assert_int_equal(n, 0);
	assert_null(rules_of(NULL, "y", &n));
	rules_close(rules);
}

static struct operand operand_number(int64_t value)
{
	struct operand_sum sum = { 0 };
	static const struct metric plain = { .area_agg = AGG_SUM };
	operand_add(&sum, value, 0);
	return operand_of(&sum, &plain);
}

static void the_numbers_are_told_as_they_are_counted(void **state)
{
	char text[RULE_TEXT_MAX];
	struct catalogue *catalogue = catalogue_good();
	struct rules *rules = read_good(HEADER "a,service.online,<=,service.rate,warn,,,\n");
	struct operand_sum rate = { 0 };
	(void)state;
	operand_add(&rate, 150, 2);
	operand_add(&rate, 151, 2);
	operand_add(&rate, 151, 2);
	const struct operand operands[] = {
		operand_number(12), operand_of(&rate, catalogue_find(catalogue, "service.rate"))
	};
	/* 4.52 / 3 is shown with four more digits (rule 8). */
	assert_string_equal(rule_numbers(&rules->list[0], catalogue, operands, ',', text),
			    "Dossiers online 12, Rating 1,506667");
	rules_close(rules);
	catalogue_close(catalogue);
}

/* Rule 8: 1 / 32 is 0.03125, and 3 / 32 is 0.09375. */
static void a_mean_is_rounded_half_to_even(void **state)
{
	static const struct metric mean = { .area_agg = AGG_MEAN };
	struct operand_sum one = { 0 }, three = { 0 };
	(void)state;
	for (int i = 0; i < 32; i++) {
		operand_add(&one, i == 0, 0);
		operand_add(&three, i < 3, 0);
	}
	assert_true(operand_of(&one, &mean).value == 312000000);
	assert_true(operand_of(&three, &mean).value == 938000000);
}

static void what_is_silent_makes_no_verdict(void **state)
{
	struct rules *rules = read_good(HEADER "a,x,<=,y,warn,,,\n");
	struct operand operands[] = { operand_number(5), { .known = false } };
	(void)state;
	assert_int_equal(rule_judge(&rules->list[0], operands), RULE_SILENT);
	operands[1] = operand_number(5);
	assert_int_equal(rule_judge(&rules->list[0], operands), RULE_HOLDS);
	operands[1] = operand_number(4);
	assert_int_equal(rule_judge(&rules->list[0], operands), RULE_BROKEN);
	/* What nobody counts is silent, too: sums stay exact. */
	struct operand_sum huge = { 0 };
	static const struct metric plain = { .area_agg = AGG_SUM };
	for (unsigned i = 0; i < 200000; i++)
		operand_add(&huge, INT64_MAX, 0);
	assert_false(operand_of(&huge, &plain).known);
	rules_close(rules);
}

/* --- an oracle in rationals --- */

#define NAMES 4u
#define PARTS 4u

struct made {
	struct {
		unsigned metric; /* NAMES: a number */
		int64_t number;  /* times; of a number its mantissa with six decimals */
		bool minus, right;
	} terms[RULE_TERMS_MAX];
	size_t n;
	unsigned op;
	struct metric metrics[NAMES];
	struct {
		size_t n;
		int64_t value_e[PARTS];
		unsigned decimals[PARTS];
	} figures[NAMES];
};

static void make(struct dice *dice, struct made *made)
{
	static const enum agg aggs[] = { AGG_SUM, AGG_MEAN, AGG_MIN, AGG_MAX };
	*made = (struct made){ .n = 1 + dice_below(dice, 5), .op = (unsigned)dice_below(dice, 5) };
	for (size_t i = 0; i < made->n; i++) {
		made->terms[i].metric = (unsigned)dice_below(dice, NAMES + 1);
		if (i == 0)
			made->terms[i].metric %= NAMES;
		made->terms[i].minus = dice_below(dice, 3) == 0;
		made->terms[i].right = dice_below(dice, 2) == 0;
		made->terms[i].number = made->terms[i].metric == NAMES
						? dice_between(dice, 0, 20) * 500000
						: dice_between(dice, 0, 3);
	}
	for (size_t i = 0; i < NAMES; i++) {
		made->metrics[i].area_agg = aggs[dice_below(dice, 4)];
		made->metrics[i].decimals = (unsigned)dice_below(dice, 3);
		made->figures[i].n = dice_below(dice, 8) == 0 ? 0 : 1 + dice_below(dice, PARTS);
		for (size_t k = 0; k < made->figures[i].n; k++) {
			/* Of the time when the catalogue gave it fewer. */
			made->figures[i].decimals[k] =
				(unsigned)dice_below(dice, made->metrics[i].decimals + 1);
			made->figures[i].value_e[k] =
				dice_below(dice, 10) == 0 ? dice_between(dice, INT64_MIN, INT64_MAX)
							  : dice_between(dice, -30, 30);
		}
	}
}

static void write_side(const struct made *made, bool right, char *text, size_t room)
{
	size_t len = 0;
	*text = '\0';
	for (size_t i = 0; i < made->n; i++) {
		if (made->terms[i].right != right)
			continue;
		len += (size_t)snprintf(text + len, room - len, "%s",
					made->terms[i].minus ? " - "
					: len > 0            ? " + "
							     : "");
		if (made->terms[i].metric == NAMES)
			len += (size_t)snprintf(text + len, room - len, "%d.%d",
						(int)(made->terms[i].number / 1000000),
						(int)(made->terms[i].number % 1000000 / 100000));
		else if (made->terms[i].number == 1)
			len += (size_t)snprintf(text + len, room - len, "m%u",
						made->terms[i].metric);
		else
			len += (size_t)snprintf(text + len, room - len, "%d*m%u",
						(int)made->terms[i].number, made->terms[i].metric);
	}
	if (len == 0)
		(void)snprintf(text, room, "0");
}

static void power_of_ten(mpz_t z, unsigned n)
{
	mpz_ui_pow_ui(z, 10, n);
}

/* Rule 3, and of a mean rule 8. False: nothing was reported. */
static bool value_of(const struct made *made, unsigned m, mpq_t value)
{
	mpq_t one, part;
	mpq_inits(one, part, NULL);
	mpq_set_ui(value, 0, 1);
	size_t n = made->figures[m].n;
	for (size_t k = 0; k < n; k++) {
		mpq_set_si(one, made->figures[m].value_e[k], 1);
		mpz_t z;
		mpz_init(z);
		power_of_ten(z, made->figures[m].decimals[k]);
		mpq_set_z(part, z);
		mpz_clear(z);
		mpq_div(one, one, part);
		int order = mpq_cmp(one, value);
		switch (made->metrics[m].area_agg) {
		case AGG_MIN:
			if (k == 0 || order < 0)
				mpq_set(value, one);
			break;
		case AGG_MAX:
			if (k == 0 || order > 0)
				mpq_set(value, one);
			break;
		default:
			mpq_add(value, value, one);
		}
	}
	if (n > 0 && made->metrics[m].area_agg == AGG_MEAN) {
		mpz_t scale, floor, rest;
		mpz_inits(scale, floor, rest, NULL);
		power_of_ten(scale, made->metrics[m].decimals + 4);
		mpq_set_z(one, scale);
		mpq_mul(value, value, one);
		mpq_set_ui(part, n, 1);
		mpq_div(value, value, part);
		mpz_fdiv_q(floor, mpq_numref(value), mpq_denref(value));
		mpq_set_z(part, floor);
		mpq_sub(part, value, part);
		int half = mpq_cmp_ui(part, 1, 2);
		if (half > 0 || (half == 0 && mpz_odd_p(floor)))
			mpz_add_ui(floor, floor, 1);
		mpq_set_z(value, floor);
		mpq_div(value, value, one);
		mpz_clears(scale, floor, rest, NULL);
	}
	mpq_clears(one, part, NULL);
	return n > 0;
}

static enum rule_verdict oracle(const struct made *made)
{
	static const bool holds[5][3] = { /* below, equal, above */
					  { true, false, false },
					  { true, true, false },
					  { false, true, false },
					  { false, true, true },
					  { false, false, true }
	};
	mpq_t sides[2], one, times;
	bool known = true;
	mpq_inits(sides[0], sides[1], one, times, NULL);
	for (size_t i = 0; i < made->n; i++) {
		mpq_set_si(times, made->terms[i].number, 1);
		if (made->terms[i].metric == NAMES) {
			mpq_set_si(one, 1, 1000000);
			mpq_canonicalize(one);
		} else {
			known = value_of(made, made->terms[i].metric, one) && known;
		}
		mpq_mul(one, one, times);
		mpq_t *side = &sides[made->terms[i].right];
		if (made->terms[i].minus)
			mpq_sub(*side, *side, one);
		else
			mpq_add(*side, *side, one);
	}
	int order = mpq_cmp(sides[0], sides[1]);
	mpq_clears(sides[0], sides[1], one, times, NULL);
	return !known                                           ? RULE_SILENT
	       : holds[made->op][(order > 0) - (order < 0) + 1] ? RULE_HOLDS
								: RULE_BROKEN;
}

static void judge_one(struct dice *dice, void *context)
{
	static const char *const ops[] = { "<", "<=", "=", ">=", ">" };
	struct made made;
	unsigned *seen = context;
	char left[512], right[512], csv[2048];
	make(dice, &made);
	write_side(&made, false, left, sizeof(left));
	write_side(&made, true, right, sizeof(right));
	(void)snprintf(csv, sizeof(csv), HEADER "r,%s,%s,%s,warn,,,\n", left, ops[made.op], right);
	struct rules *rules = read_good(csv);
	const struct rule *rule = &rules->list[0];
	struct operand operands[RULE_TERMS_MAX];
	for (size_t i = 0; i < rule->n; i++) {
		unsigned m = (unsigned)(rule->terms[i].metric[1] - '0');
		struct operand_sum sum = { 0 };
		for (size_t k = 0; k < made.figures[m].n; k++)
			operand_add(&sum, made.figures[m].value_e[k], made.figures[m].decimals[k]);
		operands[i] = operand_of(&sum, &made.metrics[m]);
	}
	enum rule_verdict wanted = oracle(&made), got = rule_judge(rule, operands);
	if (got != wanted)
		fail_msg("%s %s %s: %d instead of %d", left, ops[made.op], right, (int)got,
			 (int)wanted);
	seen[wanted]++;
	rules_close(rules);
}

static void verdicts_are_those_of_an_oracle_in_rationals(void **state)
{
	unsigned seen[3] = { 0 };
	(void)state;
	for_all_seeds(4000, judge_one, seen);
	if (!seeds_given())
		assert_true(seen[RULE_SILENT] > 100 && seen[RULE_HOLDS] > 500 &&
			    seen[RULE_BROKEN] > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_has_its_sides_its_words_and_its_days),
		cmocka_unit_test(what_is_wrong_is_told_by_line_and_column),
		cmocka_unit_test(there_are_at_most_256),
		cmocka_unit_test(its_metrics_are_in_the_catalogue_and_of_one_period),
		cmocka_unit_test(a_metric_leads_to_its_rules),
		cmocka_unit_test(the_numbers_are_told_as_they_are_counted),
		cmocka_unit_test(a_mean_is_rounded_half_to_even),
		cmocka_unit_test(what_is_silent_makes_no_verdict),
		cmocka_unit_test(verdicts_are_those_of_an_oracle_in_rationals),
	};
	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
