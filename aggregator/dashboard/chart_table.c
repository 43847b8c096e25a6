/* The figures of a chart as a table: every one of them, whatever the chart had room for. */
#include "common/base/i18n.h"
#include "common/model/period_told.h"
#include "dashboard/chart_internal.h"
#include "dashboard/shown.h"
#include "dashboard/signs.h"

static void heads(struct html *html, const struct chart *chart)
{
	html_add(html, "<thead><tr><th scope=\"col\">%s</th>", _("Period"));
	for (size_t i = 0; i < chart->n_series; i++)
		html_add(html, "<th scope=\"col\" class=\"n\">%s</th>", chart->series[i].name);
	if (chart->before)
		html_add(html, "<th scope=\"col\" class=\"n\">%s</th>", _("A year before"));
	if (chart->path)
		html_add(html, "<th scope=\"col\" class=\"n\">%s</th>",
			 _("On the way to the target"));
	html_add(html, "</tr></thead>\n");
}

static void point_cell(struct html *html, const struct chart_point *point, int digits)
{
	html_add(html, point->value ? "<td class=\"n\">" : "<td class=\"none\">");
	if (point->link)
		html_add(html, "<a href=\"%s\">", point->link);
	if (point->value)
		shown_write(html, point->value, digits);
	else
		html_add(html, "%s", point->reason ? point->reason : _("no figure"));
	if (point->link)
		html_add(html, "</a>");
	signs_write(html, point->value ? point->signs : point->signs & ~(unsigned)SIGN_MISSING);
	html_add(html, "</td>");
}

static void plain_cell(struct html *html, const char *value, int digits)
{
	html_add(html, "<td class=\"n\">");
	if (value)
		shown_write(html, value, digits);
	html_add(html, "</td>");
}

void chart_table(struct html *html, const struct chart *chart)
{
	char told[PERIOD_TOLD_MAX];

	html_add(html,
		 "<details class=\"figures\"><summary>%s</summary>\n<div class=\"scroll\" "
		 "tabindex=\"0\" role=\"group\" aria-label=\"%s\"><table",
		 _("These figures as a table"), chart->title);
	if (chart->query)
		html_add(html, " data-q=\"%s\"", chart->query);
	html_add(html, "><caption>%s</caption>\n", chart->title);
	heads(html, chart);
	html_add(html, "<tbody>\n");
	for (size_t i = 0; i < chart->n_periods; i++) {
		html_add(html, "<tr><th scope=\"row\">%s</th>",
			 period_told(chart->periods[i], told));
		for (size_t s = 0; s < chart->n_series; s++)
			point_cell(html, &chart->series[s].points[i], chart->digits);
		if (chart->before)
			plain_cell(html, chart->before[i], chart->digits);
		if (chart->path)
			plain_cell(html, chart->path[i], chart->digits);
		html_add(html, "</tr>\n");
	}
	html_add(html, "</tbody></table></div></details>\n");
}
