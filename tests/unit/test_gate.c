#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/gate.h"
#include "support/zmtp_raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANG_MS  60000
#define CLIENTS  8u
#define QUIET_MS 100 /* in which what must not arrive would have arrived */

struct keys {
	uint8_t public_key[KEY_LEN], secret_key[KEY_LEN];
};

struct fixture {
	uv_loop_t loop;
	uv_timer_t hang;
	bool hung;
	void *context;
	struct keys server;
	struct key_list *key_list;
	struct limits limits;
	struct gate *gate;
	void *clients[CLIENTS]; /* owned, so that a failed test can be torn down, too */
	struct gate_peer peer;  /* of the last frame */
	uint8_t first_byte;
	size_t frames, last_len;
	bool answer;
	struct err err;
};

static void on_hang(uv_timer_t *timer)
{
	struct fixture *f = timer->data;
	f->hung = true;
}

static void pong(struct fixture *f, const struct gate_peer *peer)
{
	Lantoa__V1__Pong kind = LANTOA__V1__PONG__INIT;
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	kind.clock_us = 42;
	frame.kind_case = LANTOA__V1__FRAME__KIND_PONG;
	frame.pong = &kind;
	gate_answer(f->gate, peer, &frame);
}

static void on_frame(void *context, const struct gate_peer *peer, zmq_msg_t *frame)
{
	struct fixture *f = context;
	f->peer = *peer;
	f->frames++;
	f->last_len = zmq_msg_size(frame);
	f->first_byte = f->last_len ? *(const uint8_t *)zmq_msg_data(frame) : 0;
	if (f->answer)
		pong(f, peer);
}

static int open_gate(struct fixture *f, const char *endpoint)
{
	struct gate_config config = { .endpoint = endpoint,
				      .secret_key = f->server.secret_key,
				      .key_list = f->key_list,
				      .limits = &f->limits,
				      .credit = 8 };
	return gate_start(&f->loop, f->context, &config, on_frame, f, &f->gate, &f->err);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f || uv_loop_init(&f->loop) < 0 || sodium_init() < 0)
		return -1;
	(void)uv_timer_init(&f->loop, &f->hang);
	f->hang.data = f;
	f->context = zmq_ctx_new();
	f->key_list = key_list_open();
	f->limits = limits_default();
	crypto_box_keypair(f->server.public_key, f->server.secret_key);
	*state = f;
	return open_gate(f, "tcp://127.0.0.1:0");
}

static void on_gate_closed(void *context)
{
	struct fixture *f = context;
	f->gate = NULL;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < CLIENTS; i++) {
		if (f->clients[i])
			(void)zmq_close(f->clients[i]);
	}
	if (f->gate)
		gate_stop(f->gate, on_gate_closed, f);
	uv_close((uv_handle_t *)&f->hang, NULL);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	int rc = uv_loop_close(&f->loop); /* UV_EBUSY: a handle is still open */
	if (f->gate)
		rc = -1;
	(void)zmq_ctx_term(f->context);
	key_list_close(f->key_list);
	free(f);
	return rc;
}

/* Run the loop until *@counter reaches @least. */
static void run_until(struct fixture *f, const uint64_t *counter, uint64_t least)
{
	f->hung = false;
	assert_int_equal(uv_timer_start(&f->hang, on_hang, HANG_MS, 0), 0);
	while (*counter < least && !f->hung)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	(void)uv_timer_stop(&f->hang);
	assert_false(f->hung);
}

static void run_quiet(struct fixture *f)
{
	f->hung = false;
	assert_int_equal(uv_timer_start(&f->hang, on_hang, QUIET_MS, 0), 0);
	while (!f->hung)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
}

static const struct gate_counters *counters(struct fixture *f)
{
	return gate_counters(f->gate);
}

static struct listed_key known(struct fixture *f, int64_t id, enum key_state state,
			       struct keys *ret_keys)
{
	crypto_box_keypair(ret_keys->public_key, ret_keys->secret_key);
	struct listed_key key = { .id = id, .office = 100 + id, .state = state };
	memcpy(key.public_key, ret_keys->public_key, KEY_LEN);
	assert_int_equal(key_list_put(f->key_list, &key), 0);
	return key;
}

