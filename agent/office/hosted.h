/* An office among others on one machine, as a server of the province holds them for desks that
 * cannot run an agent: `lantoa-agent --office CODE`, which lantoa-agent@CODE.service is. Each has a
 * user, a state and sockets of its own, all by its code, so that nothing need be configured for one
 * of them. */
#pragma once

#include "common/base/err.h"

#include <limits.h>

/* lantoa-office-CODE is the name of its user, and of those Linux has 31 bytes. */
#define HOSTED_CODE_MAX  18u /* with NUL */
#define HOSTED_USER      "lantoa-office-"

#define HOSTED_STATE_DIR LANTOA_STATEDIR "-offices"
#define HOSTED_RUN_DIR   LANTOA_RUNDIR "-offices"
/* A folder for each, that the group of the proxy may enter: systemd/lantoa-agent@.service.in. */
#define HOSTED_PAGE_DIR LANTOA_RUNDIR "-pages"
/* Who logged in at the proxy. */
#define HOSTED_AUTHOR_HEADER "X-Remote-User"

struct hosted {
	char code[HOSTED_CODE_MAX];
	char state_dir[96], api_socket[96], page_socket[96];
	char shared_conf[PATH_MAX], conf[PATH_MAX]; /* of all of them; of this one, over it */
};

/** -EINVAL: no code that a user can be named by. */
int hosted_init(struct hosted *hosted, const char *code, struct err *err);
