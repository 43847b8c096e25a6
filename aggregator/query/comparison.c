#include "query/comparison.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "registry/rational.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE_MAX 512u
#define NO_ROW       SIZE_MAX

const char *const comparison_columns[COMPARISON_COLUMNS] = {
	"before_period",  "before",       "before_due", "before_reported", "before_carried",
	"before_missing", "before_until", "change",     "change_percent",  "change_reason"
};

int versus_from_name(const char *name, enum versus *ret_versus, struct err *err)
{
	*ret_versus = VERSUS_NOTHING;
	if (!name)
		return 0;
	if (strcmp(name, "period") == 0)
		*ret_versus = VERSUS_PERIOD;
	else if (strcmp(name, "year") == 0)
		*ret_versus = VERSUS_YEAR;
	else
		return err_set(err, -EINVAL,
			       "nothing can be compared with '%s'; there are: period, which is the "
			       "one before, and year, the same one a year before",
			       name);
	return 0;
}

/* The period of the same name in the year before: names begin with it. */
static bool year_before(struct period period, struct period *ret_before)
{
	char text[PERIOD_TEXT_MAX], year[5];
	memcpy(year, period_format(period, text), 4);
	year[4] = '\0';
	(void)snprintf(year, sizeof(year), "%04u", (unsigned)(atoi(year) - 1) % 10000u);
	memcpy(text, year, 4);
	return period_read(text, period.calendar, ret_before) && ret_before->grain == period.grain;
}

bool versus_period(enum versus versus, struct period period, struct period *ret_before)
{
	struct period before = period;
	before.number--;
	if (versus == VERSUS_YEAR)
		return year_before(period, ret_before);
	*ret_before = before;
	return period_first_day(before) >= DAY_MIN;
}

/* --- rows --- */

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_place(const struct table *rows, size_t row, const struct table *ago, size_t other)
{
	return same(table_cell_of(rows, row, "area"), table_cell_of(ago, other, "area")) &&
	       same(table_cell_of(rows, row, "valid_from"),
		    table_cell_of(ago, other, "valid_from")) &&
	       same(table_cell_of(rows, row, "label"), table_cell_of(ago, other, "label"));
}

/* Both tables have their places in one order, so that the next is mostly the one wanted. */
static size_t row_ago(struct comparison *comparison, size_t row)
{
	const struct table *ago = comparison->ago;
	size_t n = comparison->is_there ? table_rows(ago) : 0;
	for (size_t i = 0; i < n; i++) {
		size_t other = (comparison->at + i) % n;
		if (!same_place(comparison->rows, row, ago, other))
			continue;
		comparison->at = other + 1;
		return other;
	}
	return NO_ROW;
}

/* --- why there is nothing to compare --- */

static const char *reason_of_no_row(const struct comparison *comparison, size_t row,
				    char sentence[SENTENCE_MAX])
{
	const struct table *rows = comparison->rows;
	const char *area = table_cell_of(rows, row, "area"),
		   *from = table_cell_of(rows, row, "valid_from");
	struct err none;
	int32_t day = 0;
	if (!area)
		return _("nothing lay outside the other rows in the period before");
	if (from && day_parse(from, &day, &none) == 0 && day >= period_end_day(comparison->before))
		(void)utf8_print(sentence, SENTENCE_MAX,
				 _("%s %s is in force since %s, and was not in the period before; "
				   "--structure tells both under the borders of one day"),
				 area, table_cell_of(rows, row, "name"), from); /* cut is fine */
	else if (table_cell_of(rows, row, "label"))
		return _("nobody reported with this label in the period before");
	else
		(void)utf8_print(sentence, SENTENCE_MAX,
				 _("%s had no row in the period before: it did not belong to the "
				   "area, or no office reported for it"),
				 area);
	return sentence;
}

static const char *reason(const struct comparison *comparison, size_t row, size_t other,
			  const mpq_t before, char sentence[SENTENCE_MAX])
{
	const char *why;
	if (!comparison->is_there)
		return _("the year before has no such period");
	if (other == NO_ROW)
		return reason_of_no_row(comparison, row, sentence);
	if (!table_cell_of(comparison->ago, other, "value")) {
		why = table_cell_of(comparison->ago, other, "reason");
		(void)utf8_print(sentence, SENTENCE_MAX, _("the period before has no value: %s"),
				 why ? why : "-"); /* cut is fine */
		return sentence;
	}
	if (!table_cell_of(comparison->rows, row, "value"))
		return _("this period has no value");
	return mpq_sgn(before) == 0 ? _("there is no percentage of 0") : NULL;
}

/* --- values --- */

static unsigned digits_after_point(const char *number)
{
	const char *point = strchr(number, '.');
	return point ? (unsigned)strlen(point + 1) : 0;
}

static void put_rational(struct table *out, const mpq_t value, unsigned decimals)
{
	char *text = rational_text(value, decimals);
	table_number(out, text); /* NULL: it remembers */
	free(text);
}

/* change, change_percent */
static void put_change(struct table *out, const char *now, const char *ago, mpq_t before)
{
	unsigned more = digits_after_point(now), less = digits_after_point(ago);
	mpq_t value, hundred;
	mpq_inits(value, hundred, NULL);
	mpq_set_ui(hundred, 100, 1);
	if (!rational_read(value, now))
		table_number(out, NULL); /* no memory */
	mpq_sub(value, value, before);
	put_rational(out, value, more > less ? more : less);
	if (mpq_sgn(before) == 0) {
		table_null(out);
	} else {
		mpq_mul(value, value, hundred);
		mpq_abs(hundred, before);
		mpq_div(value, value, hundred);
		put_rational(out, value, PERCENT_DECIMALS);
	}
	mpq_clears(value, hundred, NULL);
}

static void put_ago(struct table *out, const struct table *ago, size_t other, const char *column)
{
	size_t at = other == NO_ROW ? TABLE_NO_COLUMN : table_find(ago, column);
	if (at != TABLE_NO_COLUMN)
		table_copy(out, ago, other, at);
	else
		table_null(out);
}

void comparison_put(struct comparison *comparison, size_t row, struct table *out)
{
	static const char *const taken[] = { "value",   "due",     "reported",
					     "carried", "missing", "until" };
	char text[PERIOD_TEXT_MAX], sentence[SENTENCE_MAX];
	size_t other = row_ago(comparison, row);
	const char *now = table_cell_of(comparison->rows, row, "value"),
		   *ago = other == NO_ROW ? NULL : table_cell_of(comparison->ago, other, "value");
	mpq_t before;
	mpq_init(before);
	table_text(out, comparison->is_there ? period_format(comparison->before, text) : NULL);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		put_ago(out, comparison->ago, other, taken[i]);
	if (ago && !rational_read(before, ago))
		table_number(out, NULL); /* no memory */
	if (now && ago) {
		put_change(out, now, ago, before);
	} else {
		table_null(out);
		table_null(out);
	}
	table_text(out, reason(comparison, row, other, before, sentence));
	mpq_clear(before);
}
