#include "uplink/protocol_trace.h"

#include "common/base/utf8.h"

#include <inttypes.h>
#include <stdarg.h>

static const char *const states[] = {
	[PROTOCOL_STOPPED] = "stopped",       [PROTOCOL_PAUSING] = "pausing",
	[PROTOCOL_CONNECTING] = "connecting", [PROTOCOL_GREETING] = "greeting",
	[PROTOCOL_WELCOME] = "welcome",       [PROTOCOL_RENEWING] = "renewing",
	[PROTOCOL_RESTING] = "resting",
};

static const char *const events[] = {
	[PROTOCOL_START] = "start",
	[PROTOCOL_TICK] = "tick",
	[PROTOCOL_OPEN_FAILED] = "open failed",
	[PROTOCOL_CONNECTED] = "connected",
	[PROTOCOL_DISCONNECTED] = "disconnected",
	[PROTOCOL_AUTH_FAILED] = "auth failed",
	[PROTOCOL_TOLD_LATER] = "told later",
	[PROTOCOL_WELCOMED] = "welcomed",
	[PROTOCOL_ACKED] = "acked",
	[PROTOCOL_REFUSED] = "refused",
	[PROTOCOL_HEARD] = "heard",
	[PROTOCOL_ASKED] = "asked",
	[PROTOCOL_OUTDATED] = "outdated",
	[PROTOCOL_SEALED] = "sealed",
	[PROTOCOL_REBORN] = "reborn",
	[PROTOCOL_BATCH_DONE] = "batch done",
	[PROTOCOL_NOT_NOTED] = "not noted",
	[PROTOCOL_RENEWED] = "renewed",
	[PROTOCOL_NOT_RENEWED] = "not renewed",
	[PROTOCOL_STOP] = "stop",
};

static const char *const results[] = {
	[PROTOCOL_SENT] = "sent",
	[PROTOCOL_TOO_DEAR] = "too dear",
	[PROTOCOL_NO_ROOM] = "no room",
	[PROTOCOL_MISSING] = "missing",
};

static const struct {
	const char *name;
	const char *seq; /* what its seq is; NULL: it has none */
} actions_of[] = {
	[PROTOCOL_OPEN] = { "open", NULL },
	[PROTOCOL_CLOSE] = { "close", NULL },
	[PROTOCOL_SEND_HELLO] = { "send_hello", NULL },
	[PROTOCOL_SEND_BATCH] = { "send_batch", "seq" },
	[PROTOCOL_SEND_PING] = { "send_ping", NULL },
	[PROTOCOL_RELEASE] = { "release", "upto" },
	[PROTOCOL_RENEW] = { "renew", NULL },
	[PROTOCOL_SAY] = { "say", NULL },
};

struct trace {
	char *text; /* [PROTOCOL_TRACE_MAX] */
	size_t len;
};

static void add(struct trace *trace, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct trace *trace, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	trace->len += utf8_vprint(trace->text + trace->len, PROTOCOL_TRACE_MAX - trace->len, format,
				  args); /* cut is fine */
	va_end(args);
}

static void add_figure(struct trace *trace, const char *name, uint64_t value)
{
	if (value != 0)
		add(trace, " %s=%" PRIu64, name, value);
}

void protocol_trace(enum protocol_state before, const struct protocol_event *event,
		    const struct protocol *core, const struct protocol_actions *actions,
		    char ret_text[PROTOCOL_TRACE_MAX])
{
	struct trace trace = { .text = ret_text };
	add(&trace, "%s + %s", states[before], events[event->type]);
	add_figure(&trace, "last_seq", event->last_seq);
	add_figure(&trace, "upto", event->upto);
	add_figure(&trace, "seq", event->seq);
	add_figure(&trace, "begin", event->begin);
	add_figure(&trace, "credit", event->credit);
	add_figure(&trace, "slow_down_ms", event->slow_down_ms);
	add_figure(&trace, "code", (uint64_t)event->code);
	if (event->type == PROTOCOL_BATCH_DONE)
		add(&trace, " (%s)", results[event->result]);
	if (event->type == PROTOCOL_WELCOMED && !event->matches)
		add(&trace, " (another batch)");

	add(&trace, " -> %s", states[core->state]);
	for (size_t i = 0; i < actions->n; i++) {
		const struct protocol_action *action = &actions->list[i];
		add(&trace, " %s", actions_of[action->type].name);
		if (actions_of[action->type].seq)
			add_figure(&trace, actions_of[action->type].seq, action->seq);
	}
	uint64_t next_ms = protocol_next_ms(core);
	if (next_ms != UINT64_MAX)
		add(&trace, " wait_ms=%" PRIu64,
		    next_ms > event->now_ms ? next_ms - event->now_ms : 0);
	add_figure(&trace, "attempt", core->attempt);
}
