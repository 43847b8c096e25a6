/* Who is there and how much came: an operator's first look. */
#pragma once

#include "api/condition.h"
#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/reference.h"

/** What the database knows of @facts, added to what the loop knows (condition_facts_of());
 * @reference may be NULL: what needs it is not known then. */
int status_facts(sqlite3 *db, const struct reference *reference, struct condition_facts *facts,
		 struct err *err);

/** When the last backup was made; 0: never. */
int status_last_backup(sqlite3 *db, int64_t *ret_at_us, struct err *err);

/** Rows of office, name, unit, key (none, invited, active, revoked), last_contact, last_received,
 * batches, held;
 * head objects "ill", "note" or "well": the sentences of the conditions by their names, each object
 * only when there is one of its gravity; "store": entries, spools;
 * "offices": silent, which have a key and were not heard for more than a day.
 *
 * @facts  what the loop knows (condition_facts_of()); what the database knows is added here */
int status_run(sqlite3 *db, const struct reference *reference, struct condition_facts *facts,
	       struct table **ret_table, struct err *err);
