#include "dashboard/publications_screen.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/words.h"

#include <string.h>

#define TARGET "/api/v1/publications"

/* A publication has its own period, calendar, borders and time. */
static struct view as_published(const struct view *view, const char *name)
{
	static const char *const own[] = { "from", "to", "last", "calendar", "structure", "known" };
	struct view there = view_at(view, "/pivot");

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		there = view_with(&there, own[i], "");
	return view_with(&there, "publication", name);
}

static void row_write(struct visit *visit, struct html *html, const json_t *row)
{
	const char *name = answer_text(row, "publication"),
		   *borders = answer_text(row, "structure"), *who = answer_text(row, "shown_name");
	struct view there = as_published(&visit->view, name);
	char words[PERIOD_TOLD_MAX];

	html_add(html, "<tr><th scope=\"row\">");
	frame_link(html, &there, name, strcmp(visit->view.publication, name) == 0);
	html_add(html, "</th><td>%s</td>",
		 words_period(answer_text(row, "period"), answer_text(row, "calendar"), words));
	html_add(html, "<td>%s</td>",
		 *borders ? words_day(borders, words) : _("as they were in each period"));
	html_add(html, "<td>%s<small>%s</small></td>", words_instant(answer_text(row, "at"), words),
		 *who ? who : answer_text(row, "who"));
	html_add(html, "<td class=\"what\"><code>%s</code></td></tr>\n", answer_text(row, "head"));
}

void publications_write(struct visit *visit, struct html *html)
{
	const json_t *answer = ask(visit->asking, TARGET), *rows = answer_rows(answer);

	frame_title(visit, html, _("Publications"));
	html_add(html, "<p class=\"lead\" id=\"what\">%s</p>\n",
		 _("Figures as they were published, which stay so whatever is reported later."));
	if (answer && json_array_size(rows) == 0) {
		html_add(html, "<p>%s</p>\n", _("Nothing was published yet."));
		return;
	}
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		 "aria-labelledby=\"what\"><table data-q=\"%s\"><thead><tr><th "
		 "scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th>",
		 TARGET, _("Publication"), _("Period"), _("Borders"));
	html_add(html, "<th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr></thead><tbody>\n",
		 _("Published"), _("Head of the ledger"));
	for (size_t i = 0; i < json_array_size(rows); i++)
		row_write(visit, html, json_array_get(rows, i));
	html_add(html, "</tbody></table></div>\n");
}
