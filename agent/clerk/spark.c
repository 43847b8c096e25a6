#include "clerk/spark.h"

#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <stdio.h>

#define WIDTH  72u
#define HEIGHT 18u
#define EDGE   2u /* of the stroke */
#define MOST   (HISTORY_MAX + 1)

struct points {
	int64_t list[MOST]; /* the oldest first; the last one may be of this period */
	size_t n;
	int64_t low, high;
};

static void gather(const struct sheet_row *row, struct points *points)
{
	for (size_t i = row->history.n; i > 0; i--)
		points->list[points->n++] = row->history.past[i - 1];
	if (row->now && !row->now->withdrawn)
		points->list[points->n++] = row->now->value_e;
	for (size_t i = 0; i < points->n; i++) {
		int64_t value = points->list[i];
		points->low = i == 0 || value < points->low ? value : points->low;
		points->high = i == 0 || value > points->high ? value : points->high;
	}
}

static unsigned x_of(const struct points *points, size_t i)
{
	return EDGE + (unsigned)(i * (WIDTH - 2 * EDGE) / (points->n - 1));
}

static unsigned y_of(const struct points *points, size_t i)
{
	double span = (double)points->high - (double)points->low;
	double up = span > 0 ? ((double)points->list[i] - (double)points->low) / span : 0.5;
	return HEIGHT - EDGE - (unsigned)(up * (HEIGHT - 2 * EDGE) + 0.5);
}

void spark_write(struct html *html, const struct sheet_row *row)
{
	struct points points = { 0 };
	char words[MOST * 32] = "", value[WORDING_MAX];
	size_t len = 0;
	gather(row, &points);
	if (points.n < 3)
		return;
	for (size_t i = 0; i < points.n; i++)
		len += utf8_print(words + len, sizeof(words) - len, "%s%s", i > 0 ? "; " : "",
				  wording_value(points.list[i], row->metric->decimals, value));
	html_add(html,
		 "<svg class=\"spark\" role=\"img\" width=\"%u\" height=\"%u\" "
		 "viewBox=\"0 0 %u %u\" aria-label=\"%s %s\"><polyline points=\"",
		 WIDTH, HEIGHT, WIDTH, HEIGHT, _("Reported so far, the oldest first:"), words);
	for (size_t i = 0; i < points.n; i++)
		html_add(html, "%u,%u ", x_of(&points, i), y_of(&points, i));
	html_add(html, "\"/><circle cx=\"%u\" cy=\"%u\" r=\"2\"/></svg> ",
		 x_of(&points, points.n - 1), y_of(&points, points.n - 1));
}
