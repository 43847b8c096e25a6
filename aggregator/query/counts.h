/* I6, rule 5.5: reports, counted in pairs of an office and an own period of the metric: what stands
 * beside every figure. */
#pragma once

#include "common/text/table.h"

#include <stdint.h>

#define PERCENT_OF_REPORTS_DECIMALS 1u

struct counts {
	int64_t observations, due, reported, on_time, carried, extra, revisions;
	int64_t excused;  /* due, neither reported nor carried, and an act excuses it */
	int64_t forgiven; /* of the reported: not on time, but an act excuses it */
	int64_t waiting;  /* observations in quarantine */
	int64_t offices_due, offices_reported;
};

void counts_add(struct counts *to, const struct counts *from);
int64_t
counts_missing(const struct counts *counts);      /* due, neither reported, carried nor excused */
int64_t counts_late(const struct counts *counts); /* reported, neither on time nor forgiven */
/** How many there are, in the order of the columns observations to extra. */
void counts_put(struct table *table, const struct counts *counts);
/** Of the reports that were due, how many were reported, in percent, rounded half to even; null
 * where none was due. Of reports, not of offices. */
void counts_put_percent(struct table *table, const struct counts *counts);
