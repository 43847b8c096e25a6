/* What was typed in a form: is it right, is it odd, is it new? */
#include "clerk/sheet.h"

#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/numeral.h"
#include "common/text/viet.h"
#include "import/cell.h"
#include "record/validation.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS   " \t\r\n"
#define TIDY_MAX 256u

/* Of all that judges: 0 is fine, 1 was said in the row's message, -ENOMEM. */

__attribute__((format(printf, 2, 3))) static int say(struct sheet_row *row, const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	(void)utf8_vprint(text, sizeof(text), format, args); /* its length; cut is fine */
	va_end(args);
	free(row->message);
	row->message = strdup(text);
	return row->message ? 1 : -ENOMEM;
}

static bool blank(const char *text)
{
	return text[strspn(text, BLANKS)] == '\0';
}

/* Without blanks around it, and letters as they are mostly typed. What is too long is cut where
 * labels_canonical() refuses it. */
static void tidy(const char *typed, char text[TIDY_MAX])
{
	typed += strspn(typed, BLANKS);
	(void)viet_compose(typed, text, TIDY_MAX); /* as said */
	size_t len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]))
		text[--len] = '\0';
}

/* The same to people: "VNeID" and "vneid ". */
static bool alike(const char *a, const char *b)
{
	char key_a[VIET_KEY_MAX], key_b[VIET_KEY_MAX];
	return viet_key(a, key_a) && viet_key(b, key_b) ? strcmp(key_a, key_b) == 0
							: strcmp(a, b) == 0;
}

/* Has another row, known or written before, labels like those of @row? */
static bool is_taken(const struct sheet *sheet, const struct sheet_row *row)
{
	for (const struct sheet_row *other = sheet->rows; other < sheet->rows + sheet->n; other++)
		if (other != row && other->metric == row->metric && *other->labels &&
		    (!other->fresh || other < row) && alike(other->labels, row->labels))
			return true;
	return false;
}

/* The labels that were typed in a fresh row. */
static int read_labels(const struct sheet *sheet, struct sheet_row *row)
{
	char texts[METRIC_DIMENSIONS_MAX][TIDY_MAX];
	struct label labels[METRIC_DIMENSIONS_MAX];
	char canonical[LABELS_TEXT_MAX];
	struct err err;
	size_t n = row->metric->n_dimensions;
	for (size_t i = 0; i < n; i++) {
		tidy(row->dimensions[i], texts[i]);
		labels[i] = (struct label){ row->metric->dimensions[i], texts[i] };
		if (*texts[i] == '\0')
			return say(row, _("say which %s it is"),
				   wording_dimension(row->metric, labels[i].key));
	}
	if (labels_canonical(labels, n, canonical, &err) < 0 ||
	    dimensions_resolve(sheet->catalogue->dimensions, canonical,
			       period_first_day(sheet->period), row->labels, &err) < 0)
		return say(row, "%s", err.text);
	if (is_taken(sheet, row))
		return say(row, _("it has a row of its own already; write it there"));
	return 0;
}

/* As a decimal. What this language puts before decimals is that mark; the other one marks
 * thousands, unless the figure could have that many decimals. */
static int read_value(struct sheet_row *row)
{
	enum numeral mark = wording_mark();
	char own = mark == NUMERAL_COMMA ? ',' : '.';
	if (numeral_look(row->typed) == NUMERAL_EITHER && !strchr(row->typed, own) &&
	    row->metric->decimals >= 3)
		return say(row,
			   _("'%s' can be read in two ways; write thousands without a mark, and "
			     "decimals with '%c'"),
			   row->typed, own);
	if (numeral_plain(row->typed, mark, row->value))
		return 0;
	struct err err;
	(void)cell_refuse(row->typed, mark, row->metric, &err); /* it is the sentence */
	return say(row, "%s", err.text);
}

/* 1: it is odd, and was not confirmed. */
static int warn(struct sheet_row *row, int64_t value_e)
{
	struct history_range usual;
	char low[WORDING_MAX], high[WORDING_MAX], value[WORDING_MAX];
	const struct metric *metric = row->metric;
	bool confirmed = row->confirmed && strcmp(row->confirmed, row->typed) == 0;
	const char *known = sheet_held(row, value);
	if (confirmed)
		return 0;
	if (row->was && strcmp(row->was, known) != 0) {
		return say(row, _("it has become '%s' meanwhile; is it to be '%s'?"), known,
			   row->typed);
	}
	if (!history_judge(&row->history, metric, value_e, &usual))
		return 0;
	return say(row, _("%s is far from what was reported before (%s to %s)"),
		   wording_value(value_e, metric->decimals, value),
		   wording_value(usual.low_e, metric->decimals, low),
		   wording_value(usual.high_e, metric->decimals, high));
}

