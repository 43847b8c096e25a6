#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/indicator.h"
#include "support/fault.h"
#include "support/province.h"
#include "support/seeds.h"

#include <errno.h>

/* --- an oracle of its own: fractions of 128 bits over a tree --- */

struct fraction {
	int128 top, bottom; /* bottom > 0, reduced */
};

static int128 gcd(int128 a, int128 b)
{
	while (b != 0) {
		int128 rest = a % b;
		a = b;
		b = rest;
	}
	return a < 0 ? -a : a;
}

static struct fraction fraction(int128 top, int128 bottom)
{
	int128 common = gcd(top, bottom);
	if (bottom < 0)
		common = -common;
	return (struct fraction){ top / common, bottom / common };
}

#define OPERANDS 4u

struct node {
	char kind; /* '#', 'm', '+', '-', '*', '/', 'n' (negation) */
	struct node *left, *right;
	int mantissa;
	unsigned decimals, operand;
};

struct forest {
	struct node nodes[64];
	unsigned n;
	int mantissas[OPERANDS];
	unsigned decimals[OPERANDS];
	char text[FORMULA_LEN_MAX * 4];
	size_t len;
	bool too_big; /* for the oracle */
};

static int128 ten_to(unsigned n)
{
	int128 value = 1;
	while (n-- > 0)
		value *= 10;
	return value;
}

static struct node *tree_grow(struct forest *forest, struct dice *dice, unsigned depth)
{
	struct node *node = &forest->nodes[forest->n++];
	uint64_t roll = depth == 0 ? dice_below(dice, 4) : dice_below(dice, 13);
	*node = (struct node){ .kind = "##mm++--**//n"[roll] };
	node->mantissa = (int)dice_below(dice, 30);
	node->decimals = (unsigned)dice_below(dice, 3);
	node->operand = (unsigned)dice_below(dice, OPERANDS);
	if (roll >= 4)
		node->left = tree_grow(forest, dice, depth - 1);
	if (roll >= 4 && node->kind != 'n')
		node->right = tree_grow(forest, dice, depth - 1);
	return node;
}

