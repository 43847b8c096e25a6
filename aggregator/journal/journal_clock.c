#include "journal/journal_clock.h"
#include "common/model/civil.h"

int journal_clock_open(sqlite3 *db, struct journal_clock *ret_clock, struct err *err)
{
	struct journal_clock clock = { .wall_us = civil_now_us, .vouched = civil_vouched };
	int rc = db_number(db,
			   "SELECT coalesce((SELECT received_us FROM journal WHERE id ="
			   " (SELECT max(id) FROM journal)), 0)",
			   &clock.newest_us, err);
	if (rc == 0)
		*ret_clock = clock;
	return rc;
}

int64_t journal_clock_now_us(const struct journal_clock *clock)
{
	int64_t wall_us = clock->wall_us();
	return wall_us >= clock->newest_us || clock->vouched() ? wall_us : clock->newest_us;
}

int64_t journal_clock_behind_us(const struct journal_clock *clock)
{
	int64_t behind_us = clock->newest_us - clock->wall_us();
	return behind_us < JOURNAL_CLOCK_BEHIND_US || clock->vouched() ? 0 : behind_us;
}

int64_t journal_clock_told_us(const struct journal_clock *clock)
{
	return journal_clock_behind_us(clock) > 0 ? 0 : clock->wall_us();
}
