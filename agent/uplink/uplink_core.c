#include "uplink_core.h"

#include "lantoa.pb-c.h"

#include <assert.h>

#define HELLOS_MAX    3u       /* unanswered, before the socket is suspected */
#define SLOW_DOWN_MAX 3600000u /* a province can ask for an hour's rest, not more */
#define ANSWER_LEN_MAX                                                                             \
	300u        /* a Welcome; longer are catalogues, and acks that name refused figures */
#define ACK_LEN 64u /* and a Refused, or a few words about refused figures */
#define NEVER   UINT64_MAX

struct step { /* one call of uplink_step */
	struct uplink_core *core;
	struct uplink_event event;
	struct uplink_actions actions;
};

struct uplink_timing uplink_timing(uint32_t backoff_min_ms, uint32_t backoff_max_ms)
{
	return (struct uplink_timing){
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
	};
}

void uplink_core_init(struct uplink_core *core, const struct uplink_timing *timing)
{
	*core = (struct uplink_core){
		.timing = *timing, .next_send = 1, .refresh_at_ms = NEVER, .note_at_ms = NEVER
	};
}

uint64_t uplink_in_flight(const struct uplink_core *core)
{
	return core->next_send - core->acked - 1;
}

static void act(struct step *step, enum uplink_action_type type, uint64_t seq)
{
	assert(step->actions.n < UPLINK_ACTIONS_MAX);
	step->actions.list[step->actions.n++] =
		(struct uplink_action){ .type = type, .seq = seq, .session = step->core->session };
}

static void say(struct step *step, enum uplink_trouble trouble)
{
	if (step->core->trouble == trouble)
		return;
	step->core->trouble = trouble;
	act(step, UPLINK_SAY, 0);
}

/* Half to all of a time that doubles: offices that lost the province together come back apart. */
static uint64_t backoff_ms(const struct uplink_core *core, uint64_t dice)
{
	uint64_t full = core->timing.backoff_min_ms;
	for (uint32_t i = 0; i < core->attempt && full < core->timing.backoff_max_ms; i++)
		full *= 2;
	if (full > core->timing.backoff_max_ms)
		full = core->timing.backoff_max_ms;
	return full - dice % (full / 2 + 1);
}

static void lose_session(struct uplink_core *core)
{
	core->session++;
	core->refresh_at_ms = NEVER;       /* a Hello tells */
	core->next_send = core->acked + 1; /* what was in flight is to be sent again */
	core->retry_at_ms = 0;
}

static void pause_for(struct step *step, uint64_t wait_ms)
{
	act(step, UPLINK_CLOSE, 0);
	lose_session(step->core);
	step->core->state = UPLINK_PAUSING;
	step->core->pause_until_ms = step->event.now_ms + wait_ms;
}

static void back_off(struct step *step, enum uplink_trouble trouble)
{
	pause_for(step, backoff_ms(step->core, step->event.dice));
	if (step->core->attempt < 32)
		step->core->attempt++;
	say(step, trouble);
}

static bool has_to_say(const struct uplink_core *core)
{
	return core->last_seq > core->acked;
}

/* When the rest ends, by what is known at @now_ms. */
static uint64_t wake_ms(const struct uplink_core *core, uint64_t now_ms)
{
	bool waits = !has_to_say(core) && core->rest_until_ms > now_ms;
	return budget_when(&core->budget, waits ? core->rest_until_ms : now_ms,
			   BUDGET_HANDSHAKE + BUDGET_GREETING + BUDGET_PING + core->dear);
}

/* Without a socket until there is something to say and the budget has room for it; the core comes
 * back by itself after a while at the latest, and not all cores at once. */
static void rest(struct step *step)
{
	struct uplink_core *core = step->core;
	uint32_t longest_ms = core->timing.rest_ms;
	act(step, UPLINK_CLOSE, 0);
	lose_session(core);
	core->state = UPLINK_RESTING;
	core->rest_until_ms = step->event.now_ms + longest_ms - step->event.dice % (longest_ms / 8);
	core->wake_ms = wake_ms(core, step->event.now_ms);
	if (has_to_say(core))
		say(step, UPLINK_TROUBLE_BUDGET);
}

/* Is there room for so many bytes? Otherwise it goes to rest. */
static bool affords(struct step *step, size_t bytes)
{
	uint64_t now = step->event.now_ms;
	if (budget_when(&step->core->budget, now, bytes) <= now)
		return true;
	rest(step);
	return false;
}

