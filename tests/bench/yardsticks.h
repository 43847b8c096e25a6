/* What the same figures cost where less is promised: the share of each layer, and whether the
 * province is near what its parts can do. Each is for measure(), with a struct yardstick_input. */
#pragma once

#include "bench/load.h"
#include "common/base/err.h"

#include <stdint.h>

struct yardstick_input {
	const struct load *load;
	unsigned group; /* batches in a transaction */
};

struct yardstick_result {
	uint64_t elapsed_us;
	uint64_t cpu_us;     /* of the receiving side, or of the one process there is */
	uint64_t disk_bytes; /* 0: nothing is stored */
};

/** The frames through bare libzmq: as many DEALERs, CURVE, a ROUTER in another process that counts
 * them. Nothing is looked at, stored or acknowledged. */
int yardstick_zmq(const void *input, void *ret_result, struct err *err);
/** A row for every observation in SQLite: no index, WAL, synchronous=FULL. */
int yardstick_rows(const void *input, void *ret_result, struct err *err);
/** The batches through the province's ledger in this process: journal and rollups, no network. */
int yardstick_ledger(const void *input, void *ret_result, struct err *err);
