/* A unit that is asked for all offices below it, over the steps of a stretch in which they all stay
 * there. Its own pages tell their figures if they leave no question open. Open is how many
 * reported, where labels share a report; whose level is carried, where some but not all reported
 * not long before; and what the level is, where not all gave theirs in the same step. */
#pragma once

#include "query/counts.h"
#include "query/slices.h"
#include "registry/units.h"
#include "rollup/page.h"

#define NEVER            INT32_MIN
#define LEVEL_SERIES_MAX 64u /* bits of a level's series */

/* How units' entries (unit_acc.h) make a row's value. */
enum telling {
	TELL_NOTHING,
	TELL_SUM,     /* they add up over the steps */
	TELL_EXTREME, /* the least or the greatest of them */
	TELL_LEVEL    /* that of the last step in which any reported, if all did */
};

struct question {
	const struct metric *metric;
	enum telling telling;
	size_t n_series;  /* asked for; with TELL_LEVEL at most LEVEL_SERIES_MAX */
	bool each_office; /* of each it must be known whether it reported; not the level */
	bool ends;        /* the stretch is the bucket's last: its level counts */
	bool saw_all;     /* that may be carried into it, or be its level */
	int64_t pairs;    /* own periods of the stretch */
};

struct teller {
	const struct unit *unit;
	int32_t row;
	int64_t due, others; /* offices below it: due, and not */
	bool told;
	/* what it tells: */
	struct counts counts;
	bool complete; /* all that are due reported in some step */
	int128 value;
	int64_t n; /* values in it */
	/* while it is asked: */
	bool open;
	int32_t whole_at, heard_at; /* the last step in which all, any of those due reported; NEVER
				     */
	struct level {              /* TELL_LEVEL: what the value is of */
		uint64_t series;    /* which, a bit each */
		bool whole, extra;  /* of all that are due, of all others, in each of them */
	} level;
	uint64_t seen;             /* series with values in any step */
	bool extra_reports;        /* seen, of others */
	struct heard {             /* of the step at hand, over the series asked for */
		unsigned n_series; /* with values */
		uint64_t series;   /* which */
		int64_t n, extra, most_due, least_due, least_extra, most_on_time, revisions;
		int128 value;
	} heard;
};

/** Ask it (anew). @maybe_heard: a step before those it will be asked for, in which some may have
 * reported; NEVER. */
void teller_begin(struct teller *teller, int32_t maybe_heard);
/** One entry of its page of the step at hand. @series: which of those asked for. */
void teller_hear(struct teller *teller, size_t series, const struct acc *acc, enum agg agg);
/** That was all of @step, which is in the stretch or @before it. */
void teller_step(struct teller *teller, const struct question *question, const struct step *step,
		 bool before);
/** Those were all steps: can it tell? */
void teller_end(struct teller *teller, const struct question *question);