/* 0, or -EDOM. Left before right, as one reads. */
static int tree_evaluate(struct forest *forest, const struct node *node, struct fraction *ret)
{
	struct fraction a, b;
	if (node->kind == '#') {
		*ret = fraction(node->mantissa, ten_to(node->decimals));
		return 0;
	}
	if (node->kind == 'm') {
		*ret = fraction(forest->mantissas[node->operand],
				ten_to(forest->decimals[node->operand]));
		return 0;
	}
	int rc = tree_evaluate(forest, node->left, &a);
	if (rc == 0 && node->kind != 'n')
		rc = tree_evaluate(forest, node->right, &b);
	if (rc < 0 || forest->too_big)
		return rc;
	if (node->kind == 'n') {
		*ret = fraction(-a.top, a.bottom);
		return 0;
	}
	if (node->kind == '/' && b.top == 0)
		return -EDOM;
	if (node->kind == '+')
		*ret = fraction(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
	if (node->kind == '-')
		*ret = fraction(a.top * b.bottom - b.top * a.bottom, a.bottom * b.bottom);
	if (node->kind == '*')
		*ret = fraction(a.top * b.top, a.bottom * b.bottom);
	if (node->kind == '/')
		*ret = fraction(a.top * b.bottom, a.bottom * b.top);
	int128 limit = (int128)1 << 60; /* so that one more step stays within 128 bits */
	if (ret->top > limit || ret->top < -limit || ret->bottom > limit)
		forest->too_big = true;
	return 0;
}

static void say(struct forest *forest, const char *text)
{
	size_t len = strlen(text);
	assert_true(forest->len + len < sizeof(forest->text));
	memcpy(forest->text + forest->len, text, len + 1);
	forest->len += len;
}

static int binding(char kind)
{
	return kind == '+' || kind == '-' ? 1 : kind == '*' || kind == '/' ? 2 : 3;
}

static void tree_say(struct forest *forest, const struct node *node, struct dice *dice, int least)
{
	static const char *const blanks[] = { "", "", " ", "  ", "\t" };
	bool group = binding(node->kind) < least || dice_below(dice, 12) == 0;
	char text[DECIMAL_TEXT_MAX];
	if (group)
		say(forest, "(");
	say(forest, blanks[dice_below(dice, 5)]);
	if (node->kind == '#') {
		(void)decimal_format(node->mantissa, node->decimals, text);
		say(forest, text);
	} else if (node->kind == 'm') {
		(void)snprintf(text, sizeof(text), "m%u.of_it", node->operand);
		say(forest, text);
	} else if (node->kind == 'n') {
		say(forest, "-");
		tree_say(forest, node->left, dice, 3);
	} else {
		tree_say(forest, node->left, dice, binding(node->kind));
		say(forest, blanks[dice_below(dice, 5)]);
		say(forest, (char[]){ node->kind, '\0' });
		tree_say(forest, node->right, dice, binding(node->kind) + 1);
	}
	say(forest, blanks[dice_below(dice, 5)]);
	if (group)
		say(forest, ")");
}

struct operands { /* as formula_evaluate takes them */
	mpq_t values[OPERANDS];
	bool present[OPERANDS];
};

static void operands_fill(struct operands *operands, const struct formula *formula,
			  const struct forest *forest)
{
	const char *const *names = NULL;
	size_t n = formula_operands(formula, &names);
	assert_true(n <= OPERANDS);
	for (size_t i = 0; i < OPERANDS; i++) {
		unsigned which = i < n ? (unsigned)(names[i][1] - '0') : 0;
		mpq_init(operands->values[i]);
		rational_set(operands->values[i], forest->mantissas[which],
			     forest->decimals[which]);
		operands->present[i] = true;
	}
}

static void operands_clear(struct operands *operands)
{
	for (size_t i = 0; i < OPERANDS; i++)
		mpq_clear(operands->values[i]);
}

static unsigned checked;

static void formula_like_oracle(struct dice *dice, void *context)
{
	(void)context;
	struct forest *forest = calloc(1, sizeof(*forest));
	assert_non_null(forest);
	for (unsigned i = 0; i < OPERANDS; i++) {
		forest->mantissas[i] = (int)dice_between(dice, -20, 20);
		forest->decimals[i] = (unsigned)dice_below(dice, 3);
	}
	struct node *root = tree_grow(forest, dice, 1 + (unsigned)dice_below(dice, 4));
	tree_say(forest, root, dice, 0);
	struct fraction want = { 0, 1 };
	int want_rc = tree_evaluate(forest, root, &want);
	if (forest->too_big) {
		free(forest);
		return;
	}
	struct formula *formula = NULL;
	struct err err = { 0 };
	assert_int_equal(formula_parse(forest->text, &formula, &err), 0);
	struct operands operands;
	operands_fill(&operands, formula, forest);
	mpq_t got, expected;
	mpq_inits(got, expected, NULL);
	assert_int_equal(formula_evaluate(formula, (const mpq_t *)operands.values, operands.present,
					  got, &err),
			 want_rc);
	if (want_rc == 0) {
		rational_set(expected, want.top, 0);
		rational_set(got, 0, 0); /* and once more: nothing stays from before */
		(void)formula_evaluate(formula, (const mpq_t *)operands.values, operands.present,
				       got, &err);
		mpq_t bottom;
		mpq_init(bottom);
		rational_set(bottom, want.bottom, 0);
		mpq_div(expected, expected, bottom);
		mpq_clear(bottom);
		assert_true(mpq_equal(got, expected));
	} else {
		assert_non_null(strstr(err.text, "division by zero: "));
	}
	mpq_clears(got, expected, NULL);
	operands_clear(&operands);
	formula_close(formula);
	free(forest);
	checked++;
}

static void any_formula_gives_what_fractions_give(void **state)
{
	(void)state;
	for_all_seeds(3000, formula_like_oracle, NULL);
	assert_true(seeds_given() || checked > 2000);
}

/* --- numbers in and out --- */

static void number_rounds_half_even(struct dice *dice, void *context)
{
	(void)context;
	unsigned decimals = (unsigned)dice_below(dice, 7);
	int64_t top = dice_between(dice, -5000000, 5000000);
	int64_t bottom = dice_below(dice, 2) ? dice_between(dice, 1, 3000) : 2 * (int64_t)ten_to(6);
	mpq_t value;
	mpq_init(value);
	mpq_set_si(value, top, (unsigned long)bottom);
	mpq_canonicalize(value);
	char *text = rational_text(value, decimals);
	mpq_clear(value);
	assert_non_null(text);
	int64_t got = 0; /* of 10^decimals */
	assert_int_equal(decimal_parse(text, strlen(text), decimals, &got, &(struct err){ 0 }), 0);
	int128 off = (int128)top * ten_to(decimals) - (int128)got * bottom; /* times bottom */
	off = off < 0 ? -off : off;
	assert_true(2 * off < bottom || (2 * off == bottom && got % 2 == 0));
	assert_true(strcmp(text, "-0") != 0 && text[strlen(text) - 1] != '.');
	if (strchr(text, '.'))
		assert_true(text[strlen(text) - 1] != '0');
	free(text);
}

static void rounding_is_to_the_nearest_and_half_to_even(void **state)
{
	(void)state;
	for_all_seeds(5000, number_rounds_half_even, NULL);
}

static void text_is(int128 mantissa, unsigned decimals, unsigned at, const char *want)
{
	mpq_t value;
	mpq_init(value);
	rational_set(value, mantissa, decimals);
	char *text = rational_text(value, at);
	assert_string_equal(text, want);
	free(text);
	mpq_clear(value);
}

static void texts_are_short_and_exact(void **state)
{
	(void)state;
	text_is(8592, 3, 6, "8.592");
	text_is(15, 0, 6, "15");
	text_is(1500, 2, 6, "15");
	text_is(-5, 1, 6, "-0.5");
	text_is(0, 6, 6, "0");
	text_is(5, 7, 6, "0"); /* half: to even */
	text_is(-5, 7, 6, "0");
	text_is(15, 7, 6, "0.000002");
	text_is(25, 7, 6, "0.000002");
	text_is(-25, 7, 6, "-0.000002");
	text_is(100, 0, 0, "100");
	text_is(25, 1, 0, "2");
	text_is(35, 1, 0, "4");
	int128 most = (int128)(~(unsigned __int128)0 >> 1);
	text_is(most, 0, 0, "170141183460469231731687303715884105727");
	text_is(-most - 1, 6, 6, "-170141183460469231731687303715884.105728");
}

/* --- sentences --- */

static void evaluate_says(const char *text, int64_t value, bool present, int rc, const char *want)
{
	struct formula *formula = NULL;
	struct err err = { 0 };
	assert_int_equal(formula_parse(text, &formula, &err), 0);
	mpq_t values[8], ret;
	bool there[8];
	mpq_init(ret);
	for (size_t i = 0; i < 8; i++) {
		mpq_init(values[i]);
		rational_set(values[i], value, 0);
		there[i] = present;
	}
	assert_int_equal(formula_evaluate(formula, (const mpq_t *)values, there, ret, &err), rc);
	assert_string_equal(err.text, want);
	for (size_t i = 0; i < 8; i++)
		mpq_clear(values[i]);
	mpq_clear(ret);
	formula_close(formula);
}

static void what_cannot_be_computed_says_why(void **state)
{
	(void)state;
	evaluate_says("team.members / team.count", 3, false, -ENODATA,
		      "missing operand: team.members");
	evaluate_says("100 * a / economy.grdp", 0, true, -EDOM,
		      "division by zero: economy.grdp is 0");
	evaluate_says("1 / ( a - b ) + 1", 5, true, -EDOM, "division by zero: ( a - b ) is 0");
	evaluate_says("1 / -(a-a)", 5, true, -EDOM, "division by zero: -(a-a) is 0");
}

static void parse_errors_name_the_column(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "column 1: the formula ends where a number, a metric, '-' or '(' belongs" },
		{ "a +",
		  "column 4: the formula ends where a number, a metric, '-' or '(' belongs" },
		{ "a b", "column 3: 'b' stands where an operator or the end belongs" },
		{ "(a + b", "column 1: this '(' is never closed" },
		{ "2 * (a (b))", "column 8: '(' stands where an operator or ')' belongs" },
		{ "a)", "column 2: ')' stands where an operator or the end belongs" },
		{ "a + * b", "column 5: '*' stands where a number, a metric, '-' or '(' belongs" },
		{ "+a", "column 1: '+' stands where a number, a metric, '-' or '(' belongs" },
		{ "1.", "column 3: the formula ends where a digit after the point belongs" },
		{ ".5", "column 1: '.' stands where a number, a metric, '-' or '(' belongs" },
		{ "1.2.3", "column 4: '.' stands where an operator or the end belongs" },
		{ "2a", "column 2: 'a' stands where an operator or the end belongs" },
		{ "team.", "column 6: the formula ends where a small letter of a metric's name "
			   "belongs" },
		{ "team.Count", "column 6: 'C' stands where a small letter of a metric's name "
				"belongs" },
		{ "a × b", "column 3: '×' stands where an operator or the end belongs" },
		{ "a\n+b", "column 2: '\n' stands where an operator or the end belongs" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct formula *formula = NULL;
		struct err err = { 0 };
		assert_int_equal(formula_parse(cases[i].text, &formula, &err), -EINVAL);
		assert_string_equal(err.text, cases[i].want);
		assert_null(formula);
	}
}

