/* A total walked down to what offices sent: which offices give what to it, by which entries of the
 * journal, and which acts touched it. Runs on a read-only connection, off the loop. */
#pragma once

#include "query/query.h"

#define EXPLAIN_OFFICES_USUAL 100u  /* told at once, where nothing else is asked for */
#define EXPLAIN_OFFICES_MAX   2000u /* of one answer */
#define EXPLAIN_WHOLE_MAX     10u /* up to so many offices, their entries are told without asking */

struct explain_form {
	const char *office; /* a code: of that office alone, with its entries; NULL: of all */
	const char *after;  /* a code: of the offices behind it; NULL: from the first one on */
	unsigned most;      /* offices; 0: the usual number */
};

/**
 * Of one period (query->from, which is query->to; NULL: the one under way), with name, area,
 * labels, calendar, structure, known and known_us of @query; by is NULL, and the grain is the
 * period's.
 *
 * Rows, each with the column part:
 * - total: what query_run() answers to the question, by the same code: its rows, the last one
 *   (rule 5.6) too: metric (the name asked for), area, area_name, valid_from, period, value,
 *   reason, the counts, state, and in the first one how: in words, how it adds up, or the formula
 *   with the operands in it;
 * - operand: of an indicator, the same of each operand in turn;
 * - office, behind its operand's: what each office gives to one of these rows, ascending by code:
 *   metric, area, area_name, valid_from (its unit then, rule 5.2), into and into_from (area and
 *   valid_from of the row it counts in; null: the last one), office, name, value (its series
 *   combined, rule 5.3; null: it gives none), its counts, and state in one word: on time, late,
 *   partly, carried, excused, missing, held, extra, not due. The rows' values are those of their
 *   offices, combined by area_agg. With reason, where something waits of which there is no entry
 *   below, as it was declared otherwise than the catalogue has it;
 * - entry, behind its office's: what came of its figures in the period, in the journal's order:
 *   area to into_from (where it counts, or would), office, name, labels, period (its own), and the
 *   columns of revisions_run(), but change also "carried": it is of a period before, and stands for
 *   a missing one; counted: it is what the value above is made of, and value what it gives;
 * - act: of the ledger, newest first: what was done that may have touched it (event, act, event_at,
 *   who, shown_name, and detail, which row of what became what): moves and excuses of the offices,
 *   closings of the period and, since the first of the entries came, imports of the metric, the
 *   indicator and the units that are named.
 *
 * Entries, and the offices' and units' acts, are told of an answer of at most EXPLAIN_WHOLE_MAX
 * offices. Head objects: "query" as query_run() has it; "explain": offices (how many give
 * anything), shown, entries (yes or no), and next: the code to go on after, where not all are
 * shown.
 *
 * Runs inside the caller's read transaction. Errors as of query_run(), and -EINVAL: more than one
 * period, or rows by something; -ENOENT: no such office, or it gives nothing to it; -E2BIG: more
 * than REVISIONS_MAX entries.
 */
int explain_run(sqlite3 *db, const struct reference *now, const struct query *query,
		const struct explain_form *form, struct table **ret_answer, struct err *err);
