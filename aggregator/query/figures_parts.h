/* What the files of figures share: figures.c leads and makes values of what was gathered,
 * figures_read.c gathers it from the pages, figures_heard.c tells who reported where it was enough
 * to look at the units' own pages. */
#pragma once

#include "figures.h"
#include "replay.h"
#include "series.h"
#include "source.h"
#include "step.h"

#define NEVER INT32_MIN

struct part { /* one series of one office, gathered over the bucket */
	int32_t row;
	uint32_t series;
	int32_t at; /* number of the step that the newest figure is of */
	struct acc acc;
	int32_t next; /* of the same office; -1: none */
};

struct standing { /* an office on the day at hand, and what is known of it in the bucket */
	const struct unit *unit;
	struct place place; /* where it counts on that day */
	bool due;
	bool inside;           /* it counts somewhere on some day of the bucket */
	bool blamed;           /* rows_blame() knows of it, on that day */
	bool reported;         /* in the step at hand */
	int32_t last_reported; /* number of the step; NEVER */
	int32_t first_part, first_member;
};

struct total { /* a row, from the pages of its unit */
	int128 sum;
	int64_t n;
	/* summed up: of its offices that are due, */
	int64_t reported, on_time, revisions; /* in the bucket */
	int64_t in_step;                      /* reported, in the step at hand */
	int64_t offices;                      /* how many they are on the day at hand */
	bool complete; /* all of them reported in some step since they stand there */
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
	struct nodes nodes;         /* to read on the day at hand */
	struct part *parts;         /* owned [n_parts] */
	size_t n_parts, parts_room;
	struct member *members; /* owned [n_members] */
	size_t n_members, members_room;
	struct total *totals;                        /* owned [rows] */
	struct counts *summed;                       /* owned [rows]: of members' offices, that are
							not in the members' own counts */
	struct series_list lists[PLAN_OPERANDS_MAX]; /* of each operand, once found */
	bool found[PLAN_OPERANDS_MAX];
	/* of the operand at hand: */
	const struct metric *metric;
	const uint32_t *series; /* [n_series], ascending: those the label filter lets through */
	size_t n_series;
	bool sums_up;  /* figures_sum_up() */
	int32_t day;   /* that rows and due of the standings are of */
	int64_t pairs; /* own periods since then, of the steps read so far */
};

/** What @office contributes to @row; made when it is not there. NULL: out of memory. */
struct member *figures_member(struct figures *f, size_t office, int32_t row);
/** Append what @office's @series has in step @at to its part in @row. */
int figures_part_add(struct figures *f, size_t office, int32_t row, uint32_t series, int32_t at,
		     const struct acc *acc);
/** The standings are of @day from now on. */
void figures_stand(struct figures *f, int32_t day);
/** Rows that cannot be told because of it learn so. */
void figures_blame(struct figures *f, struct standing *standing);
/** Gather the operand at hand over the bucket. */
int figures_read(struct figures *f, struct err *err);

/* Do the units' own pages hold what the rows show? */
bool figures_from_units(const struct figures *f);
/**
 * Do they even say how much was reported, so that the offices' own pages stay unread? Where an
 * office has one series of the metric, observations are reports; those of offices that were not due
 * are in them too, and are taken off: such offices are read one by one, as are those of the rest.
 * What remains is who of those due reported at all: figures_heard().
 */
bool figures_sum_up(const struct figures *f);
/** Mark the members due that reported in the bucket. */
int figures_heard(struct figures *f, const struct steps *steps, struct err *err);
