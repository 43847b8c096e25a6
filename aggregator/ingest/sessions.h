/* Hello, StandingAsk and Enrol: an office's question, one job of the store, one answer. */
#pragma once

#include "common/base/log_limit.h"
#include "ingest/agents.h"
#include "ingest/catalogue_watch.h"
#include "ingest/gate.h"
#include "ingest/standing_watch.h"
#include "ingest/told_head.h"
#include "journal/journal_clock.h"
#include "registry/key_list.h"
#include "store/store.h"

#include <stdint.h>

#define SESSIONS_MAX 1024u /* questions in work; the office asks again after its timeout */

struct sessions_counters {
	uint64_t hellos, enrolled, refused_enrolments;
};

enum sessions_word {
	REFUSED_HELLO,
	REFUSED_STANDING,
	REFUSED_ENROLMENT,
	RENEWED_SPOOL,
	SESSIONS_WORDS
};

struct sessions {
	uv_loop_t *loop; /* outlives us, as all below */
	struct store *store;
	struct key_list *key_list; /* follows an enrolment */
	struct gate *gate;
	const char *zone;                  /* civil time zone, told to the agents */
	const struct journal_clock *clock; /* what time they are told; outlives us, as these: */
	struct catalogue_watch *catalogue_watch;
	struct standing_watch *standing_watch;
	struct agent_list *agents;
	struct told_head *head;
	unsigned credit;                /* batches an agent may have unacknowledged, at most */
	void (*on_done)(void *context); /* after each answer */
	void *context;
	/* its own: */
	struct sessions_counters counters;
	struct log_limit said[SESSIONS_WORDS];
	unsigned working;
	bool closed; /* set it to take no question any more */
};

/**
 * Batches that each of @offices may have unacknowledged: as many as @most, fewer when all of them
 * together could have more than 32,768 under way, never fewer than two.
 *
 * What is under way waits in libzmq, which keeps 18 KiB of what it read for as long as a message of
 * them waits: 16 batches from each of 11,000 offices would be gigabytes. All together they are
 * eight of the largest commits, which keeps the province busy; two keep one office going.
 */
unsigned sessions_credit(size_t offices, unsigned most);

/** Hello of an active key: answered by Welcome, and to an agent of before protocol 3 by Catalogue
 * when its own is another. */
void sessions_hello(struct sessions *sessions, const struct gate_peer *peer,
		    const struct listed_key *key, const Lantoa__V1__Hello *hello);
/** EditionAsk of an active key: answered at once, by EditionPiece, or Refused. */
void sessions_edition(struct sessions *sessions, const struct gate_peer *peer,
		      const Lantoa__V1__EditionAsk *ask);
/** StandingAsk of an active key: answered by Standing, once what it says was read is noted. */
void sessions_standing(struct sessions *sessions, const struct gate_peer *peer,
		       const struct listed_key *key, const Lantoa__V1__StandingAsk *ask);
/** Enrol over an invitation's key: answered by Enrolled, or Refused. The key list knows the new key
 * before the office does. */
void sessions_enrol(struct sessions *sessions, const struct gate_peer *peer,
		    const struct listed_key *key, const Lantoa__V1__Enrol *enrol);
