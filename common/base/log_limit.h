/* What may happen thousands of times, a peer's doing say, is logged once a minute: keep one of
 * these for each cause. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct log_limit {           /* zeros to begin with */
	uint64_t next_ms;    /* when the log may hear of it again */
	uint64_t not_logged; /* since it last did */
};

/**
 * May it be logged now? Then the line should tell @ret_not_logged.
 *
 * @now_ms          of a clock that never goes back
 * @ret_not_logged  how often the answer was no since the last yes
 */
bool log_limit_pass(struct log_limit *limit, uint64_t now_ms, uint64_t *ret_not_logged);
