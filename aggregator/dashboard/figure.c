#include "dashboard/figure.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "dashboard/figure_internal.h"
#include "dashboard/frame.h"
#include "dashboard/signs.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <string.h>

/* --- what all its parts use --- */

void *figure_alloc(struct figure *figure, struct html *html, size_t size)
{
	void *memory = arena_alloc(figure->arena, size ? size : 1);

	html->failed = html->failed || !memory;
	return memory;
}

const char *figure_link(struct figure *figure, struct html *html, const struct view *view)
{
	char address[VIEW_ADDRESS_MAX];
	const char *kept = arena_text(figure->arena, view_address(view, address));

	html->failed = html->failed || !kept;
	return kept;
}

const char *figure_text(struct figure *figure, struct html *html, const json_t *row,
			const char *key)
{
	char room[EXACT_MAX];
	const char *text = exact_text(row, key, room), *kept;

	if (text != room)
		return text; /* of the answer */
	kept = arena_text(figure->arena, text);
	html->failed = html->failed || !kept;
	return kept;
}

size_t figure_period(const struct figure *figure, const char *period)
{
	struct period read;

	if (figure->n == 0 || !period_read(period, figure->periods[0].calendar, &read) ||
	    read.grain != figure->periods[0].grain || read.number < figure->periods[0].number)
		return figure->n;
	size_t at = (size_t)(read.number - figure->periods[0].number);
	return at < figure->n ? at : figure->n;
}

void figure_question(const struct figure *figure, struct question *question, const char *path)
{
	question_of(question, path, &figure->asked, "from to last by total by_label versus");
	if (!*figure->asked.view.publication) {
		question_add(question, "from", figure->from);
		question_add(question, "to", figure->to);
	}
}

/* --- which figure --- */

static void list_of(struct visit *visit, struct html *html, const json_t *answer,
		    const char *heading, const char *id)
{
	struct view there = visit->view;
	const char *last = "";
	json_t *row;
	size_t i;

	html_add(html,
		 "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n<ul class=\"names\">\n",
		 id, id, heading);
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		const char *name = answer_text(row, "name");
		struct facts facts;

		if (strcmp(name, last) == 0)
			continue; /* an indicator has a row for each target */
		last = name;
		facts = facts_of(visit, name);
		there = view_with(&there, "name", name);
		html_add(html, "<li>");
		frame_link(html, &there, facts.label, false);
		html_add(html,
			 *facts.unit ? " <small>%s · %s</small></li>\n"
				     : " <small>%s%s</small></li>\n",
			 name, facts.unit);
	}
	html_add(html, "</ul></section>\n");
}

static void all_names(struct visit *visit, struct html *html)
{
	frame_title(visit, html, _("Which figure?"));
	list_of(visit, html, ask(visit->asking, "/api/v1/indicators"), _("Indicators"),
		"indicators");
	list_of(visit, html, ask(visit->asking, "/api/v1/catalogue"), _("Metrics"), "metrics");
}

/* --- what the address left out --- */

static const json_t *unit_of(const json_t *units, const char *code, int32_t day)
{
	const json_t *found = NULL;
	char text[DAY_TEXT_MAX];
	json_t *row;
	size_t i;

	(void)day_format(day, text); /* returns text; days compare as their texts do */
	json_array_foreach((json_t *)(uintptr_t)answer_rows(units), i, row) {
		const char *to = answer_text(row, "valid_to");

		if (strcmp(answer_text(row, code ? "code" : "parent"), code ? code : "") == 0 &&
		    (!found || (strcmp(answer_text(row, "valid_from"), text) <= 0 &&
				(!*to || strcmp(text, to) < 0))))
			found = row;
	}
	return found;
}

/* The level of what lies right below the area on that day; "office" where nothing does, or where
 * nobody below reports. */
static void level_below(struct figure *figure, int32_t day)
{
	const char *area = figure->asked.view.area;
	const json_t *unit = unit_of(figure->units, area, day);
	const char *own = answer_text(unit, "level"), *below = "office";
	char text[DAY_TEXT_MAX];
	json_t *row;
	size_t i;

	(void)day_format(day, text); /* returns text */
	json_array_foreach((json_t *)(uintptr_t)answer_rows(figure->units), i, row) {
		const char *to = answer_text(row, "valid_to");

		if (strcmp(answer_text(row, "parent"), area) == 0 &&
		    strcmp(answer_text(row, "valid_from"), text) <= 0 &&
		    (!*to || strcmp(text, to) < 0))
			below = answer_text(row, "level");
	}
	if (*own && strcmp(figure->facts.level, own) == 0)
		below = "office";
	(void)utf8_print(figure->level, sizeof(figure->level), "%s",
			 *figure->asked.view.by ? figure->asked.view.by : below);
}

static void fill_in(struct figure *figure)
{
	struct view *view = &figure->asked.view;
	const json_t *root = unit_of(figure->units, NULL, civil_day(figure->asked.now_us));

	/* Several names are a question for a pivot; this page is about the first. */
	view->name[strcspn(view->name, ",")] = '\0';
	figure->view = *view;
	figure->facts = facts_of(&figure->asked, view->name);
	if (!*view->area && root)
		(void)utf8_print(view->area, sizeof(view->area), "%s", answer_text(root, "code"));
	if (!*view->per)
		(void)utf8_print(view->per, sizeof(view->per), "%s",
				 *figure->facts.grain ? figure->facts.grain : "year");
	if (strcmp(view->per, "minute") == 0)
		*view = view_with(view, "per",
				  "hour"); /* what is counted by the minute is asked so */
	if (!*view->calendar && !*view->publication)
		(void)utf8_print(view->calendar, sizeof(view->calendar), "%s",
				 figure->facts.calendar);
}

/* --- the page --- */

static void parts(struct figure *figure, struct html *html)
{
	int32_t day = period_end_day(figure->periods[figure->chosen]) - 1;
	struct err err;

	if (*figure->asked.view.structure) /* read by view_read(), so it is one */
		(void)day_parse(figure->asked.view.structure, &day, &err);
	level_below(figure, day);
	figure_headline(figure, html);
	figure_choices(figure, html);
	figure_trend(figure, html);
	figure_map(figure, html);
	figure_places(figure, html);
	figure_operands(figure, html);
	figure_missing(figure, html);
	figure_revisions(figure, html);
}

void figure_write(struct visit *visit, struct html *html)
{
	struct figure figure = { .asked = *visit };
	char title[512];

	if (!*visit->view.name) {
		all_names(visit, html);
		return;
	}
	figure.arena = arena_open(FIGURE_ARENA);
	if (!figure.arena) {
		html->failed = true;
		return;
	}
	figure.units = ask(visit->asking, FRAME_UNITS);
	fill_in(&figure);
	figure.area_name = frame_unit_name(figure.units, figure.asked.view.area);
	bool told = figure_trend_ask(&figure, html);

	/* What the area was called then. */
	if (*answer_text(figure.headline, "name"))
		figure.area_name = answer_text(figure.headline, "name");
	(void)utf8_print(title, sizeof(title), "%s · %s", figure.facts.label, figure.area_name);
	frame_title(visit, html, title);
	facts_sentence(&figure.facts, html);
	frame_switches(visit, html);
	if (told) {
		char due[EXACT_MAX], reported[EXACT_MAX];

		frame_cite(visit, figure.trend, exact_text(figure.headline, "offices_due", due),
			   exact_text(figure.headline, "offices_reported", reported));
		parts(&figure, html);
	}
	arena_close(figure.arena);
}
