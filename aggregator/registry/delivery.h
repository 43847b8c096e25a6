/* How a catalogue reaches the offices: whole, in one frame. So there is a size above which it
 * cannot reach them, and imports refuse what is above it. */
#pragma once

#include "common/model/catalogue.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * Bytes of CSV that fit an Enrolled, the larger of the two frames that carry a catalogue, beside an
 * office's code and three texts (name, zone, level) of WIRE_TEXT_MAX, which no peer takes more of.
 * The frame leaves room for CURVE's box: agents of the release before count that in its size.
 */
size_t delivery_max(void);
/** -EFBIG with both sizes and what to do when @len bytes of CSV do not fit. */
int delivery_check(size_t len, struct err *err);
/** The version of @catalogue, as offices are told it; 0 (they keep what they have) when it cannot
 * reach them: an earlier release had no limit for imports. */
uint64_t delivery_version(const struct catalogue *catalogue);
