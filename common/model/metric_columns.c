#include "common/model/metric_columns.h"
#include "common/base/decimal.h"
#include "common/base/utf8.h"
#include "common/model/labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX     63u    /* bytes of a level's name */
#define TEXT_MAX     256u   /* bytes of a label or unit of measure */
#define CARRY_MAX    10000u /* own periods; a query looks so far back */
#define DUE_DAYS_MAX 3660u  /* ten years */

/* Cells. Each reader turns one cell into its part of a metric, and says in @err what is wrong. */

static int read_text(const char *cell, size_t max, char **ret_text, struct err *err)
{
	size_t len = strlen(cell);
	if (len > max)
		return err_set(err, -EINVAL, "%zu bytes are too long; the limit is %zu", len, max);
	if (!utf8_printable(cell, len))
		return err_set(err, -EINVAL,
			       "there is a line break or another control character; "
			       "take it out");
	*ret_text = strdup(cell);
	return *ret_text ? 0 : err_memory(err);
}

static int read_word(const char *cell, size_t max, char **ret_text, struct err *err)
{
	if (*cell == '\0')
		return err_set(err, -EINVAL, "it is empty; fill it in");
	return read_text(cell, max, ret_text, err);
}

/* a-z, 0-9 and _ in parts joined by '.': what a formula can be told from and a shell leaves alone
 */
static bool name_valid(const char *name)
{
	bool begins = true; /* a part */
	if (strlen(name) >= METRIC_NAME_MAX)
		return false;
	for (; *name != '\0'; name++) {
		bool letter = *name >= 'a' && *name <= 'z';
		if (begins ? !letter
			   : !letter && *name != '_' && *name != '.' &&
				     !(*name >= '0' && *name <= '9'))
			return false;
		begins = *name == '.';
	}
	return !begins;
}

static int read_name(struct metric *metric, const char *cell, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (!name_valid(cell))
		return err_set(err, -EINVAL,
			       "'%s' is not a name; write at most %u of a-z, 0-9, _ and '.', each "
			       "part beginning with a letter",
			       utf8_excerpt(cell, strlen(cell), shown), METRIC_NAME_MAX - 1);
	return read_word(cell, METRIC_NAME_MAX - 1, &metric->name, err);
}

static int read_label_vi(struct metric *metric, const char *cell, struct err *err)
{
	return read_text(cell, TEXT_MAX, &metric->label_vi, err);
}

static int read_label_en(struct metric *metric, const char *cell, struct err *err)
{
	return read_text(cell, TEXT_MAX, &metric->label_en, err);
}

static int read_unit(struct metric *metric, const char *cell, struct err *err)
{
	return read_text(cell, TEXT_MAX, &metric->unit, err);
}

static int read_level(struct metric *metric, const char *cell, struct err *err)
{
	return read_word(cell, WORD_MAX, &metric->level, err);
}

static int read_kind(struct metric *metric, const char *cell, struct err *err)
{
	char shown[EXCERPT_MAX];
	for (unsigned k = KIND_FLOW; k <= KIND_RATIO; k++)
		if (strcmp(cell, kind_name((enum metric_kind)k)) == 0) {
			metric->kind = (enum metric_kind)k;
			return 0;
		}
	return err_set(err, -EINVAL, "'%s' is not a kind; use flow, stock or ratio",
		       utf8_excerpt(cell, strlen(cell), shown));
}

/* A note that some province had in a column of that name says nothing: the default. */
static int read_undivided(struct metric *metric, const char *cell, struct err *err)
{
	static const char *const names[] = { [UNDIVIDED_EITHER] = "either",
					     [UNDIVIDED_REST] = "rest",
					     [UNDIVIDED_REFUSED] = "refused" };
	char shown[EXCERPT_MAX];
	for (unsigned u = UNDIVIDED_EITHER; u <= UNDIVIDED_REFUSED; u++)
		if (strcmp(cell, names[u]) == 0) {
			metric->undivided = (enum undivided)u;
			return 0;
		}
	return *cell == '\0'
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%s' does not say what a figure without labels is; use either "
				 "(the whole, beside which no part may stand), rest (the part that "
				 "is not classified) or refused",
				 utf8_excerpt(cell, strlen(cell), shown));
}

static bool agg_from_name(const char *name, enum agg *ret_agg)
{
	for (unsigned a = AGG_SUM; a <= AGG_MAX; a++)
		if (strcmp(name, agg_name((enum agg)a)) == 0) {
			*ret_agg = (enum agg)a;
			return true;
		}
	return false;
}

static int read_time_agg(struct metric *metric, const char *cell, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (agg_from_name(cell, &metric->time_agg))
		return 0;
	return err_set(err, -EINVAL,
		       "'%s' does not add figures over time; use sum, last, mean, min or max",
		       utf8_excerpt(cell, strlen(cell), shown));
}

static int read_area_agg(struct metric *metric, const char *cell, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (agg_from_name(cell, &metric->area_agg) && metric->area_agg != AGG_LAST)
		return 0;
	return err_set(err, -EINVAL,
		       "'%s' does not add figures over an area; use sum, mean, min or max",
		       utf8_excerpt(cell, strlen(cell), shown));
}

static int read_period(struct metric *metric, const char *cell, struct err *err)
{
	return grain_from_name(cell, &metric->period, err);
}

static int read_calendar(struct metric *metric, const char *cell, struct err *err)
{
	return *cell == '\0' ? 0 : calendar_from_name(cell, &metric->calendar, err);
}

