/* The chosen period on the map: the province's own, of tiles or borders (/api/v1/map). */
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "dashboard/figure_internal.h"
#include "dashboard/signs.h"
#include "dashboard/tiles.h"
#include "dashboard/words.h"

#include <stdlib.h>
#include <string.h>

/* The row of unit @code in the chosen period: where the code was two units in it, the one that has
 * a value, or else the later. */
static const json_t *row_of(const json_t *answer, const char *code)
{
	const json_t *found = NULL;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		const json_t *value = json_object_get(row, "value");

		if (strcmp(answer_text(row, "area"), code) == 0 && (!found || !json_is_null(value)))
			found = row;
	}
	return found;
}

static const char *link_to(struct figure *figure, struct html *html, const char *code)
{
	struct view there = view_with(&figure->view, "area", code);

	there = view_with(&there, "by", "");
	there = view_with(&there, "period", figure->at);
	return figure_link(figure, html, &there);
}

/* False: it has no place on the map, or no row in the answer. */
static bool tile_read(struct figure *figure, struct html *html, const json_t *cell,
		      const json_t *figures, struct tile *ret)
{
	const char *code = answer_text(cell, "area"), *outline = answer_text(cell, "outline");
	const json_t *row = row_of(figures, code);

	if (!*code || !*answer_text(cell, "cell") || !row)
		return false;
	*ret = (struct tile){ .code = code,
			      .name = answer_text(cell, "area_name"),
			      .col = (int)answer_number(cell, "col"),
			      .row = (int)answer_number(cell, "row"),
			      .path = *outline ? outline : NULL,
			      .part = (int)answer_number(cell, "part"),
			      .parts = (int)answer_number(cell, "parts"),
			      .value = figure_text(figure, html, row, "value"),
			      .reason = figure_text(figure, html, row, "reason"),
			      .signs = signs_of(row),
			      .link = link_to(figure, html, code) };
	return true;
}

static void put_map(struct figure *figure, struct html *html, const json_t *map,
		    const json_t *figures, const char *query)
{
	size_t room = json_array_size(answer_rows(map)), n = 0, i;
	struct tile *list = figure_alloc(figure, html, room * sizeof(*list));
	const char *level = answer_head(map, "map", "level");
	char title[512], period[PERIOD_TOLD_MAX];
	const json_t *head = json_object_get(map, "map");
	json_t *cell;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(map), i, cell)
		if (list && tile_read(figure, html, cell, figures, &list[n]))
			n++;
	if (html->failed || n < 2) /* of one there is nothing to compare */
		return;
	html_add(html, "<section aria-labelledby=\"map\"><h2 id=\"map\">%s</h2>\n",
		 _("On the map"));
	(void)utf8_print(title, sizeof(title), _("%s, %s, by %s, %s"), figure->facts.label,
			 figure->area_name, words_level(level),
			 period_told(figure->periods[figure->chosen], period));
	tiles_write(html,
		    &(struct tiles){ .title = title,
				     .unit = figure->facts.unit,
				     .digits = facts_digits(&figure->facts),
				     .query = query,
				     .width = (int)strtol(answer_text(head, "width"), NULL, 10),
				     .height = (int)strtol(answer_text(head, "height"), NULL, 10),
				     .list = list,
				     .n = n });
	html_add(html, "</section>\n");
}

void figure_map(struct figure *figure, struct html *html)
{
	int32_t last = period_end_day(figure->periods[figure->chosen]) - 1;
	char day[DAY_TEXT_MAX];
	struct question question;
	const json_t *map, *figures;
	const char *level;

	if (strcmp(figure->level, "office") == 0)
		return; /* nothing lies below */
	question_begin(&question, "/api/v1/map");
	question_add(&question, "structure",
		     *figure->asked.view.structure ? figure->asked.view.structure
						   : day_format(last, day));
	map = ask_if_there(figure->asked.asking, question.target);
	level = answer_head(map, "map", "level");
	if (!map || !*level)
		return;
	question_of(&question, "/api/v1/query", &figure->asked,
		    "from to last by total by_label versus");
	question_add(&question, "by", level);
	if (!*figure->asked.view.publication) {
		question_add(&question, "from", figure->at);
		question_add(&question, "to", figure->at);
	}
	figures = ask(figure->asked.asking, question.target);
	if (figures)
		put_map(figure, html, map, figures, question.target);
}
