/* One office's day, played again from the journal: the value of every observation as of now, when
 * it first came and how often it was revised. The slow, sure way to any accumulator. */
#pragma once

#include "journal/declarations.h"
#include "rollup/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum replay_state { REPLAY_NONE, REPLAY_VALUE, REPLAY_WITHDRAWN };

struct replay_slot {
	int64_t value_e;      /* catalogue decimals */
	int32_t received_day; /* local, when it first came; after a withdrawal: came again */
	int32_t revisions;
	enum replay_state state;
};

struct replay_series {
	uint32_t series;
	const struct metric *metric;
	struct replay_slot *slots; /* [n]: one for each of the day's periods, see period_in_day() */
	uint32_t n;
};

#define REPLAY_SERIES_MAX 4096u /* played at once: 140 MB if they are of minutes */

struct replay;

/** Reads through @declarations (outlives the replay). NULL: err says why. */
struct replay *replay_open(sqlite3 *db, struct declarations *declarations, struct err *err);
void replay_close(struct replay *replay); /* NULL is fine */
/** From now on play as if nothing had been received, nor released from quarantine, after @until_us.
 */
void replay_until(struct replay *replay, int64_t until_us);

/** From now on play as if entries from @entry on had not come (INT64_MAX: all have), and what was
 * released at @released_us were held (INT64_MIN: nothing). */
void replay_before(struct replay *replay, int64_t entry, int64_t released_us);

/** From now on play by what will wait in quarantine when the change under way is through:
 * quarantine.h. */
int replay_next(struct replay *replay, struct err *err);

/* A figure came, became another one or was withdrawn, or came and is held. */
struct replay_change {
	const struct replay_series *series;
	uint32_t nth;                     /* the day's period */
	struct replay_slot before, after; /* of one that is held: as it came, which changed nothing;
					     REPLAY_NONE: no value of the metric's */
	int64_t entry;                    /* of the journal, that brought it, */
	int64_t run, point;               /* where in its batch it stands, */
	int64_t received_us;              /* and when it came */
	bool held;                        /* it waits in quarantine */
};
/** From now on tell each change while playing, the first report of a period too. What @on_change
 * returns, when not 0, ends the play. NULL: no longer. */
void replay_watch(struct replay *replay,
		  int (*on_change)(void *context, const struct replay_change *change,
				   struct err *err),
		  void *context);

/**
 * Play (@office, @day). @only [@n_only], ascending: just these series; NULL: all. What lies in
 * quarantine unreleased, and series that the catalogue does not know (any more) as they were
 * declared, are passed over. @ret_list [@ret_n], ascending by series, is valid until the next call.
 */
int replay_day(struct replay *replay, int64_t office, int32_t day, const uint32_t only[],
	       size_t n_only, struct replay_series **ret_list, size_t *ret_n, struct err *err);

/**
 * Play (@office, @day) for the series in @only [@n_only] (NULL: all the office ever declared), and
 * hand each that has anything to @on_series, ascending. However many there are, memory is bounded:
 * they are played REPLAY_SERIES_MAX at a time.
 */
int replay_each(struct replay *replay, int64_t office, int32_t day, const uint32_t only[],
		size_t n_only,
		int (*on_series)(void *context, const struct replay_series *series,
				 struct err *err),
		void *context, struct err *err);

/** The accumulator over the slots @from to @to - 1. */
struct acc replay_acc(const struct replay_series *series, int32_t day, uint32_t from, uint32_t to);

/** What replay_day() met on the way, since replay_open(). */
uint64_t replay_observations(const struct replay *replay);
