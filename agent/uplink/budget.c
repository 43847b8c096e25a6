#include "uplink/budget.h"

#define MINUTE_MS UINT64_C(60000)

/* CURVE's MESSAGE: its name, nonce, MAC and flags, and ZMTP's head. TCP/IP: 52 bytes a segment, and
 * as many for its acknowledgement. */
#define FRAME_BYTES   42u
#define SEGMENT_BYTES 1400u
#define HEADER_BYTES  104u

size_t budget_frame(size_t len)
{
	size_t bytes = len + FRAME_BYTES;
	return bytes + (bytes / SEGMENT_BYTES + 1) * HEADER_BYTES;
}

/* In the hour that ends with minute @until. Only the minutes of the last hour are remembered. */
static uint64_t spent_until(const struct budget *budget, uint64_t until)
{
	uint64_t sum = 0;
	for (uint64_t i = 0; i < BUDGET_MINUTES && i <= until; i++) {
		uint64_t minute = until - i;
		if (minute <= budget->minute && minute + BUDGET_MINUTES > budget->minute)
			sum += budget->spent[minute % BUDGET_MINUTES];
	}
	return sum;
}

void budget_spend(struct budget *budget, uint64_t now_ms, size_t bytes)
{
	uint64_t minute = now_ms / MINUTE_MS;
	if (minute >= budget->minute + BUDGET_MINUTES)
		budget->minute = minute - BUDGET_MINUTES; /* none of those is within the hour */
	while (budget->minute < minute)
		budget->spent[++budget->minute % BUDGET_MINUTES] = 0;
	uint32_t *spent = &budget->spent[minute % BUDGET_MINUTES];
	*spent = bytes < UINT32_MAX - *spent ? *spent + (uint32_t)bytes : UINT32_MAX;
}

uint64_t budget_when(const struct budget *budget, uint64_t now_ms, size_t bytes)
{
	uint64_t minute = now_ms / MINUTE_MS;
	if (budget->per_hour == 0)
		return now_ms;
	/* A batch that is larger than an hour's bytes goes at last, too. */
	size_t most = budget->per_hour - budget->per_hour / 4;
	if (bytes > most)
		bytes = most;
	for (uint64_t wait = 0; wait < BUDGET_MINUTES; wait++)
		if (spent_until(budget, minute + wait) + bytes <= budget->per_hour)
			return wait == 0 ? now_ms : (minute + wait) * MINUTE_MS;
	return (minute + BUDGET_MINUTES) * MINUTE_MS;
}
