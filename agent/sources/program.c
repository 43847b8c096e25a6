#include "sources/program.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "record/recorder.h"
#include "sources/child.h"
#include "sources/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_MAX 512u

enum state { IDLE, RUNNING, RECORDING };

struct program {
	struct input_host host;
	const char *kind;
	char *name;  /* owned */
	char **argv; /* owned, as its words */
	uint32_t every_minutes, timeout_s;
	size_t output_max;
	enum state state;
	struct child *child;   /* while RUNNING */
	struct output *output; /* owned; while RECORDING */
	struct recording recording;
	int64_t interval;     /* of every_minutes, in which it last ran */
	int64_t retry_minute; /* after a failure; INT64_MAX: none */
	int64_t last_us;
	char error[ERROR_MAX];
	void (*on_closed)(void *context); /* while closing */
	void *closed_context;
};

static void program_free(struct program *program)
{
	output_close(program->output);
	for (char **word = program->argv; word && *word; word++)
		free(*word);
	free(program->argv);
	free(program->name);
	free(program);
}

static void closed(void *context)
{
	struct program *program = context;
	void (*on_closed)(void *) = program->on_closed;
	void *closed_context = program->closed_context;
	program_free(program);
	on_closed(closed_context);
}

/* --- a run's end --- */

static void failed(struct program *program, const char *why)
{
	log_warn("%s: failed name=%s cause=\"%s\"", program->kind, program->name, why);
	(void)utf8_print(program->error, sizeof(program->error), "%s: %s", program->name,
			 why); /* cut is fine */
	program->retry_minute = civil_minute(civil_now_us()) + PROGRAM_RETRY_MINUTES;
}

static void run_over(struct program *program)
{
	output_close(program->output);
	program->output = NULL;
	program->state = IDLE;
	if (program->on_closed)
		closed(program);
}

static void on_recorded(struct recording *recording)
{
	struct program *program = container_of(recording, struct program, recording);
	if (recording->rc < 0) {
		failed(program, recording->err.text);
	} else {
		log_debug("%s: recorded name=%s figures=%zu", program->kind, program->name,
			  recording->n);
		program->error[0] = '\0';
		if (recording->n > recording->found.n_refused)
			program->last_us = civil_now_us();
		/* What is refused by itself is told; to run again would not mend it. */
		if (recording->found.n_refused > 0)
			(void)utf8_print(program->error, sizeof(program->error), "%s: %s",
					 program->name, recording->err.text); /* cut is fine */
	}
	comparison_free(&recording->found);
	run_over(program);
}

/* How it ended, when it did not end well. */
static int check_end(const struct program *program, const struct child_result *result,
		     struct err *err)
{
	const char *colon = *result->error ? ": " : "";
	switch (result->end) {
	case CHILD_TOO_LONG:
		return err_set(err, -ETIMEDOUT, "took longer than %u s and was stopped%s%s",
			       program->timeout_s, colon, result->error);
	case CHILD_TOO_MUCH:
		return err_set(err, -EFBIG, "printed more than %zu bytes and was stopped",
			       program->output_max);
	case CHILD_KILLED:
		return err_set(err, -ECANCELED, "was ended by signal %d (%s)", result->number,
			       strsignal(result->number));
	case CHILD_EXITED:
		break;
	}
	if (result->number != 0)
		return err_set(err, -ECANCELED, "ended with status %d%s%s", result->number, colon,
			       result->error);
	return 0;
}

static int record(struct program *program, const struct child_result *result, struct err *err)
{
	size_t n;
	const struct catalogue *catalogue = recorder_catalogue(program->host.recorder);
	int rc = output_read(result->output, result->len, catalogue,
			     clock_latest_us(recorder_clock(program->host.recorder)),
			     &program->output, err);
	if (rc < 0)
		return rc;
	const struct entry *entries = output_entries(program->output, &n);
	program->recording.done = on_recorded;
	return recorder_submit(program->host.recorder, &program->recording, entries, n, err);
}

static void on_ended(void *context, const struct child_result *result)
{
	struct program *program = context;
	struct err err;
	program->child = NULL;
	program->state = RECORDING;
	int rc = check_end(program, result, &err);
	if (rc == 0)
		rc = record(program, result, &err);
	if (rc == 0)
		return; /* on_recorded() comes */
	failed(program, err.text);
	run_over(program);
}

/* --- its time --- */

static void begin(struct program *program)
{
	struct err err;
	struct child_config config = { .argv = (const char *const *)program->argv,
				       .timeout_ms = program->timeout_s * 1000,
				       .output_max = program->output_max,
				       .on_ended = on_ended,
				       .context = program };
	if (child_start(program->host.loop, &config, &program->child, &err) < 0)
		failed(program, err.text);
	else
		program->state = RUNNING;
}

void program_tick(struct program *program, int64_t minute)
{
	int64_t interval = minute / program->every_minutes;
	bool due = interval != program->interval || minute >= program->retry_minute;
	/* without a catalogue there is nothing to judge by */
	if (!due || program->state != IDLE || !recorder_catalogue(program->host.recorder))
		return;
	program->interval = interval;
	program->retry_minute = INT64_MAX;
	begin(program);
}

/* --- opening and closing --- */

static char **copy_words(const char *const words[])
{
	size_t n = 0;
	while (words[n])
		n++;
	char **copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++)
		if (!(copy[i] = strdup(words[i])))
			break; /* program_open() sees a shorter list */
	return copy;
}

struct program *program_open(const struct input_host *host, const struct program_config *config)
{
	struct program *program = calloc(1, sizeof(*program));
	if (!program)
		return NULL;
	program->host = *host;
	program->kind = config->kind;
	program->name = strdup(config->name);
	program->argv = copy_words(config->argv);
	program->every_minutes = config->every_minutes;
	program->timeout_s = config->timeout_s;
	program->output_max = config->output_max;
	program->interval = INT64_MIN; /* none: it runs at the start */
	program->retry_minute = INT64_MAX;
	size_t n = 0;
	while (program->argv && program->argv[n])
		n++;
	if (!program->name || !program->argv || config->argv[n]) {
		program_free(program);
		return NULL;
	}
	return program;
}

void program_close(struct program *program, void (*on_closed)(void *context), void *context)
{
	program->on_closed = on_closed;
	program->closed_context = context;
	if (program->state == RUNNING)
		child_stop(program->child, closed, program);
	else if (program->state == IDLE)
		closed(program);
}

int64_t program_last_us(const struct program *program)
{
	return program->last_us;
}

const char *program_error(const struct program *program)
{
	return program->error;
}
