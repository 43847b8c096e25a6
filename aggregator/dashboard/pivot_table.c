#include "dashboard/pivot_table.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "common/text/pivot.h"
#include "dashboard/answer_table.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <string.h>

/* What stands in the columns of a metric and period. */
static const struct part {
	const char *column, *words;
} parts[] = { { "value", N_("Value") },
	      { "change", N_("Change") },
	      { "change_percent", N_("Change, %") } };

enum sign { PARTLY, CARRIED, REVISED, SIGNS };

static const struct {
	const char *sign, *short_words, *words;
} signs[SIGNS] = {
	{ "*", N_("not complete"), N_("not all that was due is in it, or the period is not over") },
	{ "~", N_("carried"), N_("an earlier level stands in for what was not reported") },
	{ "±", N_("revised"), N_("a figure in it was revised after it was first reported") },
};

struct drawing {
	struct visit *visit;
	struct html *html;
	const char *target;
	struct table *table; /* owned */
	struct pivot pivot;
	const json_t *units; /* may be NULL */
	const char *only;    /* the name asked for, where the answer has no column for it */
	size_t n_parts;      /* columns of each metric and period */
	bool labels;         /* rows are by label */
	bool met[SIGNS];     /* which signs were drawn */
};

static const char *text(const struct drawing *drawing, size_t row, const char *column)
{
	const char *found = pivot_text(&drawing->pivot, row, column);

	return found ? found : "";
}

/* --- heads --- */

static const char *metric_of(const struct drawing *drawing, size_t column)
{
	const char *metric = text(drawing, drawing->pivot.columns[column], "metric");

	return *metric ? metric : drawing->only;
}

/* How many columns from @at on are of one metric. */
static size_t metric_span(const struct drawing *drawing, size_t at)
{
	size_t n = 1;

	while (at + n < drawing->pivot.n_columns &&
	       strcmp(metric_of(drawing, at), metric_of(drawing, at + n)) == 0)
		n++;
	return n;
}

/* A link by which the rows are sorted by @sort, its greatest first; and back, where they are so. */
static void sort_link(const struct drawing *drawing, const char *sort, bool falls_first,
		      const char *words)
{
	const char *now = drawing->visit->view.sort;
	size_t len = strlen(sort);
	bool same = strncmp(now, sort, len) == 0 && (!now[len] || strcmp(now + len, ":desc") == 0),
	     falls = same && now[len], next_falls = same ? !falls : falls_first;
	char next[sizeof(drawing->visit->view.sort)], address[VIEW_ADDRESS_MAX];
	struct view there;

	(void)utf8_print(next, sizeof(next), "%s%s", sort, next_falls ? ":desc" : "");
	there = view_with(&drawing->visit->view, "sort", next);
	html_add(drawing->html, "<a class=\"sort\" href=\"%s\">%s%s</a>",
		 view_address(&there, address), words,
		 !same   ? ""
		 : falls ? " ▼"
			 : " ▲");
}

/* How the column stands in the order, for who does not see the arrow. */
static const char *sorted_how(const struct drawing *drawing, const char *sort)
{
	const char *now = drawing->visit->view.sort;
	size_t len = strlen(sort);

	if (strncmp(now, sort, len) != 0 || (now[len] && strcmp(now + len, ":desc") != 0))
		return "none";
	return now[len] ? "descending" : "ascending";
}

static void metric_heads(struct drawing *drawing)
{
	struct html *html = drawing->html;

	for (size_t at = 0, n; at < drawing->pivot.n_columns; at += n) {
		const char *name = metric_of(drawing, at);
		struct view there = view_at(&drawing->visit->view, "/figure");
		struct listed listed;

		n = metric_span(drawing, at);
		(void)listed_find(drawing->visit, name, strlen(name), &listed);
		there = view_with(&there, "name", name);
		html_add(html, "<th scope=\"colgroup\" colspan=\"%zu\">", n * drawing->n_parts);
		frame_link(html, &there, listed.label, false);
		if (*listed.unit)
			html_add(html, "<small>%s</small>", listed.unit);
		html_add(html, "</th>");
	}
}

