#include "registry/indicator.h"

#include "common/base/array.h"
#include "common/base/decimal.h"
#include "common/model/near_metric.h"
#include "common/model/period.h"
#include "common/text/import_sheet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LEN_MAX 64u

enum column { NAME, LABEL_VI, LABEL_EN, FORMULA, UNIT, TARGET_YEAR, TARGET_VALUE, COLUMNS };
static const char *const columns[COLUMNS] = { "name", "label_vi",    "label_en",    "formula",
					      "unit", "target_year", "target_value" };

struct reading {
	struct indicators *indicators;
	unsigned *lines;                   /* owned [n]: where each indicator was named first */
	const struct catalogue *catalogue; /* NULL: any metric goes */
};

static struct indicator *indicator_new(struct reading *reading, unsigned line)
{
	struct indicators *indicators = reading->indicators;
	struct indicator *list = array_room(indicators->list, indicators->n, sizeof(*list));
	if (!list)
		return NULL;
	indicators->list = list;
	unsigned *lines = array_room(reading->lines, indicators->n, sizeof(*lines));
	if (!lines)
		return NULL;
	reading->lines = lines;
	lines[indicators->n] = line;
	list[indicators->n] = (struct indicator){ 0 };
	return &list[indicators->n++];
}

static int texts_copy(struct indicator *indicator, const struct import_sheet *sheet)
{
	indicator->name = strdup(import_sheet_field(sheet, NAME));
	indicator->label_vi = strdup(import_sheet_field(sheet, LABEL_VI));
	indicator->label_en = strdup(import_sheet_field(sheet, LABEL_EN));
	indicator->unit = strdup(import_sheet_field(sheet, UNIT));
	indicator->text = strdup(import_sheet_field(sheet, FORMULA));
	return indicator->name && indicator->label_vi && indicator->label_en && indicator->unit &&
			       indicator->text
		       ? 0
		       : -ENOMEM;
}

static void operands_check(struct import_sheet *sheet, const struct formula *formula)
{
	const struct reading *reading = sheet->context;
	const char *const *names = NULL;
	size_t n = reading->catalogue ? formula_operands(formula, &names) : 0;
	for (size_t i = 0; i < n; i++) {
		size_t column = formula_operand_column(formula, i);
		char meant[NEAR_METRICS_TEXT];
		struct near_metrics near;
		if (catalogue_find(reading->catalogue, names[i]))
			continue;
		if (catalogue_near(reading->catalogue, names[i], &near))
			import_sheet_diagnose(sheet,
					      "formula, column %zu: the catalogue has no metric "
					      "'%s'; did you mean %s?",
					      column, names[i], near_metrics_say(&near, meant));
		else
			import_sheet_diagnose(
				sheet, "formula, column %zu: the catalogue has no metric '%s'",
				column, names[i]);
	}
}

static int formula_take(struct import_sheet *sheet, struct indicator *indicator, struct err *err)
{
	struct err why = { 0 };
	int rc = formula_parse(indicator->text, &indicator->formula, &why);
	if (rc == -ENOMEM)
		return err_memory(err);
	if (rc < 0)
		import_sheet_diagnose(sheet, "formula, %s", why.text);
	else
		operands_check(sheet, indicator->formula);
	return 0;
}

static int indicator_add(struct import_sheet *sheet, struct indicator **ret_indicator,
			 struct err *err)
{
	struct reading *reading = sheet->context;
	const char *name = import_sheet_field(sheet, NAME);
	if (reading->catalogue && catalogue_find(reading->catalogue, name))
		import_sheet_diagnose(
			sheet, "'%s' is a metric of the catalogue; give the indicator another name",
			name);
	struct indicator *indicator = indicator_new(reading, sheet->row->line);
	if (!indicator || texts_copy(indicator, sheet) < 0)
		return err_memory(err);
	*ret_indicator = indicator;
	return formula_take(sheet, indicator, err);
}

static struct indicator *by_name(const struct indicators *indicators, const char *name)
{
	for (size_t i = 0; i < indicators->n; i++)
		if (strcmp(indicators->list[i].name, name) == 0)
			return &indicators->list[i];
	return NULL;
}

