/* An operator who asks the province one question after the other over its socket, of every shape
 * that is answered from the rollups, about one metric after the other, and waits a moment after
 * each answer. What is timed is the whole of it: connecting, HTTP, the queue before the readers,
 * JSON. */
#pragma once

#include "bench/api_client.h"
#include "bench/load.h"
#include "common/base/err.h"

#include <stdint.h>

enum { ASKER_SHAPES = 5 };

struct asker_times { /* of one shape; 0: never asked */
	uint64_t n, p50_us, p99_us;
};

struct asker;

/** @load and @api outlive it. */
int asker_open(const struct load *load, struct api_client *api, struct asker **ret_asker,
	       struct err *err);
void asker_close(struct asker *asker); /* NULL is fine */
/** Ask the next question, and wait the moment. */
int asker_ask(struct asker *asker, struct err *err);
/** What was asked since the last time. */
void asker_take(struct asker *asker, struct asker_times ret_times[ASKER_SHAPES]);
const char *asker_shape(unsigned shape); /* in words */
