#include "dashboard/pivot_screen.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/number.h"
#include "dashboard/pivot_form.h"
#include "dashboard/pivot_table.h"

#include <string.h>

#define TITLE_MAX 256u

/* Is @name[@len] one of names parted by commas? */
static bool is_named(const char *names, const char *name, size_t len)
{
	for (const char *at = names; *at; at += strspn(at, ",")) {
		size_t n = strcspn(at, ",");

		if (n == len && memcmp(at, name, n) == 0)
			return true;
		at += n;
	}
	return false;
}

/* Could the answer have the column that rows are to be sorted by? Who takes a metric or the
 * comparison away should not read that it is missing. */
static bool can_sort(const struct view *view)
{
	const char *column = view->sort + (*view->sort == '-'), *colon = strchr(column, ':');

	if (colon && strcmp(colon, ":desc") != 0 && strcmp(colon, ":asc") != 0) {
		if (!strchr(view->name, ',') ||
		    !is_named(view->name, column, (size_t)(colon - column)))
			return false;
		column = colon + 1;
	}
	if (strncmp(column, "change", 6) == 0 || strncmp(column, "before", 6) == 0)
		return *view->versus;
	return strncmp(column, "label", 5) != 0 || *view->by_label;
}

/* Without any word for time it is about the newest period that is over. */
static void ask_figures(struct visit *visit, struct question *question)
{
	const struct view *view = &visit->view;

	question_of(question, "/api/v1/query", visit, *view->by || *view->by_label ? "" : "total");
	question_add(question, "sort", can_sort(view) ? view->sort : NULL);
	question_add(question, "top", view->top);
	if (!*view->from && !*view->to && !*view->last && !*view->publication)
		question_add(question, "last", "1");
}

static void downloads(struct html *html, const char *target)
{
	static const struct {
		const char *format, *words;
	} forms[] = { { "xlsx", N_("Workbook (Excel)") },
		      { "csv-excel", N_("CSV for Excel") },
		      { "sdmx-csv", N_("SDMX-CSV") } };

	html_add(html, "<p class=\"downloads\">%s ", _("Download:"));
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		html_add(html,
			 i ? " · <a href=\"%s&amp;format=%s\" download>%s</a>"
			   : "<a href=\"%s&amp;format=%s\" download>%s</a>",
			 target, forms[i].format, _(forms[i].words));
	html_add(html, "</p>\n");
}

/* What --top left out is said above the table, with the way to all of it. */
static void left_out(struct visit *visit, struct html *html, const json_t *answer)
{
	const char *rows = answer_head(answer, "query", "left_out_rows"),
		   *top = answer_head(answer, "query", "top"),
		   *of = answer_head(answer, "query", "top_of");
	struct view all = view_with(&visit->view, "top", "");
	char shown[2][NUMBER_MAX];

	if (!*rows || strcmp(rows, "0") == 0)
		return;
	html_add(html, "<p class=\"part\">");
	html_say(html, _("The first %s of %s; the others are left out, and are in the totals."),
		 number_shown(top, shown[0]), number_shown(of, shown[1]));
	html_add(html, " ");
	frame_link(html, &all, _("Show all"), false);
	html_add(html, "</p>\n");
}

static const char *title_of(struct visit *visit, char title[TITLE_MAX])
{
	const char *name = visit->view.name;
	struct listed listed;

	if (!*name)
		return _("Figures side by side");
	if (!listed_find(visit, name, strcspn(name, ","), &listed))
		return _("Figures side by side");
	if (!strchr(name, ','))
		return listed.label;
	(void)utf8_print(title, TITLE_MAX, _("%s and others"), listed.label); /* cut is fine */
	return title;
}

void pivot_write(struct visit *visit, struct html *html)
{
	struct question question;
	const json_t *answer = NULL;
	char title[TITLE_MAX];

	frame_title(visit, html, title_of(visit, title));
	pivot_choice(visit, html);
	if (!*visit->view.name)
		return;
	pivot_form(visit, html);
	ask_figures(visit, &question);
	answer = ask(visit->asking, question.target);
	html_add(html,
		 "<section aria-labelledby=\"pivot\"><h2 id=\"pivot\" class=\"unseen\">%s</h2>\n",
		 _("Table of figures"));
	left_out(visit, html, answer);
	if (json_array_size(answer_rows(answer)) > 0)
		pivot_table_write(visit, html, answer, question.target, "pivot");
	else if (answer)
		html_add(html, "<p>%s</p>\n", _("There is nothing of this kind."));
	downloads(html, question.target);
	html_add(html, "</section>\n");
	frame_cite(visit, answer, NULL, NULL);
}
