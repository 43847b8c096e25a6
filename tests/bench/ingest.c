/* How much the province takes in: a real aggregator, a socket with CURVE for each office, batches
 * sealed beforehand; beside it the same through bare libzmq, as plain rows, and through the ledger
 * alone. Fails when the aggregator's totals are not what was sent; never because it was slow.
 *
 *   ingest [--profile NAME] [--minutes N] [--offices N] [--series N] [--days N] [--runs N]
 *          [--outage N] [--seconds N] [--minute N] [--alone] [--ask] [--answers]
 *          [--backup LANTOA] AGGREGATOR
 *
 * Profiles day, hour, quarter, five and live are batches of that many minutes. In corrections the
 * hour's batches are there, and what is measured is a tenth of their figures sent again with other
 * values, out of order. monthly is one batch from each of 11,000 offices, which sent another
 * before; in a storm these were cut off for --outage 15 seconds, and connect as fast as
 * they are taken, handshakes measured too.
 * pace and rush are offices in everyday life, each with a batch every minute: spread over the
 * minute, or all within a second of it; for --seconds 120, in minutes of --minute 60 seconds.
 *
 * With --ask, an operator asks questions all the while, and again when all is done.
 * With --answers, programs ask all the while for the figures of a month by district, and again for
 * so long when all is done: each answer anew, then with the tag of the one before (304), then a
 * longer one. Its figures are those of the last run. With --backup, each run is made a second time
 * while LANTOA makes one backup after the other.
 *
 * Prints medians over the runs, and from where to where they went. On machines with other work, CPU
 * seconds and ratios tell more than the figures per second. */
#include "bench/figures.h"
#include "bench/load.h"
#include "bench/measure.h"
#include "bench/province_run.h"
#include "bench/yardsticks.h"

#include <getopt.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define FILES_ELSE 100u /* what is open besides the offices' */
#define ROWS_GROUP 100u /* batches in a transaction of plain rows */

struct options {
	struct load_shape shape;
	unsigned runs;
	bool alone; /* without yardsticks */
	bool storm, ask, answers;
	unsigned outage_s;          /* in a storm */
	unsigned spread_of_60;      /* not 0: a tempo; the part of a minute that offices push in */
	unsigned seconds, minute_s; /* then: how long in all, and how long a minute is */
	struct tempo tempo;
	const char *aggregator, *lantoa;
};

/* --- one run --- */

/* libzmq 4.3 around a frame: 33 bytes of CURVE, then 2 or 9 of ZMTP. */
static double wire_bytes(const struct load *load)
{
	uint64_t bytes = load->bytes;
	size_t end = load_batches(load);
	for (size_t i = end - load_measured(load); i < end; i++)
		bytes += 33u + (load->batches[i].len + 33u <= 255u ? 2u : 9u);
	return (double)bytes;
}

static double per_s(uint64_t n, uint64_t us)
{
	return (double)n * 1e6 / (double)(us ? us : 1);
}

static void take_province(const struct load *load, const struct province_result *result,
			  double value[])
{
	double observations = (double)load->observations;
	value[RATE] = per_s(load->observations, result->elapsed_us);
	value[SECONDS] = (double)result->elapsed_us / 1e6;
	value[WELCOME_SECONDS] = (double)result->welcome_us / 1e6;
	value[CPU] = (double)result->aggregator_cpu_us / observations;
	value[CORE_SHARE] = 100.0 * (double)result->aggregator_cpu_us / (double)result->elapsed_us;
	value[DRIVER_CPU] = (double)result->driver_cpu_us / observations;
	value[PEAK_RSS] = (double)result->peak_rss_bytes / (1024.0 * 1024.0);
	value[WIRE_BYTES] = wire_bytes(load) / observations;
	value[DISK_BYTES] = (double)result->disk_bytes / (observations + (double)load->before);
	value[COMMITS] = (double)result->commits;
	value[COMMIT_BATCHES] = (double)load_measured(load) / (double)result->commits;
	value[ACK_P50] = (double)result->ack_p50_us / 1e3;
	value[ACK_P99] = (double)result->ack_p99_us / 1e3;
	for (size_t i = 0; i < ASKER_SHAPES; i++) {
		double *asked = &value[ASKED + 4 * i];
		asked[0] = (double)result->asked[i].p50_us / 1e3;
		asked[1] = (double)result->asked[i].p99_us / 1e3;
		asked[2] = (double)result->asked_quiet[i].p50_us / 1e3;
		asked[3] = (double)result->asked_quiet[i].p99_us / 1e3;
	}
}

