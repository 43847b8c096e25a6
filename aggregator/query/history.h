/* What was changed of a unit, an office, a metric or an indicator, when and by whom: from the rows
 * that the ledger's events took along. Runs on a read-only connection, off the loop. */
#pragma once

#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/reference.h"

#include <stdint.h>

/* What is wanted of a history alone: what may have touched figures of @metric of these days. */
struct history_touch {
	int32_t first, end; /* days, @end excluded */
	int64_t since_us;   /* of units, successors and editions nothing earlier */
	int64_t until_us;   /* nothing later */
	const struct metric
		*metric; /* of an office's excuses: those of it; NULL: none of an office's */
};

struct history_form {
	const char *name; /* a code of units or of an office, or the name of a metric or indicator:
			     of all that it is or was; or what one unit or office alone is called */
	unsigned most;    /* rows; what an event changed is told whole */
	int64_t before;   /* tell of events before this one; 0: of all */
	const struct history_touch *touch; /* rows of units, successors, moves, closings, excuses
					      and editions alone; NULL: all */
};

/**
 * Newest first, rows of event, at, who, shown_name, act (in the reader's language), what (the
 * event's kind, as stored), record (unit, successor, office, assignment, key, catalogue,
 * indicators, closing, excuse, quarantine), row (which of them), column, was, became (null: there
 * was, or is, nothing; of a text that a disk damaged, that it is), detail (of an event that has no
 * rows to tell, such as those of before events began).
 *
 * Of quarantine, column is held or released, and became how many figures: of an office all
 * together (row: its code), of a metric by office and period (row: both; of hours and minutes, the
 * day).
 *
 * Of an office, among the events in the order of time, which reports it called finished, or not
 * after all: without event, record report, row the period, who the account that said so, at when
 * it came.
 *
 * Head object "history": name, asked (where it was another's name, the one typed), and next, the
 * event to go on before, when there are older ones. -ENOENT with a sentence: nothing ever was
 * called so. Runs inside the caller's read transaction.
 */
int history_run(sqlite3 *db, const struct reference *reference, const struct history_form *form,
		struct table **ret_table, struct err *err);
