#include "journal/journal_clock.h"
#include "common/model/civil.h"

int book_clock_open(sqlite3 *db, struct book_clock *ret_clock, struct err *err)
{
	struct book_clock clock = { .wall_us = civil_now_us, .vouched = civil_vouched };
	int rc = db_number(db,
			   "SELECT coalesce((SELECT received_us FROM journal WHERE id ="
			   " (SELECT max(id) FROM journal)), 0)",
			   &clock.newest_us, err);
	if (rc == 0)
		*ret_clock = clock;
	return rc;
}

int64_t book_clock_now_us(const struct book_clock *clock)
{
	int64_t wall_us = clock->wall_us();
	return wall_us >= clock->newest_us || clock->vouched() ? wall_us : clock->newest_us;
}

int64_t book_clock_behind_us(const struct book_clock *clock)
{
	int64_t behind_us = clock->newest_us - clock->wall_us();
	return behind_us < BOOK_CLOCK_BEHIND_US || clock->vouched() ? 0 : behind_us;
}

int64_t book_clock_told_us(const struct book_clock *clock)
{
	return book_clock_behind_us(clock) > 0 ? 0 : clock->wall_us();
}
