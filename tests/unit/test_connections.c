/* What is decided about a connection, and how many there may be. That it is done, test_gate shows.
 */
#include "common/net/wire.h"
#include "ingest/connections.h"
#include "ingest/tcp_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETED 234u /* bytes out: greeting and WELCOME */
#define REFUSED 246u /* and ERROR */
#define READY   301u /* or READY */

static enum connection_fault judged(struct connection_look look)
{
	look.held_max = 18 * (uint64_t)WIRE_BOXED_MAX;
	return connection_judge(&look);
}

static void a_handshake_has_ended_once_ready_went_out(void **state)
{
	(void)state;
	assert_false(connection_shaken(0));
	assert_false(connection_shaken(GREETED));
	assert_false(connection_shaken(REFUSED));
	assert_true(connection_shaken(READY));
}

static void a_stranger_may_send_a_handshake_and_not_much_more(void **state)
{
	(void)state;
	struct connection_look look = { .stage = STAGE_STRANGER, .bytes_out = GREETED };
	look.bytes_in = 1000;
	assert_int_equal(judged(look), CONNECTION_GOOD);
	look.stage_ms = 19000; /* libzmq ends a handshake after 20 s */
	assert_int_equal(judged(look), CONNECTION_GOOD);
	look.bytes_in = 4097;
	assert_int_equal(judged(look), CONNECTION_NO_HANDSHAKE);
	look.bytes_out = READY; /* a batch came with it */
	look.bytes_in = WIRE_BOXED_MAX;
	assert_int_equal(judged(look), CONNECTION_GOOD);
}

static void who_has_shaken_hands_says_something_within_a_minute(void **state)
{
	(void)state;
	struct connection_look look = { .stage = STAGE_SILENT, .bytes_out = READY };
	look.bytes_in = 1000 + WIRE_BOXED_MAX;
	look.stage_ms = 60000;
	assert_int_equal(judged(look), CONNECTION_GOOD);
	look.stage_ms++;
	assert_int_equal(judged(look), CONNECTION_SILENT);
	look.bytes_in = 2 * WIRE_BOXED_MAX + 1;
	assert_int_equal(judged(look), CONNECTION_ENDLESS);
}

static void a_member_may_have_its_credit_under_way_for_ever(void **state)
{
	(void)state;
	struct connection_look look = { .stage = STAGE_MEMBER, .bytes_out = READY };
	look.stage_ms = UINT64_MAX;
	look.bytes_in = 18 * (uint64_t)WIRE_BOXED_MAX;
	assert_int_equal(judged(look), CONNECTION_GOOD);
	look.bytes_in++;
	assert_int_equal(judged(look), CONNECTION_ENDLESS);
}

static void who_was_cut_off_is_not_judged_again(void **state)
{
	(void)state;
	struct connection_look look = { .stage = STAGE_CUT, .bytes_in = UINT64_MAX };
	assert_int_equal(judged(look), CONNECTION_GOOD);
}

/* Of the peer's queue nothing is kept for it, nor does the kernel wait for it. */
static void who_is_cut_off_is_reset_and_its_like_is_not(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), peers[2], ours[2];
	struct tcp_shears shears;
	struct tcp_peer peer;
	char byte;

	(void)state;
	assert_int_equal(tcp_shears_open(&shears), 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 2), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	for (int i = 0; i < 2; i++) {
		peers[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(peers[i], (struct sockaddr *)&address, len), 0);
		ours[i] = accept(listener, NULL, NULL);
		assert_true(ours[i] >= 0);
	}
	tcp_socket_cut(ours[0], tcp_socket_cookie(ours[0]), &shears, &peer);
	assert_string_equal(peer.text, "127.0.0.1");
	tcp_socket_cut(ours[1], tcp_socket_cookie(ours[0]), &shears, &peer); /* another by now */
	assert_int_equal(recv(ours[0], &byte, 1, 0), 0); /* as if the peer had hung up */
	assert_int_equal(send(ours[1], "a", 1, 0), 1);
	(void)close(ours[0]);
	(void)close(ours[1]);
	assert_int_equal(send(peers[0], "a", 1, MSG_NOSIGNAL), -1);
	assert_true(errno == ECONNRESET || errno == EPIPE);
	assert_int_equal(recv(peers[1], &byte, 1, 0), 1);
	assert_int_equal(recv(peers[1], &byte, 1, 0), 0);
	(void)close(peers[0]);
	(void)close(peers[1]);
	(void)close(listener);
	tcp_shears_close(&shears);
}

/* Whatever the limit: connections, the backlog and something for all else fit into it. */
static void some_descriptors_are_kept_for_others(void **state)
{
	(void)state;
	for (size_t files = 128; files <= 262144; files += 61) {
		struct connections_room room = connections_room(files);
		assert_true(room.backlog > 0 && room.backlog <= 4096);
		assert_true(room.open + (size_t)room.backlog + 64 <= files);
		assert_true(room.strangers >= 8 && room.strangers <= room.open / 2);
	}
	assert_true(connections_room(65536).open >= 2 * 11000); /* the unit's LimitNOFILE */
	assert_int_equal(connections_room(65536).strangers, 16384);
	assert_true(connections_room(20000).open >= 11000); /* where tests run */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_has_ended_once_ready_went_out),
		cmocka_unit_test(a_stranger_may_send_a_handshake_and_not_much_more),
		cmocka_unit_test(who_has_shaken_hands_says_something_within_a_minute),
		cmocka_unit_test(a_member_may_have_its_credit_under_way_for_ever),
		cmocka_unit_test(who_was_cut_off_is_not_judged_again),
		cmocka_unit_test(who_is_cut_off_is_reset_and_its_like_is_not),
		cmocka_unit_test(some_descriptors_are_kept_for_others),
	};
	return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
