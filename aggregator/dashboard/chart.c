/* Places are whole tenths of a pixel, worked out on whole numbers. Every period has a band of equal
 * width, and a point stands in its middle: so a day, such as that of a reform, lies where its part
 * of the band is gone. */
#include "dashboard/chart.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/period_told.h"
#include "dashboard/axis.h"
#include "dashboard/chart_internal.h"
#include "dashboard/scale.h"
#include "dashboard/shown.h"
#include "dashboard/signs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In tenths. */
#define WIDTH       7200
#define HEIGHT      3000
#define TOP         300 /* a sign above a point and the words of an event fit */
#define BOTTOM      460 /* two lines of labels */
#define RIGHT       160
#define CHAR_WIDTH  66 /* about, of a label of 12 px */
#define LINE_HEIGHT 150
#define LABEL_ROOM  420 /* of one label on the time axis */
#define NAME_CHARS  22  /* of a series at its end */
#define EVENTS_MAX  6u
#define WORDS_MAX   3u /* of events: lines above the chart; the others are lines alone */
#define MARKS_MOST  48 /* more points stand too close for a mark of each */

struct plot {
	const struct chart *chart;
	struct scale scale;
	struct ticks ticks;
	int left, right, top, bottom; /* where the axes are */
};

/* How a series is drawn, so that it is known without its colour: dashes and the shape of its
 * marks, in pixels around the point. */
static const struct {
	const char *dashes, *mark;
} looks[CHART_SERIES_MAX] = {
	{ "none", "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z" },
	{ "11 4", "M-3 -3h6v6h-6z" },
	{ "11 3 3 3", "M0 -4.4L4.2 3.2H-4.2z" },
	{ "7 3 2 3 2 3", "M0 -4.6L4.6 0L0 4.6L-4.6 0z" },
	{ "18 5", "M0 4.4L4.2 -3.2H-4.2z" },
	{ "5 3", "M-4 -1.3h2.7v-2.7h2.7v2.7h2.7v2.7h-2.7v2.7h-2.7v-2.7h-2.7z" },
};

/* --- places --- */

static int x_at(const struct plot *plot, size_t i)
{
	return plot->left + (int)((size_t)(plot->right - plot->left) * (2 * i + 1) /
				  (2 * plot->chart->n_periods));
}

static int y_of(const struct plot *plot, int128 mantissa)
{
	int128 span = plot->ticks.step * (int128)(plot->ticks.n - 1);

	return plot->bottom -
	       (int)((mantissa - plot->ticks.low) * (plot->bottom - plot->top) / span);
}

static int y_at(const struct plot *plot, const char *value)
{
	return y_of(plot, scale_mantissa(&plot->scale, value));
}

/* Where a day begins; false: it is not among the periods. */
static bool x_of_day(const struct plot *plot, int32_t day, int *ret_x)
{
	const struct chart *chart = plot->chart;
	int64_t width = plot->right - plot->left, n = (int64_t)chart->n_periods;

	if (chart->periods[0].grain < GRAIN_DAY || day <= period_first_day(chart->periods[0]))
		return false;
	for (int64_t i = 0; i < n; i++) {
		int32_t first = period_first_day(chart->periods[i]);
		int32_t end = period_end_day(chart->periods[i]);

		if (day >= end)
			continue;
		*ret_x = plot->left +
			 (int)((i * (end - first) + day - first) * width / (n * (end - first)));
		return true;
	}
	return false;
}

static void put_tenths(struct html *html, int tenths)
{
	html_add(html, tenths < 0 ? "-%d.%d" : "%d.%d", abs(tenths) / 10, abs(tenths) % 10);
}

static void put_place(struct html *html, const char *mark, int x, int y)
{
	html_add(html, "%s", mark);
	put_tenths(html, x);
	html_add(html, " ");
	put_tenths(html, y);
}

static void put_text(struct html *html, const char *class, const char *anchor, int x, int y,
		     const char *text)
{
	html_add(html, "<text class=\"%s\" text-anchor=\"%s\" x=\"", class, anchor);
	put_tenths(html, x);
	html_add(html, "\" y=\"");
	put_tenths(html, y);
	html_add(html, "\">%s</text>\n", text);
}

/* About. */
static int width_of(const char *text)
{
	int n = 0;

	for (size_t i = 0; text[i];) {
		size_t len = utf8_char(text + i, strlen(text + i));

		i += len ? len : 1;
		n++;
	}
	return n * CHAR_WIDTH;
}

