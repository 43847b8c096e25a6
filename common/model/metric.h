/* What may be counted, as a row of the catalogue says it. */
#pragma once

#include "common/model/period.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METRIC_NAME_MAX       64u
#define METRIC_DIMENSIONS_MAX 8u

enum metric_kind { KIND_FLOW, KIND_STOCK, KIND_RATIO };
/* What a figure without labels is where its metric has dimensions. */
enum undivided {
	UNDIVIDED_EITHER,  /* the whole, which stands alone: a period has it or parts */
	UNDIVIDED_REST,    /* the part that is not classified, and adds to the others */
	UNDIVIDED_REFUSED, /* nothing: it has to have a label */
};
enum agg { AGG_SUM, AGG_LAST, AGG_MEAN, AGG_MIN, AGG_MAX }; /* LAST is for time only */

struct days_off;

struct metric {
	char *name, *label_vi, *label_en, *unit; /* owned, as all strings below */
	char *unit_vi;                           /* in Vietnamese; NULL: the file does not say */
	char *section_vi, *section_en;           /* the heading it stands under in a form; NULL */
	char *level;                             /* of the units whose offices are due to report */
	char *dimensions[METRIC_DIMENSIONS_MAX];
	char *dimensions_vi[METRIC_DIMENSIONS_MAX]; /* likewise, each of the one above */
	size_t n_dimensions;
	enum undivided undivided;
	enum metric_kind kind;
	enum agg time_agg, area_agg;
	enum grain period;
	enum calendar calendar;
	unsigned decimals;
	uint32_t carry;    /* own periods a last value stays good */
	uint32_t due_days; /* after the period's end */
	const struct days_off
		*days_off; /* that move the due date; lent by the catalogue, or NULL */
	bool has_min, has_max;
	int64_t min_e, max_e; /* mantissas with the metric's decimals */
};

/** What it is called in the thread's language; its name where it has no label. */
const char *metric_called(const struct metric *metric);

/** The words of a catalogue: flow stock ratio; sum last mean min max. */
const char *kind_name(enum metric_kind kind);
const char *agg_name(enum agg agg);
