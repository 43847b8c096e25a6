/* What somebody should look at among the figures that count: office by office and period by period.
 * Nothing here holds a figure back, and no total knows of it. */
#pragma once

#include "common/text/table.h"
#include "registry/reference.h"

/* Texts; NULL for the default. */
struct quality_form {
	const char *area;      /* a unit's code or its name; default: everywhere */
	const char *office;    /* its code or its name; default: all */
	const char *metric;    /* default: all. A rule is told when it names it */
	const char *from, *to; /* periods of any grain, both included; default: what begins in the
				  month before this one, or since */
};

#define QUALITY_RUN  10u /* periods on end with one value */
#define QUALITY_BACK 32u /* periods before the first that a value is compared with */

/**
 * Rows of period, area, area_name (the unit that the office reported for on the period's first
 * day), office, name, problem, metric, labels, value, detail (a sentence, in the reader's
 * language), by office, grain and period. The problems, in this order:
 *
 * rule        a rule of the province is broken (common/model/rules.h); metric is the first it names
 * whole       of a metric that takes either, the whole and parts of it are both reported, and added
 *             up
 * unlisted    a label is not in the code list in force on the period's first day
 * far         the value is far from what the office reported before (common/model/outlier.h), by
 *             the newest of the QUALITY_BACK periods before it
 * same        the value is that of the nine periods before it, too: told once, of the tenth
 *
 * Metrics that are counted by the minute are not looked at, nor what waits in quarantine. That two
 * values were given for one figure is known to the office alone, which took neither.
 *
 * -EINVAL: a sentence on what is wrong with the form (I13); -E2BIG over QUERY_ROWS_MAX rows or
 * PLAN_BUCKETS_MAX periods (I10). A page that a disk damaged is left out, and counted in the head:
 * quality.damaged_pages.
 */
int quality_run(sqlite3 *db, const struct reference *reference, const struct quality_form *form,
		struct table **ret_table, struct err *err);
