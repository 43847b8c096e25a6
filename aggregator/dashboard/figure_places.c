/* The areas below by periods, and the labels by periods: every cell leads a step down with all of
 * the view's state, from the province to the single report. */
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "dashboard/figure_internal.h"
#include "dashboard/heat.h"
#include "dashboard/scale.h"
#include "dashboard/signs.h"
#include "dashboard/words.h"

#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {                                  /* a row of the table */
	const char *kind, *area, *from, *label; /* part, rest, total or total_rest; "" */
	struct heat_row row;
	struct heat_cell *cells; /* [columns] */
};

struct table_of_places {
	struct figure *figure;
	struct html *html;
	bool by_label; /* rows are labels of one area */
	size_t first;  /* of the periods shown, the first that is a column */
	size_t columns;
	struct place *list; /* [n] */
	size_t n, room;
	size_t hidden; /* by top */
	size_t idle;   /* of which nothing was due, and nothing came */
};

static bool is_same(const struct place *place, const json_t *row)
{
	return strcmp(place->kind, answer_text(row, "row")) == 0 &&
	       strcmp(place->area, answer_text(row, "area")) == 0 &&
	       strcmp(place->from, answer_text(row, "valid_from")) == 0 &&
	       strcmp(place->label, answer_text(row, "label")) == 0;
}

/* What stands in the row's head, and below it. */
static void name_row(struct table_of_places *table, const json_t *row, struct heat_row *to)
{
	const char *kind = answer_text(row, "row"), *code = answer_text(row, "area");
	const char *label = answer_text(row, "label_name");

	to->note = "";
	to->apart = strcmp(kind, "part") != 0;
	if (table->by_label && !to->apart) {
		to->name = *label ? label : _("not classified");
		to->note = answer_text(row, "label");
	} else if (strcmp(kind, "total") == 0) {
		to->name = *answer_text(row, "name") ? answer_text(row, "name") : code;
		to->note = _("all of it");
	} else if (!*code) {
		to->name = _("in none of these");
		to->note = strcmp(kind, "rest") == 0 ? _("with it the rows add up") : "";
	} else {
		to->name = *answer_text(row, "name") ? answer_text(row, "name") : code;
		to->note = code;
	}
}

/* Where a cell leads: an area's figure in that period; of an office, its report. */
static const char *link_of(struct table_of_places *table, const json_t *row, const char *period)
{
	struct figure *figure = table->figure;
	const char *area = answer_text(row, "area");
	struct view there = figure->view;

	if (table->by_label) {
		char labels[VIEW_LABELS_MAX];

		if (strcmp(answer_text(row, "row"), "part") != 0 || !*answer_text(row, "label"))
			return NULL;
		(void)utf8_print(labels, sizeof(labels), "%s=%s", there.by_label,
				 answer_text(row, "label"));
		there = view_with(&there, "by_label", "");
		there = view_with(&there, "labels", labels);
	} else if (!*area) {
		return NULL;
	} else if (strcmp(figure->level, "office") == 0 &&
		   strcmp(answer_text(row, "row"), "part") == 0) {
		if (!period || !figure->facts.is_metric) {
			(void)utf8_print(there.path, sizeof(there.path), "/offices/%s", area);
			there = view_at(&there, there.path);
			return figure_link(figure, table->html, &there);
		}
		there = view_at(&figure->view, "/report");
		there = view_with(&there, "name", figure->facts.name);
		there = view_with(&there, "office", area);
	} else if (strcmp(answer_text(row, "row"), "part") == 0) {
		there = view_with(&there, "area", area);
		there = view_with(&there, "by", "");
	}
	if (period)
		there = view_with(&there, "period", period);
	return figure_link(figure, table->html, &there);
}

static struct place *place_of(struct table_of_places *table, const json_t *row)
{
	struct place *place;

	for (size_t i = 0; i < table->n; i++)
		if (is_same(&table->list[i], row))
			return &table->list[i];
	if (table->n == table->room)
		return NULL;
	place = &table->list[table->n];
	place->kind = answer_text(row, "row");
	place->area = answer_text(row, "area");
	place->from = answer_text(row, "valid_from");
	place->label = answer_text(row, "label");
	place->cells =
		figure_alloc(table->figure, table->html, table->columns * sizeof(*place->cells));
	if (!place->cells)
		return NULL;
	name_row(table, row, &place->row);
	place->row.link = link_of(table, row, NULL);
	place->row.cells = place->cells;
	table->n++;
	return place;
}

