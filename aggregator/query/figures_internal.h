/* What the files of figures share: figures.c leads and makes values of what was gathered,
 * figure_set.c gathers it, stretch by stretch, from what units tell (figures_units.c) and, where
 * they cannot, from the offices' own pages (figures_offices.c); reporters.c looks for who
 * reported at all where it was enough to ask the units, figures_waiting.c for what waits. */
#pragma once

#include "query/figures.h"
#include "query/series.h"
#include "query/slices.h"
#include "query/source.h"
#include "query/unit_pages.h"
#include "query/waiting.h"
#include "rollup/replay.h"

#define ALONE (-1) /* teller of an office that is asked itself */

struct part { /* one series of one office, gathered over the bucket */
	int32_t row;
	uint32_t series;
	int32_t at; /* number of the step that the newest figure is of */
	struct acc acc;
	int32_t next; /* of the same office; -1: none */
};

struct site {        /* where a unit's offices count on the day at hand */
	unsigned of; /* figures' stand: it is of that day */
	struct place place;
	bool due;
	int32_t teller; /* who is asked first for them; ALONE */
};

struct standing { /* an office on the day at hand, and what is known of it in the bucket */
	const struct unit *unit;
	struct place place; /* where it counts on that day */
	bool due;
	bool blamed;           /* rows_blame() knows of it, on that day */
	int32_t teller;        /* who tells its figures; ALONE */
	int32_t last_reported; /* number of the step; NEVER */
	int32_t first_part, first_member;
};

struct stretch {             /* steps of a bucket during which all stands the same */
	int32_t first, last; /* numbers */
	int32_t since;       /* the first step in which all stood so, maybe before the bucket's */
	bool ends;           /* the bucket, too */
	bool over;           /* its own periods are; otherwise none is due, what came is extra */
	bool partly; /* it is one step, of which the first own periods are over, others not */
};

struct total { /* a row, from what units told */
	int128 value;
	int64_t n; /* values in it */
};

struct figures {
	sqlite3 *db;
	const struct reference *reference;
	const struct plan *plan;
	bool each_office;  /* its counts are wanted, not just those of its row */
	struct rows *rows; /* lent */
	struct period bucket;
	struct source *source;
	struct declarations *declarations;
	struct replay *replay;      /* for per-minute metrics with labels */
	struct standing *standings; /* owned [offices->n] */
	struct site *sites;         /* owned [units->n] */
	unsigned stand;             /* counts the days that standings were of */
	struct waiting waiting;     /* in quarantine, over all buckets */
	struct strays strays;       /* offices that stand nowhere, at any time */
	struct nodes nodes;         /* to read */
	struct part *parts;         /* owned [n_parts] */
	size_t n_parts, parts_room;
	struct member *members; /* owned [n_members] */
	size_t n_members, members_room;
	struct teller *tellers; /* owned [n_tellers] */
	size_t n_tellers, tellers_room;
	int32_t *teller_of, *row_of;        /* owned [units->n]; figures_units.c */
	struct total *totals;               /* owned [rows] */
	struct counts *summed, *summed_now; /* owned [rows]: what units told, that is not in the
					       members' own counts; of the operand at hand */
	struct series_list lists[PLAN_OPERANDS_MAX]; /* of each operand, once found */
	bool found[PLAN_OPERANDS_MAX];
	/* of the operand at hand: */
	const struct metric *metric;
	const uint32_t *series; /* [n_series], ascending: those the label filter lets through */
	size_t n_series;
	const char *level; /* that the standings are due at; NULL: they are of no day */
	int32_t day;       /* that they are of */
	bool over;         /* nobody is due for what is not over yet */
};

/** Room for one more of the list. -ENOMEM. */
int figures_grow(void **list, size_t *room, size_t n, size_t size);
/** What @office contributes to @row; made when it is not there. NULL: out of memory. */
struct member *figures_member(struct figures *f, size_t office, int32_t row);
/** Append what @office's @series has in step @at to its part in @row. */
int figures_part_add(struct figures *f, size_t office, int32_t row, uint32_t series, int32_t at,
		     const struct acc *acc);
/** The standings are of @day from now on, for periods that are @over or not. */
void figures_stand(struct figures *f, int32_t day, bool over);
/** The first step that may be carried into the stretch, or be its level: of what is no level, its
 * own first. */
int32_t figures_look_back(const struct figures *f, const struct steps *steps,
			  const struct stretch *stretch);
/** Rows that cannot be told because of it learn so. */
void figures_blame(struct figures *f, struct standing *standing);
/** The next entry of @page, from @at on, that is of the series asked for, from @s on; NULL: none.
 */
const struct entry *figures_next_entry(const struct figures *f, const struct page *page, size_t *at,
				       size_t *s);
/** Gather the operand at hand over the bucket. */
int figures_read(struct figures *f, struct err *err);

/** Ask units in @stretch: afterwards each office has a teller that could tell, whose counts and
 * values are in the rows' totals, or is ALONE. */
int figures_ask_units(struct figures *f, const struct steps *steps, const struct stretch *stretch,
		      struct err *err);
/** Read the pages of the offices that are ALONE. */
int figures_ask_offices(struct figures *f, const struct steps *steps, const struct stretch *stretch,
			struct err *err);
/** Mark the members due that reported in the stretch, of those that units told of. */
int figures_heard(struct figures *f, const struct steps *steps, const struct stretch *stretch,
		  struct err *err);
/** Count what waits in quarantine of the operand at hand. */
int figures_wait(struct figures *f, struct err *err);
