/* What time it truly is on a machine whose clock may be wrong: after a power cut with a dead
 * battery it starts in 1970, or where systemd had left it days ago.
 *
 * The true time is told by an anchor: the instant at which the machine was started. From there the
 * clock that nobody can set (CLOCK_BOOTTIME) goes on; the wall clock is heard as a witness only,
 * and believed when somebody vouches for it. Witnesses, from weak to strong:
 *
 *   BATTERY   the hardware clock agrees with the wall clock, and neither is before the floor, so a
 *             battery has kept it while the power was off
 *   PROVINCE  the province told its time over the authenticated line. Where the wall clock agrees,
 *             the wall clock is meant, so that minutes are those that people see
 *   KERNEL    the kernel says that its clock is synchronised
 *
 * A witness moves the anchor of its equals and of weaker ones. So a step that nobody vouches for,
 * forwards or backwards, moves nothing; and the kernel, which calls its clock unsynchronised after
 * nine hours without a server, need not repeat itself. With the next start of the machine all is
 * forgotten. A pure core: readings come in, nothing is asked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum clock_witness { CLOCK_NOBODY, CLOCK_BATTERY, CLOCK_PROVINCE, CLOCK_KERNEL };

struct clock_reading {      /* all of one moment */
	int64_t wall_us;    /* UTC microseconds since 1970, as CLOCK_REALTIME has it */
	int64_t boot_us;    /* since the machine was started, sleep included */
	int64_t battery_us; /* as wall_us, by the hardware clock; 0: not asked, or there is none */
	bool synchronised;  /* the kernel says so */
};

struct clock_core {
	enum clock_witness witness; /* NOBODY: the true time is not known */
	int64_t start_us;           /* the anchor: the true time was this when boot_us was 0 */
	int64_t floor_us;           /* it was certainly later than this already */
};

/* No clock is right that shows a day before this was written, 2025-06-01. What the office heard of
 * the province last is a sharper floor. */
#define CLOCK_FLOOR_US INT64_C(1748736000000000)
/* Nor one that shows a day which no period can name: 2101-01-01, the day after DAY_MAX. */
#define CLOCK_CEILING_US INT64_C(4133980800000000)

/** Can @at_us be now? Asked of every time that a peer tells or a disk gives back, before anybody
 * counts with it: sums of instants that are possible fit into 64 bits. */
bool clock_possible(int64_t at_us);

/** The anchor after @reading. */
struct clock_core clock_step(struct clock_core core, const struct clock_reading *reading);
/** The anchor after the province has told @province_us at the moment of @reading; what is not
 * possible moves nothing. */
struct clock_core clock_step_told(struct clock_core core, const struct clock_reading *reading,
				  int64_t province_us);
/** Would the hardware clock have something to say? Asking it takes milliseconds. */
bool clock_wants_battery(const struct clock_core *core, const struct clock_reading *reading);
