#include "dashboard/tiles.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "dashboard/shades.h"
#include "dashboard/shown.h"
#include "dashboard/signs.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PITCH       56 /* of squares, in the units of the drawing */
#define SIDE        54
#define FEW         600 /* units of squares; a drawing of fewer is not stretched */
#define LINE_CHARS  9   /* of a name, in one line of a square */
#define NAME_LINES  2
#define LINE_HEIGHT 12
#define VALUE_CHARS 8       /* a longer value is in the title and in the table alone */
#define BOX_MAX     1000000 /* of coordinates */
#define LINE_ROOM   (LINE_CHARS * 4 + 8)

static size_t chars_of(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; n++) {
		size_t step = utf8_char(text + i, len - i);

		i += step ? step : 1;
	}
	return n;
}

/* The words of *@name that fit into one line; at least one, cut where it is too long. Moves *@name
 * behind them. */
static void take_line(const char **name, bool is_last, char line[LINE_ROOM])
{
	const char *from = *name;
	size_t len = strcspn(from, " "), cut = 0;

	while (from[len] == ' ') {
		size_t more = len + 1 + strcspn(from + len + 1, " ");

		if (chars_of(from, more) > LINE_CHARS)
			break;
		len = more;
	}
	*name = from + len + (from[len] == ' ');
	if (chars_of(from, len) <= LINE_CHARS && !(is_last && **name)) {
		(void)snprintf(line, LINE_ROOM, "%.*s", (int)len, from); /* fits */
		return;
	}
	for (size_t n = 0; n + 1 < LINE_CHARS && cut < len; n++) {
		size_t step = utf8_char(from + cut, len - cut);

		cut += step ? step : 1;
	}
	(void)snprintf(line, LINE_ROOM, "%.*s…", (int)cut, from); /* fits */
}

/* The name without the kind of unit, which a small square has no room for; "P. 5" where the rest
 * is a number, which alone would be taken for the value. */
static const char *short_name(const char *name, char text[LINE_ROOM])
{
	static const struct {
		const char *kind, *sign;
	} kinds[] = { { "Xã ", "X. " },        { "Phường ", "P. " }, { "Thị trấn ", "TT. " },
		      { "Thị xã ", "TX. " },   { "Quận ", "Q. " },   { "Huyện ", "H. " },
		      { "Thành phố ", "TP. " } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].kind);

		if (strncmp(name, kinds[i].kind, len) != 0)
			continue;
		if (!strchr("0123456789", name[len]))
			return name + len;
		(void)utf8_print(text, LINE_ROOM, "%s%s", kinds[i].sign, name + len);
		return text;
	}
	return name;
}

/* What stands in a square besides its name: the value, a sign where it is missing. */
static void put_value(struct html *html, const struct tile *tile, int digits, int x, int y)
{
	char shown[NUMBER_MAX], signs[SIGNS_TEXT_MAX];
	unsigned set = tile->value ? tile->signs & ~(unsigned)SIGN_MISSING : 0;
	const char *text = tile->value ? shown_number(tile->value, digits, NULL, shown)
			   : tile->signs & SIGN_MISSING ? "–"
							: "·";

	(void)signs_text(set, signs); /* returns signs */
	if (chars_of(text, strlen(text)) + chars_of(signs, strlen(signs)) <= VALUE_CHARS)
		html_add(html, "<text class=\"value\" x=\"%d\" y=\"%d\">%s%s</text>", x, y, text,
			 signs);
}

/* Of what several share each has a row of equal height; @height: of the whole. */
static int part_top(const struct tile *tile, int height)
{
	return tile->parts > 1 ? height * (tile->part - 1) / tile->parts : 0;
}

static int part_height(const struct tile *tile, int height)
{
	return tile->parts > 1 ? height * tile->part / tile->parts - part_top(tile, height)
			       : height;
}

static void put_fill(struct html *html, const struct tile *tile, unsigned shade)
{
	html_add(html, shade == 0 && tile->signs & SIGN_MISSING ? " fill=\"url(#hatch)\"/>" : "/>");
}

