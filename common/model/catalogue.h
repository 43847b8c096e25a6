/* The catalogue: what may be counted, and how it adds up. One reader for both daemons, so that an
 * office and the province refuse the same figures for the same reasons. Immutable once read. */
#pragma once

#include "common/base/decimal.h"
#include "common/base/err.h"
#include "common/model/period.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METRIC_NAME_MAX       64u
#define METRIC_DIMENSIONS_MAX 8u
#define CATALOGUE_METRICS_MAX 4096u

enum metric_kind { KIND_FLOW, KIND_STOCK, KIND_RATIO };
enum agg { AGG_SUM, AGG_LAST, AGG_MEAN, AGG_MIN, AGG_MAX }; /* LAST is for time only */

struct metric {
	char *name, *label_vi, *label_en, *unit; /* owned, as all strings below */
	char *unit_vi;                           /* in Vietnamese; NULL: the file does not say */
	char *level;                             /* of the units whose offices are due to report */
	char *dimensions[METRIC_DIMENSIONS_MAX];
	char *dimensions_vi[METRIC_DIMENSIONS_MAX]; /* likewise, each of the one above */
	size_t n_dimensions;
	enum metric_kind kind;
	enum agg time_agg, area_agg;
	enum grain period;
	enum calendar calendar;
	unsigned decimals;
	uint32_t carry;    /* own periods a last value stays good */
	uint32_t due_days; /* after the period's end */
	bool has_min, has_max;
	int64_t min_e, max_e; /* mantissas with the metric's decimals */
};

struct catalogue {
	struct metric *metrics; /* owned [n], in the file's order */
	size_t n;
	char *csv; /* owned: the text it was read from */
	size_t csv_len;
	uint64_t version;        /* first 8 bytes of BLAKE2b-256 of the text, never 0 */
	struct metric **by_name; /* owned [n], sorted */
	unsigned shares;         /* that are held beside the first: catalogue_share() */
};

/**
 * Read a catalogue from CSV: name, label_vi, label_en, unit, kind, time_agg, area_agg, period,
 * dimensions (split by ';' or blank), decimals, carry, level, due_days, min, max and, if there,
 * calendar, unit_vi and dimensions_vi (split by ';', as many as dimensions, or none); further
 * columns are notes.
 *
 * All or nothing: @err names every bad row it has room for ("line 7: period: ..."; one per line of
 * text). Returns 0; -EINVAL; -ENOMEM. The caller closes.
 */
int catalogue_read(const char *csv, size_t len, struct catalogue **ret_catalogue, struct err *err);
/** One more owner, who closes as well; the last one's close frees it. Not for two threads at once.
 * Returns @catalogue. */
struct catalogue *catalogue_share(struct catalogue *catalogue);
void catalogue_close(struct catalogue *catalogue); /* NULL is fine */

/** NULL when there is none of that name. */
const struct metric *catalogue_find(const struct catalogue *catalogue, const char *name);

/** Why an observation cannot count, as both sides decide it. Codes are kept in journals: never
 * renumber. */
enum verdict {
	VERDICT_OK = 0,
	VERDICT_UNKNOWN_METRIC = 1,
	VERDICT_WRONG_PERIOD = 2, /* grain or calendar is not the metric's */
	VERDICT_WRONG_LABELS = 3, /* a dimension the metric lacks, or one missing */
	VERDICT_TOO_PRECISE = 4,
	VERDICT_OUT_OF_RANGE = 5, /* below min, above max, or beyond 64 bits */
	VERDICT_FUTURE = 6, /* the period starts after the clock of whoever judges, plus a day */
	VERDICT_NOT_IN_FORCE =
		7, /* the office was not assigned to a unit in force (the province judges) */
	VERDICT_CLOSED = 8,  /* the province has closed the period */
	VERDICT_DAMAGED = 9, /* what the province keeps of that office's day cannot be read */
	VERDICT_OLDER_COPY =
		10, /* a machine that was set back sends it (aggregator/journal/older_copy.h) */
	VERDICT_COUNT
};
/** A stable word for protocols ("out_of_range") and a sentence for people (English). */
const char *verdict_word(enum verdict verdict);
const char *verdict_text(enum verdict verdict);

/** Judge a series' shape: name, labels, grain, calendar. @labels is canonical. Labels must give
 * each dimension of the metric at most once and no other; a metric with dimensions may be reported
 * without some of them. */
enum verdict metric_judge_series(const struct metric *metric, const char *labels,
				 enum calendar calendar, enum grain grain);
/** Judge a value given with @decimals; @ret_value_e (may be NULL) has the metric's decimals. */
enum verdict metric_judge_value(const struct metric *metric, int64_t value_e, unsigned decimals,
				int64_t *ret_value_e);

const char *agg_name(enum agg agg);
const char *kind_name(enum metric_kind kind);
