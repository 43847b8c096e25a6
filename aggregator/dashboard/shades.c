#include "dashboard/shades.h"

#include "common/base/i18n.h"
#include "dashboard/scale.h"
#include "dashboard/shown.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct placed {
	int128 mantissa;
	size_t at; /* among the values */
};

static int by_value(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return (x->mantissa > y->mantissa) - (x->mantissa < y->mantissa);
}

int shades_make(const char *const values[], size_t n, unsigned char ret_shades[],
		struct shade ret_legend[SHADES])
{
	struct placed *placed = calloc(n ? n : 1, sizeof(*placed));
	struct scale scale = { 0 };
	size_t m = 0, below = 0;

	if (!placed)
		return -ENOMEM;
	memset(ret_legend, 0, SHADES * sizeof(ret_legend[0]));
	for (size_t i = 0; i < n; i++) {
		ret_shades[i] = values[i] && scale_widen(&scale, values[i]);
		if (ret_shades[i])
			placed[m++].at = i;
	}
	for (size_t i = 0; i < m; i++)
		placed[i].mantissa = scale_mantissa(&scale, values[placed[i].at]);
	qsort(placed, m, sizeof(*placed), by_value);
	for (size_t i = 0; i < m; i++) {
		if (i > 0 && placed[i].mantissa != placed[i - 1].mantissa)
			below = i;
		size_t shade = below * SHADES / m;
		struct shade *of = &ret_legend[shade];

		ret_shades[placed[i].at] = (unsigned char)(shade + 1);
		if (of->n++ == 0)
			of->low = values[placed[i].at];
		of->high = values[placed[i].at];
	}
	free(placed);
	return 0;
}

void shades_legend(struct html *html, const struct shade legend[SHADES], int digits,
		   const char *unit, bool missing)
{
	char low[NUMBER_MAX], high[NUMBER_MAX];
	bool any = missing;

	for (size_t i = 0; i < SHADES; i++)
		any = any || legend[i].n > 0;
	if (!any)
		return;
	html_add(html, "<ul class=\"shades\" aria-label=\"%s\">", _("What the shades mean"));
	for (size_t i = 0; i < SHADES; i++) {
		if (legend[i].n == 0)
			continue;
		(void)shown_number(legend[i].low, digits, NULL,
				   low); /* returns low, as the next does high */
		(void)shown_number(legend[i].high, digits, unit, high);
		html_add(html, "<li><span class=\"swatch q%zu\"></span> ", i + 1);
		if (strcmp(legend[i].low, legend[i].high) == 0)
			html_add(html, "%s</li>", high);
		else
			html_add(html, "%s – %s</li>", low, high);
	}
	if (missing)
		html_add(html, "<li><span class=\"swatch hatch\"></span> %s</li>",
			 _("due, but not reported"));
	html_add(html, "</ul>\n");
}
