/* 1. flotilla_greet(): connect with the office's own key, Hello, wait for Welcome; in squads.
 * 2. flotilla_push(): send within the credit, wait for any socket, take what came (Ack raises
 *    acked), send again where that made room, until all is acknowledged.
 *
 * Waiting is epoll's, over the sockets' ZMQ_FD: zmq_poll() looks at every one of thousands each
 * time it is called, which took more CPU than all that was sent. Such a file shows that something
 * came only until the socket is used the next time, for sending as for receiving; so whoever sends
 * receives again, until a receive found nothing. */
#include "bench/flotilla.h"

#include "bench/measure.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define EVENTS_MAX 256
#define LOOK_US                                                                                    \
	100000u /* less than a second; at what waits for the clock, or for room in ZeroMQ, at the  \
		   latest */

struct office {
	void *socket;         /* owned */
	unsigned number;      /* in the load */
	unsigned credit;      /* 0: no Welcome yet */
	unsigned sent, acked; /* batches */
	uint64_t not_before_us;
};

struct flotilla {
	struct flotilla_orders orders;
	struct arena *arena;    /* owned */
	struct office *offices; /* owned [n] */
	unsigned n;
	void *zmq; /* owned */
	int epoll; /* owned */
	/* while pushing */
	unsigned begin, end; /* steps */
	uint64_t start_us;
	struct tempo tempo;
	uint64_t unacked, under_way; /* batches: not acknowledged yet; of them sent */
	uint64_t look_us;            /* when to look at every office again */
};

/* --- what the province says --- */

static size_t batch_at(const struct flotilla *flotilla, const struct office *office, unsigned step)
{
	return (size_t)step * flotilla->orders.load->shape.offices + office->number;
}

static void on_ack(struct flotilla *flotilla, struct office *office, const Lantoa__V1__Ack *ack)
{
	uint64_t now = now_us();
	office->not_before_us = now + ack->slow_down_ms * UINT64_C(1000);
	for (; office->acked < ack->upto && office->acked < office->sent; office->acked++) {
		size_t at = batch_at(flotilla, office, office->acked);
		flotilla->orders.took_us[at] = now - flotilla->orders.sent_us[at];
		flotilla->unacked--;
		flotilla->under_way--;
	}
}

static int take_all(struct flotilla *flotilla, struct office *office, struct err *err)
{
	Lantoa__V1__Frame *frame;
	int rc;
	while ((rc = office_line_take(office->socket, flotilla->arena, &frame, err)) == 1) {
		if (frame->kind_case == LANTOA__V1__FRAME__KIND_ACK) {
			if (frame->ack->n_quarantined > 0)
				return err_set(err, -EPROTO, "figures went into quarantine: %s",
					       frame->ack->quarantined[0]->reason);
			on_ack(flotilla, office, frame->ack);
		} else if (frame->kind_case == LANTOA__V1__FRAME__KIND_WELCOME) {
			office->credit = frame->welcome->credit;
		}
	}
	return rc;
}

/* --- connecting --- */

