#include "dashboard/number.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/number_told.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MINUS    "\xE2\x88\x92" /* U+2212 */
#define NO_BREAK "\xC2\xA0"

static bool is_vietnamese(void)
{
	return strcmp(language_tag(), "vi") == 0;
}

/* That fits: @exact is no longer than a number of ours is. */
static bool is_shown(const char *exact)
{
	return strlen(exact) < 60 && number_is_plain(exact);
}

int number_sign(const char *exact)
{
	if (!exact || !is_shown(exact) || !exact[strcspn(exact, "123456789")])
		return 0;
	return *exact == '-' ? -1 : 1;
}

const char *number_shown(const char *exact, char shown[NUMBER_MAX])
{
	if (is_shown(exact))
		(void)number_print(exact, MINUS, shown);
	else
		(void)utf8_print(shown, NUMBER_MAX, "%s", exact);
	return shown;
}

const char *number_change(const char *exact, char shown[NUMBER_MAX])
{
	char plain[NUMBER_MAX];

	(void)snprintf(shown, NUMBER_MAX, "%s%.150s", number_sign(exact) > 0 ? "+" : "",
		       number_shown(exact, plain));
	return shown;
}

const char *number_with_unit(const char *exact, const char *unit, char shown[NUMBER_MAX])
{
	char plain[NUMBER_MAX];

	(void)number_shown(exact, plain);
	if (!unit || !*unit)
		(void)utf8_print(shown, NUMBER_MAX, "%s", plain);
	else if (strcmp(unit, "%") == 0)
		(void)utf8_print(shown, NUMBER_MAX, "%s%s%%", plain,
				 is_vietnamese() ? "" : NO_BREAK);
	else
		(void)utf8_print(shown, NUMBER_MAX, "%s" NO_BREAK "%s", plain, unit);
	return shown;
}

/* @exact with at most @digits behind the point, as digits too. */
static const char *rounded(const char *exact, unsigned digits, char text[NUMBER_MAX])
{
	const char *point = is_shown(exact) ? strchr(exact, '.') : NULL;
	size_t len;
	bool up;

	(void)snprintf(text, NUMBER_MAX, "0%.150s", exact); /* room for a digit more */
	if (!point || strlen(point + 1) <= digits)
		return text + 1;
	if (*exact == '-') {
		text[0] = '-';
		text[1] = '0';
	}
	len = (size_t)(point - exact) + 2 + digits;
	up = text[len] >= '5';
	text[len] = '\0';
	for (size_t i = len; up && i-- > 0;) {
		if (text[i] == '.')
			continue;
		up = text[i] == '9';
		text[i] = up ? '0' : (char)(text[i] + 1);
	}
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
	if (text[0] == '-' && !text[strcspn(text, "123456789")])
		text[0] = '0'; /* no zero has a sign */
	/* What was not needed of the room. */
	if (text[0] == '-' && text[1] == '0' && text[2] && text[2] != '.') {
		text[1] = '-';
		return text + 1;
	}
	return text + strspn(text, "0") -
	       (!text[strspn(text, "0")] || text[strspn(text, "0")] == '.');
}

const char *number_rounded(const char *exact, unsigned digits, const char *unit,
			   char shown[NUMBER_MAX])
{
	char text[NUMBER_MAX];

	return number_with_unit(rounded(exact, digits, text), unit, shown);
}

const char *number_rounded_change(const char *exact, unsigned digits, char shown[NUMBER_MAX])
{
	char text[NUMBER_MAX];

	return number_change(rounded(exact, digits, text), shown);
}

static void none(struct html *html)
{
	html_add(html,
		 "<span class=\"none\"><span aria-hidden=\"true\">–</span><span "
		 "class=\"unseen\">%s</span></span>",
		 _("none"));
}

void number_write(struct html *html, const char *exact)
{
	char shown[NUMBER_MAX];

	if (!exact)
		none(html);
	else
		html_add(html, "<data value=\"%s\">%s</data>", exact, number_shown(exact, shown));
}

void number_write_change(struct html *html, const char *exact)
{
	char shown[NUMBER_MAX];

	if (!exact)
		none(html);
	else
		html_add(html, "<data value=\"%s\">%s</data>", exact, number_change(exact, shown));
}

void number_write_unit(struct html *html, const char *exact, const char *unit)
{
	char shown[NUMBER_MAX];

	if (!exact)
		none(html);
	else
		html_add(html, "<data value=\"%s\">%s</data>", exact,
			 number_with_unit(exact, unit, shown));
}
