/* When the line rests: there is nothing to say, or its hour's bytes are spent. */
#include "uplink/protocol_internal.h"

#define ANSWER_LEN_MAX                                                                             \
	300u        /* a Welcome; longer are catalogues, and acks that name refused figures */
#define ACK_LEN 64u /* and a Refused, or a few words about refused figures */

bool core_has_to_say(const struct protocol *core)
{
	return core->last_seq > core->acked;
}

/* When the rest ends, by what is known at @now_ms. */
static uint64_t wake_ms(const struct protocol *core, uint64_t now_ms)
{
	bool waits = !core_has_to_say(core) && core->rest_until_ms > now_ms;
	return budget_when(&core->budget, waits ? core->rest_until_ms : now_ms,
			   BUDGET_HANDSHAKE + BUDGET_GREETING + BUDGET_PING + core->dear);
}

/* Without a socket until there is something to say and the budget has room for it; the core comes
 * back by itself after a while at the latest, and not all cores at once. */
void step_rest(struct step *step)
{
	struct protocol *core = step->core;
	uint32_t longest_ms = core->timing.rest_ms;
	step_act(step, PROTOCOL_CLOSE, 0);
	core_lose_session(core);
	core->state = PROTOCOL_RESTING;
	core->rest_until_ms = step->event.now_ms + longest_ms - step->event.dice % (longest_ms / 8);
	core->wake_ms = wake_ms(core, step->event.now_ms);
	if (core_has_to_say(core))
		step_say(step, PROTOCOL_TROUBLE_BUDGET);
}

/* Is there room for so many bytes? Otherwise it goes to rest. */
bool step_affords(struct step *step, size_t bytes)
{
	uint64_t now = step->event.now_ms;
	if (budget_when(&step->core->budget, now, bytes) <= now)
		return true;
	step_rest(step);
	return false;
}

void step_wake_if_due(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state != PROTOCOL_RESTING)
		return;
	core->wake_ms = wake_ms(core, step->event.now_ms);
	if (core->wake_ms <= step->event.now_ms)
		step_open_socket(step);
	else if (core_has_to_say(core))
		step_say(step, PROTOCOL_TROUBLE_BUDGET);
}

/* With the ack that it brings. */
size_t core_batch_cost(size_t len)
{
	return budget_frame(len) + budget_frame(ACK_LEN);
}

/* A batch is read and too dear for now. */
bool core_waits_for_budget(const struct protocol *core, uint64_t now_ms)
{
	return core->dear != 0 && now_ms < core->retry_at_ms;
}

/* For minutes only: Pings meanwhile would eat what is saved up. */
void step_wait_for_budget(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	core->dear = core_batch_cost(step->event.bytes);
	core->retry_at_ms = budget_when(&core->budget, now, core->dear);
	if (core->retry_at_ms > now + core->timing.ping_ms && protocol_in_flight(core) == 0)
		step_rest(step);
	else
		step_say(step, PROTOCOL_TROUBLE_BUDGET);
}

void protocol_heard(struct protocol *core, uint64_t now_ms, size_t len)
{
	if (len > ANSWER_LEN_MAX)
		budget_spend(&core->budget, now_ms, budget_frame(len));
}

bool protocol_affords(const struct protocol *core, uint64_t now_ms, size_t len)
{
	return budget_when(&core->budget, now_ms, core_batch_cost(len)) <= now_ms;
}
