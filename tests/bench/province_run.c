/* 1. Start the aggregator, import units, successors, the load's catalogue and the offices; enrol.
 * 2. Read the clocks, push the load, read them again.
 * 3. Ask verify, then the total of every series; end the aggregator, measure its files. */
#include "bench/province_run.h"

#include "bench/api_client.h"
#include "bench/daemon.h"
#include "bench/fleet.h"
#include "bench/measure.h"
#include "bench/reference_data.h"
#include "common/model/period.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUIET_MIN 20u /* questions of each shape, at least */

struct run {
	const struct province_input *input;
	struct province_result *result;
	struct daemon daemon;
	struct api_client *api;
	struct fleet *fleet;
	struct asker *asker;            /* NULL: nobody asks */
	char path[256], long_path[256]; /* that programs ask for */
};

/* --- before --- */

static int import(struct run *run, const char *method, const char *path, const struct blob *csv,
		  struct err *err)
{
	json_t *answer;
	int rc = api_client_ask(run->api, method, path, "text/csv", (const char *)csv->data,
				&answer, err);
	if (rc == 0)
		json_decref(answer);
	return rc;
}

static int import_file(struct run *run, const char *path, const char *file, struct err *err)
{
	struct blob csv = { 0 };
	int rc = reference_file(file, &csv, err);
	if (rc == 0)
		rc = import(run, "PUT", path, &csv, err);
	blob_free(&csv);
	return rc;
}

static int prepare(struct run *run, struct err *err)
{
	const struct load *load = run->input->load;
	struct blob offices = { 0 };
	int rc = daemon_start(run->input->aggregator, &run->daemon, err);
	if (rc == 0)
		rc = api_client_open(run->daemon.api_socket, &run->api, err);
	if (rc == 0)
		rc = import_file(run, "/v1/units", "units.csv", err);
	if (rc == 0)
		rc = import_file(run, "/v1/successors", "successors.csv", err);
	if (rc == 0)
		rc = import(run, "PUT", "/v1/catalogue", &load->catalogue, err);
	if (rc == 0)
		rc = reference_offices(load, &offices, err);
	if (rc == 0)
		rc = import(run, "POST", "/v1/offices", &offices, err);
	blob_free(&offices);
	if (rc == 0)
		rc = fleet_open(load, run->api, &run->fleet, err);
	char name[LOAD_NAME_MAX];
	(void)load_metric(0, name);
	(void)snprintf(run->path, sizeof(run->path),
		       "/api/v1/query?by=district&per=month&area=82&from=" LOAD_MONTH "&name=%s",
		       name); /* fits */
	(void)snprintf(run->long_path, sizeof(run->long_path),
		       "/api/v1/query?by=commune&per=day&area=82&from=" LOAD_MONTH "&name=%s",
		       name); /* fits */
	if (rc == 0 && run->input->asks)
		rc = asker_open(load, run->api, &run->asker, err);
	return rc < 0 ? rc : fleet_greet(run->fleet, err);
}

/* --- while --- */

/* A number, or the text of one: counts come as text. */
static int64_t number_of(const json_t *value)
{
	const char *text = json_string_value(value);
	return text ? strtoll(text, NULL, 10) : (int64_t)json_integer_value(value);
}

static int read_commits(struct run *run, uint64_t *ret_commits, struct err *err)
{
	json_t *answer;
	int rc = api_client_ask(run->api, "GET", "/v1/status", NULL, NULL, &answer, err);
	if (rc < 0)
		return rc;
	*ret_commits =
		(uint64_t)number_of(json_object_get(json_object_get(answer, "intake"), "commits"));
	json_decref(answer);
	return 0;
}

static int push_to(struct run *run, unsigned end, struct fleet_times *ret_times, struct err *err)
{
	int rc = fleet_push_start(run->fleet, end, (struct tempo){ 0 }, err);
	return rc < 0 ? rc : fleet_push_finish(run->fleet, ret_times, err);
}

/* What is to be there before; the commits so far. */
static int push_before(struct run *run, uint64_t *ret_commits, struct err *err)
{
	struct fleet_times times;
	unsigned first = run->input->load->first_step;
	int rc = first ? push_to(run, first, &times, err) : 0;
	if (rc == 0 && run->input->storm) {
		rc = fleet_disconnect(run->fleet, err);
		(void)sleep(run->input->outage_s); /* a signal makes the outage shorter */
	}
	return rc < 0 ? rc : read_commits(run, ret_commits, err);
}

