/* The certificate that handshakes get, from two files. Those that change get the new one with the
 * next handshake; connections that are there stay as they are. A new one that is no good is
 * refused, and the one before stays. */
#pragma once

#include "common/base/err.h"
#include "common/net/http.h"

#include <stdbool.h>
#include <stdint.h>

#define CERTIFICATE_FILE_MAX (256u * 1024) /* bytes: a chain of a dozen is 20 KiB */

struct certificate_about {
	char subject[256]; /* its distinguished name */
	int64_t expires_s; /* since 1970 */
	bool named;        /* it is for the name that was asked about */
};

/**
 * Read the chain (PEM, the server's own first) and its key (PEM, without a password), and hand them
 * out from here on. @name: for which one it is wanted; "" for none.
 *
 * -ENOENT and other errors of files; -EACCES when others than owner and group may read the key;
 * -EINVAL: it is no certificate, or the two do not belong together. Then all is as it was.
 */
int certificate_load(const char *chain_path, const char *key_path, const char *name,
		     struct certificate_about *ret_about, struct err *err);
/** Are the files others than those that were read last, well or not? */
bool certificate_changed(const char *chain_path, const char *key_path);
/** For http_start(), once there is one. */
const struct http_tls *certificate_tls(void);
/** When no server uses it any more. */
void certificate_free(void);
