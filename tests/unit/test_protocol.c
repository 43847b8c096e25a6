#include "support/seeds.h"
#include "uplink/protocol_trace.h"

#include "proto/lantoa.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- one core, told by hand --- */

struct fixture {
	struct protocol core;
	struct protocol_timing timing;
	struct protocol_actions last;
	uint64_t now_ms;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->timing = protocol_timing(1000, 300000);
	f->now_ms = 1000000;
	protocol_init(&f->core, &f->timing);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static struct protocol_actions tell(struct fixture *f, struct protocol_event event)
{
	event.now_ms = f->now_ms;
	f->last = protocol_step(&f->core, event);
	return f->last;
}

static bool did(const struct fixture *f, enum protocol_action_type type)
{
	for (size_t i = 0; i < f->last.n; i++)
		if (f->last.list[i].type == type)
			return true;
	return false;
}

static uint64_t seq_of(const struct fixture *f, enum protocol_action_type type)
{
	for (size_t i = 0; i < f->last.n; i++)
		if (f->last.list[i].type == type)
			return f->last.list[i].seq;
	return UINT64_MAX;
}

static void tick_at_next(struct fixture *f)
{
	assert_true(protocol_next_ms(&f->core) != UINT64_MAX);
	if (protocol_next_ms(&f->core) > f->now_ms)
		f->now_ms = protocol_next_ms(&f->core);
	tell(f, (struct protocol_event){ .type = PROTOCOL_TICK });
}

static void sent(struct fixture *f, enum protocol_result result)
{
	tell(f, (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
					 .seq = seq_of(f, PROTOCOL_SEND_BATCH),
					 .session = f->core.session,
					 .result = result });
}

/* Up to the Welcome: @last sealed here, @upto there. */
static void welcome(struct fixture *f, uint64_t last, uint64_t upto, uint32_t credit)
{
	tell(f, (struct protocol_event){ .type = PROTOCOL_START, .last_seq = last });
	assert_true(did(f, PROTOCOL_OPEN));
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	assert_true(did(f, PROTOCOL_SEND_HELLO));
	tell(f,
	     (struct protocol_event){
		     .type = PROTOCOL_WELCOMED, .upto = upto, .credit = credit, .matches = true });
}

static void refused(struct fixture *f, uint64_t seq, int code)
{
	tell(f, (struct protocol_event){ .type = PROTOCOL_REFUSED, .seq = seq, .code = code });
}

/* Tell the core and see how the trace puts it. */
static void assert_traced(struct fixture *f, struct protocol_event event, const char *expected)
{
	char text[PROTOCOL_TRACE_MAX];
	enum protocol_state before = f->core.state;
	event.now_ms = f->now_ms;
	f->last = protocol_step(&f->core, event);
	protocol_trace(before, &event, &f->core, &f->last, text);
	assert_string_equal(text, expected);
}

static void each_decision_can_be_told_in_words(void **state)
{
	struct fixture *f = *state;
	assert_traced(f, (struct protocol_event){ .type = PROTOCOL_START, .last_seq = 3 },
		      "stopped + start last_seq=3 -> connecting open wait_ms=200000");
	assert_traced(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED },
		      "connecting + connected -> greeting send_hello wait_ms=20000");
	for (int i = 0; i < 2; i++) {
		f->now_ms = protocol_next_ms(&f->core);
		assert_traced(f, (struct protocol_event){ .type = PROTOCOL_TICK },
			      "greeting + tick -> greeting send_hello wait_ms=20000");
	}
	f->now_ms = protocol_next_ms(&f->core);
	assert_traced(f, (struct protocol_event){ .type = PROTOCOL_TICK },
		      "greeting + tick -> pausing close say wait_ms=1000 attempt=1");
	f->now_ms = protocol_next_ms(&f->core);
	assert_traced(f, (struct protocol_event){ .type = PROTOCOL_TICK },
		      "pausing + tick -> connecting open wait_ms=200000 attempt=1");
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	assert_traced(f,
		      (struct protocol_event){
			      .type = PROTOCOL_WELCOMED, .upto = 1, .credit = 16, .matches = true },
		      "greeting + welcomed upto=1 credit=16 -> welcome release upto=1 say "
		      "send_batch seq=2 wait_ms=80000");
	assert_traced(f,
		      (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
					       .seq = 2,
					       .session = f->core.session,
					       .result = PROTOCOL_NO_ROOM },
		      "welcome + batch done seq=2 (no room) -> welcome wait_ms=1000");
	assert_traced(
		f, (struct protocol_event){ .type = PROTOCOL_WELCOMED, .upto = 1, .credit = 16 },
		"welcome + welcomed upto=1 credit=16 (another batch) -> renewing close renew");
}

/* Whoever adds a state, an event or an action gives it a word. */
static void nothing_is_without_a_word(void **state)
{
	struct fixture *f = *state;
	char text[PROTOCOL_TRACE_MAX];
	for (int type = PROTOCOL_START; type <= PROTOCOL_STOP; type++)
		for (int result = PROTOCOL_SENT; result <= PROTOCOL_MISSING; result++) {
			struct protocol_event event = { .type = (enum protocol_event_type)type,
							.result = (enum protocol_result)result };
			struct protocol_actions actions = { 0 };
			protocol_trace(PROTOCOL_STOPPED, &event, &f->core, &actions, text);
			assert_null(strstr(text, "(null)"));
		}
	for (int at = PROTOCOL_STOPPED; at <= PROTOCOL_RESTING; at++)
		for (int type = PROTOCOL_OPEN; type <= PROTOCOL_SAY; type++) {
			struct protocol_event event = { .type = PROTOCOL_TICK };
			struct protocol_actions actions = {
				.n = 1, .list = { { .type = (enum protocol_action_type)type } }
			};
			protocol_trace((enum protocol_state)at, &event, &f->core, &actions, text);
			assert_null(strstr(text, "(null)"));
		}
}

