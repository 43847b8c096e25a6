#include "uplink/protocol_internal.h"

#include "proto/lantoa.pb-c.h"

#include <assert.h>

#define SLOW_DOWN_MAX 3600000u /* a province can ask for an hour's rest, not more */

struct protocol_timing protocol_timing(uint32_t backoff_min_ms, uint32_t backoff_max_ms)
{
	return (struct protocol_timing){
		.hello_ms = 20000, /* slow links, and a province that is busy committing */
		.ping_ms = 80000,  /* 11,000 offices are 140 a second; who pushes each minute needs
				      none */
		.silence_ms = 200000, /* two pings got lost */
		.ack_ms = 120000, /* a commit takes milliseconds; a queue after an outage longer */
		.retry_ms = 1000,
		.backoff_min_ms = backoff_min_ms,
		.backoff_max_ms = backoff_max_ms,
		.refused_ms = 3600000,
		.note_ms = 60000, /* a disk that failed may do so again, and each time is logged */
		.rest_ms = 86400000,  /* the province hears of each office daily */
		.refresh_ms = 600000, /* 11,000 catalogues are 18 a second */
		.held_ms = 600000,
	};
}

void protocol_init(struct protocol *core, const struct protocol_timing *timing)
{
	*core = (struct protocol){
		.timing = *timing, .next_send = 1, .refresh_at_ms = NEVER, .note_at_ms = NEVER
	};
}

uint64_t protocol_in_flight(const struct protocol *core)
{
	return core->next_send - core->acked - 1;
}

void step_act(struct step *step, enum protocol_action_type type, uint64_t seq)
{
	assert(step->actions.n < PROTOCOL_ACTIONS_MAX);
	step->actions.list[step->actions.n++] = (struct protocol_action){
		.type = type, .seq = seq, .session = step->core->session
	};
}

void step_say(struct step *step, enum protocol_trouble trouble)
{
	if (step->core->trouble == trouble)
		return;
	step->core->trouble = trouble;
	step_act(step, PROTOCOL_SAY, 0);
}

void core_lose_session(struct protocol *core)
{
	core->session++;
	core->refresh_at_ms = NEVER;       /* a Hello tells */
	core->next_send = core->acked + 1; /* what was in flight is to be sent again */
	core->retry_at_ms = 0;
}

void step_release(struct step *step)
{
	step->core->note_at_ms = NEVER;
	step_act(step, PROTOCOL_RELEASE, step->core->acked);
}

void step_renew(struct step *step)
{
	step->core->note_at_ms = NEVER; /* it was about the old id */
	step_act(step, PROTOCOL_CLOSE, 0);
	step_act(step, PROTOCOL_RENEW, 0);
	core_lose_session(step->core);
	step->core->state = PROTOCOL_RENEWING;
	step->core->pause_until_ms = NEVER;
}

/* What is in flight is acked first; a batch that is refused does not count. */
static bool refresh(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state != PROTOCOL_WELCOME || step->event.now_ms < core->refresh_at_ms)
		return false;
	if (!core->sending && (protocol_in_flight(core) == 0 || core->blocked_seq != 0))
		step_send_hello(step);
	return true;
}

void step_send_more(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	if (refresh(step))
		return;
	if (core->state != PROTOCOL_WELCOME || core->sending || core->blocked_seq != 0 ||
	    core->next_send > core->last_seq || protocol_in_flight(core) >= core->credit ||
	    now < core->slow_until_ms || now < core->retry_at_ms)
		return;
	core->sending = true;
	step_act(step, PROTOCOL_SEND_BATCH, core->next_send);
}

static void on_start(struct step *step)
{
	struct protocol *core = step->core;
	core->last_seq = core->trusted = step->event.last_seq;
	core->acked = step->event.upto;
	core->next_send = core->acked + 1;
	core->begin = step->event.begin;
	step_open_socket(step);
}

static bool has_socket(const struct protocol *core)
{
	return core->state == PROTOCOL_CONNECTING || core->state == PROTOCOL_GREETING ||
	       core->state == PROTOCOL_WELCOME;
}

static void on_connected(struct step *step)
{
	if (!has_socket(step->core))
		return; /* news of a socket that is gone */
	budget_spend(&step->core->budget, step->event.now_ms, BUDGET_HANDSHAKE);
	step->core->hellos = 0;
	step->core->proven = false; /* it may be another province by now, a restored one */
	step->core->heard_ms = step->event.now_ms;
	step_send_hello(step);
}

static void on_disconnected(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state != PROTOCOL_GREETING && core->state != PROTOCOL_WELCOME)
		return;
	core_lose_session(core);
	if (!step_affords(step, BUDGET_HANDSHAKE + BUDGET_GREETING))
		return; /* libzmq would connect again and again */
	core->state = PROTOCOL_CONNECTING;
	core->connect_until_ms = step->event.now_ms + core->timing.silence_ms;
	step_say(step, PROTOCOL_TROUBLE_UNREACHABLE);
}

