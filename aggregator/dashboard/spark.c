#include "dashboard/spark.h"

#include "common/base/i18n.h"
#include "dashboard/number.h"
#include "dashboard/scale.h"

#include <stdbool.h>

#define WIDTH  240u
#define HEIGHT 60u
#define EDGE   5u /* of strokes and the last point */

struct spark {
	const struct spark_point *points;
	size_t n;
	struct scale scale;
	int128 low, high; /* of all that is drawn, by the scale */
	bool any;
};

static bool hold(struct spark *spark, const char *text)
{
	return !text || scale_widen(&spark->scale, text);
}

static void stretch(struct spark *spark, const char *text)
{
	int128 at = text ? scale_mantissa(&spark->scale, text) : 0;

	if (!text)
		return;
	spark->low = !spark->any || at < spark->low ? at : spark->low;
	spark->high = !spark->any || at > spark->high ? at : spark->high;
	spark->any = true;
}

/* Is it worth drawing, and where does it lie? */
static bool measure(struct spark *spark, const char *goal)
{
	size_t values = 0;
	bool good = hold(spark, goal);

	for (size_t i = 0; i < spark->n && good; i++) {
		values += spark->points[i].value != NULL;
		good = hold(spark, spark->points[i].value) && hold(spark, spark->points[i].path);
	}
	if (!good || values < 2)
		return false;
	stretch(spark, goal);
	for (size_t i = 0; i < spark->n; i++) {
		stretch(spark, spark->points[i].value);
		stretch(spark, spark->points[i].path);
	}
	return true;
}

static unsigned x_of(const struct spark *spark, size_t i)
{
	return EDGE + (unsigned)(i * (WIDTH - 2 * EDGE) / (spark->n - 1));
}

static unsigned y_of(const struct spark *spark, const char *text)
{
	int128 span = spark->high - spark->low,
	       up = scale_mantissa(&spark->scale, text) - spark->low;

	return HEIGHT - EDGE -
	       (span > 0 ? (unsigned)(up * (int128)(HEIGHT - 2 * EDGE) / span)
			 : (HEIGHT - 2 * EDGE) / 2);
}

static const char *text_of(const struct spark_point *point, bool path)
{
	return path ? point->path : point->value;
}

/* A line for each run without a gap; a point where a run is one. */
static void line(struct html *html, const struct spark *spark, bool path)
{
	const char *class = path ? "path" : "line";

	for (size_t i = 0; i < spark->n; i++) {
		size_t end = i;

		while (end < spark->n && text_of(&spark->points[end], path))
			end++;
		if (end == i + 1 && !path)
			html_add(html, "<circle cx=\"%u\" cy=\"%u\" r=\"2\"/>", x_of(spark, i),
				 y_of(spark, spark->points[i].value));
		if (end > i + 1) {
			html_add(html, "<polyline class=\"%s\" points=\"", class);
			for (; i < end; i++)
				html_add(html, "%u,%u ", x_of(spark, i),
					 y_of(spark, text_of(&spark->points[i], path)));
			html_add(html, "\"/>");
		}
		i = end > i ? end : i;
	}
}

static void words(struct html *html, const struct spark *spark, const char *goal,
		  const char *goal_words)
{
	char shown[NUMBER_MAX];

	for (size_t i = 0; i < spark->n; i++) {
		const struct spark_point *point = &spark->points[i];

		html_add(html, "%s: %s; ", point->period,
			 point->value ? number_rounded(point->value, 2, NULL, shown) : _("none"));
	}
	if (goal)
		html_add(html, "%s", goal_words);
}

void spark_write(struct html *html, const struct spark_point points[], size_t n, const char *goal,
		 const char *goal_words)
{
	size_t skip = n > SPARK_MAX ? n - SPARK_MAX : 0;
	struct spark spark = { .points = points + skip, .n = n - skip };

	if (!measure(&spark, goal))
		return;
	html_add(html, "<svg class=\"spark\" role=\"img\" viewBox=\"0 0 %u %u\" aria-label=\"",
		 WIDTH, HEIGHT);
	words(html, &spark, goal, goal_words);
	html_add(html, "\">");
	if (goal)
		html_add(html, "<line class=\"goal\" x1=\"%u\" x2=\"%u\" y1=\"%u\" y2=\"%u\"/>",
			 EDGE, WIDTH - EDGE, y_of(&spark, goal), y_of(&spark, goal));
	line(html, &spark, true);
	line(html, &spark, false);
	for (size_t i = spark.n; i-- > 0;)
		if (spark.points[i].value) {
			html_add(html, "<circle cx=\"%u\" cy=\"%u\" r=\"3.5\"/>", x_of(&spark, i),
				 y_of(&spark, spark.points[i].value));
			break;
		}
	html_add(html, "</svg>\n");
}