static void batches_go_in_order_and_never_over_the_credit(void **state)
{
	struct fixture *f = *state;
	welcome(f, 10, 4, 3);
	for (uint64_t seq = 5; seq <= 7; seq++) {
		assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), seq);
		sent(f, PROTOCOL_SENT);
	}
	assert_false(did(f, PROTOCOL_SEND_BATCH));
	assert_int_equal(protocol_in_flight(&f->core), 3);
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = 6 });
	assert_int_equal(seq_of(f, PROTOCOL_RELEASE), 6);
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 8);
}

static void what_was_in_flight_is_sent_again_after_a_lost_connection(void **state)
{
	struct fixture *f = *state;
	welcome(f, 3, 0, 16);
	sent(f, PROTOCOL_SENT);
	sent(f, PROTOCOL_SENT);
	tell(f, (struct protocol_event){ .type = PROTOCOL_DISCONNECTED });
	assert_int_equal(protocol_in_flight(&f->core), 0);
	sent(f, PROTOCOL_SENT); /* of the session that is over: must not count */
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	tell(f, (struct protocol_event){
			.type = PROTOCOL_WELCOMED, .upto = 1, .credit = 16, .matches = true });
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 2);
}

static void slow_down_is_heeded_and_bounded(void **state)
{
	struct fixture *f = *state;
	welcome(f, 2, 0, 16);
	sent(f, PROTOCOL_SENT);
	sent(f, PROTOCOL_SENT);
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = 2, .slow_down_ms = 5000 });
	tell(f, (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = 3 });
	assert_false(did(f, PROTOCOL_SEND_BATCH));
	assert_int_equal(protocol_next_ms(&f->core), f->now_ms + 5000);
	tick_at_next(f);
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 3);
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .slow_down_ms = UINT32_MAX });
	assert_true(f->core.slow_until_ms <= f->now_ms + 3600000);
}

/* As by a province whose disk is full: what it dropped goes again when the rest is over, not first
 * when an ack has been missed for long enough. What it did take meanwhile does not. */
static void what_was_put_off_goes_again_when_the_rest_is_over(void **state)
{
	struct fixture *f = *state;
	uint64_t told_ms = f->now_ms;

	welcome(f, 3, 0, 16);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), seq);
		sent(f, PROTOCOL_SENT);
	}
	for (int i = 0; i < 2; i++) /* of 2 and 3; the first was being taken */
		tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .slow_down_ms = 60000 });
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = 1 });
	assert_int_equal(seq_of(f, PROTOCOL_RELEASE), 1);
	while (f->now_ms < told_ms + 60000) {
		assert_false(did(f, PROTOCOL_SEND_BATCH));
		tick_at_next(f);
	}
	assert_int_equal(f->now_ms, told_ms + 60000);
	for (uint64_t seq = 2; seq <= 3; seq++) {
		assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), seq);
		sent(f, PROTOCOL_SENT);
	}
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = 3 });
	assert_int_equal(seq_of(f, PROTOCOL_RELEASE), 3);
	assert_int_equal(protocol_in_flight(&f->core), 0);
}

static void unanswered_hello_is_repeated_then_the_socket_is_made_anew(void **state)
{
	struct fixture *f = *state;
	tell(f, (struct protocol_event){ .type = PROTOCOL_START });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_SEND_HELLO));
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_SEND_HELLO));
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_CLOSE));
	assert_int_equal(f->core.trouble, PROTOCOL_TROUBLE_UNREACHABLE);
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_OPEN));
}

static void silence_is_pinged_then_ends_the_socket(void **state)
{
	struct fixture *f = *state;
	welcome(f, 0, 0, 16);
	uint64_t since = f->now_ms;
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_SEND_PING));
	tell(f, (struct protocol_event){ .type = PROTOCOL_HEARD }); /* the Pong */
	while (!did(f, PROTOCOL_CLOSE))
		tick_at_next(f);
	assert_true(f->now_ms - since >= f->timing.ping_ms + f->timing.silence_ms);
	assert_true(f->now_ms - since <= 2 * f->timing.silence_ms);
}

/* A question tells nothing that is new there: however often the province asks, the office hears of
 * a message with the Pong that it asks for in time. */
static void questions_of_the_province_put_off_no_ping(void **state)
{
	struct fixture *f = *state;
	welcome(f, 0, 0, 16);
	for (int i = 0; i < 10; i++) {
		uint64_t since = f->now_ms;
		while (!did(f, PROTOCOL_SEND_PING)) {
			assert_true(f->now_ms - since <= f->timing.ping_ms);
			f->now_ms += f->timing.ping_ms / 5;
			tell(f, (struct protocol_event){ .type = PROTOCOL_ASKED });
			if (protocol_next_ms(&f->core) <= f->now_ms)
				tell(f, (struct protocol_event){ .type = PROTOCOL_TICK });
		}
		tell(f, (struct protocol_event){ .type = PROTOCOL_HEARD }); /* the Pong */
	}
	/* It is there, all the same: the socket stays. */
	while (!did(f, PROTOCOL_CLOSE) && f->now_ms < 100 * f->timing.silence_ms) {
		f->now_ms += f->timing.ping_ms / 5;
		tell(f, (struct protocol_event){ .type = PROTOCOL_ASKED });
		tell(f, (struct protocol_event){ .type = PROTOCOL_TICK });
	}
	assert_false(did(f, PROTOCOL_CLOSE));
}

