#include "support/editions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS 20u

struct line { /* of a CSV without quotes */
	char text[512];
	char *cells[COLUMNS];
	size_t n;
};

static const char *line_split(const char *csv, struct line *line)
{
	size_t len = strcspn(csv, "\n");
	assert_true(len < sizeof(line->text));
	memcpy(line->text, csv, len);
	line->text[len] = '\0';
	line->n = 0;
	for (char *at = line->text; at; line->n++) {
		assert_true(line->n < COLUMNS);
		line->cells[line->n] = at;
		at = strchr(at, ',');
		if (at)
			*at++ = '\0';
	}
	return csv + len + (csv[len] == '\n');
}

static void line_join(const struct line *line, char *out, size_t room)
{
	size_t len = strlen(out);
	for (size_t i = 0; i < line->n; i++) {
		int n = snprintf(out + len, room - len, "%s%s", i ? "," : "", line->cells[i]);
		assert_true(n >= 0 && (size_t)n < room - len);
		len += (size_t)n;
	}
	assert_true(len + 2 <= room);
	memcpy(out + len, "\n", 2);
}

static bool chance(struct dice *dice, unsigned percent)
{
	return dice_below(dice, 100) < percent;
}

static char *any(struct dice *dice, const char *const texts[], size_t n)
{
	return (char *)(uintptr_t)texts[dice_below(dice, n)];
}

#define ANY(dice, ...)                                                                             \
	any(dice, (const char *const[]){ __VA_ARGS__ },                                            \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

enum metric_column {
	NAME,
	LABEL_VI,
	LABEL_EN,
	UNIT,
	KIND,
	TIME_AGG,
	AREA_AGG,
	PERIOD,
	DIMENSIONS,
	DECIMALS,
	CARRY,
	LEVEL,
	DUE_DAYS,
	MIN,
	MAX,
	CALENDAR
};

/* One cell of a metric becomes another. */
static void metric_change(struct dice *dice, struct line *line)
{
	char **cells = line->cells;
	switch (dice_below(dice, 14)) {
	case 0:
		cells[LABEL_VI] = ANY(dice, "nhãn", "x");
		cells[LABEL_EN] = ANY(dice, "label", "x");
		break;
	case 1:
		cells[UNIT] = ANY(dice, "dong", "x");
		break;
	case 2:
		cells[DUE_DAYS] = ANY(dice, "0", "3", "12", "30");
		break;
	case 3:
		cells[MIN] = ANY(dice, "-100", "0", "");
		break;
	case 4:
		cells[MAX] = ANY(dice, "10", "4000", "");
		break;
	case 5:
		cells[DECIMALS] = ANY(dice, "0", "1", "2", "3");
		break;
	case 6:
		cells[LEVEL] = ANY(dice, "commune", "district", "province");
		break;
	case 7:
		cells[DIMENSIONS] = ANY(dice, "", "k", "j;k", "k;j");
		break;
	case 8:
		cells[AREA_AGG] = ANY(dice, "sum", "mean", "min", "max");
		break;
	case 9:
		cells[TIME_AGG] = ANY(dice, "sum", "last", "mean", "min", "max");
		cells[CARRY] = ANY(dice, "0");
		break;
	case 10:
		cells[PERIOD] = ANY(dice, "minute", "hour", "day", "week", "month", "year");
		cells[CARRY] = ANY(dice, "0");
		break;
	case 11:
		cells[CALENDAR] = ANY(dice, "civil", "report");
		break;
	case 12:
		cells[NAME] =
			ANY(dice, "other", "nope"); /* the first goes; of the other some wait */
		break;
	default:
		if (strcmp(cells[TIME_AGG], "last") == 0 && strcmp(cells[PERIOD], "minute") != 0)
			cells[CARRY] = ANY(dice, "0", "1", "4");
	}
}

/* A catalogue, some of whose metrics are others than in @csv. */
void edition_catalogue(struct dice *dice, const char *csv, char *out, size_t room)
{
	struct line line;
	bool named = false;
	*out = '\0';
	csv = line_split(csv, &line);
	line_join(&line, out, room);
	while (*csv) {
		csv = line_split(csv, &line);
		const char *name = line.cells[NAME];
		for (size_t n = chance(dice, 25) ? dice_below(dice, 3) + 1 : 0; n > 0; n--)
			metric_change(dice, &line);
		if (named && strcmp(name, line.cells[NAME]) != 0)
			line.cells[NAME] = (char *)(uintptr_t)name; /* one alone takes a name */
		named |= strcmp(name, line.cells[NAME]) != 0;
		if (!chance(dice, 4))
			line_join(&line, out, room);
	}
}

enum unit_column { CODE, UNIT_NAME, UNIT_LEVEL, PARENT, FROM, TO };

/* Units, some of which are called otherwise, have another parent, begin or end on another day. The
 * whole may be no good: then it is refused. */
void edition_units(struct dice *dice, const struct history *h, const char *csv, char *out,
		   size_t room)
{
	struct line line;
	char day[DAY_TEXT_MAX];
	int32_t some = h->base + (int32_t)dice_below(dice, HISTORY_DAYS);
	*out = '\0';
	csv = line_split(csv, &line);
	line_join(&line, out, room);
	while (*csv) {
		csv = line_split(csv, &line);
		bool open = *line.cells[TO] == '\0';
		if (chance(dice, 10))
			line.cells[UNIT_NAME] = ANY(dice, "another name", "X");
		if (chance(dice, 5))
			line.cells[UNIT_LEVEL] = ANY(dice, "commune", "district");
		if (chance(dice, 8) && *line.cells[PARENT])
			line.cells[PARENT] = ANY(dice, "P", "Q", "D1", "D3");
		if (chance(dice, 8) && open)
			line.cells[TO] = (char *)(uintptr_t)day_format(some, day);
		if (!chance(dice, 4))
			line_join(&line, out, room);
	}
	if (chance(dice, 30))
		(void)snprintf(out + strlen(out), room - strlen(out), "N,New,commune,P,%s,\n",
			       day_format(some, day)); /* fits, or it is refused */
}
