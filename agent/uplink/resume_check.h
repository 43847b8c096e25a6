/* Welcomes on their way to the protocol: is the batch that the province has last the one that the
 * spool has under that number? (Otherwise one of the two was restored from an older copy.) The
 * newest Welcome stands. */
#pragma once

#include "common/net/wire.h"
#include "spool/spool.h"
#include "uplink/task.h"

#include <stdbool.h>
#include <stdint.h>

struct welcome {
	uint64_t upto;
	uint32_t credit, protocol;
	uint8_t digest[WIRE_DIGEST_LEN]; /* of batch upto */
	size_t digest_len;               /* as it came: 0 when it was not told */
};

struct resume_check {
	struct task_group *group; /* outlives it, as the spool */
	struct spool *spool;
	/* It was looked at; what cannot be looked at is logged, and counts as lost. */
	void (*on_checked)(void *context, const struct welcome *welcome, bool matches);
	void *context;
	/* its own: */
	struct task task;
	struct welcome next, checking;
	bool due, stale, matches;
};

/** @upto: the message's, as the spool counts. */
void resume_check_take(struct resume_check *check, uint64_t upto,
		       const Lantoa__V1__Welcome *message);
/** Those on their way came over a link that is no more. */
void resume_check_forget(struct resume_check *check);
