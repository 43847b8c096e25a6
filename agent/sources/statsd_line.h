/* One line of the StatsD protocol (github.com/statsd/statsd, docs/metric_types.md) with tags as
 * DogStatsD writes them, taken apart:
 *
 *   dossiers.received:3|c                    a counter: 3 more
 *   dossiers.received:1|c|@0.1               of which one in ten was sent: 10 more
 *   office.queue_length:12|g                 a gauge: it is 12 now
 *   office.queue_length:-2|g                 with a sign: 2 fewer than it was
 *   dossiers.received:1|c|#sector:land,app:VNeID
 *
 * Pure: what it holds is judged elsewhere (entry.h). */
#pragma once

#include "common/base/decimal.h"
#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/entry.h"
#include "common/model/labels.h"

#include <stdbool.h>
#include <stddef.h>

struct statsd_line {
	char metric[METRIC_NAME_MAX + 1];
	char value[DECIMAL_TEXT_MAX];
	char labels[LABELS_TEXT_MAX]; /* canonical */
	bool counter;                 /* else a gauge */
	bool change;                  /* of a gauge, relative to what it was */
};

/**
 * @line[@len] without its line end. -EINVAL with a sentence: no such line; a timer, histogram, set,
 * event or another type that has no figure of a period; a sample rate that is not above 0 and at
 * most 1, or that gives no exact number (to 6 decimals); a tag without a value; a timestamp.
 */
int statsd_line_parse(const char *line, size_t len, struct statsd_line *ret_line, struct err *err);

/** The same as an entry for the current period, whose texts are @line's. */
struct entry statsd_line_entry(const struct statsd_line *line);
