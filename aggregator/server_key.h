/* The province's CURVE key pair: STATE/server.key (0600), one line of base64url, made at first
 * start. Every invitation carries its public half, so losing the file means inviting every office
 * anew: back it up with the database. */
#pragma once

#include "err.h"
#include "roster.h"

#include <stdbool.h>
#include <stdint.h>

struct server_key {
	uint8_t public_key[KEY_LEN], secret_key[KEY_LEN];
};

/** Read @path, or make a key there when there is none. @ret_made tells which. Errors of
 * secret_file; -EINVAL when it holds no key. */
int server_key_load(const char *path, struct server_key *ret_key, bool *ret_made, struct err *err);
