/* The spool and the uplink told as JSON, for the API and for commands without a running agent. */
#pragma once

#include "blob.h"
#include "err.h"
#include "inputs.h"
#include "spool.h"
#include "uplink.h"

#include <stdint.h>

struct report_about { /* what status tells beside the spool; texts borrowed, may be NULL */
	const char *office, *office_name, *address;
	const struct uplink_look *look; /* NULL: no agent is running */
	int64_t since_us;               /* when the agent started, on civil_boot_us()'s clock */
	struct input_look inputs[INPUTS_MAX];
	size_t n_inputs;
	uint64_t catalogue_version;
	size_t metrics;
};

/** {"office", ..., "uplink": {...}, "spool": {...}} */
int report_status(const struct report_about *about, const struct spool_status *status,
		  struct blob *out, struct err *err);
/** {"batches": [...], "refusals": [...]}; at most the oldest 10,000 batches, "more" says so. */
int report_spool(struct spool *spool, struct blob *out, struct err *err);
/** CSV of all current values (metric,period,value,labels), as import reads it; an empty value is a
 * withdrawn one. */
int report_export(struct spool *spool, struct blob *out, struct err *err);