/* The newest period of each metric is what rows are sorted by. */
static bool decides(const struct drawing *drawing, size_t column)
{
	return column + 1 == drawing->pivot.n_columns ||
	       strcmp(metric_of(drawing, column), metric_of(drawing, column + 1)) != 0;
}

static void sort_of(const struct drawing *drawing, size_t column, const char *part,
		    char sort[sizeof(((struct view *)0)->sort)])
{
	(void)utf8_print(sort, sizeof(((struct view *)0)->sort), "%s%s%s",
			 drawing->only ? "" : metric_of(drawing, column), drawing->only ? "" : ":",
			 part);
}

static void part_head(struct drawing *drawing, size_t column, const struct part *part,
		      const char *words)
{
	struct html *html = drawing->html;
	char sort[sizeof(drawing->visit->view.sort)];

	if (!decides(drawing, column)) {
		html_add(html, "<th scope=\"col\" class=\"n\">%s</th>", words);
		return;
	}
	sort_of(drawing, column, part->column, sort);
	html_add(html, "<th scope=\"col\" class=\"n\" aria-sort=\"%s\">",
		 sorted_how(drawing, sort));
	sort_link(drawing, sort, true, words);
	html_add(html, "</th>");
}

static void period_heads(struct drawing *drawing)
{
	for (size_t i = 0; i < drawing->pivot.n_columns; i++) {
		char words[PERIOD_TOLD_MAX];

		(void)words_period(text(drawing, drawing->pivot.columns[i], "period"),
				   drawing->visit->view.calendar, words);
		if (drawing->n_parts == 1)
			part_head(drawing, i, &parts[0], words);
		else
			html_add(drawing->html, "<th scope=\"colgroup\" colspan=\"%zu\">%s</th>",
				 drawing->n_parts, words);
	}
}

static void heads(struct drawing *drawing)
{
	struct html *html = drawing->html;
	size_t rows = drawing->n_parts > 1 ? 3 : 2;

	html_add(html, "<thead><tr><th scope=\"col\" rowspan=\"%zu\" aria-sort=\"%s\">", rows,
		 sorted_how(drawing, "name"));
	sort_link(drawing, "name", false, _("Place"));
	html_add(html, "</th>");
	if (drawing->labels) {
		html_add(html, "<th scope=\"col\" rowspan=\"%zu\" aria-sort=\"%s\">", rows,
			 sorted_how(drawing, "label"));
		sort_link(drawing, "label", false, _("Label"));
		html_add(html, "</th>");
	}
	metric_heads(drawing);
	html_add(html, "</tr>\n<tr>");
	period_heads(drawing);
	html_add(html, "</tr>\n");
	if (drawing->n_parts > 1) {
		html_add(html, "<tr>");
		for (size_t i = 0; i < drawing->pivot.n_columns; i++)
			for (size_t k = 0; k < drawing->n_parts; k++)
				part_head(drawing, i, &parts[k], _(parts[k].words));
		html_add(html, "</tr>\n");
	}
	html_add(html, "</thead><tbody>\n");
}

/* --- rows --- */

/* The level of the units in @code; "office" where there are none. */
static const char *level_below(const struct drawing *drawing, const char *code)
{
	const json_t *rows = answer_rows(drawing->units);

	for (size_t i = 0; i < json_array_size(rows); i++)
		if (strcmp(answer_text(json_array_get(rows, i), "parent"), code) == 0)
			return answer_text(json_array_get(rows, i), "level");
	return "office";
}

static bool by_office(const struct drawing *drawing)
{
	return strcmp(drawing->visit->view.by, "office") == 0;
}

