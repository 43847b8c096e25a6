/* A table while it is read, after its header: what its rows are read by, and where they go. */
#pragma once

#include "common/base/utf8.h"
#include "common/model/period.h"
#include "import/columns.h"
#include "import/dialect.h"
#include "import/import.h"
#include "import/intake.h"

#include <stdbool.h>

struct reading {
	const struct import_config *config; /* outlives it */
	struct dialect dialect;
	struct columns columns; /* empty before the header */
	struct intake *intake;
	char section[EXCERPT_MAX]; /* the heading above the line, or "" */
	bool told[GRAIN_COUNT][2]; /* by calendar: figures of now were noted */
};
