#include "dashboard/tables_screen.h"

#include "common/base/i18n.h"
#include "dashboard/acts.h"
#include "dashboard/frame.h"

void tables_write(struct visit *visit, struct html *html)
{
	const struct act *act;

	frame_title(visit, html, _("Tables"));
	html_add(html, "<p class=\"lead\">%s</p>\n",
		 _("What the province goes by comes in tables. A new edition is looked at first: "
		   "the "
		   "page shows row by row what it would change, and nothing is done before that is "
		   "agreed to."));
	html_add(html, "<ul class=\"ways\">\n");
	for (size_t i = 0; (act = act_at(i)); i++) {
		if (!act->table)
			continue;
		html_add(html, "<li>");
		act_link(visit, html, act->name, _(act->title), NULL);
		html_add(html, "<small>%s</small></li>\n", _(act->what));
	}
	html_add(html, "</ul>\n");
}
