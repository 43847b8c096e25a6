/* Seats on pairs of sockets, at times that the test tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/net/http_seats.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST  4u
#define ALL   (MOST + SEATS_WAITING)
#define START UINT64_C(1000000)

struct fixture {
	struct seats seats;
	struct seat *seat[ALL];
	int far[ALL], near[ALL];
	unsigned n;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->seats = (struct seats){ .most = MOST, .idle_ms = 60000 };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < f->n; i++) {
		seat_give_back(&f->seats, f->seat[i]);
		close(f->far[i]);
		close(f->near[i]);
	}
	assert_null(f->seats.first);
	assert_int_equal(f->seats.n, 0);
	for (int phase = SEAT_SILENT; phase <= SEAT_SENDING; phase++)
		assert_int_equal(f->seats.n_phase[phase], 0);
	free(f);
	return 0;
}

static struct seat *sit(struct fixture *f, enum seat_phase phase, uint64_t since_ms)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	f->near[f->n] = pair[0];
	f->far[f->n] = pair[1];
	f->seat[f->n] = seat_take(&f->seats, pair[0], since_ms);
	assert_non_null(f->seat[f->n]);
	seat_turn(&f->seats, f->seat[f->n], phase, since_ms);
	return f->seat[f->n++];
}

static void each_phase_has_its_patience(void **state)
{
	static const struct {
		enum seat_phase phase;
		bool asked;
		uint64_t patience_ms; /* of it when there is room */
	} cases[] = { { SEAT_SILENT, false, SEAT_HEAD_MS }, { SEAT_SILENT, true, 60000 },
		      { SEAT_READING, false, 60000 },       { SEAT_PARKED, false, UINT64_MAX },
		      { SEAT_WORKING, false, UINT64_MAX },  { SEAT_SENDING, false, UINT64_MAX } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = *state;
		struct seat *seat = sit(f, cases[i].phase, START);
		uint64_t patience_ms = cases[i].patience_ms;

		seat->asked = cases[i].asked;
		if (patience_ms == UINT64_MAX) {
			assert_true(seats_sweep(&f->seats, START + 10000000) == UINT64_MAX);
		} else {
			assert_int_equal(seats_sweep(&f->seats, START), patience_ms);
			assert_int_equal(seats_sweep(&f->seats, START + patience_ms - 1), 1);
			assert_false(seat->left);
			assert_true(seats_sweep(&f->seats, START + patience_ms) == UINT64_MAX);
		}
		assert_int_equal(seat->left, patience_ms != UINT64_MAX);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

/* A body that comes at a fair pace is never too slow, a byte now and then is. */
static void a_body_earns_time_by_coming(void **state)
{
	struct fixture *f = *state;
	struct seat *fair = sit(f, SEAT_READING, START), *slow = sit(f, SEAT_READING, START);

	struct seat *stopped = sit(f, SEAT_READING, START);

	fair->read = stopped->read = 70000 * SEAT_BYTES_PER_MS;
	slow->read = 100;
	fair->moved_ms = slow->moved_ms = START + 99000;
	stopped->moved_ms = START + 40000;
	(void)seats_sweep(&f->seats, START + 99999);
	assert_false(stopped->left);
	assert_true(slow->left);
	(void)seats_sweep(&f->seats, START + 100000);
	assert_true(stopped->left);
	assert_false(fair->left);
}

/* A download may take long, and in a crowd so long as it is taken. */
static void a_crowd_waits_for_a_download_that_moves(void **state)
{
	struct fixture *f = *state;
	struct seat *moving = sit(f, SEAT_SENDING, START), *still = sit(f, SEAT_SENDING, START);

	moving->lasting = still->lasting = true;
	moving->sent = 100000 * SEAT_LASTING_PER_MS;
	(void)seats_sweep(&f->seats, START + 1000000);
	assert_int_equal(f->seats.n, 2);
	(void)sit(f, SEAT_PARKED, START + 5);
	(void)seats_sweep(&f->seats, START + SEAT_LASTING_MS - 1);
	assert_int_equal(f->seats.n, 3);
	(void)seats_sweep(&f->seats, START + SEAT_LASTING_MS);
	assert_true(still->left);
	(void)seats_sweep(&f->seats, START + SEAT_LASTING_MS + 99999);
	assert_false(moving->left);
	(void)seats_sweep(&f->seats, START + SEAT_LASTING_MS + 100000);
	assert_true(moving->left);
}

static void who_takes_long_goes_sooner_when_others_wait(void **state)
{
	struct fixture *f = *state;
	struct seat *reading = sit(f, SEAT_READING, START), *sending = sit(f, SEAT_SENDING, START);
	struct seat *file = sit(f, SEAT_SENDING, START), *working = sit(f, SEAT_WORKING, START);
	struct seat *parked;

	file->lasting = true;
	assert_false(seats_free(&f->seats));
	(void)seats_sweep(&f->seats, START + SEAT_DAWDLE_MS);
	assert_int_equal(f->seats.n, 4);
	parked = sit(f, SEAT_PARKED, START + 5);
	assert_ptr_equal(seats_parked(&f->seats), parked);
	assert_int_equal(seats_sweep(&f->seats, START + SEAT_CROWD_MS - 1), 1);
	assert_false(reading->left);
	(void)seats_sweep(&f->seats, START + SEAT_CROWD_MS);
	assert_true(reading->left);
	assert_true(seats_free(&f->seats));
	assert_false(sending->left);
	(void)seats_sweep(&f->seats, START + SEAT_DAWDLE_MS);
	assert_true(sending->left);
	assert_false(file->left || working->left || parked->left);
}

/* The oldest make room; as many as libmicrohttpd accepts in one turn, and some, may stay until
 * their words are read. */
static void of_too_many_silent_ones_the_oldest_go(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < ALL; i++)
		(void)sit(f, SEAT_SILENT, START + i);
	(void)seats_sweep(&f->seats, START + ALL);
	assert_int_equal(f->seats.n, MOST + SEATS_WAITING - SEATS_SILENT);
	for (unsigned i = 0; i < ALL; i++)
		assert_int_equal(f->seat[i]->left, i < SEATS_SILENT);
}