/* An office's own page, or the same table of what lies in a unit. */
static void place_link(struct drawing *drawing, size_t row)
{
	const char *area = text(drawing, row, "area");
	struct view there = drawing->visit->view;
	char path[VIEW_PATH_MAX];

	if (by_office(drawing)) {
		(void)snprintf(path, sizeof(path), "/offices/%.60s", area); /* cut is fine */
		there = view_at(&there, path);
	} else {
		there = view_with(&there, "area", area);
		there = view_with(&there, "by", level_below(drawing, area));
	}
	frame_link(drawing->html, &there, text(drawing, row, "name"), false);
	html_add(drawing->html, "<small>%s</small>", area);
}

static void row_head(struct drawing *drawing, size_t row)
{
	struct html *html = drawing->html;
	const char *kind = text(drawing, row, "row"), *label = text(drawing, row, "label_name");
	const char *code = text(drawing, row, "label"); /* what is in no list has no other name */
	bool total = strncmp(kind, "total", 5) == 0, rest = !*text(drawing, row, "area");

	html_add(html, total ? "<tr class=\"total\"><th scope=\"row\">" : "<tr><th scope=\"row\">");
	if (rest)
		html_add(html, "%s", _("In none of these"));
	else if (total)
		html_add(html, "%s<small>%s</small>", _("Total"), text(drawing, row, "name"));
	else
		place_link(drawing, row);
	html_add(html, "</th>");
	if (drawing->labels)
		html_add(html, "<td>%s</td>", *label ? label : code);
}

/* --- cells --- */

/* Of one label: it joins those that are asked for already. */
static void add_label(struct view *view, const char *label)
{
	char labels[VIEW_LABELS_MAX];

	if (!*view->by_label || !*label)
		return;
	(void)utf8_print(labels, sizeof(labels), "%s%s%s=%s", view->labels,
			 *view->labels ? ";" : "", view->by_label, label);
	*view = view_with(view, "labels", labels);
}

/* What is behind the figure in long row @row. */
static struct view behind(const struct drawing *drawing, size_t row, size_t column)
{
	const struct view *view = &drawing->visit->view;
	const char *area = text(drawing, row, "area"), *kind = text(drawing, row, "row");
	bool report = by_office(drawing) && strncmp(kind, "total", 5) != 0 && *area;
	struct view there = *view, found;

	add_label(&there, text(drawing, row, "label"));
	found = view_at(&there, report ? "/report" : "/figure");
	if (report) {
		found = view_with(&found, "office", area);
		found = view_with(&found, "period", text(drawing, row, "period"));
	} else if (*area) {
		found = view_with(&found, "area", area);
		if (!by_office(drawing) && strncmp(kind, "total", 5) != 0)
			found = view_with(&found, "by", level_below(drawing, area));
	}
	return view_with(&found, "name", metric_of(drawing, column));
}

static void put_sign(struct drawing *drawing, enum sign sign)
{
	drawing->met[sign] = true;
	html_add(drawing->html, "<span class=\"sign\" title=\"%s\">%s</span>", _(signs[sign].words),
		 signs[sign].sign);
}

static void put_signs(struct drawing *drawing, size_t row)
{
	const char *carried = text(drawing, row, "carried"),
		   *revisions = text(drawing, row, "revisions");

	if (!pivot_is_whole(&drawing->pivot, row))
		put_sign(drawing, PARTLY);
	if (*carried && strcmp(carried, "0") != 0)
		put_sign(drawing, CARRIED);
	if (*revisions && strcmp(revisions, "0") != 0)
		put_sign(drawing, REVISED);
}

static void value_cell(struct drawing *drawing, size_t row, size_t column)
{
	struct view there = behind(drawing, row, column);
	struct html *html = drawing->html;
	const char *value = pivot_text(&drawing->pivot, row, "value");
	char address[VIEW_ADDRESS_MAX];

	html_add(html, "<td class=\"n\">");
	if (value)
		html_add(html, "<a href=\"%s\">", view_address(&there, address));
	else
		html_add(html, "<a class=\"none\" title=\"%s\" href=\"%s\">",
			 text(drawing, row, "reason"), view_address(&there, address));
	number_write(html, value);
	html_add(html, "</a>");
	if (value)
		put_signs(drawing, row);
	html_add(html, "</td>");
}

