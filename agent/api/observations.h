/* Entries as JSON, both ways:
 *
 *   {"observations": [{"metric": "team.count", "value": "7", "period": "2025-06",
 *                      "labels": {"topic": "..."}, "add": true, "author": "hoa",
 *                      "note": "two of them since May"}, ...]}
 *
 * value is a string of digits, a number, which is taken as it is written, never rounded, or null,
 * which withdraws; period, labels, add, author and note may be left out (common/model/entry.h). */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/entry.h"

#include <stddef.h>

#define OBSERVATIONS_MAX 20000u /* in one request */

struct observations; /* owns the texts of its entries */

/**
 * -EINVAL with which observation and what is wrong; -E2BIG over OBSERVATIONS_MAX, or over as many
 * values as these can have; -ENOMEM. What it may cost is bounded by @len and by that: 34 MiB at
 * most, for 4 MiB of JSON.
 */
int observations_parse(const char *json, size_t len, struct observations **ret_observations,
		       struct err *err);
const struct entry *observations_entries(const struct observations *observations, size_t *ret_n);
/** Bytes that it takes. */
size_t observations_size(const struct observations *observations);
void observations_close(struct observations *observations); /* NULL is fine */

/** Append the JSON of @entries[@n]. -ENOMEM. */
int observations_format(const struct entry entries[], size_t n, struct blob *out, struct err *err);
