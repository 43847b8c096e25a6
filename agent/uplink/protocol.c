/* The decisions of protocol.h. All of it is pure. The parts: what several events end in; then an
 * event after the other, from the start over the connection, the greeting and the batches to what
 * nothing but time brings; protocol_step() with the switch over all of them; at last the words of
 * the trace. */
#include "uplink/protocol.h"

#include "common/base/backoff.h"

#include "proto/lantoa.pb-c.h"

#include <assert.h>
#include <stdio.h>

#define NEVER          UINT64_MAX
#define HELLOS_MAX     3u       /* unanswered, before the socket is suspected */
#define ATTEMPTS_MAX   32u      /* to count further would change no pause */
#define SLOW_DOWN_MAX  3600000u /* I10: a province can ask for an hour's rest, not for more */
#define ANSWER_LEN_MAX 360u     /* a Welcome; longer are catalogues, and acks that name figures */
#define ACK_LEN        120u     /* and a Refused, or a few words about refused figures */

struct step { /* one call of protocol_step() */
	struct protocol *core;
	struct protocol_event event;
	struct protocol_actions actions;
};

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

/* --- what the core is asked --- */

uint64_t protocol_in_flight(const struct protocol *core)
{
	return core->next_send - core->acked - 1;
}

/* What a batch whose frame has @len bytes costs, with the ack that it brings. */
static size_t batch_cost(size_t len)
{
	return budget_frame(len) + budget_frame(ACK_LEN);
}

void protocol_heard(struct protocol *core, uint64_t now_ms, size_t len)
{
	if (len > ANSWER_LEN_MAX)
		budget_spend(&core->budget, now_ms, budget_frame(len));
}

bool protocol_affords(const struct protocol *core, uint64_t now_ms, size_t len)
{
	return budget_when(&core->budget, now_ms, batch_cost(len)) <= now_ms;
}

static bool has_to_say(const struct protocol *core)
{
	return core->last_seq > core->acked;
}

/* A batch was read and was too dear: it waits until the budget has room for it. */
static bool waits_for_budget(const struct protocol *core, uint64_t now_ms)
{
	return core->dear != 0 && now_ms < core->retry_at_ms;
}

static bool is_connected(const struct protocol *core)
{
	return core->state == PROTOCOL_GREETING || core->state == PROTOCOL_WELCOME;
}

static bool has_socket(const struct protocol *core)
{
	return core->state == PROTOCOL_CONNECTING || is_connected(core);
}

/* Since when neither side has said anything by which the other learns what is new. The province may
 * ask for heads each minute, and a message that it has would wait for as long as it does so. */
static uint64_t quiet_since_ms(const struct protocol *core)
{
	return core->pinged_ms > core->told_ms ? core->pinged_ms : core->told_ms;
}

/* --- what several events end in --- */

static void act(struct step *step, enum protocol_action_type type, uint64_t seq)
{
	assert(step->actions.n < PROTOCOL_ACTIONS_MAX);
	step->actions.list[step->actions.n++] = (struct protocol_action){
		.type = type, .seq = seq, .session = step->core->session
	};
}

/* Tell people, unless it is what they were told last. */
static void say(struct step *step, enum protocol_trouble trouble)
{
	if (step->core->trouble == trouble)
		return;
	step->core->trouble = trouble;
	act(step, PROTOCOL_SAY, 0);
}

/* Whatever was in flight is to be sent again (I2: a batch that arrives twice counts once). */
static void lose_session(struct protocol *core)
{
	core->session++;
	core->refresh_at_ms = NEVER; /* the next Hello asks anyway */
	core->next_send = core->acked + 1;
	core->retry_at_ms = 0;
}

/* I1: only what the province has committed is noted as acked, and may be dropped here. */
static void release(struct step *step)
{
	step->core->note_at_ms = NEVER;
	act(step, PROTOCOL_RELEASE, step->core->acked);
}

static void renew(struct step *step)
{
	step->core->note_at_ms = NEVER; /* it was about the old id */
	act(step, PROTOCOL_CLOSE, 0);
	act(step, PROTOCOL_RENEW, 0);
	lose_session(step->core);
	step->core->state = PROTOCOL_RENEWING;
	step->core->pause_until_ms = NEVER;
}

/* Without a socket for @wait_ms. */
static void pause_for(struct step *step, uint64_t wait_ms)
{
	act(step, PROTOCOL_CLOSE, 0);
	lose_session(step->core);
	step->core->state = PROTOCOL_PAUSING;
	step->core->pause_until_ms = step->event.now_ms + wait_ms;
}

