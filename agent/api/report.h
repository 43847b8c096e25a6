/* The spool told as JSON and CSV, for the API and for commands without a running agent. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "spool/spool.h"

#include <jansson.h>
#include <stdint.h>

/** {"batches": [...], "refusals": [...]}; at most the oldest 10,000 batches, "more" says so. */
int report_spool(struct spool *spool, struct blob *out, struct err *err);
/** What the province holds back, newest first: [{"batch", "metric", "labels", "observations",
 * "reason"}, ...] of @most rows at most; the caller owns it. */
int report_refusals(struct spool *spool, unsigned most, json_t **ret_refusals, struct err *err);
/** {"ok": true}, or as spool_verify(). */
int report_verify(struct spool *spool, struct blob *out, struct err *err);
/** CSV of all current values (metric,period,value,labels), as import reads it; an empty value is a
 * withdrawn one. */
int report_export(struct spool *spool, struct blob *out, struct err *err);

/* Parts of such answers. */

/** An instant as text; null for 0. */
json_t *report_instant(int64_t at_us);
/** A JSON text that is always one: what is not printable in @text, of a disk of an earlier version
 * or a damaged one, becomes '?'. NULL is "". NULL: out of memory, and nothing else. */
json_t *report_text(const char *text);
/** What was said in English, by the province or another thread, in its reader's language: as
 * report_text(). */
json_t *report_told(const char *text);
/** Append @root as text; it is released. NULL is -ENOMEM. */
int report_dump(json_t *root, struct blob *out, struct err *err);
