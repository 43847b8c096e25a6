/* Five shades for the values of a table or a map, by quantiles: each stands for about as many
 * values as the others, and equal values have the same. */
#pragma once

#include "common/text/html.h"

#include <stdbool.h>
#include <stddef.h>

#define SHADES 5u

struct shade {
	size_t n;               /* values that have it; 0: none */
	const char *low, *high; /* the lowest and the highest of them, lent */
};

/** @values[@n], exact texts, NULL where there is none; @ret_shades[@n]: 1 (the lowest values) to
 * SHADES, 0 where there is no value; @ret_legend: of shade 1, 2, ... -ENOMEM. */
int shades_make(const char *const values[], size_t n, unsigned char ret_shades[],
		struct shade ret_legend[SHADES]);

/** What the shades stand for, as ranges of values that there are; @missing: and what the hatch
 * does. Nothing where there is neither. */
void shades_legend(struct html *html, const struct shade legend[SHADES], int digits,
		   const char *unit, bool missing);
