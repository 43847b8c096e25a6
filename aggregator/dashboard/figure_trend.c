/* How it went: one question for the whole area, over more periods than are shown, so that the
 * newest that have figures are found by themselves. */
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "dashboard/figure_internal.h"
#include "dashboard/signs.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIODS_MAX 5000u /* of a page; the aggregator tells no more of one question */
#define YEARS_AHEAD 10    /* of a target's path */
#define EVENTS_MAX  6u

/* How far back figures are looked for. */
static const int looked_back[GRAIN_COUNT] = {
	[GRAIN_MINUTE] = 336, [GRAIN_HOUR] = 336,   [GRAIN_DAY] = 366,     [GRAIN_WEEK] = 104,
	[GRAIN_MONTH] = 60,   [GRAIN_QUARTER] = 40, [GRAIN_SEMESTER] = 40, [GRAIN_YEAR] = 30,
};

static bool is_given(const struct view *view)
{
	return *view->from || *view->to || *view->last || *view->publication;
}

static bool has_value(const json_t *row)
{
	const json_t *value = json_object_get(row, "value");

	return value && !json_is_null(value);
}

/* A row of the whole area, not of one label and not of what lies elsewhere. */
static bool is_whole(const struct figure *figure, const json_t *row)
{
	return *answer_text(row, "area") &&
	       (!*figure->asked.view.by_label || strcmp(answer_text(row, "row"), "total") == 0);
}

static enum grain grain_asked(const struct figure *figure)
{
	enum grain grain = GRAIN_MONTH;
	struct err err;

	(void)grain_from_name(figure->asked.view.per, &grain, &err); /* a view has only good ones */
	return grain;
}

static enum calendar calendar_asked(const struct figure *figure)
{
	return strcmp(figure->asked.view.calendar, "report") == 0 ? CALENDAR_REPORT
								  : CALENDAR_CIVIL;
}

/* The last year that the way to a target leads to, where it is told by years. */
static int last_target(const struct figure *figure, int this_year)
{
	int last = 0;

	for (size_t i = 0; i < figure->facts.n_targets; i++) {
		int year = figure->facts.targets[i].year;

		if (year > last && year <= this_year + YEARS_AHEAD)
			last = year;
	}
	return last;
}

/* The period under way or, of an area that is no more, its last. */
static struct period newest_asked(const struct figure *figure, enum grain grain)
{
	struct period now = civil_period(calendar_asked(figure), grain, figure->asked.now_us);
	const char *ended = "";
	struct err err;
	int32_t day;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(figure->units), i, row) {
		const char *to = answer_text(row, "valid_to");

		if (strcmp(answer_text(row, "code"), figure->asked.view.area) != 0)
			continue;
		if (!*to)
			return now; /* one of that code is there today */
		if (strcmp(to, ended) > 0)
			ended = to;
	}
	if (!*ended || day_parse(ended, &day, &err) < 0 || period_first_day(now) < day)
		return now;
	return grain >= GRAIN_DAY
		       ? period_of_day(now.calendar, grain, day - 1)
		       : period_in_day(now.calendar, grain, day - 1, grain_per_day(grain) - 1);
}

static void question_write(struct figure *figure)
{
	const struct view *view = &figure->asked.view;
	struct question *question = &figure->trend_question;
	enum grain grain = grain_asked(figure);
	struct period now = newest_asked(figure, grain);
	char text[PERIOD_TEXT_MAX];

	question_of(question, "/api/v1/query", &figure->asked, "by total by_label versus");
	question_add(question, "by_label", view->by_label);
	question_add(question, "total", *view->by_label ? "1" : "");
	question_add(question, "versus", *view->versus ? view->versus : "period");
	if (is_given(view))
		return;
	struct period from = now, to = now;

	from.number -= looked_back[grain] - 1;
	if (grain == GRAIN_YEAR && last_target(figure, 1970 + now.number) > 1970 + now.number)
		to.number = last_target(figure, 1970 + now.number) - 1970;
	question_add(question, "from", period_format(from, text));
	question_add(question, "to", period_format(to, text));
}

