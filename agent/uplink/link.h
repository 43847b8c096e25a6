/* One socket to the province on the loop, from its making until its handles are closed. A socket
 * that is dropped closes its handles over the next turns of the loop, so it frees itself. */
#pragma once

#include "common/base/err.h"
#include "common/net/wire.h"
#include "uplink/dealer.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct line;

struct line_config {
	uv_loop_t *loop; /* outlives the line, as all pointers here */
	void *zmq_context;
	struct dealer_config dealer;
	void (*on_frame)(void *context, const uint8_t *data, size_t len);
	void (*on_event)(void *context, enum dealer_event event);
	void (*on_closed)(void *context); /* the last of it */
	void *context;
};

/** NULL: err says why, and on_closed follows, maybe at once. */
struct line *line_open(const struct line_config *config, struct err *err);
/** 0 sent; -EAGAIN no room, or no connection, or @line is NULL. */
int line_send(struct line *line, const Lantoa__V1__Frame *frame);
/** With all that is in it; nothing but on_closed comes from it any more. NULL is fine. */
void line_close(struct line *line);