static void depth_and_length_have_an_end(void **state)
{
	(void)state;
	struct formula *formula = NULL;
	struct err err = { 0 };
	char text[FORMULA_LEN_MAX + 2];
	for (int depth = 64; depth <= 65; depth++) {
		(void)snprintf(text, sizeof(text), "%.*s1%.*s", depth,
			       "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
			       depth,
			       ")))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))");
		assert_int_equal(formula_parse(text, &formula, &err), depth == 64 ? 0 : -EINVAL);
	}
	assert_string_equal(err.text, "column 65: nested too deep; 64 levels at most");
	formula_close(formula);
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(formula_parse(text, &formula, &err), -EINVAL);
	text[FORMULA_LEN_MAX] = '\0';
	assert_int_equal(formula_parse(text, &formula, &err), 0);
	formula_close(formula);
}

static void soup_parses_or_says_where_not(struct dice *dice, void *context)
{
	(void)context;
	static const char *const pieces[] = { "a", "b.c", "(", ")", "+",      "-", "*",  "/",
					      " ", ".",   "1", "0", "team.x", "é", "\t", "_" };
	char text[256] = "";
	for (uint64_t n = dice_below(dice, 20); n > 0; n--)
		strcat(text, pieces[dice_below(dice, 16)]);
	struct formula *formula = NULL;
	struct err err = { 0 };
	int rc = formula_parse(text, &formula, &err);
	assert_true(rc == 0 || (rc == -EINVAL && strncmp(err.text, "column ", 7) == 0));
	formula_close(formula);
}

