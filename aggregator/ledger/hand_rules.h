/* The rules of the province (common/model/rule_judging.h) for what an operator records for an
 * office, beside what stands of it. */
#pragma once

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/model/observation.h"
#include "common/sys/db.h"
#include "registry/reference.h"

#include <stddef.h>
#include <stdint.h>

/** @ret_warnings[@n]: the sentence of a rule that warns and does not hold, in @texts; NULL: none.
 * -EINVAL, with the sentence, where one that refuses does not hold; -ENOMEM; -EUCLEAN: what stands
 * cannot be read. */
int hand_rules(sqlite3 *db, const struct reference *reference, int64_t office,
	       const struct observation list[], size_t n, struct arena *texts,
	       const char *ret_warnings[], struct err *err);
