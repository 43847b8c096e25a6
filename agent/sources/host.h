/* What this office's machine tells of itself, while [host] probes is on, for the metrics that its
 * catalogue has: office.link_down_minutes, by outage.h, and the levels of probes.h.
 *
 * Minutes without the line are added to the current period as they pass, so a period that was up
 * all along has 0. What was while the agent did not run is not known and not counted.
 *
 * A level is recorded when its period begins (or the agent starts), in the last minute of each
 * hour, and in the period's own last minute, so that it is the level at the period's end if the
 * machine is on then, and one of the last hour that it was if not. */
#pragma once

#include "record/input.h"

/* A row of input_kinds[]. */
bool host_wanted(const struct settings *settings);
int host_start(const struct input_host *input_host, const struct settings *settings,
	       void **ret_input, struct err *err);
void host_stop(void *input, void (*on_stopped)(void *context), void *context);
void host_look(const void *input, struct input_look *ret_look);