/* "3rd of 11" below its name, in the chosen period. */
static void rank_row(struct table_of_places *table, const json_t *row, struct place *place)
{
	char text[160], rank[EXACT_MAX], of[EXACT_MAX];
	const char *r = exact_text(row, "rank", rank), *n = exact_text(row, "of", of);

	if (!r || !n)
		return;
	(void)utf8_print(text, sizeof(text), _("%s · rank %s of %s"), place->row.note, r, n);
	place->row.note = arena_text(table->figure->arena, text);
	table->html->failed = table->html->failed || !place->row.note;
}

static void take_row(struct table_of_places *table, const json_t *row)
{
	struct figure *figure = table->figure;
	const char *period = answer_text(row, "period");
	size_t at = figure_period(figure, period);
	struct place *place;

	/* The last row of the whole says what the rest says. */
	if (at == figure->n || at < table->first ||
	    strcmp(answer_text(row, "row"), "total_rest") == 0)
		return;
	place = place_of(table, row);
	if (!place)
		return;
	place->cells[at - table->first] =
		(struct heat_cell){ .value = figure_text(figure, table->html, row, "value"),
				    .reason = figure_text(figure, table->html, row, "reason"),
				    .signs = signs_of(row),
				    .link = link_of(table, row, period) };
	if (table->by_label) /* that nobody had such a case is no report that is missing */
		place->cells[at - table->first].signs &= ~(unsigned)SIGN_MISSING;
	if (at == figure->chosen)
		rank_row(table, row, place);
}

/* --- in which order --- */

struct order {
	const struct place *place;
	const char *value; /* in the chosen period; NULL */
	const char *sort;
	size_t was;
};

static int by_value(const char *a, const char *b)
{
	struct scale scale = { 0 };

	if (!a || !b || !scale_widen(&scale, a) || !scale_widen(&scale, b))
		return (b != NULL) - (a != NULL); /* without one, at the end */
	int128 x = scale_mantissa(&scale, a), y = scale_mantissa(&scale, b);
	return (x > y) - (x < y);
}

static int by_order(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	int rc = (int)x->place->row.apart - (int)y->place->row.apart;

	if (rc == 0 && strcmp(x->sort, "name") == 0)
		rc = strcoll(x->place->row.name, y->place->row.name);
	else if (rc == 0 && strcmp(x->sort, "value") == 0)
		rc = by_value(x->value, y->value);
	else if (rc == 0 && strcmp(x->sort, "-value") == 0)
		rc = x->value && y->value ? by_value(y->value, x->value)
					  : by_value(x->value, y->value);
	return rc != 0 ? rc : (x->was > y->was) - (x->was < y->was);
}

static bool is_idle(const struct table_of_places *table, const struct place *place)
{
	for (size_t i = 0; i < table->columns; i++)
		if (place->cells[i].value || (!table->by_label && place->cells[i].signs))
			return false;
	return true;
}

/* The rows as they are sorted, of which view.top are kept; those that stand apart are always. */
static const struct heat_row *rows_sorted(struct table_of_places *table, size_t *ret_n)
{
	struct figure *figure = table->figure;
	struct order *order = figure_alloc(figure, table->html, table->n * sizeof(*order));
	struct heat_row *rows = figure_alloc(figure, table->html, table->n * sizeof(*rows));
	size_t top = *figure->asked.view.top ? strtoul(figure->asked.view.top, NULL, 10) : SIZE_MAX;
	size_t n = 0;

	if (!order || !rows)
		return NULL;
	for (size_t i = 0; i < table->n; i++)
		order[i] = (struct order){
			&table->list[i],
			figure->chosen >= table->first
				? table->list[i].cells[figure->chosen - table->first].value
				: NULL,
			figure->asked.view.sort, i
		};
	qsort(order, table->n, sizeof(*order), by_order);
	for (size_t i = 0; i < table->n; i++) {
		if (is_idle(table, order[i].place))
			table->idle += !order[i].place->row.apart;
		else if (n >= top && !order[i].place->row.apart)
			table->hidden++;
		else
			rows[n++] = order[i].place->row;
	}
	*ret_n = n;
	return rows;
}

/* --- the table --- */

static const char *const *period_links(struct table_of_places *table)
{
	struct figure *figure = table->figure;
	const char **links = figure_alloc(figure, table->html, table->columns * sizeof(*links));
	char period[PERIOD_TEXT_MAX];

	for (size_t i = 0; links && i < table->columns; i++) {
		struct view there =
			view_with(&figure->view, "period",
				  period_format(figure->periods[table->first + i], period));

		links[i] = figure_link(figure, table->html, &there);
	}
	return links;
}

