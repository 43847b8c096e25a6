/* How many answers the province gives: programs that ask for the same over connections which they
 * keep, one request after the other on each, without waiting. */
#pragma once

#include "common/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define ANSWERS_CONNECTIONS 4u

struct answers_form {
	const char *socket, *path; /* outlive the run */
	bool tagged;               /* with the tag of the answer before: 304 while it is the same */
	unsigned seconds;
	const atomic_bool *stop; /* instead: until this is set; NULL */
};

struct answers_result {
	uint64_t n, n_304, n_bytes;
	double per_s;
	uint64_t p50_us, p99_us;
};

/** -EPROTO for any other status than 200 and 304. */
int answers_run(const struct answers_form *form, struct answers_result *ret_result,
		struct err *err);
