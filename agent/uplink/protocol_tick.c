/* What is due when nothing but time has passed, and when that is. */
#include "uplink/protocol_internal.h"

static void ping(struct step *step)
{
	budget_spend(&step->core->budget, step->event.now_ms, BUDGET_PING);
	step_act(step, PROTOCOL_SEND_PING, 0);
}

static void tick_welcome(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	if (now >= core->heard_ms + core->timing.silence_ms) {
		step_back_off(step, PROTOCOL_TROUBLE_UNREACHABLE);
		return;
	}
	if (core->blocked_seq != 0 && now >= core->blocked_until_ms) {
		core->blocked_seq = 0;
		core->next_send = core->acked + 1;
		step_greet_again(step);
		return;
	}
	if (protocol_in_flight(core) > 0 && core->blocked_seq == 0 && now >= core->ack_until_ms) {
		step_greet_again(step);
		return;
	}
	uint64_t quiet_since = core->pinged_ms > core->heard_ms ? core->pinged_ms : core->heard_ms;
	if (now >= quiet_since + core->timing.ping_ms) {
		core->pinged_ms = now;
		if ((core->rests && !core_has_to_say(core)) || core_waits_for_budget(core, now)) {
			step_rest(step);
			return;
		}
		if (!step_affords(step, BUDGET_PING))
			return;
		if (core->credit == 0) /* ask whether there is some by now */
			step_greet_again(step);
		else
			ping(step);
	}
	step_send_more(step);
}

static void tick_greeting(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	if (core->hello_until_ms != NEVER && now >= core->hello_until_ms) {
		if (core->hellos >= HELLOS_MAX)
			step_back_off(step, PROTOCOL_TROUBLE_UNREACHABLE);
		else
			step_send_hello(step);
	} else if (core->hello_at_ms != NEVER && now >= core->hello_at_ms) {
		step_send_hello(step);
		core->hellos = HELLOS_MAX; /* one unanswered is enough now */
	}
}

void step_tick(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	if (now >= core->note_at_ms)
		step_release(step);
	if (core->state == PROTOCOL_PAUSING && now >= core->pause_until_ms)
		step_open_socket(step);
	else if (core->state == PROTOCOL_RENEWING && now >= core->pause_until_ms)
		step_renew(step);
	else if (core->state == PROTOCOL_RESTING)
		step_wake_if_due(step);
	else if (core->state == PROTOCOL_CONNECTING && now >= core->connect_until_ms)
		step_back_off(step, PROTOCOL_TROUBLE_UNREACHABLE);
	else if (core->state == PROTOCOL_GREETING)
		tick_greeting(step);
	else if (core->state == PROTOCOL_WELCOME)
		tick_welcome(step);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_welcome_ms(const struct protocol *core)
{
	uint64_t quiet_since = core->pinged_ms > core->heard_ms ? core->pinged_ms : core->heard_ms;
	uint64_t next = earlier(core->heard_ms + core->timing.silence_ms,
				quiet_since + core->timing.ping_ms);
	if (!core->sending && (protocol_in_flight(core) == 0 || core->blocked_seq != 0))
		next = earlier(next, core->refresh_at_ms);
	if (core->blocked_seq != 0)
		return earlier(next, core->blocked_until_ms);
	if (protocol_in_flight(core) > 0)
		next = earlier(next, core->ack_until_ms);
	if (!core->sending && core->next_send <= core->last_seq &&
	    protocol_in_flight(core) < core->credit) /* then only the clock holds it back */
		next = earlier(next, core->slow_until_ms > core->retry_at_ms ? core->slow_until_ms
									     : core->retry_at_ms);
	return next;
}

static uint64_t next_of_state_ms(const struct protocol *core)
{
	switch (core->state) {
	case PROTOCOL_PAUSING:
	case PROTOCOL_RENEWING:
		return core->pause_until_ms;
	case PROTOCOL_CONNECTING:
		return core->connect_until_ms;
	case PROTOCOL_GREETING:
		return earlier(core->hello_at_ms, core->hello_until_ms);
	case PROTOCOL_WELCOME:
		return next_welcome_ms(core);
	case PROTOCOL_RESTING:
		return core->wake_ms;
	case PROTOCOL_STOPPED:
		break;
	}
	return NEVER;
}

uint64_t protocol_next_ms(const struct protocol *core)
{
	return earlier(next_of_state_ms(core), core->note_at_ms);
}