/* The next pause. */
static uint64_t backoff_next_ms(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t pause_ms = backoff_ms(core->timing.backoff_min_ms, core->timing.backoff_max_ms,
				       core->attempt, step->event.dice);
	if (core->attempt < ATTEMPTS_MAX)
		core->attempt++;
	return pause_ms;
}

static void back_off(struct step *step, enum protocol_trouble trouble)
{
	pause_for(step, backoff_next_ms(step));
	say(step, trouble);
}

/* When a rest ends, by what is known at @now_ms. */
static uint64_t wake_ms(const struct protocol *core, uint64_t now_ms)
{
	bool waits = !has_to_say(core) && core->rest_until_ms > now_ms;
	return budget_when(&core->budget, waits ? core->rest_until_ms : now_ms,
			   BUDGET_HANDSHAKE + BUDGET_GREETING + BUDGET_PING + core->dear);
}

/* Without a socket until there is something to say and the budget has room for it. The core comes
 * back by itself after a while at the latest, and not all cores at once. */
static void rest(struct step *step)
{
	struct protocol *core = step->core;
	uint32_t longest_ms = core->timing.rest_ms;
	act(step, PROTOCOL_CLOSE, 0);
	lose_session(core);
	core->state = PROTOCOL_RESTING;
	core->rest_until_ms = step->event.now_ms + longest_ms - step->event.dice % (longest_ms / 8);
	core->wake_ms = wake_ms(core, step->event.now_ms);
	if (has_to_say(core))
		say(step, PROTOCOL_TROUBLE_BUDGET);
}

/* Is there room for so many bytes? Otherwise the link goes to rest. */
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
	act(step, PROTOCOL_OPEN, 0);
	step->core->state = PROTOCOL_CONNECTING;
	step->core->connect_until_ms = step->event.now_ms + step->core->timing.silence_ms;
}

static void wake_if_due(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state != PROTOCOL_RESTING)
		return;
	core->wake_ms = wake_ms(core, step->event.now_ms);
	if (core->wake_ms <= step->event.now_ms)
		open_socket(step);
	else if (has_to_say(core))
		say(step, PROTOCOL_TROUBLE_BUDGET);
}

static void send_hello(struct step *step)
{
	struct protocol *core = step->core;
	if (!affords(step, BUDGET_GREETING))
		return;
	budget_spend(&core->budget, step->event.now_ms, BUDGET_GREETING);
	lose_session(core);
	core->state = PROTOCOL_GREETING;
	core->hello_at_ms = NEVER;
	core->hello_until_ms = step->event.now_ms + core->timing.hello_ms;
	core->hellos++;
	act(step, PROTOCOL_SEND_HELLO, 0);
}

/* Hello again on a connection that works; the pauses grow while it moves nothing. */
static void greet_again(struct step *step)
{
	struct protocol *core = step->core;
	if (core->hellos < HELLOS_MAX) {
		send_hello(step);
		return;
	}
	lose_session(core);
	core->state = PROTOCOL_GREETING;
	core->hello_until_ms = NEVER;
	core->hello_at_ms = step->event.now_ms + backoff_next_ms(step);
}

/* Go on: send the next batch if it may go now, or ask for a changed catalogue first. */
static void send_more(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	if (core->state != PROTOCOL_WELCOME)
		return;
	/* The Hello that asks waits until what is in flight is acked; a batch that is refused
	 * never is, and does not count. */
	if (now >= core->refresh_at_ms) {
		if (!core->sending && (protocol_in_flight(core) == 0 || core->blocked_seq != 0))
			send_hello(step);
		return;
	}
	/* I10: no more batches are in flight than the province gave credit for. */
	if (core->sending || core->blocked_seq != 0 || core->next_send > core->last_seq ||
	    protocol_in_flight(core) >= core->credit || now < core->slow_until_ms ||
	    now < core->retry_at_ms)
		return;
	core->sending = true;
	act(step, PROTOCOL_SEND_BATCH, core->next_send);
}

/* --- the connection --- */

static void on_start(struct step *step)
{
	struct protocol *core = step->core;
	core->last_seq = core->trusted = step->event.last_seq;
	core->acked = step->event.upto;
	core->next_send = core->acked + 1;
	core->begin = step->event.begin;
	open_socket(step);
}

static void on_connected(struct step *step)
{
	struct protocol *core = step->core;
	if (!has_socket(core))
		return; /* news of a socket that is gone */
	budget_spend(&core->budget, step->event.now_ms, BUDGET_HANDSHAKE);
	core->hellos = 0;
	core->proven = false; /* it may be another province by now, a restored one */
	core->heard_ms = core->told_ms = step->event.now_ms;
	send_hello(step);
}

