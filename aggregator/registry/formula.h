/* A formula over metrics, parsed once and evaluated in exact rationals. */
#pragma once

#include "common/base/err.h"

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>

#define FORMULA_LEN_MAX   1024u
#define FORMULA_DEPTH_MAX 64u /* parentheses and signs within one another */

struct formula;

/** Parse "100 * a.b / c.d": + - * / ( ), unary minus, decimal numbers, metric names
 * ([a-z][a-z0-9_]* joined by dots). Blanks are free between them. -EINVAL: "column 7: ...", columns
 * counted in characters from 1. -ENOMEM. */
int formula_parse(const char *text, struct formula **ret_formula, struct err *err);
void formula_close(struct formula *formula); /* NULL is fine */

/** Is @text, whole, a name as formulas take for an operand? */
bool formula_is_name(const char *text);

/** The metrics it names, each once, in order of appearance; borrowed. */
size_t formula_operands(const struct formula *formula, const char *const **ret_names);
/** At which column operand @i stands first. */
size_t formula_operand_column(const struct formula *formula, size_t i);

/**
 * Evaluate in rationals. @values[i] belongs to operand i; @present[i] false: it has no value.
 * Returns 0 with @ret (initialised by the caller) set; -ENODATA when an operand is missing (err
 * names it); -EDOM for a division by zero (err says which).
 */
int formula_evaluate(const struct formula *formula, const mpq_t values[], const bool present[],
		     mpq_t ret, struct err *err);