static void anything_parses_or_says_where_not(void **state)
{
	(void)state;
	for_all_seeds(5000, soup_parses_or_says_where_not, NULL);
}

static void operands_are_named_once_in_order(void **state)
{
	(void)state;
	struct formula *formula = NULL;
	const char *const *names = NULL;
	assert_int_equal(formula_parse("b / (a.x + b) - c_1*a.x", &formula, &(struct err){ 0 }), 0);
	assert_int_equal(formula_operands(formula, &names), 3);
	assert_string_equal(names[0], "b");
	assert_string_equal(names[1], "a.x");
	assert_string_equal(names[2], "c_1");
	assert_int_equal(formula_operand_column(formula, 1), 6);
	formula_close(formula);
}

/* --- indicators --- */

#define HEADER "name,label_vi,label_en,formula,unit,target_year,target_value\n"

static struct catalogue *metrics_open(const char *rows)
{
	char csv[512];
	struct catalogue *catalogue = NULL;
	struct err err = { 0 };
	int len = snprintf(csv, sizeof(csv),
			   "name,label_vi,label_en,unit,kind,time_agg,area_agg,"
			   "period,dimensions,decimals,carry,level,due_days,min,"
			   "max\n%s",
			   rows);
	assert_int_equal(catalogue_read(csv, (size_t)len, &catalogue, &err), 0);
	return catalogue;
}

