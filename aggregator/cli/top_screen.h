/* One frame of `lantoa top`: what the province does at this moment, from what it answered. Pure: a
 * test draws any frame from two expositions and a list of offices. */
#pragma once

#include "common/base/err.h"
#include "common/text/drawn.h"
#include "common/text/table.h"

#include <stdint.h>
#include <stdio.h>

struct top_facts {
	/* What /v1/metrics answered, NUL-terminated: now, and before. NULL: there is none yet, so
	 * that nothing is told per second. */
	const char *now, *before;
	int64_t between_us; /* of these two */
	/* Who needs a call, as /v1/offices/heard answers; NULL: not asked yet. */
	const struct table *offices;
	const char *trouble; /* why there is nothing newer; NULL: there is */
	const char *clock;   /* what time it is, as people read it */
	unsigned every_s;
	const char *keys; /* what may be typed; NULL: nothing */
};

/** The value of the sample @name, such as lantoa_frames_total or lantoa_offices{state="active"}, in
 * millionths. -ENOENT: @exposition has none. */
int top_sample(const char *exposition, const char *name, int64_t *ret_millionths);

/** Draw the frame in @room, at most @rows lines (0: no limit). -ENOMEM; -EIO. */
int top_screen(const struct top_facts *facts, const struct drawn_room *room, size_t rows, FILE *out,
	       struct err *err);