/* --- what has to fit --- */

/* The period in which @year ends; false: none of them. */
static bool year_at(const struct chart *chart, int year, size_t *ret_at)
{
	struct period whole = { chart->periods[0].calendar, GRAIN_YEAR, year - 1970 };
	int32_t last = period_end_day(whole) - 1;

	for (size_t i = 0; i < chart->n_periods; i++)
		if (period_first_day(chart->periods[i]) <= last &&
		    last < period_end_day(chart->periods[i])) {
			*ret_at = i;
			return true;
		}
	return false;
}

/* Calls @with for every value that is drawn. False: it said so. */
static bool each_value(const struct chart *chart, bool (*with)(void *context, const char *value),
		       void *context)
{
	bool good = true;
	size_t at;

	for (size_t i = 0; good && i < chart->n_periods; i++) {
		for (size_t s = 0; good && s < chart->n_series; s++) {
			const char *value = chart->series[s].points[i].value;

			good = !value || with(context, value);
		}
		if (good && chart->before && chart->before[i])
			good = with(context, chart->before[i]);
		if (good && chart->path && chart->path[i])
			good = with(context, chart->path[i]);
	}
	for (size_t i = 0; good && i < chart->n_targets; i++)
		if (year_at(chart, chart->targets[i].year, &at))
			good = with(context, chart->targets[i].value);
	return good;
}

struct extent {
	struct scale scale;
	int128 low, high;
	bool any;
};

static bool widen(void *context, const char *value)
{
	struct extent *extent = context;

	return scale_widen(&extent->scale, value);
}

static bool extend(void *context, const char *value)
{
	struct extent *extent = context;
	int128 mantissa = scale_mantissa(&extent->scale, value);

	if (!extent->any || mantissa < extent->low)
		extent->low = mantissa;
	if (!extent->any || mantissa > extent->high)
		extent->high = mantissa;
	extent->any = true;
	return true;
}

static const char *tick_shown(const struct plot *plot, unsigned i, char text[NUMBER_MAX])
{
	char exact[DECIMAL_TEXT_MAX];

	return number_shown(tick_text(&plot->ticks, scale_decimals(&plot->scale), i, exact), text);
}

/* At the end of its line stands what it is, where there are several. */
static bool has_end_labels(const struct chart *chart)
{
	return chart->n_series > 1 || chart->before || chart->path;
}

static const char *short_name(const char *name, char text[NAME_CHARS * 4 + 8])
{
	size_t at = 0;

	for (int n = 0; n < NAME_CHARS && name[at]; n++) {
		size_t len = utf8_char(name + at, strlen(name + at));

		at += len ? len : 1;
	}
	(void)snprintf(text, NAME_CHARS * 4 + 8, "%.*s%s", (int)at, name,
		       name[at] ? "…" : ""); /* fits */
	return text;
}

/* How many of its events are told in words: those that lie among the periods, and fit. */
static size_t events_told(const struct plot *plot)
{
	size_t n = 0;
	int x;

	for (size_t i = 0; i < plot->chart->n_events && n < WORDS_MAX; i++)
		n += x_of_day(plot, plot->chart->events[i].day, &x);
	return n;
}

static void lay_out(struct plot *plot, const struct extent *extent)
{
	const struct chart *chart = plot->chart;
	char text[NUMBER_MAX], name[NAME_CHARS * 4 + 8];
	int widest = 0, names = 0;

	plot->scale = extent->scale;
	plot->ticks = ticks_of(extent->low, extent->high, scale_decimals(&plot->scale));
	for (unsigned i = 0; i < plot->ticks.n; i++) {
		int width = width_of(tick_shown(plot, i, text));

		widest = width > widest ? width : widest;
	}
	for (size_t s = 0; s < chart->n_series; s++) {
		int width = width_of(short_name(chart->series[s].name, name));

		names = width > names ? width : names;
	}
	if (chart->before && names < width_of(_("a year before")))
		names = width_of(_("a year before"));
	if (chart->path && names < width_of(_("to the target")))
		names = width_of(_("to the target"));
	plot->left = widest + 120;
	plot->right = WIDTH - RIGHT - (has_end_labels(chart) ? names : 0);
	plot->bottom = HEIGHT - BOTTOM;
	plot->top = TOP;
	for (size_t n = events_told(plot); n > 1; n--)
		plot->top += LINE_HEIGHT;
}

