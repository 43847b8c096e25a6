/* How far the mirror is, as PostgreSQL and the province tell it: no third party is asked. */
#pragma once

#include "common/base/err.h"
#include "mirror/mirror_config.h"

#include <stdbool.h>

/** Print it. *@ret_well: it is no more than @lag_max positions behind. -errno: one of both does not
 * answer. */
int mirror_status(const struct mirror_config *config, long long lag_max, bool *ret_well,
		  struct err *err);
