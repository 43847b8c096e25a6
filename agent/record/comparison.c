/* 1. Put the list in order: series by series, and in each by period.
 * 2. Go through each series with the periods before at hand. The spool is asked once for those
 * before the last figure; when all of them lie before the first, it has none between, and what
 * comes at hand then comes from the list alone: a table of a series' new periods costs one
 * question.
 * 3. Else it is asked again behind every gap. */
#include "record/comparison.h"

#include "common/base/array.h"
#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "office/bulletin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct known {
	struct period period;
	int64_t value_e;
	bool withdrawn;
};

struct recent {                             /* of one series, before a period that is to come */
	struct known list[HISTORY_PERIODS]; /* [n], the newest first */
	size_t n;
	unsigned decimals;
};

/* --- the periods at hand --- */

/* Of two of one period that stands which was there before. */
static void recent_add(struct recent *recent, const struct known *known)
{
	size_t at = 0;
	while (at < recent->n && recent->list[at].period.number > known->period.number)
		at++;
	if (at == HISTORY_PERIODS ||
	    (at < recent->n && recent->list[at].period.number == known->period.number))
		return;
	size_t behind = recent->n - at - (recent->n == HISTORY_PERIODS);
	memmove(&recent->list[at + 1], &recent->list[at], behind * sizeof(*recent->list));
	recent->list[at] = *known;
	recent->n = at + behind + 1;
}

static int on_value(void *context, const struct spool_value *value)
{
	struct recent *recent = context;
	struct known known = { .period = value->obs.period, .withdrawn = value->obs.withdrawn };
	/* Of the time when the catalogue gave it more decimals. */
	if (decimal_rescale(value->obs.value_e, value->obs.decimals, recent->decimals,
			    &known.value_e) == 0)
		recent_add(recent, &known);
	return 0;
}

static int recent_ask(struct recent *recent, struct spool *spool, const struct observation *obs,
		      struct err *err)
{
	return spool_each_before(spool, obs->metric, obs->labels, obs->period, HISTORY_PERIODS,
				 on_value, recent, err);
}

/* --- one series --- */

static struct comparison_far *judge(const struct recent *recent, const struct metric *metric,
				    const struct observation *obs, struct comparison *comparison)
{
	struct history history = { .n = 0 };
	const struct known *before = NULL;
	struct comparison_far *far = &comparison->list[comparison->n];
	*far = (struct comparison_far){ .decimals = obs->decimals, .value_e = obs->value_e };
	for (size_t i = 0; i < recent->n; i++) {
		const struct known *known = &recent->list[i];
		if (known->withdrawn) /* Rule 5.4: it is as if it had never been reported. */
			continue;
		before = before ? before : known;
		history_add(&history, known->value_e);
	}
	if (obs->withdrawn || !history_judge(&history, metric, obs->value_e, &far->usual))
		return NULL;
	far->before = before->period;
	far->before_e = before->value_e;
	comparison->n++;
	return far;
}

/* @order[@n] are of one series, the oldest first. */
static int compare_series(struct spool *spool, const struct metric *metric,
			  const struct observation list[], const struct observation *const order[],
			  size_t n, struct comparison *comparison, struct err *err)
{
	struct recent recent = { .n = 0, .decimals = order[0]->decimals };
	int rc = recent_ask(&recent, spool, order[n - 1], err);
	bool between = recent.n > 0 && recent.list[0].period.number >= order[0]->period.number;
	if (between)
		recent.n = 0;
	for (size_t i = 0; i < n && rc >= 0; i++) {
		const struct observation *obs = order[i];
		int64_t gap =
			i == 0 ? 2 : (int64_t)obs->period.number - order[i - 1]->period.number;
		if (gap == 0) /* given twice: one figure */
			continue;
		if (between && gap > 1)
			rc = recent_ask(&recent, spool, obs, err);
		struct comparison_far *far =
			rc < 0 ? NULL : judge(&recent, metric, obs, comparison);
		if (far)
			far->nth = (size_t)(obs - list);
		recent_add(&recent, &(struct known){ obs->period, obs->value_e, obs->withdrawn });
	}
	return rc < 0 ? rc : 0;
}

/* --- all of them --- */

static int compare_names(const struct observation *a, const struct observation *b)
{
	int order = a->metric == b->metric ? 0 : strcmp(a->metric, b->metric);
	return order != 0 || a->labels == b->labels ? order : strcmp(a->labels, b->labels);
}

