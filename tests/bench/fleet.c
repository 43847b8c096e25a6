/* 1. fleet_open(): office by office, invite (HTTP), connect with the one-time key, Enrol, close.
 * 2. fleet_greet(): connect with the office's own key, Hello, wait for Welcome; in squads.
 * 3. fleet_push(): send within the credit, wait for any socket, take what came (Ack raises acked),
 *    send again where that made room, until all is acked. */
#include "fleet.h"

#include "arena.h"
#include "invitation.h"
#include "measure.h"
#include "reference_data.h"
#include "wire.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define SQUAD          500u  /* connecting at a time: handshakes that wait for long are given up */
#define SILENCE_MAX_MS 30000 /* the slowest commit under a sanitizer takes less */

struct office {
	void *socket; /* owned */
	uint8_t public_key[INVITATION_KEY_LEN], secret_key[INVITATION_KEY_LEN];
	uint64_t catalogue_version;
	unsigned credit;      /* 0: no Welcome yet */
	unsigned sent, acked; /* batches */
	uint64_t not_before_us;
};

struct fleet {
	const struct load *load;
	void *zmq;
	struct arena *arena;
	struct office *offices;      /* owned [load's] */
	zmq_pollitem_t *items;       /* owned, likewise */
	uint64_t *sent_us, *took_us; /* owned [batches], as the load's: when sent, until acked */
	unsigned end;                /* steps before this one are being pushed, or were */
	uint64_t unacked;            /* batches of them */
	struct invitation province;  /* address and key, of the last invitation */
};

/* --- sockets --- */

static int zmq_fault(struct err *err, const char *what)
{
	return err_set(err, -EIO, "%s: %s", what, zmq_strerror(errno));
}

static int connect_as(struct fleet *fleet, const uint8_t secret_key[], const uint8_t public_key[],
		      void **ret_socket, struct err *err)
{
	char endpoint[INVITATION_ADDRESS_MAX + 8];
	int linger_ms = 0;
	void *socket = zmq_socket(fleet->zmq, ZMQ_DEALER);
	if (!socket)
		return zmq_fault(err, "open a socket");
	*ret_socket = socket; /* closed with the office, whatever comes */
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://%s", fleet->province.address); /* fits */
	if (zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, fleet->province.server_key,
			   INVITATION_KEY_LEN) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, INVITATION_KEY_LEN) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, INVITATION_KEY_LEN) < 0 ||
	    zmq_connect(socket, endpoint) < 0)
		return zmq_fault(err, "connect");
	return 0;
}

static int frame_send(void *socket, const Lantoa__V1__Frame *frame, struct err *err)
{
	struct blob packed = { 0 };
	int rc = wire_frame_pack(frame, &packed, err);
	if (rc == 0 && zmq_send(socket, packed.data, packed.len, 0) < 0)
		rc = zmq_fault(err, "send");
	blob_free(&packed);
	return rc;
}

/* 1 a frame, until the arena's reset; 0 none is there now; negative an error. */
static int frame_take(struct fleet *fleet, void *socket, Lantoa__V1__Frame **ret_frame,
		      struct err *err)
{
	zmq_msg_t message;
	(void)zmq_msg_init(&message); /* always 0 */
	if (zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) < 0)
		return errno == EAGAIN ? 0 : zmq_fault(err, "receive");
	arena_reset(fleet->arena);
	int rc = wire_frame_unpack(fleet->arena, zmq_msg_data(&message), zmq_msg_size(&message),
				   ret_frame, err);
	(void)zmq_msg_close(&message); /* it was one */
	if (rc < 0)
		return rc;
	if ((*ret_frame)->kind_case == LANTOA__V1__FRAME__KIND_REFUSED)
		return err_set(err, -EPROTO, "batch %" PRIu64 " refused: %s",
			       (*ret_frame)->refused->seq, (*ret_frame)->refused->reason);
	return 1;
}

static int silence(struct err *err)
{
	return err_set(err, -ETIMEDOUT, "the aggregator said nothing for %d ms", SILENCE_MAX_MS);
}

/* --- enrolling --- */

static int invite(struct fleet *fleet, struct api_client *api, unsigned office, struct err *err)
{
	char code[LOAD_NAME_MAX], body[64];
	json_t *answer;
	(void)snprintf(body, sizeof(body), "{\"code\":\"%s\"}",
		       reference_office(office, code)); /* fits */
	int rc = api_client_ask(api, "POST", "/v1/offices/invite", "application/json", body,
				&answer, err);
	if (rc < 0)
		return rc;
	const char *text = json_string_value(json_object_get(answer, "invitation"));
	rc = text ? invitation_parse(text, &fleet->province, err)
		  : err_set(err, -EPROTO, "the answer holds no invitation");
	json_decref(answer);
	return rc;
}

