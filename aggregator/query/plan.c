#include "query/plan.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/model/labels.h"
#include "common/model/near_metric.h"
#include "common/text/near_name.h"
#include "registry/unit_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find_operands(const struct reference *reference, struct plan *plan, struct err *err)
{
	const char *const *names;
	size_t n = formula_operands(plan->indicator->formula, &names);
	if (n > PLAN_OPERANDS_MAX)
		return err_set(err, -EINVAL, "indicator '%s' has more than %u operands",
			       plan->indicator->name, PLAN_OPERANDS_MAX);
	for (size_t i = 0; i < n; i++) {
		plan->metrics[i] = catalogue_find(reference->catalogue, names[i]);
		if (!plan->metrics[i])
			return err_set(err, -EINVAL,
				       "indicator '%s' needs metric '%s', which the catalogue no "
				       "longer has",
				       plan->indicator->name, names[i]);
	}
	plan->n_metrics = n;
	return 0;
}

/* Metrics, or an indicator that is nearer than any. */
static bool did_you_mean(const struct reference *reference, const char *name, struct err *err)
{
	const struct indicators *indicators = reference->indicators;
	const struct indicator *best = NULL;
	char meant[NEAR_METRICS_TEXT];
	struct near_metrics metrics;
	struct near_name near;
	bool is_near = catalogue_near(reference->catalogue, name, &metrics);
	near_name_begin(&near, name);
	near.least = metrics.distance;
	for (size_t i = 0; i < indicators->n; i++) {
		const struct indicator *one = &indicators->list[i];
		if (near_name_try(&near, one->name) || near_name_try(&near, one->label_vi) ||
		    near_name_try(&near, one->label_en))
			best = one;
	}
	if (best)
		err_set(err, -EINVAL,
			"there is no metric or indicator '%s'; did you mean '%s' (%s)?", name,
			best->name,
			strcmp(language_tag(), "vi") == 0 ? best->label_vi : best->label_en);
	else if (is_near)
		err_set(err, -EINVAL, "there is no metric or indicator '%s'; did you mean %s?",
			name, near_metrics_say(&metrics, meant));
	return best || is_near;
}

static int find_name(const struct reference *reference, const char *name, struct plan *plan,
		     struct err *err)
{
	if (!name || !*name)
		return err_set(err, -EINVAL, "the query names no metric or indicator");
	plan->metrics[0] = catalogue_find(reference->catalogue, name);
	plan->n_metrics = 1;
	if (plan->metrics[0])
		return 0;
	plan->indicator = indicators_find(reference->indicators, name);
	if (!plan->indicator && did_you_mean(reference, name, err))
		return -EINVAL;
	if (!plan->indicator)
		return err_set(err, -EINVAL,
			       "there is no metric or indicator '%s'; 'lantoa catalogue export' "
			       "and 'lantoa "
			       "indicators export' name them",
			       name);
	return find_operands(reference, plan, err);
}

static int refuse_minutes(struct err *err)
{
	return err_set(err, -EINVAL, "minutes are not rolled up; ask per hour or coarser");
}

static int find_grain(const struct query *query, struct plan *plan, struct err *err)
{
	plan->per = plan->metrics[0]->period;
	plan->calendar = plan->metrics[0]->calendar;
	for (size_t i = 1; i < plan->n_metrics; i++) {
		if (plan->metrics[i]->period > plan->per)
			plan->per = plan->metrics[i]->period;
		if (plan->metrics[i]->calendar == CALENDAR_REPORT)
			plan->calendar = CALENDAR_REPORT;
	}
	if (!query->per && plan->per == GRAIN_MINUTE)
		plan->per = GRAIN_HOUR;
	int rc = query->per ? grain_from_name(query->per, &plan->per, err) : 0;
	if (rc == 0 && query->calendar)
		rc = calendar_from_name(query->calendar, &plan->calendar, err);
	if (rc == 0 && plan->per == GRAIN_MINUTE)
		return refuse_minutes(err);
	for (size_t i = 0; i < plan->n_metrics && rc == 0; i++) {
		const struct metric *metric = plan->metrics[i];
		if (!plan_fits(plan, metric))
			rc = err_set(err, -EINVAL,
				     "%s is counted per %s (%s calendar), which does not add up to "
				     "a %s of the %s "
				     "calendar",
				     metric->name, _(grain_name(metric->period)),
				     _(calendar_name(metric->calendar)), _(grain_name(plan->per)),
				     _(calendar_name(plan->calendar)));
	}
	return rc;
}

