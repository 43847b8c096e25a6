#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/net/zpoll.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zmq.h>

#define REST_MS    50  /* of a loop in which nothing happens */
#define REST_TURNS 20u /* a spin would make tens of thousands */
#define HANG_MS    20000

struct end {
	struct fixture *f;
	void *socket;
	struct zpoll *zpoll;
	unsigned received, calls;
	unsigned echo;       /* send so many answers to each message */
	unsigned stop_after; /* messages until the loop is told to stop; 0: never */
	unsigned pause_after;
	bool stop_within;
};

struct fixture {
	uv_loop_t loop;
	uv_timer_t hang;
	uv_prepare_t counter;
	uint64_t turns;
	void *context;
	struct end a, b;
	struct err err;
	bool hung;
};

static void on_hang(uv_timer_t *timer)
{
	struct fixture *f = timer->data;
	f->hung = true;
	uv_stop(&f->loop);
}

static void on_turn(uv_prepare_t *counter)
{
	struct fixture *f = counter->data;
	f->turns++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f || uv_loop_init(&f->loop) < 0)
		return -1;
	f->context = zmq_ctx_new();
	f->a = (struct end){ .f = f, .socket = zmq_socket(f->context, ZMQ_PAIR) };
	f->b = (struct end){ .f = f, .socket = zmq_socket(f->context, ZMQ_PAIR) };
	int unlimited = 0;
	(void)zmq_setsockopt(f->a.socket, ZMQ_SNDHWM, &unlimited, sizeof(unlimited));
	(void)zmq_setsockopt(f->b.socket, ZMQ_RCVHWM, &unlimited, sizeof(unlimited));
	if (zmq_bind(f->a.socket, "inproc://pair") < 0 ||
	    zmq_connect(f->b.socket, "inproc://pair") < 0)
		return -1;
	(void)uv_timer_init(&f->loop, &f->hang);
	(void)uv_prepare_init(&f->loop, &f->counter);
	f->hang.data = f->counter.data = f;
	(void)uv_prepare_start(&f->counter, on_turn);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	if (f->a.zpoll)
		zpoll_stop(f->a.zpoll, NULL, NULL);
	if (f->b.zpoll)
		zpoll_stop(f->b.zpoll, NULL, NULL);
	uv_close((uv_handle_t *)&f->hang, NULL);
	uv_close((uv_handle_t *)&f->counter, NULL);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	int rc = uv_loop_close(&f->loop); /* UV_EBUSY: a handle is still open */
	(void)zmq_close(f->a.socket);
	(void)zmq_close(f->b.socket);
	(void)zmq_ctx_term(f->context);
	free(f);
	return rc;
}

static void send_one(struct end *end)
{
	assert_int_equal(zmq_send(end->socket, "x", 1, ZMQ_DONTWAIT), 1);
	if (end->zpoll)
		zpoll_after_send(end->zpoll);
}

static int on_readable(void *context)
{
	struct end *end = context;
	char data[8];
	end->calls++;
	if (zmq_recv(end->socket, data, sizeof(data), ZMQ_DONTWAIT) < 0) {
		assert_int_equal(errno, EAGAIN);
		return 0;
	}
	end->received++;
	for (unsigned i = 0; i < end->echo; i++)
		send_one(end);
	if (end->received == end->pause_after)
		zpoll_pause(end->zpoll);
	if (end->received == end->stop_after)
		uv_stop(&end->f->loop);
	if (end->stop_within) {
		zpoll_stop(end->zpoll, NULL, NULL);
		end->zpoll = NULL;
	}
	return 1;
}

static void watch(struct end *end, unsigned budget)
{
	assert_int_equal(zpoll_start(&end->f->loop, end->socket, budget, on_readable, end,
				     &end->zpoll, &end->f->err),
			 0);
}

static void run(struct fixture *f, uint64_t most_ms)
{
	f->hung = false;
	assert_int_equal(uv_timer_start(&f->hang, on_hang, most_ms, 0), 0);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	(void)uv_timer_stop(&f->hang);
}

static void assert_rests(struct fixture *f)
{
	f->turns = 0;
	run(f, REST_MS);
	assert_true(f->hung); /* nothing else ended the run */
	assert_true(f->turns < REST_TURNS);
}

