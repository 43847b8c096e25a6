#include "dashboard/words.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <string.h>

const char *words_period(const char *period, const char *calendar, char text[PERIOD_TOLD_MAX])
{
	bool report = calendar && strcmp(calendar, "report") == 0;
	char span[PERIOD_TOLD_MAX], name[PERIOD_TOLD_MAX];
	struct period read;

	if (!period_read(period, report ? CALENDAR_REPORT : CALENDAR_CIVIL, &read)) {
		(void)utf8_print(text, PERIOD_TOLD_MAX, "%s", period);
		return text;
	}
	(void)period_told(read, name);
	(void)period_span_told(read, span);
	(void)utf8_print(text, PERIOD_TOLD_MAX, *span ? "%s (%s)" : "%s", name, span);
	return text;
}

const char *words_day(const char *day, char text[PERIOD_TOLD_MAX])
{
	char head[DAY_TEXT_MAX];
	struct err err;
	int32_t number;

	(void)utf8_print(head, sizeof(head), "%.10s", day);
	if (day_parse(head, &number, &err) < 0)
		(void)utf8_print(text, PERIOD_TOLD_MAX, "%s", day);
	else
		(void)day_told(number, text);
	return text;
}

const char *words_instant(const char *instant, char text[PERIOD_TOLD_MAX])
{
	char day[PERIOD_TOLD_MAX];

	if (strlen(instant) < 16 || instant[10] != 'T')
		return words_day(instant, text);
	/* TRANSLATORS: time of day, day */
	(void)utf8_print(text, PERIOD_TOLD_MAX, _("%.5s of %.40s"), instant + 11,
			 words_day(instant, day));
	return text;
}

const char *words_level(const char *level)
{
	static const struct {
		const char *level, *words;
	} levels[] = { { "province", N_("province") },
		       { "district", N_("district") },
		       { "commune", N_("commune") },
		       { "office", N_("office") } };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].level, level) == 0)
			return _(levels[i].words);
	return level;
}

const char *words_often(const char *grain)
{
	static const struct {
		const char *grain, *words;
	} known[] = { { "minute", N_("by the minute") },
		      { "hour", N_("by the hour") },
		      { "day", N_("by the day") },
		      { "week", N_("by the week") },
		      { "month", N_("by the month") },
		      { "quarter", N_("by the quarter") },
		      { "semester", N_("by the half-year") },
		      { "year", N_("by the year") } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].grain, grain) == 0)
			return _(known[i].words);
	return grain;
}