static void open_socket(struct step *step)
{
	if (!affords(step, BUDGET_HANDSHAKE + BUDGET_GREETING))
		return;
	act(step, UPLINK_OPEN, 0);
	step->core->state = UPLINK_CONNECTING;
	step->core->connect_until_ms = step->event.now_ms + step->core->timing.silence_ms;
}

static void send_hello(struct step *step)
{
	struct uplink_core *core = step->core;
	if (!affords(step, BUDGET_GREETING))
		return;
	budget_spend(&core->budget, step->event.now_ms, BUDGET_GREETING);
	lose_session(core);
	core->state = UPLINK_GREETING;
	core->hello_at_ms = NEVER;
	core->hello_until_ms = step->event.now_ms + core->timing.hello_ms;
	core->hellos++;
	act(step, UPLINK_SEND_HELLO, 0);
}

/* Hello again on a connection that works; pauses grow while it moves nothing. */
static void greet_again(struct step *step)
{
	struct uplink_core *core = step->core;
	if (core->hellos < HELLOS_MAX) {
		send_hello(step);
		return;
	}
	lose_session(core);
	core->state = UPLINK_GREETING;
	core->hello_until_ms = NEVER;
	core->hello_at_ms = step->event.now_ms + backoff_ms(core, step->event.dice);
	if (core->attempt < 32)
		core->attempt++;
}

static void release(struct step *step)
{
	step->core->note_at_ms = NEVER;
	act(step, UPLINK_RELEASE, step->core->acked);
}

static void renew(struct step *step)
{
	step->core->note_at_ms = NEVER; /* it was about the old id */
	act(step, UPLINK_CLOSE, 0);
	act(step, UPLINK_RENEW, 0);
	lose_session(step->core);
	step->core->state = UPLINK_RENEWING;
	step->core->pause_until_ms = NEVER;
}

/* What is in flight is acked first; a batch that is refused does not count. */
static bool refresh(struct step *step)
{
	struct uplink_core *core = step->core;
	if (core->state != UPLINK_WELCOME || step->event.now_ms < core->refresh_at_ms)
		return false;
	if (!core->sending && (uplink_in_flight(core) == 0 || core->blocked_seq != 0))
		send_hello(step);
	return true;
}

static void send_more(struct step *step)
{
	struct uplink_core *core = step->core;
	uint64_t now = step->event.now_ms;
	if (refresh(step))
		return;
	if (core->state != UPLINK_WELCOME || core->sending || core->blocked_seq != 0 ||
	    core->next_send > core->last_seq || uplink_in_flight(core) >= core->credit ||
	    now < core->slow_until_ms || now < core->retry_at_ms)
		return;
	core->sending = true;
	act(step, UPLINK_SEND_BATCH, core->next_send);
}

static void wake_if_due(struct step *step)
{
	struct uplink_core *core = step->core;
	if (core->state != UPLINK_RESTING)
		return;
	core->wake_ms = wake_ms(core, step->event.now_ms);
	if (core->wake_ms <= step->event.now_ms)
		open_socket(step);
	else if (has_to_say(core))
		say(step, UPLINK_TROUBLE_BUDGET);
}

static void on_start(struct step *step)
{
	struct uplink_core *core = step->core;
	core->last_seq = core->trusted = step->event.last_seq;
	core->acked = step->event.upto;
	core->next_send = core->acked + 1;
	open_socket(step);
}

static bool has_socket(const struct uplink_core *core)
{
	return core->state == UPLINK_CONNECTING || core->state == UPLINK_GREETING ||
	       core->state == UPLINK_WELCOME;
}

static void on_connected(struct step *step)
{
	if (!has_socket(step->core))
		return; /* news of a socket that is gone */
	budget_spend(&step->core->budget, step->event.now_ms, BUDGET_HANDSHAKE);
	step->core->hellos = 0;
	step->core->heard_ms = step->event.now_ms;
	send_hello(step);
}

static void on_disconnected(struct step *step)
{
	struct uplink_core *core = step->core;
	if (core->state != UPLINK_GREETING && core->state != UPLINK_WELCOME)
		return;
	lose_session(core);
	if (!affords(step, BUDGET_HANDSHAKE + BUDGET_GREETING))
		return; /* libzmq would connect again and again */
	core->state = UPLINK_CONNECTING;
	core->connect_until_ms = step->event.now_ms + core->timing.silence_ms;
	say(step, UPLINK_TROUBLE_UNREACHABLE);
}

static bool live(const struct uplink_core *core)
{
	return core->state == UPLINK_GREETING || core->state == UPLINK_WELCOME;
}

