/* The cells of a workbook as text: what lantoa-excel, which reads workbooks in a process of its
 * own, writes and the agent reads. One record a line, its fields parted by tabs:
 *
 *   lantoa-cells 1           first
 *   S h|-  NAME              a sheet begins; h: it is hidden
 *   H FIRST LAST             columns of it that are hidden, from 1
 *   R ROW h|-                a row of it, from 1, rising; h: it is hidden
 *   C COLUMN KIND TEXT       a cell of it that is not empty, from 1, rising; KIND: enum cell_kind
 *   E                        all was read
 *   X FAULT WHAT             it cannot be read (any further); FAULT: enum workbook_fault, a number
 *
 * Texts have no control characters: a line break in a cell is a blank. The reader holds nothing
 * of this for granted. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CELLS_ROW_MAX    1048576u /* Excel's, as the next one */
#define CELLS_COLUMN_MAX 16384u
#define CELLS_SHEETS_MAX 1000u
#define CELLS_TEXT_MAX   8192u /* bytes of a cell; longer ones are cut, and are no figure or name */

enum cell_kind {
	CELL_TEXT = 't',
	CELL_NUMBER = 'n',  /* a decimal, with a point */
	CELL_PERCENT = 'p', /* the same; the sheet shows it a hundred times as large */
	CELL_DATE = 'd',    /* 2025-06-30, 2025-06-30 14:00, 2025-06, 2025, 14:00: by its format */
	CELL_ERROR = 'e',   /* #DIV/0! */
	CELL_FORMULA = 'f', /* a formula without a value: "=A1+B1", or "=" */
	CELL_MERGED = 'm',  /* empty, and part of a merged cell: the text of that, from above */
};

/* Why a workbook cannot be read. */
enum workbook_fault {
	FAULT_DAMAGED = 1,
	FAULT_PASSWORD,
	FAULT_OLD,      /* before Excel 5 */
	FAULT_CODEPAGE, /* of Excel 5 and 95: none of ours */
	FAULT_OPEN_DOCUMENT,
	FAULT_BINARY,  /* .xlsb */
	FAULT_OTHER,   /* no workbook */
	FAULT_LARGE,   /* @what says of what there is too much */
	FAULT_STRANGE, /* a document type, entities: what no spreadsheet program writes */
	FAULT_MEMORY,
	FAULT_COUNT
};

/** The sentence about it, and what to do: -EINVAL. */
int workbook_fault_say(enum workbook_fault fault, const char *what, struct err *err);

/* --- writing --- */

void cells_begin(FILE *out);
void cells_sheet(FILE *out, const char *name, bool hidden);
void cells_hidden_columns(FILE *out, unsigned first, unsigned last);
void cells_row(FILE *out, unsigned row, bool hidden);
/** @text[@len] is cut at CELLS_TEXT_MAX and made printable. */
void cells_cell(FILE *out, unsigned column, enum cell_kind kind, const char *text, size_t len);
void cells_end(FILE *out);
void cells_fault(FILE *out, enum workbook_fault fault, const char *what);

/* --- reading --- */

struct cells_events { /* each returns 0 to go on, or a negative errno, which ends the reading */
	int (*on_sheet)(void *context, const char *name, bool hidden, struct err *err);
	int (*on_hidden_columns)(void *context, unsigned first, unsigned last, struct err *err);
	int (*on_row)(void *context, unsigned row, bool hidden, struct err *err);
	int (*on_cell)(void *context, unsigned column, enum cell_kind kind, const char *text,
		       struct err *err); /* UTF-8, printable; valid during the call */
	int (*on_end)(void *context, struct err *err);
	void *context;
};

struct cells_reader;

/** @events outlive it. NULL: out of memory. */
struct cells_reader *cells_reader_open(const struct cells_events *events);
void cells_reader_close(struct cells_reader *reader); /* NULL is fine */
/**
 * More of it, cut anywhere. Memory stays within a line, whatever comes.
 *
 * Returns 0; -EINVAL with a sentence for a fault that it tells; -EPROTO for what is no such text;
 * or what an event returned. After an error only close is left.
 */
int cells_reader_feed(struct cells_reader *reader, const char *text, size_t len, struct err *err);
/** That was all: -EPROTO when it did not come to its end. */
int cells_reader_end(struct cells_reader *reader, struct err *err);