/* --- which periods are shown --- */

/* The first or last of @grain within what @text names, a period of any length. */
static bool edge_read(const char *text, enum calendar calendar, enum grain grain, bool last,
		      struct period *ret)
{
	struct period read;
	int32_t day;

	if (!period_read(text, calendar, &read))
		return false;
	if (read.grain <= grain && grain <= GRAIN_HOUR) {
		*ret = read;
		return read.grain == grain;
	}
	day = last ? period_end_day(read) - 1 : period_first_day(read);
	*ret = grain >= GRAIN_DAY
		       ? period_of_day(calendar, grain, day)
		       : period_in_day(calendar, grain, day, last ? grain_per_day(grain) - 1 : 0);
	return true;
}

/* As the answer says what it understood. */
static bool range_of(const struct figure *figure, struct period *ret_first, struct period *ret_last)
{
	const json_t *trend = figure->trend;
	const char *name = answer_head(trend, "query", "per");
	enum calendar calendar = strcmp(answer_head(trend, "query", "calendar"), "report") == 0
					 ? CALENDAR_REPORT
					 : CALENDAR_CIVIL;
	enum grain grain;
	struct err err;

	return grain_from_name(name, &grain, &err) == 0 &&
	       edge_read(answer_head(trend, "query", "from"), calendar, grain, false, ret_first) &&
	       edge_read(answer_head(trend, "query", "to"), calendar, grain, true, ret_last) &&
	       ret_first->number <= ret_last->number;
}

/* The newest period that somebody reported; where nobody did, that has a value; false: none. */
static bool newest(const struct figure *figure, enum calendar calendar, struct period *ret_first,
		   struct period *ret_newest)
{
	bool any = false, reported = false;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(figure->trend), i, row) {
		struct period period;
		bool now = answer_number(row, "reported") + answer_number(row, "extra") > 0;

		if (!is_whole(figure, row) || !has_value(row) ||
		    !period_read(answer_text(row, "period"), calendar, &period))
			continue;
		if (!any)
			*ret_first = period;
		if (now || !reported)
			*ret_newest = period;
		reported = reported || now;
		any = true;
	}
	return any;
}

static void choose_range(const struct figure *figure, struct period *first, struct period *last)
{
	struct period oldest, latest, chosen, ahead = *last;

	if (is_given(&figure->asked.view) || !newest(figure, first->calendar, &oldest, &latest))
		return;
	/* A period that somebody chose is among those that are shown. */
	if (period_read(figure->asked.view.period, first->calendar, &chosen) &&
	    chosen.grain == first->grain && chosen.number >= first->number &&
	    chosen.number < latest.number - (int32_t)FIGURE_PERIODS + 1)
		latest = chosen;
	*first = *last = latest;
	first->number -= (int32_t)FIGURE_PERIODS - 1;
	if (oldest.number > first->number)
		*first = oldest;
	/* A way to a target is seen to its end. */
	if (first->grain == GRAIN_YEAR && figure->facts.n_targets > 0)
		*last = ahead;
}

static void choose_period(struct figure *figure)
{
	struct period oldest, latest;
	size_t at = figure_period(figure, figure->asked.view.period);

	if (at == figure->n && newest(figure, figure->periods[0].calendar, &oldest, &latest) &&
	    latest.number >= figure->periods[0].number)
		at = (size_t)(latest.number - figure->periods[0].number);
	figure->chosen = at < figure->n ? at : figure->n - 1;
}

static const json_t *headline_of(const struct figure *figure)
{
	const json_t *found = NULL;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(figure->trend), i, row) {
		if (!is_whole(figure, row) || strcmp(answer_text(row, "period"), figure->at) != 0)
			continue;
		if (!found || has_value(row) || !has_value(found))
			found = row;
	}
	return found;
}