static void progress(struct step *step, uint64_t upto)
{
	struct uplink_core *core = step->core;
	core->acked = upto;
	if (core->next_send <= upto)
		core->next_send = upto + 1;
	if (core->blocked_seq != 0 && core->blocked_seq <= upto)
		core->blocked_seq = 0; /* taken after all */
	core->hellos = 0;
	core->ack_until_ms = step->event.now_ms + core->timing.ack_ms;
	release(step);
}

static void on_welcome(struct step *step)
{
	struct uplink_core *core = step->core;
	uint64_t upto = step->event.upto;
	if (!live(core))
		return;
	core->heard_ms = step->event.now_ms;
	if (upto > core->trusted || !step->event.matches) {
		renew(step);
		return;
	}
	if (core->state == UPLINK_WELCOME)
		return; /* a second answer, maybe stale: acks tell the rest */
	bool moved = upto != core->acked;
	core->state = UPLINK_WELCOME;
	core->credit = step->event.credit;
	core->hello_at_ms = core->hello_until_ms = NEVER;
	core->ack_until_ms = step->event.now_ms + core->timing.ack_ms;
	if (moved) {
		progress(step, upto);
		core->next_send = upto + 1; /* lower than before is fine */
	}
	if (moved || core->next_send > core->last_seq)
		core->attempt = 0;
	say(step, core->blocked_seq ? UPLINK_TROUBLE_BATCH : UPLINK_TROUBLE_NONE);
	send_more(step);
}

/* A batch is read and too dear for now. */
static bool waits_for_budget(const struct uplink_core *core, uint64_t now_ms)
{
	return core->dear != 0 && now_ms < core->retry_at_ms;
}

static void on_ack(struct step *step)
{
	struct uplink_core *core = step->core;
	if (!live(core))
		return;
	core->heard_ms = step->event.now_ms;
	if (step->event.slow_down_ms > 0) {
		uint32_t rest = step->event.slow_down_ms;
		core->slow_until_ms =
			step->event.now_ms + (rest < SLOW_DOWN_MAX ? rest : SLOW_DOWN_MAX);
	}
	if (step->event.upto > core->trusted) {
		renew(step);
		return;
	}
	if (step->event.upto > core->acked) {
		core->attempt = 0;
		progress(step, step->event.upto);
		if (core->state == UPLINK_WELCOME && core->blocked_seq == 0 &&
		    !waits_for_budget(core, step->event.now_ms))
			say(step, UPLINK_TROUBLE_NONE);
	}
	send_more(step);
}

static void on_outdated(struct step *step)
{
	struct uplink_core *core = step->core;
	if (core->state == UPLINK_WELCOME && core->refresh_at_ms == NEVER)
		core->refresh_at_ms =
			step->event.now_ms + step->event.dice % core->timing.refresh_ms;
}

static void block(struct step *step, uint64_t seq)
{
	struct uplink_core *core = step->core;
	if (seq <= core->acked)
		return; /* an old story */
	core->blocked_seq = seq;
	core->blocked_until_ms = step->event.now_ms + core->timing.refused_ms;
	core->trouble = UPLINK_TROUBLE_NONE; /* so that each refusal is said */
	say(step, UPLINK_TROUBLE_BATCH);
}

static void on_refused(struct step *step)
{
	struct uplink_core *core = step->core;
	if (!live(core))
		return;
	core->heard_ms = step->event.now_ms;
	if (step->event.code == LANTOA__V1__REFUSED__CODE__INVITATION) {
		back_off(step, UPLINK_TROUBLE_KEY);
	} else if (step->event.code == LANTOA__V1__REFUSED__CODE__GAP) {
		/* while greeting it tells of batches sent before; while blocked it must be so */
		if (core->state == UPLINK_WELCOME && core->blocked_seq == 0)
			greet_again(step);
	} else if (step->event.seq == 0) {
		pause_for(step, core->timing.refused_ms);
		say(step, UPLINK_TROUBLE_PROTOCOL);
	} else {
		block(step, step->event.seq);
	}
}

/* With the ack that it brings. */
static size_t batch_cost(size_t len)
{
	return budget_frame(len) + budget_frame(ACK_LEN);
}

/* For minutes only: Pings meanwhile would eat what is saved up. */
static void wait_for_budget(struct step *step)
{
	struct uplink_core *core = step->core;
	uint64_t now = step->event.now_ms;
	core->dear = batch_cost(step->event.bytes);
	core->retry_at_ms = budget_when(&core->budget, now, core->dear);
	if (core->retry_at_ms > now + core->timing.ping_ms && uplink_in_flight(core) == 0)
		rest(step);
	else
		say(step, UPLINK_TROUBLE_BUDGET);
}

