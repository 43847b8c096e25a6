/* The mirror at work: it follows the ledger of a province and brings it into PostgreSQL, page by
 * page, until it is told to end. It remembers nothing that PostgreSQL does not. */
#pragma once

#include "common/base/err.h"
#include "mirror/mirror_config.h"

#include <stdbool.h>

struct mirror_follow_form {
	const struct mirror_config *config;
	bool once;                 /* end when all of the ledger is there, and at any error */
	bool (*is_over)(void *no); /* asked often; NULL is passed */
};

/** 0: it was ended. -ESTALE: the ledger is not the one whose rows PostgreSQL has; -EPROTO: its
 * tables are of a newer mirror; -EUCLEAN: they do not hold what they must. Nothing of these mends
 * itself; whatever does is waited for, and logged. */
int mirror_follow(const struct mirror_follow_form *form, struct err *err);
