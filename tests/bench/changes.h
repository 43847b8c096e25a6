/* What a change of reference data costs: by what changed (ledger_follow), and as if all had
 * (ledger_follow_whole). */
#pragma once

#include "support/testbed.h"

struct changes_input {
	struct testbed *testbed; /* filled; the same afterwards */
	const char *catalogue;   /* as it was imported */
	const char *units;       /* likewise */
	const char *office;      /* one that moves, */
	const char *unit;        /* to here, */
	int32_t moves_on;        /* on this day */
	int runs;
	double (*now_s)(void);
};

/** Make each change in steps: how many there are, how long the longest and all of them take, the
 * commits included. */
void changes_measure_steps(const struct changes_input *input);
/** Make each change in a transaction that is rolled back, and print medians of both ways in
 * milliseconds, and how many offices' days were touched. */
void changes_measure(const struct changes_input *input);