static void on_disconnected(struct step *step)
{
	struct protocol *core = step->core;
	if (!is_connected(core))
		return;
	lose_session(core);
	if (!affords(step, BUDGET_HANDSHAKE + BUDGET_GREETING))
		return; /* libzmq would connect again and again */
	core->state = PROTOCOL_CONNECTING;
	core->connect_until_ms = step->event.now_ms + core->timing.silence_ms;
	say(step, PROTOCOL_TROUBLE_UNREACHABLE);
}

static void on_auth_failed(struct step *step, enum protocol_trouble trouble)
{
	if (!has_socket(step->core))
		return;
	budget_spend(&step->core->budget, step->event.now_ms, BUDGET_HANDSHAKE);
	back_off(step, trouble);
}

/* --- Welcome: where to go on --- */

/* Questions about another life of the spool get a connection of their own, so that no answer is
 * taken for one about this life. */
static void ask_about_life(struct step *step, bool the_one_before)
{
	step->core->proving = the_one_before;
	if (has_socket(step->core))
		pause_for(step, 0);
}

/* The province has everything up to @upto. */
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
	release(step);
}

/* A Welcome about the life before: only a province that has all of it is sent this one. */
static void on_proof(struct step *step)
{
	struct protocol *core = step->core;
	if (step->event.upto != core->begin || !step->event.matches) {
		renew(step);
		return;
	}
	core->proving = false;
	core->proven = true;
	core->hellos = 0;
	send_hello(step);
}

static void on_welcome(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t upto = step->event.upto;
	if (!is_connected(core))
		return;
	core->heard_ms = core->told_ms = step->event.now_ms;
	if (core->proving) {
		on_proof(step);
		return;
	}
	/* The province claims what was never sent, or another batch under its number: one of the
	 * two was restored from an older copy. Where the province was said to have nothing of this
	 * life, and then to have all of the one before, this is a second answer about that one. */
	if (upto > core->trusted || !step->event.matches) {
		if (!core->proven)
			renew(step);
		return;
	}
	if (core->state == PROTOCOL_WELCOME)
		return; /* a second answer, maybe stale: acks tell the rest */
	if (core->begin > 0 && upto == core->begin && !core->proven) {
		ask_about_life(step, true);
		return;
	}
	bool moved = upto != core->acked;
	core->state = PROTOCOL_WELCOME;
	core->credit = step->event.credit;
	core->hello_at_ms = core->hello_until_ms = NEVER;
	core->ack_until_ms = step->event.now_ms + core->timing.ack_ms;
	if (moved) {
		progress(step, upto);
		/* I1: lower than before is fine. A province that was restored gets again what the
		 * spool keeps. */
		core->next_send = upto + 1;
	}
	if (moved || core->next_send > core->last_seq)
		core->attempt = 0;
	say(step, core->blocked_seq ? PROTOCOL_TROUBLE_BATCH : PROTOCOL_TROUBLE_NONE);
	send_more(step);
}

/* The catalogue is another by now, or figures may have been released: ask after a random while. */
static void on_outdated(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state == PROTOCOL_WELCOME && core->refresh_at_ms == NEVER)
		core->refresh_at_ms =
			step->event.now_ms + step->event.dice % core->timing.refresh_ms;
}

/* --- batches --- */

static void on_sealed(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state != PROTOCOL_RENEWING && step->event.last_seq > core->last_seq)
		core->last_seq = step->event.last_seq;
	wake_if_due(step);
	send_more(step);
}

/* A batch was read and is too dear for now. The link stays open for minutes only: Pings would eat
 * what is saved up meanwhile. */
static void wait_for_budget(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	core->dear = batch_cost(step->event.bytes);
	core->retry_at_ms = budget_when(&core->budget, now, core->dear);
	if (core->retry_at_ms > now + core->timing.ping_ms && protocol_in_flight(core) == 0)
		rest(step);
	else
		say(step, PROTOCOL_TROUBLE_BUDGET);
}

