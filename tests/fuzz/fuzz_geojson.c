/* GeoJSON, as somebody found it: what is read is drawn, and what is drawn is closed rings of whole
 * numbers on the grid. */
#include "fuzz/fuzz.h"
#include "registry/borders.h"
#include "registry/geojson.h"

#include <stdlib.h>
#include <string.h>

/* "M12 7l3-4 2 0z": every point lies on the grid, and a ring has three at least. */
static const char *ring_check(const char *at, const struct borders *borders)
{
	size_t n = 1;
	char *end;
	long x = strtol(at + 1, &end, 10), y = strtol(end, &end, 10);

	require(*end == 'l');
	for (at = end + 1; *at != 'z'; at = end) {
		require(x >= 0 && y >= 0 && x < borders->width && y < borders->height);
		x += strtol(at, &end, 10);
		require(end > at);
		y += strtol(end, &end, 10);
		n++;
	}
	require(x >= 0 && y >= 0 && x < borders->width && y < borders->height);
	require(n >= 3);
	return at + 1;
}

static void drawn_check(const struct borders *borders, const struct shapes *shapes)
{
	char *lines = strndup((const char *)borders->lines.data, borders->lines.len);
	const char *at = lines;

	require(lines != NULL);
	for (size_t i = 0; i < shapes->n; i++) {
		size_t len = strlen(shapes->list[i].code);

		require(strncmp(at, shapes->list[i].code, len) == 0 && at[len] == ' ');
		at += len + 1;
		require(*at == 'M');
		while (*at == 'M')
			at = ring_check(at, borders);
		require(*at++ == '\n');
	}
	require(*at == '\0');
	free(lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shapes shapes = { 0 };
	struct borders borders = { 0 };
	struct err err;

	if (geojson_read((const char *)data, size, &shapes, &err) < 0)
		return 0;
	require(shapes.n > 0 && shapes.n_rings >= shapes.n && shapes.n_spots >= 3);
	if (borders_take(&shapes, &borders, &err) == 0 &&
	    borders_make(&shapes, BORDERS_BYTES, &borders, &err) == 0)
		drawn_check(&borders, &shapes);
	borders_free(&borders);
	shapes_free(&shapes);
	return 0;
}
