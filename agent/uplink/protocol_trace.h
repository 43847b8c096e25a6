/* A decision of the protocol in words, for whoever wants to know why the link does what it does.
 * Pure, as the protocol is. */
#pragma once

#include "uplink/protocol.h"

#include <stddef.h>

#define PROTOCOL_TRACE_MAX 512u

/**
 * "greeting + tick -> pausing close say wait_ms=4000 attempt=2": the state before, the event, the
 * state after, what is done, when the clock is asked again and how often it was tried in vain.
 * Figures that are zero are left out.
 *
 * @before  the state in which @event came
 * @core    as it is afterwards
 */
void protocol_trace(enum protocol_state before, const struct protocol_event *event,
		    const struct protocol *core, const struct protocol_actions *actions,
		    char ret_text[PROTOCOL_TRACE_MAX]);
