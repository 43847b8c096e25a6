/* How figures went over time: a chart as SVG that needs no script, and the same figures as a table
 * beside it. A gap stays a gap: nothing joins the points before and behind it. */
#pragma once

#include "common/model/period.h"
#include "common/text/html.h"

#include <stdbool.h>
#include <stddef.h>

#define CHART_SERIES_MAX 6u /* as many as can be told apart */

struct chart_point {
	const char *value;  /* exact text; NULL: a gap */
	const char *reason; /* of a gap; NULL: none is known */
	unsigned signs;   /* enum sign; a carried one is hollow, what leads to and from it dotted */
	const char *link; /* of its cell in the table; NULL */
};

struct chart_series {
	const char *name;
	const struct chart_point *points; /* [n_periods] */
};

struct chart_target {
	int year;
	const char *value; /* exact text */
};

/* What happened on a day: drawn between what was before and from then on. */
struct chart_event {
	int32_t day;
	const char *words;
};

/* Everything is lent. */
struct chart {
	const char *title; /* one sentence that says what it is */
	const char *unit;  /* of measure; "" */
	int digits;        /* behind the point, or SHOWN_ALL */
	const char *query; /* the question's target, for the table's data-q; NULL */

	const struct period *periods; /* [n_periods], one after the other, none left out */
	size_t n_periods;             /* >= 1 */
	const struct chart_series *series;
	size_t n_series; /* 1 to CHART_SERIES_MAX */

	const char *const *before; /* [n_periods] of the first series, a year earlier; NULL */
	const char *const *path;   /* [n_periods] the straight way to the target; NULL */
	const struct chart_target *targets;
	size_t n_targets; /* those whose year ends among the periods are drawn, all are told */
	const struct chart_event *events;
	size_t n_events;
};

/** A figure: the chart, what its signs mean, and its table in a <details>. Where there is no value
 * at all, a sentence that says so stands in the chart's place. */
void chart_write(struct html *html, const struct chart *chart);
