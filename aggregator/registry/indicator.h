/* Indicators: formulas over metrics, with targets by year. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "registry/formula.h"
#include "registry/rational.h"

#include <stdbool.h>
#include <stddef.h>

#define INDICATOR_DECIMALS 6u /* results are rounded half to even there */

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
 * @catalogue has the metrics that a formula may name; one that is nearly right is offered (I13).
 * NULL: any name goes.
 */
int indicators_read(const char *csv, size_t len, const struct catalogue *catalogue,
		    struct indicators **ret_indicators, struct err *err);
void indicators_close(struct indicators *indicators); /* NULL is fine */
const struct indicator *indicators_find(const struct indicators *indicators, const char *name);