/* --- the axes --- */

static void put_line(struct html *html, const char *class, int x1, int y1, int x2, int y2)
{
	html_add(html, "<path class=\"%s\" fill=\"none\" d=\"", class);
	put_place(html, "M", x1, y1);
	put_place(html, "L", x2, y2);
	html_add(html, "\"/>\n");
}

static void value_axis(struct html *html, const struct plot *plot)
{
	char text[NUMBER_MAX];

	for (unsigned i = 0; i < plot->ticks.n; i++) {
		int128 mantissa = plot->ticks.low + plot->ticks.step * (int128)i;
		int y = y_of(plot, mantissa);

		put_line(html, mantissa == 0 ? "zero" : "grid", plot->left, y, plot->right, y);
		put_text(html, "tick", "end", plot->left - 60, y + 40, tick_shown(plot, i, text));
	}
	if (*plot->chart->unit)
		put_text(html, "tick", "start", 80, 140, plot->chart->unit);
}

static void time_axis(struct html *html, const struct plot *plot)
{
	const struct chart *chart = plot->chart;
	size_t most = (size_t)(plot->right - plot->left) / LABEL_ROOM;
	unsigned every = axis_every(chart->periods[0].grain, chart->n_periods, most ? most : 1);
	char text[AXIS_LABEL_MAX], above[AXIS_LABEL_MAX], last[AXIS_LABEL_MAX] = "";

	for (size_t i = 0; i < chart->n_periods; i++) {
		if (chart->periods[i].number % (int32_t)every != 0)
			continue;
		put_text(html, "tick", "middle", x_at(plot, i), plot->bottom + 170,
			 axis_label(chart->periods[i], text));
		(void)axis_above(chart->periods[i], above);
		if (strcmp(above, last) != 0)
			put_text(html, "tick year", "middle", x_at(plot, i), plot->bottom + 320,
				 above);
		memcpy(last, above, sizeof(last));
	}
}

static void put_events(struct html *html, const struct plot *plot)
{
	int x, middle = (plot->left + plot->right) / 2, y = 180;
	size_t n = 0;

	for (size_t i = 0; i < plot->chart->n_events && i < EVENTS_MAX; i++) {
		const struct chart_event *event = &plot->chart->events[i];

		if (!x_of_day(plot, event->day, &x))
			continue;
		if (n++ < WORDS_MAX)
			put_text(html, "event", x < middle ? "start" : "end",
				 x + (x < middle ? 50 : -50), y, event->words);
		put_line(html, "event", x, n <= WORDS_MAX ? y - 100 : plot->top, x, plot->bottom);
		y += LINE_HEIGHT;
	}
}

/* --- the figures --- */

static const struct chart_point *point_at(const struct plot *plot, size_t s, size_t i)
{
	return &plot->chart->series[s].points[i];
}

static bool is_dotted(const struct plot *plot, size_t s, size_t i)
{
	return (point_at(plot, s, i - 1)->signs | point_at(plot, s, i)->signs) & SIGN_CARRIED;
}

/* One path for each run of points that are joined in the same way. */
static void put_series(struct html *html, const struct plot *plot, size_t s)
{
	bool open = false, dotted = false;

	for (size_t i = 1; i < plot->chart->n_periods; i++) {
		const struct chart_point *from = point_at(plot, s, i - 1),
					 *to = point_at(plot, s, i);
		bool joined = from->value && to->value, now = joined && is_dotted(plot, s, i);

		if (open && (!joined || now != dotted)) {
			html_add(html, "\"/>\n");
			open = false;
		}
		if (!joined)
			continue;
		if (!open) {
			html_add(html,
				 "<path class=\"line s%zu%s\" fill=\"none\" "
				 "stroke-dasharray=\"%s\" d=\"",
				 s + 1, now ? " carried" : "", now ? "1.5 4" : looks[s].dashes);
			put_place(html, "M", x_at(plot, i - 1), y_at(plot, from->value));
		}
		put_place(html, "L", x_at(plot, i), y_at(plot, to->value));
		open = true;
		dotted = now;
	}
	html_add(html, open ? "\"/>\n" : "");
}

static bool is_alone(const struct plot *plot, size_t s, size_t i)
{
	return (i == 0 || !point_at(plot, s, i - 1)->value) &&
	       (i + 1 == plot->chart->n_periods || !point_at(plot, s, i + 1)->value);
}