/* Without @keys it does not speak CURVE. */
static void *client(struct fixture *f, int type, const struct keys *keys)
{
	void *socket = zmq_socket(f->context, type);
	assert_non_null(socket);
	size_t at = 0;
	while (f->clients[at])
		assert_true(++at < CLIENTS);
	f->clients[at] = socket;
	int linger = 0, wait_ms = HANG_MS;
	(void)zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger));
	(void)zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
	if (!keys)
		return socket;
	(void)zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, f->server.public_key, KEY_LEN);
	(void)zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, KEY_LEN);
	(void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, KEY_LEN);
	return socket;
}

static void hang_up(struct fixture *f, void *socket)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		if (f->clients[i] == socket)
			f->clients[i] = NULL;
	}
	(void)zmq_close(socket);
}

static void *connected(struct fixture *f, const struct keys *keys)
{
	void *socket = client(f, ZMQ_DEALER, keys);
	assert_int_equal(zmq_connect(socket, gate_endpoint(f->gate)), 0);
	return socket;
}

static void say(void *socket, const char *text)
{
	assert_int_equal(zmq_send(socket, text, strlen(text), ZMQ_DONTWAIT), strlen(text));
}

/* Somebody invited comes through: the gate lives. */
static void assert_alive(struct fixture *f)
{
	struct keys keys;
	(void)known(f, 999, KEY_ACTIVE, &keys);
	void *socket = connected(f, &keys);
	say(socket, "alive");
	run_until(f, &counters(f)->frames, counters(f)->frames + 1);
	assert_int_equal(f->peer.key_id, 999);
	hang_up(f, socket);
}

static void an_active_and_an_invited_key_pass_and_arrive_with_their_ids(void **state)
{
	struct fixture *f = *state;
	struct keys active, invited;
	(void)known(f, 7, KEY_ACTIVE, &active);
	(void)known(f, 8, KEY_INVITED, &invited);
	void *a = connected(f, &active);
	say(a, "hello");
	run_until(f, &counters(f)->frames, 1);
	assert_int_equal(f->peer.key_id, 7);
	assert_int_equal(f->last_len, 5);
	assert_int_equal(f->first_byte, 'h');
	void *b = connected(f, &invited);
	say(b, "me too");
	run_until(f, &counters(f)->frames, 2);
	assert_int_equal(f->peer.key_id, 8);
	assert_int_equal(counters(f)->handshakes, 2);
	assert_int_equal(counters(f)->refused_handshakes, 0);
	hang_up(f, a);
	hang_up(f, b);
}

static void refused(struct fixture *f, const struct keys *keys)
{
	void *socket = connected(f, keys);
	say(socket, "let me in");
	run_until(f, &counters(f)->refused_handshakes, counters(f)->refused_handshakes + 1);
	run_quiet(f);
	hang_up(f, socket);
	assert_int_equal(counters(f)->handshakes, 0);
	assert_int_equal(f->frames, 0);
}

static void keys_never_invited_revoked_or_spent_do_not_pass_the_handshake(void **state)
{
	struct fixture *f = *state;
	struct keys stranger, revoked, spent;
	crypto_box_keypair(stranger.public_key, stranger.secret_key);
	(void)known(f, 7, KEY_REVOKED, &revoked);
	(void)known(f, 8, KEY_SPENT, &spent);
	refused(f, &stranger);
	refused(f, &revoked);
	refused(f, &spent);
	assert_int_equal(counters(f)->refused_handshakes, 3);
	assert_alive(f);
}

/* An active key has no such end. */
static void an_invitation_that_is_too_old_does_not_pass_the_handshake(void **state)
{
	struct fixture *f = *state;
	struct keys late;
	struct listed_key key = known(f, 7, KEY_INVITED, &late);
	key.expires_us = 1;
	assert_int_equal(key_list_put(f->key_list, &key), 0);
	refused(f, &late);
	assert_int_equal(counters(f)->refused_handshakes, 1);
	key.state = KEY_ACTIVE;
	assert_int_equal(key_list_put(f->key_list, &key), 0);
	void *socket = connected(f, &late);
	say(socket, "hello");
	run_until(f, &counters(f)->frames, 1);
	hang_up(f, socket);
}

