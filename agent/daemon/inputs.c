#include "daemon/inputs.h"

#include "clerk/clerk.h"
#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "inbox/inbox.h"
#include "sources/exec.h"
#include "sources/host.h"
#include "sources/http_input.h"
#include "sources/programs.h"
#include "sources/sql.h"
#include "sources/statsd.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 60000u /* a port that is taken, a folder that is not mounted yet */

const struct input_kind input_kinds[] = {
	{ "page", clerk_wanted, clerk_start, clerk_stop, clerk_look },
	{ "inbox", inbox_wanted, inbox_start, inbox_stop, inbox_look },
	{ "http", http_input_wanted, http_input_start, http_input_stop, http_input_look },
	{ "statsd", statsd_wanted, statsd_start, statsd_stop, statsd_look },
	{ "exec", exec_wanted, exec_start, programs_stop, programs_look },
	{ "sql", sql_wanted, sql_start, programs_stop, programs_look },
	{ "host", host_wanted, host_start, host_stop, host_look },
	{ 0 },
};

struct slot { /* one kind */
	struct inputs *inputs;
	const struct input_kind *kind;
	void *input; /* NULL: not running */
	bool stopping;
	char *trouble; /* owned; why it did not start; NULL: it did */
};

struct inputs {
	struct input_host host;
	const struct settings *settings;
	struct slot slots[INPUTS_MAX];
	size_t n;
	uv_timer_t retry;
	bool closing, retry_closed;
	void (*on_stopped)(void *context);
	void *stopped_context;
};

static void on_retry(uv_timer_t *timer);

/* I11: the other inputs work on. Logged once, not each minute. */
static void start_failed(struct slot *slot, const struct err *err)
{
	struct inputs *inputs = slot->inputs;
	if (!slot->trouble || strcmp(slot->trouble, err->text) != 0)
		log_error("agent: input does not start, will try again input=%s cause=\"%s\"",
			  slot->kind->name, err->text);
	free(slot->trouble);
	slot->trouble = strdup(err->text); /* without memory, without its words */
	(void)uv_timer_start(&inputs->retry, on_retry, RETRY_MS, 0); /* not closing */
}

static void start_if_wanted(struct slot *slot)
{
	struct inputs *inputs = slot->inputs;
	struct err err = { 0 };
	bool wanted = !inputs->closing && slot->kind->wanted(inputs->settings);
	if (wanted && !slot->input &&
	    slot->kind->start(&inputs->host, inputs->settings, &slot->input, &err) < 0) {
		slot->input = NULL;
		start_failed(slot, &err);
		return;
	}
	free(slot->trouble);
	slot->trouble = NULL;
}

static void on_retry(uv_timer_t *timer)
{
	struct inputs *inputs = container_of(timer, struct inputs, retry);
	for (size_t i = 0; i < inputs->n; i++)
		start_if_wanted(&inputs->slots[i]);
}

static void close_if_idle(struct inputs *inputs)
{
	if (!inputs->closing || !inputs->retry_closed)
		return;
	for (size_t i = 0; i < inputs->n; i++)
		if (inputs->slots[i].input)
			return;
	void (*on_stopped)(void *) = inputs->on_stopped;
	void *context = inputs->stopped_context;
	for (size_t i = 0; i < inputs->n; i++)
		free(inputs->slots[i].trouble);
	free(inputs);
	on_stopped(context);
}

static void on_slot_stopped(void *context)
{
	struct slot *slot = context;
	slot->input = NULL;
	slot->stopping = false;
	start_if_wanted(slot); /* by settings that may have changed meanwhile */
	close_if_idle(slot->inputs);
}

static void slot_stop(struct slot *slot)
{
	if (!slot->input || slot->stopping)
		return;
	slot->stopping = true;
	slot->kind->stop(slot->input, on_slot_stopped, slot);
}

size_t inputs_look(const struct inputs *inputs, struct input_look ret_looks[INPUTS_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < inputs->n; i++) {
		const struct slot *slot = &inputs->slots[i];
		struct input_look look = { .error = "" };
		if (!slot->input && !slot->kind->wanted(inputs->settings))
			continue;
		if (!slot->input)
			look = (struct input_look){ .state = N_("failing"),
						    .error = slot->trouble ? slot->trouble : "",
						    .failing = true };
		else if (slot->stopping)
			look.state = N_("stopping");
		else
			slot->kind->look(slot->input, &look);
		look.name = slot->kind->name;
		ret_looks[n++] = look;
	}
	return n;
}

static const char *trouble_of(const struct inputs *inputs, const char *name)
{
	struct input_look looks[INPUTS_MAX];
	size_t n = inputs_look(inputs, looks);
	for (size_t i = 0; i < n; i++)
		if (strcmp(looks[i].name, name) == 0)
			return looks[i].error;
	return "";
}

int inputs_start(const struct input_kind kinds[], const struct input_host *host,
		 const struct settings *settings, struct inputs **ret_inputs, struct err *err)
{
	struct inputs *inputs = calloc(1, sizeof(*inputs));
	if (!inputs)
		return err_memory(err);
	inputs->host = *host;
	inputs->host.inputs = inputs;
	inputs->host.trouble_of = trouble_of;
	inputs->settings = settings;
	(void)uv_timer_init(host->loop, &inputs->retry); /* cannot fail */
	for (; kinds[inputs->n].name; inputs->n++) {
		assert(inputs->n < INPUTS_MAX);
		struct slot *slot = &inputs->slots[inputs->n];
		*slot = (struct slot){ .inputs = inputs, .kind = &kinds[inputs->n] };
		start_if_wanted(slot);
	}
	*ret_inputs = inputs;
	return 0;
}

void inputs_reload(struct inputs *inputs, const struct settings *old)
{
	for (size_t i = 0; i < inputs->n; i++) {
		struct slot *slot = &inputs->slots[i];
		if (!settings_section_differs(slot->kind->name, old, inputs->settings))
			continue;
		slot_stop(slot);
		start_if_wanted(slot);
	}
}

static void on_retry_closed(uv_handle_t *handle)
{
	struct inputs *inputs = container_of((uv_timer_t *)handle, struct inputs, retry);
	inputs->retry_closed = true;
	close_if_idle(inputs);
}

void inputs_stop(struct inputs *inputs, void (*on_stopped)(void *context), void *context)
{
	if (!inputs) {
		on_stopped(context);
		return;
	}
	inputs->closing = true;
	inputs->on_stopped = on_stopped;
	inputs->stopped_context = context;
	for (size_t i = 0; i < inputs->n; i++)
		slot_stop(&inputs->slots[i]);
	uv_close((uv_handle_t *)&inputs->retry, on_retry_closed);
}