static int by_series(const void *a, const void *b)
{
	const struct observation *x = *(const struct observation *const *)a;
	const struct observation *y = *(const struct observation *const *)b;
	int order = compare_names(x, y);
	if (order == 0)
		order = (x->period.number > y->period.number) -
			(x->period.number < y->period.number);
	return order != 0 ? order : (x > y) - (x < y);
}

static int by_place(const void *a, const void *b)
{
	const struct comparison_far *x = a, *y = b;
	if (x->nth != y->nth)
		return x->nth > y->nth ? 1 : -1;
	return (x->closed_us > y->closed_us) - (x->closed_us < y->closed_us);
}

/* Those whose period the province has closed, as far as it told. */
static int closed_find(struct spool *spool, const struct catalogue *catalogue,
		       const struct observation list[], size_t n, struct comparison *comparison,
		       struct err *err)
{
	struct bulletin told;
	int rc = bulletin_read(spool, &told, err);
	bool any = rc == 0 && told.standing && told.standing->n_closing > 0;
	for (size_t i = 0; i < n && any; i++) {
		const struct metric *metric = catalogue_find(catalogue, list[i].metric);
		const Lantoa__V1__Closing *closing =
			metric && !list[i].now ? bulletin_closing(&told, metric, list[i].period)
					       : NULL;
		if (closing)
			comparison->list[comparison->n++] = (struct comparison_far){
				.nth = i, .closed_us = closing->closed_us ? closing->closed_us : 1
			};
	}
	if (rc == 0)
		bulletin_free(&told);
	return rc;
}

int comparison_make(struct spool *spool, const struct catalogue *catalogue,
		    const struct observation list[], size_t n, struct comparison *ret_comparison,
		    struct err *err)
{
	const struct observation **order = calloc(n + 1, sizeof(const struct observation *));
	struct comparison comparison = { .list = calloc(2 * n + 1, sizeof(*comparison.list)) };
	int rc = order && comparison.list ? 0 : err_memory(err);
	size_t n_order = 0;
	for (size_t i = 0; i < n && rc == 0; i++)
		if (!list[i].now && !list[i].add && list[i].period.grain >= GRAIN_HOUR)
			order[n_order++] = &list[i];
	if (rc == 0)
		qsort(order, n_order, sizeof(const struct observation *), by_series);
	for (size_t from = 0, end; from < n_order && rc == 0; from = end) {
		for (end = from + 1; end < n_order && compare_names(order[from], order[end]) == 0;)
			end++;
		const struct metric *metric = catalogue_find(catalogue, order[from]->metric);
		if (metric)
			rc = compare_series(spool, metric, list, order + from, end - from,
					    &comparison, err);
	}
	free(order);
	if (rc == 0)
		rc = closed_find(spool, catalogue, list, n, &comparison, err);
	if (rc < 0) {
		comparison_free(&comparison);
		return rc;
	}
	qsort(comparison.list, comparison.n, sizeof(*comparison.list), by_place);
	*ret_comparison = comparison;
	return 0;
}

void comparison_free(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_breaches; i++)
		free(comparison->breaches[i].text);
	free(comparison->breaches);
	free(comparison->refused);
	free(comparison->list);
	*comparison = (struct comparison){ 0 };
}

/* --- what is refused --- */

int comparison_breach_add(struct comparison *comparison, size_t nth, bool refused, const char *text,
			  struct err *err)
{
	struct comparison_breach *list =
		array_room(comparison->breaches, comparison->n_breaches, sizeof(*list));
	if (!list)
		return err_memory(err);
	comparison->breaches = list;
	list += comparison->n_breaches;
	*list = (struct comparison_breach){ nth, refused, strdup(text) };
	return list->text ? (comparison->n_breaches++, 0) : err_memory(err);
}

int comparison_room(struct comparison *comparison, size_t n, struct err *err)
{
	if (!comparison->refused)
		comparison->refused = calloc(n + 1, sizeof(*comparison->refused));
	return comparison->refused ? 0 : err_memory(err);
}

void comparison_refuse(struct comparison *comparison, size_t nth)
{
	comparison->n_refused += !comparison->refused[nth];
	comparison->refused[nth] = true;
}

static int by_figure(const void *a, const void *b)
{
	const struct comparison_breach *x = a, *y = b;
	int order = (x->nth > y->nth) - (x->nth < y->nth);
	order = order ? order : (int)y->refused - (int)x->refused;
	return order ? order : strcmp(x->text, y->text);
}

