#include "uplink/dealer.h"

#include "common/net/wire.h"
#include "office/identity.h"

#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define SOCKETS_MAX        32 /* dealer, monitor's two ends, and those closing */
#define SEND_HIGH_WATER    4  /* the spool is the queue */
#define RECEIVE_HIGH_WATER 64 /* acks are merged; far above any credit */
#define CONNECT_TIMEOUT_MS 15000
#define HANDSHAKE_MS       20000 /* slow links */
#define KEEPALIVE_IDLE_S   120
#define TOLD_LATER         500 /* a ZAP status (ZMQ RFC 27) */

/* No ZMQ_HEARTBEAT_*: with it, libzmq 4.3.4 aborts the connecting process when its receive queue
 * is full (libzmq#3937). Ping and TCP keepalive stand in. */
static const struct {
	int option, value;
} options[] = {
	{ ZMQ_IMMEDIATE, 1 }, /* nothing queues while there is no connection */
	{ ZMQ_LINGER, 0 },
	{ ZMQ_SNDHWM, SEND_HIGH_WATER },
	{ ZMQ_RCVHWM, RECEIVE_HIGH_WATER },
	{ ZMQ_IPV6, 1 },
	{ ZMQ_CONNECT_TIMEOUT, CONNECT_TIMEOUT_MS },
	{ ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS },
	{ ZMQ_TCP_KEEPALIVE, 1 },
	{ ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S },
	{ ZMQ_TCP_KEEPALIVE_INTVL, 30 },
	{ ZMQ_TCP_KEEPALIVE_CNT, 4 },
};

void *dealer_context(void)
{
	/* libzmq takes ids and the jitter of its reconnecting from rand(), which begins with the
	 * same numbers in every process: offices that a province cut off would come back in step.
	 */
	srand(randombytes_random());
	void *context = zmq_ctx_new();
	if (!context)
		return NULL;
	(void)zmq_ctx_set(context, ZMQ_MAX_SOCKETS, SOCKETS_MAX); /* valid values cannot fail */
	(void)zmq_ctx_set(context, ZMQ_BLOCKY, 0);
	return context;
}

static int set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static int set_keys(void *socket, const struct dealer_config *config)
{
	uint8_t public_key[INVITATION_KEY_LEN];
	identity_public(config->secret_key, public_key);
	if (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, config->server_key, INVITATION_KEY_LEN) <
		    0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, sizeof(public_key)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, config->secret_key, INVITATION_KEY_LEN) < 0)
		return -1;
	return 0;
}

static int set_options(void *socket, const struct dealer_config *config)
{
	int64_t frame_max = WIRE_BOXED_MAX;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (set_int(socket, options[i].option, options[i].value) < 0)
			return -1;
	if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max)) < 0 ||
	    set_int(socket, ZMQ_RECONNECT_IVL, (int)config->reconnect_ms) < 0 ||
	    set_int(socket, ZMQ_RECONNECT_IVL_MAX, (int)config->reconnect_max_ms) < 0)
		return -1;
	return set_keys(socket, config);
}

/* A name of its own for each, because the one before may still be closing. */
static int watch(void *zmq_context, struct dealer *dealer)
{
	static atomic_uint number;
	char name[64];
	(void)snprintf(name, sizeof(name), "inproc://dealer-monitor-%u",
		       atomic_fetch_add(&number, 1)); /* fits */
	if (zmq_socket_monitor(dealer->socket, name,
			       ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
				       ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) < 0)
		return -1;
	dealer->monitor = zmq_socket(zmq_context, ZMQ_PAIR);
	if (!dealer->monitor || set_int(dealer->monitor, ZMQ_LINGER, 0) < 0)
		return -1;
	return zmq_connect(dealer->monitor, name);
}

int dealer_open(void *zmq_context, const struct dealer_config *config, struct dealer *ret_dealer,
		struct err *err)
{
	char endpoint[INVITATION_ADDRESS_MAX + 8];
	struct dealer dealer = { .socket = zmq_socket(zmq_context, ZMQ_DEALER) };
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://%s", config->address); /* fits */
	if (!dealer.socket || set_options(dealer.socket, config) < 0 ||
	    watch(zmq_context, &dealer) < 0 || zmq_connect(dealer.socket, endpoint) < 0) {
		int code = zmq_errno();
		dealer_close(&dealer);
		return err_set(err, code < ZMQ_HAUSNUMERO ? -code : -EIO, "connection to %s: %s",
			       config->address, zmq_strerror(code));
	}
	*ret_dealer = dealer;
	return 0;
}

void dealer_close(struct dealer *dealer)
{
	/* First no more events: libzmq's I/O thread would wait for ever to tell one to a monitor
	 * that is gone, and with it all sockets of the process. */
	if (dealer->socket)
		(void)zmq_socket_monitor(dealer->socket, NULL, 0); /* fine when there is none */
	if (dealer->monitor)
		(void)zmq_close(dealer->monitor); /* fails for no socket only, as the next */
	if (dealer->socket)
		(void)zmq_close(dealer->socket);
	*dealer = (struct dealer){ 0 };
}

/* @value: of a failed handshake the ZAP status, 400, or 500 when it may come later (gate.h of the
 * province). */
static enum dealer_event event_of(uint16_t number, uint32_t value)
{
	switch (number) {
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		return DEALER_CONNECTED;
	case ZMQ_EVENT_DISCONNECTED:
		return DEALER_DISCONNECTED;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		return value == TOLD_LATER ? DEALER_TOLD_LATER : DEALER_AUTH_FAILED;
	default:
		return DEALER_NOTHING;
	}
}

int dealer_event(struct dealer *dealer, enum dealer_event *ret_event)
{
	zmq_msg_t frame;
	uint16_t number = 0;
	uint32_t value = 0;
	(void)zmq_msg_init(&frame); /* cannot fail */
	if (zmq_msg_recv(&frame, dealer->monitor, ZMQ_DONTWAIT) < 0) {
		(void)zmq_msg_close(&frame); /* was initialised */
		return 0;
	}
	if (zmq_msg_size(&frame) >= sizeof(number) + sizeof(value)) {
		const uint8_t *bytes = zmq_msg_data(&frame);
		memcpy(&number, bytes, sizeof(number));
		memcpy(&value, bytes + sizeof(number), sizeof(value));
	}
	while (zmq_msg_more(&frame) && zmq_msg_recv(&frame, dealer->monitor, ZMQ_DONTWAIT) >= 0)
		;                    /* the endpoint's name, not needed */
	(void)zmq_msg_close(&frame); /* was initialised */
	*ret_event = event_of(number, value);
	return 1;
}
