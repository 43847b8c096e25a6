/* Periods of civil time, as figures are named by: 2025-06-30T14:05, 2025-06-30T14, 2025-06-30,
 * 2025-W26, 2025-06, 2025-Q2, 2025-S1, 2025 (the forms of SDMX 2.1, section 2 part 1, observational
 * time period).
 *
 * A period is a number: how many periods of its grain lie between it and the one that holds
 * 1970-01-01T00:00. Nothing here knows a time zone; common/model/civil.h turns instants into days
 * and minutes.
 *
 * Two calendars. CIVIL is the common one. REPORT is how administrative reports close: the month
 * runs from the 15th to the 14th and is named by the month it ends in; the quarter ends on the 14th
 * of its last month, semester and year likewise (the year runs from 15 December to 14 December).
 * Minute, hour, day and week are the same in both. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum grain {
	GRAIN_MINUTE,
	GRAIN_HOUR,
	GRAIN_DAY,
	GRAIN_WEEK, /* ISO 8601: Monday to Sunday; 2025-W01 holds the year's first Thursday */
	GRAIN_MONTH,
	GRAIN_QUARTER,
	GRAIN_SEMESTER,
	GRAIN_YEAR,
	GRAIN_COUNT
};

enum calendar { CALENDAR_CIVIL, CALENDAR_REPORT };

struct period {
	enum calendar calendar;
	enum grain grain;
	int32_t number; /* periods of this grain since the one that holds 1970-01-01T00:00 */
};

#define PERIOD_TEXT_MAX 32u
#define DAY_TEXT_MAX    16u
#define DAY_MIN         (-25567) /* 1900-01-01; days count from 1970-01-01 */
#define DAY_MAX         47846    /* 2100-12-31 */

/* Names as catalogue and queries write them: minute hour day week month quarter semester year;
 * civil report. from_name: -EINVAL when unknown, with the names that would do. */
const char *grain_name(enum grain grain);
int grain_from_name(const char *name, enum grain *ret_grain, struct err *err);
const char *calendar_name(enum calendar calendar);
int calendar_from_name(const char *name, enum calendar *ret_calendar, struct err *err);

/** "2025-06-30" to days since 1970-01-01. -EINVAL when it is no such day or outside 1900 to 2100.
 */
int day_parse(const char *text, int32_t *ret_day, struct err *err);
/** Days since 1970-01-01 to "2025-06-30". Returns @text. */
const char *day_format(int32_t day, char text[DAY_TEXT_MAX]);
/** Proleptic Gregorian. @month 1 to 12, @mday 1 to 31 (not checked against the month's length). */
int32_t day_from_civil(int year, int month, int mday);
void day_to_civil(int32_t day, int *ret_year, int *ret_month, int *ret_mday);

/** As period_parse(), without its sentence: false when it is none. For those who then look what
 * else it may be; writing the sentence takes ten times as long as reading. */
bool period_read(const char *text, enum calendar calendar, struct period *ret_period);
/** Any of the eight forms; the form tells the grain. Its first day lies in DAY_MIN to DAY_MAX.
 * -EINVAL with what the forms are. */
int period_parse(const char *text, enum calendar calendar, struct period *ret_period,
		 struct err *err);
/** The SDMX form. Returns @text. */
const char *period_format(struct period period, char text[PERIOD_TEXT_MAX]);

/** First day, and the day after the last. A minute or hour has its own day and the next. */
int32_t period_first_day(struct period period);
int32_t period_end_day(struct period period);

/** The period of @grain that holds @day; @grain must be GRAIN_DAY or coarser. */
struct period period_of_day(enum calendar calendar, enum grain grain, int32_t day);

/** How many periods of @grain start in a day at most: 1440, 24 or 1. */
uint32_t grain_per_day(enum grain grain);

/** The @nth period (0 ...) of @grain starting on @day; for a grain of day or coarser @nth is 0 and
 * @day must be its first day, which the caller checks with period_first_day(). */
struct period period_in_day(enum calendar calendar, enum grain grain, int32_t day, uint32_t nth);
/** The inverse of period_in_day: which of its first day's periods it is. */
uint32_t period_nth(struct period period);

/**
 * May buckets of (@outer_calendar, @outer) hold periods of (@inner_calendar, @inner)? True when
 * every inner period lies whole in one outer one: minute, hour and day in everything; a week only
 * in weeks; month in quarter, semester, year, quarter in semester and year, semester in year, each
 * of the same calendar.
 */
bool period_nests(enum calendar inner_calendar, enum grain inner, enum calendar outer_calendar,
		  enum grain outer);
/** The bucket that holds @inner; period_nests() must be true. */
struct period period_bucket(struct period inner, enum calendar calendar, enum grain grain);