/* Its connection stays: the answer that spent it may be on its way. */
static void nothing_more_is_taken_from_a_spent_invitation(void **state)
{
	struct fixture *f = *state;
	struct keys keys;
	struct listed_key key = known(f, 8, KEY_INVITED, &keys);
	void *socket = connected(f, &keys);
	uint64_t frames = counters(f)->frames, revoked = counters(f)->frames_revoked;
	say(socket, "one");
	run_until(f, &counters(f)->frames, frames + 1);
	key.state = KEY_SPENT;
	assert_int_equal(key_list_put(f->key_list, &key), 0);
	say(socket, "two");
	run_until(f, &counters(f)->frames_revoked, revoked + 1);
	assert_int_equal(counters(f)->frames, frames + 1);
	hang_up(f, socket);
	assert_int_equal(counters(f)->connections.cut[CONNECTION_REVOKED], 0);
}

/* All that it has open, at once and without a word of it; then it knocks, and hears why not. */
static void a_revoked_key_has_no_connection_any_more(void **state)
{
	struct fixture *f = *state;
	struct keys keys, other;
	struct listed_key key = known(f, 7, KEY_ACTIVE, &keys);
	(void)known(f, 8, KEY_ACTIVE, &other);
	void *sockets[] = { connected(f, &keys), connected(f, &other), connected(f, &keys),
			    connected(f, &keys) };
	for (size_t i = 0; i < 3; i++) {
		say(sockets[i], "one");
		run_until(f, &counters(f)->frames, i + 1);
	}
	run_until(f, &counters(f)->handshakes, 4);
	key.state = KEY_REVOKED;
	assert_int_equal(key_list_put(f->key_list, &key), 0);
	assert_int_equal(counters(f)->connections.cut[CONNECTION_REVOKED], 2);
	run_until(f, &counters(f)->refused_handshakes, 2);
	assert_int_equal(counters(f)->frames, 3);
	assert_int_equal(counters(f)->frames_revoked, 0);
	assert_string_equal(counters(f)->offender.code, "");
	/* who had shaken hands and said nothing is known by its first word */
	say(sockets[3], "two");
	run_until(f, &counters(f)->refused_handshakes, 3);
	assert_int_equal(counters(f)->frames_revoked, 1);
	assert_int_equal(counters(f)->connections.cut[CONNECTION_REVOKED], 3);
	/* nobody else's was touched, and to revoke twice does nothing */
	assert_int_equal(key_list_put(f->key_list, &key), 0);
	say(sockets[1], "three");
	run_until(f, &counters(f)->frames, 4);
	assert_int_equal(f->peer.key_id, 8);
	assert_int_equal(f->frames, 4);
}

static void an_answer_reaches_the_peer_that_asked(void **state)
{
	struct fixture *f = *state;
	struct keys keys[2];
	void *sockets[2];
	for (int i = 0; i < 2; i++) {
		(void)known(f, i + 1, KEY_ACTIVE, &keys[i]);
		sockets[i] = connected(f, &keys[i]);
	}
	f->answer = true;
	say(sockets[1], "ping");
	run_until(f, &counters(f)->answers, 1);
	uint8_t data[64];
	int len = zmq_recv(sockets[1], data, sizeof(data), 0);
	assert_true(len > 0);
	struct arena *arena = arena_open(4096);
	Lantoa__V1__Frame *frame = NULL;
	assert_int_equal(wire_frame_unpack(arena, data, (size_t)len, &frame, &f->err), 0);
	assert_int_equal(frame->kind_case, LANTOA__V1__FRAME__KIND_PONG);
	assert_int_equal(frame->pong->clock_us, 42);
	arena_close(arena);
	assert_int_equal(zmq_recv(sockets[0], data, sizeof(data), ZMQ_DONTWAIT), -1);
	hang_up(f, sockets[0]);
	hang_up(f, sockets[1]);
}

