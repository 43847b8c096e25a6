#include "cli/watch.h"

#include "cli/output.h"
#include "common/text/answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_FIRST_MS 20u /* most provinces are through by the second look */
#define WAIT_MAX_MS   500u
#define BAR_CELLS     (WATCHING_BAR_MAX - 1)

struct watching {
	const struct order *order;
	char run[24]; /* the aggregator's number of it */
	void (*on_progress)(const json_t *answer, char ret_line[WATCHING_LINE_MAX]);
	bool drawn;
};

/* --- asking --- */

static int ask(const struct watching *watching, const char *method, const struct argument *argument,
	       struct blob *answer, json_t **ret_json, struct err *err)
{
	const struct request request = { .method = method,
					 .path = watching->order->args->command->path,
					 .arguments = argument,
					 .n_arguments = 1,
					 .accept = "application/json" };
	json_t *json;
	int rc;

	answer->len = 0;
	rc = client_ask(watching->order->api, &request, answer, err);
	if (rc < 0)
		return rc;
	json = answer_read(answer->data, answer->len);
	if (!json_is_object(json)) {
		json_decref(json);
		return outcome_strange(err);
	}
	*ret_json = json;
	return 0;
}

static int begin(struct watching *watching, const struct argument *argument, struct blob *answer,
		 struct err *err)
{
	json_t *json, *run;
	int rc = ask(watching, "POST", argument, answer, &json, err);

	if (rc < 0)
		return rc;
	run = json_object_get(json, "run");
	(void)snprintf(watching->run, sizeof(watching->run), "%lld",
		       (long long)json_integer_value(run));
	rc = json_is_integer(run) ? 0 : outcome_strange(err);
	json_decref(json);
	return rc;
}

/* --- the line --- */

static void line_draw(struct watching *watching, const json_t *json)
{
	char line[WATCHING_LINE_MAX];

	watching->on_progress(json, line);
	fprintf(stderr, "\r%s\033[K", line);
	watching->drawn = true;
}

static void line_clear(struct watching *watching)
{
	if (watching->drawn)
		fprintf(stderr, "\r\033[K");
	watching->drawn = false;
}

uint64_t watching_number(const json_t *answer, const char *object, const char *name)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(answer, object), name));

	return text ? strtoull(text, NULL, 10) : 0;
}

const char *watching_stage(const json_t *answer)
{
	const char *stage =
		json_string_value(json_object_get(json_object_get(answer, "progress"), "stage"));

	return stage ? stage : "";
}

const char *watching_bar(uint64_t done, uint64_t all, char text[WATCHING_BAR_MAX])
{
	uint64_t filled = all == 0     ? 0
			  : done > all ? BAR_CELLS
				       : (uint64_t)((double)done / (double)all * BAR_CELLS);

	memset(text, '.', BAR_CELLS);
	memset(text, '#', (size_t)filled);
	text[BAR_CELLS] = '\0';
	return text;
}

/* --- waiting --- */

static void pause_ms(unsigned ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L };

	(void)nanosleep(&time, NULL); /* a signal only makes the next look come sooner */
}

/* @ret_json: the answer that has the outcome. */
static int wait_for_it(struct watching *watching, struct blob *answer, json_t **ret_json,
		       struct err *err)
{
	const struct argument run = { "run", watching->run };
	bool terminal = isatty(STDERR_FILENO) == 1;
	int rc;

	for (unsigned wait_ms = WAIT_FIRST_MS;;
	     wait_ms = wait_ms + wait_ms / 4 > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms + wait_ms / 4) {
		rc = ask(watching, "GET", &run, answer, ret_json, err);
		if (rc < 0 || !json_object_get(*ret_json, "progress"))
			break;
		if (terminal)
			line_draw(watching, *ret_json);
		json_decref(*ret_json);
		pause_ms(wait_ms);
	}
	line_clear(watching);
	return rc;
}

int watching_run(const struct order *order, const struct argument *argument,
		 void (*on_progress)(const json_t *answer, char ret_line[WATCHING_LINE_MAX]),
		 struct blob *answer, json_t **ret_json, struct err *err)
{
	struct watching watching = { .order = order, .on_progress = on_progress };
	int rc = begin(&watching, argument, answer, err);

	return rc == 0 ? wait_for_it(&watching, answer, ret_json, err) : rc;
}
