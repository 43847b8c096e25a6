/* Indicators: formulas over metrics, with targets by year. */
#pragma once

#include "decimal.h"
#include "err.h"

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDICATOR_DECIMALS 6u /* results are rounded half to even there */

struct formula; /* parsed */

struct target {
	int year;
	char *value; /* owned; a decimal as written */
};

struct indicator {
	char *name, *label_vi, *label_en, *unit, *text; /* owned; text is the formula as written */
	struct formula *formula;
	struct target *targets; /* owned [n], ascending by year */
	size_t n_targets;
};

struct indicators {
	struct indicator *list; /* owned [n] */
	size_t n;
};

/**
 * Read indicators from CSV (name,label_vi,label_en,formula,unit,target_year,target_value; one row
 * per target, rows of one name together or apart but with one formula). All or nothing, every bad
 * row named with line and, in a formula, column.
 * @known (may be NULL: any name goes) tells whether a metric exists.
 */
int indicators_read(const char *csv, size_t len, bool (*known)(void *context, const char *metric),
		    void *context, struct indicators **ret_indicators, struct err *err);
void indicators_close(struct indicators *indicators); /* NULL is fine */
const struct indicator *indicators_find(const struct indicators *indicators, const char *name);

/** Parse "100 * a.b / c.d": + - * / ( ), unary minus, decimal numbers, metric names
 * ([a-z][a-z0-9_]* joined by dots). Depth and length are bounded (64, 1024 bytes). -EINVAL: "column
 * 7: ...". */
int formula_parse(const char *text, struct formula **ret_formula, struct err *err);
void formula_close(struct formula *formula);
/** The metrics it names, each once, in order of appearance; borrowed. */
size_t formula_operands(const struct formula *formula, const char *const **ret_names);

/**
 * Evaluate in rationals. @values[i] belongs to operand i; @present[i] false: it has no value.
 * Returns 0 with @ret (initialised by the caller) set; -ENODATA when an operand is missing (err
 * names it); -EDOM for a division by zero (err says which).
 */
int formula_evaluate(const struct formula *formula, const mpq_t values[], const bool present[],
		     mpq_t ret, struct err *err);

/** @value rounded half to even at @decimals, as text without needless zeros at the end ("8.592",
 * "15", "-0.5"). The caller frees with free(). NULL: out of memory. */
char *rational_text(const mpq_t value, unsigned decimals);
/** A mantissa with decimals as a rational. @ret is initialised by the caller. */
void rational_set(mpq_t ret, int128 mantissa, unsigned decimals);
