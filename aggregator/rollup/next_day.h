/* A day's next pages made from the journal alone, whatever stands in its pages (next.h). Costs what
 * playing the whole day does. */
#pragma once

#include "registry/reference.h"
#include "rollup/derive.h"

#include <stdint.h>

/** The pages of @day are next what its journal comes to by @reference. @on_bad: derive_open()'s. */
int next_anew(sqlite3 *db, const struct reference *reference, int32_t day, derive_on_bad *on_bad,
	      void *context, struct err *err);
