/* What the province must say, the slow and obvious way: nested loops over every observation ever
 * heard, by the rules as they are written down. Shares no code with fold, replay, pages and query;
 * tables of units and offices, periods and GMP it takes for granted. */
#pragma once

#include "query/query.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heard { /* one observation as it came */
	int64_t office;
	const char *metric, *labels; /* lent */
	enum grain grain;
	enum calendar calendar;
	unsigned decimals;
	int32_t day;
	uint16_t nth;
	bool withdrawn;
	int64_t value_e;
	int64_t received_us;
	int64_t entry;                 /* of the journal */
	uint64_t spool, seq;           /* of its batch */
	uint64_t from_spool, from_seq; /* that its spool goes on from; 0: none */
};

struct oracle_change { /* of a figure that was there, or came for the first time */
	const struct office *office;
	const struct metric *metric;
	const char *labels;  /* lent */
	int32_t day;         /* first day of the period */
	int64_t number;      /* of the period, counted in periods of its own grain */
	bool was_present;    /* otherwise it is a first report, maybe after a withdrawal */
	bool became_present; /* otherwise it was withdrawn */
	int64_t was_e, became_e, received_us;
};

/* How often oracles met what is seldom and easily got wrong, so that a test of histories can tell
 * that its histories have it. */
extern struct oracle_met {
	uint64_t mended;   /* figures that counted then, were held since by a move, and released */
	uint64_t unmended; /* figures held by a move then, and released since */
	uint64_t left;     /* rows where somebody reported that has no level there at the end */
	uint64_t rest; /* last rows with offices of several rows that cannot be told, not added */
	uint64_t waiting; /* observations that wait in a row, */
	uint64_t astray;  /* and of those, whose office has no unit then */
	uint64_t silent; /* rows told though a divided unit lies in them, whose office was silent */
	uint64_t older;  /* observations held since a machine of the office said otherwise since, */
	uint64_t older_than_copy; /* of those, where the machine was itself one set back, */
	uint64_t older_let_in;    /* and that an order let in */
	uint64_t same;            /* observations that say what the newer one says */
	uint64_t unlisted;        /* observations held since a list did not have their label */
	uint64_t moved;           /* days that due dates moved by */
	uint64_t excused;         /* pairs that were excused and silent, */
	uint64_t forgiven;        /* or reported late */
} oracle_met;

struct oracle {
	const struct reference *reference; /* lent */
	struct cell *cells;                /* owned [n]: one per office, series and period */
	size_t n;
	struct oracle_change *changes; /* owned [n_changes], as they came */
	size_t n_changes;
	size_t held;          /* observations that cannot count */
	int64_t now_us;       /* the instant asked about */
	struct memo *memo;    /* owned; oracle.c, as the following */
	struct told *told;    /* owned [n_told]: all that was heard */
	struct shift *shifts; /* owned [n_shifts]: orders of moves */
	struct shut *shut;    /* owned [n_shut]: closed periods */
	struct leave *leaves; /* owned [n_leaves]: excuses */
	size_t n_told, n_shifts, n_shut, n_leaves;
	int64_t until_us; /* as settled */
};

/** One that has heard nothing. */
struct oracle oracle_of(const struct reference *reference);

/* What happened, in its order. Texts are lent. */

/** An office reports for @unit (NULL: none) from @day on. What counted and has no unit any more is
 * held from @at_us on: as known before, it counted. */
void oracle_move(struct oracle *oracle, int64_t office, const char *unit, int32_t day,
		 int64_t at_us);
/** Other units, offices or catalogue: what counted and may not by them is held from @at_us on. */
void oracle_refer(struct oracle *oracle, const struct reference *reference, int64_t at_us);
/** @metric NULL: all. */
void oracle_close(struct oracle *oracle, const char *metric, struct period period);
void oracle_reopen(struct oracle *oracle, const char *metric, struct period period);
/** @office need not report @metric or, where that is NULL, what is reported per @form, on days
 * @first to @end - 1, from @at_us on; and no more. */
void oracle_excuse(struct oracle *oracle, int64_t office, const char *metric, enum grain form,
		   int32_t first, int32_t end, int64_t at_us);
void oracle_excuse_end(struct oracle *oracle, size_t nth, int64_t at_us);
/** An observation came; entries come in the order of the journal. */
void oracle_hear(struct oracle *oracle, const struct heard *heard);

struct oracle_release { /* of what fits all of it; 0 or NULL: any */
	int64_t entry, office;
	const char *metric;
	bool closed;     /* whatever is closed */
	bool older_copy; /* whatever the office's other machine said since */
	int64_t at_us;
};
/** How many observations were let in, how many that fit were not. */
void oracle_let_in(struct oracle *oracle, const struct oracle_release *release, size_t *ret_passed,
		   size_t *ret_kept);

/** Last: from now on answer as known at @until_us, and as @reference is. */
void oracle_settle(struct oracle *oracle, int64_t until_us);
void oracle_free(struct oracle *oracle);

#define ORACLE_REASONS_MAX 16u
#define ORACLE_REASON_MAX  192u

struct oracle_row {
	char period[PERIOD_TEXT_MAX];
	char until[DAY_TEXT_MAX]; /* its last day, while it is not over; "": it is */
	const struct unit *unit;
	const struct office *office; /* both NULL: the rest */
	char *value;                 /* owned; NULL: none */
	bool untold; /* no value, since figures of a part of it are not known apart */
	char reasons[ORACLE_REASONS_MAX]
		    [ORACLE_REASON_MAX]; /* [n_reasons]: why there is no value;
					    who is named may be one of several.
					    None: there is one, or it is the rest */
	size_t n_reasons;
	int64_t observations, due, reported, on_time, carried, excused, missing, extra, offices_due,
		offices_reported, revisions, waiting;
	int64_t forgiven; /* of the reported: late, but excused */
	bool astray; /* the rest, though it may count nothing: an office that would be due stands on
			a unit that is not in force at the bucket's end */
};

struct oracle_answer {
	struct oracle_row *rows; /* owned [n] */
	size_t n;
};

/** May (@metric, @per, @calendar) be asked? */
bool oracle_allows(const struct metric *metric, enum calendar calendar, enum grain per);

/** Does the question name only an area that was a unit's at the time asked about, and labels that
 * the metric is divided by? */
bool oracle_knows(const struct oracle *oracle, const struct query *query, struct period first,
		  struct period last);

/** Buckets @first to @last of (@calendar, @per); area, by, labels and structure as in @query. */
void oracle_ask(const struct oracle *oracle, const struct query *query, enum calendar calendar,
		enum grain per, int32_t first, int32_t last, struct oracle_answer *ret);
/** Does the question, with buckets @first to @last, ask about figures of (@office, @metric,
 * @labels) for the own period @number that begins on @day? */
bool oracle_concerns(const struct oracle *oracle, const struct query *query, struct period first,
		     struct period last, const struct oracle_change *change);
/** Did the change come after the figure was due? */
bool oracle_is_late(const struct oracle_change *change);
void oracle_answer_free(struct oracle_answer *answer);