static void connecting_in_vain_makes_a_new_socket_with_pauses_that_grow(void **state)
{
	struct fixture *f = *state;
	uint64_t longest = 0;
	tell(f, (struct protocol_event){ .type = PROTOCOL_START });
	for (int i = 0; i < 20; i++) {
		tick_at_next(f);
		assert_true(did(f, PROTOCOL_CLOSE));
		uint64_t pause = protocol_next_ms(&f->core) - f->now_ms;
		assert_true(pause <= f->timing.backoff_max_ms);
		longest = pause > longest ? pause : longest;
		tick_at_next(f);
		assert_true(did(f, PROTOCOL_OPEN));
	}
	assert_true(longest >= f->timing.backoff_max_ms / 2);
}

static void missing_ack_asks_again_where_to_go_on(void **state)
{
	struct fixture *f = *state;
	welcome(f, 1, 0, 16);
	sent(f, PROTOCOL_SENT);
	for (;;) { /* pongs come, acks do not */
		tick_at_next(f);
		if (did(f, PROTOCOL_SEND_HELLO))
			break;
		tell(f, (struct protocol_event){ .type = PROTOCOL_HEARD });
	}
	tell(f, (struct protocol_event){
			.type = PROTOCOL_WELCOMED, .upto = 1, .credit = 16, .matches = true });
	assert_int_equal(seq_of(f, PROTOCOL_RELEASE), 1);
}

static void gaps_without_end_do_not_become_a_storm_of_hellos(void **state)
{
	struct fixture *f = *state;
	unsigned hellos = 0;
	welcome(f, 5, 0, 1);
	uint64_t end = f->now_ms + 3600000;
	while (f->now_ms < end) {
		if (did(f, PROTOCOL_SEND_HELLO)) {
			hellos++;
			tell(f, (struct protocol_event){
					.type = PROTOCOL_WELCOMED, .credit = 1, .matches = true });
		} else if (did(f, PROTOCOL_SEND_BATCH)) {
			sent(f, PROTOCOL_SENT);
			refused(f, 1, LANTOA__V1__REFUSED__CODE__GAP);
		} else {
			tick_at_next(f);
		}
	}
	assert_true(hellos >= 10);
	assert_true(hellos < 60);
}

static void malformed_batch_blocks_is_told_and_is_tried_again_hourly(void **state)
{
	struct fixture *f = *state;
	welcome(f, 3, 0, 16);
	sent(f, PROTOCOL_SENT);
	refused(f, 1, LANTOA__V1__REFUSED__CODE__MALFORMED);
	assert_true(did(f, PROTOCOL_SAY));
	assert_int_equal(f->core.blocked_seq, 1);
	assert_int_equal(f->core.trouble, PROTOCOL_TROUBLE_BATCH);
	sent(f, PROTOCOL_SENT); /* the one being read */
	refused(f, 2, LANTOA__V1__REFUSED__CODE__GAP);
	uint64_t since = f->now_ms;
	while (!did(f, PROTOCOL_SEND_HELLO)) {
		tick_at_next(f);
		assert_false(did(f, PROTOCOL_SEND_BATCH));
		if (did(f, PROTOCOL_SEND_PING))
			tell(f, (struct protocol_event){ .type = PROTOCOL_HEARD });
	}
	assert_true(f->now_ms - since >= f->timing.refused_ms - 1);
	tell(f,
	     (struct protocol_event){ .type = PROTOCOL_WELCOMED, .credit = 16, .matches = true });
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 1);
}

static void changed_catalogue_is_asked_for_within_a_while_and_interrupts_nothing(void **state)
{
	struct fixture *f = *state;
	welcome(f, 3, 0, 2);
	sent(f, PROTOCOL_SENT);
	tell(f, (struct protocol_event){ .type = PROTOCOL_OUTDATED, .dice = 41999 });
	tell(f,
	     (struct protocol_event){ .type = PROTOCOL_OUTDATED, .dice = 5 }); /* once is enough */
	f->now_ms += 42000;
	tell(f, (struct protocol_event){ .type = PROTOCOL_TICK });
	assert_false(did(f, PROTOCOL_SEND_HELLO)); /* two are in flight, or about to be */
	tell(f, (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
					 .seq = 2,
					 .session = f->core.session,
					 .result = PROTOCOL_SENT });
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = 1 });
	assert_int_equal(f->last.n, 1); /* RELEASE; no Hello yet, and no third batch */
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = 2 });
	assert_true(did(f, PROTOCOL_SEND_HELLO));
	tell(f, (struct protocol_event){
			.type = PROTOCOL_WELCOMED, .upto = 2, .credit = 2, .matches = true });
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 3);
}

