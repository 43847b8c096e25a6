/* How a machine becomes an office's: an invitation, wherever it comes from, and enrolment with it;
 * once, for someone at the keyboard, or by the daemon until the province can be reached. */
#pragma once

#include "common/base/err.h"
#include "common/model/invitation.h"
#include "office/settings.h"

#include <stdbool.h>
#include <stdint.h>

/** The invitation that @source is (the line itself), or that the file @source holds, "-" being
 * standard input. The secret appears in no error text. The caller wipes it. */
int admission_read(const char *source, struct invitation *ret_invitation, struct err *err);

/** Enrol, blocking. -EINVAL: it is another office's than this place is; -EBUSY: an agent holds the
 * spool; or as enrol(). */
int admission_once(const struct settings *settings, const struct invitation *invitation,
		   struct err *err);

/**
 * For the daemon, before it reads its state: when the office is not enrolled and systemd has handed
 * over an invitation ($CREDENTIALS_DIRECTORY/invitation), enrol with it. Without a credential, or
 * with a blank one, there is nothing to do. Returns 0 then, and as soon as there is a key; while
 * the province cannot be reached or refuses, it tries again, systemd having heard READY=1 and why.
 * SIGTERM ends the process at once: whatever is on disk is whole. SIGHUP does nothing here.
 */
int admission_serve(const struct settings *settings, struct err *err);

/** How long to wait after failure number @attempt (from 0): up to twice as long each time, from
 * reconnect_min_ms to ten times reconnect_max_ms, and at once the longest when @hopeless, less up
 * to a half by @dice. */
uint64_t admission_pause_ms(const struct settings *settings, unsigned attempt, bool hopeless,
			    uint64_t dice);
