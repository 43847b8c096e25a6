/* The form of one period: rows for each metric that the office reports for it, what is known of
 * them, what was typed, and what is wrong with that. Pure: values and fields come in, entries to
 * record go out.
 *
 * A metric with dimensions has a row for each of its parts (clerk/grid.h), and one for the figure
 * without labels where that may be: the whole before them, unless parts of it are recorded; what
 * is not classified, which adds to them, behind. Where there is no such list of parts, there are
 * rows for those that are known, and fresh ones in which the part is named or chosen. */
#pragma once

#include "clerk/due.h"
#include "clerk/values.h"
#include "clerk/wording.h"
#include "common/model/entry.h"
#include "common/model/outlier.h"
#include "common/text/urlencoded.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHEET_TYPED_MAX 64u

struct sheet_row {
	const struct metric *metric;
	/* Of a series that is known, or was made of what was typed; "" as well for a metric without
	 * dimensions. */
	char labels[LABELS_TEXT_MAX];
	unsigned place; /* among the rows of its metric */
	bool listed;    /* one of the metric's parts, which all have a row */
	bool fresh;     /* for a series that is new: its labels are typed, too */
	unsigned nth;   /* of the metric's fresh rows */
	const char *dimensions[METRIC_DIMENSIONS_MAX]; /* typed in a fresh row; "" */
	const struct value *now, *before; /* recorded for this period, the one before; NULL */
	struct history history;

	const char *typed;     /* NULL: the form was not sent */
	const char *was;       /* what the field held when the form was made */
	const char *confirmed; /* the text that was said to be right; NULL */
	bool withdraw;
	const char *note;     /* typed; NULL: the form has no field for it */
	const char *note_was; /* what that held when the form was made; NULL: nothing */

	bool changed;                /* something is to be recorded */
	bool warned;                 /* message is a warning that was not confirmed */
	bool note_met;               /* the note was changed here and meanwhile, too */
	char *message;               /* owned; what is wrong, or odd; NULL: nothing */
	char value[SHEET_TYPED_MAX]; /* typed, as a decimal, where it changed; the same as a number:
				      */
	int64_t value_e;
	char *said; /* owned: the note, tidied, where it changed; NULL */
};

struct sheet {
	const struct catalogue *catalogue; /* outlives the sheet, as the next */
	const struct values *values;
	struct period period;
	struct due due;         /* of its metrics; without a state */
	struct sheet_row *rows; /* owned [n]: by the catalogue's order, then their place */
	size_t n;
	size_t n_changed, n_errors, n_warnings; /* n_warnings: not confirmed */
	char **strange;                         /* owned: sentences about fields that have no row */
	size_t n_strange;
};

#define SHEET_ROWS_MAX 1000u
/** -ENOENT when the catalogue has nothing of this office for such a period; -E2BIG when there would
 * be more than SHEET_ROWS_MAX rows; -ENOMEM. */
int sheet_open(const struct catalogue *catalogue, const struct values *values, struct period period,
	       struct sheet *ret_sheet, struct err *err);
void sheet_close(struct sheet *sheet);

/** What was typed; fields are borrowed. A field of a series without a row gets one. -E2BIG when
 * there would be more than SHEET_ROWS_MAX rows; -ENOMEM. */
int sheet_take(struct sheet *sheet, const struct field fields[], size_t n, struct err *err);
/** Judge what was typed: messages, and what changed. -ENOMEM. */
int sheet_judge(struct sheet *sheet, int64_t now_us, struct err *err);
/** What changed, owned by the caller (free); texts are the sheet's, and @author. Only without
 * errors. -ENOMEM.
 */
int sheet_entries(const struct sheet *sheet, const char *period, const char *author,
		  struct entry **ret_entries, size_t *ret_n, struct err *err);

/** What the row holds once what was typed is recorded; false: nothing, or nobody can tell. */
bool sheet_value(const struct sheet_row *row, int64_t *ret_value_e);
/** The rows of one metric begin at @i; where do they end? */
size_t sheet_metric_end(const struct sheet *sheet, size_t i);
/** Those of one section of the form, which may be the whole. */
size_t sheet_section_end(const struct sheet *sheet, size_t i);
/** Of the metrics in rows @i to @end: how many have a value now? Returns how many there are. */
unsigned sheet_progress(const struct sheet *sheet, size_t i, size_t end, unsigned *ret_done);
/** What the rows @i to @end, of one metric whose parts add up (AGG_SUM), come to; false: none has a
 * value, or it is too large. @before: of the period before. */
bool sheet_total(const struct sheet *sheet, size_t i, size_t end, bool before, int64_t *ret_e);

/** The value that is recorded, as it is typed; "" when there is none. Returns @text. */
const char *sheet_held(const struct sheet_row *row, char text[WORDING_MAX]);

/** The note that stands with it; "". */
const char *sheet_note(const struct sheet_row *row);

/** The name of a row's field: @kind is 'v' value, 'o' what it held, 'w' withdraw, 'y' "it is
 * right", 'n' note, 'm' what that held, 'd' a dimension of a fresh row, which is @dimension.
 * Returns @name. */
#define SHEET_NAME_MAX (METRIC_NAME_MAX + LABELS_TEXT_MAX + 16u)
const char *sheet_name(const struct sheet_row *row, char kind, const char *dimension,
		       char name[SHEET_NAME_MAX]);