static void on_batch_done(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms, seq = step->event.seq;
	enum protocol_result result = step->event.result;
	core->sending = false;
	if (result == PROTOCOL_SENT)
		budget_spend(&core->budget, now, batch_cost(step->event.bytes));
	if (step->event.session == core->session && core->state == PROTOCOL_WELCOME) {
		if (result == PROTOCOL_MISSING && seq > core->acked) {
			renew(step);
			return;
		}
		if (result == PROTOCOL_TOO_DEAR) {
			wait_for_budget(step);
			return;
		}
		if (result == PROTOCOL_NO_ROOM)
			core->retry_at_ms = now + core->timing.retry_ms;
		if (result == PROTOCOL_SENT && seq == core->next_send) {
			if (protocol_in_flight(core) == 0)
				core->ack_until_ms = now + core->timing.ack_ms;
			core->next_send++;
			core->dear = 0;
		}
	}
	if (result == PROTOCOL_SENT && seq > core->trusted && core->state != PROTOCOL_RENEWING)
		core->trusted = seq;
	send_more(step);
}

static void on_ack(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	uint32_t slow_down_ms = step->event.slow_down_ms;
	if (!is_connected(core))
		return;
	core->heard_ms = core->told_ms = now;
	if (slow_down_ms > 0)
		core->slow_until_ms =
			now + (slow_down_ms < SLOW_DOWN_MAX ? slow_down_ms : SLOW_DOWN_MAX);
	if (step->event.upto > core->trusted) {
		renew(step);
		return;
	}
	if (step->event.upto > core->acked) {
		core->attempt = 0;
		progress(step, step->event.upto);
		if (core->state == PROTOCOL_WELCOME && core->blocked_seq == 0 &&
		    !waits_for_budget(core, now))
			say(step, PROTOCOL_TROUBLE_NONE);
	} else if (slow_down_ms > 0 && core->blocked_seq == 0) {
		/* Put off: a province without room drops what comes. It all goes again after the
		 * rest; what was not dropped is a duplicate then (I2). */
		core->next_send = core->acked + 1;
	}
	send_more(step);
}

/* I5: a batch that is refused stays in the spool, blocks what follows, and people are told. */
static void on_batch_refused(struct step *step)
{
	struct protocol *core = step->core;
	if (step->event.seq <= core->acked)
		return; /* an old story */
	core->blocked_seq = step->event.seq;
	core->blocked_until_ms = step->event.now_ms + core->timing.refused_ms;
	core->trouble = PROTOCOL_TROUBLE_NONE; /* so that each refusal is said */
	say(step, PROTOCOL_TROUBLE_BATCH);
}

static void on_refused(struct step *step)
{
	struct protocol *core = step->core;
	if (!is_connected(core))
		return;
	core->heard_ms = core->told_ms = step->event.now_ms;
	if (step->event.code == LANTOA__V1__REFUSED__CODE__INVITATION) {
		back_off(step, PROTOCOL_TROUBLE_KEY);
	} else if (step->event.code == LANTOA__V1__REFUSED__CODE__GAP) {
		/* while greeting it tells of batches sent before; while blocked it must be so */
		if (core->state == PROTOCOL_WELCOME && core->blocked_seq == 0)
			greet_again(step);
	} else if (step->event.seq == 0) {
		pause_for(step, core->timing.refused_ms);
		say(step, PROTOCOL_TROUBLE_VERSION);
	} else {
		on_batch_refused(step);
	}
}

/* --- the spool --- */

static void on_not_noted(struct step *step)
{
	struct protocol *core = step->core;
	if (core->state != PROTOCOL_RENEWING && core->state != PROTOCOL_STOPPED)
		core->note_at_ms = step->event.now_ms + core->timing.note_ms;
}

static void on_reborn(struct step *step)
{
	if (step->core->state == PROTOCOL_RENEWING)
		return; /* the spool gets another id anyway */
	step->core->begin = step->event.begin;
	ask_about_life(step, false);
}

static void on_renewed(struct step *step)
{
	struct protocol *core = step->core;
	core->acked = core->trusted = core->blocked_seq = core->begin = 0;
	core->proving = core->proven = false;
	core->last_seq = step->event.last_seq;
	core->next_send = 1;
	open_socket(step);
}

/* --- time --- */

static void on_tick_greeting(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	if (core->hello_until_ms != NEVER && now >= core->hello_until_ms) {
		if (core->hellos >= HELLOS_MAX)
			back_off(step, PROTOCOL_TROUBLE_UNREACHABLE);
		else
			send_hello(step);
	} else if (core->hello_at_ms != NEVER && now >= core->hello_at_ms) {
		send_hello(step);
		core->hellos = HELLOS_MAX; /* one unanswered is enough now */
	}
}

