#include "clerk/files_html.h"

#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/text/urlencoded.h"

#include <stdbool.h>
#include <string.h>

static void counts(struct html *html, const struct outcome *outcome)
{
	if (outcome->recorded > 0)
		html_say(html, _("%zu recorded"), outcome->recorded);
	else
		html_add(html, "%s", _("nothing recorded"));
	if (outcome->rejected > 0) {
		html_add(html, ", ");
		html_say(html, _("%zu not taken"), outcome->rejected);
	}
	if (outcome->warned > 0) {
		html_add(html, ", ");
		html_say(html, _("%zu to look at again"), outcome->warned);
	}
}

static void copy_link(struct html *html, const struct outcome *outcome, const char *words)
{
	char address[3 * NAME_MAX + 1];
	html_add(html, "<a href=\"errors?file=%s\" download=\"%s\">%s</a>",
		 urlencoded_write(outcome->errors, address, sizeof(address)), outcome->errors,
		 words);
}

/* --- what became of the file --- */

/* Is there a place in the file that a mark can stand at? */
static bool has_places(const struct files_look *look)
{
	for (size_t i = 0; i < look->n_told; i++)
		if (*look->told[i].where)
			return true;
	return look->n_untold > 0;
}

static void told_rows(struct html *html, const struct files_look *look, bool errors,
		      const char *title)
{
	size_t n = 0;
	for (size_t i = 0; i < look->n_told; i++)
		n += look->told[i].is_error == errors;
	if (n == 0)
		return;
	html_add(html, "<section>\n<h2>%s</h2>\n", title);
	html_add(html,
		 "<table class=\"told\">\n<thead><tr><th scope=\"col\">%s</th><th "
		 "scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr>"
		 "</thead>\n<tbody>\n",
		 _("Where"), _("Column"), _("What it says"), _("What is wrong, and what to do"));
	for (size_t i = 0; i < look->n_told; i++) {
		const struct told *told = &look->told[i];
		if (told->is_error == errors)
			html_add(html,
				 "<tr><td data-label=\"%s\">%s</td><td data-label=\"%s\">%s</td>"
				 "<td data-label=\"%s\">%s</td><td>%s</td></tr>\n",
				 _("Where"), *told->where ? told->where : _("the whole file"),
				 _("Column"), told->column, _("What it says"), told->value,
				 told->why);
	}
	html_add(html, "</tbody>\n</table>\n</section>\n");
}

static void result(struct html *html, const struct frame *frame, const struct files_look *look)
{
	const struct outcome *outcome = look->outcome;
	bool good = outcome && outcome->rejected == 0;
	if (look->trouble)
		html_add(html,
			 "<div class=\"result wrong\" role=\"alert\"><p><strong>%s</strong> "
			 "%s</p></div>\n",
			 _("Nothing was taken."), look->trouble);
	if (!outcome)
		return;
	html_add(html, "<div class=\"result %s\" role=\"%s\"><p><strong>%s</strong>: ",
		 good ? "saved" : "wrong", good ? "status" : "alert", outcome->name);
	counts(html, outcome);
	html_add(html, ". %s</p>\n",
		 outcome->recorded == 0   ? ""
		 : frame->look->connected ? _("It is safe here, and is being sent to the province.")
					  : _("It is safe here, and is sent to the province as "
					      "soon as there is a connection."));
	if (*outcome->errors && has_places(look)) {
		html_add(html, "<p>");
		copy_link(html, outcome, _("Copy of the file with these places marked"));
		html_add(html, "</p>\n<p>%s</p>\n",
			 _("Correct them in your file, and hand it in again: what was recorded "
			   "stays as it is."));
	}
	html_add(html, "</div>\n");
	told_rows(html, look, true, _("Not taken"));
	told_rows(html, look, false, _("Recorded, and to be looked at again"));
	if (look->n_untold > 0) {
		html_add(html, "<p>");
		html_say(html, _("and %zu more; the copy has them"), look->n_untold);
		html_add(html, "</p>\n");
	}
}

/* --- the form --- */

static void form(struct html *html, const struct frame *frame, const struct files_look *look)
{
	html_add(html,
		 "<form id=\"upload\" class=\"group\" method=\"post\" action=\"files\" "
		 "enctype=\"multipart/form-data\" data-most=\"%u\" data-large=\"%s\">\n"
		 "<input type=\"hidden\" name=\"token\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"lang\" value=\"%s\">\n",
		 UPLOAD_MAX, _("This file is over 4 MB. Hand in only the sheets with figures."),
		 look->token, language_tag());
	html_add(html,
		 "<label for=\"file\">%s</label>\n<input type=\"file\" id=\"file\" name=\"file\" "
		 "required accept=\".xlsx,.xls,.csv,.tsv,.txt\" aria-describedby=\"kinds\">\n"
		 "<button type=\"submit\" class=\"button\">%s</button>\n"
		 "<p id=\"kinds\" class=\"hint\">%s</p>\n"
		 "<p id=\"large\" class=\"message error\" role=\"alert\"></p>\n</form>\n",
		 _("A table of figures"), _("Hand in"),
		 frame->elsewhere
			 ? _("Excel (.xlsx, .xls) or CSV, up to 4 MB. It is read on the office's "
			     "server, and judged as the form is.")
			 : _("Excel (.xlsx, .xls) or CSV, up to 4 MB. It is read on this machine, "
			     "and judged as the form is."));
}

/* --- those before --- */

static void before(struct html *html, const struct frame *frame, const struct files_look *look)
{
	char at[WORDING_MAX];
	html_add(html, "<section>\n<h2>%s</h2>\n", _("Files handed in so far"));
	if (look->n_before == 0) {
		html_add(html, "<p>%s</p>\n</section>\n", _("None yet."));
		return;
	}
	html_add(html,
		 "<table>\n<thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
		 "<th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr></thead>\n<tbody>\n",
		 _("File"), _("When"), _("Came by"), _("What became of it"));
	for (size_t i = 0; i < look->n_before; i++) {
		const struct outcome *outcome = &look->before[i];
		html_add(html,
			 "<tr><th scope=\"row\">%s</th><td data-label=\"%s\">%s</td>"
			 "<td data-label=\"%s\">%s</td><td><span class=\"state %s\">",
			 outcome->name, _("When"),
			 wording_instant(outcome->at_us, frame->now_us, at), _("Came by"),
			 outcome->way == OUTCOME_PAGE ? _("this page") : _("the inbox folder"),
			 outcome->rejected > 0 ? "refused" : "received");
		counts(html, outcome);
		html_add(html, "</span> ");
		if (*outcome->errors && outcome->way == OUTCOME_PAGE)
			copy_link(html, outcome, _("marked copy"));
		else if (*outcome->errors)
			html_say(html, _("The folder has %s beside it."), outcome->errors);
		html_add(html, "</td></tr>\n");
	}
	html_add(html, "</tbody>\n</table>\n</section>\n");
}

void files_write(struct html *html, const struct frame *frame, const struct files_look *look)
{
	struct frame whole = *frame;
	whole.title = _("Spreadsheets");
	whole.path = "files?";
	whole.place = PLACE_FILES;
	frame_begin(html, &whole);
	html_add(html, "<h1>%s</h1>\n<p class=\"lead\">%s</p>\n", _("Figures from a spreadsheet"),
		 _("Instead of typing: a table with a column for the period and one for each "
		   "metric, or the Excel form of a period."));
	result(html, frame, look);
	form(html, frame, look);
	before(html, frame, look);
	frame_end(html);
}
