#include "common/model/period.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/near_name.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MINUTES_PER_DAY 1440
#define EPOCH_YEAR      1970
#define EPOCH_MONDAY    (-3) /* 1969-12-29; 1970-01-01 was a Thursday */
#define REPORT_MDAY     15   /* a report month begins on this day of the month before its name's */

static const char *const grain_names[GRAIN_COUNT] = {
	[GRAIN_MINUTE] = N_("minute"),     [GRAIN_HOUR] = N_("hour"),
	[GRAIN_DAY] = N_("day"),           [GRAIN_WEEK] = N_("week"),
	[GRAIN_MONTH] = N_("month"),       [GRAIN_QUARTER] = N_("quarter"),
	[GRAIN_SEMESTER] = N_("semester"), [GRAIN_YEAR] = N_("year"),
};

/* How many months; 0 for the grains that months do not make. */
static const int32_t grain_months[GRAIN_COUNT] = {
	[GRAIN_MONTH] = 1, [GRAIN_QUARTER] = 3, [GRAIN_SEMESTER] = 6, [GRAIN_YEAR] = 12
};

static int32_t floor_div(int32_t a, int32_t b)
{
	return a / b - (a % b < 0);
}

static int32_t floor_mod(int32_t a, int32_t b)
{
	return a - floor_div(a, b) * b;
}

/* Names. */

const char *grain_name(enum grain grain)
{
	assert((unsigned)grain < GRAIN_COUNT);
	return grain_names[grain];
}

int grain_from_name(const char *name, enum grain *ret_grain, struct err *err)
{
	for (unsigned g = 0; g < GRAIN_COUNT; g++)
		if (strcmp(name, grain_names[g]) == 0) {
			*ret_grain = (enum grain)g;
			return 0;
		}
	char shown[EXCERPT_MAX];
	(void)err_set(err, -EINVAL,
		      "'%s' is not a period; use minute, hour, day, week, month, quarter, "
		      "semester or year",
		      utf8_excerpt(name, strlen(name), shown));
	return near_words_hint(err, "minute hour day week month quarter semester year", name);
}

const char *calendar_name(enum calendar calendar)
{
	return calendar == CALENDAR_REPORT ? N_("report") : N_("civil");
}

int calendar_from_name(const char *name, enum calendar *ret_calendar, struct err *err)
{
	for (enum calendar c = CALENDAR_CIVIL; c <= CALENDAR_REPORT; c++)
		if (strcmp(name, calendar_name(c)) == 0) {
			*ret_calendar = c;
			return 0;
		}
	char shown[EXCERPT_MAX];
	(void)err_set(err, -EINVAL, "'%s' is not a calendar; use civil or report",
		      utf8_excerpt(name, strlen(name), shown));
	return near_words_hint(err, "civil report", name);
}

/* Days. */

static int32_t leap_days_to(int32_t year) /* of the years 1 ... @year */
{
	return floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400);
}

static int32_t day_of_year_start(int32_t year)
{
	return (year - EPOCH_YEAR) * 365 + leap_days_to(year - 1) - leap_days_to(EPOCH_YEAR - 1);
}

static int32_t days_before_month(int32_t year, int32_t month)
{
	static const int16_t before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	return before[month - 1] + (month > 2 ? leap_days_to(year) - leap_days_to(year - 1) : 0);
}

int32_t day_from_civil(int year, int month, int mday)
{
	assert(month >= 1 && month <= 12);
	return day_of_year_start(year) + days_before_month(year, month) + mday - 1;
}

void day_to_civil(int32_t day, int *ret_year, int *ret_month, int *ret_mday)
{
	int32_t year = EPOCH_YEAR + floor_div(day, day < 0 ? 365 : 366); /* never too late */
	while (day >= day_of_year_start(year + 1))
		year++;
	int32_t yday = day - day_of_year_start(year);
	int32_t month = yday / 31 + 1; /* never too late, and at most one too early */
	if (month < 12 && yday >= days_before_month(year, month + 1))
		month++;
	*ret_year = year;
	*ret_month = month;
	*ret_mday = yday - days_before_month(year, month) + 1;
}

const char *day_format(int32_t day, char text[DAY_TEXT_MAX])
{
	int year, month, mday;
	day_to_civil(day, &year, &month, &mday);
	(void)snprintf(text, DAY_TEXT_MAX, "%04d-%02d-%02d", year, month, mday); /* it fits */
	return text;
}

/* Texts of a fixed shape: '9' stands for a digit, everything else for itself. */

#define PARTS_MAX 5u /* year, month, day, hour, minute */

static bool shape_read(const char *shape, const char *text, int ret_parts[PARTS_MAX])
{
	int parts[PARTS_MAX] = { 0 };
	size_t part = 0;
	for (; *shape != '\0'; shape++, text++) {
		bool digit = *text >= '0' && *text <= '9';
		if (*shape == '9' ? !digit : *text != *shape)
			return false;
		if (digit)
			parts[part] = parts[part] * 10 + (*text - '0');
		else if (*shape == '-' || *shape == 'T' || *shape == ':')
			part++;
	}
	memcpy(ret_parts, parts, sizeof(parts));
	return *text == '\0';
}