static void changed_catalogue_is_asked_for_by_an_agent_at_rest(void **state)
{
	struct fixture *f = *state;
	welcome(f, 0, 0, 2);
	uint64_t since = f->now_ms;
	tell(f, (struct protocol_event){ .type = PROTOCOL_OUTDATED, .dice = 1234567 });
	while (!did(f, PROTOCOL_SEND_HELLO)) {
		tick_at_next(f);
		if (did(f, PROTOCOL_SEND_PING))
			tell(f, (struct protocol_event){ .type = PROTOCOL_HEARD });
	}
	assert_int_equal(f->now_ms - since, 1234567 % f->timing.refresh_ms);
}

static void key_that_was_used_too_often_waits_and_is_told_so(void **state)
{
	struct fixture *f = *state;
	tell(f, (struct protocol_event){ .type = PROTOCOL_START });
	tell(f, (struct protocol_event){ .type = PROTOCOL_TOLD_LATER });
	assert_true(did(f, PROTOCOL_CLOSE) && did(f, PROTOCOL_SAY));
	assert_int_equal(f->core.trouble, PROTOCOL_TROUBLE_LATER);
	assert_int_equal(f->core.state, PROTOCOL_PAUSING);
	assert_true(protocol_next_ms(&f->core) <= f->now_ms + f->timing.backoff_max_ms);
}

static void refused_key_is_told_and_tried_again_after_pauses(void **state)
{
	struct fixture *f = *state;
	tell(f, (struct protocol_event){ .type = PROTOCOL_START });
	tell(f, (struct protocol_event){ .type = PROTOCOL_AUTH_FAILED });
	assert_true(did(f, PROTOCOL_CLOSE) && did(f, PROTOCOL_SAY));
	assert_int_equal(f->core.trouble, PROTOCOL_TROUBLE_KEY);
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_OPEN));
}

static void province_that_knows_too_much_or_wants_too_old_gets_a_fresh_spool(void **state)
{
	struct fixture *f = *state;
	welcome(f, 3, 9, 16);
	assert_true(did(f, PROTOCOL_CLOSE) && did(f, PROTOCOL_RENEW));
	tell(f,
	     (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = 4 }); /* of the old id */
	tell(f, (struct protocol_event){ .type = PROTOCOL_RENEWED });
	assert_true(did(f, PROTOCOL_OPEN));
	tell(f, (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = 1 });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	tell(f,
	     (struct protocol_event){ .type = PROTOCOL_WELCOMED, .credit = 16, .matches = true });
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 1);
	sent(f, PROTOCOL_MISSING);
	assert_true(did(f, PROTOCOL_RENEW));
}

static void figures_sealed_offline_after_a_rollback_are_not_taken_for_duplicates(void **state)
{
	struct fixture *f = *state;
	tell(f, (struct protocol_event){ .type = PROTOCOL_START, .last_seq = 5 }); /* was 10 once */
	tell(f, (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = 12 });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	tell(f, (struct protocol_event){
			.type = PROTOCOL_WELCOMED, .upto = 10, .credit = 16, .matches = true });
	assert_true(did(f, PROTOCOL_RENEW));
}

static void ack_that_could_not_be_noted_is_noted_again(void **state)
{
	struct fixture *f = *state;
	welcome(f, 3, 3, 16);
	assert_int_equal(seq_of(f, PROTOCOL_RELEASE), 3);
	tell(f, (struct protocol_event){ .type = PROTOCOL_NOT_NOTED });
	assert_false(did(f, PROTOCOL_RELEASE));
	tell(f,
	     (struct protocol_event){ .type = PROTOCOL_DISCONNECTED }); /* the disk does not care */
	tick_at_next(f);
	assert_int_equal(seq_of(f, PROTOCOL_RELEASE), 3);
	tell(f, (struct protocol_event){ .type = PROTOCOL_NOT_NOTED });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	tell(f, (struct protocol_event){
			.type = PROTOCOL_WELCOMED, .upto = 3, .credit = 16, .matches = true });
	uint64_t noted_from_ms = f->now_ms + f->timing.note_ms;
	while (!did(f, PROTOCOL_RELEASE)) {
		assert_true(f->now_ms < noted_from_ms);
		tick_at_next(f);
	}
	while (f->now_ms < noted_from_ms + 10 * (uint64_t)f->timing.note_ms) { /* once is enough */
		tell(f, (struct protocol_event){ .type = PROTOCOL_HEARD });
		tick_at_next(f);
		assert_false(did(f, PROTOCOL_RELEASE));
	}
}

/* As above, and restarted before it was welcomed: START cannot know that 6 ... 12 are not those
 * that the province has. */
static void batches_that_took_the_numbers_of_lost_ones_are_not_taken_for_them(void **state)
{
	struct fixture *f = *state;
	tell(f, (struct protocol_event){ .type = PROTOCOL_START, .last_seq = 12 });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	tell(f, (struct protocol_event){ .type = PROTOCOL_WELCOMED, .upto = 10, .credit = 16 });
	assert_true(did(f, PROTOCOL_CLOSE) && did(f, PROTOCOL_RENEW));
	assert_false(did(f, PROTOCOL_RELEASE));
}

static void welcomed(struct fixture *f, uint64_t upto, bool matches)
{
	tell(f,
	     (struct protocol_event){
		     .type = PROTOCOL_WELCOMED, .upto = upto, .credit = 16, .matches = matches });
}

/* The next line, and the Hello on it. */
static void greet_on_another_line(struct fixture *f, bool proving)
{
	assert_true(did(f, PROTOCOL_CLOSE) && !did(f, PROTOCOL_SEND_BATCH));
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_OPEN));
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	assert_true(did(f, PROTOCOL_SEND_HELLO));
	assert_int_equal(f->core.proving, proving);
}

