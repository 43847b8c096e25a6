#include "cli/watch.h"

#include "cli/args.h"
#include "cli/output.h"
#include "common/base/i18n.h"
#include "common/sys/screen.h"
#include "common/text/answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_FIRST_MS 20u /* most provinces are through by the second look */
#define WAIT_MAX_MS   500u
#define BAR_CELLS     (WATCH_BAR_MAX - 1)

struct watch {
	const char *api, *path;
	char run[24]; /* the aggregator's number of it */
	void (*on_progress)(const json_t *answer, char ret_line[WATCH_LINE_MAX]);
};

/* --- asking --- */

static int ask(const struct watch *watch, const char *method, const struct argument arguments[],
	       size_t n, struct blob *answer, json_t **ret_json, struct err *err)
{
	const struct request request = { .method = method,
					 .path = watch->path,
					 .arguments = arguments,
					 .n_arguments = n,
					 .accept = "application/json" };
	json_t *json;
	int rc;

	answer->len = 0;
	rc = client_ask(watch->api, &request, answer, err);
	if (rc < 0)
		return rc;
	json = answer_read(answer->data, answer->len);
	if (!json_is_object(json)) {
		json_decref(json);
		return output_strange(err);
	}
	*ret_json = json;
	return 0;
}

static int begin(struct watch *watch, const struct argument arguments[], size_t n,
		 struct blob *answer, struct err *err)
{
	json_t *json, *run;
	int rc = ask(watch, "POST", arguments, n, answer, &json, err);

	if (rc < 0)
		return rc;
	run = json_object_get(json, "run");
	(void)snprintf(watch->run, sizeof(watch->run), "%lld", (long long)json_integer_value(run));
	rc = json_is_integer(run) ? 0 : output_strange(err);
	json_decref(json);
	return rc;
}

/* --- what an answer tells of the progress --- */

uint64_t watch_number(const json_t *answer, const char *object, const char *name)
{
	const json_t *number = json_object_get(json_object_get(answer, object), name);
	/* An aggregator of an earlier version says "12". */
	const char *text = json_string_value(number);

	return text ? strtoull(text, NULL, 10) : (uint64_t)json_integer_value(number);
}

const char *watch_stage(const json_t *answer)
{
	const char *stage =
		json_string_value(json_object_get(json_object_get(answer, "progress"), "stage"));

	return stage ? stage : "";
}

const char *watch_bar(uint64_t done, uint64_t all, char text[WATCH_BAR_MAX])
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

/* @ret_json: the answer that has the outcome. */
static int wait_for_it(struct watch *watch, struct blob *answer, json_t **ret_json, struct err *err)
{
	const struct argument run = { "run", watch->run };
	bool terminal = isatty(STDERR_FILENO) == 1, drawn = false;
	int rc;

	for (unsigned wait_ms = WAIT_FIRST_MS;;
	     wait_ms = wait_ms + wait_ms / 4 > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms + wait_ms / 4) {
		rc = ask(watch, "GET", &run, 1, answer, ret_json, err);
		if (rc < 0 || !json_object_get(*ret_json, "progress"))
			break;
		if (terminal) {
			char line[WATCH_LINE_MAX];

			watch->on_progress(*ret_json, line);
			fprintf(stderr, "\r%s\033[K", line);
			drawn = true;
		}
		json_decref(*ret_json);
		/* A signal only makes the next look come sooner. */
		(void)nanosleep(&(struct timespec){ .tv_sec = wait_ms / 1000,
						    .tv_nsec = (wait_ms % 1000) * 1000000L },
				NULL);
	}
	if (drawn)
		fprintf(stderr, "\r\033[K");
	return rc;
}

int watch_run(const struct order *order, const struct argument arguments[], size_t n,
	      void (*on_progress)(const json_t *answer, char ret_line[WATCH_LINE_MAX]),
	      struct blob *answer, json_t **ret_json, struct err *err)
{
	struct watch watch = { .api = order->api,
			       .path = order->args->command->path,
			       .on_progress = on_progress };
	int rc = begin(&watch, arguments, n, answer, err);

	return rc == 0 ? wait_for_it(&watch, answer, ret_json, err) : rc;
}

/* --- a change of the reference --- */

static void on_change(const json_t *answer, char ret_line[WATCH_LINE_MAX])
{
	uint64_t done = watch_number(answer, "progress", "done"),
		 all = watch_number(answer, "progress", "all");
	char bar[WATCH_BAR_MAX];

	if (json_object_get(json_object_get(answer, "progress"), "trouble")) {
		/* TRANSLATORS: a progress bar; at most 79 columns */
		(void)snprintf(ret_line, WATCH_LINE_MAX,
			       _("[%s] a step failed and is tried again: lantoa change show"),
			       watch_bar(done, all, bar));
		return;
	}
	/* TRANSLATORS: a progress bar; at most 79 columns */
	(void)snprintf(ret_line, WATCH_LINE_MAX, _("[%s] about %llu s left"),
		       watch_bar(done, all, bar),
		       (unsigned long long)watch_number(answer, "progress", "seconds_left"));
}

int watch_change(const char *api, struct blob *answer, struct err *err)
{
	json_t *json = answer_read(answer->data, answer->len);
	const json_t *change = json_object_get(json, "change");
	struct watch watch = { .api = api, .path = "/v1/change", .on_progress = on_change };
	bool steps = json_is_integer(change);
	int rc;

	(void)snprintf(watch.run, sizeof(watch.run), "%lld", (long long)json_integer_value(change));
	json_decref(json);
	if (!steps)
		return 0;
	if (isatty(STDERR_FILENO) == 1)
		screen_tell(
			"%s\n",
			_("This is made in steps, and goes on whether or not you wait here (Ctrl-C "
			  "ends the waiting alone): lantoa change show"));
	rc = wait_for_it(&watch, answer, &json, err);
	if (rc == 0)
		json_decref(json);
	return rc;
}
