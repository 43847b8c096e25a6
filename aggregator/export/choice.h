/* In which form an answer is wanted, and where its bytes go. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum export_form {
	/* For Excel in the language of the reader: UTF-8 with a byte order mark, lines ended by
	 * CRLF; in Vietnamese fields are parted by ';' and a decimal has ',', in English ',' and
	 * '.'. No cell is a formula. */
	EXPORT_CSV_EXCEL,
	EXPORT_XLSX,
	EXPORT_SDMX_CSV, /* SDMX-CSV 2.0 or 2.1, which differ in nothing that is written here */
	EXPORT_FORMS
};

enum export_labels { EXPORT_ID, EXPORT_NAME, EXPORT_BOTH }; /* of SDMX-CSV */
enum export_keys { EXPORT_NO_KEYS = 0, EXPORT_SERIES_KEY = 1, EXPORT_OBS_KEY = 2 }; /* bits */

/* Of SDMX-CSV: one file of several answers, each an export of its own, and which of their rows it
 * has. Its header is written before the first row, and where there is none, nothing is. */
struct export_window {
	const char *area; /* REF_AREA that a row must have; NULL: any unit's */
	uint64_t skip;    /* rows, from here on */
	uint64_t left;    /* rows that may be written yet; UINT64_MAX: all */
	uint64_t written; /* so far */
};

struct export_choice {
	enum export_form form;
	enum export_labels labels;
	unsigned keys;
	struct export_window *window; /* lent; NULL: the answer is the file */
};

struct export_sink {
	/* 0, or a negative errno with err, which ends the export. */
	int (*put)(void *context, const void *data, size_t len, struct err *err);
	void *context;
};
