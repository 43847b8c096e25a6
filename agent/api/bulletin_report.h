/* What the province told this office about itself, as JSON for status. */
#pragma once

#include "office/bulletin.h"

#include <jansson.h>

/**
 * {"unit", "unit_name", "level", "closed": [{"period", "calendar", "metric", "since"}, ...],
 *  "waiting_more", "released": [{"figures", "at", "reason"}, ...]}; null when nothing was told.
 * Closed is the newest first, and so is released, in which what was let in at once for one reason
 * is one row. NULL: out of memory.
 */
json_t *bulletin_json(const struct bulletin *told);
