#include "export/sdmx_words.h"

#include "common/base/err.h"
#include "common/model/period.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

const char *sdmx_id(const char *code, char id[SDMX_ID_MAX])
{
	size_t at = 0;

	for (const char *from = code; *from && at + 4 < SDMX_ID_MAX; from++) {
		if (is_plain(*from) && !(from == code && *from == '_'))
			id[at++] = *from;
		else
			at += (size_t)snprintf(id + at, SDMX_ID_MAX - at, "$%02X",
					       (unsigned)(unsigned char)*from);
	}
	id[at] = '\0';
	return id;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int sdmx_code(const char *id, size_t len, char code[SDMX_ID_MAX])
{
	size_t at = 0;

	if (len >= SDMX_ID_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (is_plain(id[i]) && !(i == 0 && id[i] == '_')) {
			code[at++] = id[i];
			continue;
		}
		int high = i + 2 < len && id[i] == '$' ? hex(id[i + 1]) : -1;
		int low = high >= 0 ? hex(id[i + 2]) : -1;

		if (low < 0 || (high | low) == 0)
			return -EINVAL;
		code[at++] = (char)(high * 16 + low);
		i += 2;
	}
	code[at] = '\0';
	return 0;
}

const char *sdmx_indicator(const char *name, char id[SDMX_ID_MAX])
{
	(void)snprintf(id, SDMX_ID_MAX, "%s", name); /* names are shorter */
	for (char *at = id; *at; at++)
		if (*at == '.')
			*at = '-';
	return id;
}

void sdmx_indicator_name(char *id)
{
	for (; *id; id++)
		if (*id == '-')
			*id = '.';
}

const char *sdmx_dimension(const char *key, size_t len, char id[SDMX_ID_MAX])
{
	size_t n = len < SDMX_ID_MAX - 1 ? len : SDMX_ID_MAX - 1;

	for (size_t i = 0; i < n; i++)
		id[i] = key[i] >= 'a' && key[i] <= 'z' ? (char)(key[i] - 'a' + 'A') : key[i];
	id[n] = '\0';
	return id;
}

const char *sdmx_area(const char *code, const char *from, char id[SDMX_ID_MAX])
{
	char plain[SDMX_ID_MAX];

	if (!code)
		strcpy(id, SDMX_UNKNOWN);
	else if (!from)
		(void)snprintf(id, SDMX_ID_MAX, "@%.200s", sdmx_id(code, plain));
	else
		(void)snprintf(id, SDMX_ID_MAX, "%.200s@%.20s", sdmx_id(code, plain), from);
	return id;
}

static const struct {
	enum grain grain;
	char freq;
	const char *length; /* of a range */
} grains[] = {
	{ GRAIN_MINUTE, 'N', "PT1M" },  { GRAIN_HOUR, 'H', "PT1H" }, { GRAIN_DAY, 'D', "P1D" },
	{ GRAIN_WEEK, 'W', "P7D" },     { GRAIN_MONTH, 'M', "P1M" }, { GRAIN_QUARTER, 'Q', "P3M" },
	{ GRAIN_SEMESTER, 'S', "P6M" }, { GRAIN_YEAR, 'A', "P1Y" },
};
#define N_GRAINS (sizeof(grains) / sizeof(grains[0]))

char sdmx_freq(const char *grain)
{
	for (size_t i = 0; grain && i < N_GRAINS; i++)
		if (strcmp(grain_name(grains[i].grain), grain) == 0)
			return grains[i].freq;
	return 0;
}

const char *sdmx_grain(char freq)
{
	for (size_t i = 0; i < N_GRAINS; i++)
		if (grains[i].freq == freq)
			return grain_name(grains[i].grain);
	return NULL;
}

static const char *length_of(enum grain grain)
{
	for (size_t i = 0; i < N_GRAINS; i++)
		if (grains[i].grain == grain)
			return grains[i].length;
	return "";
}

int sdmx_period(const char *period, const char *calendar, char text[SDMX_ID_MAX], struct err *err)
{
	bool reported = calendar && strcmp(calendar, "report") == 0;
	struct period read;
	char day[DAY_TEXT_MAX];

	if (!period || !period_read(period, reported ? CALENDAR_REPORT : CALENDAR_CIVIL, &read))
		return err_set(err, -EINVAL, "'%s' is not a period", period ? period : "");
	if (read.grain == GRAIN_MINUTE)
		(void)snprintf(text, SDMX_ID_MAX, "%.40s:00/PT1M", period);
	else if (read.grain == GRAIN_HOUR)
		(void)snprintf(text, SDMX_ID_MAX, "%.40s:00:00/PT1H", period);
	else if (reported && read.grain >= GRAIN_MONTH)
		(void)snprintf(text, SDMX_ID_MAX, "%s/%s", day_format(period_first_day(read), day),
			       length_of(read.grain));
	else
		(void)snprintf(text, SDMX_ID_MAX, "%.40s", period);
	return 0;
}

static int no_period(const char *text, struct err *err)
{
	return err_set(err, -EINVAL,
		       "'%.64s' is not a period; write 2025, 2025-S1, 2025-Q2, 2025-06, 2025-W26, "
		       "2025-06-30, 2025-06-30T14:00:00/PT1H or 2024-12-15/P1M",
		       text);
}

/* A day and a length: a period of the report calendar, which begins on that day. */
static int read_range(const char *text, const char *length, char period[SDMX_ID_MAX],
		      struct err *err)
{
	char first[DAY_TEXT_MAX];
	struct err why;
	int32_t day = 0;

	(void)snprintf(first, sizeof(first), "%.*s", (int)(length - text), text);
	if (length - text != 10 || day_parse(first, &day, &why) < 0)
		return no_period(text, err);
	for (size_t i = 0; i < N_GRAINS; i++) {
		struct period one;

		if (grains[i].grain < GRAIN_MONTH || strcmp(grains[i].length, length + 1) != 0)
			continue;
		one = period_of_day(CALENDAR_REPORT, grains[i].grain, day);
		if (period_first_day(one) != day)
			break;
		(void)period_format(one, period);
		return 0;
	}
	return no_period(text, err);
}

int sdmx_period_read(const char *text, char period[SDMX_ID_MAX], bool *ret_report, struct err *err)
{
	const char *length = strchr(text, '/');
	struct period read;

	*ret_report = false;
	if (strlen(text) > 64)
		return no_period(text, err);
	if (length && strcmp(length, "/PT1H") == 0 && length - text == 19 &&
	    strncmp(text + 13, ":00:00", 6) == 0)
		(void)snprintf(period, SDMX_ID_MAX, "%.13s", text);
	else if (length && strcmp(length, "/PT1M") == 0 && length - text == 19 &&
		 strncmp(text + 16, ":00", 3) == 0)
		(void)snprintf(period, SDMX_ID_MAX, "%.16s", text);
	else if (length) {
		*ret_report = true;
		return read_range(text, length, period, err);
	} else
		(void)snprintf(period, SDMX_ID_MAX, "%s", text);
	return period_read(period, CALENDAR_CIVIL, &read) ? 0 : no_period(text, err);
}
