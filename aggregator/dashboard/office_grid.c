/* The newest figures of an office: of all metrics that are due from units of its level, a table for
 * each length of periods, each cell leading to the single report. */
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "dashboard/figure_facts.h"
#include "dashboard/frame.h"
#include "dashboard/heat.h"
#include "dashboard/office_internal.h"
#include "dashboard/shown.h"
#include "dashboard/signs.h"
#include "dashboard/words.h"

#include <string.h>

#define NAMES_MAX 16u /* of one question: QUERY_NAMES_MAX */

static const struct {
	enum grain grain;
	int back, shown; /* periods asked about, and of these the newest that are shown */
	const char *words;
} grids[] = {
	{ GRAIN_YEAR, 10, 6, N_("Figures by the year") },
	{ GRAIN_SEMESTER, 10, 6, N_("Figures by the half-year") },
	{ GRAIN_QUARTER, 12, 8, N_("Figures by the quarter") },
	{ GRAIN_MONTH, 24, 12, N_("Figures by the month") },
	{ GRAIN_WEEK, 26, 8, N_("Figures by the week") },
	{ GRAIN_DAY, 31, 10, N_("Figures by the day") },
	{ GRAIN_HOUR, 48, 12, N_("Figures by the hour") },
};
#define N_GRIDS (sizeof(grids) / sizeof(grids[0]))

struct grid {
	struct office *office;
	struct html *html;
	size_t kind; /* of grids[] */
	const char *names[NAMES_MAX];
	size_t n;
	struct period first;       /* asked about */
	size_t asked, from, shown; /* shown 0: not chosen yet */
	struct heat_row rows[NAMES_MAX];
	struct heat_cell *cells[NAMES_MAX]; /* [asked] */
	const char *query;
};

static size_t row_at(const struct grid *grid, const char *metric)
{
	size_t i = 0;

	while (i < grid->n && strcmp(grid->names[i], metric) != 0)
		i++;
	return i;
}

static const char *report_link(struct grid *grid, const char *name, const char *period)
{
	struct view there = view_at(&grid->office->visit->view, "/report");
	char address[VIEW_ADDRESS_MAX];

	there = view_with(&there, "name", name);
	there = view_with(&there, "office", grid->office->code);
	there = view_with(&there, "period", period);
	const char *link = arena_text(grid->office->arena, view_address(&there, address));
	grid->html->failed = grid->html->failed || !link;
	return link;
}

static const char *kept(struct grid *grid, const json_t *row, const char *key)
{
	char room[EXACT_MAX];
	const char *text = exact_text(row, key, room);

	return text == room ? arena_text(grid->office->arena, text) : text;
}

static void take_rows(struct grid *grid, const json_t *answer)
{
	struct period period;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		const char *metric = grid->n > 1 ? answer_text(row, "metric") : grid->names[0];
		size_t at = row_at(grid, metric);
		struct heat_cell *cell;

		if (at == grid->n || strcmp(answer_text(row, "area"), grid->office->code) != 0 ||
		    !period_read(answer_text(row, "period"), CALENDAR_CIVIL, &period) ||
		    period.grain != grid->first.grain || period.number < grid->first.number ||
		    period.number >= grid->first.number + (int32_t)grid->asked)
			continue;
		cell = &grid->cells[at][period.number - grid->first.number];
		if (cell->value) /* of the unit that it has now */
			continue;
		*cell = (struct heat_cell){ .value = kept(grid, row, "value"),
					    .reason = answer_text(row, "reason"),
					    .signs = signs_of(row),
					    .link = report_link(grid, metric,
								answer_text(row, "period")) };
	}
}

static void question_write(struct grid *grid, const char *unit, struct question *question)
{
	const struct view *view = &grid->office->visit->view;
	char names[NAMES_MAX * 65] = "", text[PERIOD_TEXT_MAX];
	struct period last = grid->first;
	size_t len = 0;

	for (size_t i = 0; i < grid->n; i++)
		len += utf8_print(names + len, sizeof(names) - len, "%s%s", i > 0 ? "," : "",
				  grid->names[i]);
	last.number += (int32_t)grid->asked - 1;
	question_begin(question, "/api/v1/query");
	question_add(question, "name", names);
	question_add(question, "area", unit);
	question_add(question, "by", "office");
	question_add(question, "per", grain_name(grid->first.grain));
	question_add(question, "from", period_format(grid->first, text));
	question_add(question, "to", period_format(last, text));
	question_add(question, "known", view->known);
}