static int enrol_over(struct fleet *fleet, void *socket, struct office *office, struct err *err)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT, *answer;
	Lantoa__V1__Enrol enrol = LANTOA__V1__ENROL__INIT;
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	enrol.public_key.data = office->public_key;
	enrol.public_key.len = sizeof(office->public_key);
	enrol.version = (char *)(uintptr_t) "bench";
	frame.kind_case = LANTOA__V1__FRAME__KIND_ENROL;
	frame.enrol = &enrol;
	int rc = frame_send(socket, &frame, err);
	if (rc < 0)
		return rc;
	if (zmq_poll(&item, 1, SILENCE_MAX_MS) <= 0)
		return silence(err);
	rc = frame_take(fleet, socket, &answer, err);
	if (rc < 0)
		return rc;
	if (rc == 0 || answer->kind_case != LANTOA__V1__FRAME__KIND_ENROLLED)
		return err_set(err, -EPROTO, "Enrol was not answered by Enrolled");
	office->catalogue_version = answer->enrolled->catalogue->version;
	return 0;
}

static int enrol(struct fleet *fleet, struct api_client *api, unsigned number, struct err *err)
{
	struct office *office = &fleet->offices[number];
	uint8_t public_key[INVITATION_KEY_LEN];
	void *socket = NULL;
	int rc = invite(fleet, api, number, err);
	if (rc < 0)
		return rc;
	(void)crypto_scalarmult_base(public_key, fleet->province.secret_key); /* always 0 */
	(void)crypto_box_keypair(office->public_key, office->secret_key);     /* always 0 */
	rc = connect_as(fleet, fleet->province.secret_key, public_key, &socket, err);
	if (rc == 0)
		rc = enrol_over(fleet, socket, office, err);
	if (socket)
		(void)zmq_close(socket); /* it is one */
	return rc;
}

/* --- what the province says --- */

static void on_ack(struct fleet *fleet, unsigned number, const Lantoa__V1__Ack *ack)
{
	struct office *office = &fleet->offices[number];
	uint64_t now = now_us();
	office->not_before_us = now + ack->slow_down_ms * UINT64_C(1000);
	for (; office->acked < ack->upto && office->acked < office->sent; office->acked++) {
		size_t at = (size_t)office->acked * fleet->load->shape.offices + number;
		fleet->took_us[at] = now - fleet->sent_us[at];
		fleet->unacked--;
	}
}

static int take_all(struct fleet *fleet, unsigned number, struct err *err)
{
	struct office *office = &fleet->offices[number];
	Lantoa__V1__Frame *frame;
	int rc;
	while ((rc = frame_take(fleet, office->socket, &frame, err)) == 1) {
		if (frame->kind_case == LANTOA__V1__FRAME__KIND_ACK) {
			if (frame->ack->n_quarantined > 0)
				return err_set(err, -EPROTO, "figures went into quarantine: %s",
					       frame->ack->quarantined[0]->reason);
			on_ack(fleet, number, frame->ack);
		} else if (frame->kind_case == LANTOA__V1__FRAME__KIND_WELCOME) {
			office->credit = frame->welcome->credit;
		}
	}
	return rc;
}

/* --- life --- */

static int hello(struct fleet *fleet, unsigned number, struct err *err)
{
	struct office *office = &fleet->offices[number];
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
	int rc = connect_as(fleet, office->secret_key, office->public_key, &office->socket, err);
	if (rc < 0)
		return rc;
	fleet->items[number] = (zmq_pollitem_t){ .socket = office->socket, .events = ZMQ_POLLIN };
	hello.protocol_min = WIRE_PROTOCOL_MIN;
	hello.protocol_max = WIRE_PROTOCOL_MAX;
	hello.spool_id = load_spool_id(number);
	hello.last_seq = fleet->load->steps;
	hello.catalogue_version = office->catalogue_version;
	hello.version = (char *)(uintptr_t) "bench";
	frame.kind_case = LANTOA__V1__FRAME__KIND_HELLO;
	frame.hello = &hello;
	return frame_send(office->socket, &frame, err);
}

static int wait_welcome(struct fleet *fleet, unsigned number, struct err *err)
{
	const struct office *office = &fleet->offices[number];
	int rc = 0;
	while (rc == 0 && office->credit == 0) {
		if (zmq_poll(&fleet->items[number], 1, SILENCE_MAX_MS) <= 0)
			return silence(err);
		rc = take_all(fleet, number, err);
	}
	return rc;
}

static int zmq_begin(struct fleet *fleet, struct err *err)
{
	fleet->zmq = zmq_ctx_new();
	if (!fleet->zmq ||
	    zmq_ctx_set(fleet->zmq, ZMQ_MAX_SOCKETS, (int)fleet->load->shape.offices + 16) < 0)
		return zmq_fault(err, "start ZeroMQ");
	return 0;
}

static int allocate(struct fleet *fleet, struct err *err)
{
	unsigned n = fleet->load->shape.offices;
	fleet->arena = arena_open(WIRE_ARENA_MAX);
	fleet->offices = calloc(n, sizeof(*fleet->offices));
	fleet->items = calloc(n, sizeof(*fleet->items));
	fleet->sent_us = calloc(load_batches(fleet->load), sizeof(uint64_t));
	fleet->took_us = calloc(load_batches(fleet->load), sizeof(uint64_t));
	if (!fleet->arena || !fleet->offices || !fleet->items || !fleet->sent_us || !fleet->took_us)
		return err_memory(err);
	return zmq_begin(fleet, err);
}

