#include "common/model/period_told.h"

#include "common/base/i18n.h"

#include <stdio.h>

const char *day_told(int32_t day, char text[PERIOD_TOLD_MAX])
{
	int year, month, mday;
	day_to_civil(day, &year, &month, &mday);
	/* TRANSLATORS: year, month, day of the month. */
	(void)snprintf(text, PERIOD_TOLD_MAX, _("%1$04d-%2$02d-%3$02d"), year, month,
		       mday); /* fits */
	return text;
}

static void name_within_day(struct period period, char text[PERIOD_TOLD_MAX])
{
	char day[PERIOD_TOLD_MAX];
	unsigned nth = period_nth(period);
	unsigned minute = period.grain == GRAIN_HOUR ? nth * 60 : nth;
	(void)day_told(period_first_day(period), day);
	/* TRANSLATORS: hour, minute, day */
	(void)snprintf(text, PERIOD_TOLD_MAX, _("%02u:%02u of %.40s"), minute / 60, minute % 60,
		       day);
}

const char *period_told(struct period period, char text[PERIOD_TOLD_MAX])
{
	/* It is called by the year, and the number within it, of the day it ends on. */
	static const char *const months[] = { N_("January"), N_("February"), N_("March"),
					      N_("April"),   N_("May"),      N_("June"),
					      N_("July"),    N_("August"),   N_("September"),
					      N_("October"), N_("November"), N_("December") };
	int year, month, mday;
	day_to_civil(period_end_day(period) - 1, &year, &month, &mday);
	switch (period.grain) {
	case GRAIN_MINUTE:
	case GRAIN_HOUR:
		name_within_day(period, text);
		break;
	case GRAIN_DAY: {
		char day[PERIOD_TOLD_MAX];
		(void)snprintf(text, PERIOD_TOLD_MAX, _("%.40s"),
			       day_told(period_first_day(period), day));
		break;
	}
	case GRAIN_WEEK: {
		char sdmx[PERIOD_TEXT_MAX];
		int week;
		(void)sscanf(period_format(period, sdmx), "%d-W%d", &year, &week);  /* as written */
		(void)snprintf(text, PERIOD_TOLD_MAX, _("week %d/%d"), week, year); /* fits */
		break;
	}
	case GRAIN_MONTH:
		/* TRANSLATORS: month, year */
		(void)snprintf(text, PERIOD_TOLD_MAX, _("%.40s %d"), _(months[month - 1]), year);
		break;
	case GRAIN_QUARTER:
		(void)snprintf(text, PERIOD_TOLD_MAX, _("quarter %d/%d"), (month + 2) / 3, year);
		break;
	case GRAIN_SEMESTER:
		(void)snprintf(text, PERIOD_TOLD_MAX,
			       month <= 6 ? _("first half of %d") : _("second half of %d"), year);
		break;
	case GRAIN_YEAR:
	case GRAIN_COUNT:
		(void)snprintf(text, PERIOD_TOLD_MAX, _("year %d"), year);
		break;
	}
	return text;
}

const char *period_span_told(struct period period, char text[PERIOD_TOLD_MAX])
{
	char first[PERIOD_TOLD_MAX], last[PERIOD_TOLD_MAX];
	*text = '\0';
	if (period.grain != GRAIN_WEEK &&
	    (period.calendar == CALENDAR_CIVIL || period.grain <= GRAIN_DAY))
		return text;
	(void)snprintf(text, PERIOD_TOLD_MAX, _("%.40s to %.40s"),
		       day_told(period_first_day(period), first),
		       day_told(period_end_day(period) - 1, last));
	return text;
}