static int64_t now_of(const struct query *query)
{
	return query->now_us ? query->now_us : civil_now_us();
}

/* What was known when, and so what has begun and what is over. */
static int find_instant(const struct query *query, struct plan *plan, struct err *err)
{
	plan->known_us = query->known_us ? query->known_us : INT64_MAX;
	int rc = query->known ? civil_parse(query->known, &plan->known_us, err) : 0;
	if (rc < 0)
		return rc;
	int64_t now_us = now_of(query); /* what is to come is not over, whatever will be known */
	now_us = plan->known_us < now_us ? plan->known_us : now_us;
	plan->begun = civil_minute(now_us);
	plan->over = civil_minute(now_us + 1); /* a day is known to its last microsecond */
	return 0;
}

/* The newest bucket that is over (rule 5.5). */
static int32_t newest_over(const struct plan *plan)
{
	int64_t day = plan->over / 1440 - (plan->over % 1440 < 0);
	if (plan->per == GRAIN_HOUR)
		return (int32_t)(plan->over / 60 - (plan->over % 60 < 0)) - 1;
	return period_of_day(plan->calendar, plan->per, (int32_t)day).number - 1;
}

/* The bucket that holds the first (or the last) moment of the period written in @text. */
static int find_bucket(const struct plan *plan, const char *text, bool last, int32_t *ret_number,
		       struct err *err)
{
	struct period period;
	int rc = 0;
	if (strcmp(text, PERIOD_LATEST) == 0) {
		*ret_number = newest_over(plan);
		return 0;
	}
	rc = period_parse(text, plan->calendar, &period, err);
	if (rc < 0)
		return rc;
	if (plan->per == GRAIN_HOUR && period.grain <= GRAIN_HOUR) {
		*ret_number = period_bucket(period, CALENDAR_CIVIL, GRAIN_HOUR).number;
		return 0;
	}
	int32_t day = last ? period_end_day(period) - 1 : period_first_day(period);
	if (plan->per == GRAIN_HOUR)
		*ret_number = day * 24 + (last ? 23 : 0);
	else
		*ret_number = period_of_day(plan->calendar, plan->per, day).number;
	return 0;
}

/* The last so many that are over. Their number says which they are, so that a link stays right. */
static int find_last(const struct query *query, struct plan *plan, struct err *err)
{
	size_t len = strspn(query->last, "0123456789");
	unsigned long n = len > 0 && len < 10 ? strtoul(query->last, NULL, 10) : 0;
	if (query->last[len] || n == 0 || n > PLAN_BUCKETS_MAX)
		return err_set(err, -EINVAL, "last: must be a number from 1 to %u, not '%s'",
			       PLAN_BUCKETS_MAX, query->last);
	if (query->from || query->to)
		return err_set(err, -EINVAL,
			       "the last periods are a range already: leave --from and --to out, "
			       "or --last");
	plan->newest = (int32_t)n;
	plan->last = newest_over(plan);
	plan->first = plan->last - plan->newest + 1;
	if (plan->last < plan->first || period_first_day(plan_bucket(plan, plan->first)) < DAY_MIN)
		return err_set(err, -EINVAL,
			       "last: the first of %lu periods would begin before 1900", n);
	return 0;
}

static int find_range(const struct query *query, struct plan *plan, struct err *err)
{
	const char *from = query->from ? query->from : query->to,
		   *to = query->to ? query->to : query->from;
	if (query->last)
		return find_last(query, plan, err);
	if (!from) {
		plan->first = plan->last =
			civil_period(plan->calendar, plan->per, now_of(query)).number;
		return 0;
	}
	int rc = find_bucket(plan, from, false, &plan->first, err);
	if (rc == 0)
		rc = find_bucket(plan, to, true, &plan->last, err);
	if (rc < 0)
		return rc;
	if (plan->last < plan->first)
		return err_set(err, -EINVAL, "the range ends (%s) before it begins (%s)", to, from);
	if ((uint32_t)(plan->last - plan->first) >= PLAN_BUCKETS_MAX)
		return err_set(err, -E2BIG,
			       "the range has more than %u periods; ask for a shorter one or "
			       "coarser periods",
			       PLAN_BUCKETS_MAX);
	return 0;
}

static int check_level(const struct reference *reference, const char *level, struct err *err)
{
	char known[256] = "";
	for (size_t i = 0; i < reference->units->n; i++) {
		const char *name = reference->units->list[i].level;
		if (strcmp(name, level) == 0)
			return 0;
		if (!strstr(known, name) &&
		    strlen(known) + strlen(name) + sizeof(", office") < sizeof(known)) {
			strcat(known, name); /* fits: just checked */
			strcat(known, ", ");
		}
	}
	(void)err_set(err, -EINVAL, "'%s' is not a level of units; there are: %soffice", level,
		      known);
	return near_words_hint(err, strcat(known, "office"), level);
}