static void put_square(struct html *html, const struct tile *tile, int digits, unsigned shade)
{
	int x = tile->col * PITCH, y = tile->row * PITCH + part_top(tile, SIDE);
	int height = part_height(tile, SIDE);
	int lines = height >= SIDE ? NAME_LINES : height >= LINE_HEIGHT + 2 ? 1 : 0;
	char line[LINE_ROOM], shorter[LINE_ROOM];
	const char *name = lines < NAME_LINES ? short_name(tile->name, shorter) : tile->name;

	html_add(html, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"", x, y, SIDE,
		 height);
	put_fill(html, tile, shade);
	for (int i = 0; i < lines && *name; i++) {
		take_line(&name, i + 1 == lines, line);
		html_add(html, "<text x=\"%d\" y=\"%d\">%s</text>", x + SIDE / 2,
			 y + (height >= SIDE ? 14 : height / 2 + 4) + i * LINE_HEIGHT, line);
	}
	if (height >= SIDE)
		put_value(html, tile, digits, x + SIDE / 2, y + 46);
}

/* Only what draws lines: it came from the province, and goes into markup. */
static bool path_is_plain(const char *path)
{
	return path[strspn(path, "Mlz -0123456789")] == '\0';
}

struct box {
	int left, top, right, bottom;
};

#define BOX_NONE ((struct box){ INT_MAX, INT_MAX, INT_MIN, INT_MIN })

static int place_of(int from, long by)
{
	long to = by > BOX_MAX ? BOX_MAX : by < -BOX_MAX ? -BOX_MAX : by;

	to += from;
	return (int)(to > BOX_MAX ? BOX_MAX : to < -BOX_MAX ? -BOX_MAX : to);
}

static void box_widen(struct box *box, int x, int y)
{
	box->left = x < box->left ? x : box->left;
	box->top = y < box->top ? y : box->top;
	box->right = x > box->right ? x : box->right;
	box->bottom = y > box->bottom ? y : box->bottom;
}

/* What the lines of a plain path take in: M says where a ring begins, l how far each next spot is.
 */
static void box_widen_by(struct box *box, const char *path)
{
	bool relative = false, across = true;
	int x = 0, y = 0;

	while (*path) {
		char *end;
		long n = strtol(path, &end, 10);

		if (end == path) {
			relative = *path == 'l' || (relative && *path != 'M');
			path++;
			continue;
		}
		path = end;
		if (across)
			x = place_of(relative ? x : 0, n);
		else
			y = place_of(relative ? y : 0, n);
		if (!across)
			box_widen(box, x, y);
		across = !across;
	}
}

/* A part is what of the shape lies in its row; @i tells its outline from others'. */
static void put_shape(struct html *html, const struct tile *tile, unsigned shade, size_t i)
{
	const char *path = path_is_plain(tile->path) ? tile->path : "";
	struct box box = BOX_NONE;

	if (tile->parts <= 1 || !*path) {
		html_add(html, "<path d=\"%s\"", path);
		put_fill(html, tile, shade);
		return;
	}
	box_widen_by(&box, path);
	html_add(html,
		 "<clipPath id=\"shape%zu\"><path d=\"%s\"/></clipPath>"
		 "<rect clip-path=\"url(#shape%zu)\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"",
		 i, path, i, box.left, box.top + part_top(tile, box.bottom - box.top),
		 box.right - box.left, part_height(tile, box.bottom - box.top));
	put_fill(html, tile, shade);
}

/* What it is, for who hovers or hears. */
static void put_title(struct html *html, const struct tiles *tiles, const struct tile *tile)
{
	char shown[NUMBER_MAX], words[SIGNS_WORDS_MAX];

	html_add(html, "<title>%s: %s", tile->name,
		 tile->value    ? shown_number(tile->value, tiles->digits, tiles->unit, shown)
		 : tile->reason ? tile->reason
				: _("no figure"));
	if (tile->value && tile->signs)
		html_add(html, " (%s)", signs_words(tile->signs, words));
	html_add(html, "</title>");
}

static void put_tile(struct html *html, const struct tiles *tiles, size_t i, unsigned shade)
{
	const struct tile *tile = &tiles->list[i];

	if (tile->link)
		html_add(html, "<a href=\"%s\">", tile->link);
	html_add(html, "<g class=\"tile ");
	if (shade > 0)
		html_add(html, "q%u\">", shade);
	else
		html_add(html, "%s\">", tile->signs & SIGN_MISSING ? "missing" : "blank");
	put_title(html, tiles, tile);
	if (tile->path)
		put_shape(html, tile, shade, i);
	else
		put_square(html, tile, tiles->digits, shade);
	html_add(html, tile->link ? "</g></a>\n" : "</g>\n");
}

/* What the drawing shows: nothing left of the first and above the first that has a place, as where
 * a province is a part of the whole map. */
static struct box view_box(const struct tiles *tiles)
{
	struct box box = BOX_NONE;

