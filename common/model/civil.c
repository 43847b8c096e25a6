/* Everything follows from one question to libc: how far is civil time from UTC at this instant?
 * mktime() is left alone: what it does around a clock change is not specified. */
#include "common/model/civil.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define TIMESYNCD "/run/systemd/timesync/synchronized"

#define US_PER_S  INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The zone database. */

/* libc takes any name and means UTC by one it does not know: look ourselves. */
static bool zone_exists(const char *zone)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_+-/";
	char path[512], magic[4] = { 0 };
	const char *dir = getenv("TZDIR");
	size_t len = strlen(zone);
	if (len == 0 || len >= 128 || zone[0] == '/' || strspn(zone, allowed) != len)
		return false; /* it would name another file than one of these */
	int n = snprintf(path, sizeof(path), "%s/%s", dir ? dir : "/usr/share/zoneinfo", zone);
	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool is_zone =
		fread(magic, 1, 4, file) == 4 && memcmp(magic, "TZif", 4) == 0; /* RFC 8536 */
	(void)fclose(file);                                                     /* only read */
	return is_zone;
}

int civil_check_zone(const char *zone, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (zone_exists(zone))
		return 0;
	return err_set(err, -EINVAL,
		       "'%s' is not in the zone database; write a name such as "
		       "Asia/Ho_Chi_Minh, and see that tzdata is installed",
		       utf8_excerpt(zone, strlen(zone), shown));
}

int civil_set_zone(const char *zone, struct err *err)
{
	int rc = civil_check_zone(zone, err);
	if (rc < 0)
		return rc;
	if (setenv("TZ", zone, 1) != 0)
		return err_memory(err);
	tzset();
	return 0;
}

const char *civil_zone(void)
{
	const char *zone = getenv("TZ");
	return zone ? zone : "";
}

/* Instants to civil time. */

int64_t civil_now_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail: the clock exists */
	return now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

/* Under systemd's ProtectClock= the kernel may not be asked; then timesyncd's word counts. */
bool civil_vouched(void)
{
	struct timex state = { 0 };
	if (adjtimex(&state) < 0)
		return access(TIMESYNCD, F_OK) == 0;
	return !(state.status & STA_UNSYNC);
}

int64_t civil_boot_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail: Linux has it since 2.6.39 */
	return now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static int64_t offset_s(int64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm tm;
	return localtime_r(&at, &tm) ? tm.tm_gmtoff : 0; /* NULL only beyond 64-bit microseconds */
}

static int64_t local_s(int64_t at_us)
{
	int64_t at_s = floor_div(at_us, US_PER_S);
	return at_s + offset_s(at_s);
}

int64_t civil_minute(int64_t at_us)
{
	return floor_div(local_s(at_us), 60);
}

int32_t civil_day(int64_t at_us)
{
	return (int32_t)floor_div(local_s(at_us), S_PER_DAY);
}

/* Midnight may be skipped or come twice, so look for the first second of the day by halves. */
int64_t civil_day_start_us(int32_t day)
{
	int64_t before = (day - 1) * S_PER_DAY,
		at = (day + 1) * S_PER_DAY; /* no zone is 24 h off */
	while (at - before > 1) {
		int64_t middle = before + (at - before) / 2;
		if (civil_day(middle * US_PER_S) < day)
			before = middle;
		else
			at = middle;
	}
	return at * US_PER_S;
}

struct period civil_period(enum calendar calendar, enum grain grain, int64_t at_us)
{
	int64_t minute = civil_minute(at_us);
	int32_t day = (int32_t)floor_div(minute, 1440);
	uint32_t of_day = (uint32_t)(minute - (int64_t)day * 1440);
	uint32_t nth = grain < GRAIN_DAY ? of_day * grain_per_day(grain) / 1440 : 0;
	return period_in_day(calendar, grain, day, nth);
}

/* ISO 8601 knows no seconds in an offset, but zones of before about 1910 have them. The time of day
 * is therefore told in the offset that is written, so that the instant is always exact. */
static int64_t written_offset_min(int64_t at_us)
{
	return floor_div(offset_s(floor_div(at_us, US_PER_S)), 60);
}

static int64_t written_local_s(int64_t at_us)
{
	return floor_div(at_us, US_PER_S) + written_offset_min(at_us) * 60;
}

const char *civil_format(int64_t at_us, char text[INSTANT_TEXT_MAX])
{
	int64_t offset_min = written_offset_min(at_us), local = written_local_s(at_us);
	int32_t day = (int32_t)floor_div(local, S_PER_DAY);
	unsigned of_day = (unsigned)(local - day * S_PER_DAY), off = (unsigned)llabs(offset_min);
	char date[DAY_TEXT_MAX];
	(void)snprintf(text, INSTANT_TEXT_MAX, "%sT%02u:%02u:%02u%c%02u:%02u",
		       day_format(day, date), of_day / 3600, of_day / 60 % 60, of_day % 60,
		       offset_min < 0 ? '-' : '+', off / 60, off % 60); /* it fits */
	return text;
}

/* Texts to instants. */