static int find_place(const struct reference *reference, const struct query *query,
		      struct plan *plan, struct err *err)
{
	plan->by_office = query->by && strcmp(query->by, "office") == 0;
	plan->by = plan->by_office ? NULL : query->by;
	plan->labels = query->labels ? query->labels : "";
	if (!labels_valid(plan->labels))
		return err_set(err, -EINVAL, "'%s' are not labels", plan->labels);
	return plan->by ? check_level(reference, plan->by, err) : 0;
}

/* I13: a code that meant no unit at the time asked about is an error, never an empty answer. A name
 * becomes the code of the unit that is called so then. */
static int find_area(const struct reference *reference, const char *text, struct plan *plan,
		     struct err *err)
{
	int32_t first = plan->restated ? plan->structure
				       : period_first_day(plan_bucket(plan, plan->first)),
		end = plan->restated ? plan->structure + 1
				     : period_end_day(plan_bucket(plan, plan->last));
	const struct unit *known = NULL; /* the nearest before, or else after */
	int rc = units_named(reference->units, text, first, end, &plan->area, err);
	if (rc < 0)
		return err->code = -EINVAL; /* the question is wrong, and nothing is missing here */
	plan->area_asked = plan->area == text ? NULL : text;
	for (size_t i = 0; i < reference->units->n; i++) {
		const struct unit *unit = &reference->units->list[i];
		if (strcmp(unit->code, plan->area) != 0)
			continue;
		if (unit->valid_from < end && unit->valid_to > first)
			return 0;
		if (!known || unit->valid_to <= first)
			known = unit; /* the list is ascending by valid_from, and has one */
	}
	char day[DAY_TEXT_MAX], from[DAY_TEXT_MAX];
	if (known->valid_to <= first)
		return err_set(
			err, -EINVAL,
			"%s %s is no more since %s, and the time asked about begins on %s; ask "
			"for its successor, or with --structure under the borders of an earlier "
			"day",
			known->code, known->name, day_format(known->valid_to, day),
			day_format(first, from));
	return err_set(err, -EINVAL,
		       "%s %s is there only from %s on, and the time asked about ends before that; "
		       "with --structure it can be told under the borders of a later day",
		       known->code, known->name, day_format(known->valid_from, day));
}

static bool has_dimension(const struct metric *metric, const char *key, size_t len)
{
	for (size_t i = 0; i < metric->n_dimensions; i++)
		if (strlen(metric->dimensions[i]) == len &&
		    memcmp(metric->dimensions[i], key, len) == 0)
			return true;
	return false;
}

/* The first key of the filter that is no dimension of @metric; NULL: all are. */
static const char *strange_key(const struct plan *plan, const struct metric *metric,
			       size_t *ret_len)
{
	const char *cursor = plan->labels, *key, *value;
	size_t len, value_len;
	while (labels_next(&cursor, &key, &len, &value, &value_len))
		if (!has_dimension(metric, key, len)) {
			*ret_len = len;
			return key;
		}
	return NULL;
}

static int refuse_dimension(const struct metric *metric, const char *key, size_t len,
			    struct err *err)
{
	char dimensions[256] = "", typed[64];
	size_t at = 0;
	for (size_t k = 0; k < metric->n_dimensions && at < sizeof(dimensions); k++)
		at += (size_t)snprintf(dimensions + at, sizeof(dimensions) - at, "%s%s",
				       k ? ", " : "", metric->dimensions[k]);
	if (*dimensions) {                                                   /* cut is fine */
		(void)snprintf(typed, sizeof(typed), "%.*s", (int)len, key); /* so is it here */
		(void)err_set(err, -EINVAL,
			      "%s is not divided by '%.*s'; what it is divided by: %s",
			      metric->name, (int)len, key, dimensions);
		return near_words_hint(err, dimensions, typed);
	}
	return err_set(err, -EINVAL, "%s is not divided by '%.*s', nor by anything else",
		       metric->name, (int)len, key);
}

/* I13: a label that no figure can have is an error that says which there are. */
static int check_labels(const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n_metrics; i++) {
		size_t len;
		const char *key = strange_key(plan, plan->metrics[i], &len);
		if (key)
			return refuse_dimension(plan->metrics[i], key, len, err);
	}
	return 0;
}

