/* What a file of figures is made of, as an SDMX-JSON 2.0 structure message: the dataflow, its
 * structure, the lists of codes and the concepts. The columns are those that the file has
 * (export/sdmx_columns.h), and the codes what the aggregator says that there is. */
#pragma once

#include "web/sdmx_reference.h"
#include "web/sdmx_request.h"

#include <jansson.h>

/** Is @request about codes of the catalogue's dimensions, for which the labels that are in use must
 * be read as well? */
bool sdmx_structure_has_labels(const struct sdmx_request *request);

/**
 * The message that @request asks for, in the thread's language; owned by the caller. @prepared: the
 * time, in ISO 8601.
 *
 * Returns 0, or the status of a refusal, which @err words: 404 names what there is; 503 without
 * memory.
 */
unsigned sdmx_structure_make(const struct sdmx_request *request,
			     const struct sdmx_reference *reference, const char *prepared,
			     json_t **ret_message, struct err *err);