static void on_tick_welcome(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	if (now >= core->heard_ms + core->timing.silence_ms) {
		back_off(step, PROTOCOL_TROUBLE_UNREACHABLE);
		return;
	}
	/* A batch that was refused is tried again; one that was not acked may have got lost. */
	if (core->blocked_seq != 0 && now >= core->blocked_until_ms) {
		core->blocked_seq = 0;
		core->next_send = core->acked + 1;
		greet_again(step);
		return;
	}
	if (protocol_in_flight(core) > 0 && core->blocked_seq == 0 && now >= core->ack_until_ms) {
		greet_again(step);
		return;
	}
	/* It was quiet for a while: rest, or see whether the province is still there. */
	if (now >= quiet_since_ms(core) + core->timing.ping_ms) {
		core->pinged_ms = now;
		if ((core->rests && !has_to_say(core)) || waits_for_budget(core, now)) {
			rest(step);
			return;
		}
		if (!affords(step, BUDGET_PING))
			return;
		if (core->credit == 0) { /* ask whether there is some by now */
			greet_again(step);
		} else {
			budget_spend(&core->budget, now, BUDGET_PING);
			act(step, PROTOCOL_SEND_PING, 0);
		}
	}
	send_more(step);
}

static void on_tick(struct step *step)
{
	struct protocol *core = step->core;
	uint64_t now = step->event.now_ms;
	if (now >= core->note_at_ms)
		release(step);
	switch (core->state) {
	case PROTOCOL_PAUSING:
		if (now >= core->pause_until_ms)
			open_socket(step);
		break;
	case PROTOCOL_RENEWING:
		if (now >= core->pause_until_ms)
			renew(step);
		break;
	case PROTOCOL_RESTING:
		wake_if_due(step);
		break;
	case PROTOCOL_CONNECTING:
		if (now >= core->connect_until_ms)
			back_off(step, PROTOCOL_TROUBLE_UNREACHABLE);
		break;
	case PROTOCOL_GREETING:
		on_tick_greeting(step);
		break;
	case PROTOCOL_WELCOME:
		on_tick_welcome(step);
		break;
	case PROTOCOL_STOPPED:
		break;
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_welcome_ms(const struct protocol *core)
{
	uint64_t next = earlier(core->heard_ms + core->timing.silence_ms,
				quiet_since_ms(core) + core->timing.ping_ms);
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

uint64_t protocol_next_ms(const struct protocol *core)
{
	uint64_t next = NEVER;
	switch (core->state) {
	case PROTOCOL_PAUSING:
	case PROTOCOL_RENEWING:
		next = core->pause_until_ms;
		break;
	case PROTOCOL_CONNECTING:
		next = core->connect_until_ms;
		break;
	case PROTOCOL_GREETING:
		next = earlier(core->hello_at_ms, core->hello_until_ms);
		break;
	case PROTOCOL_WELCOME:
		next = next_welcome_ms(core);
		break;
	case PROTOCOL_RESTING:
		next = core->wake_ms;
		break;
	case PROTOCOL_STOPPED:
		break;
	}
	return earlier(next, core->note_at_ms);
}

/* --- all of it --- */

struct protocol_actions protocol_step(struct protocol *core, struct protocol_event event)
{
	struct step step = { .core = core, .event = event };
	switch (event.type) {
	case PROTOCOL_START:
		on_start(&step);
		break;
	case PROTOCOL_TICK:
		on_tick(&step);
		break;
	case PROTOCOL_OPEN_FAILED:
		if (core->state == PROTOCOL_CONNECTING)
			back_off(&step, PROTOCOL_TROUBLE_UNREACHABLE);
		break;
	case PROTOCOL_CONNECTED:
		on_connected(&step);
		break;
	case PROTOCOL_DISCONNECTED:
		on_disconnected(&step);
		break;
	case PROTOCOL_AUTH_FAILED:
		on_auth_failed(&step, PROTOCOL_TROUBLE_KEY);
		break;
	case PROTOCOL_TOLD_LATER:
		on_auth_failed(&step, PROTOCOL_TROUBLE_LATER);
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
		core->told_ms = event.now_ms;
		core->heard_ms = event.now_ms;
		break;
	case PROTOCOL_ASKED:
		core->heard_ms = event.now_ms;
		break;
	case PROTOCOL_OUTDATED:
		on_outdated(&step);
		break;
	case PROTOCOL_SEALED:
		on_sealed(&step);
		break;
	case PROTOCOL_REBORN:
		on_reborn(&step);
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
		if (core->state == PROTOCOL_RENEWING)
			core->pause_until_ms = event.now_ms + core->timing.note_ms;
		break;
	case PROTOCOL_STOP:
		act(&step, PROTOCOL_CLOSE, 0);
		lose_session(core);
		core->state = PROTOCOL_STOPPED;
		core->note_at_ms = NEVER;
		break;
	}
	return step.actions;
}