/* So is a dimension that it has not. And what is one label already has no rows for each. */
static int check_by_label(const struct plan *plan, struct err *err)
{
	const char *cursor = plan->labels, *key, *value;
	size_t by_len = strlen(plan->by_label), len, value_len;
	for (size_t i = 0; i < plan->n_metrics; i++)
		if (!has_dimension(plan->metrics[i], plan->by_label, by_len))
			return refuse_dimension(plan->metrics[i], plan->by_label,
						strnlen(plan->by_label, 64), err);
	while (labels_next(&cursor, &key, &len, &value, &value_len))
		if (len == by_len && memcmp(key, plan->by_label, len) == 0)
			return err_set(err, -EINVAL,
				       "--by-label %s has rows for each %s: leave --label %s=%.*s "
				       "out, or --by-label",
				       plan->by_label, plan->by_label, plan->by_label,
				       (int)value_len, value);
	return 0;
}

/* The same where every metric is asked about: those that are so divided are meant. */
static int check_labels_of_any(const struct reference *reference, const struct plan *plan,
			       struct err *err)
{
	for (size_t i = 0; i < reference->catalogue->n; i++)
		if (plan_fits(plan, &reference->catalogue->metrics[i]))
			return 0;
	return err_set(err, -EINVAL,
		       "no metric that adds up to a %s is divided by what --label says ('%s'); the "
		       "column dimensions of 'lantoa catalogue export' has what each is divided by",
		       _(grain_name(plan->per)), plan->labels);
}

static int find_views(const struct query *query, struct plan *plan, struct err *err)
{
	plan->rank = query->rank;
	plan->by_label = plan->everything ? NULL : query->by_label;
	plan->restated = query->structure != NULL;
	plan->damage = query->damage;
	return plan->restated ? day_parse(query->structure, &plan->structure, err) : 0;
}

static int find_the_rest(const struct reference *reference, const struct query *query,
			 struct plan *plan, struct err *err)
{
	int rc = find_instant(query, plan, err);
	if (rc == 0)
		rc = find_range(query, plan, err);
	if (rc == 0)
		rc = find_place(reference, query, plan, err);
	if (rc == 0)
		rc = find_views(query, plan, err);
	if (rc == 0 && query->area)
		rc = find_area(reference, query->area, plan, err);
	if (rc == 0 && plan->by_label)
		rc = check_by_label(plan, err);
	if (rc < 0 || !*plan->labels)
		return rc;
	return plan->everything ? check_labels_of_any(reference, plan, err)
				: check_labels(plan, err);
}

int plan_grain(const struct reference *reference, const struct query *query, struct plan *ret_plan,
	       struct err *err)
{
	struct plan plan = { 0 };
	int rc = find_name(reference, query->name, &plan, err);
	if (rc == 0)
		rc = find_grain(query, &plan, err);
	if (rc == 0)
		*ret_plan = plan;
	return rc;
}

int plan_make(const struct reference *reference, const struct query *query, struct plan *ret_plan,
	      struct err *err)
{
	struct plan plan;
	int rc = plan_grain(reference, query, &plan, err);
	if (rc == 0)
		rc = find_the_rest(reference, query, &plan, err);
	if (rc == 0)
		*ret_plan = plan;
	return rc;
}

/* I13: what nobody reports has no rows to be empty. */
static int find_form(const struct reference *reference, const struct query *query,
		     struct plan *plan, struct err *err)
{
	char known[128] = "";
	bool there[GRAIN_COUNT] = { false };
	plan->of_form = query->form != NULL;
	if (!query->form)
		return 0;
	int rc = grain_from_name(query->form, &plan->form, err);
	for (size_t i = 0; i < reference->catalogue->n; i++)
		there[reference->catalogue->metrics[i].period] = true;
	if (rc < 0)
		return err_wrap(err, "form");
	if (!period_nests(CALENDAR_CIVIL, plan->form, CALENDAR_CIVIL, plan->per))
		plan->per = plan->form;
	for (int grain = 0; grain < GRAIN_COUNT && !there[plan->form]; grain++) {
		size_t at = strlen(known);
		if (there[grain])
			(void)snprintf(known + at, sizeof(known) - at, "%s%s", at ? ", " : "",
				       grain_name((enum grain)grain)); /* fits: eight short words */
	}
	return there[plan->form]
		       ? 0
		       : err_set(err, -EINVAL,
				 "no metric is reported per %s; what is reported, per: %s",
				 _(grain_name(plan->form)), *known ? known : "-");
}

