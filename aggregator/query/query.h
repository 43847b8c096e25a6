/* Questions to the rollups: a metric or indicator, by place and period, each figure with what is
 * missing beside it. Runs on a read-only connection, off the loop. */
#pragma once

#include "db.h"
#include "err.h"
#include "reference.h"
#include "table.h"

struct query {            /* texts as asked; NULL: the default */
	const char *name; /* of a metric or indicator; must be there */
	const char
		*area;  /* a unit's code; default: the root unit in force at the end of the range */
	const char *by; /* a level of units, or "office"; default: the area as one row */
	const char *per; /* a grain; default: the metric's own period */
	const char *from,
		*to; /* period labels of any grain, both included; default: what holds today */
	const char *labels;   /* canonical; default: all, added up */
	const char *calendar; /* civil or report; default: the metric's own */
};

/**
 * Answer as a table with head object "query" (the query as understood) and columns area, name,
 * valid_from, period, value, reason, observations, due, reported, on_time, carried, missing, extra,
 * offices_due, offices_reported, revisions; for an indicator also operands, target.
 *
 * Runs inside the caller's read transaction. -EINVAL: one sentence on what is wrong with the
 * question; -EINTR: took too long.
 */
int query_run(sqlite3 *db, const struct reference *reference, const struct query *query,
	      struct table **ret_answer, struct err *err);

/** Who was due and did not report: rows of period, area, office, name. Same arguments; name must be
 * a metric. */
int completeness_run(sqlite3 *db, const struct reference *reference, const struct query *query,
		     struct table **ret_answer, struct err *err);
