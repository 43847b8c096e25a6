/* What is asked of /sdmx/v2/ (SDMX REST 2.2, as far as it is there): path and arguments, read.
 * Pure; what there is in the province is not known here. */
#pragma once

#include "common/base/err.h"
#include "export/sdmx_words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SDMX_PATH           "/sdmx/v2/"
#define SDMX_CONDITIONS_MAX 64u
#define SDMX_VALUES_MAX     64u /* of one dimension */
#define SDMX_PARTS_MAX      67u /* of a key: FREQ, REF_AREA, INDICATOR, and all others */

struct sdmx_condition { /* c[DIMENSION]=VALUE,VALUE */
	const char *dimension;
	char *values; /* parted by commas */
};

enum sdmx_kind {
	SDMX_DATA,
	SDMX_DATAFLOW,
	SDMX_DATASTRUCTURE,
	SDMX_CODELIST,
	SDMX_CONCEPTSCHEME,
};

struct sdmx_request {
	enum sdmx_kind kind;
	const char *id;  /* of a structure; "": all of its kind */
	bool references; /* and all that belongs to it */
	char *text;      /* owned: what all below is lent by */
	char *key;       /* of series, several parted by commas; "": all of them */
	struct sdmx_condition conditions[SDMX_CONDITIONS_MAX]; /* all but TIME_PERIOD's */
	size_t n_conditions;
	const char *from, *to;  /* TIME_PERIOD, both included; NULL: not said */
	const char *as_of;      /* NULL: now */
	uint64_t offset, limit; /* of observations; UINT64_MAX: no limit */
};

/**
 * Read @target, the request line's ("/sdmx/v2/data/dataflow/LANTOA/FIGURES/1.0.0/M..visits?..."),
 * or of the old form "/sdmx/v2/data/FIGURES/M..visits?startPeriod=2025-01". The caller frees with
 * sdmx_request_free().
 *
 * Returns 0, or the status of a refusal, which @err words: 400 for what is none, 404 for what is
 * not there, 501 for what SDMX has and we have not.
 */
unsigned sdmx_request_read(const char *target, struct sdmx_request *ret_request, struct err *err);
void sdmx_request_free(struct sdmx_request *request);

/** The next of @*cursor's pieces, which @mark parts and which is ended in place; NULL: there is
 * none. An empty text is one empty piece. */
char *sdmx_piece(char **cursor, char mark);
