/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), and an index of a list by any hash: open
 * addressing, where an element whose slot is taken goes into the next one.
 *
 * FNV-1a is not secret: who chooses what is hashed can make elements collide. Use a keyed hash
 * where that would slow others than himself. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH_START 2166136261u

/** @hash, over @len bytes more. */
static inline uint32_t hash_bytes(uint32_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

/** @hash, over a text and the NUL at its end: "a" "b" is not "ab" "". */
static inline uint32_t hash_text(uint32_t hash, const char *text)
{
	do
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	while (*text++);
	return hash;
}

struct hash_index {
	uint32_t *slots; /* owned [n_slots]: an element's place in the list + 1; 0: it is free */
	size_t n_slots;  /* a power of two; 0: see hash_index_make() */
};

/** An empty index in place of @index, with slots for @n elements: at least half of them stay free.
 * Returns 0; -ENOMEM, and @index is as it was. */
int hash_index_make(struct hash_index *index, size_t n);
/** How many elements it has slots for. One more needs hash_index_make(), and all to be entered
 * anew. */
static inline size_t hash_index_room(const struct hash_index *index)
{
	return index->n_slots / 2;
}
/** All slots are free again, and stay as many. */
void hash_index_clear(struct hash_index *index);
void hash_index_deinit(struct hash_index *index);

/**
 * The slots in which an element of @hash may be, up to the first that is free, where it goes:
 *
 *	uint32_t *slot = hash_slot(index, hash);
 *	while (*slot && !is_wanted(&list[*slot - 1]))
 *		slot = hash_slot_next(index, slot);
 */
static inline uint32_t *hash_slot(const struct hash_index *index, size_t hash)
{
	return &index->slots[hash & (index->n_slots - 1)];
}

static inline uint32_t *hash_slot_next(const struct hash_index *index, const uint32_t *slot)
{
	return hash_slot(index, (size_t)(slot - index->slots) + 1);
}