/* 1: what somebody else wrote meanwhile would be gone, and that was not confirmed. */
static int warn_note(struct sheet_row *row)
{
	bool confirmed = row->confirmed && strcmp(row->confirmed, row->typed) == 0;
	return row->note_met && !confirmed
		       ? say(row, _("its note has become '%s' meanwhile; is it to be '%s'?"),
			     sheet_note(row), row->said)
		       : 0;
}

/* Where the form has a field for it: what it says from now on. What nobody changed in this form
 * stays as it is by now. @ret_other: it says something new. */
static int read_note(struct sheet_row *row, bool *ret_other)
{
	char text[SPOOL_NOTE_MAX + 2];
	const char *was = row->note_was ? row->note_was : "", *now = sheet_note(row);
	*ret_other = row->note_met = false;
	if (!row->note)
		return 0;
	const char *typed = row->note + strspn(row->note, BLANKS), *said = now;
	if (strcmp(row->note, was) != 0)
		said = viet_compose(typed, text, sizeof(text)) ? text : typed; /* too long */
	size_t len = strlen(said);
	while (len > 0 && strchr(BLANKS, said[len - 1]))
		len--;
	free(row->said);
	if (!(row->said = strndup(said, len)))
		return -ENOMEM;
	*ret_other = said != now && strcmp(row->said, now) != 0;
	row->note_met = *ret_other && strcmp(was, now) != 0;
	return 0;
}

/* @typed: the value; else only its note is another one. */
static int judge_value(struct sheet *sheet, struct sheet_row *row, bool typed, int64_t now_us)
{
	char period[PERIOD_TEXT_MAX];
	struct observation obs;
	char labels[LABELS_TEXT_MAX];
	enum entry_part part;
	struct err err;
	int rc = row->fresh ? read_labels(sheet, row) : 0;
	if (rc == 0 && typed)
		rc = read_value(row);
	else if (rc == 0)
		(void)decimal_format(row->now->value_e, row->metric->decimals, row->value);
	if (rc == 0) {
		struct entry entry = { .metric = row->metric->name,
				       .value = row->value,
				       .period = period_format(sheet->period, period),
				       .labels = row->labels,
				       .note = row->said,
				       .typed = row->typed,
				       .point = wording_mark() == NUMERAL_COMMA ? ',' : '.' };
		if (entry_judge_as(sheet->catalogue, row->metric, &entry, now_us, labels, &obs,
				   &part, &err) < 0)
			rc = say(row, "%s", err.text);
	}
	if (rc != 0) {
		sheet->n_errors += rc > 0;
		return rc < 0 ? rc : 0;
	}
	row->value_e = obs.value_e;
	rc = typed ? warn(row, obs.value_e) : 0;
	if (rc == 0)
		rc = warn_note(row);
	row->warned = rc > 0;
	sheet->n_warnings += rc > 0;
	row->changed = true;
	return rc < 0 ? rc : 0;
}

static int judge_row(struct sheet *sheet, struct sheet_row *row, int64_t now_us)
{
	const char *was = row->was ? row->was : "";
	bool other_note, stands = row->now && !row->now->withdrawn;
	if (!row->typed)
		return 0;
	int rc = read_note(row, &other_note);
	if (rc < 0)
		return rc;
	if (row->withdraw) {
		row->changed = stands;
		return 0;
	}
	if (!blank(row->typed) && strcmp(row->typed, was) != 0)
		return judge_value(sheet, row, true, now_us);
	if (!blank(row->typed))
		return other_note && stands ? judge_value(sheet, row, false, now_us) : 0;
	bool typed = *was || (other_note && *row->said);
	for (size_t i = 0; i < row->metric->n_dimensions; i++)
		typed |= !blank(row->dimensions[i]);
	if (!typed)
		return 0;
	sheet->n_errors++;
	/* I6: an emptied field is neither 0 nor "not reported", before somebody says which. */
	rc = *was ? say(row,
			_("it was %s; to take that back, tick 'withdraw', and for none write 0"),
			was)
		  : say(row, _("write its value"));
	return rc < 0 ? rc : 0;
}

/* The whole or its parts, never both: the province would add them up (rules of the figures, 5).
 * Said once, at the first row of rows @i to @end that would make it both. */
