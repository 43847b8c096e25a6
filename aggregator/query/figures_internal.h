/* What the files of figures share: figures.c leads and makes values of what was gathered,
 * figure_set.c gathers it, range of days by range of days, from the units' own pages
 * (figures_units.c) and, where these leave a question open, from the offices' pages
 * (figures_offices.c); reporters.c looks for who reported at all where the units' pages were
 * enough, figures_excused.c for who is excused, figures_waiting.c for what waits. */
#pragma once

#include "query/figures.h"
#include "query/series.h"
#include "query/slices.h"
#include "query/source.h"
#include "query/unit_pages.h"
#include "query/waiting.h"
#include "rollup/replay.h"

#define ITSELF (-1) /* no unit is asked for the office: its own pages are read */

struct part { /* one series of one office, gathered over the bucket */
	int32_t row;
	uint32_t series;
	int32_t at; /* number of the slice that the newest figure is of */
	struct acc acc;
	int32_t next; /* of the same office; -1: none */
};

struct site {        /* where a unit's offices count on the day at hand */
	unsigned of; /* the figures' coverage_no: it is of that day */
	struct place place;
	bool due;
	int32_t asked; /* number of the unit that is asked first for them; ITSELF */
};

struct coverage { /* an office on the day at hand, and what is known of it in the bucket */
	const struct unit *unit;
	struct place place; /* where it counts on that day */
	bool due;
	bool attributed;       /* rows_attribute() knows of it, on that day */
	int32_t asked;         /* number of the unit whose pages answer for it; ITSELF */
	int32_t last_reported; /* number of the slice; NEVER */
	int32_t first_part, first_member;
};

struct day_range { /* slices of a bucket during which no office moves and no unit begins or ends */
	int32_t first, last; /* numbers */
	int32_t since;       /* the first slice in which all stood so, maybe before the bucket's */
	bool ends;           /* the bucket, too */
	bool over;           /* its own periods are; otherwise none is due, what came is extra */
	bool partly; /* it is one slice, of which the first own periods are over, others not */
};

struct pairs { /* of one office in a slice */
	int64_t reported, on_time;
	int64_t early; /* of those reported, not over yet though others of the slice are */
};

struct total { /* a row, from what units' pages answered */
	int128 value;
	int64_t n; /* values in it */
};

struct figures {
	sqlite3 *db;
	const struct reference *reference;
	const struct plan *plan;
	bool each_office; /* its counts are wanted, not just those of its row */
	void (*on_value)(void *context, const struct office *office, int32_t row,
			 const mpq_t value); /* wants each office's value; NULL: nobody does */
	void *context;                       /* of on_value */
	struct rows *rows;                   /* lent */
	struct period bucket;
	struct source *source;
	struct declarations *declarations;
	struct replay *replay;     /* for per-minute metrics with labels */
	struct coverage *coverage; /* owned [offices->n]: of the day at hand */
	struct site *sites;        /* owned [units->n] */
	unsigned coverage_no;      /* counts the days that the coverage was of */
	struct waiting waiting;    /* in quarantine, over all buckets */
	struct strays strays;      /* offices without a unit, at any time */
	struct nodes nodes;        /* to read */
	struct part *parts;        /* owned [n_parts] */
	size_t n_parts, parts_room;
	struct member *members; /* owned [n_members] */
	size_t n_members, members_room;
	struct unit_pages *asked; /* owned [n_asked]: the units that are asked */
	size_t n_asked, asked_room;
	int32_t *asked_of, *row_of;         /* owned [units->n]; figures_units.c */
	struct total *totals;               /* owned [rows] */
	struct counts *summed, *summed_now; /* owned [rows]: what units' pages answered, that is
					       not in the members' own counts; and of the
					       operand at hand */
	const struct form *asked_form;      /* whose reports the bucket is about; NULL: all */
	const struct series_list *chosen;   /* lent [operands]; NULL: lists */
	struct series_list lists[PLAN_OPERANDS_MAX]; /* of each operand, once found */
	bool found[PLAN_OPERANDS_MAX];
	/* of the operand at hand: */
	const struct metric *metric;
	const uint32_t *series; /* [n_series], ascending: those the label filter lets through */
	size_t n_series;
	const struct form *form; /* it is one as a whole; NULL: a metric */
	const char *level;       /* at which the coverage says who is due; NULL: it is of no day */
	int32_t day;             /* that it is of */
	bool over;               /* nobody is due for what is not over yet */
};

/** What @office contributes to @row; made when it is not there. NULL: out of memory. */
struct member *figures_member(struct figures *f, size_t office, int32_t row);
/** Append what @office's @series has in slice @at to its part in @row. */
int figures_part_add(struct figures *f, size_t office, int32_t row, uint32_t series, int32_t at,
		     const struct acc *acc);
/** The coverage is of @day from now on, for periods that are @over or not. */
void figures_cover(struct figures *f, int32_t day, bool over);
/** The first slice that may be carried into the range, or be its level: of what is no level, its
 * own first. */
int32_t figures_look_back(const struct figures *f, const struct slices *slices,
			  const struct day_range *range);
/** Rows that have no value because the office's unit lies across them learn which unit that is. */
void figures_attribute(struct figures *f, struct coverage *coverage);
/** The next entry of @page, from @at on, that is of the series asked for, from @s on; NULL: none.
 */
const struct entry *figures_next_entry(const struct figures *f, const struct page *page, size_t *at,
				       size_t *s);
/** Gather the operand at hand over the bucket. */
int figures_gather(struct figures *f, struct err *err);

/** Ask units in @range: afterwards each office has a unit whose pages answered, and whose counts
 * and values are in the rows' totals, or is to be asked ITSELF. */
int figures_ask_units(struct figures *f, const struct slices *slices, const struct day_range *range,
		      struct err *err);
/** Read the pages of the offices that are to be asked ITSELF. */
int figures_ask_offices(struct figures *f, const struct slices *slices,
			const struct day_range *range, struct err *err);
/** What @page says of @office in @slice, into @ret (zero at first); observations and revisions are
 * added to @counts. */
int figures_count_pairs(struct figures *f, const struct slice *slice, size_t office,
			const struct page *page, struct counts *counts, struct pairs *ret,
			struct err *err);
/** Count who is excused in @range, which was counted. */
int figures_excuse(struct figures *f, const struct slices *slices, const struct day_range *range,
		   struct err *err);
/** Mark the members due that reported in the range, of those that units answered for. */
int figures_reporters(struct figures *f, const struct slices *slices, const struct day_range *range,
		      struct err *err);
/** Count what waits in quarantine of the operand at hand. */
int figures_wait(struct figures *f, struct err *err);