static void answers_say(const char *what, const struct answers_result *result)
{
	printf("  %-44s %8.0f /s   p50 %7.2f ms   p99 %7.2f ms   %5.1f %% are 304, %.0f bytes "
	       "each\n",
	       what, result->per_s, (double)result->p50_us / 1e3, (double)result->p99_us / 1e3,
	       result->n ? 100.0 * (double)result->n_304 / (double)result->n : 0.0,
	       result->n > result->n_304
		       ? (double)result->n_bytes / (double)(result->n - result->n_304)
		       : 0.0);
}

static void answers_print(const struct province_result *result)
{
	printf("answers to %u programs, each asking anew as soon as it is answered:\n",
	       ANSWERS_CONNECTIONS);
	answers_say("district x month, while figures come", &result->answered);
	answers_say("the same, when all is done", &result->answered_quiet);
	answers_say("the same, with the tag of the one before", &result->answered_unchanged);
	answers_say("commune x day of the month", &result->answered_long);
}

static int run_yardsticks(const struct load *load, const struct province_result *province,
			  double value[], struct err *err)
{
	struct yardstick_input input = { .load = load, .group = ROWS_GROUP };
	struct yardstick_result result;
	double observations = (double)load->observations;
	int rc = measure(yardstick_zmq, &input, &result, sizeof(result), err);
	if (rc < 0)
		return err_wrap(err, "bare libzmq");
	value[ZMQ_MESSAGES] = per_s(load_measured(load), result.elapsed_us);
	value[ZMQ_MB] = per_s(load->bytes, result.elapsed_us) / 1e6;
	value[ZMQ_CPU] = (double)result.cpu_us / observations;
	value[ZMQ_RATIO] = (double)result.elapsed_us / (double)province->elapsed_us;
	rc = measure(yardstick_rows, &input, &result, sizeof(result), err);
	if (rc < 0)
		return err_wrap(err, "plain rows");
	value[ROWS_RATE] = per_s(load->observations, result.elapsed_us);
	value[ROWS_CPU] = (double)result.cpu_us / observations;
	value[ROWS_DISK_BYTES] = (double)result.disk_bytes / (observations + (double)load->before);
	value[ROWS_RATIO] = (double)result.elapsed_us / (double)province->elapsed_us;
	input.group = (unsigned)(load_measured(load) / province->commits);
	rc = measure(yardstick_ledger, &input, &result, sizeof(result), err);
	if (rc < 0)
		return err_wrap(err, "ledger alone");
	value[LEDGER_RATE] = per_s(load->observations, result.elapsed_us);
	value[LEDGER_CPU] = (double)result.cpu_us / observations;
	value[LEDGER_RATIO] = (double)result.elapsed_us / (double)province->elapsed_us;
	return 0;
}

static int run_with_backups(const struct options *options, const struct load *load, double value[],
			    struct err *err)
{
	struct province_input input = { .aggregator = options->aggregator,
					.load = load,
					.storm = options->storm,
					.outage_s = options->outage_s,
					.lantoa = options->lantoa };
	struct province_result result;
	int rc = measure(province_run, &input, &result, sizeof(result), err);
	if (rc < 0)
		return err_wrap(err, "aggregator with backups");
	value[BACKUPS] = (double)result.backups;
	value[BACKUP_RATIO] = per_s(load->observations, result.elapsed_us) / value[RATE];
	value[BACKUP_ACK_P99] = (double)result.ack_p99_us / 1e3;
	value[BACKUP_SECONDS] = (double)result.backup.backup_us / 1e6;
	value[BACKUP_MB] = (double)result.backup.bytes / 1e6;
	value[BACKUP_COPY_RATIO] = (double)result.backup.backup_us / (double)result.backup.copy_us;
	return 0;
}

