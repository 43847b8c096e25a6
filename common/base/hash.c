#include "common/base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int hash_index_make(struct hash_index *index, size_t n)
{
	size_t n_slots = 16;
	while (n_slots / 2 < n)
		n_slots *= 2;
	uint32_t *slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(index->slots);
	*index = (struct hash_index){ slots, n_slots };
	return 0;
}

void hash_index_clear(struct hash_index *index)
{
	if (index->n_slots > 0)
		memset(index->slots, 0, index->n_slots * sizeof(*index->slots));
}

void hash_index_deinit(struct hash_index *index)
{
	free(index->slots);
	*index = (struct hash_index){ 0 };
}
