/* The columns of a file of figures that SDMX declares: one table, for who writes the file and for
 * who writes its structure. */
#pragma once

#include <stddef.h>

enum sdmx_role { SDMX_DIMENSION, SDMX_TIME, SDMX_MEASURE, SDMX_ATTRIBUTE };

struct sdmx_column {
	const char *id;
	enum sdmx_role role;
	const char *called;   /* N_(): for people */
	const char *codelist; /* its codes; NULL: it has none */
	const char *column;   /* of the aggregator's answer, as it is; NULL: made of several */
};

/** In the file's order; behind the last SDMX_DIMENSION stand those of the catalogue. */
extern const struct sdmx_column sdmx_columns[];
extern const size_t n_sdmx_columns;

#define SDMX_FREQS "ASQMWDHN"
/** What a frequency is called in the thread's language; "": there is none. */
const char *sdmx_freq_called(char freq);
