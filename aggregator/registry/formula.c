#include "registry/formula.h"

#include "common/base/array.h"
#include "common/base/i18n.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A recursive descent writes the formula down as steps of a stack machine: "100 * a / b" becomes
 * 100 a * b /. Evaluation then needs neither recursion nor a tree. */

enum step_kind { STEP_NUMBER, STEP_OPERAND, STEP_ADD, STEP_SUB, STEP_MUL, STEP_DIV, STEP_NEGATE };

struct step {
	enum step_kind kind;
	mpq_t number;               /* of STEP_NUMBER alone */
	size_t operand;             /* of STEP_OPERAND */
	size_t divisor_at, divisor; /* of STEP_DIV: where the divisor's text is, and its length */
};

struct formula {
	char *text; /* owned */
	struct step *steps;
	size_t n_steps;
	char **operands; /* owned, each owned */
	size_t *columns; /* owned: where each operand stands first */
	size_t n_operands;
	size_t stack, stack_max; /* values on the stack after the last step; the most there are */
};

struct parser {
	struct formula *formula;
	const char *text;
	size_t at; /* the next byte */
	unsigned depth;
	struct err *err;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static void blanks_skip(struct parser *parser)
{
	while (parser->text[parser->at] == ' ' || parser->text[parser->at] == '\t')
		parser->at++;
}

/* Everything before an error was understood and so is ASCII: bytes are characters. */
static int fail(struct parser *parser, size_t at, const char *what)
{
	return err_set(parser->err, -EINVAL, "column %zu: %s", at + 1, _(what));
}

/* Says what stands there: a letter of Vietnamese is shown whole, not its first byte. */
static int fail_unexpected(struct parser *parser, const char *wanted)
{
	const char *found = parser->text + parser->at;
	if (*found == '\0')
		return err_set(parser->err, -EINVAL,
			       "column %zu: the formula ends where %s belongs", parser->at + 1,
			       _(wanted));
	int len = 1;
	while (((unsigned char)found[len] & 0xc0) == 0x80 && len < 4)
		len++;
	return err_set(parser->err, -EINVAL, "column %zu: '%.*s' stands where %s belongs",
		       parser->at + 1, len, found, _(wanted));
}

static struct step *step_add(struct parser *parser, enum step_kind kind)
{
	struct formula *formula = parser->formula;
	struct step *steps = array_room(formula->steps, formula->n_steps, sizeof(*steps));
	if (!steps) {
		(void)err_memory(parser->err);
		return NULL;
	}
	formula->steps = steps;
	struct step *step = &steps[formula->n_steps++];
	*step = (struct step){ .kind = kind };
	if (kind == STEP_NUMBER || kind == STEP_OPERAND)
		formula->stack++;
	else if (kind != STEP_NEGATE)
		formula->stack--;
	if (formula->stack > formula->stack_max)
		formula->stack_max = formula->stack;
	return step;
}

/* "12.50" is 1250 / 10^2. */
static int number_parse(struct parser *parser)
{
	char digits[FORMULA_LEN_MAX + 1];
	size_t n = 0;
	unsigned long decimals = 0;
	while (is_digit(parser->text[parser->at]))
		digits[n++] = parser->text[parser->at++];
	if (parser->text[parser->at] == '.') {
		parser->at++;
		if (!is_digit(parser->text[parser->at]))
			return fail_unexpected(parser, "a digit after the point");
		for (; is_digit(parser->text[parser->at]); decimals++)
			digits[n++] = parser->text[parser->at++];
	}
	digits[n] = '\0';
	struct step *step = step_add(parser, STEP_NUMBER);
	if (!step)
		return -ENOMEM;
	mpq_init(step->number);
	(void)mpz_set_str(mpq_numref(step->number), digits, 10); /* digits alone: cannot fail */
	mpz_ui_pow_ui(mpq_denref(step->number), 10, decimals);
	mpq_canonicalize(step->number);
	return 0;
}

static int operand_new(struct parser *parser, size_t from, size_t len)
{
	struct formula *formula = parser->formula;
	char **operands = array_room(formula->operands, formula->n_operands, sizeof(*operands));
	if (!operands)
		return err_memory(parser->err);
	formula->operands = operands;
	size_t *columns = array_room(formula->columns, formula->n_operands, sizeof(*columns));
	if (!columns)
		return err_memory(parser->err);
	formula->columns = columns;
	char *name = strndup(parser->text + from, len);
	if (!name)
		return err_memory(parser->err);
	columns[formula->n_operands] = from + 1;
	operands[formula->n_operands++] = name;
	return 0;
}

static int operand_add(struct parser *parser, size_t from, size_t len)
{
	struct formula *formula = parser->formula;
	size_t i = 0;
	while (i < formula->n_operands && (strlen(formula->operands[i]) != len ||
					   memcmp(formula->operands[i], parser->text + from, len)))
		i++;
	if (i == formula->n_operands) {
		int rc = operand_new(parser, from, len);
		if (rc < 0)
			return rc;
	}
	struct step *step = step_add(parser, STEP_OPERAND);
	if (!step)
		return -ENOMEM;
	step->operand = i;
	return 0;
}

/* How far @text goes on as one word of a name: a letter, then letters, digits and '_'. */
static size_t word_len(const char *text)
{
	size_t len = 0;
	if (is_letter(*text))
		while (is_letter(text[len]) || is_digit(text[len]) || text[len] == '_')
			len++;
	return len;
}

bool formula_is_name(const char *text)
{
	for (;;) {
		size_t len = word_len(text);
		text += len;
		if (len == 0 || *text == '\0')
			return len > 0;
		if (*text++ != '.')
			return false;
	}
}

static int name_parse(struct parser *parser)
{
	size_t from = parser->at;
	for (;;) {
		size_t len = word_len(parser->text + parser->at);
		if (len == 0)
			return fail_unexpected(parser, "a small letter of a metric's name");
		parser->at += len;
		if (parser->text[parser->at] != '.')
			return operand_add(parser, from, parser->at - from);
		parser->at++;
	}
}

static int sum_parse(struct parser *parser);
static int factor_parse(struct parser *parser);

static int group_parse(struct parser *parser)
{
	size_t opened = parser->at++;
	int rc = sum_parse(parser);
	if (rc < 0)
		return rc;
	blanks_skip(parser);
	if (parser->text[parser->at] == '\0')
		return fail(parser, opened, "this '(' is never closed");
	if (parser->text[parser->at] != ')')
		return fail_unexpected(parser, "an operator or ')'");
	parser->at++;
	return 0;
}

static int negation_parse(struct parser *parser)
{
	parser->at++;
	int rc = factor_parse(parser);
	if (rc == 0 && !step_add(parser, STEP_NEGATE))
		rc = -ENOMEM;
	return rc;
}

static int factor_parse(struct parser *parser)
{
	blanks_skip(parser);
	char c = parser->text[parser->at];
	if (is_digit(c))
		return number_parse(parser);
	if (is_letter(c))
		return name_parse(parser);
	if (c != '(' && c != '-')
		return fail_unexpected(parser, "a number, a metric, '-' or '('");
	if (parser->depth == FORMULA_DEPTH_MAX)
		return fail(parser, parser->at, "nested too deep; 64 levels at most");
	parser->depth++;
	int rc = c == '(' ? group_parse(parser) : negation_parse(parser);
	parser->depth--;
	return rc;
}

static int product_parse(struct parser *parser)
{
	int rc = factor_parse(parser);
	while (rc == 0) {
		blanks_skip(parser);
		char c = parser->text[parser->at];
		if (c != '*' && c != '/')
			return 0;
		parser->at++;
		blanks_skip(parser);
		size_t from = parser->at;
		rc = factor_parse(parser);
		if (rc < 0)
			return rc;
		struct step *step = step_add(parser, c == '*' ? STEP_MUL : STEP_DIV);
		if (!step)
			return -ENOMEM;
		step->divisor_at = from;
		step->divisor = parser->at - from;
	}
	return rc;
}

static int sum_parse(struct parser *parser)
{
	int rc = product_parse(parser);
	while (rc == 0) {
		blanks_skip(parser);
		char c = parser->text[parser->at];
		if (c != '+' && c != '-')
			return 0;
		parser->at++;
		rc = product_parse(parser);
		if (rc == 0 && !step_add(parser, c == '+' ? STEP_ADD : STEP_SUB))
			rc = -ENOMEM;
	}
	return rc;
}

int formula_parse(const char *text, struct formula **ret_formula, struct err *err)
{
	if (strlen(text) > FORMULA_LEN_MAX)
		return err_set(err, -EINVAL, "column %u: the formula is too long; %u bytes at most",
			       FORMULA_LEN_MAX + 1, FORMULA_LEN_MAX);
	struct formula *formula = calloc(1, sizeof(*formula));
	if (!formula || !(formula->text = strdup(text))) {
		formula_close(formula);
		return err_memory(err);
	}
	struct parser parser = { .formula = formula, .text = formula->text, .err = err };
	int rc = sum_parse(&parser);
	if (rc == 0 && parser.text[parser.at] != '\0')
		rc = fail_unexpected(&parser, "an operator or the end");
	if (rc < 0) {
		formula_close(formula);
		return rc;
	}
	*ret_formula = formula;
	return 0;
}

void formula_close(struct formula *formula)
{
	if (!formula)
		return;
	for (size_t i = 0; i < formula->n_steps; i++)
		if (formula->steps[i].kind == STEP_NUMBER)
			mpq_clear(formula->steps[i].number);
	for (size_t i = 0; i < formula->n_operands; i++)
		free(formula->operands[i]);
	free(formula->operands);
	free(formula->columns);
	free(formula->steps);
	free(formula->text);
	free(formula);
}

size_t formula_operands(const struct formula *formula, const char *const **ret_names)
{
	*ret_names = (const char *const *)formula->operands;
	return formula->n_operands;
}

size_t formula_operand_column(const struct formula *formula, size_t i)
{
	return formula->columns[i];
}

/* @top: the stack's uppermost value; with two operands the lower one takes the result. */
static int step_take(const struct formula *formula, const struct step *step, mpq_t *top,
		     struct err *err)
{
	switch (step->kind) {
	case STEP_ADD:
		mpq_add(top[-1], top[-1], top[0]);
		return 0;
	case STEP_SUB:
		mpq_sub(top[-1], top[-1], top[0]);
		return 0;
	case STEP_MUL:
		mpq_mul(top[-1], top[-1], top[0]);
		return 0;
	case STEP_DIV:
		if (mpq_sgn(top[0]) == 0)
			return err_set(err, -EDOM, "division by zero: %.*s is 0",
				       (int)step->divisor, formula->text + step->divisor_at);
		mpq_div(top[-1], top[-1], top[0]);
		return 0;
	default: /* STEP_NEGATE */
		mpq_neg(top[0], top[0]);
		return 0;
	}
}

static int steps_take(const struct formula *formula, const mpq_t values[], mpq_t *stack,
		      struct err *err)
{
	size_t n = 0;
	int rc = 0;
	for (size_t i = 0; i < formula->n_steps && rc == 0; i++) {
		const struct step *step = &formula->steps[i];
		if (step->kind == STEP_NUMBER) {
			mpq_set(stack[n++], step->number);
		} else if (step->kind == STEP_OPERAND) {
			mpq_set(stack[n++], values[step->operand]);
		} else {
			rc = step_take(formula, step, &stack[n - 1], err);
			n -= step->kind == STEP_NEGATE ? 0 : 1;
		}
	}
	return rc;
}

int formula_evaluate(const struct formula *formula, const mpq_t values[], const bool present[],
		     mpq_t ret, struct err *err)
{
	for (size_t i = 0; i < formula->n_operands; i++)
		if (!present[i])
			return err_set(err, -ENODATA, "missing operand: %s", formula->operands[i]);
	mpq_t *stack = calloc(formula->stack_max, sizeof(*stack));
	if (!stack)
		return err_memory(err);
	for (size_t i = 0; i < formula->stack_max; i++)
		mpq_init(stack[i]);
	int rc = steps_take(formula, values, stack, err);
	if (rc == 0)
		mpq_set(ret, stack[0]);
	for (size_t i = 0; i < formula->stack_max; i++)
		mpq_clear(stack[i]);
	free(stack);
	return rc;
}