int fleet_open(const struct load *load, struct api_client *api, struct fleet **ret_fleet,
	       struct err *err)
{
	struct fleet *fleet = calloc(1, sizeof(*fleet));
	if (!fleet)
		return err_memory(err);
	fleet->load = load;
	int rc = allocate(fleet, err);
	for (unsigned i = 0; i < load->shape.offices && rc == 0; i++)
		rc = enrol(fleet, api, i, err);
	if (rc < 0)
		fleet_close(fleet);
	else
		*ret_fleet = fleet;
	return rc;
}

int fleet_greet(struct fleet *fleet, struct err *err)
{
	unsigned n = fleet->load->shape.offices;
	int rc = 0;
	for (unsigned from = 0, to; from < n && rc == 0; from = to) {
		to = from + SQUAD < n ? from + SQUAD : n;
		for (unsigned i = from; i < to && rc == 0; i++)
			rc = hello(fleet, i, err);
		for (unsigned i = from; i < to && rc == 0; i++)
			rc = wait_welcome(fleet, i, err);
	}
	return rc;
}

/* Only with its context does ZeroMQ give the files of closed sockets back for certain. */
static void zmq_close_all(struct fleet *fleet)
{
	for (unsigned i = 0; fleet->offices && i < fleet->load->shape.offices; i++) {
		struct office *office = &fleet->offices[i];
		if (office->socket)
			(void)zmq_close(office->socket); /* it is one */
		office->socket = NULL;
		office->credit = 0;
	}
	if (fleet->zmq)
		(void)zmq_ctx_term(fleet->zmq); /* no socket is open any more */
	fleet->zmq = NULL;
}

int fleet_disconnect(struct fleet *fleet, struct err *err)
{
	zmq_close_all(fleet);
	return zmq_begin(fleet, err);
}

void fleet_close(struct fleet *fleet)
{
	if (!fleet)
		return;
	zmq_close_all(fleet);
	arena_close(fleet->arena);
	free(fleet->offices);
	free(fleet->items);
	free(fleet->sent_us);
	free(fleet->took_us);
	free(fleet);
}

/* --- pushing --- */

static int send_within_credit(struct fleet *fleet, unsigned number, struct err *err)
{
	const struct load *load = fleet->load;
	struct office *office = &fleet->offices[number];
	if (office->sent == fleet->end || now_us() < office->not_before_us)
		return 0;
	while (office->sent < fleet->end && office->sent - office->acked < office->credit) {
		const struct sealed *sealed = load_batch(load, office->sent, number);
		fleet->sent_us[(size_t)office->sent * load->shape.offices + number] = now_us();
		if (zmq_send(office->socket, sealed->frame, sealed->len, ZMQ_DONTWAIT) < 0)
			return errno == EAGAIN ? 0 : zmq_fault(err, "send");
		office->sent++;
	}
	return 0;
}

/* Offices that were told to wait have nothing to receive: look at the clock now and then. */
#define TURN_MS 100
/* Looking at thousands of sockets takes milliseconds, which the province should have on two cores:
 * let some more arrive before. */
#define CROWD    1000u
#define CROWD_MS 20

static int turn(struct fleet *fleet, uint64_t *last_us, struct err *err)
{
	const struct timespec nap = { .tv_nsec = CROWD_MS * 1000000L };
	unsigned n = fleet->load->shape.offices;
	if (n > CROWD)
		(void)nanosleep(&nap, NULL); /* a signal makes it shorter */
	int ready = zmq_poll(fleet->items, (int)n, TURN_MS), rc = 0;
	if (ready < 0 && errno != EINTR)
		return zmq_fault(err, "wait");
	for (unsigned i = 0; i < n && rc == 0; i++) {
		if (ready > 0 && fleet->items[i].revents & ZMQ_POLLIN)
			rc = take_all(fleet, i, err);
		if (rc == 0)
			rc = send_within_credit(fleet, i, err);
	}
	uint64_t now = now_us();
	if (ready > 0)
		*last_us = now;
	else if (now - *last_us > SILENCE_MAX_MS * UINT64_C(1000))
		return silence(err);
	return rc;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

int fleet_push(struct fleet *fleet, unsigned end, struct fleet_times *ret_times, struct err *err)
{
	unsigned offices = fleet->load->shape.offices, begin = fleet->end;
	size_t n = (size_t)(end - begin) * offices;
	uint64_t began_us = now_us(), last_us = began_us;
	int rc = 0;
	fleet->end = end;
	fleet->unacked = n;
	for (unsigned i = 0; i < offices && rc == 0; i++)
		rc = send_within_credit(fleet, i, err);
	while (rc == 0 && fleet->unacked > 0)
		rc = turn(fleet, &last_us, err);
	if (rc < 0)
		return rc;
	uint64_t *took_us = fleet->took_us + (size_t)begin * offices;
	ret_times->elapsed_us = now_us() - began_us;
	qsort(took_us, n, sizeof(uint64_t), ascending);
	ret_times->ack_p50_us = took_us[n / 2];
	ret_times->ack_p99_us = took_us[n - 1 - n / 100];
	return 0;
}