/* --- programs that ask meanwhile --- */

#define ANSWERS_S 5u

struct answering { /* in a thread of its own */
	struct answers_form form;
	struct answers_result result;
	struct err err;
	int rc;
	pthread_t thread;
	bool runs;
};

static void *answering_run(void *context)
{
	struct answering *answering = context;
	answering->rc = answers_run(&answering->form, &answering->result, &answering->err);
	return NULL;
}

static int answering_start(struct run *run, struct answering *answering, struct err *err)
{
	if (!run->input->answers)
		return 0;
	if (pthread_create(&answering->thread, NULL, answering_run, answering) != 0)
		return err_memory(err);
	answering->runs = true;
	return 0;
}

static int answering_finish(struct run *run, struct answering *answering, int rc, struct err *err)
{
	if (!answering->runs)
		return rc;
	(void)pthread_join(answering->thread, NULL); /* it was created */
	run->result->answered = answering->result;
	if (rc == 0 && answering->rc < 0)
		rc = err_set(err, answering->rc, "%s", answering->err.text);
	return rc;
}

static int answer_quietly(struct run *run, struct err *err)
{
	struct answers_form form = { .socket = run->daemon.api_socket,
				     .path = run->path,
				     .seconds = ANSWERS_S };
	if (!run->input->answers)
		return 0;
	int rc = answers_run(&form, &run->result->answered_quiet, err);
	form.tagged = true;
	if (rc == 0)
		rc = answers_run(&form, &run->result->answered_unchanged, err);
	form.tagged = false;
	form.path = run->long_path;
	if (rc == 0 && answers_run(&form, &run->result->answered_long, err) == -EPROTO)
		(void)fprintf(stderr, "refused: %s\n", err->text);
	return rc;
}

static int push_and_ask(struct run *run, struct fleet_times *ret_times, struct err *err)
{
	const struct province_input *input = run->input;
	atomic_bool stop = false;
	struct answering answering = {
		.form = { .socket = run->daemon.api_socket, .path = run->path, .stop = &stop }
	};
	int rc = answering_start(run, &answering, err);
	if (rc == 0)
		rc = fleet_push_start(run->fleet, input->load->steps, input->tempo, err);
	while (rc == 0 && run->asker && fleet_pushing(run->fleet))
		rc = asker_ask(run->asker, err);
	if (rc == 0)
		rc = fleet_push_finish(run->fleet, ret_times, err);
	atomic_store(&stop, true);
	return answering_finish(run, &answering, rc, err);
}

static int push_measured(struct run *run, struct err *err)
{
	struct province_result *result = run->result;
	struct fleet_times times;
	uint64_t driver_us = fleet_cpu_us(run->fleet), aggregator_us = daemon_cpu_us(&run->daemon);
	uint64_t began_us = now_us();
	int rc = run->input->storm ? fleet_greet(run->fleet, err) : 0;
	result->welcome_us = run->input->storm ? now_us() - began_us : 0;
	if (rc == 0)
		rc = push_and_ask(run, &times, err);
	if (rc < 0)
		return rc;
	result->aggregator_cpu_us = daemon_cpu_us(&run->daemon) - aggregator_us;
	result->driver_cpu_us = fleet_cpu_us(run->fleet) - driver_us;
	result->peak_rss_bytes = daemon_peak_rss_bytes(&run->daemon);
	result->elapsed_us = result->welcome_us + times.elapsed_us;
	result->ack_p50_us = times.ack_p50_us;
	result->ack_p99_us = times.ack_p99_us;
	return 0;
}

/* As often as before, but as many as medians want. */
static int ask_quietly(struct run *run, struct err *err)
{
	struct province_result *result = run->result;
	int rc = 0;
	if (!run->asker)
		return 0;
	asker_take(run->asker, result->asked);
	uint64_t n =
		(result->asked[0].n < QUIET_MIN ? QUIET_MIN : result->asked[0].n) * ASKER_SHAPES;
	for (uint64_t i = 0; i < n && rc == 0; i++)
		rc = asker_ask(run->asker, err);
	asker_take(run->asker, result->asked_quiet);
	return rc;
}