static void change_cell(struct drawing *drawing, size_t row, const char *column)
{
	const char *change = pivot_text(&drawing->pivot, row, column);

	if (!change)
		html_add(drawing->html, "<td class=\"n none\" title=\"%s\">",
			 text(drawing, row, "change_reason"));
	else
		html_add(drawing->html, "<td class=\"n\">");
	number_write_change(drawing->html, change);
	html_add(drawing->html, "</td>");
}

static void row_write(struct drawing *drawing, size_t line)
{
	row_head(drawing, drawing->pivot.rows[line]);
	for (size_t i = 0; i < drawing->pivot.n_columns; i++) {
		size_t row = pivot_cell(&drawing->pivot, line, i);

		if (row == PIVOT_NONE) {
			html_add(drawing->html, "<td colspan=\"%zu\"></td>", drawing->n_parts);
			continue;
		}
		value_cell(drawing, row, i);
		for (size_t k = 1; k < drawing->n_parts; k++)
			change_cell(drawing, row, parts[k].column);
	}
	html_add(drawing->html, "</tr>\n");
}

/* Why something is in none of the places, in the newest period: a sentence, below the table. */
static void rest_reason(const struct drawing *drawing)
{
	const char *reason = "";

	for (size_t row = 0; row < table_rows(drawing->table); row++)
		if (!*text(drawing, row, "area") && *text(drawing, row, "reason"))
			reason = text(drawing, row, "reason");
	if (*reason)
		html_add(drawing->html, "<p class=\"soft legend\">%s: %s</p>\n",
			 _("In none of these"), reason);
}

static void legend(const struct drawing *drawing)
{
	bool any = false;

	for (enum sign sign = 0; sign < SIGNS; sign++) {
		if (!drawing->met[sign])
			continue;
		html_add(drawing->html, any ? "<br>%s %s" : "<p class=\"soft legend\">%s %s",
			 signs[sign].sign, _(signs[sign].words));
		any = true;
	}
	if (any)
		html_add(drawing->html, "</p>\n");
}

/* --- the table --- */

static int drawing_begin(struct drawing *drawing, const json_t *answer)
{
	bool given = *answer_head(answer, "query", "sort");
	struct err err;

	drawing->table = answer_table(answer);
	if (!drawing->table)
		return -1;
	drawing->only = table_find(drawing->table, "metric") == TABLE_NO_COLUMN
				? answer_head(answer, "query", "name")
				: NULL;
	drawing->labels = table_find(drawing->table, "label") != TABLE_NO_COLUMN;
	drawing->n_parts = table_find(drawing->table, "change") == TABLE_NO_COLUMN ? 1 : 3;
	return (given ? pivot_make_given : pivot_make)(drawing->table, PIVOT_BOTH, &drawing->pivot,
						       &err);
}

void pivot_table_write(struct visit *visit, struct html *html, const json_t *answer,
		       const char *target, const char *heading)
{
	struct drawing drawing = { .visit = visit, .html = html, .target = target };

	drawing.units = ask(visit->asking, FRAME_UNITS);
	if (drawing_begin(&drawing, answer) == 0) {
		html_add(html,
			 "<div class=\"scroll wide\" tabindex=\"0\" role=\"group\" "
			 "aria-labelledby=\"%s\"><table class=\"pivot\" data-q=\"%s\">\n",
			 heading, target);
		heads(&drawing);
		for (size_t line = 0; line < drawing.pivot.n_rows; line++)
			row_write(&drawing, line);
		html_add(html, "</tbody></table></div>\n");
		legend(&drawing);
		rest_reason(&drawing);
	} else {
		html_add(html, "<p class=\"bad\">%s</p>\n",
			 _("This answer cannot be shown as a table; it can be downloaded."));
	}
	pivot_free(&drawing.pivot);
	table_close(drawing.table);
}