/* The newest of the periods asked about that has a figure is the last that is shown. */
static void choose_columns(struct grid *grid)
{
	size_t end = grid->asked;

	for (bool any = false; end > 1 && !any;) {
		for (size_t i = 0; i < grid->n; i++)
			any = any || (grid->cells[i][end - 1].value &&
				      !(grid->cells[i][end - 1].signs & SIGN_CARRIED));
		end -= !any;
	}
	if (end == 1)
		end = grid->asked; /* none has */
	grid->shown = (size_t)grids[grid->kind].shown < end ? (size_t)grids[grid->kind].shown : end;
	grid->from = end - grid->shown;
}

static void grid_write(struct grid *grid)
{
	struct period *periods = arena_alloc(grid->office->arena, grid->shown * sizeof(*periods));

	grid->html->failed = grid->html->failed || !periods;
	if (grid->html->failed)
		return;
	for (size_t i = 0; i < grid->shown; i++) {
		periods[i] = grid->first;
		periods[i].number += (int32_t)(grid->from + i);
	}
	for (size_t i = 0; i < grid->n; i++) {
		struct facts facts = facts_of(grid->office->visit, grid->names[i]);
		struct view there = view_at(&grid->office->visit->view, "/figure");
		char address[VIEW_ADDRESS_MAX];

		there = view_with(&there, "name", grid->names[i]);
		there = view_with(&there, "area",
				  grid->office->n_units ? frame_unit_there(grid->office->visit,
									   grid->office->units[0])
							: "");
		grid->rows[i] =
			(struct heat_row){ .name = facts.label,
					   .note = facts.unit,
					   .link = arena_text(grid->office->arena,
							      view_address(&there, address)),
					   .cells = grid->cells[i] + grid->from };
	}
	heat_write(grid->html, &(struct heat){ .caption = _(grids[grid->kind].words),
					       .unit = "",
					       .digits = SHOWN_ALL,
					       .plain = true,
					       .query = grid->query,
					       .head = _("Metric"),
					       .periods = periods,
					       .n_periods = grid->shown,
					       .chosen = grid->shown,
					       .rows = grid->rows,
					       .n_rows = grid->n });
}

static void grid_ask(struct grid *grid)
{
	struct office *office = grid->office;
	bool answered = true;

	grid->first = civil_period(CALENDAR_CIVIL, grids[grid->kind].grain, office->visit->now_us);
	grid->asked = (size_t)grids[grid->kind].back;
	grid->first.number -= grids[grid->kind].back - 1;
	for (size_t i = 0; i < grid->n; i++) {
		grid->cells[i] = arena_alloc(office->arena, grid->asked * sizeof(*grid->cells[i]));
		grid->html->failed = grid->html->failed || !grid->cells[i];
	}
	/* Days and hours that are shown lie close behind today. */
	size_t units = grid->first.grain < GRAIN_MONTH && office->n_units > 1 ? 1 : office->n_units;

	for (size_t i = 0; i < units && !grid->html->failed; i++) {
		struct question question;
		const json_t *answer;

		question_write(grid, office->units[i], &question);
		answer = ask_if_there(office->visit->asking, question.target);
		answered = answered && answer;
		take_rows(grid, answer);
		if (i == 0)
			grid->query = arena_text(office->arena, question.target);
	}
	if (!answered || grid->html->failed || !grid->query)
		return;
	if (grid->shown == 0) /* what does not fit into one question has the same columns */
		choose_columns(grid);
	grid_write(grid);
}

void office_grids(struct office *office, struct html *html)
{
	const json_t *catalogue = ask(office->visit->asking, "/api/v1/catalogue");
	json_t *row;
	size_t i;

	html_add(html, "<section aria-labelledby=\"figures\"><h2 id=\"figures\">%s</h2>\n",
		 _("Its newest figures"));
	for (size_t kind = N_GRIDS; kind-- > 0;) {
		struct grid grid = { .office = office, .html = html, .kind = kind };

		json_array_foreach((json_t *)(uintptr_t)answer_rows(catalogue), i, row) {
			bool due = strcmp(answer_text(row, "level"), office->level) == 0 &&
				   strcmp(answer_text(row, "period"),
					  grain_name(grids[kind].grain)) == 0;

			if (!due)
				continue;
			grid.names[grid.n++] = answer_text(row, "name");
			if (grid.n == NAMES_MAX) {
				grid_ask(&grid);
				grid = (struct grid){ .office = office,
						      .html = html,
						      .kind = kind,
						      .from = grid.from,
						      .shown = grid.shown };
			}
		}
		if (grid.n > 0)
			grid_ask(&grid);
	}
	html_add(html, "</section>\n");
}