/* The spool's next life begins behind 5, and the province does not know it: it is asked about the
 * life before. */
static void reborn(struct fixture *f)
{
	welcome(f, 5, 5, 16);
	tell(f, (struct protocol_event){ .type = PROTOCOL_REBORN, .begin = 5 });
	greet_on_another_line(f, false);
	tell(f, (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = 7 });
	welcomed(f, 5, true);
	greet_on_another_line(f, true);
}

static void another_life_begins_where_the_province_has_all_of_the_one_before(void **state)
{
	struct fixture *f = *state;
	reborn(f);
	welcomed(f, 5, true);
	assert_true(did(f, PROTOCOL_SEND_HELLO) && !f->core.proving);
	welcomed(f, 5 + 5, false); /* about the life before, once more and late */
	assert_false(did(f, PROTOCOL_RENEW));
	welcomed(f, 5, true);
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 6);
	sent(f, PROTOCOL_SENT);
	sent(f, PROTOCOL_SENT); /* and 7 */
	/* Nothing of it is known to be committed: on the next line all is asked again. */
	tell(f, (struct protocol_event){ .type = PROTOCOL_DISCONNECTED });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	assert_true(did(f, PROTOCOL_SEND_HELLO) && !f->core.proving);
	welcomed(f, 5, true);
	greet_on_another_line(f, true);
	welcomed(f, 5, true);
	welcomed(f, 5, true);
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 6);
	sent(f, PROTOCOL_SENT);
	sent(f, PROTOCOL_SENT);
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = 6 });
	/* From then on its id says enough. */
	tell(f, (struct protocol_event){ .type = PROTOCOL_DISCONNECTED });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	welcomed(f, 6, true);
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 7);
}

static void a_province_that_lost_some_of_the_life_before_gets_all_again(void **state)
{
	struct fixture *f = *state;
	reborn(f);
	welcomed(f, 4, true);
	assert_true(did(f, PROTOCOL_RENEW));
	assert_false(did(f, PROTOCOL_RELEASE));
	tell(f, (struct protocol_event){ .type = PROTOCOL_RENEWED, .last_seq = 0 });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	assert_false(f->core.proving);
	welcomed(f, 0, true);
	tell(f, (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = 1 });
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 1);
}

/* Restored to before it, after its first batches were acked. */
static void a_life_that_the_province_does_not_know_any_more_is_sent_again(void **state)
{
	struct fixture *f = *state;
	tell(f, (struct protocol_event){
			.type = PROTOCOL_START, .last_seq = 9, .upto = 8, .begin = 5 });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	assert_true(did(f, PROTOCOL_SEND_HELLO) && !f->core.proving);
	welcomed(f, 5, true);
	assert_false(did(f, PROTOCOL_RELEASE));
	greet_on_another_line(f, true);
	welcomed(f, 5, true);
	welcomed(f, 5, true);
	assert_int_equal(seq_of(f, PROTOCOL_RELEASE), 5);
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 6);
}

/* An older copy of the spool came to the same life by itself. */
static void a_life_that_another_copy_has_begun_is_renewed(void **state)
{
	struct fixture *f = *state;
	welcome(f, 5, 5, 16);
	tell(f, (struct protocol_event){ .type = PROTOCOL_REBORN, .begin = 5 });
	greet_on_another_line(f, false);
	tell(f, (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = 6 });
	welcomed(f, 6, false);
	assert_true(did(f, PROTOCOL_RENEW));
}

static void a_disk_that_cannot_renew_is_asked_again(void **state)
{
	struct fixture *f = *state;
	welcome(f, 3, 9, 16);
	assert_true(did(f, PROTOCOL_RENEW));
	assert_int_equal(protocol_next_ms(&f->core), UINT64_MAX); /* it is at work */
	for (int i = 0; i < 3; i++) {
		tell(f, (struct protocol_event){ .type = PROTOCOL_NOT_RENEWED });
		assert_false(did(f, PROTOCOL_RENEW));
		uint64_t again_ms = f->now_ms + f->timing.note_ms;
		tick_at_next(f);
		assert_true(did(f, PROTOCOL_RENEW));
		assert_int_equal(f->now_ms, again_ms);
	}
	tell(f, (struct protocol_event){ .type = PROTOCOL_RENEWED });
	assert_true(did(f, PROTOCOL_OPEN));
}

static void restored_province_gets_again_what_it_lost(void **state)
{
	struct fixture *f = *state;
	welcome(f, 3, 3, 16);
	tell(f, (struct protocol_event){ .type = PROTOCOL_DISCONNECTED });
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	tell(f, (struct protocol_event){
			.type = PROTOCOL_WELCOMED, .upto = 1, .credit = 16, .matches = true });
	assert_int_equal(seq_of(f, PROTOCOL_RELEASE), 1);
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 2);
}

/* --- a link that loses, repeats and delays, against a tiny province, in virtual time --- */

#define MESSAGES_MAX 64
#define BATCHES      200
#define CREDIT       4

enum kind { HELLO, BATCH, PING, WELCOME, ACK, GAP, PONG, CONNECTED, DISCONNECTED, READ };

struct message {
	uint64_t at_ms, seq;
	enum kind kind;
	uint32_t connection, session;
};

#define CARRIED_MAX 4096

struct carried {
	uint64_t at_ms;
	size_t bytes;
};

