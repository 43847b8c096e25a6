/* What the offices of a benchmark send: made-up figures, the catalogue they are of, and every batch
 * sealed beforehand, so that a run measures the province and not the making of its input.
 *
 * Series 0, 2, 4, ... are flows (added over time), 1, 3, 5, ... stocks (the last one counts); each
 * is a metric of its own, reported every minute. A figure is a function of where and when, so every
 * run of a shape sends the same bytes. */
#pragma once

#include "blob.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_OFFICES_MAX 2000u
#define LOAD_SERIES_MAX  80u /* a day batch of more would be over the wire's limits */
#define LOAD_DAYS_MAX    30u /* all of them in LOAD_MONTH */
#define LOAD_MONTH       "2025-06"
#define LOAD_FIRST_DAY   "2025-06-01"

struct load_shape {
	unsigned offices, series, days;
	unsigned minutes; /* in a batch; 1440 is a multiple of it */
};

struct sealed {         /* a Batch frame, packed */
	uint8_t *frame; /* owned */
	uint32_t len, payload_len;
	bool chained; /* its last field is the digest of the batch before; else it is the payload */
};

struct load {
	struct load_shape shape;
	struct blob catalogue; /* CSV, NUL after it */
	unsigned steps;        /* batches of each office */
	struct sealed
		*batches; /* owned [steps * offices]: step by step, in each office by office */
	uint64_t observations, bytes; /* in all, of frames */
	int32_t first_day;
};

int load_open(const struct load_shape *shape, struct load **ret_load, struct err *err);
void load_close(struct load *load); /* NULL is fine */

static inline size_t load_batches(const struct load *load)
{
	return (size_t)load->steps * load->shape.offices;
}

/** The batch that @office (0 ...) sends as its @step-th (0 ...; its sequence number is one more).
 */
const struct sealed *load_batch(const struct load *load, unsigned step, unsigned office);
const uint8_t *sealed_payload(const struct sealed *sealed);

uint64_t load_spool_id(unsigned office);
/** The figure of a minute; @minute counts from the load's first day. */
int64_t load_value(unsigned office, unsigned series, unsigned minute);
#define LOAD_NAME_MAX 32u
/** Name of a series' metric. Returns @text. */
const char *load_metric(unsigned series, char text[LOAD_NAME_MAX]);
/** What the whole province must show for a series at the end: the sum of a flow over all offices
 * and minutes, or of a stock's last minute over all offices. */
int64_t load_total(const struct load *load, unsigned series);
