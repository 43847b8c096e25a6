#include "dashboard/frame.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "common/text/urlencoded.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <string.h>

#define DEEP_MAX 8u /* areas in each other */

static const char *other_language(void)
{
	return strcmp(language_tag(), "vi") == 0 ? "en" : "vi";
}

/* --- areas --- */

/* The unit of that code which is in force, or was last. */
static const json_t *unit_find(const json_t *answer, const char *code)
{
	const json_t *found = NULL;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		if (strcmp(answer_text(row, "code"), code) == 0 &&
		    (!found ||
		     strcmp(answer_text(found, "valid_from"), answer_text(row, "valid_from")) < 0))
			found = row;
	return found;
}

static const json_t *province(const json_t *answer)
{
	const json_t *found = NULL;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		if (!*answer_text(row, "parent") && !*answer_text(row, "valid_to"))
			found = row;
	return found;
}

const char *frame_unit_name(const json_t *answer, const char *code)
{
	const char *name = answer_text(unit_find(answer, code), "name");

	return *name ? name : code;
}

/* Days compare as their texts do. */
static bool is_in_force(const json_t *unit, const char *day)
{
	const char *to = answer_text(unit, "valid_to");

	return strcmp(answer_text(unit, "valid_from"), day) <= 0 && (!*to || strcmp(day, to) < 0);
}

const char *frame_unit_there(struct visit *visit, const char *code)
{
	const json_t *rows = answer_rows(ask(visit->asking, FRAME_UNITS));
	const char *day = visit->view.structure;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
		if (strcmp(answer_text(row, "code"), code) == 0 && is_in_force(row, day))
			return code;
	return *day ? "" : code;
}

void frame_link(struct html *html, const struct view *view, const char *words, bool current)
{
	char address[VIEW_ADDRESS_MAX];

	html_add(html,
		 current ? "<a href=\"%s\" aria-current=\"page\">%s</a>" : "<a href=\"%s\">%s</a>",
		 view_address(view, address), words);
}

void frame_go(const struct visit *visit, struct html *html, const struct view *view,
	      const char *words)
{
	const struct screen *screen = screen_find(visit->screens, visit->n_screens, view->path);

	if (screen && screen->role <= visit->reader.role)
		frame_link(html, view, words, false);
	else
		html_add(html, "%s", words);
}

/* From the province down to the area of the view, each with all of the view kept. */
static void way(struct visit *visit, struct html *html)
{
	const json_t *units = ask(visit->asking, FRAME_UNITS), *up[DEEP_MAX];
	const json_t *unit = *visit->view.area ? unit_find(units, visit->view.area) : NULL;
	size_t n = 0;

	for (; unit && n < DEEP_MAX; unit = unit_find(units, answer_text(unit, "parent")))
		up[n++] = unit;
	if (n == 0)
		return;
	html_add(html, "<nav class=\"way\" aria-label=\"%s\"><ol>\n", _("Areas"));
	while (n-- > 0) {
		struct view there = view_with(&visit->view, "area", answer_text(up[n], "code"));

		html_add(html, "<li>");
		frame_link(html, &there, answer_text(up[n], "name"), n == 0);
		html_add(html, "</li>\n");
	}
	html_add(html, "</ol></nav>\n");
}

void frame_title(struct visit *visit, struct html *html, const char *title)
{
	(void)utf8_print(visit->title, sizeof(visit->title), "%s", title);
	way(visit, html);
	html_add(html, "<h1>%s</h1>\n", title);
}

void frame_cite(struct visit *visit, const json_t *answer, const char *due, const char *reported)
{
	(void)utf8_print(visit->head, sizeof(visit->head), "%s",
			 answer_head(answer, "ledger", "head"));
	(void)utf8_print(visit->borders, sizeof(visit->borders), "%s",
			 answer_head(answer, "query", "structure"));
	(void)utf8_print(visit->due, sizeof(visit->due), "%s", due ? due : "");
	(void)utf8_print(visit->reported, sizeof(visit->reported), "%s", reported ? reported : "");
}