static void put_table(struct table_of_places *table, const char *caption, const char *head,
		      const char *query)
{
	struct figure *figure = table->figure;
	const char *const *links = period_links(table);
	size_t n = 0;
	const struct heat_row *rows = rows_sorted(table, &n);

	if (table->html->failed || !rows)
		return;
	heat_write(table->html, &(struct heat){ .caption = caption,
						.unit = figure->facts.unit,
						.digits = facts_digits(&figure->facts),
						.query = query,
						.head = head,
						.periods = figure->periods + table->first,
						.period_links = links,
						.n_periods = table->columns,
						.chosen = figure->chosen >= table->first
								  ? figure->chosen - table->first
								  : table->columns,
						.rows = rows,
						.n_rows = n });
	if (table->hidden > 0) {
		html_add(table->html, "<p>");
		html_say(table->html, _("%zu of %zu rows are shown, as the address asks."), n,
			 n + table->hidden);
		html_add(table->html, "</p>\n");
	}
	if (table->idle > 0) {
		html_add(table->html, "<p class=\"remark\">");
		if (table->by_label)
			html_say(table->html,
				 ngettext("%zu label is left out, which no figure has.",
					  "%zu labels are left out, which no figure has.",
					  table->idle),
				 table->idle);
		else
			html_say(table->html,
				 ngettext("%zu row is left out: nothing was due there, and nothing "
					  "came.",
					  "%zu rows are left out: nothing was due there, and "
					  "nothing came.",
					  table->idle),
				 table->idle);
		html_add(table->html, "</p>\n");
	}
	if (table->first > 0)
		html_add(table->html, "<p>%s</p>\n",
			 _("Only the newest periods are columns here; the table beside the chart "
			   "has all."));
}

/* Why something is in no row, of the chosen period. */
static void say_rest(struct table_of_places *table, const json_t *answer)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		const char *reason = answer_text(row, "reason");

		if (strcmp(answer_text(row, "row"), "rest") != 0 || !*reason ||
		    strcmp(answer_text(row, "period"), table->figure->at) != 0)
			continue;
		html_add(table->html, "<p class=\"rest\"><strong>%s:</strong> %s</p>\n",
			 _("In none of these rows"), reason);
	}
}

static bool table_read(struct table_of_places *table, const json_t *answer)
{
	struct figure *figure = table->figure;
	json_t *row;
	size_t i;

	table->columns = figure->n < FIGURE_COLUMNS ? figure->n : FIGURE_COLUMNS;
	table->first = figure->n - table->columns;
	if (table->first > figure->chosen)
		table->first = figure->chosen; /* it is a column whatever was cut off */
	table->room = json_array_size(answer_rows(answer));
	table->list = figure_alloc(figure, table->html, table->room * sizeof(*table->list));
	if (!table->list)
		return false;
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		if (figure_period(figure, answer_text(row, "period")) <
		    table->first + table->columns)
			take_row(table, row);
	return !table->html->failed && table->n > 0;
}

static void labels_section(struct figure *figure, struct html *html)
{
	struct table_of_places table = { .figure = figure, .html = html, .by_label = true };
	char caption[512];

	if (!*figure->asked.view.by_label || !table_read(&table, figure->trend))
		return;
	html_add(html, "<section aria-labelledby=\"labels\"><h2 id=\"labels\">%s</h2>\n",
		 _("By label"));
	(void)utf8_print(caption, sizeof(caption), _("%s, %s, by label and period"),
			 figure->facts.label, figure->area_name);
	put_table(&table, caption, _("Label"), figure->trend_question.target);
	html_add(html, "</section>\n");
}

void figure_places(struct figure *figure, struct html *html)
{
	struct table_of_places table = { .figure = figure, .html = html };
	struct question question;
	const json_t *answer;
	char caption[512];

	labels_section(figure, html);
	figure_question(figure, &question, "/api/v1/query");
	question_add(&question, "by", figure->level);
	question_add(&question, "total", "1");
	question_add(&question, "rank", "1");
	answer = ask(figure->asked.asking, question.target);
	if (!answer || !table_read(&table, answer))
		return;
	html_add(html, "<section aria-labelledby=\"places\"><h2 id=\"places\">%s</h2>\n",
		 _("By area"));
	(void)utf8_print(caption, sizeof(caption), _("%s, %s, by %s and period"),
			 figure->facts.label, figure->area_name, words_level(figure->level));
	put_table(&table, caption, words_level(figure->level), question.target);
	say_rest(&table, answer);
	html_add(html, "</section>\n");
}
