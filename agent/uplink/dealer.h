/* One DEALER socket to the province, over CURVE, with its monitor. What enrol and uplink share; the
 * options follow from how libzmq 4.3.4 behaves, see dealer.c. */
#pragma once

#include "common/base/err.h"
#include "common/model/invitation.h"

#include <stdint.h>

struct dealer {
	void *socket, *monitor; /* owned */
};

struct dealer_config {
	const char *address;       /* HOST:PORT */
	const uint8_t *server_key; /* 32 bytes, as the next */
	const uint8_t *secret_key;
	uint32_t reconnect_ms, reconnect_max_ms;
};

enum dealer_event { /* as the monitor tells; others are left out */
		    DEALER_NOTHING,
		    DEALER_CONNECTED, /* handshake succeeded */
		    DEALER_DISCONNECTED,
		    DEALER_AUTH_FAILED, /* libzmq never tries this socket again, nor after the next
					 */
		    DEALER_TOLD_LATER,  /* the key is known, and was used too often just now */
};

/** A context for one process: few sockets, one I/O thread. NULL: out of memory. */
void *dealer_context(void);
int dealer_open(void *zmq_context, const struct dealer_config *config, struct dealer *ret_dealer,
		struct err *err);
void dealer_close(struct dealer *dealer);
/** Take one event from the monitor without waiting: 1 taken, 0 none there. */
int dealer_event(struct dealer *dealer, enum dealer_event *ret_event);
