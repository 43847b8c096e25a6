/* How many minutes the line to the province was down: looked at each minute, to the microsecond in
 * between. Pure; all times are of a clock that nobody sets and that goes on while the machine
 * sleeps (civil_boot_us()). Time during which nobody looked for longer than OUTAGE_GAP_US, because
 * the agent or the machine stood still, is not known, and not counted. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define OUTAGE_GAP_US INT64_C(150000000)

struct outage {
	int64_t seen_us; /* up to when it is accounted for */
	int64_t down_us; /* what was not taken yet */
	bool up;         /* as it was at seen_us */
};

/** Begin at @now_us. */
void outage_begin(struct outage *outage, int64_t now_us, bool up);
/** Now the line is @up or not, since @since_us. */
void outage_look(struct outage *outage, int64_t now_us, bool up, int64_t since_us);
/** The full minutes down that were not taken yet; what is less stays for the next time. */
uint32_t outage_take(struct outage *outage);
/** What was taken could not be kept: it is there again. */
void outage_give_back(struct outage *outage, uint32_t minutes);
