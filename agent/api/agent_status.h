/* All that 'lantoa-agent status' tells. It is gathered in one struct, which is judged to a headline
 * and written as JSON. */
#pragma once

#include "api/health.h"
#include "common/base/blob.h"
#include "common/base/err.h"
#include "office/bulletin.h"
#include "office/settings.h"
#include "record/input.h"
#include "spool/spool.h"
#include "uplink/uplink.h"

#include <jansson.h>
#include <stdint.h>

struct agent_status { /* texts are borrowed; NULL: not known */
	const char *office, *office_name, *address;
	bool hosted;                    /* one of several on this machine */
	int64_t since_us;               /* when the agent started, on civil_boot_us()'s clock */
	const struct uplink_look *look; /* NULL: no agent is running */
	const struct reload_outcome *reload; /* NULL likewise */
	struct input_look inputs[INPUTS_MAX];
	size_t n_inputs;
	uint64_t catalogue_version; /* 0: there is none */
	size_t metrics;
	struct spool_status spool;
	const struct bulletin *told; /* NULL: nothing was */
	bool news;                   /* nobody read a message yet; where @told is not at hand */
};

#define AGENT_STATUS_REFUSALS 5u /* the newest reasons; spool list has more */

/** Judge @status; spool.waiting_* and unsealed do not matter, so spool_room() will do. */
struct health agent_status_health(const struct agent_status *status);

/**
 * As JSON, in the language of the thread:
 *
 *   {"at", "well", "headline", "conditions": [{"name", "severity", "sentence"}, ...], "version",
 *    "running_since", "office", "office_name", "address", "catalogue", "metrics", "uplink": {...},
 *    "inputs": [...], "reload": {...}, "spool": {...}, "clock": {...},
 *    "ledger": {"head", "day", "days"}, "refusals": [...], "standing": {...}}
 *
 * @refusals  array of report_refusals(); taken over, may be NULL
 */
int agent_status_json(const struct agent_status *status, json_t *refusals, struct blob *out,
		      struct err *err);
