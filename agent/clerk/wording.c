#include "clerk/wording.h"

#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/labels.h"
#include "common/model/period_told.h"
#include "import/terms.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define GROUP_BLANK "\xC2\xA0" /* no-break space */

static bool vietnamese(void)
{
	return strcmp(language_tag(), "vi") == 0;
}

const char *wording_instant(int64_t at_us, int64_t now_us, char text[WORDING_MAX])
{
	char day[WORDING_MAX];
	unsigned minute = (unsigned)(civil_minute(at_us) - (int64_t)civil_day(at_us) * 1440);
	if (civil_day(at_us) == civil_day(now_us))
		(void)snprintf(text, WORDING_MAX, "%02u:%02u", minute / 60, minute % 60); /* fits */
	else
		(void)snprintf(text, WORDING_MAX, _("%02u:%02u of %.40s"), minute / 60, minute % 60,
			       day_told(civil_day(at_us), day));
	return text;
}

enum numeral wording_mark(void)
{
	return vietnamese() ? NUMERAL_COMMA : NUMERAL_POINT;
}

const char *wording_typed(int64_t value_e, unsigned decimals, char text[WORDING_MAX])
{
	char plain[DECIMAL_TEXT_MAX];
	(void)decimal_format(value_e, decimals, plain); /* its length */
	char *point = strchr(plain, '.');
	if (point && wording_mark() == NUMERAL_COMMA)
		*point = ',';
	(void)snprintf(text, WORDING_MAX, "%s", plain); /* fits */
	return text;
}

const char *wording_value(int64_t value_e, unsigned decimals, char text[WORDING_MAX])
{
	char typed[WORDING_MAX];
	size_t to = 0;
	const char *from = wording_typed(value_e, decimals, typed);
	if (*from == '-')
		text[to++] = *from++;
	for (size_t left = strcspn(from, ".,"); left > 0; left--) {
		text[to++] = *from++;
		if (left % 3 == 1 && left > 1) {
			memcpy(text + to, GROUP_BLANK, strlen(GROUP_BLANK));
			to += strlen(GROUP_BLANK);
		}
	}
	(void)snprintf(text + to, WORDING_MAX - to, "%s", from); /* 19 digits and 6 blanks fit */
	return text;
}

const char *wording_code(const struct code *code)
{
	return code_called(code);
}

/* The name of a value that is a code; the value itself, in @room, where it is none. */
static const char *value_name(const struct dimensions *dimensions, const char *key, size_t key_len,
			      const char *value, size_t len, char room[LABELS_TEXT_MAX])
{
	const struct code_list *list = dimensions_list(dimensions, key, key_len);
	const struct code *code;
	(void)snprintf(room, LABELS_TEXT_MAX, "%.*s", (int)len, value); /* fits */
	bool coded = list && code_list_find(list, room, CODE_ANY_DAY, &code) == CODE_FOUND &&
		     strcmp(code->code, room) == 0;
	return coded ? wording_code(code) : room;
}

const char *wording_labels(const struct dimensions *dimensions, const struct metric *metric,
			   const char *labels, char *text, size_t room)
{
	const char *key, *value;
	char own[LABELS_TEXT_MAX];
	size_t key_len, value_len, at = 0;
	*text = '\0';
	while (labels_next(&labels, &key, &key_len, &value, &value_len)) {
		char name[METRIC_NAME_MAX];
		(void)snprintf(name, sizeof(name), "%.*s", (int)key_len, key); /* cut is fine */
		at += utf8_print(text + at, room - at, "%s%s: %s", at > 0 ? ", " : "",
				 wording_dimension(metric, name),
				 value_name(dimensions, key, key_len, value, value_len, own));
	}
	return text;
}

const char *wording_part(const struct dimensions *dimensions, const char *labels, char *text,
			 size_t room)
{
	const char *key, *value;
	char own[LABELS_TEXT_MAX];
	size_t key_len, value_len, at = 0;
	*text = '\0';
	while (labels_next(&labels, &key, &key_len, &value, &value_len))
		at += utf8_print(text + at, room - at, "%s%s", at > 0 ? ", " : "",
				 value_name(dimensions, key, key_len, value, value_len, own));
	return text;
}

const char *wording_left(int32_t day, int32_t today, char text[WORDING_MAX])
{
	int32_t left = day - today;
	if (left == 0)
		(void)snprintf(text, WORDING_MAX, "%s", _("due today"));
	else if (left == 1)
		(void)snprintf(text, WORDING_MAX, "%s", _("1 day left"));
	else if (left > 1)
		(void)snprintf(text, WORDING_MAX, _("%d days left"), left);
	else if (left == -1)
		(void)snprintf(text, WORDING_MAX, "%s", _("1 day late"));
	else
		(void)snprintf(text, WORDING_MAX, _("%d days late"), -left);
	return text;
}

const char *wording_metric(const struct metric *metric)
{
	return metric_called(metric);
}

const char *wording_section(const struct metric *metric)
{
	return vietnamese() && metric->section_vi ? metric->section_vi
	       : metric->section_en               ? metric->section_en
						  : metric->section_vi;
}

const char *wording_unit(const struct metric *metric)
{
	return terms_shown(metric->unit, terms_unit(metric));
}

const char *wording_dimension(const struct metric *metric, const char *dimension)
{
	return terms_shown(dimension, terms_dimension(metric, dimension));
}
