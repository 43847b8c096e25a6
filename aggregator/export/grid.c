#include "export/grid.h"

#include "common/base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int grid_init(struct grid *grid, struct err *err)
{
	*grid = (struct grid){ .lines.width = GRID_LINE,
			       .columns.width = GRID_COLUMN,
			       .labels.width = 1 };
	if (blob_append(&grid->texts, "", 1) < 0 || hash_index_make(&grid->lines.index, 256) < 0 ||
	    hash_index_make(&grid->columns.index, 64) < 0 ||
	    hash_index_make(&grid->labels.index, 64) < 0)
		return err_memory(err);
	return 0;
}

static void axis_free(struct grid_axis *axis)
{
	free(axis->texts);
	if (axis->index.slots)
		hash_index_deinit(&axis->index);
}

void grid_deinit(struct grid *grid)
{
	axis_free(&grid->lines);
	axis_free(&grid->columns);
	axis_free(&grid->labels);
	blob_free(&grid->texts);
	free(grid->cells);
	*grid = (struct grid){ 0 };
}

const char *grid_text(const struct grid *grid, const struct grid_axis *axis, size_t at, size_t i)
{
	size_t text = axis->texts[at * axis->width + i];

	return text ? (const char *)grid->texts.data + text : NULL;
}

const char *grid_value(const struct grid *grid, const struct grid_cell *cell)
{
	return cell->value ? (const char *)grid->texts.data + cell->value : NULL;
}

static int keep(struct grid *grid, const char *text, size_t *ret_at)
{
	*ret_at = text ? grid->texts.len : 0;
	return text ? blob_append(&grid->texts, text, strlen(text) + 1) : 0;
}

static uint32_t hash_of(const char *const texts[], size_t n)
{
	uint32_t hash = HASH_START;

	for (size_t i = 0; i < n; i++)
		hash = hash_text(hash, texts[i] ? texts[i] : "");
	return hash;
}

static bool is_same(const struct grid *grid, const struct grid_axis *axis, size_t at,
		    const char *const texts[])
{
	for (size_t i = 0; i < axis->width; i++) {
		const char *text = grid_text(grid, axis, at, i);

		if (!text != !texts[i] || (text && strcmp(text, texts[i]) != 0))
			return false;
	}
	return true;
}

static int index_grow(struct grid *grid, struct grid_axis *axis)
{
	int rc = hash_index_make(&axis->index, 2 * axis->n);

	for (size_t at = 0; at < axis->n && rc == 0; at++) {
		const char *texts[GRID_LINE];
		uint32_t *slot;

		for (size_t i = 0; i < axis->width; i++)
			texts[i] = grid_text(grid, axis, at, i);
		slot = hash_slot(&axis->index, hash_of(texts, axis->width));
		while (*slot)
			slot = hash_slot_next(&axis->index, slot);
		*slot = (uint32_t)at + 1;
	}
	return rc;
}

/* Which one of @axis has these @texts; a new one where none has. */
static int find(struct grid *grid, struct grid_axis *axis, const char *const texts[],
		uint32_t *ret_at)
{
	size_t *grown;
	uint32_t *slot;

	if (axis->n == hash_index_room(&axis->index) && index_grow(grid, axis) < 0)
		return -ENOMEM;
	slot = hash_slot(&axis->index, hash_of(texts, axis->width));
	while (*slot && !is_same(grid, axis, *slot - 1, texts))
		slot = hash_slot_next(&axis->index, slot);
	if (!*slot) {
		grown = array_room(axis->texts, axis->n, axis->width * sizeof(*axis->texts));
		if (!grown)
			return -ENOMEM;
		axis->texts = grown;
		for (size_t i = 0; i < axis->width; i++)
			if (keep(grid, texts[i], &grown[axis->n * axis->width + i]) < 0)
				return -ENOMEM;
		*slot = (uint32_t)++axis->n;
	}
	*ret_at = *slot - 1;
	return 0;
}

int grid_add(struct grid *grid, const char *const line[GRID_LINE],
	     const char *const column[GRID_COLUMN], const char *value, const void *mark,
	     struct err *err)
{
	struct grid_cell cell = { .mark = mark };
	uint32_t label;

	if (ARRAY_RESERVE(grid->cells, grid->room, grid->n + 1) < 0 ||
	    find(grid, &grid->lines, line, &cell.line) < 0 ||
	    find(grid, &grid->columns, column, &cell.column) < 0 ||
	    find(grid, &grid->labels, &line[3], &label) < 0 || keep(grid, value, &cell.value) < 0)
		return err_memory(err);
	grid->cells[grid->n++] = cell;
	return 0;
}

/* A line on its way to its place. */
struct place {
	size_t was;
	uint32_t label_came; /* how many labels came before its own */
	const char *area, *from;
};

static int compare_texts(const char *a, const char *b)
{
	if (!a || !b)
		return !a - !b; /* what is in no unit comes last */
	return strcmp(a, b);
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = (x->label_came > y->label_came) - (x->label_came < y->label_came);

	if (order == 0)
		order = compare_texts(x->area, y->area);
	if (order == 0)
		order = compare_texts(x->from, y->from);
	return order ? order : (x->was > y->was) - (x->was < y->was);
}

static int by_line(const void *a, const void *b)
{
	const struct grid_cell *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->column > y->column) - (x->column < y->column);
}

int grid_sort(struct grid *grid, struct err *err)
{
	struct grid_axis *lines = &grid->lines;
	struct place *places = calloc(lines->n + 1, sizeof(*places));
	size_t *texts = calloc(lines->n + 1, lines->width * sizeof(*texts));
	uint32_t *now = calloc(lines->n + 1, sizeof(*now));

	if (!places || !texts || !now) {
		free(places);
		free(texts);
		free(now);
		return err_memory(err);
	}
	for (size_t i = 0; i < lines->n; i++) {
		const char *label = grid_text(grid, lines, i, 3);

		places[i] = (struct place){ .was = i,
					    .area = grid_text(grid, lines, i, 0),
					    .from = grid_text(grid, lines, i, 1) };
		(void)find(grid, &grid->labels, &label, &places[i].label_came); /* it is there */
	}
	qsort(places, lines->n, sizeof(*places), by_place);
	for (size_t i = 0; i < lines->n; i++) {
		now[places[i].was] = (uint32_t)i;
		memcpy(texts + i * lines->width, lines->texts + places[i].was * lines->width,
		       lines->width * sizeof(*texts));
	}
	for (size_t i = 0; i < grid->n; i++)
		grid->cells[i].line = now[grid->cells[i].line];
	if (grid->n > 0)
		qsort(grid->cells, grid->n, sizeof(*grid->cells), by_line);
	free(lines->texts);
	lines->texts = texts; /* its index is of before, and no more asked */
	free(places);
	free(now);
	return 0;
}
