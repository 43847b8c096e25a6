/* A program that prints figures, run now and then: at the start, and then whenever civil time
 * enters another interval of every_minutes since midnight (60: just after each full hour). After a
 * failure it is tried again RETRY minutes later. Never twice at once. What it printed is recorded
 * all or none, and nothing when it fails. Loop thread only. */
#pragma once

#include "common/base/err.h"
#include "record/input.h"

#include <stddef.h>
#include <stdint.h>

#define PROGRAM_RETRY_MINUTES 5

struct program;

struct program_config {          /* lent for the call */
	const char *kind, *name; /* of the section: [kind name]; kind outlives the program */
	const char *const *argv; /* of child.h */
	uint32_t every_minutes, timeout_s;
	size_t output_max;
};

/** NULL: out of memory. */
struct program *program_open(const struct input_host *host, const struct program_config *config);
/** Civil time is @minute (civil_minute()): run when it is due. */
void program_tick(struct program *program, int64_t minute);
/** Kill what runs; what it printed already is recorded. @on_closed runs from the loop, then the
 * program is gone. */
void program_close(struct program *program, void (*on_closed)(void *context), void *context);

int64_t program_last_us(const struct program *program); /* when it last gave figures; 0: never */
/** Why the last run failed, with its name; "" when it did not. Until the next run ends. */
const char *program_error(const struct program *program);