static void an_answer_to_a_peer_that_is_gone_is_counted_and_forgotten(void **state)
{
	struct fixture *f = *state;
	struct gate_peer nobody = { .routing_id = { 0, 1, 2, 3, 4 }, .routing_id_len = 5 };
	pong(f, &nobody);
	assert_int_equal(counters(f)->answers_undeliverable, 1);
	assert_int_equal(counters(f)->answers, 0);
	assert_alive(f);
}

static void messages_of_another_shape_are_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	struct keys keys;
	(void)known(f, 7, KEY_ACTIVE, &keys);
	void *socket = connected(f, &keys);
	assert_int_equal(zmq_send(socket, "a", 1, ZMQ_SNDMORE), 1);
	assert_int_equal(zmq_send(socket, "b", 1, 0), 1);
	run_until(f, &counters(f)->frames_malformed, 1);
	for (int i = 0; i < 50; i++)
		assert_int_equal(zmq_send(socket, "c", 1, i < 49 ? ZMQ_SNDMORE : 0), 1);
	run_until(f, &counters(f)->frames_malformed, 2);
	assert_int_equal(counters(f)->frames, 0);
	say(socket, "well formed");
	run_until(f, &counters(f)->frames, 1);
	hang_up(f, socket);
}

/* It could take another's answers otherwise. */
static void a_client_that_picks_its_routing_id_gets_one_of_ours(void **state)
{
	struct fixture *f = *state;
	struct keys keys;
	(void)known(f, 7, KEY_ACTIVE, &keys);
	void *socket = client(f, ZMQ_DEALER, &keys);
	assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, "mine!", 5), 0);
	assert_int_equal(zmq_connect(socket, gate_endpoint(f->gate)), 0);
	f->answer = true;
	say(socket, "hello");
	run_until(f, &counters(f)->answers, 1);
	assert_int_equal(f->peer.routing_id_len, 5);
	assert_int_equal(f->peer.routing_id[0], 0);
	uint8_t data[64];
	assert_true(zmq_recv(socket, data, sizeof(data), 0) > 0);
	hang_up(f, socket);
}

static void the_largest_frame_passes_and_a_larger_one_costs_the_connection(void **state)
{
	struct fixture *f = *state;
	struct keys keys;
	(void)known(f, 7, KEY_ACTIVE, &keys);
	void *socket = connected(f, &keys);
	static char data[WIRE_FRAME_MAX + 100];
	assert_int_equal(zmq_send(socket, data, WIRE_FRAME_MAX, 0), WIRE_FRAME_MAX);
	run_until(f, &counters(f)->frames, 1);
	assert_int_equal(f->last_len, WIRE_FRAME_MAX);
	assert_int_equal(zmq_send(socket, data, sizeof(data), 0), sizeof(data));
	run_until(f, &counters(f)->handshakes, 2); /* it was thrown out, and comes again */
	assert_int_equal(counters(f)->frames, 1);
	hang_up(f, socket);
	assert_alive(f);
}

static void shout(struct fixture *f, const void *data, size_t len)
{
	int fd = zmtp_raw_connect(gate_endpoint(f->gate));
	assert_true(fd >= 0);
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
	run_quiet(f);
	(void)close(fd);
}

static void garbage_on_the_port_leaves_the_gate_alive(void **state)
{
	struct fixture *f = *state;
	static uint8_t noise[4096];
	randombytes_buf(noise, sizeof(noise));
	shout(f, noise, sizeof(noise));
	noise[0] = 0xff; /* ZMTP's signature, and noise again */
	noise[9] = 0x7f;
	shout(f, noise, sizeof(noise));
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	shout(f, http, sizeof(http) - 1);
	assert_int_equal(counters(f)->handshakes, 0);
	assert_alive(f);
}

