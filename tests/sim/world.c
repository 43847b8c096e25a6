#include "sim/world.h"

#include <assert.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define START_US INT64_C(1751338800000000) /* 2025-07-01T03:00 UTC: a working morning */

/* --- the heap --- */

static bool earlier(const struct event *a, const struct event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct world *world, size_t a, size_t b)
{
	struct event *event = world->heap[a];
	world->heap[a] = world->heap[b];
	world->heap[b] = event;
}

static struct event *pop(struct world *world)
{
	struct event *first = world->heap[0];
	world->heap[0] = world->heap[--world->n];
	for (size_t at = 0, child; (child = 2 * at + 1) < world->n; at = child) {
		if (child + 1 < world->n && earlier(world->heap[child + 1], world->heap[child]))
			child++;
		if (!earlier(world->heap[child], world->heap[at]))
			break;
		swap(world, at, child);
	}
	return first;
}

struct event *world_plan(struct world *world, uint64_t wait_ms,
			 void (*happen)(struct world *world, struct event *event), uint32_t office)
{
	struct event *event = calloc(1, sizeof(*event));
	assert_non_null(event);
	*event = (struct event){ .at_ms = world->now_ms + wait_ms,
				 .order = world->orders++,
				 .happen = happen,
				 .office = office };
	if (world->n == world->room) {
		world->room = world->room ? 2 * world->room : 1024;
		world->heap = realloc(world->heap, world->room * sizeof(struct event *));
		assert_non_null(world->heap);
	}
	size_t at = world->n++;
	world->heap[at] = event;
	for (; at > 0 && earlier(event, world->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(world, at, (at - 1) / 2);
	return event;
}

void world_run(struct world *world, uint64_t ms)
{
	uint64_t until_ms = world->now_ms + ms;
	while (world->n > 0 && world->heap[0]->at_ms <= until_ms) {
		struct event *event = pop(world);
		world->now_ms = event->at_ms;
		event->happen(world, event);
		blob_free(&event->frame.payload);
		free(event);
	}
	world->now_ms = until_ms;
}

/* --- the rest --- */

int64_t world_now_us(const struct world *world)
{
	return START_US + (int64_t)world->now_ms * 1000;
}

uint64_t world_about(struct world *world, uint64_t mean_ms)
{
	return 1 + dice_below(world->dice, 2 * mean_ms);
}

bool world_chance(struct world *world, unsigned of_a_thousand)
{
	return dice_below(world->dice, 1000) < of_a_thousand;
}

void world_copy(const char *from, const char *to)
{
	static uint8_t piece[1u << 16];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n;
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, piece, sizeof(piece))) > 0)
		assert_int_equal(write(out, piece, (size_t)n), n);
	assert_int_equal(n, 0);
	(void)close(in);
	(void)close(out); /* on a disk of memory */
}

void world_open(struct world *world, struct dice *dice, uint32_t n, const struct weather *weather)
{
	assert_true(n <= WORLD_OFFICES_MAX);
	*world = (struct world){ .dice = dice, .weather = *weather, .n_offices = n };
	scratch_make(true, world->folder);
	world->offices = calloc(n, sizeof(*world->offices));
	assert_non_null(world->offices);
	province_open(world);
	for (uint32_t i = 0; i < n; i++)
		site_open(world, i);
}

void world_calm(struct world *world)
{
	world->weather = (struct weather){ 0 };
	province_calm(world);
}

void world_close(struct world *world, struct counts *total)
{
	static_assert(sizeof(*total) % sizeof(uint64_t) == 0, "numbers alone");
	for (size_t i = 0; i < sizeof(*total) / sizeof(uint64_t); i++)
		((uint64_t *)total)[i] += ((const uint64_t *)&world->counts)[i];
	for (uint32_t i = 0; i < world->n_offices; i++)
		site_close(&world->offices[i]);
	province_close(world);
	while (world->n > 0) {
		struct event *event = pop(world);
		blob_free(&event->frame.payload);
		free(event);
	}
	free(world->heap);
	free(world->offices);
	scratch_remove(world->folder);
}