static bool day_of_parts(const int parts[PARTS_MAX], int32_t *ret_day)
{
	int year, month, mday;
	if (parts[1] < 1 || parts[1] > 12)
		return false;
	int32_t day = day_from_civil(parts[0], parts[1], parts[2]);
	day_to_civil(day, &year, &month, &mday);
	if (year != parts[0] || month != parts[1] || mday != parts[2])
		return false; /* the month has no such day */
	*ret_day = day;
	return true;
}

int day_parse(const char *text, int32_t *ret_day, struct err *err)
{
	int parts[PARTS_MAX];
	int32_t day;
	if (!shape_read("9999-99-99", text, parts) || !day_of_parts(parts, &day) || day < DAY_MIN ||
	    day > DAY_MAX) {
		char shown[EXCERPT_MAX];
		return err_set(err, -EINVAL,
			       "'%s' is not a day; write 2025-06-30, from 1900 to 2100",
			       utf8_excerpt(text, strlen(text), shown));
	}
	*ret_day = day;
	return 0;
}

/* Weeks. */

static int32_t week_of_day(int32_t day)
{
	return floor_div(day - EPOCH_MONDAY, 7);
}

static int32_t first_week_of(int year)
{
	return week_of_day(day_from_civil(year, 1, 4)); /* ISO 8601: week 1 holds 4 January */
}

/* Periods and days. */

uint32_t grain_per_day(enum grain grain)
{
	return grain == GRAIN_MINUTE ? MINUTES_PER_DAY : grain == GRAIN_HOUR ? 24 : 1;
}

static int32_t day_of_number(struct period period, int32_t number)
{
	if (period.grain <= GRAIN_DAY)
		return floor_div(number, (int32_t)grain_per_day(period.grain));
	if (period.grain == GRAIN_WEEK)
		return number * 7 + EPOCH_MONDAY;

	/* The report month begins in the one before. */
	bool report = period.calendar == CALENDAR_REPORT;
	int32_t begins = number * grain_months[period.grain] - report;
	return day_from_civil(EPOCH_YEAR + floor_div(begins, 12), floor_mod(begins, 12) + 1,
			      report ? REPORT_MDAY : 1);
}

int32_t period_first_day(struct period period)
{
	return day_of_number(period, period.number);
}

int32_t period_end_day(struct period period)
{
	if (period.grain <= GRAIN_DAY)
		return period_first_day(period) + 1;
	return day_of_number(period, period.number + 1);
}

struct period period_of_day(enum calendar calendar, enum grain grain, int32_t day)
{
	assert(grain >= GRAIN_DAY && grain < GRAIN_COUNT);
	struct period period = { .calendar = calendar, .grain = grain, .number = day };
	if (grain == GRAIN_WEEK)
		period.number = week_of_day(day);
	if (grain <= GRAIN_WEEK)
		return period;

	/* The last days of a month belong to the next report month. */
	int year, month, mday;
	day_to_civil(day, &year, &month, &mday);
	bool next = calendar == CALENDAR_REPORT && mday >= REPORT_MDAY;
	int32_t months = (year - EPOCH_YEAR) * 12 + month - 1 + next;
	period.number = floor_div(months, grain_months[grain]);
	return period;
}

struct period period_in_day(enum calendar calendar, enum grain grain, int32_t day, uint32_t nth)
{
	assert(nth < grain_per_day(grain));
	if (grain >= GRAIN_DAY)
		return period_of_day(calendar, grain, day);
	int32_t number = day * (int32_t)grain_per_day(grain) + (int32_t)nth;
	return (struct period){ .calendar = calendar, .grain = grain, .number = number };
}

uint32_t period_nth(struct period period)
{
	if (period.grain >= GRAIN_DAY)
		return 0;
	return (uint32_t)floor_mod(period.number, (int32_t)grain_per_day(period.grain));
}

bool period_nests(enum calendar inner_calendar, enum grain inner, enum calendar outer_calendar,
		  enum grain outer)
{
	if (inner <= GRAIN_DAY)
		return inner <= outer;
	if (inner == GRAIN_WEEK)
		return outer == GRAIN_WEEK;
	return inner <= outer && inner_calendar == outer_calendar;
}

struct period period_bucket(struct period inner, enum calendar calendar, enum grain grain)
{
	assert(period_nests(inner.calendar, inner.grain, calendar, grain));
	if (grain >= GRAIN_DAY)
		return period_of_day(calendar, grain, period_first_day(inner));
	int32_t ratio = (int32_t)(grain_per_day(inner.grain) / grain_per_day(grain));
	return (struct period){ calendar, grain, floor_div(inner.number, ratio) };
}

