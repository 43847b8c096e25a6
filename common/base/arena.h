/* A bump arena: memory that is handed out piece by piece and forgotten all at once, up to a hard
 * limit. What a stranger's bytes can make us allocate is bounded by it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

/** An arena that never hands out more than @limit bytes between resets. NULL: out of memory. */
struct arena *arena_open(size_t limit);
void arena_close(struct arena *arena); /* NULL is fine */

/** Forget everything handed out. The newest chunk, as a rule the largest, is kept, so that a steady
 * load soon runs without malloc. */
void arena_reset(struct arena *arena);

/** @size zeroed bytes, 16-aligned, valid until the reset; NULL at the limit or out of memory, which
 * arena_is_full() tells apart. */
void *arena_alloc(struct arena *arena, size_t size);
/** The same, not zeroed: for what is overwritten at once. */
void *arena_alloc_raw(struct arena *arena, size_t size);
/** A copy of @text, NUL and all; NULL as arena_alloc(). */
char *arena_text(struct arena *arena, const char *text);
/** Was anything refused since the last reset because of the limit? Then it is the fault of whoever
 * sent the bytes; without it, the machine is out of memory. */
bool arena_is_full(const struct arena *arena);

/** Bytes handed out since the reset, rounded up. */
size_t arena_used(const struct arena *arena);

/**
 * Let the arena own one @thing that is dear to make and serves many rounds: it stays over resets,
 * and @release(@thing) runs at close. Not while another one is kept.
 */
void arena_keep(struct arena *arena, void *thing, void (*release)(void *thing));
void *arena_kept(const struct arena *arena); /* NULL when there is none */
