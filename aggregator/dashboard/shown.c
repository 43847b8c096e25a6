#include "dashboard/shown.h"

#include "common/base/i18n.h"
#include "dashboard/words.h"

const char *shown_number(const char *exact, int digits, const char *unit, char text[NUMBER_MAX])
{
	return digits == SHOWN_ALL ? number_with_unit(exact, unit, text)
				   : number_rounded(exact, (unsigned)digits, unit, text);
}

void shown_write(struct html *html, const char *exact, int digits)
{
	char text[NUMBER_MAX];

	html_add(html, "<data value=\"%s\">%s</data>", exact,
		 shown_number(exact, digits, NULL, text));
}

void shown_change_begin(struct html *html, const char *exact)
{
	int sign = number_sign(exact);

	html_add(html, "<span class=\"change\"><span aria-hidden=\"true\">%s</span> ",
		 sign > 0   ? "↗"
		 : sign < 0 ? "↘"
			    : "→");
}

void shown_change_end(struct html *html, const char *before, const char *calendar)
{
	char period[PERIOD_TOLD_MAX];

	html_add(html, " ");
	html_say(html, _("against %s"), words_period(before, calendar, period));
	html_add(html, "</span>");
}
