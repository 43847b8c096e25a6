/* Formulas: parsed, and evaluated against a second reading of the same text in whole numbers modulo
 * a prime, where sums, products and quotients of fractions have the same meaning. */
#include "fuzz/fuzz.h"
#include "registry/formula.h"

#include <errno.h>

#define PRIME 2147483647u /* 2^31 - 1: products fit into 64 bits */

/* --- the other reading: a formula that was found good --- */

struct reader {
	const char *at;
	bool undefined; /* a divisor is 0 modulo the prime: then nothing is known */
	const struct formula *formula;
};

static uint64_t power(uint64_t base, uint64_t exponent)
{
	uint64_t result = 1;
	for (; exponent > 0; exponent >>= 1) {
		if (exponent & 1)
			result = result * base % PRIME;
		base = base * base % PRIME;
	}
	return result;
}

/* The value of operand @index: prime numbers, so that few divisors are zero. */
static uint64_t operand_value(size_t index)
{
	return 101 + 2 * index;
}

static void skip(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t");
}

static uint64_t read_sum(struct reader *reader);

static uint64_t read_number(struct reader *reader)
{
	uint64_t value = 0, scale = 1;
	bool point = false;
	for (; (*reader->at >= '0' && *reader->at <= '9') || *reader->at == '.'; reader->at++) {
		if (*reader->at == '.') {
			point = true;
			continue;
		}
		value = (value * 10 + (uint64_t)(*reader->at - '0')) % PRIME;
		scale = point ? scale * 10 % PRIME : scale;
	}
	return value * power(scale, PRIME - 2) % PRIME;
}

static uint64_t read_name(struct reader *reader)
{
	const char *const *names;
	size_t len = strspn(reader->at, "abcdefghijklmnopqrstuvwxyz0123456789_."), n, i = 0;
	n = formula_operands(reader->formula, &names);
	while (i < n && (strlen(names[i]) != len || strncmp(names[i], reader->at, len) != 0))
		i++;
	require(i < n);
	reader->at += len;
	return operand_value(i);
}

static uint64_t read_factor(struct reader *reader)
{
	uint64_t value;
	skip(reader);
	if (*reader->at == '-') {
		reader->at++;
		return (PRIME - read_factor(reader)) % PRIME;
	}
	if (*reader->at != '(')
		return *reader->at >= '0' && *reader->at <= '9' ? read_number(reader)
								: read_name(reader);
	reader->at++;
	value = read_sum(reader);
	require(*reader->at == ')');
	reader->at++;
	return value;
}

static uint64_t read_product(struct reader *reader)
{
	uint64_t value = read_factor(reader);
	for (skip(reader); *reader->at == '*' || *reader->at == '/'; skip(reader)) {
		char sign = *reader->at++;
		uint64_t other = read_factor(reader);
		if (sign == '/') {
			reader->undefined |= other == 0;
			other = power(other, PRIME - 2);
		}
		value = value * other % PRIME;
	}
	return value;
}

static uint64_t read_sum(struct reader *reader)
{
	uint64_t value = read_product(reader);
	while (*reader->at == '+' || *reader->at == '-') {
		char sign = *reader->at++;
		uint64_t other = read_product(reader);
		value = (value + (sign == '+' ? other : PRIME - other)) % PRIME;
	}
	return value;
}

/* --- the laws --- */

static uint64_t modulo(const mpq_t value)
{
	return mpz_fdiv_ui(mpq_numref(value), PRIME) *
	       power(mpz_fdiv_ui(mpq_denref(value), PRIME), PRIME - 2) % PRIME;
}

static void check_operands(const struct formula *formula, const char *text)
{
	const char *const *names;
	size_t n = formula_operands(formula, &names);
	for (size_t i = 0; i < n; i++) {
		size_t column = formula_operand_column(formula, i);
		require(formula_is_name(names[i]));
		require(column >= 1 && column <= strlen(text));
		require(strncmp(text + column - 1, names[i], strlen(names[i])) == 0);
		for (size_t before = 0; before < i; before++)
			require(strcmp(names[before], names[i]) != 0);
	}
}

static void check_value(const struct formula *formula, const char *text)
{
	const char *const *names;
	size_t n = formula_operands(formula, &names);
	mpq_t *values = calloc(n + 1, sizeof(*values)), found;
	bool *present = calloc(n + 1, sizeof(*present));
	struct err err = { 0 };
	struct reader reader = { .at = text, .formula = formula };
	require(values && present);
	mpq_init(found);
	for (size_t i = 0; i < n; i++) {
		mpq_init(values[i]);
		mpq_set_ui(values[i], operand_value(i), 1);
		present[i] = true;
	}
	int rc = formula_evaluate(formula, (const mpq_t *)values, present, found, &err);
	uint64_t wanted = read_sum(&reader);
	require(rc == 0 || (rc == -EDOM && reader.undefined && *err.text));
	require(rc < 0 || reader.undefined || modulo(found) == wanted);
	if (n > 0) {
		present[n - 1] = false;
		rc = formula_evaluate(formula, (const mpq_t *)values, present, found, &err);
		require(rc == -ENODATA || rc == -EDOM);
	}
	for (size_t i = 0; i < n; i++)
		mpq_clear(values[i]);
	mpq_clear(found);
	free(present);
	free(values);
}

static void try_line(const char *text)
{
	struct formula *formula = NULL;
	struct err err = { 0 };
	int rc = formula_parse(text, &formula, &err);
	require(rc == 0 || (rc == -EINVAL && strncmp(err.text, "column ", 7) == 0));
	if (rc < 0)
		return;
	check_operands(formula, text);
	check_value(formula, text);
	formula_close(formula);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_lines(data, len, try_line);
	return 0;
}
