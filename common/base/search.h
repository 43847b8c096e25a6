/* Where something stands in a sorted list, or would stand: binary search. */
#pragma once

#include <stddef.h>

/**
 * The first @i of 0 to @n - 1 for which @is_before does not hold; @n when it holds for all. The
 * condition is an expression of @i that holds up to some place in the list, and from there on no
 * more:
 *
 *	size_t at = search_first(i, page->n, page->entries[i].series < series);
 */
#define search_first(i, n, is_before)                                                              \
	({                                                                                         \
		size_t search_low = 0, search_high = (n);                                          \
		while (search_low < search_high) {                                                 \
			const size_t i = search_low + (search_high - search_low) / 2;              \
			if (is_before)                                                             \
				search_low = i + 1;                                                \
			else                                                                       \
				search_high = i;                                                   \
		}                                                                                  \
		search_low;                                                                        \
	})
