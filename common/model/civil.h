/* Instants and the civil time of the configured zone. The zone is the process's (TZ), set once. */
#pragma once

#include "common/base/err.h"
#include "common/model/period.h"

#include <stdbool.h>
#include <stdint.h>

/** -EINVAL when the zone database has no such zone. */
int civil_check_zone(const char *zone, struct err *err);
/** Make @zone (e.g. "Asia/Ho_Chi_Minh") the zone of this process. Call before threads start.
 * As civil_check_zone(). */
int civil_set_zone(const char *zone, struct err *err);
/** Its name; "": nobody set one, and it is the machine's. */
const char *civil_zone(void);

#define CLOCK_UNKNOWN_US INT64_MAX /* nobody knows the time: later than any instant */

/** UTC microseconds since 1970, from the wall clock. */
int64_t civil_now_us(void);
/** Does somebody keep the wall clock right: the kernel calls it synchronised? */
bool civil_vouched(void);
/** Microseconds since the machine started, sleep included: for "how long ago", since nobody can set
 * this clock. */
int64_t civil_boot_us(void);

/** Minutes of civil time since 1970-01-01T00:00 local (day * 1440 + minute of the day). */
int64_t civil_minute(int64_t at_us);
/** The local day of @at_us. */
int32_t civil_day(int64_t at_us);
/** The instant at which local @day begins. */
int64_t civil_day_start_us(int32_t day);
/** The period of @grain that holds the instant. */
struct period civil_period(enum calendar calendar, enum grain grain, int64_t at_us);

#define INSTANT_TEXT_MAX 40u
/** ISO 8601 with the zone's offset, to the second: 2025-06-30T14:05:09+07:00. Returns @text. */
const char *civil_format(int64_t at_us, char text[INSTANT_TEXT_MAX]);
/** A day ("2025-06-30": its end, the last microsecond), or an ISO 8601 date-time, with 'Z' or an
 * offset, or without one (then local; a time that a clock change repeats means the first of the
 * two). To the minute, the second, or with up to 6 digits after it. -EINVAL, also for a local time
 * that a clock change skips, and for an instant whose local day is none of DAY_MIN to DAY_MAX. */
int civil_parse(const char *text, int64_t *ret_at_us, struct err *err);