static void put_mark(struct html *html, const struct plot *plot, size_t s, size_t i)
{
	const struct chart_point *point = point_at(plot, s, i);
	char told[PERIOD_TOLD_MAX], number[NUMBER_MAX], words[SIGNS_WORDS_MAX],
		text[SIGNS_TEXT_MAX];
	unsigned above = point->signs & (SIGNS_PROVISIONAL | SIGN_REVISED);
	int x = x_at(plot, i), y = y_at(plot, point->value);
	bool single = plot->chart->n_series == 1;

	html_add(html, "<g><title>%s%s%s: %s", single ? "" : plot->chart->series[s].name,
		 single ? "" : ", ", period_told(plot->chart->periods[i], told),
		 shown_number(point->value, plot->chart->digits, plot->chart->unit, number));
	if (point->signs)
		html_add(html, " (%s)", signs_words(point->signs, words));
	html_add(html, "</title><path class=\"mark s%zu%s\" transform=\"translate(", s + 1,
		 point->signs & SIGN_CARRIED ? " hollow" : "");
	put_place(html, "", x, y);
	html_add(html, ")\" d=\"%s\"/></g>\n", looks[s].mark);
	if (above)
		put_text(html, "sign", "middle", x, y - 75, signs_text(above, text));
}

static void put_marks(struct html *html, const struct plot *plot, size_t s)
{
	size_t n = plot->chart->n_periods;

	for (size_t i = 0; i < n; i++) {
		const struct chart_point *point = point_at(plot, s, i);

		if (point->value &&
		    (n <= MARKS_MOST || point->signs || is_alone(plot, s, i) || i + 1 == n))
			put_mark(html, plot, s, i);
	}
}

/* The line of @values, joined where they follow each other. */
static void put_plain(struct html *html, const struct plot *plot, const char *const values[],
		      const char *class, const char *dashes)
{
	bool open = false;

	for (size_t i = 0; i < plot->chart->n_periods; i++) {
		if (!values[i]) {
			html_add(html, open ? "\"/>\n" : "");
			open = false;
			continue;
		}
		if (!open)
			html_add(html,
				 "<path class=\"%s\" fill=\"none\" stroke-dasharray=\"%s\" d=\"",
				 class, dashes);
		put_place(html, open ? "L" : "M", x_at(plot, i), y_at(plot, values[i]));
		open = true;
	}
	html_add(html, open ? "\"/>\n" : "");
}

static void put_targets(struct html *html, const struct plot *plot)
{
	const struct chart *chart = plot->chart;
	char number[NUMBER_MAX], words[256];
	size_t at;

	for (size_t i = 0; i < chart->n_targets; i++) {
		const struct chart_target *target = &chart->targets[i];

		if (!year_at(chart, target->year, &at))
			continue;
		int x = x_at(plot, at), y = y_at(plot, target->value);
		(void)utf8_print(words, sizeof(words), _("target %d: %s"), target->year,
				 number_with_unit(target->value, chart->unit, number));
		bool room = x + 100 + width_of(words) < plot->right;

		html_add(html, "<path class=\"mark target\" transform=\"translate(");
		put_place(html, "", x, y);
		html_add(html, ")\" d=\"M0 -6L6 0L0 6L-6 0z\"/>\n");
		put_text(html, "target", room ? "start" : "end", room ? x + 100 : x - 100, y + 40,
			 words);
	}
}

/* --- what each line is, at its end --- */

struct end {
	const char *name, *class;
	int y;
};

static int by_height(const void *a, const void *b)
{
	return ((const struct end *)a)->y - ((const struct end *)b)->y;
}

/* Where a line ends; false: it has no point. */
static bool end_of(const struct plot *plot, const char *const values[], size_t s, int *ret_y)
{
	for (size_t i = plot->chart->n_periods; i-- > 0;) {
		const char *value = values ? values[i] : point_at(plot, s, i)->value;

		if (value) {
			*ret_y = y_at(plot, value);
			return true;
		}
	}
	return false;
}

