#include "dashboard/axis.h"

#include "common/base/i18n.h"
#include "common/model/period_told.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* It is called by the year, and the number within it, of the day it ends on. */
static void last_day(struct period period, int *ret_year, int *ret_month, int *ret_mday)
{
	day_to_civil(period_end_day(period) - 1, ret_year, ret_month, ret_mday);
}

/* As short as they are understood. In Vietnamese months are numbers. */
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static bool is_vietnamese(void)
{
	return strcmp(language_tag(), "vi") == 0;
}

const char *axis_label(struct period period, char text[AXIS_LABEL_MAX])
{
	char sdmx[PERIOD_TEXT_MAX];
	int year, month, mday, week = 0;
	unsigned nth;

	last_day(period, &year, &month, &mday);
	switch (period.grain) {
	case GRAIN_MINUTE:
	case GRAIN_HOUR:
		nth = period_nth(period) * (period.grain == GRAIN_HOUR ? 60 : 1);
		(void)snprintf(text, AXIS_LABEL_MAX, "%02u:%02u", nth / 60, nth % 60); /* fits */
		break;
	case GRAIN_DAY:
		if (is_vietnamese())
			(void)snprintf(text, AXIS_LABEL_MAX, "%d/%d", mday, month); /* fits */
		else
			(void)snprintf(text, AXIS_LABEL_MAX, "%d %s", mday, months[month - 1]);
		break;
	case GRAIN_WEEK:
		(void)sscanf(period_format(period, sdmx), "%*d-W%d", &week); /* as written */
		/* TRANSLATORS: a week below a chart, by its number */
		(void)snprintf(text, AXIS_LABEL_MAX, _("W%d"), week); /* fits, as the next */
		break;
	case GRAIN_MONTH:
		if (is_vietnamese())
			(void)snprintf(text, AXIS_LABEL_MAX, "T%d", month); /* fits */
		else
			(void)snprintf(text, AXIS_LABEL_MAX, "%s", months[month - 1]);
		break;
	case GRAIN_QUARTER:
		/* TRANSLATORS: a quarter below a chart, by its number */
		(void)snprintf(text, AXIS_LABEL_MAX, _("Q%d"), (month + 2) / 3);
		break;
	case GRAIN_SEMESTER:
		/* TRANSLATORS: the halves of a year below a chart */
		(void)snprintf(text, AXIS_LABEL_MAX, "%s", month <= 6 ? _("H1") : _("H2"));
		break;
	case GRAIN_YEAR:
	case GRAIN_COUNT:
		(void)snprintf(text, AXIS_LABEL_MAX, "%d", year);
		break;
	}
	return text;
}

const char *axis_above(struct period period, char text[AXIS_LABEL_MAX])
{
	char day[PERIOD_TOLD_MAX], sdmx[PERIOD_TEXT_MAX];
	int year, month, mday;

	last_day(period, &year, &month, &mday);
	if (period.grain <= GRAIN_HOUR)
		(void)snprintf(text, AXIS_LABEL_MAX, "%.20s",
			       day_told(period_first_day(period), day)); /* fits, as all below */
	else if (period.grain == GRAIN_WEEK)
		(void)snprintf(text, AXIS_LABEL_MAX, "%.4s", period_format(period, sdmx));
	else if (period.grain < GRAIN_YEAR)
		(void)snprintf(text, AXIS_LABEL_MAX, "%d", year);
	else
		*text = '\0';
	return text;
}

unsigned axis_every(enum grain grain, size_t n, size_t most)
{
	static const unsigned steps[GRAIN_COUNT][8] = {
		[GRAIN_MINUTE] = { 1, 5, 10, 15, 30, 60, 120, 240 },
		[GRAIN_HOUR] = { 1, 2, 3, 6, 12, 24, 48, 96 },
		[GRAIN_DAY] = { 1, 2, 5, 7, 14, 28, 56, 112 },
		[GRAIN_WEEK] = { 1, 2, 4, 8, 13, 26, 52, 104 },
		[GRAIN_MONTH] = { 1, 2, 3, 6, 12, 24, 60, 120 },
		[GRAIN_QUARTER] = { 1, 2, 4, 8, 20, 40, 80, 160 },
		[GRAIN_SEMESTER] = { 1, 2, 4, 10, 20, 40, 80, 160 },
		[GRAIN_YEAR] = { 1, 2, 5, 10, 20, 50, 100, 200 },
	};
	size_t i = 0;

	while (i < 7 && n > most * steps[grain][i])
		i++;
	return steps[grain][i];
}
