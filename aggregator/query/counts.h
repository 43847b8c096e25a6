/* I6, rule 5.5: reports, counted in pairs of an office and an own period of the metric: what stands
 * beside every figure. */
#pragma once

#include <stdint.h>

struct counts {
	int64_t observations, due, reported, on_time, carried, extra, revisions;
	int64_t waiting; /* observations in quarantine */
	int64_t offices_due, offices_reported;
};

void counts_add(struct counts *to, const struct counts *from);
int64_t counts_missing(const struct counts *counts); /* due, and neither reported nor carried */
