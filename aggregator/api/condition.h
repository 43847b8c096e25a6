/* How the province is, in sentences: what is wrong with it, the gravest first. Pure. The same
 * sentences head `lantoa status` (whose exit status they decide), its JSON, and systemd's STATUS=.
 *
 * To have it notice one more thing: a fact here, whoever knows it fills it in (what the loop knows
 * in condition_facts_of(); what only the database knows in status_run()), and a row at its gravity
 * in the table of condition.c. */
#pragma once

#include "ingest/gate.h"
#include "ingest/intake.h"
#include "ledger/change.h"
#include "query/plan.h"
#include "registry/strays.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONDITION_LATELY_US (INT64_C(600) * 1000000) /* an operator looks, and still sees it */

struct condition_facts { /* zeros: nothing is wrong */
	int commit_rc;   /* why commits fail: 0, -ENOSPC, ... */
	int64_t commit_failing_since_us;
	struct room_look room;
	size_t offices_at_limit;   /* within the last ten minutes */
	const char *at_limit_code; /* of one of them, lent */
	const char *at_limit_of;   /* what there was too much of, for people, in English */
	bool door_shut;            /* as many connections as there may be */
	size_t connections;
	/* Within the last ten minutes: */
	char offender[CODE_LEN_MAX + 1]; /* an office cut off or told to wait; "": none */
	uint64_t offences;               /* of all offices since the start */
	char stranger[INET6_ADDRSTRLEN]; /* the address of somebody cut off who is no office; "" */
	uint64_t strangers;              /* since the start */
	uint64_t pages_mended;           /* damaged, and made anew since the start; */
	const char *mended_where;        /* the last one, lent, */
	int64_t mended_us;               /* and when */
	struct page_damage pages_met;    /* damaged ones that questions met within ten minutes */
	int64_t now_us;
	const struct contact_list *contacts; /* NULL: not known; lent */
	const struct agent_list *agents;     /* likewise */
	const struct refusals *refusals;     /* NULL: nobody's; lent */
	/* offices' days of which the journal or a page cannot be read, by what waits for them */
	uint64_t damaged_days, damaged_figures;
	char damaged_office[CODE_LEN_MAX + 1]; /* one of them, */
	int32_t damaged_day;                   /* and its day */
	/* figures of machines that were set back, which an operator is to decide about, */
	uint64_t older_figures, older_offices;
	char older_office[CODE_LEN_MAX + 1]; /* of one of these offices */
	int64_t newest_us; /* when the newest entry was received; the clock is behind it */
	int64_t behind_us; /* by this; 0: it is not, or not by much (journal/journal_clock.h) */
	int64_t ahead_us;  /* or it jumped ahead by this; 0: it did not */
	/* What the database knows: */
	uint64_t invitations_open, invitations_expired; /* of those that nobody used */
	uint64_t damaged_keys;                          /* of offices, which they keep out */
	uint64_t damaged_rows;                          /* of the register, which were left out; */
	const char *damaged_row;                        /* the first, lent; */
	uint64_t strays;                /* offices that stand on a unit not in force today, */
	char stray[STRAY_SENTENCE_MAX]; /* and what is to be said of them */
	/* offices with a key that were not heard for more than a day, */
	uint64_t silent;
	char silent_office[CODE_LEN_MAX +
			   1]; /* the one of them that was not for the longest time, */
	int64_t silent_us;     /* since then; 0: it never was */
	uint64_t doubled; /* offices whose key two machines speak with, by turns, within ten minutes
			   */
	char doubled_office[CODE_LEN_MAX + 1]; /* one of them */
	uint64_t doubtful;        /* figures that wait since one cannot know where they belong */
	const char *no_reference; /* why what is in force cannot be read; NULL: it can */
	size_t catalogue_len,
		catalogue_max;            /* bytes: of it, and that reach agents of protocol 2, */
	uint64_t old_agents;              /* of which so many said Hello since the start: */
	char old_agent[CODE_LEN_MAX + 1]; /* the office of one of them */
	/* offices that kept a head of another ledger than this when they came, since the start, */
	uint64_t odd_heads;
	char odd_head[CODE_LEN_MAX + 1]; /* one of them, */
	int64_t odd_position;            /* and where its head is */
	bool catalogue_unsendable;       /* it reaches no office at all */
	struct change_state change;      /* that is under way, or was the last */
	uint64_t alerts;                 /* that fire */
};

enum condition_gravity {
	CONDITION_WELL,
	CONDITION_NOTE, /* figures are taken and kept; still, people should know */
	CONDITION_ILL,  /* figures are not taken, or somebody must act */
};

#define CONDITION_SENTENCE_MAX 1024u /* what is longer is cut */

struct condition {
	const char *name; /* a stable word for programs */
	enum condition_gravity gravity;
	char sentence[CONDITION_SENTENCE_MAX]; /* in the language of the thread */
};

#define CONDITIONS_MAX 28u
struct conditions {
	size_t n;                              /* one at least */
	struct condition list[CONDITIONS_MAX]; /* the gravest first: the headline */
};

/** What the loop's own counters tell; both may be NULL. */
struct condition_facts condition_facts_of(const struct gate_counters *gate,
					  const struct intake_counters *intake);

/** When nothing is wrong it says that, as CONDITION_WELL. */
void conditions_judge(const struct condition_facts *facts, struct conditions *ret_conditions);

/** The name of the @i-th that may be noticed, and its gravity, "well" left out; NULL: there are no
 * more. */
const char *condition_name(size_t i, enum condition_gravity *ret_gravity);

/** "ill", "note" or "well": stable. */
const char *condition_gravity_name(enum condition_gravity gravity);
