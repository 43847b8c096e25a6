/* An office's line to the province, blocking: a DEALER with CURVE, as the real agent has, and
 * frames over it. */
#pragma once

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/model/invitation.h"
#include "common/net/wire.h"

#define OFFICE_SILENCE_MAX_MS 30000 /* the slowest commit under a sanitizer takes less */

struct office_keys {
	uint8_t public_key[INVITATION_KEY_LEN], secret_key[INVITATION_KEY_LEN];
};

/** A socket that connects to @province (address and key of it). @ret_socket is to be zmq_close()d,
 * also when it is there after an error. */
int office_line_open(void *zmq, const struct invitation *province, const struct office_keys *keys,
		     void **ret_socket, struct err *err);
int office_line_send(void *socket, const Lantoa__V1__Frame *frame, struct err *err);
/** 1: a frame, until the arena's reset, which comes with the next; 0: none is there now. Refused is
 * -EPROTO. */
int office_line_take(void *socket, struct arena *arena, Lantoa__V1__Frame **ret_frame,
		     struct err *err);
/** Wait until there may be a frame. */
int office_line_wait(void *socket, struct err *err);
/** -ETIMEDOUT and a sentence. */
int office_line_silent(struct err *err);
int office_line_fault(struct err *err, const char *what); /* -EIO, by ZeroMQ's errno */
