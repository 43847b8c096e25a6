/* Prometheus' text format 0.0.4, which `promtool check metrics` reads: families of samples, each
 * with HELP and TYPE before it and without a timestamp.
 *
 * Names are the caller's, and literals: lower case, a unit at the end, _total on counters alone.
 * Label values may be anything that people or offices wrote: they are made printable UTF-8, and
 * backslash, quote and line feed are escaped. */
#pragma once

#include "common/base/blob.h"
#include "common/base/histogram.h"

#include <stddef.h>
#include <stdint.h>

#define EXPOSITION_TYPE       "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_LABELS_MAX 4u

struct exposition {
	struct blob *out; /* lent */
	const char *name; /* of the family at hand */
	int rc;           /* the first failure, -ENOMEM; nothing is written behind it */
};

struct sample_label {
	const char *name, *value;
};

/** A family begins: @kind is counter, gauge or histogram, @help one line of English. */
void exposition_begin(struct exposition *to, const char *name, const char *kind, const char *help);
/** A sample of it; @labels [n]. */
void exposition_int(struct exposition *to, const struct sample_label labels[], size_t n,
		    int64_t value);
/** The same of a number as it is written: "8.592". */
void exposition_number(struct exposition *to, const struct sample_label labels[], size_t n,
		       const char *digits);
/** The same in seconds. */
void exposition_seconds(struct exposition *to, const struct sample_label labels[], size_t n,
			int64_t us);
/** All samples of a histogram, in seconds, without labels of its own. */
void exposition_histogram(struct exposition *to, const struct histogram *histogram);
