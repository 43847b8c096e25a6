#include "common/model/entry.h"

#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/near_metric.h"
#include "common/text/numeral.h"

#include <errno.h>
#include <string.h>

#define FUTURE_DAYS 1 /* the catalogue's rule: clocks of office and province may differ */

bool entry_coarse(const struct observation *obs)
{
	return obs->period.grain >= GRAIN_DAY;
}

static bool in_future(struct period period, int64_t now_us)
{
	int64_t latest_minute = civil_minute(now_us) + FUTURE_DAYS * 1440;
	int64_t per_day = grain_per_day(period.grain);
	int64_t minute = (int64_t)period_first_day(period) * 1440 +
			 (int64_t)period_nth(period) * (1440 / per_day);
	return minute > latest_minute;
}

static int judge_period(const struct metric *metric, const struct entry *entry, int64_t now_us,
			struct period *ret_period, struct err *err)
{
	char example[PERIOD_TEXT_MAX];
	struct period now = now_us == CLOCK_UNKNOWN_US
				    ? (struct period){ metric->calendar, metric->period, 0 }
				    : civil_period(metric->calendar, metric->period, now_us);
	if (!entry->period) {
		*ret_period = now;
		return 0;
	}
	struct period period;
	int rc = period_parse(entry->period, metric->calendar, &period, err);
	if (rc < 0)
		return rc;
	if (period.grain != metric->period)
		return err_set(err, -EINVAL,
			       "period '%s' is a %s, but it is counted per %s; write it like %s",
			       entry->period, _(grain_name(period.grain)),
			       _(grain_name(metric->period)), period_format(now, example));
	if (now_us != CLOCK_UNKNOWN_US && in_future(period, now_us))
		return err_set(err, -EINVAL,
			       "period '%s' has not begun; correct it, or this machine's clock",
			       entry->period);
	*ret_period = period;
	return 0;
}

static void names_of_dimensions(const struct metric *metric, char *text, size_t room)
{
	size_t at = 0;
	text[0] = '\0';
	for (size_t i = 0; i < metric->n_dimensions; i++) {
		size_t len = strlen(metric->dimensions[i]);
		if (at + len + 3 > room)
			return;
		if (at > 0) {
			memcpy(text + at, ", ", 2);
			at += 2;
		}
		memcpy(text + at, metric->dimensions[i], len + 1);
		at += len;
	}
}

/* As people wrote them, into the codes of the lists, in force on the period's first day; but of
 * "now" nobody may know when that is. */
static int resolve_labels(const struct catalogue *catalogue, char ret_labels[LABELS_TEXT_MAX],
			  struct observation *obs, struct err *err)
{
	struct err unlisted = { 0 };
	int32_t day = obs->now ? CODE_ANY_DAY : period_first_day(obs->period);
	int rc = *obs->labels ? dimensions_resolve(catalogue->dimensions, obs->labels, day,
						   ret_labels, &unlisted)
			      : 0;
	if (rc < 0)
		return obs->withdrawn ? 0 : err_set(err, rc, "%s", unlisted.text);
	if (*obs->labels && strcmp(ret_labels, obs->labels) != 0)
		obs->labels = ret_labels;
	return 0;
}

static int judge_labels(const struct metric *metric, const struct entry *entry, struct err *err)
{
	enum verdict verdict =
		metric_judge_series(metric, entry->labels, metric->calendar, metric->period);
	char names[METRIC_DIMENSIONS_MAX * 40];
	bool needed = metric->n_dimensions > 0 && metric->undivided == UNDIVIDED_REFUSED &&
		      entry->value && !*entry->labels;
	if (verdict == VERDICT_OK && !needed)
		return 0;
	if (metric->n_dimensions == 0)
		return err_set(err, -EINVAL, "it takes no labels, but has '%s'; leave them out",
			       entry->labels);
	names_of_dimensions(metric, names, sizeof(names));
	if (needed)
		return err_set(
			err, -EINVAL,
			"it is counted in parts only; say of each which it is, by the label: "
			"%s",
			names);
	return err_set(err, -EINVAL, "labels '%s': it takes only %s", entry->labels, names);
}

/* As programs write it, or as people do where only one reading makes sense: 8,00 is 8. */
static int read_value(const char *text, unsigned decimals, int64_t *ret_value_e, struct err *err)
{
	char plain[NUMERAL_MAX], other[NUMERAL_MAX], shown[EXCERPT_MAX];
	enum numeral numeral = numeral_look(text);
	if (numeral == NUMERAL_EITHER && strchr(text, ',')) {
		(void)numeral_plain(text, NUMERAL_COMMA, plain); /* it is a number */
		(void)numeral_plain(text, NUMERAL_POINT, other);
		size_t len = strlen(plain); /* without zeros at the end it has one reading */
		while (plain[len - 1] == '0')
			len--;
		plain[plain[len - 1] == '.' ? len - 1 : len] = '\0';
		return err_set(err, -EINVAL,
			       "'%s' can be read as %s or as %s; write it as one of these",
			       utf8_excerpt(text, strlen(text), shown), plain, other);
	}
	if (numeral != NUMERAL_NONE && numeral_plain(text, NUMERAL_POINT, plain))
		text = plain;
	return decimal_parse(text, strlen(text), decimals, ret_value_e, err);
}