struct world {
	struct dice *dice;
	struct protocol core;
	uint64_t now_ms, outage_until_ms;
	struct message messages[MESSAGES_MAX];
	size_t n;
	uint32_t connection; /* 0: none; messages of an older one are dropped */
	uint32_t connections;
	bool open;
	uint64_t sealed, committed, commits; /* the province's */
	uint64_t released, outstanding;      /* sent in this session, not acked */
	bool metered;                        /* and nothing is repeated */
	uint64_t largest;                    /* of the batches' costs */
	struct carried log[CARRIED_MAX];     /* a ring: what the line carried */
	size_t n_log;
};

/* What a batch's frame takes: always the same for one. */
static size_t batch_len(uint64_t seq)
{
	uint64_t roll = seq * UINT64_C(0x9e3779b97f4a7c15) >> 40;
	return 60 + roll % (seq % 7 == 0 ? 10000 : 900);
}

/* No hour carries more than it may, whenever it began. */
static void carry(struct world *w, size_t bytes)
{
	uint64_t sum = 0, limit = w->core.budget.per_hour;
	w->log[w->n_log++ % CARRIED_MAX] = (struct carried){ w->now_ms, bytes };
	for (size_t i = 0; i < CARRIED_MAX && i < w->n_log; i++)
		if (w->log[i].at_ms + 3600000 > w->now_ms)
			sum += w->log[i].bytes;
	if (limit > 0 && sum > limit)
		fail_msg("%llu bytes within an hour, %llu may be", (unsigned long long)sum,
			 (unsigned long long)limit);
}

static void post(struct world *w, enum kind kind, uint64_t seq, uint64_t delay_ms)
{
	if (w->n == MESSAGES_MAX)
		return; /* as a full queue loses it */
	w->messages[w->n++] = (struct message){ .at_ms = w->now_ms + delay_ms,
						.seq = seq,
						.kind = kind,
						.connection = w->connection,
						.session = w->core.session };
}

static void over_the_link(struct world *w, enum kind kind, uint64_t seq)
{
	static const size_t lens[] = {
		[HELLO] = 110, [PING] = 12, [WELCOME] = 220, [ACK] = 45, [GAP] = 60, [PONG] = 24
	};
	uint64_t roll = dice_below(w->dice, 100);
	if (w->metered && w->connection != 0)
		carry(w, budget_frame(kind == BATCH ? batch_len(seq) : lens[kind]));
	if (w->connection == 0 || w->now_ms < w->outage_until_ms || roll < 10)
		return;
	post(w, kind, seq, 1 + dice_below(w->dice, 200));
	if (roll < 20 && !w->metered)
		post(w, kind, seq, 1 + dice_below(w->dice, 20000));
}

static void world_tell(struct world *w, struct protocol_event event);

static void world_act(struct world *w, const struct protocol_action *action)
{
	switch (action->type) {
	case PROTOCOL_OPEN:
		w->open = true;
		w->connection = ++w->connections;
		post(w, CONNECTED, 0, 50);
		break;
	case PROTOCOL_CLOSE:
		w->open = false;
		w->connection = 0;
		break;
	case PROTOCOL_SEND_HELLO:
		w->outstanding = 0;
		over_the_link(w, HELLO, 0);
		break;
	case PROTOCOL_SEND_PING:
		over_the_link(w, PING, 0);
		break;
	case PROTOCOL_SEND_BATCH:
		assert_true(action->seq <= w->sealed);
		post(w, READ, action->seq, 1);
		break;
	case PROTOCOL_RELEASE:
		assert_true(action->seq <= w->committed);
		w->released = action->seq;
		break;
	case PROTOCOL_RENEW:
		fail_msg("nothing was restored here");
		break;
	case PROTOCOL_SAY:
		break;
	}
}

static void world_tell(struct world *w, struct protocol_event event)
{
	event.now_ms = w->now_ms;
	event.dice = dice_next(w->dice);
	struct protocol_actions actions = protocol_step(&w->core, event);
	for (size_t i = 0; i < actions.n; i++)
		world_act(w, &actions.list[i]);
	assert_true(protocol_in_flight(&w->core) <= CREDIT);
}

static void province_take(struct world *w, uint64_t seq)
{
	if (seq > w->committed + 1) {
		over_the_link(w, GAP, seq);
		return;
	}
	if (seq == w->committed + 1) {
		w->committed++;
		w->commits++; /* a duplicate would count twice here */
	}
	over_the_link(w, ACK, w->committed);
}

