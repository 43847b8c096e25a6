/* Periods, days and instants as texts: what is understood is written so that it is understood
 * again, and lies where it says. */
#include "common/model/civil.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <stdbool.h>

#define US_PER_S 1000000

static bool same(struct period a, struct period b)
{
	return a.calendar == b.calendar && a.grain == b.grain && a.number == b.number;
}

/* Every bucket that may hold it does. */
static void check_buckets(struct period period)
{
	for (enum calendar calendar = CALENDAR_CIVIL; calendar <= CALENDAR_REPORT; calendar++) {
		for (enum grain grain = GRAIN_MINUTE; grain < GRAIN_COUNT; grain++) {
			if (!period_nests(period.calendar, period.grain, calendar, grain))
				continue;
			struct period bucket = period_bucket(period, calendar, grain);
			require(bucket.grain == grain);
			require(period_first_day(bucket) <= period_first_day(period));
			require(period_end_day(bucket) >= period_end_day(period));
		}
	}
}

static void check_days(struct period period)
{
	int32_t first = period_first_day(period), end = period_end_day(period);
	require(first >= DAY_MIN && first <= DAY_MAX && end > first);
	require(period_nth(period) < grain_per_day(period.grain));
	require(same(period_in_day(period.calendar, period.grain, first, period_nth(period)),
		     period));
	const int32_t days[] = { first, first + (end - first) / 2, end - 1 };
	for (size_t i = 0; period.grain >= GRAIN_DAY && i < 3; i++)
		require(same(period_of_day(period.calendar, period.grain, days[i]), period));
	if (period.grain >= GRAIN_DAY) /* and its neighbours are others */
		require(period_of_day(period.calendar, period.grain, end).number ==
				period.number + 1 &&
			period_of_day(period.calendar, period.grain, first - 1).number ==
				period.number - 1);
}

static void try_period(const char *text, enum calendar calendar)
{
	struct period period, again;
	struct err err = { 0 };
	char written[PERIOD_TEXT_MAX];
	int rc = period_parse(text, calendar, &period, &err);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	if (rc < 0)
		return;
	require(strlen(period_format(period, written)) < PERIOD_TEXT_MAX);
	require(period_parse(written, calendar, &again, &err) == 0 && same(period, again));
	check_days(period);
	check_buckets(period);
}

static void try_day(const char *text)
{
	struct err err = { 0 };
	char written[DAY_TEXT_MAX];
	int32_t day;
	int year, month, mday;
	int rc = day_parse(text, &day, &err);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	if (rc < 0)
		return;
	require(day >= DAY_MIN && day <= DAY_MAX);
	require(strcmp(day_format(day, written), text) == 0); /* there is one way to write it */
	day_to_civil(day, &year, &month, &mday);
	require(day_from_civil(year, month, mday) == day);
}

/* The second that it lies in comes back. */
static void try_instant(const char *text)
{
	struct err err = { 0 };
	char written[INSTANT_TEXT_MAX];
	int64_t at_us, again_us;
	int rc = civil_parse(text, &at_us, &err);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	if (rc < 0)
		return;
	require(civil_parse(civil_format(at_us, written), &again_us, &err) == 0);
	require(again_us <= at_us && at_us - again_us < US_PER_S);
	int32_t day = civil_day(at_us);
	require(civil_day_start_us(day) <= at_us && civil_day_start_us(day + 1) > at_us);
	require(civil_minute(at_us) / 1440 == day || day < 0);
}

static void try_line(const char *text)
{
	try_period(text, CALENDAR_CIVIL);
	try_period(text, CALENDAR_REPORT);
	try_day(text);
	try_instant(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool ready;
	struct err err;
	if (!ready)
		require(civil_set_zone("Asia/Ho_Chi_Minh", &err) == 0);
	ready = true;
	fuzz_lines(data, len, try_line);
	return 0;
}