/* A limit, in the notation of whoever wrote the value. */
static const char *limit_text(const struct metric *metric, const struct entry *entry,
			      int64_t limit_e, char text[DECIMAL_TEXT_MAX])
{
	(void)decimal_format(limit_e, metric->decimals, text); /* its length */
	char *point = strchr(text, '.');
	if (point && entry->point)
		*point = entry->point;
	return text;
}

static int judge_value(const struct metric *metric, const struct entry *entry,
		       struct observation *obs, struct err *err)
{
	char limit[DECIMAL_TEXT_MAX];
	const char *typed = entry->typed ? entry->typed : entry->value;
	if (!entry->value)
		return 0;
	int rc = read_value(entry->value, metric->decimals, &obs->value_e, err);
	if (rc == -EINVAL && entry->point == ',' && numeral_look(typed) != NUMERAL_NONE)
		return metric->decimals == 0
			       ? err_set(err, rc,
					 "'%s' has digits after ',', and this is counted in whole "
					 "numbers",
					 typed)
			       : err_set(err, rc, "'%s' has more than %u digits after ','", typed,
					 metric->decimals);
	if (rc < 0)
		return rc;
	if (entry->add) /* what is added may be negative; the sum is judged by the province */
		return 0;
	if (metric->has_min && obs->value_e < metric->min_e)
		return err_set(err, -EINVAL, "%s is below the smallest allowed value %s", typed,
			       limit_text(metric, entry, metric->min_e, limit));
	if (metric->has_max && obs->value_e > metric->max_e)
		return err_set(err, -EINVAL, "%s is above the largest allowed value %s", typed,
			       limit_text(metric, entry, metric->max_e, limit));
	return 0;
}

/* As the wire takes them: common/net/wire_remarks.c. */
static int judge_remark(const struct entry *entry, struct err *err)
{
	const char *author = entry->author ? entry->author : "";
	const char *note = entry->note ? entry->note : "";
	size_t author_len = strlen(author), note_len = strlen(note);
	if (author_len > OBSERVATION_AUTHOR_MAX || !utf8_printable(author, author_len))
		return err_set(err, -EINVAL,
			       "who typed it is named by one line of at most %u bytes",
			       OBSERVATION_AUTHOR_MAX);
	if (note_len > OBSERVATION_NOTE_MAX)
		return err_set(err, -EINVAL, "its note has %zu bytes, and at most %u are kept",
			       note_len, OBSERVATION_NOTE_MAX);
	if (!utf8_printable(note, note_len))
		return err_set(err, -EINVAL,
			       "its note holds a line's end or another sign that cannot be shown; "
			       "write it in one line");
	return 0;
}

int entry_judge_as(const struct catalogue *catalogue, const struct metric *metric,
		   const struct entry *entry, int64_t now_us, char ret_labels[LABELS_TEXT_MAX],
		   struct observation *ret_obs, enum entry_part *ret_part, struct err *err)
{
	struct observation obs = { .metric = entry->metric,
				   .labels = entry->labels,
				   .decimals = metric->decimals,
				   .now = !entry->period && now_us == CLOCK_UNKNOWN_US,
				   .withdrawn = !entry->value,
				   .add = entry->add && entry->value,
				   .author = entry->author,
				   .note = entry->note,
				   .one_kind = metric->n_dimensions > 0 &&
					       metric->undivided == UNDIVIDED_EITHER };
	*ret_part = ENTRY_PERIOD;
	int rc = judge_period(metric, entry, now_us, &obs.period, err);
	if (rc == 0) {
		*ret_part = ENTRY_LABELS;
		rc = judge_labels(metric, entry, err);
	}
	if (rc == 0)
		rc = resolve_labels(catalogue, ret_labels, &obs, err);
	if (rc == 0) {
		*ret_part = ENTRY_VALUE;
		rc = judge_value(metric, entry, &obs, err);
	}
	if (rc == 0) {
		*ret_part = ENTRY_REMARK;
		rc = judge_remark(entry, err);
	}
	if (rc == 0)
		*ret_obs = obs;
	return rc;
}

int entry_judge(const struct catalogue *catalogue, const struct entry *entry, int64_t now_us,
		char ret_labels[LABELS_TEXT_MAX], struct observation *ret_obs, struct err *err)
{
	enum entry_part part;
	const struct metric *metric = catalogue_find(catalogue, entry->metric);
	if (!metric && catalogue_did_you_mean(catalogue, entry->metric, err))
		return -EINVAL;
	if (!metric)
		return err_set(err, -EINVAL,
			       "'%s' is not in the catalogue; 'lantoa-agent catalogue' lists "
			       "what is",
			       entry->metric);
	int rc = entry_judge_as(catalogue, metric, entry, now_us, ret_labels, ret_obs, &part, err);
	return rc < 0 ? err_wrap(err, "%s", entry->metric) : 0;
}