/* The row's indicator: made by its first row, met again by the further ones. NULL: diagnosed. */
static int row_indicator(struct import_sheet *sheet, struct indicator **ret_indicator,
			 struct err *err)
{
	struct reading *reading = sheet->context;
	const char *name = import_sheet_field(sheet, NAME);
	*ret_indicator = NULL;
	if (strlen(name) > NAME_LEN_MAX || !formula_is_name(name)) {
		import_sheet_diagnose(
			sheet, "name: '%s' is not valid; write it like economy.digital_share",
			name);
		return 0;
	}
	struct indicator *indicator = by_name(reading->indicators, name);
	if (!indicator)
		return indicator_add(sheet, ret_indicator, err);
	if (strcmp(indicator->text, import_sheet_field(sheet, FORMULA)) != 0)
		import_sheet_diagnose(sheet, "formula: not the one of '%s' in line %u", name,
				      reading->lines[indicator - reading->indicators->list]);
	*ret_indicator = indicator;
	return 0;
}

static bool target_valid(struct import_sheet *sheet, const struct indicator *indicator,
			 int *ret_year)
{
	const char *year = import_sheet_field(sheet, TARGET_YEAR);
	const char *value = import_sheet_field(sheet, TARGET_VALUE);
	struct err why = { 0 };
	struct period period;
	int64_t mantissa = 0;
	if (period_parse(year, CALENDAR_CIVIL, &period, &why) < 0 || period.grain != GRAIN_YEAR) {
		import_sheet_diagnose(
			sheet,
			"target_year: '%s' is not a year; leave year and value empty for none",
			year);
		return false;
	}
	*ret_year = atoi(year);
	if (decimal_parse(value, strlen(value), DECIMALS_MAX, &mantissa, &why) < 0) {
		import_sheet_diagnose(sheet, "target_value: %s", why.text);
		return false;
	}
	for (size_t i = 0; i < indicator->n_targets; i++)
		if (indicator->targets[i].year == *ret_year) {
			import_sheet_diagnose(sheet,
					      "target_year: '%s' has a target for %s already",
					      indicator->name, year);
			return false;
		}
	return true;
}

static int target_add(struct import_sheet *sheet, struct indicator *indicator, struct err *err)
{
	const char *value = import_sheet_field(sheet, TARGET_VALUE);
	int year = 0;
	if (import_sheet_field(sheet, TARGET_YEAR)[0] == '\0' && value[0] == '\0')
		return 0;
	if (!target_valid(sheet, indicator, &year))
		return 0;
	struct target *targets =
		array_room(indicator->targets, indicator->n_targets, sizeof(*targets));
	if (!targets)
		return err_memory(err);
	indicator->targets = targets;
	char *copy = strdup(value);
	if (!copy)
		return err_memory(err);
	size_t i = indicator->n_targets++;
	for (; i > 0 && targets[i - 1].year > year; i--)
		targets[i] = targets[i - 1];
	targets[i] = (struct target){ .year = year, .value = copy };
	return 0;
}

static int on_row(struct import_sheet *sheet, struct err *err)
{
	struct indicator *indicator = NULL;
	int rc = row_indicator(sheet, &indicator, err);
	return rc == 0 && indicator ? target_add(sheet, indicator, err) : rc;
}

int indicators_read(const char *csv, size_t len, const struct catalogue *catalogue,
		    struct indicators **ret_indicators, struct err *err)
{
	struct reading reading = { .indicators = calloc(1, sizeof(struct indicators)),
				   .catalogue = catalogue };
	if (!reading.indicators)
		return err_memory(err);
	struct import_sheet sheet = {
		.columns = columns, .n_columns = COLUMNS, .on_row = on_row, .context = &reading
	};
	int rc = import_sheet_read(&sheet, csv, len, err);
	if (rc == 0)
		rc = diagnostics_tell(&sheet.diagnostics, err);
	free(reading.lines);
	if (rc < 0) {
		indicators_close(reading.indicators);
		return rc;
	}
	*ret_indicators = reading.indicators;
	return 0;
}

static void indicator_free(struct indicator *indicator)
{
	for (size_t i = 0; i < indicator->n_targets; i++)
		free(indicator->targets[i].value);
	free(indicator->targets);
	formula_close(indicator->formula);
	free(indicator->name);
	free(indicator->label_vi);
	free(indicator->label_en);
	free(indicator->unit);
	free(indicator->text);
}

void indicators_close(struct indicators *indicators)
{
	if (!indicators)
		return;
	for (size_t i = 0; i < indicators->n; i++)
		indicator_free(&indicators->list[i]);
	free(indicators->list);
	free(indicators);
}

const struct indicator *indicators_find(const struct indicators *indicators, const char *name)
{
	return by_name(indicators, name);
}