void comparison_tidy(struct comparison *comparison)
{
	size_t kept = 0;
	struct comparison_breach *list = comparison->breaches;
	if (comparison->n_breaches > 1)
		qsort(list, comparison->n_breaches, sizeof(*list), by_figure);
	for (size_t i = 0; i < comparison->n_breaches; i++)
		if (kept > 0 && list[kept - 1].refused && list[kept - 1].nth == list[i].nth)
			free(list[i].text);
		else
			list[kept++] = list[i];
	comparison->n_breaches = kept;
	kept = 0;
	for (size_t i = 0; comparison->refused && i < comparison->n; i++)
		if (!comparison->refused[comparison->list[i].nth])
			comparison->list[kept++] = comparison->list[i];
	comparison->n = comparison->refused ? kept : comparison->n;
}

const struct comparison_breach *comparison_first_refused(const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_breaches; i++)
		if (comparison->breaches[i].refused)
			return &comparison->breaches[i];
	return NULL;
}

/* --- telling --- */

static const char *number(int64_t value_e, unsigned decimals, char point,
			  char text[DECIMAL_TEXT_MAX])
{
	(void)decimal_format(value_e, decimals, text); /* its length */
	char *mark = strchr(text, '.');
	if (mark && point)
		*mark = point;
	return text;
}

static const char *say(bool held, const struct comparison_far *far, char point,
		       char text[ERR_TEXT_MAX])
{
	char value[DECIMAL_TEXT_MAX], before[DECIMAL_TEXT_MAX], low[DECIMAL_TEXT_MAX],
		high[DECIMAL_TEXT_MAX], period[PERIOD_TEXT_MAX], day[DAY_TEXT_MAX];
	if (far->closed_us) {
		(void)utf8_print(text, ERR_TEXT_MAX, /* as below */
				 _("the period is closed since %s: what you send is recorded, "
				   "and waits for the province's word"),
				 day_format(civil_day(far->closed_us), day));
		return text;
	}
	(void)utf8_print(
		text, ERR_TEXT_MAX, /* its length; it fits */
		held ? _("%s is far from what was reported before, so it is not recorded: %s for "
			 "%s, and %s to %s would be usual; correct it or, if it is right, hand it "
			 "in again without strict")
		     : _("%s is recorded, but it is far from what was reported before: %s for %s, "
			 "and %s to %s would be usual; if it is wrong, correct it and hand it in "
			 "again"),
		number(far->value_e, far->decimals, point, value),
		number(far->before_e, far->decimals, point, before),
		period_format(far->before, period),
		number(far->usual.low_e, far->decimals, point, low),
		number(far->usual.high_e, far->decimals, point, high));
	return text;
}

const char *comparison_say(const struct comparison_far *far, char point, char text[ERR_TEXT_MAX])
{
	return say(false, far, point, text);
}

const char *comparison_say_held(const struct comparison_far *far, char point,
				char text[ERR_TEXT_MAX])
{
	return say(true, far, point, text);
}

/* --- on the API --- */

static json_t *far_json(const struct comparison_far *far)
{
	char value[DECIMAL_TEXT_MAX], before[DECIMAL_TEXT_MAX], low[DECIMAL_TEXT_MAX],
		high[DECIMAL_TEXT_MAX], period[PERIOD_TEXT_MAX], says[ERR_TEXT_MAX],
		at[INSTANT_TEXT_MAX];
	if (far->closed_us)
		return json_pack("{s:I, s:s, s:s}", "observation", (json_int_t)far->nth + 1,
				 "closed", civil_format(far->closed_us, at), "warning",
				 comparison_say(far, '.', says));
	return json_pack("{s:I, s:s, s:{s:s, s:s}, s:[s, s], s:s}", "observation",
			 (json_int_t)far->nth + 1, "value",
			 number(far->value_e, far->decimals, '.', value), "before", "period",
			 period_format(far->before, period), "value",
			 number(far->before_e, far->decimals, '.', before), "usual",
			 number(far->usual.low_e, far->decimals, '.', low),
			 number(far->usual.high_e, far->decimals, '.', high), "warning",
			 comparison_say(far, '.', says));
}

/* @array, one longer; NULL: out of memory. */
static json_t *append(json_t *array, json_t *object)
{
	if (array && json_array_append_new(array, object) == 0)
		return array;
	json_decref(array ? NULL : object);
	json_decref(array);
	return NULL;
}

static json_t *breaches_json(json_t *array, const struct comparison *comparison, bool refused)
{
	for (size_t i = 0; array && i < comparison->n_breaches; i++) {
		const struct comparison_breach *breach = &comparison->breaches[i];
		if (breach->refused == refused)
			array = append(array,
				       json_pack("{s:I, s:s}", "observation",
						 (json_int_t)breach->nth + 1,
						 refused ? "error" : "warning", breach->text));
	}
	return array;
}