static void a_client_without_curve_is_not_heard(void **state)
{
	struct fixture *f = *state;
	void *socket = connected(f, NULL);
	say(socket, "hello");
	run_quiet(f);
	hang_up(f, socket);
	assert_int_equal(f->frames, 0);
	assert_alive(f);
}

struct liar {
	const char *endpoint;
	const struct keys *server, *keys;
	int rc;
};

static void lie(void *context)
{
	struct liar *liar = context;
	liar->rc = zmtp_raw_say(liar->endpoint, liar->server->public_key, liar->keys->public_key,
				liar->keys->secret_key, "User-Id", "7", "pay me");
}

static void a_user_id_that_a_client_claims_does_not_matter(void **state)
{
	struct fixture *f = *state;
	struct keys victim, thief;
	(void)known(f, 7, KEY_ACTIVE, &victim);
	(void)known(f, 8, KEY_ACTIVE, &thief);
	struct liar liar = { gate_endpoint(f->gate), &f->server, &thief, -1 };
	uv_thread_t thread;
	assert_int_equal(uv_thread_create(&thread, lie, &liar), 0);
	run_until(f, &counters(f)->frames, 1);
	assert_int_equal(uv_thread_join(&thread), 0);
	assert_int_equal(liar.rc, 0);
	assert_int_equal(f->peer.key_id, 8);
	assert_int_equal(f->last_len, 6);
}

#define SQUATTERS 16u

struct squatters {
	struct zmtp_raw_claim claim; /* of the next one */
	uint8_t ids[SQUATTERS][5];
	struct zmtp_raw *held[SQUATTERS];
	int rc;
};

static void squat(void *context)
{
	struct squatters *squatters = context;
	for (size_t i = 0; i < SQUATTERS && squatters->rc == 0; i++) {
		squatters->claim.value = squatters->ids[i];
		squatters->rc = zmtp_raw_open(&squatters->claim, &squatters->held[i]);
		if (squatters->rc == 0)
			squatters->rc = zmtp_raw_send(squatters->held[i], false, "x", 1);
	}
}

/* A ROUTER that takes peers at their word aborts when it comes to such a number. */
static void ids_that_the_router_is_about_to_give_may_be_claimed(void **state)
{
	struct fixture *f = *state;
	struct keys keys;
	(void)known(f, 7, KEY_ACTIVE, &keys);
	void *socket = connected(f, &keys);
	say(socket, "which number am I?");
	run_until(f, &counters(f)->frames, 1);
	hang_up(f, socket);
	uint32_t number = 0;
	for (size_t i = 1; i < 5; i++)
		number = number << 8 | f->peer.routing_id[i];
	struct squatters squatters = { .claim = { .endpoint = gate_endpoint(f->gate),
						  .server = f->server.public_key,
						  .public_key = keys.public_key,
						  .secret_key = keys.secret_key,
						  .property = "Identity",
						  .value_len = 5 } };
	for (size_t i = 0; i < SQUATTERS; i++) {
		uint32_t id = number + 1 + (uint32_t)i;
		for (size_t k = 4; k > 0; k--, id >>= 8)
			squatters.ids[i][k] = (uint8_t)id;
	}
	uv_thread_t thread;
	assert_int_equal(uv_thread_create(&thread, squat, &squatters), 0);
	run_until(f, &counters(f)->frames, 1 + SQUATTERS);
	assert_int_equal(uv_thread_join(&thread), 0);
	assert_int_equal(squatters.rc, 0);
	assert_alive(f);
	for (size_t i = 0; i < SQUATTERS; i++)
		zmtp_raw_close(squatters.held[i]);
	assert_alive(f);
}

/* ---- what a connection may cost ---- */

struct pest { /* a peer of ill will, on a thread of its own */
	struct zmtp_raw_claim claim;
	const char *first; /* frame; NULL: none. Then it waits until that was counted */
	uv_sem_t counted;
	size_t sent, most;  /* bytes of a message that does not end; it gives up after @most */
	size_t connections; /* that it holds */
	int rc;
};