static int push(struct run *run, struct err *err)
{
	struct province_result *result = run->result;
	struct backups backups = { .program = run->input->lantoa,
				   .api_socket = run->daemon.api_socket,
				   .folder = run->daemon.folder };
	uint64_t before, after;
	if (push_before(run, &before, err) < 0 ||
	    (backups.program && backups_start(&backups, err) < 0))
		return err->code;
	int rc = push_measured(run, err);
	if (rc == 0)
		rc = read_commits(run, &after, err);
	if (rc < 0)
		return rc;
	result->commits = after - before;
	if (!backups.program)
		return ask_quietly(run, err) < 0 ? err->code : answer_quietly(run, err);
	rc = backups_stop(&backups, &result->backups, err);
	return rc == 0 ? backups_time(&backups, &result->backup, err) : rc;
}

/* --- after --- */

/* Begin it, and wait for the answer that has no progress to tell any more. */
static int verify_through(struct run *run, json_t **ret_answer, struct err *err)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	json_t *answer;
	int rc = api_client_ask(run->api, "POST", "/v1/verify", NULL, NULL, &answer, err);
	while (rc == 0) {
		json_decref(answer);
		rc = api_client_ask(run->api, "GET", "/v1/verify", NULL, NULL, &answer, err);
		if (rc < 0 || !json_object_get(answer, "progress"))
			break;
		(void)nanosleep(&pause, NULL); /* a signal makes the next look come sooner */
	}
	if (rc == 0)
		*ret_answer = answer;
	return rc;
}

static int check_verify(struct run *run, struct err *err)
{
	const struct load *load = run->input->load;
	json_t *answer = NULL, *counts;
	int rc = verify_through(run, &answer, err);
	if (rc < 0)
		return rc;
	counts = json_object_get(answer, "counts");
	int64_t differences = number_of(json_object_get(counts, "differences")),
		observations = number_of(json_object_get(counts, "observations"));
	if (!counts || differences != 0)
		rc = err_set(err, -EPROTO, "verify found %" PRId64 " differences", differences);
	else if ((uint64_t)observations != load->before + load->observations)
		rc = err_set(err, -EPROTO,
			     "verify met %" PRId64 " observations where %" PRIu64 " were acked",
			     observations, load->observations);
	json_decref(answer);
	return rc;
}

static int64_t sum_of_rows(const json_t *answer)
{
	const json_t *rows = json_object_get(answer, "rows"), *row;
	int64_t sum = 0;
	size_t i;
	json_array_foreach(rows, i, row)
		sum += number_of(json_object_get(row, "value"));
	return sum;
}

/* A flow over the month; a stock as of the load's last day, unless it is of the month, too. */
static int check_total(struct run *run, unsigned series, struct err *err)
{
	const struct load *load = run->input->load;
	char path[256], name[LOAD_NAME_MAX], day[DAY_TEXT_MAX];
	bool by_day = series % 2 && !load->shape.monthly;
	const char *when = by_day ? day_format(load->first_day + (int32_t)load->shape.days - 1, day)
				  : LOAD_MONTH;
	json_t *answer;
	(void)snprintf(path, sizeof(path), "/v1/query?name=%s&per=%s&from=%s&to=%s",
		       load_metric(series, name), by_day ? "day" : "month", when, when); /* fits */
	int rc = api_client_ask(run->api, "GET", path, NULL, NULL, &answer, err);
	if (rc < 0)
		return rc;
	int64_t found = sum_of_rows(answer), expected = load_total(load, series);
	json_decref(answer);
	return found == expected
		       ? 0
		       : err_set(err, -EPROTO, "%s: %" PRId64 " was sent, %" PRId64 " is shown",
				 name, expected, found);
}

static int check(struct run *run, struct err *err)
{
	int rc = check_verify(run, err);
	for (unsigned i = 0; i < run->input->load->shape.series && rc == 0; i++)
		rc = check_total(run, i, err);
	return rc;
}

int province_run(const void *input, void *ret_result, struct err *err)
{
	struct run run = { .input = input, .result = ret_result };
	int rc = prepare(&run, err);
	if (rc == 0)
		rc = push(&run, err);
	if (rc == 0)
		rc = check(&run, err);
	fleet_close(run.fleet);
	asker_close(run.asker);
	api_client_close(run.api);
	if (rc == 0)
		rc = daemon_stop(&run.daemon, err);
	run.result->disk_bytes = daemon_disk_bytes(&run.daemon);
	daemon_remove(&run.daemon);
	return rc;
}