bool figure_trend_ask(struct figure *figure, struct html *html)
{
	struct period first, last;

	if (!figure->units || !ask(figure->asked.asking, "/api/v1/catalogue") ||
	    !ask(figure->asked.asking, "/api/v1/indicators"))
		return false;
	question_write(figure);
	figure->trend = ask(figure->asked.asking, figure->trend_question.target);
	if (!figure->trend || !range_of(figure, &first, &last))
		return false;
	choose_range(figure, &first, &last);
	if (last.number - first.number >= (int32_t)PERIODS_MAX)
		first.number = last.number - (int32_t)PERIODS_MAX + 1;
	figure->n = (size_t)(last.number - first.number) + 1;
	figure->periods = figure_alloc(figure, html, figure->n * sizeof(*figure->periods));
	if (!figure->periods)
		return false;
	for (size_t i = 0; i < figure->n; i++) {
		figure->periods[i] = first;
		figure->periods[i].number += (int32_t)i;
	}
	choose_period(figure);
	(void)period_format(first, figure->from); /* returns it, as the next do */
	(void)period_format(last, figure->to);
	(void)period_format(figure->periods[figure->chosen], figure->at);
	figure->headline = headline_of(figure);
	return true;
}

/* --- the chart --- */

struct one { /* a series: a unit, or a label */
	const char *area, *from, *label;
	struct chart_point *points;
	const char *name;
};

struct lines {
	struct one list[CHART_SERIES_MAX];
	size_t n, left_out;
	const char **before, **path;
	bool has_before, has_path;
};

static bool is_drawn(const struct figure *figure, const json_t *row)
{
	return *answer_text(row, "area") &&
	       (!*figure->asked.view.by_label || strcmp(answer_text(row, "row"), "part") == 0);
}

static struct one *one_find(struct lines *lines, const json_t *row)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strcmp(lines->list[i].area, answer_text(row, "area")) == 0 &&
		    strcmp(lines->list[i].from, answer_text(row, "valid_from")) == 0 &&
		    strcmp(lines->list[i].label, answer_text(row, "label")) == 0)
			return &lines->list[i];
	return NULL;
}

/* A line for each unit and label that has a value among the periods shown. */
static void lines_find(struct figure *figure, struct html *html, struct lines *lines)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(figure->trend), i, row) {
		struct one *one;

		if (!is_drawn(figure, row) || !has_value(row) || one_find(lines, row) ||
		    figure_period(figure, answer_text(row, "period")) == figure->n)
			continue;
		if (lines->n == CHART_SERIES_MAX) {
			lines->left_out++;
			continue;
		}
		one = &lines->list[lines->n];
		one->area = answer_text(row, "area");
		one->from = answer_text(row, "valid_from");
		one->label = answer_text(row, "label");
		one->name = answer_text(row, *figure->asked.view.by_label ? "label_name" : "name");
		if (!*one->name)
			one->name = *one->label ? one->label : one->area;
		one->points = figure_alloc(figure, html, figure->n * sizeof(*one->points));
		if (!one->points)
			return;
		lines->n++;
	}
}

static void point_read(struct figure *figure, struct html *html, const json_t *row,
		       struct chart_point *point, size_t at)
{
	struct view there = figure->view;
	char period[PERIOD_TEXT_MAX];

	there = view_with(&there, "period", period_format(figure->periods[at], period));
	*point = (struct chart_point){ .value = figure_text(figure, html, row, "value"),
				       .reason = figure_text(figure, html, row, "reason"),
				       .signs = signs_of(row),
				       .link = figure_link(figure, html, &there) };
}

static void lines_read(struct figure *figure, struct html *html, struct lines *lines)
{
	json_t *row;
	size_t i;

	lines->before = figure_alloc(figure, html, figure->n * sizeof(*lines->before));
	lines->path = figure_alloc(figure, html, figure->n * sizeof(*lines->path));
	json_array_foreach((json_t *)(uintptr_t)answer_rows(figure->trend), i, row) {
		size_t at = figure_period(figure, answer_text(row, "period"));
		struct one *one = is_drawn(figure, row) ? one_find(lines, row) : NULL;

		if (!one || at == figure->n || html->failed)
			continue;
		point_read(figure, html, row, &one->points[at], at);
		if (one != &lines->list[0])
			continue;
		lines->before[at] = figure_text(figure, html, row, "before");
		lines->path[at] = figure_text(figure, html, row, "path");
		lines->has_before = lines->has_before || lines->before[at];
		lines->has_path = lines->has_path || lines->path[at];
	}
}

