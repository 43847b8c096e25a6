/* Ranks among the rows of one period. */
#pragma once

#include "query/figures.h"

struct rank {
	int64_t rank; /* 1: the highest; equal values share one, and the next is as many lower; 0:
			 it has no value */
	int64_t of;   /* how many of its level have one */
};

/** @ret [rows->n]: among the units of one level, or all offices; the rest has none. What is shown
 * equal, rounded at @decimals, is equal (rule 5.8). -ENOMEM. */
int rank_all(const struct rows *rows, const struct figure figures[], unsigned decimals,
	     struct rank ret[], struct err *err);