int plan_make_everything(const struct reference *reference, const struct query *query,
			 struct plan *ret_plan, struct err *err)
{
	struct plan plan = { .everything = true, .per = GRAIN_MONTH };
	int rc = find_form(reference, query, &plan, err);
	if (rc == 0 && query->per)
		rc = grain_from_name(query->per, &plan.per, err);
	if (rc == 0 && query->calendar)
		rc = calendar_from_name(query->calendar, &plan.calendar, err);
	if (rc == 0 && plan.per == GRAIN_MINUTE)
		rc = refuse_minutes(err);
	if (rc == 0)
		rc = find_the_rest(reference, query, &plan, err);
	if (rc == 0)
		*ret_plan = plan;
	return rc;
}

bool plan_fits(const struct plan *plan, const struct metric *metric)
{
	size_t len;
	return (!plan->of_form || metric->period == plan->form) &&
	       period_nests(metric->calendar, metric->period, plan->calendar, plan->per) &&
	       (!plan->everything || !strange_key(plan, metric, &len)); /* rule 5.1 */
}

struct period plan_bucket(const struct plan *plan, int32_t number)
{
	return (struct period){ .calendar = plan->calendar, .grain = plan->per, .number = number };
}

bool plan_begun(const struct plan *plan, struct period bucket)
{
	return plan->begun >= (bucket.grain == GRAIN_HOUR
				       ? bucket.number * INT64_C(60)
				       : period_first_day(bucket) * INT64_C(1440));
}

bool plan_over(const struct plan *plan, struct period bucket)
{
	return plan->over >= (bucket.grain == GRAIN_HOUR ? (bucket.number + 1) * INT64_C(60)
							 : period_end_day(bucket) * INT64_C(1440));
}

const char *plan_under_way(const struct plan *plan, struct period bucket, char text[DAY_TEXT_MAX])
{
	return plan_over(plan, bucket) ? NULL : day_format(period_end_day(bucket) - 1, text);
}

/* Of the buckets asked about, which is under way, and from which on none has begun. */
static void head_not_over(const struct plan *plan, struct table *table)
{
	char text[PERIOD_TEXT_MAX];
	int32_t number = plan->last;
	if (plan_over(plan, plan_bucket(plan, number)))
		return;
	while (number >= plan->first && !plan_begun(plan, plan_bucket(plan, number)))
		number--;
	bool under_way = number >= plan->first && !plan_over(plan, plan_bucket(plan, number));
	struct period bucket = plan_bucket(plan, number);
	table_head(table, "query", "under_way", under_way ? period_format(bucket, text) : NULL);
	table_head(table, "query", "under_way_until",
		   under_way ? day_format(period_end_day(bucket) - 1, text) : NULL);
	table_head(table, "query", "not_begun",
		   number < plan->last ? period_format(plan_bucket(plan, number + 1), text) : NULL);
}

void plan_head(const struct plan *plan, const char *names, struct table *table)
{
	char text[PERIOD_TEXT_MAX];
	const struct metric *metric = plan->metrics[0];
	if (names) {
		table_head(table, "query", "name", names);
	} else if (!plan->everything) {
		table_head(table, "query", "name",
			   plan->indicator ? plan->indicator->name : metric->name);
		table_head(table, "query", "unit",
			   plan->indicator ? plan->indicator->unit : metric->unit);
	}
	if (plan->of_form)
		table_head(table, "query", "form", grain_name(plan->form));
	table_head(table, "query", "area", plan->area);
	if (plan->area_asked)
		table_head(table, "query", "area_asked", plan->area_asked);
	table_head(table, "query", "by", plan->by_office ? "office" : plan->by);
	table_head(table, "query", "per", grain_name(plan->per));
	table_head(table, "query", "calendar", calendar_name(plan->calendar));
	table_head(table, "query", "from", period_format(plan_bucket(plan, plan->first), text));
	table_head(table, "query", "to", period_format(plan_bucket(plan, plan->last), text));
	if (plan->newest > 0) {
		(void)snprintf(text, sizeof(text), "%" PRId32, plan->newest); /* fits */
		table_head(table, "query", "last", text);
	}
	table_head(table, "query", "labels", plan->labels);
	if (plan->by_label)
		table_head(table, "query", "by_label", plan->by_label);
	char day[DAY_TEXT_MAX], instant[INSTANT_TEXT_MAX];
	table_head(table, "query", "structure",
		   plan->restated ? day_format(plan->structure, day) : NULL);
	table_head(table, "query", "known",
		   plan->known_us == INT64_MAX ? NULL : civil_format(plan->known_us, instant));
	head_not_over(plan, table);
}
