/* The line that brings an office in:
 *
 *   lantoa://HOST:PORT/CODE#SERVER.SECRET
 *
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets; CODE the office's code; SERVER
 * the province's public key and SECRET the one-time secret key, each 32 bytes as base64url without
 * padding (RFC 4648, section 5: no character that a shell, a URL or a mail program would change).
 * Whoever holds the line can enrol once in the office's name, so it is handed over like a password
 * and never logged. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define INVITATION_KEY_LEN     32u
#define INVITATION_ADDRESS_MAX 272u /* a name of 255 bytes, brackets, colon, port, NUL */
#define OFFICE_CODE_MAX        33u  /* 1 to 32 of [A-Za-z0-9._-], and NUL */
#define INVITATION_TEXT_MAX    448u

struct invitation {
	char address[INVITATION_ADDRESS_MAX]; /* "HOST:PORT", as ZeroMQ takes it after tcp:// */
	char office[OFFICE_CODE_MAX];
	uint8_t server_key[INVITATION_KEY_LEN]; /* public */
	uint8_t secret_key[INVITATION_KEY_LEN]; /* one-time; wipe after use */
};

/** Write the line. -EINVAL when address or office is not as described above. */
int invitation_format(const struct invitation *invitation, char ret_text[INVITATION_TEXT_MAX],
		      struct err *err);

/** Read the line; blanks and line ends around it are ignored, as pasting adds them. -EINVAL: what
 * is wrong with it. The secret appears in no error text. */
int invitation_parse(const char *text, struct invitation *ret_invitation, struct err *err);

/** Is it HOST:PORT as described above? */
bool invitation_address_valid(const char *address);

/** A 32-byte key as 43 characters of base64url, and back (-EINVAL). */
#define KEY_TEXT_MAX 44u
void key_format(const uint8_t key[INVITATION_KEY_LEN], char ret_text[KEY_TEXT_MAX]);
int key_parse(const char *text, uint8_t ret_key[INVITATION_KEY_LEN]);

/** May @key be somebody's public key? Not when it is a point of low order of Curve25519 or its
 * twist, 32 zero bytes among them: with such a one every secret agrees on the same shared key, all
 * zeros (RFC 7748, section 6.1), so CURVE takes nobody who brings it. */
bool key_is_public(const uint8_t key[INVITATION_KEY_LEN]);
