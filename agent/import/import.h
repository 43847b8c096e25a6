/* Figures from tables, as offices have them in spreadsheets: CSV, or rows of a workbook's sheet,
 * whose tables agent/import/tables.h knows.
 *
 * Long form: columns metric, value, and optionally period, labels ("app=VNeID;sector=land"), and
 * one column per dimension; one figure a line.
 * Wide form: a column per metric, one for the period (or none: the current one), and one per
 * dimension; an empty cell is no figure. What a cell may say: agent/import/cell.h.
 * Across: a column metric and one per period, called as periods are.
 * The period may stand in two columns or three, year and month say. Columns may be called as
 * agent/import/headings.h says; how the file is written is found by agent/import/detect.h, in a
 * first reading. Empty rows and columns are passed over; so are lines that people write around
 * figures (agent/import/row_kind.h), which is noted.
 *
 * A cell that is refused is told once, with line, column, what stands there, why and what to do;
 * the good figures are kept. Of these, one that is far from what was reported before is told as
 * well. They are handed in by thousands, so big files need little memory; but those of a period
 * that the province's rules name go together, wherever in the file they stand. What breaks a rule
 * is told once, at the first line that takes part, and all is told in the order of the lines.
 *
 * A file is read twice: once with config.noting, so that a figure with two values and a total
 * beside its parts (common/model/hand_in.h) are known before the first is recorded, and once to
 * record.
 *
 * A form that we made (import/own_form.c) knows whose it is and what stood in it. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/entry.h"
#include "common/model/hand_in.h"
#include "import/dialect.h"
#include "import/headings.h"
#include "record/comparison.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct import_diagnostic { /* valid during the callback */
	unsigned line;
	const char *column, *value; /* as the file has them; "" where the whole line is meant */
	const char *why;            /* and what to do */
	const char *sheet;          /* of a workbook, whose rows are its lines; NULL: CSV */
	unsigned nth;               /* the column, from 1; 0: the whole line */
	unsigned more; /* figures elsewhere of which the same is to be said, and is not */
};

#define IMPORT_COLUMN_MAX 8u
/** "C" of 3. */
void import_column(unsigned column, char ret_letters[IMPORT_COLUMN_MAX]);

#define IMPORT_WHERE_MAX 192u
/** Where @told is: "7", or of a workbook "Sheet1!C7" and "Sheet1, line 7", as a reader of the
 * thread's language has it; "" for the whole file. */
const char *import_where(const struct import_diagnostic *told, char ret_text[IMPORT_WHERE_MAX]);

struct import_config {
	const struct catalogue *catalogue;
	const struct headings *headings; /* of that catalogue */
	int64_t now_us;
	bool periods_needed; /* else a table without a column for them is of the current period */
	const char *const *sheets; /* names of a workbook's, which it is one of; NULL: CSV */
	unsigned nth_sheet;        /* which, from 0 */
	const char *file;          /* what it is called, its folders as well; NULL: nothing */
	const char *office; /* the code of this one; NULL or "": it is not known, nor compared */
	const char *author; /* who hands it in: struct entry; NULL: nobody was asked */
	struct hand_in *hand_in; /* what was noted of this file before; NULL: not looked at */
	bool noting;             /* only note there; nothing is recorded, and no error is told */
	struct intake *intake;   /* of a file of several tables, theirs; NULL: the table's own */
	size_t piece;            /* figures in one transaction; 0: as many as are good for it */
	/** Record a handful; all or none. @entries[i] is what the file has; it was judged by
	 * @catalogue at @now_us and came to @judged[i], so only who judges by others asks again.
	 * -EINVAL, -EEXIST: one of them is refused, with err's sentence; then they come again in
	 * parts, and the one is told by its line. When they are recorded, @ret_found (empty before)
	 * may say which are far from what was reported before or break a rule, and which of them
	 * were refused for that; it is taken over. */
	int (*on_entries)(void *context, const struct entry entries[],
			  const struct observation judged[], size_t n, struct comparison *ret_found,
			  struct err *err);
	void (*on_error)(void *context, const struct import_diagnostic *error);
	/** What whoever hands the table in should know, though nothing is refused: a line that was
	 * passed over, the period of a table that names none. May be NULL. */
	void (*on_note)(void *context, const struct import_diagnostic *note);
	/** A figure that is recorded and should be looked at again. May be NULL. */
	void (*on_warning)(void *context, const struct import_diagnostic *warning);
	void *context;
};

struct import_result {
	size_t figures;   /* recorded */
	size_t rejected;  /* errors: cells or whole lines */
	size_t warned;    /* of the figures: those to be looked at again */
	size_t untouched; /* cells of a form that we made which hold what they held; not recorded */
};

struct import;

/** Read a file of @dialect. All of @config outlives the import. -ENOMEM. */
int import_open(const struct import_config *config, const struct dialect *dialect,
		struct import **ret_import, struct err *err);
/**
 * More of the file's bytes, cut anywhere. Returns 0 also when lines were rejected; -EINVAL when the
 * file cannot be read, which the first reading would have told before; or what on_entries returned:
 * then what was handed in before is recorded, as import_result() tells. After an error only close
 * is left.
 */
int import_feed(struct import *import, const void *bytes, size_t len, struct err *err);
/** A workbook's next row, of which nothing is kept; instead of feed. Returns as feed. */
int import_row(struct import *import, const struct csv_row *row, struct err *err);
/** That was all: hand in the rest, a piece at a call. Returns as feed; 1: call again. */
int import_end(struct import *import, struct err *err);
/** Is it a form that we made (HEADING_FORM)? Known once its header was read. */
bool import_is_ours(const struct import *import);
struct import_result import_result(const struct import *import);
void import_close(struct import *import); /* NULL is fine */

/**
 * Import @csv[@len], a whole file of the name @name; config->headings is not used. When the first
 * reading (import/detect.h) finds it unreadable, or without a header that makes sense, nothing of
 * it is recorded: -EINVAL. Else as import_feed(). @ret_result is written in any case.
 */
int import_csv(const struct import_config *config, const char *name, const char *csv, size_t len,
	       struct import_result *ret_result, struct err *err);
