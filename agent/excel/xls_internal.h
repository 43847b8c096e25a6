/* What the files of xls share, and nobody else includes: xls.c knows the workbook, xls_text.c its
 * texts, xls_sheet.c a sheet. */
#pragma once

#include "common/base/blob.h"
#include "excel/number_format.h"
#include "excel/row_cells.h"
#include "excel/string_list.h"
#include "excel/xls.h"

#include <stdbool.h>
#include <stdint.h>

enum record_id {
	RECORD_FORMULA = 0x06,
	RECORD_EOF = 0x0a,
	RECORD_DATEMODE = 0x22,
	RECORD_FILEPASS = 0x2f,
	RECORD_CONTINUE = 0x3c,
	RECORD_CODEPAGE = 0x42,
	RECORD_COLINFO = 0x7d,
	RECORD_BOUNDSHEET = 0x85,
	RECORD_MULRK = 0xbd,
	RECORD_RSTRING = 0xd6,
	RECORD_XF = 0xe0,
	RECORD_MERGECELLS = 0xe5,
	RECORD_SST = 0xfc,
	RECORD_LABELSST = 0xfd,
	RECORD_NUMBER = 0x203,
	RECORD_LABEL = 0x204,
	RECORD_BOOLERR = 0x205,
	RECORD_STRING = 0x207,
	RECORD_ROW = 0x208,
	RECORD_RK = 0x27e,
	RECORD_FORMAT = 0x41e,
	RECORD_BOF = 0x809,
};

struct record {
	uint16_t id;
	const uint8_t *data; /* [len] */
	size_t len;
	size_t next; /* where the one behind it begins */
};

struct xls {
	const uint8_t *stream; /* [len] */
	size_t len;
	bool biff8, since_1904;
	unsigned codepage;
	struct string_list strings;
	struct string_list names;  /* of the sheets */
	struct string_list single; /* room for a text of its own */
	struct blob codes;         /* owned; struct xls_code: number formats of this workbook */
	struct blob formats;       /* owned; a byte, enum format, for each style of a cell */
	struct blob sheets;        /* owned; struct xls_listed */
	struct row_cells row;
};

struct xls_code {
	uint16_t id;
	enum format format;
};

struct xls_listed {
	uint32_t at; /* in the stream */
	bool hidden, cells;
};

/** The record at @at; false: the stream ends, or breaks off. */
bool xls_record(const struct xls *xls, size_t at, struct record *ret_record);

/** The texts of an SST record and what continues it, into xls->strings. */
int xls_shared_read(struct xls *xls, const struct record *record, struct fault *fault);
/** The text that @record has at @offset, behind its length of @length_bytes, as the next one of
 * @list. */
int xls_text_read(struct xls *xls, const struct record *record, size_t offset, size_t length_bytes,
		  struct string_list *list, struct fault *fault);
/** The same, by itself: valid until the next. NULL: told. */
const char *xls_text(struct xls *xls, const struct record *record, size_t offset,
		     size_t length_bytes, size_t *ret_len, struct fault *fault);
/** The cells of the sheet at @at, after cells_sheet(). */
int xls_sheet_read(struct xls *xls, size_t at, struct fault *fault);
