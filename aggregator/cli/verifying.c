#include "verifying.h"

#include "client.h"
#include "i18n.h"
#include "outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_FIRST_MS 20u /* most provinces are through by the second look */
#define WAIT_MAX_MS   500u
#define BAR_CELLS     20u

/* What a verification goes through, as the aggregator names it. */
static const char *const stages[]
	__attribute__((unused)) = { N_("journal"), N_("days"), N_("pages") };

struct verifying {
	const struct order *order;
	char run[24]; /* the aggregator's number of it */
	bool repairs, drawn;
};

/* --- asking --- */

static int ask(const struct verifying *verifying, const char *method,
	       const struct argument *argument, struct blob *answer, json_t **ret_json,
	       struct err *err)
{
	const struct request request = { .method = method,
					 .path = verifying->order->args->command->path,
					 .arguments = argument,
					 .n_arguments = 1,
					 .accept = "application/json" };
	json_t *json;
	int rc;

	answer->len = 0;
	rc = client_ask(verifying->order->api, &request, answer, err);
	if (rc < 0)
		return rc;
	json = json_loadb((const char *)answer->data, answer->len, 0, NULL);
	if (!json_is_object(json)) {
		json_decref(json);
		return outcome_strange(err);
	}
	*ret_json = json;
	return 0;
}

static int begin(struct verifying *verifying, struct blob *answer, struct err *err)
{
	const struct argument repair = { "repair", verifying->repairs ? "1" : NULL };
	json_t *json, *run;
	int rc = ask(verifying, "POST", &repair, answer, &json, err);

	if (rc < 0)
		return rc;
	run = json_object_get(json, "run");
	(void)snprintf(verifying->run, sizeof(verifying->run), "%lld",
		       (long long)json_integer_value(run));
	rc = json_is_integer(run) ? 0 : outcome_strange(err);
	json_decref(json);
	return rc;
}

static uint64_t number_of(const json_t *json, const char *object, const char *name)
{
	const char *text = json_string_value(json_object_get(json_object_get(json, object), name));

	return text ? strtoull(text, NULL, 10) : 0;
}

/* --- the bar --- */

void verifying_line(const char *stage, uint64_t done, uint64_t all, uint64_t differences,
		    char ret_line[VERIFYING_LINE_MAX])
{
	char bar[BAR_CELLS + 1];
	uint64_t filled = all == 0     ? 0
			  : done > all ? BAR_CELLS
				       : (uint64_t)((double)done / (double)all * BAR_CELLS);

	memset(bar, '.', BAR_CELLS);
	memset(bar, '#', (size_t)filled);
	bar[BAR_CELLS] = '\0';
	/* TRANSLATORS: a progress bar; at most 79 columns */
	(void)snprintf(ret_line, VERIFYING_LINE_MAX, _("%s [%s] %llu of %llu, %llu differences"),
		       _(stage), bar, (unsigned long long)done, (unsigned long long)all,
		       (unsigned long long)differences);
}

static void line_draw(struct verifying *verifying, const json_t *json)
{
	char line[VERIFYING_LINE_MAX];
	const char *stage =
		json_string_value(json_object_get(json_object_get(json, "progress"), "stage"));

	verifying_line(stage ? stage : "", number_of(json, "progress", "done"),
		       number_of(json, "progress", "all"), number_of(json, "counts", "differences"),
		       line);
	fprintf(stderr, "\r%s\033[K", line);
	verifying->drawn = true;
}

static void line_clear(struct verifying *verifying)
{
	if (verifying->drawn)
		fprintf(stderr, "\r\033[K");
	verifying->drawn = false;
}

/* --- waiting --- */

static void pause_ms(unsigned ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L };

	(void)nanosleep(&time, NULL); /* a signal only makes the next look come sooner */
}

/* @ret_json: the answer that has the outcome. */
static int wait_for_it(struct verifying *verifying, struct blob *answer, json_t **ret_json,
		       struct err *err)
{
	const struct argument run = { "run", verifying->run };
	bool terminal = isatty(STDERR_FILENO) == 1;
	int rc;

	for (unsigned wait_ms = WAIT_FIRST_MS;;
	     wait_ms = wait_ms * 2 > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms * 2) {
		rc = ask(verifying, "GET", &run, answer, ret_json, err);
		if (rc < 0 || !json_object_get(*ret_json, "progress"))
			break;
		if (terminal)
			line_draw(verifying, *ret_json);
		json_decref(*ret_json);
		pause_ms(wait_ms);
	}
	line_clear(verifying);
	return rc;
}

/* --- the end --- */

static void conclude(const struct verifying *verifying, uint64_t differences, uint64_t beyond,
		     uint64_t repaired)
{
	if (differences == 0)
		printf(_("verify: ok, the rollups equal the journal\n"));
	if (repaired > 0)
		printf(_("verify: the rollups differed from the journal in %llu places and were "
			 "made "
			 "anew there\n"),
		       (unsigned long long)repaired);
	if (differences > beyond + repaired)
		printf(_("verify: the rollups differ from the journal in %llu places\n"),
		       (unsigned long long)(differences - beyond - repaired));
	if (beyond > 0 && verifying->repairs)
		printf(_("verify: the journal itself, or what stands beside it, is damaged in %llu "
			 "places. No repair can mend that, and nothing was rebuilt from it; "
			 "restore a backup\n"),
		       (unsigned long long)beyond);
	else if (beyond > 0)
		printf(_("verify: the journal itself, or what stands beside it, is damaged in %llu "
			 "places. No repair can mend that; restore a backup\n"),
		       (unsigned long long)beyond);
	else if (differences > repaired)
		printf(_("verify: lantoa verify --repair makes them anew from the journal\n"));
}

static int show(const struct verifying *verifying, const struct blob *answer, const json_t *json,
		struct err *err)
{
	uint64_t differences = number_of(json, "counts", "differences"),
		 repaired = number_of(json, "counts", "repaired");
	int rc = outcome_report(verifying->order, answer, err);

	if (rc < 0)
		return rc;
	if (verifying->order->format == FORMAT_TABLE)
		conclude(verifying, differences, number_of(json, "counts", "beyond_repair"),
			 repaired);
	return differences > repaired;
}

int verifying_run(const struct order *order, struct err *err)
{
	struct verifying verifying = { .order = order,
				       .repairs = args_option(order->args, "repair") };
	struct blob answer = { 0 };
	json_t *json = NULL;
	int rc = begin(&verifying, &answer, err);

	if (rc == 0)
		rc = wait_for_it(&verifying, &answer, &json, err);
	if (rc == 0) {
		rc = show(&verifying, &answer, json, err);
		json_decref(json);
	}
	blob_free(&answer);
	return rc;
}
