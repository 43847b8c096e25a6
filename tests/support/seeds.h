/* Random tests that can be rerun: the seed is printed when one fails, and LANTOA_SEED=N runs that
 * one alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/** A stream of its own for @seed (splitmix64, Steele, Lea and Flood 2014). */
struct dice dice_seeded(uint64_t seed);
uint64_t dice_next(struct dice *dice);
/** 0 ... @n - 1; @n >= 1. */
uint64_t dice_below(struct dice *dice, uint64_t n);
/** @low ... @high, both included. */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);

/** Run @test for seeds 1 ... @n (LANTOA_SEEDS=N overrides n), or for LANTOA_SEED alone; prints the
 * seed of a failure. */
void for_all_seeds(uint64_t n, void (*test)(struct dice *dice, void *context), void *context);
/** Somebody chose how many run, so that what all of them meet together is not asserted. */
bool seeds_given(void);
/** Which one runs; 0: none. */
uint64_t seed_running(void);