static struct pest pest(struct fixture *f, const struct keys *keys)
{
	return (struct pest){ .claim = { .endpoint = gate_endpoint(f->gate),
					 .server = f->server.public_key,
					 .public_key = keys->public_key,
					 .secret_key = keys->secret_key } };
}

/* Run the loop while the pest does its worst. */
static void let_loose(struct fixture *f, struct pest *pest, uv_thread_cb worst,
		      const uint64_t *counter, uint64_t least)
{
	uv_thread_t thread;
	assert_int_equal(uv_sem_init(&pest->counted, 0), 0);
	assert_int_equal(uv_thread_create(&thread, worst, pest), 0);
	if (pest->first)
		run_until(f, &counters(f)->frames, counters(f)->frames + 1);
	uv_sem_post(&pest->counted);
	run_until(f, counter, least);
	run_quiet(f);
	assert_int_equal(uv_thread_join(&thread), 0);
	uv_sem_destroy(&pest->counted);
}

static void never_end(void *context)
{
	struct pest *pest = context;
	static const uint8_t part[200000];
	struct zmtp_raw *raw = NULL;
	pest->rc = zmtp_raw_open(&pest->claim, &raw);
	if (pest->rc == 0 && pest->first)
		pest->rc = zmtp_raw_send(raw, false, pest->first, strlen(pest->first));
	if (pest->rc == 0 && pest->first)
		uv_sem_wait(&pest->counted);
	while (pest->rc == 0 && pest->sent < pest->most) {
		pest->rc = zmtp_raw_send(raw, true, part, sizeof(part));
		pest->sent += sizeof(part);
	}
	if (pest->rc ==
	    0) /* all of it fitted in before anybody looked: it is cut off all the same */
		pest->rc = zmtp_raw_until_closed(raw) == 0 ? -EPIPE : -ETIMEDOUT;
	zmtp_raw_close(raw);
}

static void a_message_without_end_costs_its_sender_the_connection(void **state)
{
	struct fixture *f = *state;
	struct keys keys;
	(void)known(f, 7, KEY_ACTIVE, &keys);
	struct pest endless = pest(f, &keys);
	const uint64_t *cut = &counters(f)->connections.cut[CONNECTION_ENDLESS];
	endless.most = (size_t)1 << 30;
	let_loose(f, &endless, never_end, cut, 1); /* before it said anything */
	assert_int_equal(endless.rc, -EPIPE);
	endless = pest(f, &keys);
	endless.most = (size_t)1 << 30;
	endless.first = "hello";
	let_loose(f, &endless, never_end, cut, 2);
	assert_int_equal(endless.rc, -EPIPE);
	assert_int_equal(counters(f)->frames, 1);
	assert_int_equal(counters(f)->offender.times, 1); /* the first was nobody's yet */
	assert_alive(f);
}

static void babble(void *context)
{
	struct pest *pest = context;
	uint8_t greeting[64] = { 0xff, [9] = 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E' };
	static const uint8_t command[100000] = { 4 | 2, [6] = 2 }; /* announces 128 KiB */
	char heard[256];
	int fd = zmtp_raw_connect(pest->claim.endpoint);
	pest->rc = fd < 0 ? fd : 0;
	if (fd >= 0 && (send(fd, greeting, sizeof(greeting), MSG_NOSIGNAL) < 0 ||
			send(fd, command, sizeof(command), MSG_NOSIGNAL) < 0))
		pest->rc = -EPIPE;
	while (pest->rc == 0 && recv(fd, heard, sizeof(heard), 0) > 0)
		;
	if (fd >= 0)
		(void)close(fd);
}

static void who_sends_much_before_its_handshake_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct keys nobody;
	crypto_box_keypair(nobody.public_key, nobody.secret_key);
	struct pest babbler = pest(f, &nobody);
	let_loose(f, &babbler, babble, &counters(f)->connections.cut[CONNECTION_NO_HANDSHAKE], 1);
	assert_alive(f);
}

#define HELD 3u