	for (size_t i = 0; i < tiles->n; i++) {
		const struct tile *tile = &tiles->list[i];
		int x = tile->col * PITCH, y = tile->row * PITCH;

		if (!tile->path) {
			box_widen(&box, x, y);
			box_widen(&box, x + SIDE, y + SIDE);
		} else if (path_is_plain(tile->path)) {
			box_widen_by(&box, tile->path);
		}
	}
	return box.right >= box.left ? box : (struct box){ 0, 0, tiles->width, tiles->height };
}

/* A few squares stand in the size of many: as wide as the screen, their names would be its largest
 * letters. */
static void put_width(struct html *html, const struct tiles *tiles, const struct box *box)
{
	int width = box->right - box->left + 2;

	if (!tiles->list[0].path && width < FEW)
		html_add(html, " width=\"%d\"", width * 17 / 10);
}

static void put_map(struct html *html, const struct tiles *tiles, const unsigned char *shades)
{
	struct box box = view_box(tiles);

	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"%s\">\n"
		 "<svg class=\"map %s\" role=\"group\" aria-label=\"%s\" viewBox=\"%d %d %d %d\"",
		 _("The map, which can be moved sideways"),
		 tiles->list[0].path ? "shapes" : "squares", tiles->title, box.left - 1,
		 box.top - 1, box.right - box.left + 2, box.bottom - box.top + 2);
	put_width(html, tiles, &box);
	html_add(html, ">\n<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" "
		       "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
		       "<rect class=\"under\" width=\"6\" height=\"6\"/>"
		       "<path class=\"stroke\" d=\"M0 0v6\"/></pattern></defs>\n");
	for (size_t i = 0; i < tiles->n; i++)
		put_tile(html, tiles, i, shades[i]);
	html_add(html, "</svg></div>\n");
}

static void put_table(struct html *html, const struct tiles *tiles)
{
	html_add(html,
		 "<details class=\"figures\"><summary>%s</summary>\n<div class=\"scroll\" "
		 "tabindex=\"0\" role=\"group\" aria-label=\"%s\"><table",
		 _("These figures as a table"), tiles->title);
	if (tiles->query)
		html_add(html, " data-q=\"%s\"", tiles->query);
	html_add(html,
		 "><caption>%s</caption>\n<thead><tr><th scope=\"col\">%s</th>"
		 "<th scope=\"col\">%s</th><th scope=\"col\" class=\"n\">%s</th></tr></thead>\n"
		 "<tbody>\n",
		 tiles->title, _("Code"), _("Name"), *tiles->unit ? tiles->unit : _("Value"));
	for (size_t i = 0; i < tiles->n; i++) {
		const struct tile *tile = &tiles->list[i];

		html_add(html, "<tr><td>%s</td><th scope=\"row\">", tile->code);
		if (tile->link)
			html_add(html, "<a href=\"%s\">%s</a>", tile->link, tile->name);
		else
			html_add(html, "%s", tile->name);
		html_add(html, "</th><td class=\"%s\">", tile->value ? "n" : "none");
		if (tile->value)
			shown_write(html, tile->value, tiles->digits);
		else
			html_add(html, "%s", tile->reason ? tile->reason : _("no figure"));
		signs_write(html, tile->value ? tile->signs : 0);
		html_add(html, "</td></tr>\n");
	}
	html_add(html, "</tbody></table></div></details>\n");
}

void tiles_write(struct html *html, const struct tiles *tiles)
{
	const char **values = calloc(tiles->n ? tiles->n : 1, sizeof(*values));
	unsigned char *shades = calloc(tiles->n ? tiles->n : 1, 1);
	struct shade legend[SHADES];
	unsigned signs = 0;

	if (tiles->n == 0 || !values || !shades)
		goto end;
	for (size_t i = 0; i < tiles->n; i++) {
		values[i] = tiles->list[i].value;
		signs |= tiles->list[i].signs;
	}
	if (shades_make(values, tiles->n, shades, legend) < 0)
		goto end;
	html_add(html, "<figure class=\"map\"><figcaption>%s</figcaption>\n", tiles->title);
	put_map(html, tiles, shades);
	shades_legend(html, legend, tiles->digits, tiles->unit, signs & SIGN_MISSING);
	signs_legend(html, signs & ~(unsigned)SIGN_MISSING);
	put_table(html, tiles);
	html_add(html, "</figure>\n");
	free(values);
	free(shades);
	return;
end:
	html->failed = html->failed || tiles->n > 0; /* out of memory */
	free(values);
	free(shades);
}
