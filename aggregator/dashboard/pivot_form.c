#include "dashboard/pivot_form.h"

#include "common/base/i18n.h"
#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MOST 16u /* of one question */

/* --- which metrics --- */

/* The next of names parted by commas; false: no more. */
static bool name_next(const char **at, const char **ret_name, size_t *ret_len)
{
	while (**at == ',')
		(*at)++;
	*ret_name = *at;
	*ret_len = strcspn(*at, ",");
	*at += *ret_len;
	return *ret_len > 0;
}

static size_t names_count(const char *names)
{
	const char *name;
	size_t n = 0, len;

	while (name_next(&names, &name, &len))
		n++;
	return n;
}

static bool has_name(const char *names, const char *wanted)
{
	const char *name;
	size_t len;

	while (name_next(&names, &name, &len))
		if (strlen(wanted) == len && memcmp(name, wanted, len) == 0)
			return true;
	return false;
}

/* The same view without one of its names, or with one more. Sorting by a metric that goes, goes. */
static struct view without(const struct view *view, const char *gone, size_t gone_len)
{
	char names[VIEW_NAMES_MAX] = "";
	const char *at = view->name, *name;
	struct view there;
	size_t len, used = 0;

	while (name_next(&at, &name, &len))
		if (len != gone_len || memcmp(name, gone, len) != 0)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.*s",
						 used ? "," : "", (int)len,
						 name); /* it is shorter */
	there = view_with(view, "name", names);
	there = view_with(&there, "sort", "");
	return view_with(&there, "metric", "");
}

static struct view with(const struct view *view, const char *more)
{
	char names[VIEW_NAMES_MAX];
	struct view there;

	(void)utf8_print(names, sizeof(names), "%s%s%s", view->name, *view->name ? "," : "", more);
	there = view_with(view, "name", names);
	there = view_with(&there, "sort", "");
	return view_with(&there, "metric", "");
}

static void chosen(struct visit *visit, struct html *html)
{
	const char *at = visit->view.name, *name;
	bool alone = names_count(at) == 1;
	size_t len;

	if (!*at)
		return;
	html_add(html, "<ul class=\"chosen\" aria-label=\"%s\">\n", _("Chosen metrics"));
	while (name_next(&at, &name, &len)) {
		struct view there = without(&visit->view, name, len);
		char address[VIEW_ADDRESS_MAX], own[VIEW_TEXT_MAX];
		struct listed listed;

		(void)utf8_print(own, sizeof(own), "%.*s", (int)len, name);
		if (!listed_find(visit, name, len, &listed))
			listed.label = own;
		html_add(html, "<li>%s", listed.label);
		if (!alone)
			html_add(html,
				 " <a href=\"%s\"><span aria-hidden=\"true\">×</span><span "
				 "class=\"unseen\">%s %s</span></a>",
				 view_address(&there, address), _("Remove:"), listed.label);
		html_add(html, "</li>\n");
	}
	html_add(html, "</ul>\n");
}

static const char *heading_of(const struct listed *listed)
{
	return *listed->section    ? listed->section
	       : listed->indicator ? _("Indicators")
				   : _("Metrics");
}

static bool is_offered(const struct visit *visit, const struct listed *listed, const char *words)
{
	return !has_name(visit->view.name, listed->name) &&
	       (!*words || listed_is_like(listed, words));
}

/* All that stand under this heading, from the @nth on. */
static size_t offered_under(struct visit *visit, struct html *html, const char *words,
			    const char *heading, size_t nth)
{
	struct listed listed;
	size_t n = 0;

	html_add(html, "<h2 class=\"minor\">%s</h2>\n<ul class=\"offered\">\n", heading);
	while (listed_next(visit, &nth, &listed)) {
		if (strcmp(heading_of(&listed), heading) != 0 || !is_offered(visit, &listed, words))
			continue;
		struct view there = with(&visit->view, listed.name);

		html_add(html, "<li>");
		frame_link(html, &there, listed.label, false);
		html_add(html, "<small>%s</small></li>\n", listed.name);
		n++;
	}
	html_add(html, "</ul>\n");
	return n;
}

/* Does one before the @nth stand under this heading? */
static bool is_begun(struct visit *visit, const char *words, const char *heading, size_t nth)
{
	struct listed listed;

	for (size_t i = 0; listed_next(visit, &i, &listed) && i < nth;)
		if (strcmp(heading_of(&listed), heading) == 0 && is_offered(visit, &listed, words))
			return true;
	return false;
}

/* Those that answer to what was typed, or all of them, each to be added. A catalogue may come back
 * to a section; its heading stands once. */
static void offered(struct visit *visit, struct html *html, const char *words)
{
	const char *before = "";
	struct listed listed;
	size_t nth = 0, n = 0;

	while (listed_next(visit, &nth, &listed)) {
		const char *heading = heading_of(&listed);

		if (!is_offered(visit, &listed, words) || strcmp(heading, before) == 0)
			continue;
		before = heading;
		if (!is_begun(visit, words, heading, nth))
			n += offered_under(visit, html, words, heading, nth - 1);
	}
	if (n == 0 && *words) {
		html_add(html, "<p>");
		html_say(html, _("No metric or indicator is called '%s', nor anything like it."),
			 words);
		html_add(html, "</p>\n");
	}
}