/* Two digits up to @max; moves @text over them. */
static bool take_pair(const char **text, int max, int *ret_value)
{
	const char *t = *text;
	if (t[0] < '0' || t[0] > '9' || t[1] < '0' || t[1] > '9')
		return false;
	*ret_value = (t[0] - '0') * 10 + (t[1] - '0');
	*text += 2;
	return *ret_value <= max;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_fraction(const char **text, int64_t *ret_us)
{
	int64_t us = 0, unit = US_PER_S / 10;
	const char *t = *text;
	for (; *t >= '0' && *t <= '9' && unit > 0; t++, unit /= 10)
		us += (*t - '0') * unit;
	if (t == *text)
		return false;
	*text = t;
	*ret_us = us;
	return true;
}

static bool take_time(const char **text, int64_t *ret_us)
{
	int hour, minute, second = 0;
	int64_t us = 0;
	if (!take_pair(text, 23, &hour) || !take_char(text, ':') || !take_pair(text, 59, &minute))
		return false;
	if (take_char(text, ':')) {
		if (!take_pair(text, 59, &second))
			return false;
		if (take_char(text, '.') && !take_fraction(text, &us))
			return false;
	}
	*ret_us = (hour * 3600 + minute * 60 + second) * US_PER_S + us;
	return true;
}

enum offset { OFFSET_NONE, OFFSET_GIVEN, OFFSET_BAD };

static enum offset read_offset(const char *text, int64_t *ret_offset_s)
{
	int hour, minute;
	char sign = *text;
	*ret_offset_s = 0;
	if (sign == '\0')
		return OFFSET_NONE;
	if (strcmp(text, "Z") == 0)
		return OFFSET_GIVEN;
	text++;
	if ((sign != '+' && sign != '-') || !take_pair(&text, 23, &hour))
		return OFFSET_BAD;
	(void)take_char(&text, ':'); /* +0700 is as good */
	if (!take_pair(&text, 59, &minute) || *text != '\0')
		return OFFSET_BAD;
	*ret_offset_s = (sign == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
	return OFFSET_GIVEN;
}

/* The instant of civil @local_us: try the offsets of the day before and the day after; around a
 * change at most one of them, or both, or none may be the one then in force. The first instant
 * wins. */
static bool instant_of_local(int64_t local_us, int64_t *ret_at_us)
{
	int64_t around = floor_div(local_us, US_PER_S);
	int64_t offsets[2] = { offset_s(around - S_PER_DAY), offset_s(around + S_PER_DAY) };
	if (offsets[0] < offsets[1]) { /* the larger offset is the earlier instant */
		int64_t swap = offsets[0];
		offsets[0] = offsets[1];
		offsets[1] = swap;
	}
	for (size_t i = 0; i < 2; i++)
		if (offset_s(around - offsets[i]) == offsets[i]) {
			*ret_at_us = local_us - offsets[i] * US_PER_S;
			return true;
		}
	return false;
}

static int not_an_instant(const char *text, struct err *err)
{
	char shown[EXCERPT_MAX];
	return err_set(err, -EINVAL,
		       "'%s' is not a time; write 2025-06-30, 2025-06-30T14:05:09 or "
		       "2025-06-30T14:05:09+07:00",
		       utf8_excerpt(text, strlen(text), shown));
}

static int parse_date_time(const char *text, int32_t day, int64_t *ret_at_us, struct err *err)
{
	const char *rest = text + strlen("2025-06-30T");
	int64_t us, given_s;
	if (!take_time(&rest, &us))
		return not_an_instant(text, err);
	enum offset offset = read_offset(rest, &given_s);
	int64_t local_us = day * S_PER_DAY * US_PER_S + us;
	if (offset == OFFSET_BAD)
		return not_an_instant(text, err);
	if (offset == OFFSET_GIVEN)
		*ret_at_us = local_us - given_s * US_PER_S;
	else if (!instant_of_local(local_us, ret_at_us))
		return err_set(err, -EINVAL,
			       "%s: the clocks skipped that time; write it with an offset, such as "
			       "+07:00",
			       text);
	return 0;
}

int civil_parse(const char *text, int64_t *ret_at_us, struct err *err)
{
	char date[DAY_TEXT_MAX] = { 0 };
	struct err ignored; /* the sentence is about all of @text */
	int32_t day;
	int64_t at_us = 0; /* which gcc at -O2 cannot see to be written */
	int rc;
	size_t len = strcspn(text, "T");
	if (len >= sizeof(date))
		return not_an_instant(text, err);
	memcpy(date, text, len);
	if (day_parse(date, &day, &ignored) != 0)
		return not_an_instant(text, err);
	if (text[len] != 'T')
		at_us = civil_day_start_us(day + 1) - 1;
	else if ((rc = parse_date_time(text, day, &at_us, err)) < 0)
		return rc;
	int64_t written = floor_div(written_local_s(at_us), S_PER_DAY);
	if (written < DAY_MIN || written > DAY_MAX) /* an offset led out of the days there are */
		return not_an_instant(text, err);
	*ret_at_us = at_us;
	return 0;
}