static int add_dimension(struct metric *metric, const char *text, size_t len, struct err *err)
{
	char key[LABELS_TEXT_MAX], judged[LABELS_TEXT_MAX], shown[EXCERPT_MAX];
	if (len >= sizeof(key))
		return err_set(err, -EINVAL, "'%s' is too long", utf8_excerpt(text, len, shown));
	memcpy(key, text, len);
	key[len] = '\0';
	int rc = labels_canonical(&(struct label){ key, "x" }, 1, judged, err);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < metric->n_dimensions; i++)
		if (strcmp(metric->dimensions[i], key) == 0)
			return err_set(err, -EINVAL, "'%s' is given twice; give it once", key);
	if (metric->n_dimensions == METRIC_DIMENSIONS_MAX)
		return err_set(err, -EINVAL, "there are more than %u dimensions; take some out",
			       METRIC_DIMENSIONS_MAX);
	char *copy = strdup(key);
	if (!copy)
		return err_memory(err);
	metric->dimensions[metric->n_dimensions++] = copy;
	return 0;
}

static int read_dimensions(struct metric *metric, const char *cell, struct err *err)
{
	static const char between[] = "; ";
	for (cell += strspn(cell, between); *cell != '\0'; cell += strspn(cell, between)) {
		size_t len = strcspn(cell, between);
		int rc = add_dimension(metric, cell, len, err);
		if (rc != 0)
			return rc;
		cell += len;
	}
	return 0;
}

static int read_unit_vi(struct metric *metric, const char *cell, struct err *err)
{
	return *cell == '\0' ? 0 : read_text(cell, TEXT_MAX, &metric->unit_vi, err);
}

static int read_section_vi(struct metric *metric, const char *cell, struct err *err)
{
	return *cell == '\0' ? 0 : read_text(cell, TEXT_MAX, &metric->section_vi, err);
}

static int read_section_en(struct metric *metric, const char *cell, struct err *err)
{
	return *cell == '\0' ? 0 : read_text(cell, TEXT_MAX, &metric->section_en, err);
}

/* Vietnamese names have blanks in them, so only ';' stands between two. */
static int read_dimensions_vi(struct metric *metric, const char *cell, struct err *err)
{
	char *copy = strdup(cell), *rest = copy, *name;
	size_t n = 0;
	int rc = copy ? 0 : err_memory(err);
	for (; rc == 0 && *cell != '\0' && (name = strsep(&rest, ";")); n++) {
		name += strspn(name, " ");
		for (size_t len = strlen(name); len > 0 && name[len - 1] == ' '; len--)
			name[len - 1] = '\0';
		if (n < metric->n_dimensions)
			rc = read_word(name, TEXT_MAX, &metric->dimensions_vi[n], err);
	}
	if (rc == 0 && *cell != '\0' && n != metric->n_dimensions)
		rc = err_set(err, -EINVAL,
			     "names: %zu, dimensions: %zu; write a name for each, with ';' "
			     "between them, or none",
			     n, metric->n_dimensions);
	for (size_t i = 0; i < metric->n_dimensions && rc < 0; i++) { /* all have one, or none */
		free(metric->dimensions_vi[i]);
		metric->dimensions_vi[i] = NULL;
	}
	free(copy);
	return rc;
}

/* A whole number from 0 to @max; an empty cell is 0. */
static int read_count(const char *cell, uint32_t max, uint32_t *ret_count, struct err *err)
{
	char shown[EXCERPT_MAX];
	struct err ignored; /* the sentence says what is wanted */
	int64_t value = 0;
	if (*cell != '\0' && (decimal_parse(cell, strlen(cell), 0, &value, &ignored) != 0 ||
			      value < 0 || value > (int64_t)max))
		return err_set(err, -EINVAL, "'%s' is not a whole number from 0 to %u",
			       utf8_excerpt(cell, strlen(cell), shown), max);
	*ret_count = (uint32_t)value;
	return 0;
}

static int read_decimals(struct metric *metric, const char *cell, struct err *err)
{
	uint32_t decimals;
	int rc = read_count(cell, DECIMALS_MAX, &decimals, err);
	if (rc == 0)
		metric->decimals = decimals;
	return rc;
}

static int read_carry(struct metric *metric, const char *cell, struct err *err)
{
	return read_count(cell, CARRY_MAX, &metric->carry, err);
}

static int read_due_days(struct metric *metric, const char *cell, struct err *err)
{
	return read_count(cell, DUE_DAYS_MAX, &metric->due_days, err);
}

static int read_min(struct metric *metric, const char *cell, struct err *err)
{
	metric->has_min = *cell != '\0';
	return metric->has_min
		       ? decimal_parse(cell, strlen(cell), metric->decimals, &metric->min_e, err)
		       : 0;
}

static int read_max(struct metric *metric, const char *cell, struct err *err)
{
	metric->has_max = *cell != '\0';
	return metric->has_max
		       ? decimal_parse(cell, strlen(cell), metric->decimals, &metric->max_e, err)
		       : 0;
}

const struct metric_column metric_columns[METRIC_COLUMNS] = {
	{ "name", read_name, false, false },
	{ "label_vi", read_label_vi, false, false },
	{ "label_en", read_label_en, false, false },
	{ "unit", read_unit, false, false },
	{ "kind", read_kind, false, false },
	{ "time_agg", read_time_agg, false, false },
	{ "area_agg", read_area_agg, false, false },
	{ "period", read_period, false, false },
	{ "calendar", read_calendar, true, false },
	{ "dimensions", read_dimensions, false, false },
	{ "undivided", read_undivided, true, true },
	{ "unit_vi", read_unit_vi, true, true },
	{ "dimensions_vi", read_dimensions_vi, true, true },
	{ "section_vi", read_section_vi, true, true },
	{ "section_en", read_section_en, true, true },
	{ "decimals", read_decimals, false, false },
	{ "carry", read_carry, false, false },
	{ "level", read_level, false, false },
	{ "due_days", read_due_days, false, false },
	{ "min", read_min, false, false },
	{ "max", read_max, false, false },
};
