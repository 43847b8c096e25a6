/* One socket to the province on the loop, from its making until its handles are closed. A socket
 * that is dropped closes its handles over the next turns of the loop, so it frees itself. */
#pragma once

#include "common/base/err.h"
#include "common/net/wire.h"
#include "uplink/dealer.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct link;

struct link_config {
	uv_loop_t *loop; /* outlives the link, as all pointers here */
	void *zmq_context;
	struct dealer_config dealer;
	void (*on_frame)(void *context, const uint8_t *data, size_t len);
	void (*on_event)(void *context, enum dealer_event event);
	void (*on_closed)(void *context); /* the last of it */
	void *context;
};

/** NULL: err says why, and on_closed follows, maybe at once. */
struct link *link_open(const struct link_config *config, struct err *err);
/** 0 sent; -EAGAIN no room, or no connection, or @link is NULL. */
int link_send(struct link *link, const Lantoa__V1__Frame *frame);
/** With all that is in it; nothing but on_closed comes from it any more. NULL is fine. */
void link_close(struct link *link);
