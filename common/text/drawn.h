/* A table for people's eyes: columns aligned by what their letters take on a screen (libsmartcols),
 * and made to fit where the screen is too narrow for it. Then, in this order: times lose their
 * seconds, titles and sentences go on over several lines, other free text is shortened with an
 * ellipsis, and at last the lesser columns leave, of which a line below the table tells. Numbers,
 * codes and periods are never shortened, and no word is broken. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct drawn_room {
	size_t columns;    /* cells of the screen; 0: there is no limit */
	bool colour;       /* gravity is coloured, titles are bold */
	const char *whole; /* what else shows all of it, such as "--format csv"; NULL: nothing */
};

enum drawn_trait {
	DRAWN_NUMBER = 1,    /* to the right */
	DRAWN_TEXT = 2,      /* free text, which may be shortened */
	DRAWN_LESSER = 4,    /* leaves before the others */
	DRAWN_MAIN = 8,      /* leaves after the others; the first column never leaves */
	DRAWN_SENTENCE = 16, /* free text that goes on below instead of being shortened */
};

enum gravity { GRAVITY_NONE, GRAVITY_GOOD, GRAVITY_WARNING, GRAVITY_BAD };

struct drawn;

/** NULL: out of memory. */
struct drawn *drawn_open(void);
void drawn_close(struct drawn *drawn); /* NULL is fine */

/* Columns first, then row by row, cell by cell in their order; cells not given are empty. Texts are
 * copied, and made printable. Failures are remembered until drawn_print(). */
void drawn_column(struct drawn *drawn, const char *title, unsigned traits);
void drawn_row(struct drawn *drawn);
void drawn_cell(struct drawn *drawn, const char *text, enum gravity gravity);

/** Draw it on @out. -ENOMEM; -EIO. */
int drawn_print(struct drawn *drawn, const struct drawn_room *room, FILE *out, struct err *err);

/** The escape sequence that begins text of @gravity; "" where there is nothing to colour. What was
 * begun ends with DRAWN_PLAIN. */
const char *drawn_colour(enum gravity gravity);
#define DRAWN_PLAIN "\x1b[0m"
#define DRAWN_BOLD  "\x1b[1m"
