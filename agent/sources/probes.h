/* What this machine tells of itself: levels, each under a name that a catalogue may have.
 *
 *   office.uptime_minutes   since it was started
 *   office.disk_free_mib    where the agent keeps its figures, free for it
 *   office.memory_free_mib  that programs can have
 *   office.load             runnable processes, mean of a minute
 */
#pragma once

#include "common/base/decimal.h"
#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct probe_value { /* 1.25 is 125 with 2 decimals */
	int64_t value_e;
	unsigned decimals;
};

struct probe {
	const char *metric;
	const char *file; /* NULL: the file system of @folder below */
	/** What @text, the file, says. -EINVAL when it is not as expected. Pure. */
	int (*read)(const char *text, struct probe_value *ret_value);
};
extern const struct probe probes[]; /* ends with one without a name */

/** Look now; @folder is the agent's. Brief: these files are the kernel's. -ENOENT and the like. */
int probe_now(const struct probe *probe, const char *folder, struct probe_value *ret_value,
	      struct err *err);

/** As text with at most @decimals, cut off, not rounded: 1.99 GiB free are not 2. */
void probe_format(const struct probe_value *value, unsigned decimals, char text[DECIMAL_TEXT_MAX]);