static int run(const struct options *options, const struct load *load, double value[],
	       struct err *err)
{
	struct province_input input = { .aggregator = options->aggregator,
					.load = load,
					.storm = options->storm,
					.outage_s = options->outage_s,
					.tempo = options->tempo,
					.asks = options->ask,
					.answers = options->answers };
	struct province_result result;
	int rc = measure(province_run, &input, &result, sizeof(result), err);
	if (rc < 0)
		return err_wrap(err, "aggregator");
	if (result.commits == 0)
		return err_set(err, -1, "the aggregator counts no commit");
	take_province(load, &result, value);
	if (options->answers)
		answers_print(&result);
	if (options->lantoa && (rc = run_with_backups(options, load, value, err)) < 0)
		return rc;
	return options->alone ? 0 : run_yardsticks(load, &result, value, err);
}

static void load_tell(const struct load *load, const struct options *options)
{
	const struct load_shape *shape = &load->shape;
	printf("%u offices x %u ", shape->offices, shape->series);
	if (shape->monthly)
		printf("figures of a month%s",
		       options->storm ? ", and the offices connecting" : "");
	else if (options->spread_of_60)
		printf("per-minute series, every minute (of %u s), within %u/60 of it",
		       options->minute_s, options->spread_of_60);
	else
		printf("per-minute series x %u days in batches of %u minutes%s", shape->days,
		       shape->minutes, shape->corrected ? ", then a tenth of them corrected" : "");
	printf(": %zu batches, %llu observations; medians of %u runs\n", load_measured(load),
	       (unsigned long long)load->observations, options->runs);
}

static int run_all(const struct options *options, struct err *err)
{
	struct figures *figures = calloc(1, sizeof(*figures));
	struct load *load = NULL;
	int rc = figures ? load_open(&options->shape, &load, err) : err_memory(err);
	if (rc == 0)
		load_tell(load, options);
	for (; rc == 0 && figures->runs < options->runs; figures->runs++)
		rc = run(options, load, figures->value[figures->runs], err);
	if (rc == 0)
		figures_print(figures);
	load_close(load);
	free(figures);
	return rc;
}

/* --- the command line --- */

/* Each office is a file of the aggregator's. */
static void offices_fit(struct load_shape *shape)
{
	struct rlimit files = { 0 };
	(void)getrlimit(RLIMIT_NOFILE, &files); /* the limit exists, and may be raised so far */
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if ((rlim_t)shape->offices + FILES_ELSE <= files.rlim_cur)
		return;
	printf("this machine lets a program open %llu files: too few for %u offices\n",
	       (unsigned long long)files.rlim_cur, shape->offices);
	shape->offices = (unsigned)(files.rlim_cur - FILES_ELSE);
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: ingest [--profile day|hour|quarter|five|live|corrections|"
			      "monthly|storm|pace|rush] [--minutes N] [--offices N] [--series N] "
			      "[--days N] [--runs N] [--outage N] [--seconds N] [--minute N] "
			      "[--alone] [--ask] [--answers] "
			      "[--backup LANTOA] AGGREGATOR\n");
	return 2;
}