/* Periods and texts. */

static const struct form {
	const char *shape;
	enum grain grain;
} forms[] = {
	{ "9999-99-99T99:99", GRAIN_MINUTE }, { "9999-99-99T99", GRAIN_HOUR },
	{ "9999-99-99", GRAIN_DAY },          { "9999-W99", GRAIN_WEEK },
	{ "9999-99", GRAIN_MONTH },           { "9999-Q9", GRAIN_QUARTER },
	{ "9999-S9", GRAIN_SEMESTER },        { "9999", GRAIN_YEAR },
};

static bool number_of_days_parts(enum grain grain, const int parts[PARTS_MAX], int32_t *ret_number)
{
	int32_t day; /* in range before it is multiplied: minutes of the year 7050 overflow */
	if (!day_of_parts(parts, &day) || day < DAY_MIN || day > DAY_MAX || parts[3] > 23 ||
	    parts[4] > 59)
		return false;
	int nth = grain == GRAIN_MINUTE ? parts[3] * 60 + parts[4] : parts[3];
	*ret_number = day * (int32_t)grain_per_day(grain) + nth;
	return true;
}

static bool number_of_parts(enum grain grain, const int parts[PARTS_MAX], int32_t *ret_number)
{
	if (grain <= GRAIN_DAY)
		return number_of_days_parts(grain, parts, ret_number);
	if (grain == GRAIN_WEEK) {
		int32_t week = first_week_of(parts[0]) + parts[1] - 1;
		if (parts[1] < 1 || week >= first_week_of(parts[0] + 1))
			return false; /* most years have no week 53 */
		*ret_number = week;
		return true;
	}
	int per_year = 12 / grain_months[grain], which = grain == GRAIN_YEAR ? 1 : parts[1];
	if (which < 1 || which > per_year)
		return false;
	*ret_number = (parts[0] - EPOCH_YEAR) * per_year + which - 1;
	return true;
}

static bool form_read(const struct form *form, const char *text, struct period *ret_period)
{
	int parts[PARTS_MAX];
	struct period period = { .calendar = ret_period->calendar, .grain = form->grain };
	if (!shape_read(form->shape, text, parts) ||
	    !number_of_parts(form->grain, parts, &period.number))
		return false;
	int32_t day = period_first_day(period);
	if (day < DAY_MIN || day > DAY_MAX)
		return false;
	*ret_period = period;
	return true;
}

bool period_read(const char *text, enum calendar calendar, struct period *ret_period)
{
	struct period period = { .calendar = calendar };
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (form_read(&forms[i], text, &period)) {
			*ret_period = period;
			return true;
		}
	return false;
}

int period_parse(const char *text, enum calendar calendar, struct period *ret_period,
		 struct err *err)
{
	char shown[EXCERPT_MAX];
	if (period_read(text, calendar, ret_period))
		return 0;
	return err_set(err, -EINVAL,
		       "'%s' is not a period; write 2025 (year), 2025-S1 (semester), 2025-Q2 "
		       "(quarter), 2025-06 (month), 2025-W26 (week), 2025-06-30 (day), "
		       "2025-06-30T14 (hour) or 2025-06-30T14:05 (minute), from 1900 to 2100",
		       utf8_excerpt(text, strlen(text), shown));
}

static void format_months(struct period period, char text[PERIOD_TEXT_MAX])
{
	int per_year = 12 / grain_months[period.grain];
	int year = EPOCH_YEAR + floor_div(period.number, per_year);
	int which = floor_mod(period.number, per_year) + 1;
	if (period.grain == GRAIN_YEAR)
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04d", year);
	else if (period.grain == GRAIN_SEMESTER)
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04d-S%d", year, which);
	else if (period.grain == GRAIN_QUARTER)
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04d-Q%d", year, which);
	else
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04d-%02d", year, which);
}

static void format_day_part(struct period period, char text[PERIOD_TEXT_MAX])
{
	day_format(period_first_day(period), text);
	size_t len = strlen(text);
	uint32_t nth = period_nth(period);
	if (period.grain == GRAIN_HOUR)
		(void)snprintf(text + len, PERIOD_TEXT_MAX - len, "T%02u", nth);
	if (period.grain == GRAIN_MINUTE)
		(void)snprintf(text + len, PERIOD_TEXT_MAX - len, "T%02u:%02u", nth / 60, nth % 60);
}

const char *period_format(struct period period, char text[PERIOD_TEXT_MAX])
{
	int32_t week = period.number;
	int year, month, mday;
	if (period.grain <= GRAIN_DAY) {
		format_day_part(period, text);
	} else if (period.grain == GRAIN_WEEK) {
		day_to_civil(week * 7 + EPOCH_MONDAY + 3, &year, &month,
			     &mday); /* its Thursday's */
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04d-W%02d", year,
			       week - first_week_of(year) + 1);
	} else {
		format_months(period, text);
	}
	return text;
}
