/* When something is told: facts as they are at one instant, once a minute, become alerts that begin
 * and end. A function of (alerts, facts) -> (alerts, changes): no clock, no disk.
 *
 *              holds                  held for its grace
 *   (none) ----------->  pending  --------------------------> firing: told
 *      ^                    |                                    |  |  ^
 *      |   does not hold    |                      does not hold |  |  | holds again
 *      +--------------------+                                    v  |  |
 *      +------------------------------------------------------ well ---+
 *                 resolved: told, when it was well for the kind's time
 *
 * - Time is what the caller watched (step_us), not what a clock says, so that one that is set, or a
 *   province that was off for an hour, fires nothing: what nobody watched is no grace.
 * - A kind that was not looked at (known) stands still, as does one that sleeps (asleep), but for
 *   what ends. Who is switched off has no alerts, and what fired of it ends.
 * - Groups. Where offices are concerned (of[]), most of them at once are one alert, ALERT_GROUP:
 *   it begins when more than half of them are, and GROUP_LEAST at the least, and ends when no more
 *   than a quarter are, so that it does not end into thousands. Offices are counted twice for that:
 *   all of them, and those that speak all day (lively), as the others may be silent for a day
 *   before one knows; either will do. While the group is pending, none of its offices fires or is
 *   begun; while it fires, those that were pending are let go. Who fired before goes on by itself.
 * - An office that is silent cannot have reported: while it is, lateness of it does not begin, nor
 *   does it count for a group of late ones that is not told yet. Silence tells that already.
 *
 * Changes are what is told: fired, or resolved. Who has them all has what fires. */
#pragma once

#include "alert/alert_kinds.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALERT_GROUP_LEAST 3u /* a province of two offices has no "most of them" */

struct alert_rules {
	struct alert_rule {
		bool on;
		int64_t grace_us; /* it must hold for so long before it is told, */
		int64_t well_us;  /* and not hold for so long before its end is */
	} of[ALERT_KINDS];
};

/* It holds now. */
struct alert_fact {
	enum alert_kind kind;
	char subject[ALERT_SUBJECT_MAX]; /* never ALERT_GROUP */
	int64_t since_us;                /* since when, as far as is known; 0: since now */
	int64_t n;                       /* of how much: figures, reports, hours; 0 */
	bool lively;                     /* an office's that speaks all day */
};

struct alert_facts {
	int64_t now_us;          /* what a clock says: for people */
	int64_t step_us;         /* watched since the last time; 0 to begin with */
	struct alert_fact *list; /* owned by the caller [n], in any order, each subject once */
	size_t n;
	bool known[ALERT_KINDS], asleep[ALERT_KINDS];
	uint64_t of[ALERT_KINDS]; /* offices that it might hold for; 0: no offices are concerned */
	uint64_t of_lively[ALERT_KINDS]; /* of these, those that speak all day */
};

enum alert_state { ALERT_PENDING, ALERT_FIRING };

struct alert {
	enum alert_kind kind;
	enum alert_state state;
	char subject[ALERT_SUBJECT_MAX];
	int64_t since_us; /* when it began to hold */
	int64_t fired_us;
	int64_t watched_us; /* pending: for how long it held; firing: for how long it has not */
	bool well;          /* firing, and it does not hold */
	int64_t n, all;     /* how much; of a group: offices, and of how many; since then */
};

struct alert_list {
	struct alert *list; /* owned [n], by kind, then subject */
	size_t n;
};

enum alert_end { ALERT_FIRED = 1, ALERT_RESOLVED = 2 }; /* kept: never renumber */

struct alert_change {
	enum alert_end what;
	int64_t at_us;
	struct alert alert; /* as it is, or was */
};

struct alert_change_list {
	struct alert_change *list; /* owned [n], by kind, then subject */
	size_t n;
};

/** What becomes of @before, which stays as it is. -ENOMEM: nothing does. */
int alerts_step(const struct alert_list *before, const struct alert_facts *facts,
		const struct alert_rules *rules, struct alert_list *ret_after,
		struct alert_change_list *ret_changes, struct err *err);

/** By kind, then subject: the order of lists. */
int alert_order(enum alert_kind kind, const char *subject, enum alert_kind other_kind,
		const char *other_subject);
/** How many are in @state of @kind; ALERT_KINDS: of any. */
size_t alert_list_count(const struct alert_list *alerts, enum alert_kind kind,
			enum alert_state state);
void alert_list_free(struct alert_list *alerts);
void alert_change_list_free(struct alert_change_list *changes);

/** Each kind's usual rule. */
void alert_rules_usual(struct alert_rules *ret_rules);