static void put_ends(struct html *html, const struct plot *plot)
{
	static const char *const classes[CHART_SERIES_MAX] = { "end s1", "end s2", "end s3",
							       "end s4", "end s5", "end s6" };
	const struct chart *chart = plot->chart;
	struct end ends[CHART_SERIES_MAX + 2];
	char name[NAME_CHARS * 4 + 8];
	size_t n = 0;

	for (size_t s = 0; s < chart->n_series; s++) {
		ends[n] = (struct end){ chart->series[s].name, classes[s], 0 };
		n += end_of(plot, NULL, s, &ends[n].y);
	}
	if (chart->before) {
		ends[n] = (struct end){ _("a year before"), "end before", 0 };
		n += end_of(plot, chart->before, 0, &ends[n].y);
	}
	if (chart->path) {
		ends[n] = (struct end){ _("to the target"), "end target", 0 };
		n += end_of(plot, chart->path, 0, &ends[n].y);
	}
	qsort(ends, n, sizeof(ends[0]), by_height);
	/* No two on top of each other, and none below the axis. */
	for (size_t i = 1; i < n; i++)
		if (ends[i].y < ends[i - 1].y + LINE_HEIGHT)
			ends[i].y = ends[i - 1].y + LINE_HEIGHT;
	for (size_t i = n; i-- > 0;) {
		int lowest = i + 1 == n ? plot->bottom : ends[i + 1].y - LINE_HEIGHT;

		if (ends[i].y > lowest)
			ends[i].y = lowest;
	}
	for (size_t i = 0; i < n; i++)
		put_text(html, ends[i].class, "start", plot->right + 80, ends[i].y + 40,
			 short_name(ends[i].name, name));
}

/* --- all of it --- */

static void put_svg(struct html *html, const struct plot *plot)
{
	const struct chart *chart = plot->chart;

	/* It may be wider than a phone: then it is moved within its frame, by keys, too. */
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"%s\">\n"
		 "<svg class=\"chart\" role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %d %d\">\n",
		 _("The chart, which can be moved sideways"), chart->title, WIDTH / 10,
		 HEIGHT / 10);
	value_axis(html, plot);
	time_axis(html, plot);
	put_events(html, plot);
	if (chart->before)
		put_plain(html, plot, chart->before, "line before", "3 3");
	if (chart->path)
		put_plain(html, plot, chart->path, "line target", "8 3 2 3");
	for (size_t s = 0; s < chart->n_series; s++)
		put_series(html, plot, s);
	for (size_t s = 0; s < chart->n_series; s++)
		put_marks(html, plot, s);
	put_targets(html, plot);
	if (has_end_labels(chart))
		put_ends(html, plot);
	html_add(html, "</svg></div>\n");
}

unsigned chart_signs(const struct chart *chart)
{
	unsigned signs = 0;

	for (size_t s = 0; s < chart->n_series; s++)
		for (size_t i = 0; i < chart->n_periods; i++)
			signs |= chart->series[s].points[i].signs;
	return signs & ~(unsigned)SIGN_MISSING; /* of a gap the table says why */
}

static void tell_targets(struct html *html, const struct chart *chart)
{
	char number[NUMBER_MAX];

	if (chart->n_targets == 0)
		return;
	html_add(html, "<p class=\"targets\">%s", _("Targets:"));
	for (size_t i = 0; i < chart->n_targets; i++) {
		html_add(html, i > 0 ? "; " : " ");
		html_say(html, _("%s by %d"),
			 number_with_unit(chart->targets[i].value, chart->unit, number),
			 chart->targets[i].year);
	}
	html_add(html, "</p>\n");
}

void chart_write(struct html *html, const struct chart *chart)
{
	struct plot plot = { .chart = chart };
	struct extent extent = { 0 };

	html_add(html, "<figure class=\"trend\"><figcaption>%s</figcaption>\n", chart->title);
	if (!each_value(chart, widen, &extent)) {
		html_add(html, "<p class=\"none\">%s</p>\n",
			 _("These figures are too large to be drawn; the table has them."));
	} else {
		(void)each_value(chart, extend, &extent); /* which never says no */
		if (extent.any) {
			lay_out(&plot, &extent);
			put_svg(html, &plot);
			if (plot.ticks.low > 0)
				html_add(html, "<p class=\"remark\">%s</p>\n",
					 _("The scale does not begin at 0."));
		} else {
			html_add(html, "<p class=\"none\">%s</p>\n",
				 _("There is no figure for any of these periods."));
		}
	}
	signs_legend(html, chart_signs(chart));
	tell_targets(html, chart);
	chart_table(html, chart);
	html_add(html, "</figure>\n");
}
