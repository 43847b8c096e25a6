/* A store of years: offices o0, o1, ... in communes of aggregator/data/tien-giang, which each send
 * a batch of the 46 daily metrics m0, m1, ... day by day from 2020 on, or of so many monthly ones
 * month by month, without fsync, through the ledger. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define FILLING_OFFICES_MAX 11000
#define FILLING_PAGE_BYTES  4096u

struct filling {          /* what a child is to do */
	const char *path; /* of the store */
	/* until either is reached: of the file, and of observations; 0: never */
	unsigned megabytes;
	uint64_t observations;
	unsigned offices;
	bool monthly;
	bool keys;          /* each office has one */
	unsigned log_pages; /* 0: begin, with the reference data, and end in order; else add days
			       until the log is of so many, and die */
	int32_t next_day;   /* that has no figures yet */
};

struct filled {
	int32_t first_day, next_day;
	uint64_t observations, took_us, log_bytes;
};

/** For measure(). What fails ends the process. */
int filling_fill(const void *input, void *ret_result, struct err *err);
/** Length of the file that is called @path and @end; 0: there is none. */
uint64_t filling_bytes(const char *path, const char *end);
