#include "dashboard/changes.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <string.h>

#define TOP 12u /* seen at once */

static const char *change_words(const char *change)
{
	static const struct {
		const char *word, *means;
	} known[] = { { "first", N_("first reported") }, { "corrected", N_("corrected") },
		      { "withdrawn", N_("withdrawn") },  { "held", N_("waits in quarantine") },
		      { "released", N_("released") },    { "held again", N_("held again") } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].word, change) == 0)
			return _(known[i].means);
	return change;
}

static void who_cell(struct html *html, const json_t *row)
{
	html_add(html, "<td>%s",
		 *answer_text(row, "author_name") ? answer_text(row, "author_name")
						  : answer_text(row, "author"));
	if (json_is_true(json_object_get(row, "from_province")))
		html_add(html, "<small>%s</small>", _("recorded at the province"));
	html_add(html, "</td>");
}

/* What was noted, why it waits, and who did what to it afterwards. */
static void remark_cell(struct html *html, const json_t *row)
{
	static const char *const keys[] = { "note", "reason", "act" };
	const char *between = "";

	html_add(html, "<td class=\"what\">");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = answer_text(row, keys[i]);

		if (!*text)
			continue;
		html_add(html, "%s%s", between, text);
		between = "; ";
	}
	if (*answer_text(row, "shown_name"))
		html_add(html, " (%s)", answer_text(row, "shown_name"));
	if (json_is_true(json_object_get(row, "late")))
		html_add(html, "%s<span class=\"late\">%s</span>", between, _("came late"));
	html_add(html, "</td></tr>\n");
}

static void where_cell(struct html *html, const struct changes *changes, const json_t *row)
{
	const char *office = answer_text(row, "office"), *name = answer_text(row, "name"),
		   *labels = answer_text(row, "labels");
	char period[PERIOD_TOLD_MAX];

	html_add(html, "<th scope=\"row\">");
	if (changes->office) {
		html_add(html, "%s", words_period(answer_text(row, "period"), NULL, period));
	} else {
		struct view there = view_at(changes->view, "/report");

		there = view_with(&there, "name", answer_text(row, "metric"));
		there = view_with(&there, "office", office);
		there = view_with(&there, "period", answer_text(row, "period"));
		frame_link(html, &there, *name ? name : office, false);
	}
	html_add(html, *labels ? "<small>%s</small></th>" : "%s</th>", labels);
}

static void put_row(struct html *html, const struct changes *changes, const json_t *row)
{
	char when[PERIOD_TOLD_MAX], was[EXACT_MAX], became[EXACT_MAX];

	html_add(html, "<tr><td>%s</td>", words_instant(answer_text(row, "received"), when));
	where_cell(html, changes, row);
	html_add(html, "<td>%s</td><td class=\"n\">", change_words(answer_text(row, "change")));
	number_write(html, exact_text(row, "was", was));
	html_add(html, "</td><td class=\"n\">");
	number_write(html, exact_text(row, "became", became));
	html_add(html, "</td>");
	who_cell(html, row);
	remark_cell(html, row);
}

static void open_table(struct html *html, const struct changes *changes)
{
	html_add(
		html,
		"<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"%s\">"
		"<table data-q=\"%s\"><thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
		"<th scope=\"col\">%s</th><th scope=\"col\" class=\"n\">%s</th>"
		"<th scope=\"col\" class=\"n\">%s</th><th scope=\"col\">%s</th>"
		"<th scope=\"col\">%s</th></tr></thead><tbody>\n",
		changes->heading, changes->query, _("Received"),
		changes->office ? _("Period") : _("Office"), _("What"), _("Was"), _("Became"),
		_("By"), _("Remark"));
}

static bool is_told(const struct changes *changes, const json_t *row)
{
	return (!changes->only_changes || strcmp(answer_text(row, "change"), "first") != 0) &&
	       (!changes->office || strcmp(answer_text(row, "office"), changes->office) == 0);
}

size_t changes_table(struct html *html, const struct changes *changes)
{
	size_t i, n = 0;
	json_t *row;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(changes->answer), i, row) {
		if (!is_told(changes, row))
			continue;
		if (n == TOP) /* the others are there, too, when somebody wants them */
			html_add(html, "</tbody></table></div>\n<details><summary>%s</summary>\n",
				 _("More"));
		if (n == 0 || n == TOP)
			open_table(html, changes);
		put_row(html, changes, row);
		n++;
	}
	if (n > 0)
		html_add(html, n > TOP ? "</tbody></table></div></details>\n"
				       : "</tbody></table></div>\n");
	return n;
}
