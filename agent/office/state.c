#include "office/state.h"

#include "common/base/log.h"
#include "common/model/civil.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#define TURN_MS 10u
#define TURNS   300u /* that a command may hold the spool */

struct spool_limits state_limits(const struct settings *settings)
{
	return (struct spool_limits){ .bytes_max = settings->bytes_max,
				      .reserve = settings->reserve,
				      .keep_days = settings->keep_acked_days };
}

int state_spool_open(const struct settings *settings, struct spool **ret_spool, char *ret_set_aside,
		     struct err *err)
{
	char path[PATH_MAX];
	struct spool_limits limits = state_limits(settings);
	int rc = settings_path(settings, "spool.db", path, err);
	return rc < 0 ? rc : spool_open(path, &limits, ret_spool, ret_set_aside, err);
}

static int read_identity(struct state *state, const struct settings *settings, struct err *err)
{
	char path[PATH_MAX];
	int rc = settings_path(settings, IDENTITY_FILE, path, err);
	if (rc == 0)
		rc = identity_read(path, &state->identity, err);
	if (rc == -ENOENT)
		return err_set(err, rc,
			       "this office is not enrolled (no '%s'): ask the province for an "
			       "invitation and run 'lantoa-agent enrol FILE'",
			       path);
	if (rc == 0 && *settings->office && strcmp(settings->office, state->identity.office) != 0)
		return err_set(err, -EINVAL,
			       "'%s' is the key of office %s, not of office %s; move it to the "
			       "place of its own office",
			       path, state->identity.office, settings->office);
	return rc;
}

static int open_spool(struct state *state, const struct settings *settings, struct err *err)
{
	const struct timespec turn = { .tv_nsec = TURN_MS * 1000000 };
	char aside[PATH_MAX];
	int rc = state_spool_open(settings, &state->spool, aside, err);
	for (unsigned i = 0; rc == -EBUSY && i < TURNS; i++) {
		(void)nanosleep(&turn, NULL); /* cut short is fine */
		rc = state_spool_open(settings, &state->spool, aside, err);
	}
	if (rc < 0)
		return rc;
	spool_use_clock(state->spool, state->clock);
	if (*aside)
		log_error("agent: the spool was corrupt and is kept as %s; a new one was begun, "
			  "figures not sent before are lost to the province: call for help",
			  aside);
	return 0;
}

int state_init(struct state *state, const struct settings *settings, struct err *err)
{
	int rc = clock_open(NULL, &state->clock, err);
	if (rc == 0)
		rc = read_identity(state, settings, err);
	if (rc == 0)
		rc = open_spool(state, settings, err);
	if (rc == 0)
		rc = facts_read(state->spool, &state->facts, err);
	return rc < 0 ? rc
		      : civil_set_zone(state->facts.zone ? state->facts.zone : settings->zone, err);
}

void state_deinit(struct state *state)
{
	facts_free(&state->facts);
	spool_close(state->spool);
	clock_close(state->clock);
}