static bool live(const struct protocol *core)
{
	return core->state == PROTOCOL_GREETING || core->state == PROTOCOL_WELCOME;
}

static void progress(struct step *step, uint64_t upto)
{
	struct protocol *core = step->core;
	core->acked = upto;
	if (core->next_send <= upto)
		core->next_send = upto + 1;
	if (core->blocked_seq != 0 && core->blocked_seq <= upto)
		core->blocked_seq = 0; /* taken after all */
	core->hellos = 0;
	core->ack_until_ms = step->event.now_ms + core->timing.ack_ms;
	step_release(step);
}

/* A line of its own for questions about another life, so that no answer is taken for one about
 * this. */
static void ask_about(struct step *step, bool the_one_before)
{
	step->core->proving = the_one_before;
	if (has_socket(step->core))
		step_pause(step, 0);
}

static void on_proof(struct step *step)
{
	struct protocol *core = step->core;
	if (step->event.upto != core->begin || !step->event.matches) {
		step_renew(step);
		return;
	}
	core->proving = false;
	core->proven = true;
	core->hellos = 0;
	step_send_hello(step);
}

static void on_welcome(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t upto = step->event.upto;
	if (!live(core))
		return;
	core->heard_ms = step->event.now_ms;
	if (core->proving) {
		on_proof(step);
		return;
	}
	if (upto > core->trusted || !step->event.matches) {
		/* Where it was said that nothing of this life is there, and then that all of the
		 * one before is, this is a second answer about that one. */
		if (!core->proven)
			step_renew(step);
		return;
	}
	if (core->state == PROTOCOL_WELCOME)
		return; /* a second answer, maybe stale: acks tell the rest */
	if (core->begin > 0 && upto == core->begin && !core->proven) {
		ask_about(step, true);
		return;
	}
	bool moved = upto != core->acked;
	core->state = PROTOCOL_WELCOME;
	core->credit = step->event.credit;
	core->hello_at_ms = core->hello_until_ms = NEVER;
	core->ack_until_ms = step->event.now_ms + core->timing.ack_ms;
	if (moved) {
		progress(step, upto);
		core->next_send = upto + 1; /* lower than before is fine */
	}
	if (moved || core->next_send > core->last_seq)
		core->attempt = 0;
	step_say(step, core->blocked_seq ? PROTOCOL_TROUBLE_BATCH : PROTOCOL_TROUBLE_NONE);
	step_send_more(step);
}

static void on_ack(struct step *step)
{
	struct protocol *core = step->core;
	if (!live(core))
		return;
	core->heard_ms = step->event.now_ms;
	if (step->event.slow_down_ms > 0) {
		uint32_t rest = step->event.slow_down_ms;
		core->slow_until_ms =
			step->event.now_ms + (rest < SLOW_DOWN_MAX ? rest : SLOW_DOWN_MAX);
	}
	if (step->event.upto > core->trusted) {
		step_renew(step);
		return;
	}
	if (step->event.upto > core->acked) {
		core->attempt = 0;
		progress(step, step->event.upto);
		if (core->state == PROTOCOL_WELCOME && core->blocked_seq == 0 &&
		    !core_waits_for_budget(core, step->event.now_ms))
			step_say(step, PROTOCOL_TROUBLE_NONE);
	} else if (step->event.slow_down_ms > 0 && core->blocked_seq == 0) {
		/* Put off: a province without room drops what comes. It all goes again after the
		 * rest; what was not dropped is a duplicate then. */
		core->next_send = core->acked + 1;
	}
	step_send_more(step);
}

static void on_outdated(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state == PROTOCOL_WELCOME && core->refresh_at_ms == NEVER)
		core->refresh_at_ms =
			step->event.now_ms + step->event.dice % core->timing.refresh_ms;
}

static void block(struct step *step, uint64_t seq)
{
	struct protocol *core = step->core;
	if (seq <= core->acked)
		return; /* an old story */
	core->blocked_seq = seq;
	core->blocked_until_ms = step->event.now_ms + core->timing.refused_ms;
	core->trouble = PROTOCOL_TROUBLE_NONE; /* so that each refusal is said */
	step_say(step, PROTOCOL_TROUBLE_BATCH);
}

static void on_refused(struct step *step)
{
	struct protocol *core = step->core;
	if (!live(core))
		return;
	core->heard_ms = step->event.now_ms;
	if (step->event.code == LANTOA__V1__REFUSED__CODE__INVITATION) {
		step_back_off(step, PROTOCOL_TROUBLE_KEY);
	} else if (step->event.code == LANTOA__V1__REFUSED__CODE__GAP) {
		/* while greeting it tells of batches sent before; while blocked it must be so */
		if (core->state == PROTOCOL_WELCOME && core->blocked_seq == 0)
			step_greet_again(step);
	} else if (step->event.seq == 0) {
		step_pause(step, core->timing.refused_ms);
		step_say(step, PROTOCOL_TROUBLE_VERSION);
	} else {
		block(step, step->event.seq);
	}
}

