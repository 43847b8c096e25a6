#include "programs.h"

#include "civil.h"
#include "container.h"
#include "i18n.h"

#include <assert.h>
#include <stdlib.h>

#define MINUTE_MS 60000
#define FIRST_MS  1000u /* after the start, which has more urgent things to do */

struct programs {
	struct input_host host;
	struct program *list[PROGRAMS_MAX]; /* owned */
	size_t n, open;                     /* all; not closed, with the timer */
	uv_timer_t timer;
	void (*on_stopped)(void *context);
	void *stopped_context;
};

struct programs *programs_open(const struct input_host *host)
{
	struct programs *programs = calloc(1, sizeof(*programs));
	if (!programs)
		return NULL;
	programs->host = *host;
	(void)uv_timer_init(host->loop, &programs->timer); /* cannot fail */
	programs->open = 1;
	return programs;
}

int programs_add(struct programs *programs, const struct program_config *config, struct err *err)
{
	assert(programs->n < PROGRAMS_MAX);
	struct program *program = program_open(&programs->host, config);
	if (!program)
		return err_memory(err);
	programs->list[programs->n++] = program;
	programs->open++;
	return 0;
}

/* Just after each full minute, and whenever the clock was set meanwhile. */
static void on_minute(uv_timer_t *timer)
{
	struct programs *programs = container_of(timer, struct programs, timer);
	int64_t now_us = civil_now_us(), minute = civil_minute(now_us);
	for (size_t i = 0; i < programs->n; i++)
		program_tick(programs->list[i], minute);
	int64_t into_ms = now_us / 1000 % MINUTE_MS;
	(void)uv_timer_start(timer, on_minute, (uint64_t)(MINUTE_MS - into_ms + 10),
			     0); /* not closing */
}

static void on_one_closed(void *context)
{
	struct programs *programs = context;
	if (--programs->open > 0)
		return;
	void (*on_stopped)(void *) = programs->on_stopped;
	void *stopped_context = programs->stopped_context;
	free(programs);
	on_stopped(stopped_context);
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_one_closed(container_of((uv_timer_t *)handle, struct programs, timer));
}

void programs_stop(void *input, void (*on_stopped)(void *context), void *context)
{
	struct programs *programs = input;
	programs->on_stopped = on_stopped;
	programs->stopped_context = context;
	uv_close((uv_handle_t *)&programs->timer, on_timer_closed); /* later: programs stays */
	for (size_t i = 0; i < programs->n; i++)
		program_close(programs->list[i], on_one_closed, programs);
}

static void on_abandoned(void *context)
{
	(void)context;
}

int programs_begin(struct programs *programs, int rc, void **ret_input)
{
	if (rc == 0) {
		(void)uv_timer_start(&programs->timer, on_minute, FIRST_MS, 0); /* not closing */
		*ret_input = programs;
	} else if (programs) {
		programs_stop(programs, on_abandoned, NULL);
	}
	return rc;
}

void programs_look(const void *input, struct input_look *ret_look)
{
	const struct programs *programs = input;
	*ret_look = (struct input_look){ .state = N_("scheduled"), .error = "" };
	for (size_t i = 0; i < programs->n; i++) {
		int64_t last_us = program_last_us(programs->list[i]);
		if (last_us > ret_look->last_us)
			ret_look->last_us = last_us;
		if (!*ret_look->error)
			ret_look->error = program_error(programs->list[i]);
	}
}