static void world_connected(struct world *w)
{
	if (w->metered)
		carry(w, BUDGET_HANDSHAKE);
	world_tell(w, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
}

static void deliver(struct world *w, const struct message *m)
{
	bool stale = m->connection != w->connection;
	if (m->kind == READ) { /* the spool's answer, not the link's */
		enum protocol_result result = PROTOCOL_NO_ROOM;
		size_t len = w->metered ? batch_len(m->seq) : 0;
		if (!protocol_affords(&w->core, w->now_ms, len)) {
			result = PROTOCOL_TOO_DEAR;
		} else if (m->session == w->core.session && w->connection != 0) {
			over_the_link(w, BATCH, m->seq);
			result = PROTOCOL_SENT;
		}
		world_tell(w, (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
						       .seq = m->seq,
						       .session = m->session,
						       .bytes = len,
						       .result = result });
		return;
	}
	if (stale)
		return;
	switch (m->kind) {
	case CONNECTED:
		if (w->now_ms < w->outage_until_ms)
			post(w, CONNECTED, 0, 5000);
		else
			world_connected(w);
		break;
	case DISCONNECTED:
		w->connection = ++w->connections;
		world_tell(w, (struct protocol_event){ .type = PROTOCOL_DISCONNECTED });
		if (w->connection != 0) /* else the core has dropped the socket */
			post(w, CONNECTED, 0, 1000);
		break;
	case HELLO:
		over_the_link(w, WELCOME, w->committed);
		break;
	case PING:
		over_the_link(w, PONG, 0);
		break;
	case BATCH:
		province_take(w, m->seq);
		break;
	case WELCOME:
		world_tell(w, (struct protocol_event){ .type = PROTOCOL_WELCOMED,
						       .upto = m->seq,
						       .credit = CREDIT,
						       .matches = true });
		break;
	case ACK:
		world_tell(w, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = m->seq });
		break;
	case GAP:
		world_tell(w, (struct protocol_event){ .type = PROTOCOL_REFUSED,
						       .seq = m->seq,
						       .code = LANTOA__V1__REFUSED__CODE__GAP });
		break;
	case PONG:
		world_tell(w, (struct protocol_event){ .type = PROTOCOL_HEARD });
		break;
	case READ:
		break;
	}
}

/* The next thing that happens: a message, or the core's timer. */
static void world_turn(struct world *w)
{
	size_t first = 0;
	uint64_t tick = protocol_next_ms(&w->core);
	for (size_t i = 1; i < w->n; i++)
		if (w->messages[i].at_ms < w->messages[first].at_ms)
			first = i;
	if (w->n > 0 && w->messages[first].at_ms <= tick) {
		struct message m = w->messages[first];
		memmove(&w->messages[first], &w->messages[first + 1], (--w->n - first) * sizeof(m));
		w->now_ms = m.at_ms > w->now_ms ? m.at_ms : w->now_ms;
		deliver(w, &m);
		return;
	}
	assert_true(tick != UINT64_MAX); /* it never falls asleep for good */
	w->now_ms = tick > w->now_ms ? tick : w->now_ms;
	world_tell(w, (struct protocol_event){ .type = PROTOCOL_TICK });
}

static void disturb(struct world *w)
{
	if (w->sealed < BATCHES && dice_below(w->dice, 3) == 0)
		world_tell(w, (struct protocol_event){ .type = PROTOCOL_SEALED,
						       .last_seq = ++w->sealed });
	if (dice_below(w->dice, 100) == 0 && w->connection != 0)
		post(w, DISCONNECTED, 0, 1);
	if (dice_below(w->dice, 300) == 0) /* up to half a day */
		w->outage_until_ms = w->now_ms + dice_below(w->dice, 43200000);
}

static void check_link(struct dice *dice, void *context)
{
	(void)context;
	struct world w = { .dice = dice, .now_ms = 1 };
	struct protocol_timing timing = protocol_timing(1000, 300000);
	protocol_init(&w.core, &timing);
	world_tell(&w, (struct protocol_event){ .type = PROTOCOL_START });
	for (int turn = 0; w.released < BATCHES; turn++) {
		assert_true(turn < 200000);
		disturb(&w);
		world_turn(&w);
	}
	assert_int_equal(w.committed, BATCHES);
	assert_int_equal(w.commits, BATCHES);
}

static void nothing_is_lost_or_counted_twice_over_a_bad_link(void **state)
{
	(void)state;
	for_all_seeds(100, check_link, NULL);
}

/* --- metered lines --- */

static void check_metered_link(struct dice *dice, void *context)
{
	(void)context;
	struct world *w = calloc(1, sizeof(*w));
	struct protocol_timing timing = protocol_timing(1000, 300000);
	assert_non_null(w);
	*w = (struct world){ .dice = dice, .now_ms = 1, .metered = true };
	protocol_init(&w->core, &timing);
	w->core.budget.per_hour = (16u + (uint32_t)dice_below(dice, 200)) * 1024;
	w->core.rests = dice_below(dice, 2) == 0;
	world_tell(w, (struct protocol_event){ .type = PROTOCOL_START });
	for (int turn = 0; w->released < BATCHES; turn++) {
		assert_true(turn < 200000);
		disturb(w);
		world_turn(w);
	}
	assert_int_equal(w->committed, BATCHES);
	assert_int_equal(w->commits, BATCHES);
	free(w);
}

static void no_hour_carries_more_than_its_budget_and_all_arrives(void **state)
{
	(void)state;
	for_all_seeds(100, check_metered_link, NULL);
}

static void spent_budget_is_told_and_batches_go_when_it_allows(void **state)
{
	struct fixture *f = *state;
	f->core.budget.per_hour = 16 * 1024;
	welcome(f, 2, 0, 16);
	tell(f, (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
					 .seq = 1,
					 .session = f->core.session,
					 .bytes = 9000,
					 .result = PROTOCOL_SENT });
	assert_false(protocol_affords(&f->core, f->now_ms, 9000));
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = 1 });
	tell(f, (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
					 .seq = 2,
					 .session = f->core.session,
					 .bytes = 9000,
					 .result = PROTOCOL_TOO_DEAR });
	assert_true(did(f, PROTOCOL_CLOSE) && did(f, PROTOCOL_SAY));
	assert_int_equal(f->core.trouble, PROTOCOL_TROUBLE_BUDGET);
	uint64_t since = f->now_ms;
	while (!did(f, PROTOCOL_OPEN))
		tick_at_next(f);
	assert_in_range(f->now_ms - since, 3500000, 3700000);
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	tell(f, (struct protocol_event){
			.type = PROTOCOL_WELCOMED, .upto = 1, .credit = 16, .matches = true });
	assert_int_equal(seq_of(f, PROTOCOL_SEND_BATCH), 2);
	assert_true(protocol_affords(&f->core, f->now_ms, 9000));
}

