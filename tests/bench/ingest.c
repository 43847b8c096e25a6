/* How much the province takes in: a real aggregator, a socket with CURVE for each office, batches
 * sealed beforehand; beside it the same through bare libzmq, as plain rows, and through the ledger
 * alone. Fails when the aggregator's totals are not what was sent; never because it was slow.
 *
 *   ingest [--profile NAME] [--minutes N] [--offices N] [--series N] [--days N] [--runs N]
 *          [--alone] [--backup LANTOA] AGGREGATOR
 *
 * Profiles day, hour, quarter, five and live are batches of that many minutes. In corrections the
 * hour's batches are there, and what is measured is a tenth of their figures sent again with other
 * values, out of order. monthly is one batch from each of 11,000 offices, which sent another
 * before; in a storm these connect too, as fast as they are taken, handshakes measured too.
 *
 * With --backup, each run is made a second time while LANTOA makes one backup after the other.
 *
 * Prints medians over the runs, and from where to where they went. On machines with other work, CPU
 * seconds and ratios tell more than the figures per second. */
#include "load.h"
#include "measure.h"
#include "province_run.h"
#include "yardsticks.h"

#include <getopt.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define RUNS_MAX   99u
#define FILES_ELSE 100u /* what is open besides the offices' */
#define ROWS_GROUP 100u /* batches in a transaction of plain rows */

struct options {
	struct load_shape shape;
	unsigned runs;
	bool alone; /* without yardsticks */
	bool storm;
	const char *aggregator, *lantoa;
};

/* --- what is told --- */

enum figure {
	RATE,
	SECONDS,
	WELCOME_SECONDS,
	CPU,
	DRIVER_CPU,
	PEAK_RSS,
	WIRE_BYTES,
	DISK_BYTES,
	COMMITS,
	COMMIT_BATCHES,
	ACK_P50,
	ACK_P99,
	ZMQ_MESSAGES,
	ZMQ_MB,
	ZMQ_CPU,
	ZMQ_RATIO,
	ROWS_RATE,
	ROWS_CPU,
	ROWS_DISK_BYTES,
	ROWS_RATIO,
	LEDGER_RATE,
	LEDGER_CPU,
	LEDGER_RATIO,
	BACKUPS,
	BACKUP_RATIO,
	BACKUP_ACK_P99,
	BACKUP_SECONDS,
	BACKUP_MB,
	BACKUP_COPY_RATIO,
	FIGURES
};

static const char *const figure_names[FIGURES] = {
	[RATE] = "observations/s acked (on disk and in every total)",
	[SECONDS] = "seconds from the first send to the last ack",
	[WELCOME_SECONDS] = "  of them, until every office was connected and welcome",
	[CPU] = "aggregator: CPU seconds per million observations",
	[DRIVER_CPU] = "driver: CPU seconds per million observations",
	[PEAK_RSS] = "aggregator: peak RSS, MiB",
	[WIRE_BYTES] = "bytes per observation on the wire (CURVE and framing in)",
	[DISK_BYTES] = "bytes per observation on disk (database and log)",
	[COMMITS] = "commits",
	[COMMIT_BATCHES] = "batches per commit",
	[ACK_P50] = "ack after, ms, median",
	[ACK_P99] = "ack after, ms, 99 of 100",
	[ZMQ_MESSAGES] = "bare libzmq: messages/s",
	[ZMQ_MB] = "bare libzmq: MB/s",
	[ZMQ_CPU] = "bare libzmq: receiver's CPU seconds per million observations",
	[ZMQ_RATIO] = "  its time as a share of the aggregator's",
	[ROWS_RATE] = "plain rows in SQLite: observations/s",
	[ROWS_CPU] = "plain rows in SQLite: CPU seconds per million observations",
	[ROWS_DISK_BYTES] = "plain rows in SQLite: bytes per observation",
	[ROWS_RATIO] = "  the aggregator's rate over its rate",
	[LEDGER_RATE] = "ledger alone: observations/s",
	[LEDGER_CPU] = "ledger alone: CPU seconds per million observations",
	[LEDGER_RATIO] = "  the aggregator's rate over its rate",
	[BACKUPS] = "backups made during a second run",
	[BACKUP_RATIO] = "  its rate over the first one's",
	[BACKUP_ACK_P99] = "  ack after, ms, 99 of 100",
	[BACKUP_SECONDS] = "seconds for a backup when nothing else is done",
	[BACKUP_MB] = "  its MB",
	[BACKUP_COPY_RATIO] = "  its time over that of cp and sync",
};

