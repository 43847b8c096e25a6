/* A map: each area an equal square at its place of a grid, so that a small ward is as visible as
 * marshland; or, where the province has borders, its shape. A shade says how high its figure is, a
 * hatch that one was due and is missing, and each leads on. */
#pragma once

#include "common/text/html.h"

#include <stddef.h>

struct tile {
	const char *code, *name;
	int col, row;       /* of a square, from 0 */
	const char *path;   /* NULL: a square; else its borders, as registry/borders.h has them,
			       "M12 7l3-4 2 0z" for each ring: anything else is not drawn */
	int part, parts;    /* several share the place, which is divided among them: part 1, 2, ...;
			       0: it stands alone */
	const char *value;  /* exact text; NULL: none */
	const char *reason; /* why there is none; NULL */
	unsigned signs;     /* enum sign */
	const char *link;   /* NULL */
};

struct tiles {             /* everything is lent */
	const char *title; /* one sentence that says what it is */
	const char *unit;
	int digits;              /* behind the point, or SHOWN_ALL */
	const char *query;       /* the question's target, for the table's data-q; NULL */
	int width, height;       /* of shapes, in their numbers */
	const struct tile *list; /* either all squares, or all shapes */
	size_t n;
};

/** The map, what its shades and signs mean, and its table in a <details>; nothing where there are
 * no tiles. */
void tiles_write(struct html *html, const struct tiles *tiles);
