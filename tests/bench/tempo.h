/* How fast offices push. All 0: as fast as credit allows. */
#pragma once

#include <stdint.h>

struct tempo {
	uint64_t minute_us; /* from an office's batch to its next */
	uint64_t spread_us; /* from the first office's batch to the last one's */
};