struct figures {
	double value[RUNS_MAX][FIGURES];
	unsigned runs;
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void figures_print(const struct figures *figures)
{
	for (size_t i = 0; i < FIGURES; i++) {
		double values[RUNS_MAX];
		unsigned n = figures->runs;
		for (unsigned run = 0; run < n; run++)
			values[run] = figures->value[run][i];
		qsort(values, n, sizeof(values[0]), ascending);
		if (values[n - 1] <= 0)
			continue; /* not measured */
		int digits = values[n / 2] < 100 ? 3 : 0;
		printf("%14.*f  %s", digits, values[n / 2], figure_names[i]);
		if (n > 1)
			printf("  [%.*f to %.*f]", digits, values[0], digits, values[n - 1]);
		printf("\n");
	}
}

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
	value[DRIVER_CPU] = (double)result->driver_cpu_us / observations;
	value[PEAK_RSS] = (double)result->peak_rss_bytes / (1024.0 * 1024.0);
	value[WIRE_BYTES] = wire_bytes(load) / observations;
	value[DISK_BYTES] = (double)result->disk_bytes / (observations + (double)load->before);
	value[COMMITS] = (double)result->commits;
	value[COMMIT_BATCHES] = (double)load_measured(load) / (double)result->commits;
	value[ACK_P50] = (double)result->ack_p50_us / 1e3;
	value[ACK_P99] = (double)result->ack_p99_us / 1e3;
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
					.storm = options->storm };
	struct province_result result;
	int rc = measure(province_run, &input, &result, sizeof(result), err);
	if (rc < 0)
		return err_wrap(err, "aggregator");
	if (result.commits == 0)
		return err_set(err, -1, "the aggregator counts no commit");
	take_province(load, &result, value);
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
			      "monthly|storm] [--minutes N] [--offices N] [--series N] [--days N] "
			      "[--runs N] [--alone]"
			      " [--backup LANTOA] AGGREGATOR\n");
	return 2;
}

static bool profile_take(const char *name, struct options *options)
{
	static const struct {
		const char *name;
		unsigned minutes, days; /* days enough to last for about a second */
		bool corrected, monthly, storm;
	} profiles[] = { { "day", 1440, 10, .corrected = false },
			 { "hour", 60, 1, .corrected = false },
			 { "quarter", 15, 1, .corrected = false },
			 { "five", 5, 1, .corrected = false },
			 { "live", 1, 1, .corrected = false },
			 { "corrections", 60, 1, .corrected = true },
			 { "monthly", 1, 1, .monthly = true },
			 { "storm", 1, 1, .monthly = true, .storm = true } };
	struct load_shape *shape = &options->shape;
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(profiles[i].name, name) != 0)
			continue;
		shape->minutes = profiles[i].minutes;
		shape->days = profiles[i].days;
		shape->corrected = profiles[i].corrected;
		shape->monthly = profiles[i].monthly;
		options->storm = profiles[i].storm;
		if (shape->monthly) {
			shape->offices = LOAD_OFFICES_MAX;
			shape->series = 46; /* what a commune's catalogue holds */
		}
		return true;
	}
	return false;
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
		{ "alone", no_argument, NULL, 'a' },
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
							      : &options->runs);
		}
	}
	options->aggregator = argv[optind];
	return good && optind + 1 == argc && options->runs >= 1 && options->runs <= RUNS_MAX;
}

int main(int argc, char **argv)
{
	struct options options = {
		.shape = { .offices = 200, .series = 40, .days = 1, .minutes = 60 }, .runs = 1
	};
	struct err err = { 0 };
	if (!options_read(argc, argv, &options))
		return usage();
	if (sodium_init() < 0)
		err.code = err_set(&err, -1, "libsodium does not start");
	offices_fit(&options.shape);
	if (err.code == 0)
		(void)run_all(&options, &err);
	if (err.code < 0)
		(void)fprintf(stderr, "ingest: %s\n", err.text);
	return err.code < 0;
}
