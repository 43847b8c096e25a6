#include "clock/clock_core.h"

#define AGREES_US INT64_C(60000000) /* of two clocks: the line's delay, and a battery's drift */
#define STEP_US   INT64_C(2000000)  /* wall and boot clock run alike, but for leap seconds */

static bool within(int64_t a_us, int64_t b_us, int64_t limit_us)
{
	return a_us - b_us <= limit_us && b_us - a_us <= limit_us;
}

bool clock_possible(int64_t at_us)
{
	return at_us > CLOCK_FLOOR_US && at_us < CLOCK_CEILING_US;
}

static struct clock_core anchored(struct clock_core core, enum clock_witness witness,
				  int64_t start_us)
{
	if (witness < core.witness)
		return core;
	core.witness = witness;
	core.start_us = start_us;
	return core;
}

static bool battery_kept_it(const struct clock_core *core, const struct clock_reading *reading)
{
	return reading->battery_us > core->floor_us && reading->wall_us > core->floor_us &&
	       within(reading->battery_us, reading->wall_us, AGREES_US);
}

struct clock_core clock_step(struct clock_core core, const struct clock_reading *reading)
{
	int64_t start_us = reading->wall_us - reading->boot_us;
	/* The kernel is believed even below the floor of the last ack: it is the province's clock
	 * that may have been ahead then, and it would be held against every clock from there on. */
	if (reading->synchronised && reading->wall_us > CLOCK_FLOOR_US)
		return anchored(core, CLOCK_KERNEL, start_us);
	return battery_kept_it(&core, reading) ? anchored(core, CLOCK_BATTERY, start_us) : core;
}

struct clock_core clock_step_told(struct clock_core core, const struct clock_reading *reading,
				  int64_t province_us)
{
	if (!clock_possible(province_us))
		return core;
	int64_t true_us =
		within(province_us, reading->wall_us, AGREES_US) ? reading->wall_us : province_us;
	return anchored(core, CLOCK_PROVINCE, true_us - reading->boot_us);
}

bool clock_wants_battery(const struct clock_core *core, const struct clock_reading *reading)
{
	return core->witness < CLOCK_BATTERY ||
	       (core->witness == CLOCK_BATTERY &&
		!within(core->start_us + reading->boot_us, reading->wall_us, STEP_US));
}