static void hold_some(void *context)
{
	struct pest *pest = context;
	struct zmtp_raw *held[HELD] = { 0 };
	for (size_t i = 0; i < HELD && pest->rc == 0; i++) {
		pest->rc = zmtp_raw_open(&pest->claim, &held[i]);
		if (pest->rc == 0)
			pest->rc = zmtp_raw_send(held[i], false, "x", 1);
	}
	if (pest->rc == 0)
		pest->rc = zmtp_raw_until_closed(held[0]);
	for (size_t i = 0; i < HELD; i++)
		zmtp_raw_close(held[i]);
}

static void a_key_has_so_many_connections_and_the_oldest_goes(void **state)
{
	struct fixture *f = *state;
	struct keys keys;
	(void)known(f, 7, KEY_ACTIVE, &keys);
	f->limits.most[LIMIT_CONNECTIONS] = HELD - 1;
	struct pest holder = pest(f, &keys);
	let_loose(f, &holder, hold_some, &counters(f)->connections.cut[CONNECTION_TOO_MANY], 1);
	assert_int_equal(holder.rc, 0);
	assert_int_equal(counters(f)->frames, HELD);
	assert_alive(f);
	assert_int_equal(counters(f)->connections.cut[CONNECTION_TOO_MANY], 1);
}

static void handshakes_of_a_key_in_quick_succession_are_refused(void **state)
{
	struct fixture *f = *state;
	struct keys hasty;
	(void)known(f, 7, KEY_ACTIVE, &hasty);
	f->limits.most[LIMIT_HANDSHAKES] = 2;
	for (uint64_t i = 1; i <= 2; i++) {
		void *socket = connected(f, &hasty);
		say(socket, "me again");
		run_until(f, &counters(f)->frames, i);
		hang_up(f, socket);
	}
	void *socket = connected(f, &hasty);
	run_until(f, &counters(f)->hasty_handshakes, 1);
	hang_up(f, socket);
	assert_int_equal(counters(f)->refused_handshakes, 1);
	assert_int_equal(counters(f)->offender.times, 1);
	assert_alive(f); /* others are let in */
}

#define FILES_FEW 200u

