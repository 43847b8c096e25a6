/* Both sides compared: what the province answers for each metric, office and period, and what
 * PostgreSQL's function lantoa.figures() does. Neither shares code with the other. */
#pragma once

#include "common/base/err.h"
#include "mirror/mirror_config.h"

#include <stdint.h>

struct mirror_verified {
	int64_t figures;     /* that were compared */
	int64_t differences; /* each printed, up to some */
	int64_t position;    /* at which both were */
};

/** -errno: they could not be compared, e.g. because the mirror is behind for too long (-EBUSY). */
int mirror_verify(const struct mirror_config *config, struct mirror_verified *ret_verified,
		  struct err *err);
