#include "dashboard/change_screen.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "dashboard/acts.h"
#include "dashboard/frame.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <stdlib.h>
#include <string.h>

#define TARGET  "/api/v1/change"
#define EVERY_S 3 /* a reader waits for it */

static void term(struct html *html, const char *name, const char *value)
{
	if (*value)
		html_add(html, "<dt>%s</dt><dd>%s</dd>\n", name, value);
}

static const char *stage_words(const char *stage)
{
	return strcmp(stage, "days") == 0 ? _("figures are gone through, day by day")
	       : strcmp(stage, "stale") == 0
		       ? _("what came meanwhile is gone through")
		       : _("it is in force; the rest is brought to its place");
}

static void progress(struct visit *visit, struct html *html, const json_t *answer)
{
	char shown[NUMBER_MAX], room[3][EXACT_MAX];
	const char *done = exact_head(answer, "progress", "done", room[0]),
		   *all = exact_head(answer, "progress", "all", room[1]),
		   *left = exact_head(answer, "progress", "seconds_left", room[2]),
		   *trouble = answer_head(answer, "progress", "trouble");

	visit->every_s = EVERY_S;
	html_add(html, "<p>%s</p>\n", stage_words(answer_head(answer, "progress", "stage")));
	html_add(html, "<p><progress value=\"%s\" max=\"%s\" aria-label=\"%s\"></progress></p>\n",
		 done, all, _("How far it is"));
	if (*left) {
		html_add(html, "<p class=\"soft\">");
		html_say(html,
			 ngettext("About %s second is left.", "About %s seconds are left.",
				  strtoul(left, NULL, 10)),
			 number_shown(left, shown));
		html_add(html, "</p>\n");
	}
	if (*trouble)
		html_add(html, "<p class=\"bad\" role=\"alert\">%s %s</p>\n",
			 _("A step failed, and is tried again:"), trouble);
	html_add(html, "<p class=\"acts\">");
	frame_link(html, &visit->view, _("Look again"), false);
	html_add(html, " ");
	act_link(visit, html, "cancel", _("Take it back"), NULL);
	html_add(html, "</p>\n");
}

void change_write(struct visit *visit, struct html *html)
{
	const json_t *answer = ask(visit->asking, TARGET),
		     *row = json_array_get(answer_rows(answer), 0);
	char words[PERIOD_TOLD_MAX];

	frame_title(visit, html, _("A change in steps"));
	html_add(html, "<p class=\"lead\">%s</p>\n",
		 _("What alters many figures is made in steps, while figures come in and questions "
		   "are answered as before."));
	if (!row) {
		html_add(html, "<p>%s</p>\n", _("There was none yet."));
		return;
	}
	html_add(html, "<dl class=\"facts\">\n");
	term(html, _("What"), answer_text(row, "kind"));
	term(html, _("By"), answer_text(row, "who"));
	term(html, _("Since"), words_instant(answer_text(row, "begun"), words));
	term(html, _("How it stands"), answer_text(row, "outcome"));
	html_add(html, "</dl>\n");
	if (json_object_get(answer, "progress"))
		progress(visit, html, answer);
}
