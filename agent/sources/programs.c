#include "sources/programs.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/retell.h"
#include "sources/minute.h"

#include <assert.h>
#include <stdlib.h>

#define TROUBLES_MAX 2048u

struct programs {
	struct input_host host;
	struct program *list[SECTIONS_MAX]; /* owned */
	size_t n, open;                     /* all; not closed, with the clock */
	char *troubles;                     /* owned [TROUBLES_MAX]; what programs_look() tells */
	struct minute minute;
	void (*on_stopped)(void *context);
	void *stopped_context;
};

static void on_minute(void *context)
{
	struct programs *programs = context;
	int64_t minute = civil_minute(civil_now_us());
	for (size_t i = 0; i < programs->n; i++)
		program_tick(programs->list[i], minute);
}

static void on_one_closed(void *context)
{
	struct programs *programs = context;
	if (--programs->open > 0)
		return;
	void (*on_stopped)(void *) = programs->on_stopped;
	void *stopped_context = programs->stopped_context;
	free(programs->troubles);
	free(programs);
	on_stopped(stopped_context);
}

struct programs *programs_open(const struct input_host *host)
{
	struct programs *programs = calloc(1, sizeof(*programs));
	if (programs)
		programs->troubles = calloc(1, TROUBLES_MAX);
	if (!programs || !programs->troubles) {
		free(programs);
		return NULL;
	}
	programs->host = *host;
	programs->open = 1;
	programs->minute = (struct minute){ .on_minute = on_minute,
					    .on_closed = on_one_closed,
					    .context = programs };
	minute_start(host->loop, &programs->minute);
	return programs;
}

int programs_add(struct programs *programs, const struct program_config *config, struct err *err)
{
	assert(programs->n < SECTIONS_MAX);
	struct program *program = program_open(&programs->host, config);
	if (!program)
		return err_memory(err);
	programs->list[programs->n++] = program;
	programs->open++;
	return 0;
}

void programs_stop(void *input, void (*on_stopped)(void *context), void *context)
{
	struct programs *programs = input;
	programs->on_stopped = on_stopped;
	programs->stopped_context = context;
	minute_close(&programs->minute); /* is over later: programs stays meanwhile */
	for (size_t i = 0; i < programs->n; i++)
		program_close(programs->list[i], on_one_closed, programs);
}

static void on_abandoned(void *context)
{
	(void)context;
}

int programs_begin(struct programs *programs, int rc, void **ret_input)
{
	if (rc == 0)
		*ret_input = programs;
	else if (programs)
		programs_stop(programs, on_abandoned, NULL);
	return rc;
}

/* Each that fails, with its name: whoever mends the first must not be surprised by the second. */
void programs_look(const void *input, struct input_look *ret_look)
{
	const struct programs *programs = input;
	size_t len = 0;
	*ret_look = (struct input_look){ .state = N_("scheduled"), .error = programs->troubles };
	programs->troubles[0] = '\0';
	for (size_t i = 0; i < programs->n; i++) {
		int64_t last_us = program_last_us(programs->list[i]);
		const char *error = program_error(programs->list[i]);
		char told[ERR_TEXT_MAX];
		if (last_us > ret_look->last_us)
			ret_look->last_us = last_us;
		if (*error)
			len += utf8_print(programs->troubles + len, TROUBLES_MAX - len, "%s%s",
					  len > 0 ? "; " : "",
					  retell(error, told, sizeof(told))); /* cut is fine */
	}
}
