/* The machine's clock, judged by clock_core: a thin shell that reads clocks, asks the kernel, and
 * remembers what the province told. Thread-safe: the uplink tells it on the loop, the worker asks.
 *
 * Figures without a period are of "now". While the true time is not known they wait in the spool
 * with the moment since boot (spool/undated.c). */
#pragma once

#include "clock/clock_core.h"
#include "common/base/err.h"
#include "common/model/civil.h"

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_BOOT_MAX 40u /* a boot id, which is a UUID in text */

struct clock;

struct clock_source { /* tests have their own; NULL is the machine */
	/** Fill all but battery_us. */
	void (*read)(void *context, struct clock_reading *ret_reading);
	/** The hardware clock; 0: there is none. */
	int64_t (*battery)(void *context);
	const char *boot; /* which start of the machine this is; outlives the clock */
	void *context;
};

/** @source is copied. -ENOMEM; -EIO when the kernel tells no boot id. */
int clock_open(const struct clock_source *source, struct clock **ret_clock, struct err *err);
void clock_close(struct clock *clock); /* NULL is fine */

struct moment {
	bool known;      /* at_us is the true time */
	int64_t at_us;   /* UTC microseconds; of the wall clock when nothing better is known */
	int64_t boot_us; /* since the machine was started */
};
/** NULL as @clock: the wall clock, believed. */
struct moment clock_now(struct clock *clock);
/** The true time, or CLOCK_UNKNOWN_US: then nothing can be said to lie in the future. */
int64_t clock_latest_us(struct clock *clock);
const char *clock_boot(const struct clock *clock);

/** The province's time, heard just now. This and the next two pass over what is not possible. */
void clock_hear(struct clock *clock, int64_t province_us);
/** It is certainly later than @floor_us. */
void clock_hear_floor(struct clock *clock, int64_t floor_us);

/** What is known in this boot, for a spool that keeps it over a restart of the agent, and back:
 * recalling knows nothing better than what was heard since. */
struct clock_core clock_anchor(struct clock *clock);
void clock_recall(struct clock *clock, enum clock_witness witness, int64_t start_us);

/** Microseconds by which the wall clock is ahead of the true time, when that is known; else 0. */
int64_t clock_ahead_us(struct clock *clock);
/** A stable word for a witness: nobody, battery, province, kernel; and what people read, in
 * English, marked for translation. */
const char *clock_witness_name(enum clock_witness witness);
const char *clock_witness_words(enum clock_witness witness);
