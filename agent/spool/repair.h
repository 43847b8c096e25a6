/* What can still be read of a damaged spool, brought into the one that was begun anew. */
#pragma once

#include "common/base/err.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stdint.h>

struct spool_repaired {
	uint64_t read;    /* values that could be read: current ones, and those of batches */
	uint64_t taken;   /* of these, what the spool did not have: it is sent again */
	uint64_t undated; /* figures that wait for the time */
	uint64_t lost_series, lost_days, lost_batches; /* what could not be read */
};

/**
 * Take what @damaged (a file that spool_open() set aside) still holds into @spool: every current
 * value, and every batch, wherever pages can be read; the newest value of a figure by its batch.
 * What
 * @spool has of a figure is newer and stays. All of it waits to be sent: values are absolute, so
 * the province counts none twice. @damaged is only read.
 *
 * @dry  change nothing, but count exactly the same
 *
 * -ENOENT: no such file; -EUCLEAN: nothing in it can be read; -ENOSPC: it does not fit the spool's
 * bound. On error @spool is as before.
 */
int spool_repair(struct spool *spool, const char *damaged, bool dry,
		 struct spool_repaired *ret_repaired, struct err *err);
