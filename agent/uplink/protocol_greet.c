/* From a pause to a Hello: how a line is made, greeted, and given up for a while. */
#include "uplink/protocol_internal.h"

/* Half to all of a time that doubles: offices that lost the province together come back apart. */
static uint64_t backoff_ms(const struct protocol *core, uint64_t dice)
{
	uint64_t full = core->timing.backoff_min_ms;
	for (uint32_t i = 0; i < core->attempt && full < core->timing.backoff_max_ms; i++)
		full *= 2;
	if (full > core->timing.backoff_max_ms)
		full = core->timing.backoff_max_ms;
	return full - dice % (full / 2 + 1);
}

void step_pause(struct step *step, uint64_t wait_ms)
{
	step_act(step, PROTOCOL_CLOSE, 0);
	core_lose_session(step->core);
	step->core->state = PROTOCOL_PAUSING;
	step->core->pause_until_ms = step->event.now_ms + wait_ms;
}

void step_back_off(struct step *step, enum protocol_trouble trouble)
{
	step_pause(step, backoff_ms(step->core, step->event.dice));
	if (step->core->attempt < 32)
		step->core->attempt++;
	step_say(step, trouble);
}

void step_open_socket(struct step *step)
{
	if (!step_affords(step, BUDGET_HANDSHAKE + BUDGET_GREETING))
		return;
	step_act(step, PROTOCOL_OPEN, 0);
	step->core->state = PROTOCOL_CONNECTING;
	step->core->connect_until_ms = step->event.now_ms + step->core->timing.silence_ms;
}

void step_send_hello(struct step *step)
{
	struct protocol *core = step->core;
	if (!step_affords(step, BUDGET_GREETING))
		return;
	budget_spend(&core->budget, step->event.now_ms, BUDGET_GREETING);
	core_lose_session(core);
	core->state = PROTOCOL_GREETING;
	core->hello_at_ms = NEVER;
	core->hello_until_ms = step->event.now_ms + core->timing.hello_ms;
	core->hellos++;
	step_act(step, PROTOCOL_SEND_HELLO, 0);
}

/* Hello again on a connection that works; pauses grow while it moves nothing. */
void step_greet_again(struct step *step)
{
	struct protocol *core = step->core;
	if (core->hellos < HELLOS_MAX) {
		step_send_hello(step);
		return;
	}
	core_lose_session(core);
	core->state = PROTOCOL_GREETING;
	core->hello_until_ms = NEVER;
	core->hello_at_ms = step->event.now_ms + backoff_ms(core, step->event.dice);
	if (core->attempt < 32)
		core->attempt++;
}
