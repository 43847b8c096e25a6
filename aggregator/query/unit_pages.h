/* The pages of one unit, asked for all offices below it, over the slices of a range in which they
 * all stay there. They answer if they leave no question open. A question is open where labels share
 * a report (how many reported?), where some but not all reported not long before (whose level is
 * carried?), and where not all gave their level in the same slice (what is the level?). */
#pragma once

#include "query/counts.h"
#include "query/slices.h"
#include "registry/units.h"
#include "rollup/page.h"

#define NEVER            INT32_MIN
#define LEVEL_SERIES_MAX 64u /* bits of a level's series */

/* How units' entries (unit_acc.h) make a row's value. */
enum unit_value {
	UNIT_NO_VALUE,
	UNIT_SUM,     /* they add up over the slices */
	UNIT_EXTREME, /* the least or the greatest of them */
	UNIT_LEVEL    /* that of the last slice in which any reported, if all did */
};

struct question {
	const struct metric *metric;
	enum unit_value value_is;
	size_t n_series;  /* asked for; with UNIT_LEVEL at most LEVEL_SERIES_MAX */
	bool each_office; /* of each it must be known whether it reported; not the level */
	bool ends;        /* the range is the bucket's last: its level counts */
	bool saw_all;     /* that may be carried into it, or be its level */
	int64_t pairs;    /* own periods of the range */
};

struct unit_pages {
	const struct unit *unit;
	int32_t row;
	int64_t due, others; /* offices below it: due, and not */
	bool answered;       /* they left no question open */
	/* their answer: */
	struct counts counts;
	bool complete; /* all that are due reported in some slice */
	int128 value;
	int64_t n; /* values in it */
	/* while they are read: */
	bool open; /* a question is */
	int32_t complete_at,
		reported_at;       /* the last slice in which all, any of those due reported; NEVER
				    */
	struct level {             /* UNIT_LEVEL: what the value is of */
		uint64_t series;   /* which, a bit each */
		bool whole, extra; /* of all that are due, of all others, in each of them */
	} level;
	uint64_t seen;             /* series with values in any slice */
	bool extra_reports;        /* seen, of others */
	struct slice_reports {     /* of the slice at hand, over the series asked for */
		unsigned n_series; /* with values */
		uint64_t series;   /* which */
		int64_t n, extra, most_due, least_due, least_extra, most_on_time, revisions;
		int128 value;
	} reports;
};

/** Begin to read them (anew). @maybe_reported: a slice before those that will be read, in which
 * some offices may have reported; NEVER. */
void unit_pages_begin(struct unit_pages *pages, int32_t maybe_reported);
/** One entry of the page of the slice at hand. @series: which of those asked for. */
void unit_pages_add(struct unit_pages *pages, size_t series, const struct acc *acc, enum agg agg);
/** That was all of @slice, which is in the range or @before it. */
void unit_pages_end_slice(struct unit_pages *pages, const struct question *question,
			  const struct slice *slice, bool before);
/** Those were all slices: sets answered. */
void unit_pages_end(struct unit_pages *pages, const struct question *question);
