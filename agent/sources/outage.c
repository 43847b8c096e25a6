#include "sources/outage.h"

#define MINUTE_US INT64_C(60000000)

void outage_begin(struct outage *outage, int64_t now_us, bool up)
{
	*outage = (struct outage){ .seen_us = now_us, .up = up };
}

/* Of the time since seen_us: down until it came up, or from when it went down. Of a line that came
 * and went in between, only the newest change is known. */
static int64_t down_between(const struct outage *outage, int64_t now_us, bool up, int64_t since_us)
{
	if (since_us < outage->seen_us)
		since_us = outage->seen_us;
	if (since_us > now_us)
		since_us = now_us;
	if (up)
		return outage->up ? 0 : since_us - outage->seen_us;
	return outage->up ? now_us - since_us : now_us - outage->seen_us;
}

void outage_look(struct outage *outage, int64_t now_us, bool up, int64_t since_us)
{
	if (now_us - outage->seen_us <= OUTAGE_GAP_US)
		outage->down_us += down_between(outage, now_us, up, since_us);
	outage->seen_us = now_us;
	outage->up = up;
}

uint32_t outage_take(struct outage *outage)
{
	uint32_t minutes = (uint32_t)(outage->down_us / MINUTE_US);
	outage->down_us %= MINUTE_US;
	return minutes;
}

void outage_give_back(struct outage *outage, uint32_t minutes)
{
	outage->down_us += minutes * MINUTE_US;
}
