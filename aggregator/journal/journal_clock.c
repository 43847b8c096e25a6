#include "journal/journal_clock.h"
#include "common/model/civil.h"
#include "schema/chain.h"

int journal_clock_open(sqlite3 *db, struct journal_clock *ret_clock, struct err *err)
{
	struct journal_clock clock = { .wall_us = civil_now_us, .vouched = civil_vouched };
	struct ledger_head head;
	int rc = ledger_head(db, &head, err);
	if (rc < 0)
		return rc;
	clock.newest_us = ledger_newest_us(&head);
	*ret_clock = clock;
	return 0;
}

int64_t journal_clock_now_us(const struct journal_clock *clock)
{
	return ledger_believed_us(clock->newest_us, clock->wall_us(), clock->vouched);
}

int64_t journal_clock_behind_us(const struct journal_clock *clock)
{
	int64_t behind_us = clock->newest_us - clock->wall_us();
	return behind_us < JOURNAL_CLOCK_BEHIND_US || clock->vouched() ? 0 : behind_us;
}

int64_t journal_clock_ahead_us(const struct journal_clock *clock)
{
	int64_t jump_us = ledger_jump_us(clock->newest_us, clock->wall_us());
	return jump_us > 0 && !clock->vouched() ? jump_us : 0;
}

int64_t journal_clock_told_us(const struct journal_clock *clock)
{
	bool doubtful = journal_clock_behind_us(clock) > 0 || journal_clock_ahead_us(clock) > 0;
	return doubtful ? 0 : clock->wall_us();
}
