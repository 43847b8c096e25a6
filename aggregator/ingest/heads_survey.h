/* Which heads of the ledger do offices keep? An operator's question to those that are connected.
 *
 * 1. heads_survey_ask() sends a HeadsAsk to each office asked about whose agent speaks protocol 3.
 * 2. Each answers with Heads, once: heads_survey_take(). What nobody asked for, more than was asked
 *    for, or what is no head, is the peer's fault, and refused.
 * 3. When all have answered, or HEADS_WAIT_MS is over, the question ends. What comes after that is
 *    late, and dropped: whoever wants it asks again.
 *
 * One question at a time. Nothing of it is stored. On the loop thread. */
#pragma once

#include "ingest/agents.h"
#include "ingest/gate.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define HEADS_WAIT_MS 10000u  /* a thin line has carried 400 heads by then, 20 kB */
#define HEADS_MOST    100000u /* that one question may bring; 60 bytes each */

struct kept_head {
	int32_t day; /* of the office's calendar; since 1970 */
	int64_t position;
	uint8_t chain[CHAIN_LEN];
};

enum heads_state {
	HEADS_AWAY,   /* it is not connected, */
	HEADS_SILENT, /* is, and did not answer, */
	HEADS_TOLD,   /* or did */
};

struct asked_office {
	int64_t office;
	enum heads_state state;
	struct kept_head *heads; /* owned [n]: in the order in which they were told to it */
	size_t n;
	/* for who judges them: the first that is not this ledger's */
	enum link_verdict odd;
	int64_t odd_position;
};

struct heads_question { /* embed it; stays in place until on_end */
	uint32_t most;  /* heads of each: 1 to WIRE_HEADS_MAX */
	void (*on_end)(struct heads_question *question);
	/* the survey's: */
	struct asked_office *offices; /* owned [n]: that speak protocol 3, ascending by id */
	size_t n, waiting;
};
/** NULL: it was not asked, as its agent said no Hello yet, or speaks an earlier protocol. */
struct asked_office *heads_question_find(const struct heads_question *question, int64_t office);
void heads_question_free(struct heads_question *question);

struct heads_survey {
	struct gate *gate;                /* lent, as the next one */
	struct agent_list *agents;        /* whose last ask is noted there */
	void (*on_change)(void *context); /* when it is stopped */
	void *context;
	/* its own: */
	struct heads_question *question; /* lent; NULL: none under way */
	uint32_t number;
	uv_timer_t timer;
	bool open, stopped;
};

/** @survey is filled in up to context. */
void heads_survey_start(uv_loop_t *loop, struct heads_survey *survey);
/**
 * Ask @office, or all (0). on_end follows from the loop, once, not from within this call; until
 * then @question is the survey's.
 *
 * -EAGAIN: another question is under way, or the province is stopping. -EINVAL: it may bring more
 * than HEADS_MOST. -ENOMEM. On error nobody was asked.
 */
int heads_survey_ask(struct heads_survey *survey, struct heads_question *question, int64_t office,
		     struct err *err);
/** @office answers. NULL, or why that is refused: a sentence to be translated, static. */
const char *heads_survey_take(struct heads_survey *survey, int64_t office,
			      const Lantoa__V1__Heads *heads);
/** What the offices of @question keep was judged: status tells of those that have an odd one. */
void heads_survey_judged(struct heads_survey *survey, const struct heads_question *question);
/** A question under way ends with what came. on_change follows from the loop, with open false. */
void heads_survey_stop(struct heads_survey *survey);
