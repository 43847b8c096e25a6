#include "dashboard/shown.h"

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