/* The days within the periods shown on which units began or ended, here or right below. */
static size_t reforms(struct figure *figure, struct html *html,
		      struct chart_event events[EVENTS_MAX])
{
	int32_t first = period_first_day(figure->periods[0]);
	int32_t end = period_end_day(figure->periods[figure->n - 1]), day;
	const char *area = figure->asked.view.area;
	size_t n = 0, i;
	json_t *row;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(figure->units), i, row) {
		const char *const days[] = { answer_text(row, "valid_from"),
					     answer_text(row, "valid_to") };
		bool own = strcmp(answer_text(row, "code"), area) == 0;
		struct err err;

		if (!own && strcmp(answer_text(row, "parent"), area) != 0)
			continue;
		for (size_t k = 0; k < 2 && n < EVENTS_MAX; k++) {
			size_t at = 0;
			char told[PERIOD_TOLD_MAX], words[256];

			if (!*days[k] || day_parse(days[k], &day, &err) < 0 || day <= first ||
			    day >= end)
				continue;
			while (at < n && events[at].day != day)
				at++;
			if (at < n && !(own && k == 0))
				continue;
			(void)utf8_print(words, sizeof(words),
					 own && k == 0 ? "%s: %s" : _("%s: new borders"),
					 day_told(day, told), answer_text(row, "name"));
			events[at] = (struct chart_event){ day, arena_text(figure->arena, words) };
			html->failed = html->failed || !events[at].words;
			n += at == n;
		}
	}
	return html->failed ? 0 : n;
}

static const char *title_of(const struct figure *figure, char title[512])
{
	char from[PERIOD_TOLD_MAX], to[PERIOD_TOLD_MAX];

	/* TRANSLATORS: a figure, an area, the first period, the last period */
	(void)utf8_print(title, 512, _("%s, %s, from %s to %s"), figure->facts.label,
			 figure->area_name, period_told(figure->periods[0], from),
			 period_told(figure->periods[figure->n - 1], to));
	return title;
}

void figure_trend(struct figure *figure, struct html *html)
{
	struct lines lines = { 0 };
	struct chart_series series[CHART_SERIES_MAX];
	struct chart_event events[EVENTS_MAX];
	char title[512];

	lines_find(figure, html, &lines);
	lines_read(figure, html, &lines);
	if (html->failed)
		return;
	for (size_t i = 0; i < lines.n; i++)
		series[i] = (struct chart_series){ lines.list[i].name, lines.list[i].points };
	html_add(html, "<section aria-labelledby=\"trend\"><h2 id=\"trend\">%s</h2>\n",
		 _("How it went"));
	if (lines.n == 0)
		html_add(html, "<p class=\"none\">%s</p>\n",
			 _("There is no figure for any of these periods."));
	else
		chart_write(
			html,
			&(struct chart){ .title = title_of(figure, title),
					 .unit = figure->facts.unit,
					 .digits = facts_digits(&figure->facts),
					 .query = figure->trend_question.target,
					 .periods = figure->periods,
					 .n_periods = figure->n,
					 .series = series,
					 .n_series = lines.n,
					 .before = lines.n == 1 && lines.has_before &&
								   strcmp(figure->asked.view.versus,
									  "year") == 0
							   ? lines.before
							   : NULL,
					 .path = lines.has_path && !*figure->asked.view.by_label
							 ? lines.path
							 : NULL,
					 .targets = figure->facts.targets,
					 .n_targets = figure->facts.n_targets,
					 .events = events,
					 .n_events = reforms(figure, html, events) });
	if (lines.left_out > 0)
		html_add(html, "<p>%s</p>\n",
			 _("Only six are drawn; the table below has all of them."));
	html_add(html, "</section>\n");
}