static void on_batch_done(struct step *step)
{
	struct uplink_core *core = step->core;
	core->sending = false;
	if (step->event.result == UPLINK_SENT)
		budget_spend(&core->budget, step->event.now_ms, batch_cost(step->event.bytes));
	if (step->event.session == core->session && core->state == UPLINK_WELCOME) {
		if (step->event.result == UPLINK_MISSING && step->event.seq > core->acked) {
			renew(step);
			return;
		}
		if (step->event.result == UPLINK_TOO_DEAR) {
			wait_for_budget(step);
			return;
		}
		if (step->event.result == UPLINK_NO_ROOM)
			core->retry_at_ms = step->event.now_ms + core->timing.retry_ms;
		if (step->event.result == UPLINK_SENT && step->event.seq == core->next_send) {
			if (uplink_in_flight(core) == 0)
				core->ack_until_ms = step->event.now_ms + core->timing.ack_ms;
			core->next_send++;
			core->dear = 0;
		}
	}
	if (step->event.result == UPLINK_SENT && step->event.seq > core->trusted &&
	    core->state != UPLINK_RENEWING)
		core->trusted = step->event.seq;
	send_more(step);
}

static void on_not_noted(struct step *step)
{
	struct uplink_core *core = step->core;
	if (core->state != UPLINK_RENEWING && core->state != UPLINK_STOPPED)
		core->note_at_ms = step->event.now_ms + core->timing.note_ms;
}

static void on_renewed(struct step *step)
{
	struct uplink_core *core = step->core;
	core->acked = core->trusted = core->blocked_seq = 0;
	core->last_seq = step->event.last_seq;
	core->next_send = 1;
	open_socket(step);
}

static void on_not_renewed(struct step *step)
{
	struct uplink_core *core = step->core;
	if (core->state == UPLINK_RENEWING)
		core->pause_until_ms = step->event.now_ms + core->timing.note_ms;
}

static void ping(struct step *step)
{
	budget_spend(&step->core->budget, step->event.now_ms, BUDGET_PING);
	act(step, UPLINK_SEND_PING, 0);
}

static void tick_welcome(struct step *step)
{
	struct uplink_core *core = step->core;
	uint64_t now = step->event.now_ms;
	if (now >= core->heard_ms + core->timing.silence_ms) {
		back_off(step, UPLINK_TROUBLE_UNREACHABLE);
		return;
	}
	if (core->blocked_seq != 0 && now >= core->blocked_until_ms) {
		core->blocked_seq = 0;
		core->next_send = core->acked + 1;
		greet_again(step);
		return;
	}
	if (uplink_in_flight(core) > 0 && core->blocked_seq == 0 && now >= core->ack_until_ms) {
		greet_again(step);
		return;
	}
	uint64_t quiet_since = core->pinged_ms > core->heard_ms ? core->pinged_ms : core->heard_ms;
	if (now >= quiet_since + core->timing.ping_ms) {
		core->pinged_ms = now;
		if ((core->rests && !has_to_say(core)) || waits_for_budget(core, now)) {
			rest(step);
			return;
		}
		if (!affords(step, BUDGET_PING))
			return;
		if (core->credit == 0) /* ask whether there is some by now */
			greet_again(step);
		else
			ping(step);
	}
	send_more(step);
}

static void tick_greeting(struct step *step)
{
	struct uplink_core *core = step->core;
	uint64_t now = step->event.now_ms;
	if (core->hello_until_ms != NEVER && now >= core->hello_until_ms) {
		if (core->hellos >= HELLOS_MAX)
			back_off(step, UPLINK_TROUBLE_UNREACHABLE);
		else
			send_hello(step);
	} else if (core->hello_at_ms != NEVER && now >= core->hello_at_ms) {
		send_hello(step);
		core->hellos = HELLOS_MAX; /* one unanswered is enough now */
	}
}

