#include "support/seeds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct dice dice_seeded(uint64_t seed)
{
	return (struct dice){ .state = seed * UINT64_C(0x9e3779b97f4a7c15) };
}

uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t dice_below(struct dice *dice, uint64_t n)
{
	return dice_next(dice) % n; /* the bias is far below what a test could notice */
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
	uint64_t span = (uint64_t)high - (uint64_t)low + 1;
	uint64_t step = span ? dice_below(dice, span) : dice_next(dice);
	return (int64_t)((uint64_t)low + step);
}

static uint64_t running; /* printed at exit when a test stops in the middle of a seed */
static pid_t runner;     /* a child that ends in the middle of one has not failed by that */

static void tell(void)
{
	if (running && getpid() == runner)
		fprintf(stderr, "failed with LANTOA_SEED=%llu\n", (unsigned long long)running);
}

void for_all_seeds(uint64_t n, void (*test)(struct dice *dice, void *context), void *context)
{
	static int registered;
	if (!registered)
		registered = atexit(tell) == 0;
	const char *one = getenv("LANTOA_SEED"), *many = getenv("LANTOA_SEEDS");
	uint64_t first = one ? strtoull(one, NULL, 10) : 1;
	uint64_t last = one ? first : many ? strtoull(many, NULL, 10) : n;
	for (uint64_t seed = first; seed <= last; seed++) {
		running = seed;
		runner = getpid();
		struct dice dice = dice_seeded(seed);
		test(&dice, context);
	}
	running = 0;
}

bool seeds_given(void)
{
	return getenv("LANTOA_SEED") || getenv("LANTOA_SEEDS");
}

uint64_t seed_running(void)
{
	return running;
}