static bool profile_take(const char *name, struct options *options)
{
	static const struct {
		const char *name;
		unsigned minutes, days; /* days enough to last for about a second */
		bool corrected, monthly, storm;
		unsigned spread_of_60;
	} profiles[] = { { "day", 1440, 10, .corrected = false },
			 { "hour", 60, 1, .corrected = false },
			 { "quarter", 15, 1, .corrected = false },
			 { "five", 5, 1, .corrected = false },
			 { "live", 1, 1, .corrected = false },
			 { "corrections", 60, 1, .corrected = true },
			 { "monthly", 1, 1, .monthly = true },
			 { "storm", 1, 1, .monthly = true, .storm = true },
			 { "pace", 1, 1, .spread_of_60 = 60 },
			 { "rush", 1, 1, .spread_of_60 = 1 } };
	struct load_shape *shape = &options->shape;
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(profiles[i].name, name) != 0)
			continue;
		shape->minutes = profiles[i].minutes;
		shape->days = profiles[i].days;
		shape->corrected = profiles[i].corrected;
		shape->monthly = profiles[i].monthly;
		options->storm = profiles[i].storm;
		options->spread_of_60 = profiles[i].spread_of_60;
		if (shape->monthly) {
			shape->offices = LOAD_OFFICES_MAX;
			shape->series = 46; /* what a commune's catalogue holds */
		}
		return true;
	}
	return false;
}

/* Beside what waits for the clock no yardstick has a meaning. */
static void tempo_set(struct options *options)
{
	if (!options->spread_of_60)
		return;
	options->alone = true;
	options->shape.steps = options->seconds / options->minute_s;
	options->tempo.minute_us = options->minute_s * UINT64_C(1000000);
	options->tempo.spread_us = options->tempo.minute_us * options->spread_of_60 / 60;
}

static bool number_take(const char *text, unsigned *ret_number)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || number > 1000000)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

static bool options_read(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "profile", required_argument, NULL, 'p' },
		{ "minutes", required_argument, NULL, 'm' },
		{ "offices", required_argument, NULL, 'o' },
		{ "series", required_argument, NULL, 's' },
		{ "days", required_argument, NULL, 'd' },
		{ "runs", required_argument, NULL, 'r' },
		{ "outage", required_argument, NULL, 'O' },
		{ "seconds", required_argument, NULL, 'S' },
		{ "minute", required_argument, NULL, 'M' },
		{ "alone", no_argument, NULL, 'a' },
		{ "ask", no_argument, NULL, 'q' },
		{ "answers", no_argument, NULL, 'w' },
		{ "backup", required_argument, NULL, 'b' },
		{ 0 },
	};
	struct load_shape *shape = &options->shape;
	bool good = true;
	for (int c; good && (c = getopt_long(argc, argv, "", known, NULL)) >= 0;) {
		switch (c) {
		case 'p':
			good = profile_take(optarg, options);
			break;
		case 'a':
			options->alone = true;
			break;
		case 'q':
			options->ask = true;
			break;
		case 'w':
			options->answers = true;
			break;
		case 'b':
			options->lantoa = optarg;
			break;
		case '?':
			return false;
		default:
			good = number_take(optarg, c == 'm'   ? &shape->minutes
						   : c == 'o' ? &shape->offices
						   : c == 's' ? &shape->series
						   : c == 'd' ? &shape->days
						   : c == 'O' ? &options->outage_s
						   : c == 'S' ? &options->seconds
						   : c == 'M' ? &options->minute_s
							      : &options->runs);
		}
	}
	options->aggregator = argv[optind];
	return good && optind + 1 == argc && options->runs >= 1 && options->runs <= RUNS_MAX &&
	       options->minute_s >= 1 && options->minute_s <= options->seconds;
}

int main(int argc, char **argv)
{
	struct options options = {
		.shape = { .offices = 200, .series = 40, .days = 1, .minutes = 60 },
		.runs = 1,
		.outage_s = 15,
		.seconds = 120,
		.minute_s = 60,
	};
	struct err err = { 0 };
	if (!options_read(argc, argv, &options))
		return usage();
	if (sodium_init() < 0)
		err.code = err_set(&err, -1, "libsodium does not start");
	offices_fit(&options.shape);
	tempo_set(&options);
	if (err.code == 0)
		(void)run_all(&options, &err);
	if (err.code < 0)
		(void)fprintf(stderr, "ingest: %s\n", err.text);
	return err.code < 0;
}
