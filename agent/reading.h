/* A table while it is read, after its header: what its rows are read by, and where they go. */
#pragma once

#include "columns.h"
#include "dialect.h"
#include "import.h"
#include "intake.h"
#include "period.h"
#include "utf8.h"

#include <stdbool.h>

struct reading {
	const struct import_config *config; /* outlives it */
	struct dialect dialect;
	struct columns columns; /* empty before the header */
	struct intake *intake;
	char section[EXCERPT_MAX]; /* the heading above the line, or "" */
	bool told[GRAIN_COUNT][2]; /* by calendar: figures of now were noted */
};
