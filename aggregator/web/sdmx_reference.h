/* What the province has, as far as SDMX asks about it: read from the aggregator's own tables, anew
 * for each request. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/text/table.h"
#include "export/sdmx_words.h"

#include <stddef.h>

/* In this order the tables are asked for. */
enum sdmx_table { SDMX_CATALOGUE, SDMX_INDICATORS, SDMX_UNITS, SDMX_TABLES };

struct sdmx_reference {
	struct catalogue *catalogue; /* owned, all of it */
	struct table *indicators, *units;
	const char **dimensions; /* owned [n_dimensions], names lent by the catalogue: each once,
				    ascending, as SDMX-CSV has them behind INDICATOR */
	size_t n_dimensions;
	struct table **labels; /* owned [n_labels]: of each metric that is divided, that was read */
	size_t n_labels;
};

/** The path of table @which under /api/v1/. */
const char *sdmx_table_path(enum sdmx_table which);
/** Read one as it came, CSV. -EINVAL: it is none; -ENOMEM. */
int sdmx_reference_read(struct sdmx_reference *reference, enum sdmx_table which, const char *csv,
			size_t len, struct err *err);
/** The first metric from *@at on that is divided by something, and *@at behind it; NULL: none is.
 */
const struct metric *sdmx_divided(const struct sdmx_reference *reference, size_t *at);
/** Its labels, as /api/v1/labels has them. */
int sdmx_labels_read(struct sdmx_reference *reference, const char *csv, size_t len,
		     struct err *err);
void sdmx_reference_free(struct sdmx_reference *reference);

/** The text of @column in row @row, "" where there is none. */
const char *sdmx_cell(const struct table *table, size_t row, const char *column);
/** The metrics that an indicator, a row of the table, is made of. Returns how many, at most @room.
 */
size_t sdmx_operands(const struct sdmx_reference *reference, size_t row,
		     const struct metric *operands[], size_t room);