/* --- forms --- */

static bool is_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

void frame_keep(struct html *html, const struct view *view, const char *without)
{
	const char *name, *value;
	size_t at = 0;

	while (view_next(view, &at, &name, &value))
		if (!is_in(without, name))
			html_add(html, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", name,
				 value);
}

void frame_switches(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;
	char day[DAY_TEXT_MAX];

	(void)utf8_print(day, sizeof(day), "%.10s", view->known); /* an instant's day */
	if (*view->wall || *view->publication)
		return;
	html_add(html,
		 "<details class=\"switches\"%s><summary>%s</summary>\n<form action=\"%s\">\n", "",
		 _("Other borders, or an earlier state of knowledge"), view->path);
	frame_keep(html, view, "structure known calendar");
	html_add(html,
		 "<div><label for=\"structure\">%s</label>\n<input id=\"structure\" "
		 "name=\"structure\" type=\"date\" value=\"%s\"></div>\n",
		 _("Borders of the day"), view->structure);
	html_add(html,
		 "<div><label for=\"known\">%s</label>\n<input id=\"known\" name=\"known\" "
		 "type=\"date\" value=\"%s\"></div>\n",
		 _("As known on"), day);
	html_add(html,
		 "<div><label for=\"calendar\">%s</label>\n<select id=\"calendar\" "
		 "name=\"calendar\"><option value=\"\">%s</option>",
		 _("Calendar"), _("that of the metric"));
	html_add(html,
		 strcmp(view->calendar, "civil") == 0
			 ? "<option value=\"civil\" selected>%s</option>"
			 : "<option value=\"civil\">%s</option>",
		 _("civil"));
	html_add(html,
		 strcmp(view->calendar, "report") == 0
			 ? "<option value=\"report\" selected>%s</option>"
			 : "<option value=\"report\">%s</option>",
		 _("of reports"));
	html_add(html, "</select></div>\n<div><button>%s</button></div>\n</form></details>\n",
		 _("Show"));
}

/* --- around --- */

static void known_words(const struct visit *visit, char text[PERIOD_TOLD_MAX])
{
	if (*visit->view.known)
		(void)words_instant(visit->view.known, text);
	else
		(void)day_told(civil_day(visit->now_us), text);
}

const char *frame_about(const struct visit *visit, char text[FRAME_ABOUT_MAX])
{
	char known[PERIOD_TOLD_MAX], day[PERIOD_TOLD_MAX];
	size_t len;

	known_words(visit, known);
	len = utf8_print(text, FRAME_ABOUT_MAX, _("As known on %s"), known);
	len += utf8_print(text + len, FRAME_ABOUT_MAX - len, " · ");
	if (*visit->borders)
		len += utf8_print(text + len, FRAME_ABOUT_MAX - len, _("Borders of %s"),
				  words_day(visit->borders, day));
	else
		len += utf8_print(text + len, FRAME_ABOUT_MAX - len, "%s",
				  _("Borders as they were in each period"));
	if (*visit->due) {
		char due[NUMBER_MAX], reported[NUMBER_MAX];

		len += utf8_print(text + len, FRAME_ABOUT_MAX - len, " · ");
		(void)utf8_print(
			text + len, FRAME_ABOUT_MAX - len, _("%s of %s due offices reported"),
			number_shown(visit->reported, reported), number_shown(visit->due, due));
	}
	return text;
}

static void head(const struct visit *visit, struct html *html)
{
	html_add(html,
		 "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<title>%s – Lan Tỏa</title>\n<link rel=\"stylesheet\" href=\"/page.css\">\n"
		 "<script src=\"/page.js\" defer></script>\n",
		 language_tag(), visit->title);
	/* On a wall nobody is there to ask again. */
	if (*visit->view.wall)
		html_add(html,
			 "<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>\n");
	html_add(html, "</head>\n");
}

