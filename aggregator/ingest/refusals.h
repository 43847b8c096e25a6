/* Whose batches were refused, for people to see: the offices that were last, how often since the
 * start and why. REFUSALS_KEPT of them; when there are more, the one refused longest ago gives
 * way, and of those that wait for a batch to be taken only another one that waits does it. */
#pragma once

#include "registry/code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFUSALS_KEPT      8u
#define REFUSAL_REASON_MAX 512u /* what is longer is cut */

struct refusal {
	int64_t office;
	char code[CODE_LEN_MAX + 1]; /* of the office */
	uint64_t n;                  /* batches and frames that broke the rules, since the start */
	uint64_t n_later;            /* batches that could not be taken, though they keep them */
	int64_t since_us;            /* since none of its batches could be taken; 0: one was */
	int64_t last_us;
	char reason[REFUSAL_REASON_MAX]; /* of the last one; English, as it went to the office */
};

struct refusals {                           /* zeros to begin with */
	struct refusal list[REFUSALS_KEPT]; /* [n], the last one first */
	size_t n;
};

/** A batch or frame of @office was refused; @later: it broke no rule. */
void refusals_note(struct refusals *refusals, int64_t office, const char *code, bool later,
		   const char *reason, int64_t now_us);
/** A batch of @office was taken: none waits any more. */
void refusals_settle(struct refusals *refusals, int64_t office);
