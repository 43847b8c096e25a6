/* One figure of a table: read, judged with all that its line and its table say about it, and handed
 * to the intake. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/text/csv_reader.h"
#include "import/reading.h"
#include "import/row_labels.h"
#include "import/row_period.h"

#include <stdbool.h>

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
struct place line_period_place(const struct line *line);

/** Of @metric, in @cell, which is not empty. Returns 0 also when it is refused, which is told with
 * its line; -EINVAL when the whole table is; or as intake_take(). */
int figure_take(struct reading *reading, struct line *line, const struct place *cell,
		const struct metric *metric, struct err *err);