void pivot_choice(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;
	bool full = names_count(view->name) >= NAMES_MOST;

	chosen(visit, html);
	if (full)
		return;
	html_add(html, "<form class=\"filters\" action=\"/pivot\" role=\"search\">\n");
	frame_keep(html, view, "metric");
	html_add(html,
		 "<label for=\"metric\">%s</label>\n<input id=\"metric\" name=\"metric\" "
		 "type=\"search\" value=\"%s\" size=\"28\">\n<button>%s</button>\n</form>\n",
		 *view->name ? _("Add a metric") : _("Which metric?"), view->metric, _("Search"));
	if (*view->metric) {
		offered(visit, html, view->metric);
	} else if (!*view->name) {
		offered(visit, html, "");
	} else {
		html_add(html, "<details class=\"all\"><summary>%s</summary>\n",
			 _("All metrics and indicators"));
		offered(visit, html, "");
		html_add(html, "</details>\n");
	}
}

/* --- of what --- */

static void option(struct html *html, const char *now, const char *value, const char *words)
{
	html_add(html,
		 strcmp(now, value) == 0 ? "<option value=\"%s\" selected>%s</option>"
					 : "<option value=\"%s\">%s</option>",
		 value, words);
}

static void select_begin(struct html *html, const char *name, const char *words)
{
	html_add(html, "<div><label for=\"%s\">%s</label>\n<select id=\"%s\" name=\"%s\">", name,
		 words, name, name);
}

static void select_end(struct html *html)
{
	html_add(html, "</select></div>\n");
}

static void text_field(struct html *html, const char *name, const char *words, const char *value,
		       const char *type)
{
	html_add(html,
		 "<div><label for=\"%s\">%s</label>\n<input id=\"%s\" name=\"%s\" type=\"%s\" "
		 "value=\"%s\"",
		 name, words, name, name, type, value);
	html_add(html, strcmp(type, "date") == 0 ? "></div>\n" : " size=\"10\"></div>\n");
}

/* Each level once, as the units come: the province first. */
static void levels(struct visit *visit, struct html *html)
{
	const json_t *rows = answer_rows(ask(visit->asking, FRAME_UNITS));
	const char *now = visit->view.by;
	char known[512] = " ";

	select_begin(html, "by", _("A row for each"));
	option(html, now, "", _("whole area"));
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const char *level = answer_text(json_array_get(rows, i), "level");
		char padded[VIEW_TEXT_MAX + 2];

		(void)utf8_print(padded, sizeof(padded), " %s ", level);
		if (!*level || strstr(known, padded) ||
		    strlen(known) + strlen(level) + 2 > sizeof(known))
			continue;
		strcat(known, level); /* fits: just checked */
		strcat(known, " ");
		option(html, now, level, words_level(level));
	}
	option(html, now, "office", words_level("office"));
	select_end(html);
}

static void grains(struct visit *visit, struct html *html)
{
	static const struct {
		const char *grain, *words;
	} all[] = { { "day", N_("day") },
		    { "week", N_("week") },
		    { "month", N_("month") },
		    { "quarter", N_("quarter") },
		    { "semester", N_("half-year") },
		    { "year", N_("year") } };

	select_begin(html, "per", _("Per"));
	option(html, visit->view.per, "", _("as it is counted"));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		option(html, visit->view.per, all[i].grain, _(all[i].words));
	select_end(html);
}

/* Each dimension that all of the chosen metrics have. */
static void dimensions(struct visit *visit, struct html *html)
{
	const char *at = visit->view.name, *name;
	struct listed listed;
	size_t len;

	if (!name_next(&at, &name, &len) || !listed_find(visit, name, len, &listed) ||
	    (!*listed.dimensions && !*visit->view.by_label))
		return;
	select_begin(html, "by_label", _("And for each"));
	option(html, visit->view.by_label, "", _("all labels together"));
	for (const char *word = listed.dimensions; *word; word += strspn(word, " ;,")) {
		size_t n = strcspn(word, " ;,");
		char dimension[VIEW_TEXT_MAX];

		(void)utf8_print(dimension, sizeof(dimension), "%.*s", (int)n, word);
		if (n > 0)
			option(html, visit->view.by_label, dimension, dimension);
		word += n;
	}
	select_end(html);
	text_field(html, "labels", _("Only with the label"), visit->view.labels, "text");
}

static void comparison(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;

	select_begin(html, "versus", _("Against"));
	option(html, view->versus, "", _("nothing"));
	option(html, view->versus, "period", _("the period before"));
	option(html, view->versus, "year", _("a year before"));
	select_end(html);
	text_field(html, "top", _("First rows only"), view->top, "text");
	html_add(html,
		 *view->total ? "<div><label><input type=\"checkbox\" name=\"total\" value=\"1\" "
				"checked> %s</label></div>\n"
			      : "<div><label><input type=\"checkbox\" name=\"total\" "
				"value=\"1\"> %s</label></div>\n",
		 _("with a total"));
}

static void times(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;
	char day[16];

	if (*view->publication)
		return;
	text_field(html, "last", _("Last periods"), view->last, "text");
	text_field(html, "from", _("or from"), view->from, "text");
	text_field(html, "to", _("to"), view->to, "text");
	(void)utf8_print(day, sizeof(day), "%.10s", view->known); /* an instant's day */
	text_field(html, "structure", _("Borders of the day"), view->structure, "date");
	text_field(html, "known", _("As known on"), day, "date");
	select_begin(html, "calendar", _("Calendar"));
	option(html, view->calendar, "", _("that of the metric"));
	option(html, view->calendar, "civil", _("civil"));
	option(html, view->calendar, "report", _("of reports"));
	select_end(html);
}

void pivot_form(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;

	if (*view->wall)
		return;
	html_add(html, "<form class=\"filters fields\" action=\"/pivot\">\n");
	frame_keep(html, view,
		   "by per last from to labels by_label versus top total structure known calendar "
		   "metric");
	levels(visit, html);
	dimensions(visit, html);
	grains(visit, html);
	times(visit, html);
	comparison(visit, html);
	html_add(html, "<div><button>%s</button></div>\n</form>\n", _("Show"));
}
