#include "dashboard/heat.h"

#include "common/base/i18n.h"
#include "common/model/period_told.h"
#include "dashboard/axis.h"
#include "dashboard/shades.h"
#include "dashboard/shown.h"
#include "dashboard/signs.h"

#include <stdlib.h>
#include <string.h>

static void open_link(struct html *html, const char *link)
{
	if (link)
		html_add(html, "<a href=\"%s\">", link);
}

static void close_link(struct html *html, const char *link)
{
	html_add(html, link ? "</a>" : "");
}

/* A period's short name is seen, and its whole one is heard. */
static void heads(struct html *html, const struct heat *heat)
{
	char told[PERIOD_TOLD_MAX], label[AXIS_LABEL_MAX], above[AXIS_LABEL_MAX],
		last[AXIS_LABEL_MAX] = "";

	html_add(html, "<thead><tr><th scope=\"col\">%s</th>", heat->head);
	for (size_t i = 0; i < heat->n_periods; i++) {
		const char *link = heat->period_links ? heat->period_links[i] : NULL;

		(void)axis_above(heat->periods[i], above); /* returns above */
		html_add(html, i == heat->chosen
				       ? "<th scope=\"col\" class=\"chosen\" aria-current=\"true\">"
				       : "<th scope=\"col\">");
		open_link(html, link);
		html_add(html,
			 "<span aria-hidden=\"true\">%s<small>%s</small></span>"
			 "<span class=\"unseen\">%s</span>",
			 axis_label(heat->periods[i], label), strcmp(above, last) != 0 ? above : "",
			 period_told(heat->periods[i], told));
		close_link(html, link);
		html_add(html, "</th>");
		memcpy(last, above, sizeof(last));
	}
	html_add(html, "</tr></thead>\n");
}

static void put_cell(struct html *html, const struct heat_cell *cell, unsigned shade, int digits,
		     bool chosen)
{
	const char *reason = cell->reason ? cell->reason : _("no figure");

	html_add(html, "<td class=\"");
	if (cell->value && shade > 0)
		html_add(html, "q%u", shade);
	else if (!cell->value)
		html_add(html, "%s", cell->signs & SIGN_MISSING ? "hatch" : "blank");
	html_add(html, "%s\"", chosen ? " chosen" : "");
	if (!cell->value)
		html_add(html, " title=\"%s\"", reason);
	html_add(html, ">");
	open_link(html, cell->link);
	if (cell->value)
		shown_write(html, cell->value, digits);
	else
		html_add(html,
			 "<span aria-hidden=\"true\">%s</span><span class=\"unseen\">%s</span>",
			 cell->signs & SIGN_MISSING ? "–" : "·", reason);
	signs_write(html, cell->signs & ~(unsigned)SIGN_MISSING);
	close_link(html, cell->link);
	html_add(html, "</td>");
}

/* Shades of all cells, row by row; rows that stand apart have none. */
static int shade_cells(const struct heat *heat, unsigned char *shades, struct shade legend[SHADES])
{
	size_t n = heat->n_rows * heat->n_periods;
	const char **values = calloc(n ? n : 1, sizeof(*values));
	int rc;

	if (!values)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct heat_row *row = &heat->rows[i / heat->n_periods];

		values[i] =
			row->apart || heat->plain ? NULL : row->cells[i % heat->n_periods].value;
	}
	rc = shades_make(values, n, shades, legend);
	free(values);
	return rc;
}

static void put_rows(struct html *html, const struct heat *heat, const unsigned char *shades)
{
	html_add(html, "<tbody>\n");
	for (size_t i = 0; i < heat->n_rows; i++) {
		const struct heat_row *row = &heat->rows[i];

		html_add(html, row->apart ? "<tr class=\"apart\"><th scope=\"row\">"
					  : "<tr><th scope=\"row\">");
		open_link(html, row->link);
		html_add(html, "%s", row->name);
		close_link(html, row->link);
		if (*row->note)
			html_add(html, "<small>%s</small>", row->note);
		html_add(html, "</th>");
		for (size_t p = 0; p < heat->n_periods; p++)
			put_cell(html, &row->cells[p], shades[i * heat->n_periods + p],
				 heat->digits, p == heat->chosen);
		html_add(html, "</tr>\n");
	}
	html_add(html, "</tbody></table></div>\n");
}

void heat_write(struct html *html, const struct heat *heat)
{
	size_t n = heat->n_rows * heat->n_periods;
	unsigned char *shades = calloc(n ? n : 1, 1);
	struct shade legend[SHADES];
	unsigned signs = 0;

	if (!shades || shade_cells(heat, shades, legend) < 0) {
		html->failed = true;
		free(shades);
		return;
	}
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"%s\">\n"
		 "<table class=\"heat\"",
		 heat->caption);
	if (heat->query)
		html_add(html, " data-q=\"%s\"", heat->query);
	html_add(html, "><caption>%s", heat->caption);
	if (*heat->unit)
		html_add(html, " (%s)", heat->unit);
	html_add(html, "</caption>\n");
	heads(html, heat);
	put_rows(html, heat, shades);
	for (size_t i = 0; i < n; i++)
		signs |= heat->rows[i / heat->n_periods].cells[i % heat->n_periods].signs;
	shades_legend(html, legend, heat->digits, heat->unit, signs & SIGN_MISSING);
	signs_legend(html, signs & ~(unsigned)SIGN_MISSING);
	free(shades);
}
