/* How long to wait before the next attempt: twice as long each time, less a part left to chance, so
 * that those who lost the province together come back apart. */
#pragma once

#include <stdint.h>

/** After @attempt failures before this one (0: the first): half to all of @min_ms * 2^@attempt, of
 * @max_ms at most. @dice is random. */
static inline uint64_t backoff_ms(uint64_t min_ms, uint64_t max_ms, uint32_t attempt, uint64_t dice)
{
	uint64_t full = min_ms;
	while (attempt-- > 0 && full < max_ms)
		full *= 2;
	if (full > max_ms)
		full = max_ms;
	return full - dice % (full / 2 + 1);
}
