/* A ZeroMQ client by hand, to say what libzmq would not let a client say: ZMTP 3.0 (ZMQ RFC 23)
 * with CURVE (RFC 25 and 26) over a blocking socket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zmtp_raw;

#define ZMTP_RAW_METADATA_MAX 512u /* bytes of all properties; 22 of them are our own */

/* Who it is, to whom it speaks, and a property that it claims in the handshake's metadata. */
struct zmtp_raw_claim {
	const char *endpoint;                            /* "tcp://127.0.0.1:PORT" */
	const uint8_t *server, *public_key, *secret_key; /* 32 bytes each */
	const char *property;                            /* NULL: none */
	const void *value;                               /* of any bytes */
	size_t value_len;
};

/** Connect to "tcp://127.0.0.1:PORT". A descriptor, or negative errno. */
int zmtp_raw_connect(const char *endpoint);

/** The same from 127.0.0.@host, 1 to 254. */
int zmtp_raw_connect_from(uint8_t host, const char *endpoint);

/** Shake hands as a DEALER. Returns 0, or a negative errno: -EPROTO when the server would not go
 * on, -EMSGSIZE for metadata over ZMTP_RAW_METADATA_MAX. Keys and texts of @claim outlive the
 * connection. */
int zmtp_raw_open(const struct zmtp_raw_claim *claim, struct zmtp_raw **ret_raw);
/** Send @len bytes (any number) as one frame; @more: another one of the same message follows.
 * -EPIPE when the server has hung up or does not read for long. */
int zmtp_raw_send(struct zmtp_raw *raw, bool more, const void *data, size_t len);
/** Wait until the server hangs up: 0, or -ETIMEDOUT when it does not. What it says is passed over.
 */
int zmtp_raw_until_closed(struct zmtp_raw *raw);
void zmtp_raw_close(struct zmtp_raw *raw); /* hang up; NULL is fine */

/** Shake hands, claim @property = @value, send @text as one frame, hang up. As zmtp_raw_open(). */
int zmtp_raw_say(const char *endpoint, const uint8_t server[32], const uint8_t public_key[32],
		 const uint8_t secret_key[32], const char *property, const char *value,
		 const char *text);

/**
 * Begin to shake hands and leave it at that: greeting, HELLO, and the server's WELCOME is heard.
 * The connection's descriptor, or a negative errno.
 */
int zmtp_raw_half(const char *endpoint, const uint8_t server[32]);
