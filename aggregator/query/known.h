/* Rule 5.9: by which units, offices, catalogue and indicators a question is answered. */
#pragma once

#include "query/plan.h"
#include "registry/reference_at.h"

/** Those of the instant that @query is about; @now are the present ones. -EINVAL: the instant
 * cannot be read, or nothing was imported by then. */
int known_reference(sqlite3 *db, const struct reference *now, const struct query *query,
		    struct reference_then *ret_then, struct err *err);
/** What is closed, as closings_list() tells it, at the instant that @query is about. Errors as
 * above.
 */
int closed_run(sqlite3 *db, const struct reference *now, const struct query *query,
	       struct table **ret_table, struct err *err);
/** Who is excused, as excuses_list() tells it, at that instant. Errors as above; -ENOENT: no office
 * @office (NULL: of all). */
int excuses_run(sqlite3 *db, const struct reference *now, const struct query *query,
		const char *office, struct table **ret_table, struct err *err);
/** Into the head of the answer, where they are not of the instant itself but of a later one. */
void known_head(const struct reference_then *then, struct table *table);
