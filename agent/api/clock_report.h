/* The clock in JSON, for the API and for commands without a running agent: what it knows and which
 * figures wait for it; and the orders of people who know when those came. Call it where the spool
 * may be used. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "spool/spool.h"

#include <jansson.h>
#include <stddef.h>

/** {"witness", "words", "ahead_s"}; NULL: out of memory. */
json_t *clock_json(enum clock_witness witness, int64_t ahead_us);
/** The same, and {"known", "now", "starts": [{"start", "boot", "running", "figures",
 * "first_s", "last_s", "metrics", "reason"}]}; now is null while nobody knows it. */
int clock_report(struct spool *spool, struct blob *out, struct err *err);

/**
 * Do what the JSON @request says: {"start": N, "started": "2025-06-30T07:40" or a day} dates the
 * figures of a start, {"start": N, "drop": true} gives them up. Appends {"dated", "superseded",
 * "left", "dropped"} to @out. -EINVAL for anything else; else as spool_assign().
 */
int clock_carry_out(struct spool *spool, const void *request, size_t len, struct blob *out,
		    struct err *err);