static int judge_kinds(struct sheet *sheet, size_t i, size_t end)
{
	struct sheet_row *whole = NULL, *part = NULL, *typed = NULL;
	char value[WORDING_MAX];
	int64_t value_e;
	for (; i < end; i++) {
		struct sheet_row *row = &sheet->rows[i];
		bool undivided = !*row->labels;
		if (!sheet_value(row, &value_e))
			continue;
		if (undivided)
			whole = row;
		else if (!part)
			part = row;
		if (row->changed && !typed)
			typed = row;
	}
	if (!whole || !part || !typed)
		return 0;
	(void)sheet_value(whole, &value_e); /* as above */
	(void)wording_value(value_e, whole->metric->decimals, value);
	typed = whole->changed ? whole : typed;
	sheet->n_errors++;
	sheet->n_warnings -= typed->warned;
	typed->warned = false;
	return whole->changed
		       ? say(typed,
			     _("write either this one figure or its parts, never both, for they "
			       "would be added up; empty this field, or withdraw the parts"))
		       : say(typed,
			     _("it is recorded undivided, as %s, and its parts would be added to "
			       "that; to divide it, tick 'withdraw' at the undivided figure"),
			     value);
}

/* --- the rules --- */

/* What is recorded of the form's periods; of metrics that it has no row for, too. */
static int each_standing(void *context, const char *metric, struct period period,
			 int (*on_value)(void *found, const struct observation *obs), void *found,
			 struct err *err)
{
	const struct sheet *sheet = context;
	int rc = 0;
	(void)err;
	for (size_t i = 0; i < sheet->values->n && rc == 0; i++) {
		const struct value *value = &sheet->values->list[i];
		const struct observation standing = { .metric = metric,
						      .labels = value->labels,
						      .period = period,
						      .decimals = value->metric->decimals,
						      .value_e = value->value_e,
						      .withdrawn = value->withdrawn };
		if (value->period.number == period.number &&
		    strcmp(value->metric->name, metric) == 0)
			rc = on_value(found, &standing);
	}
	return rc;
}

static int breach_say(struct sheet *sheet, struct sheet_row *row,
		      const struct comparison_breach *breach)
{
	bool confirmed = row->confirmed && strcmp(row->confirmed, row->typed) == 0;
	if (!breach->refused && (confirmed || row->message))
		return 0;
	sheet->n_warnings += (size_t)!breach->refused - row->warned;
	sheet->n_errors += breach->refused;
	row->warned = !breach->refused;
	int rc = say(row, "%s", breach->text);
	return rc < 0 ? rc : 0;
}

/* What was typed, beside what is recorded. */
static int judge_rules(struct sheet *sheet, struct err *err)
{
	const struct rule_standing standing = { each_standing, sheet };
	struct observation *list = calloc(sheet->n + 1, sizeof(*list));
	struct sheet_row **rows = calloc(sheet->n + 1, sizeof(struct sheet_row *));
	struct comparison found = { 0 };
	size_t n = 0;
	for (size_t i = 0; list && rows && i < sheet->n; i++) {
		struct sheet_row *row = &sheet->rows[i];
		if (!row->changed)
			continue;
		rows[n] = row;
		list[n++] = (struct observation){ .metric = row->metric->name,
						  .labels = row->labels,
						  .period = sheet->period,
						  .decimals = row->metric->decimals,
						  .value_e = row->value_e,
						  .withdrawn = row->withdraw };
	}
	int rc = list && rows ? validation_rules(&standing, sheet->catalogue, list, n,
						 wording_mark() == NUMERAL_COMMA ? ',' : '.',
						 &found, err)
			      : err_memory(err);
	if (rc == 0)
		comparison_tidy(&found);
	for (size_t i = 0; i < found.n_breaches && rc == 0; i++)
		rc = breach_say(sheet, rows[found.breaches[i].nth], &found.breaches[i]);
	comparison_free(&found);
	free(list);
	free(rows);
	return rc;
}

int sheet_judge(struct sheet *sheet, int64_t now_us, struct err *err)
{
	int rc = 0;
	sheet->n_errors = sheet->n_strange;
	sheet->n_warnings = sheet->n_changed = 0;
	for (size_t i = 0; i < sheet->n && rc == 0; i++) {
		rc = judge_row(sheet, &sheet->rows[i], now_us);
		sheet->n_changed += sheet->rows[i].changed;
	}
	for (size_t i = 0, end; i < sheet->n && rc == 0; i = end) {
		const struct metric *metric = sheet->rows[i].metric;
		end = sheet_metric_end(sheet, i);
		if (metric->n_dimensions > 0 && metric->undivided == UNDIVIDED_EITHER)
			rc = judge_kinds(sheet, i, end);
		rc = rc > 0 ? 0 : rc;
	}
	if (rc == 0)
		rc = judge_rules(sheet, err);
	return rc < 0 ? err_memory(err) : 0;
}
