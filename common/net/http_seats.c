#include "common/net/http_seats.h"

#include <stdlib.h>
#include <sys/socket.h>

struct seat *seat_take(struct seats *seats, int fd, uint64_t now_ms)
{
	struct seat *seat = calloc(1, sizeof(*seat));

	if (!seat)
		return NULL;
	seat->fd = fd;
	seat->since_ms = now_ms;
	seat->next = seats->first;
	seats->first = seat;
	seats->n++;
	seats->n_phase[SEAT_SILENT]++;
	return seat;
}

/* It counts no more. */
static void count_out(struct seats *seats, struct seat *seat)
{
	if (seat->left)
		return;
	seat->left = true;
	seats->n--;
	seats->n_phase[seat->phase]--;
}

void seat_give_back(struct seats *seats, struct seat *seat)
{
	struct seat **at = &seats->first;

	if (!seat)
		return;
	count_out(seats, seat);
	while (*at != seat)
		at = &(*at)->next;
	*at = seat->next;
	free(seat->target);
	free(seat);
}

void seat_turn(struct seats *seats, struct seat *seat, enum seat_phase phase, uint64_t now_ms)
{
	if (!seat->left) {
		seats->n_phase[seat->phase]--;
		seats->n_phase[phase]++;
	}
	seat->phase = phase;
	seat->since_ms = now_ms;
}

bool seats_free(const struct seats *seats)
{
	return seats->n_phase[SEAT_READING] + seats->n_phase[SEAT_WORKING] +
		       seats->n_phase[SEAT_SENDING] <
	       seats->most;
}

static struct seat *oldest(const struct seats *seats, enum seat_phase phase)
{
	struct seat *found = NULL;

	/* The list has the newest connection first. */
	for (struct seat *seat = seats->first; seat; seat = seat->next)
		if (!seat->left && seat->phase == phase &&
		    (!found || seat->since_ms <= found->since_ms))
			found = seat;
	return found;
}

struct seat *seats_parked(const struct seats *seats)
{
	return oldest(seats, SEAT_PARKED);
}

void seat_leave(struct seats *seats, struct seat *seat)
{
	(void)shutdown(seat->fd, SHUT_RDWR); /* fails when it is shut already, by the other side */
	count_out(seats, seat);
}

/* Whoever is expected to speak, and never will. */
static bool hung_up(const struct seat *seat)
{
	char byte;

	return (seat->phase == SEAT_SILENT || seat->phase == SEAT_READING) &&
	       recv(seat->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Of its phase; UINT64_MAX: it may take any time (libmicrohttpd ends one on which nothing moves).
 */
static uint64_t patience_ms(const struct seats *seats, const struct seat *seat, bool crowded)
{
	switch (seat->phase) {
	case SEAT_SILENT:
		return seat->asked || seats->idle_ms < SEAT_HEAD_MS ? seats->idle_ms : SEAT_HEAD_MS;
	case SEAT_READING:
		return (crowded && SEAT_CROWD_MS < seats->idle_ms ? SEAT_CROWD_MS
								  : seats->idle_ms) +
		       seat->read / SEAT_BYTES_PER_MS;
	case SEAT_SENDING:
		if (crowded)
			return seat->lasting ? SEAT_LASTING_MS + seat->sent / SEAT_LASTING_PER_MS
					     : SEAT_DAWDLE_MS;
		break;
	case SEAT_PARKED:
	case SEAT_WORKING:
		break;
	}
	return UINT64_MAX;
}

/* 0: it takes too long. */
static uint64_t left_ms(const struct seats *seats, const struct seat *seat, bool crowded,
			uint64_t now_ms)
{
	uint64_t patience = patience_ms(seats, seat, crowded), age_ms = now_ms - seat->since_ms;
	uint64_t left = patience == UINT64_MAX ? UINT64_MAX
			: age_ms < patience    ? patience - age_ms
					       : 0;

	/* A body that was fast and stopped gets no more than one that never came. */
	if (seat->phase == SEAT_READING) {
		uint64_t moved_ms =
			seat->moved_ms > seat->since_ms ? seat->moved_ms : seat->since_ms;
		uint64_t still_ms = now_ms - moved_ms;
		uint64_t still_left = still_ms < seats->idle_ms ? seats->idle_ms - still_ms : 0;

		left = still_left < left ? still_left : left;
	}
	return left;
}

uint64_t seats_sweep(struct seats *seats, uint64_t now_ms)
{
	bool crowded = seats->n_phase[SEAT_PARKED] > 0 || seats->n >= seats->most + SEATS_WAITING;
	uint64_t next_ms = UINT64_MAX;

	for (struct seat *seat = seats->first; seat; seat = seat->next) {
		uint64_t left = left_ms(seats, seat, crowded, now_ms);

		if (seat->left)
			continue;
		if (left == 0 && seat->phase == SEAT_READING && seats->on_late)
			seats->on_late(seats->context, seat);
		if (left == 0 || hung_up(seat))
			seat_leave(seats, seat);
		else if (left < next_ms)
			next_ms = left;
	}
	while (seats->n_phase[SEAT_SILENT] > SEATS_SILENT &&
	       seats->n > seats->most + SEATS_WAITING - SEATS_SILENT)
		seat_leave(seats, oldest(seats, SEAT_SILENT));
	return next_ms;
}
