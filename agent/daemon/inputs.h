/* The inputs of this agent: started when the settings ask for them, stopped and started when a
 * reload changed theirs, told in status. Each is a row of input_kinds[] in inputs.c (record/input.h
 * says what a row is), and the rest of the agent knows it by that row alone. One that cannot start
 * (its port is taken, say) is tried again every minute and does not keep the others from working.
 * Loop thread only. */
#pragma once

#include "record/input.h"

extern const struct input_kind input_kinds[]; /* of this agent; ends with a row without a name */

/** Start those of @kinds (INPUTS_MAX at most, as input_kinds) that @settings want. @settings are
 * those in force: they outlive the inputs, and may change as inputs_reload() says. -ENOMEM. */
int inputs_start(const struct input_kind kinds[], const struct input_host *host,
		 const struct settings *settings, struct inputs **ret_inputs, struct err *err);
/** The settings in force were @old until now: what changed is stopped and started. */
void inputs_reload(struct inputs *inputs, const struct settings *old);
/** Those that are wanted, in the table's order, into @ret_looks; returns how many. */
size_t inputs_look(const struct inputs *inputs, struct input_look ret_looks[INPUTS_MAX]);
/** Stop all; @on_stopped runs from the loop, then the inputs are gone. NULL is fine: it runs at
 * once. */
void inputs_stop(struct inputs *inputs, void (*on_stopped)(void *context), void *context);
