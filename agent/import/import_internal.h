/* What the files of an import share, and nobody else includes: import.c takes the rows of a table,
 * row_figures.c finds the figures of a row, figure.c judges one, and intake.c gathers them and
 * tells what is wrong. own_form.c looks at the keys of a form that we made. */
#pragma once

#include "common/base/utf8.h"
#include "common/model/period.h"
#include "import/columns.h"
#include "import/dialect.h"
#include "import/import.h"
#include "import/row_kind.h"
#include "import/row_labels.h"
#include "import/row_period.h"
#include "import/row_unit.h"

struct import {                             /* a table while it is read */
	const struct import_config *config; /* outlives it */
	struct dialect dialect;
	struct dialect_reader *reader; /* owned; NULL: of a workbook, whose rows come as they are */
	struct columns columns;        /* owned; empty before the header */
	struct intake *intake;         /* owned, or the config's */
	bool ended;                    /* the last row was met */
	bool begun;                    /* the first row below the header was met */
	struct row_place place;
	struct row_unit unit;
	char section[EXCERPT_MAX]; /* the heading above the line, or "" */
	bool told[GRAIN_COUNT][2]; /* by calendar: figures of now were noted */
	size_t untouched;          /* cells of a form */
};

/* --- intake.c: what a table comes to --- */

/* The figures of a file, kept until there are enough to record, and what is told of its cells, in
 * the order of its lines. A rule is judged over all figures of the file that it names in a period:
 * these wait for each other, HELD_MAX at most, and go in one transaction, GROUP_MAX at most. While
 * it is only noted (config->noting) nothing is recorded or told. */
struct intake;

/** @config outlives it. -ENOMEM. */
int intake_open(const struct import_config *config, struct intake **ret_intake, struct err *err);
void intake_close(struct intake *intake); /* NULL is fine */

/** Something at @place is refused. @format is the English one, translated here. */
void intake_reject(struct intake *intake, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** What whoever hands the table in should know. @format is translated already. */
void intake_note(struct intake *intake, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** The figure at @place is recorded, and should be looked at again. @format is the English one,
 * translated here. */
void intake_warn(struct intake *intake, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** @entry came to @obs, so it is good for itself: is it beside the others of its file? Then it is
 * kept, and recorded with others; entry->metric must outlive that. Returns 0 also
 * when it is refused, which is told; or what config->on_entries returned; -ENOMEM. */
int intake_take(struct intake *intake, const struct place *place, const struct entry *entry,
		const struct observation *obs, struct err *err);
/** There are no more: record the rest, a piece at a call. Returns as take; 1: call again. */
int intake_end(struct intake *intake, struct err *err);
/** Tell what waits to be told: nothing more comes, for something failed. */
void intake_tell(struct intake *intake);
struct import_result intake_result(const struct intake *intake);

/* --- figure.c: one figure --- */

struct line { /* what its figures share */
	const struct csv_row *row;
	struct row_labels labels;
	const char *unit; /* of measure, as its column has it; "": nothing */
	bool measured;    /* the metric's stands in brackets behind its name */
	struct row_period period;
	struct {
		bool read, good;
		char text[PERIOD_TEXT_MAX];
	} periods[GRAIN_COUNT]; /* @period as the metrics of each grain have it */
};

/** Where its period stands; it has a column for that. */
struct place line_period_place(const struct import *import, const struct line *line);

/** A figure of @metric, in @cell, which is not empty: read, judged with all that its line and its
 * table say about it, and handed to the intake. Returns 0 also when it is refused, which is told
 * with its line; -EINVAL when the whole table is; or as intake_take(). */
int figure_take(struct import *import, struct line *line, const struct place *cell,
		const struct metric *metric, struct err *err);

/* --- row_figures.c: a row of figures, in each of the three forms that import.h names --- */

/** @unit: what it says of its unit of measure (import/row_unit.h). What is refused is told. Returns
 * as figure_take(). */
int row_figures_take(struct import *import, const struct csv_row *row, const char *unit,
		     struct err *err);

/* --- own_form.c: a row of a form that we made --- */

/** Is it a form of this office, and of the period that people read on it? Every row is asked,
 * filled in or not: -EINVAL refuses the whole table. */
int own_form_check(const struct import *import, const struct csv_row *row, struct err *err);
/** Is the cell filled in, with something else than stood there when the form was made? What nobody
 * touched is not said again: it may have been corrected since. */
bool own_form_filled(struct import *import, const struct csv_row *row);