static void on_tick(struct step *step)
{
	struct uplink_core *core = step->core;
	uint64_t now = step->event.now_ms;
	if (now >= core->note_at_ms)
		release(step);
	if (core->state == UPLINK_PAUSING && now >= core->pause_until_ms)
		open_socket(step);
	else if (core->state == UPLINK_RENEWING && now >= core->pause_until_ms)
		renew(step);
	else if (core->state == UPLINK_RESTING)
		wake_if_due(step);
	else if (core->state == UPLINK_CONNECTING && now >= core->connect_until_ms)
		back_off(step, UPLINK_TROUBLE_UNREACHABLE);
	else if (core->state == UPLINK_GREETING)
		tick_greeting(step);
	else if (core->state == UPLINK_WELCOME)
		tick_welcome(step);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_welcome_ms(const struct uplink_core *core)
{
	uint64_t quiet_since = core->pinged_ms > core->heard_ms ? core->pinged_ms : core->heard_ms;
	uint64_t next = earlier(core->heard_ms + core->timing.silence_ms,
				quiet_since + core->timing.ping_ms);
	if (!core->sending && (uplink_in_flight(core) == 0 || core->blocked_seq != 0))
		next = earlier(next, core->refresh_at_ms);
	if (core->blocked_seq != 0)
		return earlier(next, core->blocked_until_ms);
	if (uplink_in_flight(core) > 0)
		next = earlier(next, core->ack_until_ms);
	if (!core->sending && core->next_send <= core->last_seq &&
	    uplink_in_flight(core) < core->credit) /* then only the clock holds it back */
		next = earlier(next, core->slow_until_ms > core->retry_at_ms ? core->slow_until_ms
									     : core->retry_at_ms);
	return next;
}

static uint64_t next_of_state_ms(const struct uplink_core *core)
{
	switch (core->state) {
	case UPLINK_PAUSING:
	case UPLINK_RENEWING:
		return core->pause_until_ms;
	case UPLINK_CONNECTING:
		return core->connect_until_ms;
	case UPLINK_GREETING:
		return earlier(core->hello_at_ms, core->hello_until_ms);
	case UPLINK_WELCOME:
		return next_welcome_ms(core);
	case UPLINK_RESTING:
		return core->wake_ms;
	case UPLINK_STOPPED:
		break;
	}
	return NEVER;
}

uint64_t uplink_next_ms(const struct uplink_core *core)
{
	return earlier(next_of_state_ms(core), core->note_at_ms);
}

void uplink_heard(struct uplink_core *core, uint64_t now_ms, size_t len)
{
	if (len > ANSWER_LEN_MAX)
		budget_spend(&core->budget, now_ms, budget_frame(len));
}

bool uplink_affords(const struct uplink_core *core, uint64_t now_ms, size_t len)
{
	return budget_when(&core->budget, now_ms, batch_cost(len)) <= now_ms;
}

struct uplink_actions uplink_step(struct uplink_core *core, struct uplink_event event)
{
	struct step step = { .core = core, .event = event };
	switch (event.type) {
	case UPLINK_START:
		on_start(&step);
		break;
	case UPLINK_TICK:
		on_tick(&step);
		break;
	case UPLINK_OPEN_FAILED:
		if (core->state == UPLINK_CONNECTING)
			back_off(&step, UPLINK_TROUBLE_UNREACHABLE);
		break;
	case UPLINK_CONNECTED:
		on_connected(&step);
		break;
	case UPLINK_DISCONNECTED:
		on_disconnected(&step);
		break;
	case UPLINK_AUTH_FAILED:
		if (has_socket(core)) {
			budget_spend(&core->budget, event.now_ms, BUDGET_HANDSHAKE);
			back_off(&step, UPLINK_TROUBLE_KEY);
		}
		break;
	case UPLINK_WELCOMED:
		on_welcome(&step);
		break;
	case UPLINK_ACKED:
		on_ack(&step);
		break;
	case UPLINK_REFUSED:
		on_refused(&step);
		break;
	case UPLINK_HEARD:
		core->heard_ms = event.now_ms;
		break;
	case UPLINK_OUTDATED:
		on_outdated(&step);
		break;
	case UPLINK_SEALED:
		if (core->state != UPLINK_RENEWING && event.last_seq > core->last_seq)
			core->last_seq = event.last_seq;
		wake_if_due(&step);
		send_more(&step);
		break;
	case UPLINK_BATCH_DONE:
		on_batch_done(&step);
		break;
	case UPLINK_NOT_NOTED:
		on_not_noted(&step);
		break;
	case UPLINK_RENEWED:
		on_renewed(&step);
		break;
	case UPLINK_NOT_RENEWED:
		on_not_renewed(&step);
		break;
	case UPLINK_STOP:
		act(&step, UPLINK_CLOSE, 0);
		lose_session(core);
		core->state = UPLINK_STOPPED;
		core->note_at_ms = NEVER;
		break;
	}
	return step.actions;
}
