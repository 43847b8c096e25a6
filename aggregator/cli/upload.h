/* A CSV file of the operator's on its way to the aggregator. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "feed/client.h"

#include <stdint.h>

/** Append the file @path, "-" being standard input, to @out. -E2BIG: more than the aggregator
 * takes; or the system's error. */
int upload_read(const char *path, struct blob *out, struct err *err);

/** Send @csv by @request (method, path, arguments), and give the one number that is answered, as in
 * {"changed": 12}. Errors as client_ask; -EIO also when the answer is another. */
int upload_send(const char *api, struct request request, const struct blob *csv,
		uint64_t *ret_number, struct err *err);