/* Connections that say nothing, from @hosts addresses in turn, until @until or there are @most. */
static size_t hold_silent(struct fixture *f, uint8_t hosts, const bool *until, int held[],
			  size_t most)
{
	size_t n = 0;
	while (!*until && n < most) {
		uint8_t host = (uint8_t)(1 + n % hosts);
		held[n] = zmtp_raw_connect_from(host, gate_endpoint(f->gate));
		assert_true(held[n++] >= 0);
		(void)uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	return n;
}

static void let_go(const int held[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)close(held[i]);
}

static void the_door_shuts_before_descriptors_run_out_and_opens_again(void **state)
{
	struct fixture *f = *state;
	const struct connections_counters *doors = &counters(f)->connections;
	size_t most = connections_room(FILES_FEW).strangers;
	int held[FILES_FEW];
	size_t n = hold_silent(f, 20, &doors->shut, held, most);
	run_until(f, &doors->shut_times, 1);
	assert_true(doors->open <= most);
	assert_alive(f); /* it connects when those who say nothing were thrown out */
	assert_false(doors->shut);
	assert_true(doors->cut[CONNECTION_SLOW] > 0);
	let_go(held, n);
}

static void one_address_does_not_take_all_the_room_for_handshakes(void **state)
{
	struct fixture *f = *state;
	const struct connections_counters *doors = &counters(f)->connections;
	size_t most = connections_room(FILES_FEW).strangers;
	int held[FILES_FEW];
	size_t n = hold_silent(f, 1, &doors->shut, held, most);
	run_until(f, &doors->cut[CONNECTION_CROWD], 1);
	assert_int_equal(doors->shut_times, 0);
	let_go(held, n);
	assert_alive(f);
}

/* No descriptor more can be had, as when others than connections took them. */
static void whoever_says_nothing_is_cut_off_where_no_descriptor_is_left(void **state)
{
	struct fixture *f = *state;
	const struct connections_counters *doors = &counters(f)->connections;
	struct rlimit files = { 0 }, none;
	struct pollfd peers[8];
	int held[FILES_FEW];
	size_t n = hold_silent(f, 1, &doors->shut, held, 8);
	run_until(f, &doors->open, n);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	none = files;
	none.rlim_cur = (rlim_t)dup(held[0]); /* below it all are taken */
	(void)close((int)none.rlim_cur);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	run_until(f, &doors->shut_times, 1);
	run_until(f, &doors->cut[CONNECTION_SLOW], 1); /* with it others' descriptors are free */
	for (size_t i = 0; i < n; i++)
		peers[i] = (struct pollfd){ held[i], POLLRDHUP, 0 };
	assert_true(poll(peers, n, 1000) >= 1); /* long before libzmq gives them up */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_alive(f);
	let_go(held, n);
}

static int setup_with_few_files(void **state)
{
	struct rlimit files = { 0 }, few;
	(void)getrlimit(RLIMIT_NOFILE, &files);
	few = files;
	few.rlim_cur = FILES_FEW;
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		return -1;
	int rc = setup(state);
	return setrlimit(RLIMIT_NOFILE, &files) < 0 ? -1 : rc;
}

static void paused_it_keeps_frames_waiting_and_resumed_it_takes_them(void **state)
{
	struct fixture *f = *state;
	struct keys keys;
	(void)known(f, 7, KEY_ACTIVE, &keys);
	void *socket = connected(f, &keys);
	gate_pause(f->gate);
	for (int i = 0; i < 5; i++)
		say(socket, "wait");
	run_until(f, &counters(f)->handshakes, 1); /* keys are still judged */
	run_quiet(f);
	assert_int_equal(f->frames, 0);
	gate_resume(f->gate);
	run_until(f, &counters(f)->frames, 5);
	hang_up(f, socket);
}

static void a_port_in_use_is_an_error_with_the_endpoint_and_leaves_nothing_open(void **state)
{
	struct fixture *f = *state;
	struct fixture second = *f;
	second.context = zmq_ctx_new();
	second.gate = NULL;
	assert_int_equal(open_gate(&second, gate_endpoint(f->gate)), -EADDRINUSE);
	assert_non_null(strstr(second.err.text, gate_endpoint(f->gate)));
	assert_null(second.gate);
	(void)zmq_ctx_term(second.context); /* would wait for a socket left open */
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(an_active_and_an_invited_key_pass_and_arrive_with_their_ids),
		test(keys_never_invited_revoked_or_spent_do_not_pass_the_handshake),
		test(an_invitation_that_is_too_old_does_not_pass_the_handshake),
		test(nothing_more_is_taken_from_a_spent_invitation),
		test(a_revoked_key_has_no_connection_any_more),
		test(an_answer_reaches_the_peer_that_asked),
		test(an_answer_to_a_peer_that_is_gone_is_counted_and_forgotten),
		test(messages_of_another_shape_are_dropped_and_counted),
		test(a_client_that_picks_its_routing_id_gets_one_of_ours),
		test(ids_that_the_router_is_about_to_give_may_be_claimed),
		test(the_largest_frame_passes_and_a_larger_one_costs_the_connection),
		test(garbage_on_the_port_leaves_the_gate_alive),
		test(a_client_without_curve_is_not_heard),
		test(a_user_id_that_a_client_claims_does_not_matter),
		test(a_message_without_end_costs_its_sender_the_connection),
		test(who_sends_much_before_its_handshake_is_cut_off),
		test(a_key_has_so_many_connections_and_the_oldest_goes),
		test(handshakes_of_a_key_in_quick_succession_are_refused),
		cmocka_unit_test_setup_teardown(
			the_door_shuts_before_descriptors_run_out_and_opens_again,
			setup_with_few_files, teardown),
		cmocka_unit_test_setup_teardown(
			one_address_does_not_take_all_the_room_for_handshakes, setup_with_few_files,
			teardown),
		test(whoever_says_nothing_is_cut_off_where_no_descriptor_is_left),
		test(paused_it_keeps_frames_waiting_and_resumed_it_takes_them),
		test(a_port_in_use_is_an_error_with_the_endpoint_and_leaves_nothing_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