static void acks_of_what_went_before_do_not_hide_that_the_budget_is_spent(void **state)
{
	struct fixture *f = *state;
	f->core.budget.per_hour = 16 * 1024;
	welcome(f, 2, 0, 16);
	for (uint64_t seq = 1; seq <= 2; seq++)
		tell(f, (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
						 .seq = seq,
						 .session = f->core.session,
						 .bytes = 9000,
						 .result = seq == 1 ? PROTOCOL_SENT
								    : PROTOCOL_TOO_DEAR });
	assert_int_equal(f->core.trouble, PROTOCOL_TROUBLE_BUDGET);
	tell(f, (struct protocol_event){ .type = PROTOCOL_ACKED, .upto = 1 });
	assert_int_equal(f->core.trouble, PROTOCOL_TROUBLE_BUDGET);
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_CLOSE)); /* instead of Pings */
	assert_int_equal(f->core.trouble, PROTOCOL_TROUBLE_BUDGET);
}

static void batch_larger_than_the_budget_goes_at_last(void **state)
{
	struct fixture *f = *state;
	f->core.budget.per_hour = 16 * 1024;
	welcome(f, 1, 0, 16);
	for (unsigned days = 0; !protocol_affords(&f->core, f->now_ms, 150000); days++) {
		assert_true(days < 3);
		tell(f, (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
						 .seq = 1,
						 .session = f->core.session,
						 .bytes = 150000,
						 .result = PROTOCOL_TOO_DEAR });
		while (!did(f, PROTOCOL_OPEN))
			tick_at_next(f);
		tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
		tell(f, (struct protocol_event){
				.type = PROTOCOL_WELCOMED, .credit = 16, .matches = true });
	}
}

static void line_with_nothing_to_say_rests_until_there_is_something_or_a_day_is_over(void **state)
{
	struct fixture *f = *state;
	f->core.rests = true;
	welcome(f, 0, 0, 16);
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_CLOSE));
	assert_false(did(f, PROTOCOL_SAY)); /* all is well */
	uint64_t since = f->now_ms;
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_OPEN));
	assert_in_range(f->now_ms - since, 20 * 3600000, 24 * 3600000);
	tell(f, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	tell(f,
	     (struct protocol_event){ .type = PROTOCOL_WELCOMED, .credit = 16, .matches = true });
	tick_at_next(f);
	assert_true(did(f, PROTOCOL_CLOSE));
	tell(f, (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = 1 });
	assert_true(did(f, PROTOCOL_OPEN)); /* at once */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_decision_can_be_told_in_words),
		TEST(nothing_is_without_a_word),
		TEST(batches_go_in_order_and_never_over_the_credit),
		TEST(what_was_in_flight_is_sent_again_after_a_lost_connection),
		TEST(slow_down_is_heeded_and_bounded),
		TEST(what_was_put_off_goes_again_when_the_rest_is_over),
		TEST(unanswered_hello_is_repeated_then_the_socket_is_made_anew),
		TEST(silence_is_pinged_then_ends_the_socket),
		TEST(questions_of_the_province_put_off_no_ping),
		TEST(connecting_in_vain_makes_a_new_socket_with_pauses_that_grow),
		TEST(missing_ack_asks_again_where_to_go_on),
		TEST(gaps_without_end_do_not_become_a_storm_of_hellos),
		TEST(malformed_batch_blocks_is_told_and_is_tried_again_hourly),
		TEST(changed_catalogue_is_asked_for_within_a_while_and_interrupts_nothing),
		TEST(changed_catalogue_is_asked_for_by_an_agent_at_rest),
		TEST(key_that_was_used_too_often_waits_and_is_told_so),
		TEST(refused_key_is_told_and_tried_again_after_pauses),
		TEST(province_that_knows_too_much_or_wants_too_old_gets_a_fresh_spool),
		TEST(figures_sealed_offline_after_a_rollback_are_not_taken_for_duplicates),
		TEST(ack_that_could_not_be_noted_is_noted_again),
		TEST(batches_that_took_the_numbers_of_lost_ones_are_not_taken_for_them),
		TEST(another_life_begins_where_the_province_has_all_of_the_one_before),
		TEST(a_province_that_lost_some_of_the_life_before_gets_all_again),
		TEST(a_life_that_the_province_does_not_know_any_more_is_sent_again),
		TEST(a_life_that_another_copy_has_begun_is_renewed),
		TEST(a_disk_that_cannot_renew_is_asked_again),
		TEST(restored_province_gets_again_what_it_lost),
		TEST(spent_budget_is_told_and_batches_go_when_it_allows),
		TEST(acks_of_what_went_before_do_not_hide_that_the_budget_is_spent),
		TEST(batch_larger_than_the_budget_goes_at_last),
		TEST(line_with_nothing_to_say_rests_until_there_is_something_or_a_day_is_over),
		cmocka_unit_test(no_hour_carries_more_than_its_budget_and_all_arrives),
		cmocka_unit_test(nothing_is_lost_or_counted_twice_over_a_bad_link),
	};
	return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