static struct catalogue *two_metrics(void)
{
	return metrics_open("a.b,A,A,x,flow,sum,sum,month,,0,0,commune,,,\n"
			    "c,C,C,x,flow,sum,sum,month,,0,0,commune,,,\n");
}

static void real_indicators_are_read(void **state)
{
	(void)state;
	size_t len = 0;
	char *csv = file_text(SOURCE_DIR "/aggregator/data/tien-giang/indicators.csv", &len);
	struct indicators *indicators = NULL;
	struct err err = { 0 };
	assert_int_equal(indicators_read(csv, len, NULL, &indicators, &err), 0);
	assert_int_equal(indicators->n, 23);
	const struct indicator *share = indicators_find(indicators, "economy.digital_share");
	assert_string_equal(share->label_vi, "Tỷ trọng kinh tế số trong GRDP");
	assert_int_equal(share->n_targets, 2);
	assert_int_equal(share->targets[0].year, 2025);
	assert_string_equal(share->targets[0].value, "15");
	assert_int_equal(share->targets[1].year, 2030);
	assert_string_equal(share->targets[1].value, "25");
	mpq_t values[2], ret;
	mpq_inits(values[0], values[1], ret, NULL);
	rational_set(values[0], 8619, 0);
	rational_set(values[1], 100314, 0);
	const bool both[2] = { true, true };
	assert_int_equal(formula_evaluate(share->formula, (const mpq_t *)values, both, ret, &err),
			 0);
	char *text = rational_text(ret, INDICATOR_DECIMALS);
	assert_string_equal(text, "8.592021");
	free(text);
	mpq_clears(values[0], values[1], ret, NULL);
	assert_null(indicators_find(indicators, "economy.grdp"));
	indicators_close(indicators);
	free(csv);
}

static void targets_come_in_order_of_years(void **state)
{
	(void)state;
	static const char csv[] = HEADER "x.y,X,X,a.b / c,%,2030,25\nz,Z,Z,c,%,,\n"
					 "x.y,X,X,a.b / c,%,2025,-1.5\n";
	struct indicators *indicators = NULL;
	struct catalogue *catalogue = two_metrics();
	assert_int_equal(
		indicators_read(csv, strlen(csv), catalogue, &indicators, &(struct err){ 0 }), 0);
	catalogue_close(catalogue);
	assert_int_equal(indicators->n, 2);
	assert_int_equal(indicators->list[0].targets[0].year, 2025);
	assert_string_equal(indicators->list[0].targets[0].value, "-1.5");
	assert_int_equal(indicators->list[0].targets[1].year, 2030);
	indicators_close(indicators);
}