json_t *comparison_json(const struct comparison *comparison)
{
	json_t *array = json_array();
	for (size_t i = 0; array && i < comparison->n; i++)
		array = append(array, far_json(&comparison->list[i]));
	return breaches_json(array, comparison, false);
}

json_t *comparison_refused_json(const struct comparison *comparison)
{
	return breaches_json(json_array(), comparison, true);
}

/* With as many decimals as stand there, at most DECIMALS_MAX. */
static bool read_number(const json_t *json, unsigned *ret_decimals, int64_t *ret_value_e)
{
	const char *text = json_string_value(json);
	const char *mark = text ? strchr(text, '.') : NULL;
	struct err ignored; /* it is passed over */
	size_t decimals = mark ? strlen(mark + 1) : 0;
	*ret_decimals = (unsigned)decimals;
	return text && decimals <= DECIMALS_MAX &&
	       decimal_parse(text, strlen(text), *ret_decimals, ret_value_e, &ignored) == 0;
}

static bool read_closed(const json_t *json, size_t n, struct comparison_far *far)
{
	const char *at = json_string_value(json_object_get(json, "closed"));
	json_int_t place = json_integer_value(json_object_get(json, "observation"));
	struct err ignored; /* it is passed over */
	if (place < 1 || (uint64_t)place > n || !at ||
	    civil_parse(at, &far->closed_us, &ignored) < 0 || far->closed_us == 0)
		return false;
	far->nth = (size_t)place - 1;
	return true;
}

static bool read_far(const json_t *json, size_t n, struct comparison_far *far)
{
	if (json_object_get(json, "closed"))
		return read_closed(json, n, far);
	const json_t *before = json_object_get(json, "before");
	const json_t *usual = json_object_get(json, "usual");
	const char *period = json_string_value(json_object_get(before, "period"));
	json_int_t place = json_integer_value(json_object_get(json, "observation"));
	unsigned of[3];
	if (place < 1 || (uint64_t)place > n || !period ||
	    !period_read(period, CALENDAR_CIVIL, &far->before) ||
	    !read_number(json_object_get(json, "value"), &far->decimals, &far->value_e) ||
	    !read_number(json_object_get(before, "value"), &of[0], &far->before_e) ||
	    !read_number(json_array_get(usual, 0), &of[1], &far->usual.low_e) ||
	    !read_number(json_array_get(usual, 1), &of[2], &far->usual.high_e))
		return false;
	far->nth = (size_t)place - 1;
	return of[0] == far->decimals && of[1] == far->decimals && of[2] == far->decimals;
}

/* The sentence of what is told of a rule; NULL: it is no such thing. */
static const char *read_breach(const json_t *json, bool refused, size_t n, size_t *ret_nth)
{
	json_int_t place = json_integer_value(json_object_get(json, "observation"));
	*ret_nth = (size_t)place - 1;
	return place < 1 || (uint64_t)place > n || json_object_get(json, "before") ||
			       json_object_get(json, "closed")
		       ? NULL
		       : json_string_value(json_object_get(json, refused ? "error" : "warning"));
}

static int read_breaches(const json_t *array, bool refused, size_t n, struct comparison *comparison,
			 struct err *err)
{
	int rc = json_array_size(array) > 0 && refused ? comparison_room(comparison, n, err) : 0;
	for (size_t i = 0; i < json_array_size(array) && rc == 0; i++) {
		size_t nth;
		const char *text = read_breach(json_array_get(array, i), refused, n, &nth);
		if (text)
			rc = comparison_breach_add(comparison, nth, refused, text, err);
		if (text && refused && rc == 0)
			comparison_refuse(comparison, nth);
	}
	return rc;
}

int comparison_read(const json_t *warnings, const json_t *refused, size_t n,
		    struct comparison *ret_comparison, struct err *err)
{
	size_t n_array = json_array_size(warnings);
	struct comparison comparison = { .list = calloc(n_array + 1, sizeof(*comparison.list)) };
	if (!comparison.list)
		return err_memory(err);
	for (size_t i = 0; i < n_array; i++)
		comparison.n +=
			read_far(json_array_get(warnings, i), n, &comparison.list[comparison.n]);
	int rc = read_breaches(warnings, false, n, &comparison, err);
	if (rc == 0)
		rc = read_breaches(refused, true, n, &comparison, err);
	if (rc < 0) {
		comparison_free(&comparison);
		return rc;
	}
	comparison_tidy(&comparison);
	*ret_comparison = comparison;
	return 0;
}
