/* What else can be asked of this figure, as a plain form: its fields are those of the address, and
 * all others of the view are kept. */
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "dashboard/figure_internal.h"
#include "dashboard/frame.h"
#include "dashboard/words.h"

#include <string.h>

struct choice {
	const char *value, *words;
};

static void select_open(struct html *html, const char *field, const char *label)
{
	html_add(html,
		 "<div><label for=\"choose-%s\">%s</label>\n<select id=\"choose-%s\" name=\"%s\">",
		 field, label, field, field);
}

static void option(struct html *html, const char *value, const char *words, const char *chosen)
{
	html_add(html,
		 strcmp(value, chosen) == 0 ? "<option value=\"%s\" selected>%s</option>"
					    : "<option value=\"%s\">%s</option>",
		 value, words);
}

static void select_close(struct html *html)
{
	html_add(html, "</select></div>\n");
}

static void options(struct html *html, const char *field, const char *label,
		    const struct choice choices[], size_t n, const char *chosen)
{
	select_open(html, field, label);
	for (size_t i = 0; i < n; i++)
		option(html, choices[i].value, _(choices[i].words), chosen);
	select_close(html);
}

/* The labels that there are, dimension by dimension; what the address asks for is one of them even
 * where the list has it not. */
static void labels(struct figure *figure, struct html *html)
{
	const struct view *view = &figure->asked.view;
	struct question question;
	const char *last = "";
	const json_t *answer;
	bool seen = !*view->labels;
	json_t *row;
	size_t i;

	question_begin(&question, "/api/v1/labels");
	question_add(&question, "name", figure->facts.name);
	answer = ask_if_there(figure->asked.asking, question.target);
	select_open(html, "labels", _("Only with label"));
	option(html, "", _("all"), view->labels);
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		const char *label = answer_text(row, "label"), *name = answer_text(row, "name");
		char value[VIEW_LABELS_MAX];

		if (!*label)
			continue;
		(void)utf8_print(value, sizeof(value), "%s=%s", answer_text(row, "dimension"),
				 label);
		seen = seen || strcmp(value, view->labels) == 0;
		option(html, value, *name ? name : label, view->labels);
	}
	if (!seen)
		option(html, view->labels, view->labels, view->labels);
	select_close(html);

	select_open(html, "by_label", _("By label of"));
	option(html, "", _("nothing"), view->by_label);
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		const char *dimension = answer_text(row, "dimension");

		if (strcmp(dimension, last) != 0)
			option(html, dimension, dimension, view->by_label);
		last = dimension;
	}
	select_close(html);
}

/* Grains that this figure can be told per: its own and longer ones. */
static void grains(struct figure *figure, struct html *html)
{
	static const struct choice all[] = {
		{ "hour", N_("by the hour") },       { "day", N_("by the day") },
		{ "week", N_("by the week") },       { "month", N_("by the month") },
		{ "quarter", N_("by the quarter") }, { "semester", N_("by the half-year") },
		{ "year", N_("by the year") },
	};
	enum grain own = GRAIN_MINUTE, grain;
	struct err err;

	if (*figure->facts.grain)
		(void)grain_from_name(figure->facts.grain, &own, &err);
	select_open(html, "per", _("Per"));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (grain_from_name(all[i].value, &grain, &err) == 0 &&
		    period_nests(CALENDAR_CIVIL, own, CALENDAR_CIVIL, grain))
			option(html, all[i].value, _(all[i].words), figure->asked.view.per);
	select_close(html);
}

void figure_choices(struct figure *figure, struct html *html)
{
	static const struct choice spans[] = {
		{ "", N_("the newest that have figures") },
		{ "6", N_("the last 6") },
		{ "12", N_("the last 12") },
		{ "24", N_("the last 24") },
		{ "36", N_("the last 36") },
	};
	static const struct choice sorts[] = {
		{ "", N_("as the list of areas has them") },
		{ "-value", N_("the highest first") },
		{ "value", N_("the lowest first") },
		{ "name", N_("by name") },
	};
	static const struct choice versus[] = {
		{ "", N_("the period before") },
		{ "year", N_("a year before") },
	};
	const struct view *view = &figure->asked.view;

	if (*view->wall)
		return;
	html_add(html, "<details class=\"switches\"><summary>%s</summary>\n<form action=\"%s\">\n",
		 _("Other periods, labels or order"), view->path);
	frame_keep(html, &figure->view, "per last from to period labels by_label versus sort");
	grains(figure, html);
	options(html, "last", _("Periods"), spans, sizeof(spans) / sizeof(spans[0]), view->last);
	options(html, "versus", _("Against"), versus, sizeof(versus) / sizeof(versus[0]),
		view->versus);
	options(html, "sort", _("Order"), sorts, sizeof(sorts) / sizeof(sorts[0]), view->sort);
	if (*figure->facts.dimensions)
		labels(figure, html);
	html_add(html, "<div><button>%s</button></div>\n</form></details>\n", _("Show"));
}
