/* What the office's agent keeps in STATE_DIR: its key and its spool, with what the province told in
 * it. */
#pragma once

#include "clock/clock.h"
#include "common/base/err.h"
#include "office/facts.h"
#include "office/identity.h"
#include "office/settings.h"
#include "spool/spool.h"

struct spool_limits state_limits(const struct settings *settings);

/** spool_open() of STATE_DIR/spool.db, within the settings' limits. */
int state_spool_open(const struct settings *settings, struct spool **ret_spool, char *ret_set_aside,
		     struct err *err);

struct state {               /* of an agent that runs; zeros to begin with */
	struct clock *clock; /* owned, as the next two; the spool goes by it */
	struct spool *spool;
	struct facts facts;
	struct identity identity;
};

/** Read it all, and make the office's zone that of this process. While a command has the spool, it
 * waits, for some seconds at most. -ENOENT: not enrolled. Blocks; before the loop runs. */
int state_init(struct state *state, const struct settings *settings, struct err *err);
void state_deinit(struct state *state); /* copes with what init had reached */