static void navigation(const struct visit *visit, struct html *html)
{
	html_add(html, "<nav class=\"screens\" aria-label=\"%s\"><ul>\n", _("Pages"));
	for (size_t i = 0; i < visit->n_screens; i++) {
		const struct screen *screen = &visit->screens[i];
		struct view there = view_at(&visit->view, screen->path);

		if (!screen->title || screen->role > visit->reader.role)
			continue;
		html_add(html, "<li>");
		frame_link(html, &there, _(screen->title), screen == visit->screen);
		html_add(html, "</li>\n");
	}
	html_add(html, "</ul></nav>\n");
}

static void top(struct visit *visit, struct html *html)
{
	const char *other = other_language(),
		   *name = answer_text(province(ask(visit->asking, FRAME_UNITS)), "name");
	char address[VIEW_ADDRESS_MAX], back[VIEW_ADDRESS_MAX];

	if (*visit->view.wall)
		html_add(html, strcmp(visit->view.path, "/") == 0 ? "<body class=\"wall today\""
								  : "<body class=\"wall\"");
	else
		html_add(html, "<body");
	if (visit->every_s)
		html_add(html, " data-every=\"%d\"", visit->every_s);
	html_add(html, ">\n");
	html_add(html,
		 "<a class=\"skip\" href=\"#main\">%s</a>\n<header>\n"
		 "<div class=\"top\"><p class=\"brand\"><a href=\"/\">Lan Tỏa</a>%s%s</p>\n",
		 _("Skip to the content"), *name ? " · " : "", name);
	(void)urlencoded_write(visit->address ? visit->address
					      : view_address(&visit->view, address),
			       back, sizeof(back));
	html_add(html,
		 "<ul class=\"own\"><li><a href=\"/language?to=%s&amp;back=%s\" lang=\"%s\" "
		 "hreflang=\"%s\">%s</a></li>\n<li><a href=\"/account\">%s</a></li></ul></div>\n",
		 other, back, other, other, strcmp(other, "en") == 0 ? "English" : "Tiếng Việt",
		 *visit->reader.name ? visit->reader.name : _("Log in"));
	if (!*visit->view.wall)
		navigation(visit, html);
	html_add(html, "</header>\n");
}

static void foot(const struct visit *visit, struct html *html)
{
	char text[FRAME_ABOUT_MAX];

	html_add(html, "</main>\n<footer>\n<p class=\"about\">%s</p>\n", frame_about(visit, text));
	if (*visit->head)
		html_add(html, "<p class=\"head\">%s <code>%s</code></p>\n", _("Ledger"),
			 visit->head);
	html_add(html, "<p>Lan Tỏa %s</p>\n</footer>\n</body>\n</html>\n", LANTOA_VERSION);
}

static void put(struct html *html, struct html *body)
{
	if (body->failed || blob_append(&html->out, body->out.data, body->out.len) < 0)
		html->failed = true;
	blob_free(&body->out);
}

static void around(struct visit *visit, struct html *body, struct html *html)
{
	head(visit, html);
	top(visit, html);
	html_add(html, "<main id=\"main\" tabindex=\"-1\">\n");
	if (visit->said && *visit->said)
		html_add(html, "<p class=\"ready said\" role=\"status\">%s</p>\n", visit->said);
	put(html, body);
	foot(visit, html);
}

void frame_page(struct visit *visit, struct html *html)
{
	struct html body = { 0 };

	*visit->title = *visit->borders = *visit->head = *visit->due = *visit->reported = '\0';
	visit->every_s = 0;
	visit->screen->write(visit, &body);
	around(visit, &body, html);
}

void frame_trouble(struct visit *visit, struct html *html, const char *title, const char *sentence)
{
	struct html body = { 0 };
	struct view first = view_at(&visit->view, "/");

	*visit->borders = *visit->head = *visit->due = *visit->reported = '\0';
	(void)utf8_print(visit->title, sizeof(visit->title), "%s", title);
	html_add(&body, "<h1>%s</h1>\n<p class=\"bad\" role=\"alert\">%s</p>\n<p>", title,
		 sentence);
	frame_link(&body, &first, _("To the overview"), false);
	html_add(&body, "</p>\n");
	around(visit, &body, html);
}
