/* Periods as people write them in tables: what this module makes of them is a period of the
 * grain that was asked for, and what is one already stays. */
#include "common/base/utf8.h"
#include "common/model/period_words.h"
#include "fuzz/fuzz.h"

#include <errno.h>

static void try_grain(const char *text, enum grain grain, bool month_first)
{
	char written[PERIOD_TEXT_MAX], again[PERIOD_TEXT_MAX];
	struct period period, same;
	struct err err = { 0 };
	bool valid = utf8_valid(text, strlen(text));
	int rc = period_from_words(text, grain, month_first, written, &err);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	require(!valid || rc == 0 || utf8_valid(err.text, strlen(err.text)));
	if (rc < 0)
		return;
	require(strlen(written) < PERIOD_TEXT_MAX);
	require(!valid || utf8_valid(written, strlen(written)));
	require(period_parse(written, CALENDAR_CIVIL, &period, &err) == 0);
	require(period.grain == grain && period_words_known(text));
	require(period_from_words(written, grain, month_first, again, &err) == 0);
	require(period_parse(again, CALENDAR_CIVIL, &same, &err) == 0);
	require(period.grain == same.grain && period.number == same.number);
}

static void try_line(const char *text)
{
	(void)period_month_first(text);
	for (enum grain grain = GRAIN_MINUTE; grain < GRAIN_COUNT; grain++) {
		try_grain(text, grain, false);
		try_grain(text, grain, true);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_lines(data, len, try_line);
	return 0;
}
