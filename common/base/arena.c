#include "common/base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/asan_interface.h> /* its macros are empty without ASan */

#define ALIGN       16u
#define CHUNK_FIRST (64u * 1024u) /* a frame of the daily kind unpacks into less */

struct chunk {
	struct chunk *older; /* owned */
	size_t size, used;   /* of data */
	alignas(ALIGN) unsigned char data[];
};

struct arena {
	struct chunk *newest; /* owned, with the older ones; NULL before the first allocation */
	size_t limit, given;  /* bytes, rounded up to ALIGN */
	bool full;            /* something was refused since the last reset */
	void *kept;           /* owned, with release to free it; or NULL */
	void (*release)(void *kept);
};

struct arena *arena_open(size_t limit)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	if (arena)
		arena->limit = limit;
	return arena;
}

static void chunks_free(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *older = chunk->older;
		free(chunk);
		chunk = older;
	}
}

void arena_close(struct arena *arena)
{
	if (!arena)
		return;
	if (arena->kept)
		arena->release(arena->kept);
	chunks_free(arena->newest);
	free(arena);
}

void arena_reset(struct arena *arena)
{
	arena->given = 0;
	arena->full = false;
	if (!arena->newest)
		return;
	struct chunk *kept = arena->newest; /* the largest, unless the limit cut it short */
	chunks_free(kept->older);
	kept->older = NULL;
	kept->used = 0;
	ASAN_POISON_MEMORY_REGION(kept->data, kept->size);
}

/* Each chunk is at least twice the one before, so that few are needed and one soon fits all. */
static struct chunk *chunk_open(struct chunk *older, size_t least, size_t most)
{
	size_t size = older ? 2 * older->size : CHUNK_FIRST;
	if (size > most)
		size = most;
	if (size < least)
		size = least;
	struct chunk *chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->older = older;
	chunk->size = size;
	chunk->used = 0;
	ASAN_POISON_MEMORY_REGION(chunk->data, chunk->size);
	return chunk;
}

void *arena_alloc_raw(struct arena *arena, size_t size)
{
	size_t left = arena->limit - arena->given;
	size_t room = size > SIZE_MAX - ALIGN ? SIZE_MAX : (size + ALIGN - 1) / ALIGN * ALIGN;
	if (room == 0)
		room = ALIGN; /* each piece has an address of its own */
	if (room > left) {
		arena->full = true;
		return NULL;
	}
	struct chunk *chunk = arena->newest;
	if (!chunk || chunk->size - chunk->used < room) {
		chunk = chunk_open(arena->newest, room, left);
		if (!chunk)
			return NULL;
		arena->newest = chunk;
	}
	void *piece = chunk->data + chunk->used;
	chunk->used += room;
	arena->given += room;
	ASAN_UNPOISON_MEMORY_REGION(piece, size);
	return piece;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *piece = arena_alloc_raw(arena, size);
	if (piece)
		memset(piece, 0, size);
	return piece;
}

size_t arena_used(const struct arena *arena)
{
	return arena->given;
}

char *arena_text(struct arena *arena, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = arena_alloc_raw(arena, len);
	return copy ? memcpy(copy, text, len) : NULL;
}

bool arena_is_full(const struct arena *arena)
{
	return arena->full;
}

void arena_keep(struct arena *arena, void *thing, void (*release)(void *thing))
{
	assert(!arena->kept);
	arena->kept = thing;
	arena->release = release;
}

void *arena_kept(const struct arena *arena)
{
	return arena->kept;
}
