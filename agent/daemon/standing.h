/* How the running agent is, for status and for systemd. What its parts know is gathered here and
 * judged (api/health.h), and systemd hears the headline (STATUS=) whenever it is another. With each
 * beat of the watchdog the worker looks at spool and disk, and memory that is not needed at rest is
 * given back. Loop thread only. */
#pragma once

#include "api/agent_status.h"
#include "daemon/inputs.h"
#include "daemon/reload.h"
#include "daemon/watchdog.h"
#include "office/facts.h"
#include "office/identity.h"
#include "record/recorder.h"

struct standing { /* embed it, zeroed; it stays in place until the loop has nothing left */
	/* The agent's parts, borrowed; those below the line are set when all of them run. */
	const struct identity *identity;
	const struct facts *facts;
	struct spool *spool;
	bool hosted;      /* --office */
	int64_t since_us; /* when the agent started, on civil_boot_us()'s clock */
	/* --- */
	const struct recorder *recorder;
	const struct uplink *uplink;
	const struct inputs *inputs;
	const struct reload *reload;

	struct watchdog watchdog;
	struct spool_status room, room_seen; /* spool_room(): the loop's, the worker's */
	bool news, news_seen;                /* bulletin_has_news(), likewise */
	char told[512];                      /* the last STATUS= */
	const char *headline;                /* the name of its condition; NULL: none was told */
};

/** Beat from now on. */
void standing_start(struct standing *standing, uv_loop_t *loop, struct worker *worker);
/** Tell systemd, if there is news; nothing while a part is not there. */
void standing_announce(struct standing *standing);
/** All but the spool's part of @status, whose look is *@look then. Until the uplink is gone. */
void standing_status(const struct standing *standing, struct agent_status *status,
		     struct uplink_look *look);
/** Say no more; inputs and reload may end. */
void standing_stop(struct standing *standing);