static void silent_ones_stay_while_there_is_room(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < MOST + SEATS_WAITING - SEATS_SILENT; i++)
		(void)sit(f, SEAT_SILENT, START);
	(void)seats_sweep(&f->seats, START + 1);
	assert_int_equal(f->seats.n, MOST + SEATS_WAITING - SEATS_SILENT);
}

static void the_newest_silent_ones_stay_however_many_wait(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < ALL - SEATS_SILENT; i++)
		(void)sit(f, SEAT_PARKED, START);
	for (unsigned i = 0; i < SEATS_SILENT; i++)
		(void)sit(f, SEAT_SILENT, START);
	(void)seats_sweep(&f->seats, START + 1);
	assert_int_equal(f->seats.n, ALL);
}

static void who_has_hung_up_goes_unless_a_handler_has_it(void **state)
{
	static const struct {
		enum seat_phase phase;
		bool goes;
	} cases[] = { { SEAT_SILENT, true },
		      { SEAT_READING, true },
		      { SEAT_PARKED, false },
		      { SEAT_WORKING, false },
		      { SEAT_SENDING, false } };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seat *seat = sit(f, cases[i].phase, START);

		(void)seats_sweep(&f->seats, START + 1);
		assert_false(seat->left);
		assert_int_equal(send(f->far[f->n - 1], "x", 1, 0), 1);
		assert_int_equal(shutdown(f->far[f->n - 1], SHUT_WR), 0);
		(void)seats_sweep(&f->seats, START + 1);
		assert_false(seat->left); /* there is something to be read yet */
		assert_int_equal(recv(f->near[f->n - 1], &(char){ 0 }, 1, 0), 1);
		(void)seats_sweep(&f->seats, START + 1);
		assert_int_equal(seat->left, cases[i].goes);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_phase_has_its_patience),
		TEST(a_crowd_waits_for_a_download_that_moves),
		TEST(a_body_earns_time_by_coming),
		TEST(who_takes_long_goes_sooner_when_others_wait),
		TEST(of_too_many_silent_ones_the_oldest_go),
		TEST(silent_ones_stay_while_there_is_room),
		TEST(the_newest_silent_ones_stay_however_many_wait),
		TEST(who_has_hung_up_goes_unless_a_handler_has_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
