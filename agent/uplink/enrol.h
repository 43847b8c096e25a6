/* Enrolment: an invitation becomes the office's own identity. Blocks; for the command alone.
 *
 * 1. A key pair is made and written down (agent.key.pending), before anything is sent.
 * 2. Over the one-time key: Enrol with the public half; the province commits and answers Enrolled.
 * 3. Office, zone and catalogue go into the spool; the pending identity becomes agent.key.
 * When the one-time key is refused, or step 2 gets no answer, an earlier run of the same command
 * may have got as far as the province's commit: Hello with the pending key then tells. */
#pragma once

#include "common/base/err.h"
#include "common/model/invitation.h"
#include "office/settings.h"
#include "spool/spool.h"

/** @spool: open, and this process's. Errors: -ETIMEDOUT unreachable, -EACCES refused, -EAGAIN
 * later; what to do is in the sentence. */
int enrol(const struct settings *settings, struct spool *spool, const struct invitation *invitation,
	  struct err *err);