static void on_batch_done(struct step *step)
{
	struct protocol *core = step->core;
	core->sending = false;
	if (step->event.result == PROTOCOL_SENT)
		budget_spend(&core->budget, step->event.now_ms, core_batch_cost(step->event.bytes));
	if (step->event.session == core->session && core->state == PROTOCOL_WELCOME) {
		if (step->event.result == PROTOCOL_MISSING && step->event.seq > core->acked) {
			step_renew(step);
			return;
		}
		if (step->event.result == PROTOCOL_TOO_DEAR) {
			step_wait_for_budget(step);
			return;
		}
		if (step->event.result == PROTOCOL_NO_ROOM)
			core->retry_at_ms = step->event.now_ms + core->timing.retry_ms;
		if (step->event.result == PROTOCOL_SENT && step->event.seq == core->next_send) {
			if (protocol_in_flight(core) == 0)
				core->ack_until_ms = step->event.now_ms + core->timing.ack_ms;
			core->next_send++;
			core->dear = 0;
		}
	}
	if (step->event.result == PROTOCOL_SENT && step->event.seq > core->trusted &&
	    core->state != PROTOCOL_RENEWING)
		core->trusted = step->event.seq;
	step_send_more(step);
}

static void on_not_noted(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state != PROTOCOL_RENEWING && core->state != PROTOCOL_STOPPED)
		core->note_at_ms = step->event.now_ms + core->timing.note_ms;
}

static void on_renewed(struct step *step)
{
	struct protocol *core = step->core;
	core->acked = core->trusted = core->blocked_seq = core->begin = 0;
	core->proving = core->proven = false;
	core->last_seq = step->event.last_seq;
	core->next_send = 1;
	step_open_socket(step);
}

static void on_not_renewed(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state == PROTOCOL_RENEWING)
		core->pause_until_ms = step->event.now_ms + core->timing.note_ms;
}

struct protocol_actions protocol_step(struct protocol *core, struct protocol_event event)
{
	struct step step = { .core = core, .event = event };
	switch (event.type) {
	case PROTOCOL_START:
		on_start(&step);
		break;
	case PROTOCOL_TICK:
		step_tick(&step);
		break;
	case PROTOCOL_OPEN_FAILED:
		if (core->state == PROTOCOL_CONNECTING)
			step_back_off(&step, PROTOCOL_TROUBLE_UNREACHABLE);
		break;
	case PROTOCOL_CONNECTED:
		on_connected(&step);
		break;
	case PROTOCOL_DISCONNECTED:
		on_disconnected(&step);
		break;
	case PROTOCOL_AUTH_FAILED:
	case PROTOCOL_TOLD_LATER:
		if (has_socket(core)) {
			budget_spend(&core->budget, event.now_ms, BUDGET_HANDSHAKE);
			step_back_off(&step, event.type == PROTOCOL_TOLD_LATER
						     ? PROTOCOL_TROUBLE_LATER
						     : PROTOCOL_TROUBLE_KEY);
		}
		break;
	case PROTOCOL_WELCOMED:
		on_welcome(&step);
		break;
	case PROTOCOL_ACKED:
		on_ack(&step);
		break;
	case PROTOCOL_REFUSED:
		on_refused(&step);
		break;
	case PROTOCOL_HEARD:
		core->heard_ms = event.now_ms;
		break;
	case PROTOCOL_OUTDATED:
		on_outdated(&step);
		break;
	case PROTOCOL_SEALED:
		if (core->state != PROTOCOL_RENEWING && event.last_seq > core->last_seq)
			core->last_seq = event.last_seq;
		step_wake_if_due(&step);
		step_send_more(&step);
		break;
	case PROTOCOL_REBORN:
		if (core->state != PROTOCOL_RENEWING) {
			core->begin = event.begin;
			ask_about(&step, false);
		}
		break;
	case PROTOCOL_BATCH_DONE:
		on_batch_done(&step);
		break;
	case PROTOCOL_NOT_NOTED:
		on_not_noted(&step);
		break;
	case PROTOCOL_RENEWED:
		on_renewed(&step);
		break;
	case PROTOCOL_NOT_RENEWED:
		on_not_renewed(&step);
		break;
	case PROTOCOL_STOP:
		step_act(&step, PROTOCOL_CLOSE, 0);
		core_lose_session(core);
		core->state = PROTOCOL_STOPPED;
		core->note_at_ms = NEVER;
		break;
	}
	return step.actions;
}
