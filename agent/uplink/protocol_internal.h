/* What protocol.c, protocol_greet.c, protocol_rest.c and protocol_tick.c share, and nobody else
 * includes: one call of protocol_step(), and what its parts ask of each other. All of it is pure.
 */
#pragma once

#include "uplink/protocol.h"

#define NEVER      UINT64_MAX
#define HELLOS_MAX 3u /* unanswered, before the socket is suspected */

struct step { /* one call of protocol_step() */
	struct protocol *core;
	struct protocol_event event;
	struct protocol_actions actions;
};

/* protocol.c */
void step_act(struct step *step, enum protocol_action_type type, uint64_t seq);
/** Say so, unless it was said last. */
void step_say(struct step *step, enum protocol_trouble trouble);
/** Note in the spool what is acked. */
void step_release(struct step *step);
void step_renew(struct step *step);
/** The next batch, if it may go now. */
void step_send_more(struct step *step);
/** What was in flight is to be sent again. */
void core_lose_session(struct protocol *core);

/* protocol_greet.c */
/** Without a socket for @wait_ms. */
void step_pause(struct step *step, uint64_t wait_ms);
/** For a time that doubles with each attempt, because of @trouble. */
void step_back_off(struct step *step, enum protocol_trouble trouble);
void step_open_socket(struct step *step);
void step_send_hello(struct step *step);
/** Hello again on a connection that works; pauses grow while it moves nothing. */
void step_greet_again(struct step *step);

/* protocol_rest.c */
bool core_has_to_say(const struct protocol *core);
/** Close the socket until there is something to say and room for it in the budget. */
void step_rest(struct step *step);
/** Is there room for so many bytes? Otherwise it goes to rest. */
bool step_affords(struct step *step, size_t bytes);
void step_wake_if_due(struct step *step);
/** Of a batch whose frame has @len bytes, with the ack that it brings. */
size_t core_batch_cost(size_t len);
/** A batch was read and is too dear for now: wait, or rest. */
void step_wait_for_budget(struct step *step);
bool core_waits_for_budget(const struct protocol *core, uint64_t now_ms);

/* protocol_tick.c */
void step_tick(struct step *step);
