/* Units that lost their least or greatest figure: a correction, a withdrawal or a move took it, and
 * what is now the least or greatest must be looked for among the offices and units right below. */
#pragma once

#include "registry/reference.h"
#include "rollup/page.h"

struct lost {
	struct page_key key; /* of the unit's page */
	uint32_t series;
	const struct metric *metric; /* lent until extremes_find() */
	int32_t day;                 /* whose borders hold */
	unsigned depth;              /* units above it */
};

struct extremes {
	struct lost *list; /* owned [n] */
	size_t n, room;
};

void extremes_deinit(struct extremes *extremes);
void extremes_forget(struct extremes *extremes);
/** -ENOMEM. */
int extremes_lose(struct extremes *extremes, const struct lost *lost, struct err *err);
/** Find those of all that lost theirs, the lowest first, and forget them. */
int extremes_find(struct extremes *extremes, struct pages *pages, const struct reference *reference,
		  struct err *err);