static void every_bad_row_is_named(void **state)
{
	(void)state;
	static const char csv[] = HEADER "x,X,X,a.b / d,%,,\n"
					 "x,X,X,a.b,%,,\n"
					 "y,Y,Y,2 *,%,2025,1\n"
					 "y,Y,Y,2 *,%,2025,2\n"
					 "Z,Z,Z,c,%,,\n"
					 "c,C,C,a.b,%,,\n"
					 "w,W,W,c,%,2025-01,1\n"
					 "v,V,V,c,%,2025,\n"
					 "u,U,U,c,%\n";
	static const char want[] =
		"line 2: formula, column 7: the catalogue has no metric 'd'\n"
		"line 3: formula: not the one of 'x' in line 2\n"
		"line 4: formula, column 4: the formula ends where a number, a metric, '-' or '(' "
		"belongs\n"
		"line 5: target_year: 'y' has a target for 2025 already\n"
		"line 6: name: 'Z' is not valid; write it like economy.digital_share\n"
		"line 7: 'c' is a metric of the catalogue; give the indicator another name\n"
		"line 8: target_year: '2025-01' is not a year; leave year and value empty for "
		"none\n"
		"line 9: target_value: ";
	struct indicators *indicators = NULL;
	struct err err = { 0 };
	struct catalogue *catalogue = two_metrics();
	assert_int_equal(indicators_read(csv, strlen(csv), catalogue, &indicators, &err), -EINVAL);
	catalogue_close(catalogue);
	assert_null(indicators);
	if (strncmp(err.text, want, strlen(want)) != 0)
		assert_string_equal(err.text, want); /* shows both */
	assert_non_null(strstr(err.text, "\nline 10: 5 fields where the header has 7"));
}

static void an_operand_that_is_nearly_right_is_offered(void **state)
{
	(void)state;
	static const char csv[] = HEADER "x,X,X,economy.grpd / 2 * team.count,%,,\n";
	struct catalogue *catalogue =
		metrics_open("economy.grdp,GRDP,GRDP,x,flow,sum,sum,year,,0,0,commune,,,\n"
			     "team.count,Số tổ,Teams,x,flow,sum,sum,month,,0,0,commune,,,\n");
	struct indicators *indicators = NULL;
	struct err err = { 0 };
	assert_int_equal(indicators_read(csv, strlen(csv), catalogue, &indicators, &err), -EINVAL);
	assert_string_equal(err.text, "line 2: formula, column 1: the catalogue has no metric "
				      "'economy.grpd'; did you mean 'economy.grdp' (GRDP)?");
	static const char mended[] = HEADER "x,X,X,economy.grdp / 2 * team.count,%,,\n";
	assert_int_equal(indicators_read(mended, strlen(mended), catalogue, &indicators, &err), 0);
	indicators_close(indicators);
	catalogue_close(catalogue);
}

static void without_memory_nothing_is_half_read(void **state)
{
	(void)state;
	static const char csv[] = HEADER "x.y,X,X,-a.b / (c + 1),%,2030,25\nz,Z,Z,c,%,,\n";
	for (unsigned after = 0;; after++) {
		struct indicators *indicators = NULL;
		struct err err = { 0 };
		fault_arm_at(FAULT_MEMORY, after);
		int rc = indicators_read(csv, strlen(csv), NULL, &indicators, &err);
		bool fired = fault_disarm();
		if (!fired) {
			assert_int_equal(rc, 0);
			indicators_close(indicators);
			return;
		}
		assert_int_equal(rc, -ENOMEM);
		assert_null(indicators);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_formula_gives_what_fractions_give),
		cmocka_unit_test(rounding_is_to_the_nearest_and_half_to_even),
		cmocka_unit_test(texts_are_short_and_exact),
		cmocka_unit_test(what_cannot_be_computed_says_why),
		cmocka_unit_test(parse_errors_name_the_column),
		cmocka_unit_test(depth_and_length_have_an_end),
		cmocka_unit_test(anything_parses_or_says_where_not),
		cmocka_unit_test(operands_are_named_once_in_order),
		cmocka_unit_test(real_indicators_are_read),
		cmocka_unit_test(targets_come_in_order_of_years),
		cmocka_unit_test(every_bad_row_is_named),
		cmocka_unit_test(an_operand_that_is_nearly_right_is_offered),
		cmocka_unit_test(without_memory_nothing_is_half_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
