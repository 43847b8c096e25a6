/* The province's CURVE key pair: STATE/server.key (0600), one line of base64url, made at first
 * start. Every invitation carries its public half, so losing the file means inviting every office
 * anew; every backup holds it. */
#pragma once

#include "common/base/err.h"
#include "registry/key_list.h"

#include <stdbool.h>
#include <stdint.h>

struct server_key {
	uint8_t public_key[KEY_LEN], secret_key[KEY_LEN];
};

/**
 * Read @path. When there is none: make a key there if @make_one, which is for a province that has
 * invited nobody yet; otherwise -ENOENT, because a new key would lock every office out.
 *
 * @ret_made tells which. Errors of secret_file; -EINVAL when the file holds no key.
 */
int server_key_load(const char *path, bool make_one, struct server_key *ret_key, bool *ret_made,
		    struct err *err);
/** Write @secret_key to @path, in the form that server_key_load() reads. Errors of secret_file. */
int server_key_save(const char *path, const uint8_t secret_key[KEY_LEN], struct err *err);