static int watch(struct flotilla *flotilla, unsigned nth, struct err *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = nth };
	int fd;
	size_t len = sizeof(fd);
	if (zmq_getsockopt(flotilla->offices[nth].socket, ZMQ_FD, &fd, &len) < 0)
		return office_line_fault(err, "watch a socket");
	if (epoll_ctl(flotilla->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_system(err, -errno, "watch a socket");
	return 0;
}

static int hello(struct flotilla *flotilla, unsigned nth, struct err *err)
{
	const struct enrolment *enrolment = flotilla->orders.enrolment;
	struct office *office = &flotilla->offices[nth];
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
	int rc = office_line_open(flotilla->zmq, &enrolment->province,
				  &enrolment->keys[office->number], &office->socket, err);
	if (rc == 0)
		rc = watch(flotilla, nth, err);
	hello.protocol_min = WIRE_PROTOCOL_MIN;
	hello.protocol_max = WIRE_PROTOCOL_MAX;
	hello.spool_id = load_spool_id(office->number);
	hello.last_seq = flotilla->orders.load->steps;
	hello.catalogue_version = enrolment->catalogue_version;
	hello.version = (char *)(uintptr_t) "bench";
	frame.kind_case = LANTOA__V1__FRAME__KIND_HELLO;
	frame.hello = &hello;
	return rc < 0 ? rc : office_line_send(office->socket, &frame, err);
}

static int wait_welcome(struct flotilla *flotilla, struct office *office, struct err *err)
{
	int rc = 0;
	while (rc == 0 && office->credit == 0) {
		rc = office_line_wait(office->socket, err);
		if (rc == 0)
			rc = take_all(flotilla, office, err);
	}
	return rc;
}

int flotilla_greet(struct flotilla *flotilla, unsigned squad, struct err *err)
{
	unsigned n = flotilla->n;
	int rc = 0;
	for (unsigned from = 0, to; from < n && rc == 0; from = to) {
		to = from + squad < n ? from + squad : n;
		for (unsigned i = from; i < to && rc == 0; i++)
			rc = hello(flotilla, i, err);
		for (unsigned i = from; i < to && rc == 0; i++)
			rc = wait_welcome(flotilla, &flotilla->offices[i], err);
	}
	return rc;
}

/* --- life --- */

static int lines_begin(struct flotilla *flotilla, struct err *err)
{
	flotilla->zmq = zmq_ctx_new();
	if (!flotilla->zmq ||
	    zmq_ctx_set(flotilla->zmq, ZMQ_MAX_SOCKETS, (int)flotilla->n + 16) < 0)
		return office_line_fault(err, "start ZeroMQ");
	flotilla->epoll = epoll_create1(EPOLL_CLOEXEC);
	return flotilla->epoll < 0 ? err_system(err, -errno, "wait for sockets") : 0;
}

/* Only with its context does ZeroMQ give the files of closed sockets back for certain. */
static void lines_end(struct flotilla *flotilla)
{
	for (unsigned i = 0; flotilla->offices && i < flotilla->n; i++) {
		struct office *office = &flotilla->offices[i];
		if (office->socket)
			(void)zmq_close(office->socket); /* it is one */
		office->socket = NULL;
		office->credit = 0;
	}
	if (flotilla->zmq)
		(void)zmq_ctx_term(flotilla->zmq); /* no socket is open any more */
	if (flotilla->epoll >= 0)
		(void)close(flotilla->epoll); /* nothing was written to it */
	flotilla->zmq = NULL;
	flotilla->epoll = -1;
}

int flotilla_disconnect(struct flotilla *flotilla, struct err *err)
{
	lines_end(flotilla);
	return lines_begin(flotilla, err);
}

int flotilla_open(const struct flotilla_orders *orders, struct flotilla **ret_flotilla,
		  struct err *err)
{
	struct flotilla *flotilla = calloc(1, sizeof(*flotilla));
	if (!flotilla)
		return err_memory(err);
	flotilla->orders = *orders;
	flotilla->epoll = -1;
	flotilla->n = (orders->load->shape.offices - orders->first + orders->by - 1) / orders->by;
	flotilla->arena = arena_open(WIRE_ARENA_MAX);
	flotilla->offices = calloc(flotilla->n, sizeof(*flotilla->offices));
	for (unsigned i = 0; flotilla->offices && i < flotilla->n; i++)
		flotilla->offices[i].number = orders->first + i * orders->by;
	int rc =
		flotilla->arena && flotilla->offices ? lines_begin(flotilla, err) : err_memory(err);
	if (rc < 0)
		flotilla_close(flotilla);
	else
		*ret_flotilla = flotilla;
	return rc;
}

void flotilla_close(struct flotilla *flotilla)
{
	if (!flotilla)
		return;
	lines_end(flotilla);
	arena_close(flotilla->arena);
	free(flotilla->offices);
	free(flotilla);
}

/* --- pushing --- */

/* When the office's next batch may go. */
static uint64_t due_us(const struct flotilla *flotilla, const struct office *office)
{
	const struct tempo *tempo = &flotilla->tempo;
	uint64_t due = flotilla->start_us + (office->sent - flotilla->begin) * tempo->minute_us +
		       tempo->spread_us * office->number / flotilla->orders.load->shape.offices;
	return due > office->not_before_us ? due : office->not_before_us;
}

/* Must it wait for the clock? Then look again by that time. */
static bool too_early(struct flotilla *flotilla, const struct office *office)
{
	uint64_t due = due_us(flotilla, office);
	if (due <= now_us())
		return false;
	if (due < flotilla->look_us)
		flotilla->look_us = due;
	return true;
}

/* How many were sent; or an error. */
static int send_within_credit(struct flotilla *flotilla, struct office *office, struct err *err)
{
	int n = 0;
	while (office->sent < flotilla->end && office->sent - office->acked < office->credit &&
	       !too_early(flotilla, office)) {
		const struct sealed *sealed =
			load_batch(flotilla->orders.load, office->sent, office->number);
		flotilla->orders.sent_us[batch_at(flotilla, office, office->sent)] = now_us();
		if (zmq_send(office->socket, sealed->frame, sealed->len, ZMQ_DONTWAIT) < 0)
			return errno == EAGAIN ? n : office_line_fault(err, "send");
		office->sent++;
		flotilla->under_way++;
		n++;
	}
	return n;
}

static int exchange(struct flotilla *flotilla, struct office *office, struct err *err)
{
	int rc;
	while ((rc = send_within_credit(flotilla, office, err)) > 0)
		if ((rc = take_all(flotilla, office, err)) < 0)
			break;
	return rc;
}

static int look_at_all(struct flotilla *flotilla, struct err *err)
{
	int rc = 0;
	flotilla->look_us = now_us() + LOOK_US;
	for (unsigned i = 0; i < flotilla->n && rc == 0; i++)
		rc = exchange(flotilla, &flotilla->offices[i], err);
	return rc;
}

/* To the microsecond: a batch that is due in 300 us neither goes a millisecond late nor is waited
 * for in a loop. */
static int wait_for_any(const struct flotilla *flotilla, struct epoll_event events[EVENTS_MAX])
{
	uint64_t now = now_us(), wait_us = flotilla->look_us > now ? flotilla->look_us - now : 0;
	struct timespec wait = { .tv_nsec = (long)wait_us * 1000 }; /* LOOK_US at most */
	return epoll_pwait2(flotilla->epoll, events, EVENTS_MAX, &wait, NULL);
}

static int turn(struct flotilla *flotilla, uint64_t *last_us, struct err *err)
{
	struct epoll_event events[EVENTS_MAX];
	int n = wait_for_any(flotilla, events), rc = 0;
	if (n < 0 && errno != EINTR)
		return err_system(err, -errno, "wait");
	for (int i = 0; i < n && rc == 0; i++) {
		struct office *office = &flotilla->offices[events[i].data.u32];
		rc = take_all(flotilla, office, err);
		if (rc == 0)
			rc = exchange(flotilla, office, err);
	}
	uint64_t now = now_us();
	if (n > 0 || flotilla->under_way == 0)
		*last_us = now;
	else if (now - *last_us > OFFICE_SILENCE_MAX_MS * UINT64_C(1000))
		return office_line_silent(err);
	return rc == 0 && now >= flotilla->look_us ? look_at_all(flotilla, err) : rc;
}

int flotilla_push(struct flotilla *flotilla, unsigned end, struct tempo tempo, uint64_t start_us,
		  struct err *err)
{
	uint64_t last_us = now_us();
	flotilla->begin = flotilla->end;
	flotilla->end = end;
	flotilla->tempo = tempo;
	flotilla->start_us = start_us;
	flotilla->unacked = (uint64_t)(end - flotilla->begin) * flotilla->n;
	int rc = look_at_all(flotilla, err);
	while (rc == 0 && flotilla->unacked > 0)
		rc = turn(flotilla, &last_us, err);
	return rc;
}
