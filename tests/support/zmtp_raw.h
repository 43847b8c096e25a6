/* A ZeroMQ client by hand, to say what libzmq would not let a client say: ZMTP 3.0 (ZMQ RFC 23)
 * with CURVE (RFC 25 and 26) over a blocking socket. */
#pragma once

#include <stdint.h>

/** Connect to "tcp://127.0.0.1:PORT". A descriptor, or negative errno. */
int zmtp_raw_connect(const char *endpoint);

/**
 * Shake hands as a DEALER with @key, claim @property = @value in the handshake's metadata, send
 * @text as one frame, hang up. Keys are 32 bytes. Returns 0, or a negative errno: -EPROTO when the
 * server would not go on.
 */
int zmtp_raw_say(const char *endpoint, const uint8_t server[32], const uint8_t public_key[32],
		 const uint8_t secret_key[32], const char *property, const char *value,
		 const char *text);
