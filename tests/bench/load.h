/* What the offices of a benchmark send: made-up figures, the catalogue they are of, and every batch
 * sealed beforehand, so that a run measures the province and not the making of its input.
 *
 * Series 0, 2, 4, ... are flows (added over time), 1, 3, 5, ... stocks (the last one counts); each
 * is a metric of its own, reported every minute, or once for the month. A figure is a function of
 * where and when, so every run of a shape sends the same bytes.
 *
 * Corrections: after all else each office sends a tenth of its figures once more, each with another
 * value, in as many batches again; every batch holds minutes from all over its day. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_OFFICES_MAX       11000u /* about as many as Vietnam has communes */
#define LOAD_SERIES_MAX        80u    /* a day batch of more would be over the wire's limits */
#define LOAD_DAYS_MAX          30u    /* all of them in LOAD_MONTH */
#define LOAD_MONTH             "2025-06"
#define LOAD_FIRST_DAY         "2025-06-01"
#define LOAD_MONTH_BEFORE_DAYS 31

struct load_shape {
	unsigned offices, series, days;
	unsigned minutes; /* in a batch; 1440 is a multiple of it */
	bool monthly;     /* a figure for the month instead, after one for the month before that is
			     not measured; days and minutes are 1 */
	unsigned steps;   /* not 0: this many batches of each office, after one that declares the
			     series and is not measured */
	bool corrected;   /* only the corrections are measured */
};

struct sealed {         /* a Batch frame, packed */
	uint8_t *frame; /* owned */
	uint32_t len, payload_len;
	bool chained; /* its last field is the digest of the batch before; else it is the payload */
};

struct load {
	struct load_shape shape;
	struct blob catalogue; /* CSV, NUL after it */
	unsigned steps;        /* batches of each office, */
	unsigned first_step;   /* measured from this one on: those before are there already */
	struct sealed
		*batches; /* owned [steps * offices]: step by step, in each office by office */
	uint64_t observations, bytes; /* measured; bytes are those of frames */
	uint64_t before;              /* observations of the steps before */
	int32_t first_day;
};

int load_open(const struct load_shape *shape, struct load **ret_load, struct err *err);
void load_close(struct load *load); /* NULL is fine */

/** All of them; those of the steps from first_step on. */
static inline size_t load_batches(const struct load *load)
{
	return (size_t)load->steps * load->shape.offices;
}
static inline size_t load_measured(const struct load *load)
{
	return (size_t)(load->steps - load->first_step) * load->shape.offices;
}

/** The batch that @office (0 ...) sends as its @step-th (0 ...; its sequence number is one more).
 */
const struct sealed *load_batch(const struct load *load, unsigned step, unsigned office);
const uint8_t *sealed_payload(const struct sealed *sealed);

uint64_t load_spool_id(unsigned office);
/** The first figure of a minute; @minute counts from the load's first day. */
int64_t load_value(unsigned office, unsigned series, unsigned minute);
/** Hand @on_figure what a batch holds, series by series. What it returns,
 * when not 0, ends the walk and is returned. */
int load_each(const struct load *load, unsigned step, unsigned office,
	      int (*on_figure)(void *context, unsigned series, unsigned minute, int64_t value_e),
	      void *context);
#define LOAD_NAME_MAX 32u
/** Name of a series' metric. Returns @text. */
const char *load_metric(unsigned series, char text[LOAD_NAME_MAX]);
/** What the whole province must show for a series at the end: the sum of a flow over all offices
 * and minutes, or of a stock's last minute over all offices. */
int64_t load_total(const struct load *load, unsigned series);