static void at_rest_the_loop_sleeps(void **state)
{
	struct fixture *f = *state;
	watch(&f->a, 4);
	watch(&f->b, 4);
	assert_rests(f);
	send_one(&f->a);
	f->b.stop_after = 1;
	run(f, HANG_MS);
	assert_int_equal(f->b.received, 1);
	assert_rests(f); /* no spin after a message either */
	assert_int_equal(f->b.calls, 1);
}

static void a_burst_beyond_the_budget_is_drained_to_the_last(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 500; i++) /* before anyone watches: its edge is long gone */
		send_one(&f->a);
	watch(&f->b, 3);
	for (int i = 0; i < 500; i++)
		send_one(&f->a);
	f->b.stop_after = 1000;
	run(f, HANG_MS);
	assert_false(f->hung);
	assert_true(f->turns >= 1000 / 3); /* others on the loop had their turns between */
	assert_rests(f);
}

static void sending_from_within_receive_swallows_nothing(void **state)
{
	struct fixture *f = *state;
	watch(&f->a, 2);
	watch(&f->b, 2);
	f->a.echo = f->b.echo = 1;
	f->b.stop_after = 5000;
	for (int i = 0; i < 7; i++)
		send_one(&f->a);
	run(f, HANG_MS);
	assert_false(f->hung);
	assert_true(f->a.received >= 4990);
}

/* What arrives between a poll and a send has its edge swallowed by the send. */
static void a_send_that_swallows_the_edge_gives_it_back(void **state)
{
	struct fixture *f = *state;
	watch(&f->b, 8);
	assert_rests(f);
	for (unsigned i = 1; i <= 100; i++) {
		assert_int_equal(zmq_send(f->a.socket, "x", 1, ZMQ_DONTWAIT), 1);
		send_one(&f->b); /* takes in the command that announced the message */
		f->b.stop_after = i;
		run(f, HANG_MS);
		assert_false(f->hung);
		assert_int_equal(f->b.received, i);
	}
}

static void paused_it_neither_receives_nor_spins_and_resumed_it_goes_on(void **state)
{
	struct fixture *f = *state;
	watch(&f->b, 4);
	f->b.pause_after = 2;
	for (int i = 0; i < 100; i++)
		send_one(&f->a);
	assert_rests(f);
	assert_int_equal(f->b.received, 2);
	for (int i = 0; i < 100; i++)
		send_one(&f->a);
	assert_rests(f);
	zpoll_pause(f->b.zpoll); /* twice is once */
	assert_int_equal(f->b.received, 2);
	f->b.stop_after = 200;
	zpoll_resume(f->b.zpoll);
	run(f, HANG_MS);
	assert_false(f->hung);
}

/* A message to a socket that had run dry comes with a command, which nobody takes in while paused.
 */
static void paused_at_rest_it_does_not_spin_when_a_message_comes(void **state)
{
	struct fixture *f = *state;
	watch(&f->b, 4);
	assert_rests(f);
	zpoll_pause(f->b.zpoll);
	send_one(&f->a);
	assert_rests(f);
	assert_int_equal(f->b.received, 0);
	f->b.stop_after = 1;
	zpoll_resume(f->b.zpoll);
	run(f, HANG_MS);
	assert_false(f->hung);
}

static void it_may_be_stopped_from_within_its_own_callback(void **state)
{
	struct fixture *f = *state;
	watch(&f->b, 8);
	f->b.stop_within = true;
	for (int i = 0; i < 5; i++)
		send_one(&f->a);
	run(f, REST_MS);
	assert_int_equal(f->b.received, 1);
}

static void on_closed(void *context)
{
	bool *closed = context;
	*closed = true;
}

static void stopped_it_tells_when_the_socket_may_be_closed(void **state)
{
	struct fixture *f = *state;
	watch(&f->b, 8);
	bool closed = false;
	zpoll_stop(f->b.zpoll, on_closed, &closed);
	f->b.zpoll = NULL;
	assert_false(closed);
	run(f, REST_MS);
	assert_true(closed);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(at_rest_the_loop_sleeps),
		test(a_burst_beyond_the_budget_is_drained_to_the_last),
		test(sending_from_within_receive_swallows_nothing),
		test(a_send_that_swallows_the_edge_gives_it_back),
		test(paused_it_neither_receives_nor_spins_and_resumed_it_goes_on),
		test(paused_at_rest_it_does_not_spin_when_a_message_comes),
		test(it_may_be_stopped_from_within_its_own_callback),
		test(stopped_it_tells_when_the_socket_may_be_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
