/* An office that is cut off for days and then drained: what its spool takes on disk, in CPU time
 * and in syncs.
 *
 * Each minute one figure for each of --series per-minute series is recorded together, and at noon
 * one for each of --metrics metrics of a day; then all is sealed and acked, batch by batch. */
#include "bench/load.h"
#include "bench/measure.h"
#include "spool/spool.h"
#include "support/fault.h"
#include "support/scratch.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST_DAY 20270 /* 2025-07-01 */
#define MINUTES   1440u
#define DAY_US    INT64_C(86400000000)

struct options {
	unsigned days, series, metrics;
};

struct phase {
	uint64_t cpu_us, syncs;
};

static void must(int rc, const struct err *err)
{
	if (rc < 0) {
		fprintf(stderr, "office_days: %s\n", err->text);
		exit(EXIT_FAILURE);
	}
}

static void record_minute(struct spool *spool, const struct options *options, unsigned day,
			  unsigned minute)
{
	struct observation list[LOAD_SERIES_MAX];
	char names[LOAD_SERIES_MAX][LOAD_NAME_MAX];
	struct err err;
	for (unsigned i = 0; i < options->series; i++)
		list[i] = (struct observation){
			.metric = load_metric(i, names[i]),
			.labels = "",
			.period = period_in_day(CALENDAR_CIVIL, GRAIN_MINUTE,
						FIRST_DAY + (int32_t)day, minute),
			.value_e = load_value(0, i, day * MINUTES + minute),
		};
	must(spool_record(spool, list, options->series, NULL, &err), &err);
}

static void record_noon(struct spool *spool, const struct options *options, unsigned day)
{
	struct observation list[LOAD_SERIES_MAX];
	char names[LOAD_SERIES_MAX][LOAD_NAME_MAX];
	struct err err;
	for (unsigned i = 0; i < options->metrics; i++) {
		(void)snprintf(names[i], LOAD_NAME_MAX, "office.m%02u", i); /* fits */
		list[i] = (struct observation){ .metric = names[i],
						.labels = "",
						.period = { CALENDAR_CIVIL, GRAIN_DAY,
							    FIRST_DAY + (int32_t)day },
						.value_e = load_value(1, i, day) };
	}
	must(spool_record(spool, list, options->metrics, NULL, &err), &err);
}

static void phase_end(struct phase *phase)
{
	phase->cpu_us = measure_cpu_us() - phase->cpu_us;
	phase->syncs = fault_syncs() - phase->syncs;
}

static struct phase phase_begin(void)
{
	return (struct phase){ measure_cpu_us(), fault_syncs() };
}

static struct phase be_cut_off(struct spool *spool, const struct options *options)
{
	struct phase phase = phase_begin();
	for (unsigned day = 0; day < options->days; day++)
		for (unsigned minute = 0; minute < MINUTES; minute++) {
			uint64_t last;
			bool more;
			struct err err;
			if (minute == MINUTES / 2)
				record_noon(spool, options, day);
			record_minute(spool, options, day, minute);
			must(spool_seal(spool, (FIRST_DAY + day) * DAY_US, &last, &more, &err),
			     &err);
		}
	phase_end(&phase);
	return phase;
}

struct drained {
	uint64_t batches, bytes;
};

static struct phase drain(struct spool *spool, const struct options *options,
			  struct drained *drained)
{
	struct phase phase = phase_begin();
	struct blob payload = { 0 };
	struct err err;
	int64_t at_us = (FIRST_DAY + options->days) * DAY_US;
	uint64_t last, seq = 0;
	bool more;
	do {
		must(spool_seal(spool, at_us, &last, &more, &err), &err);
		while (seq < last) {
			payload.len = 0;
			must(spool_batch(spool, ++seq, &payload, &err), &err);
			drained->batches++;
			drained->bytes += payload.len;
		}
		must(spool_acked(spool, seq, at_us, &err), &err);
	} while (more);
	blob_free(&payload);
	phase_end(&phase);
	return phase;
}

static void print_phase(const char *name, const struct phase *phase, uint64_t figures)
{
	printf("%-9s %7.0f ns of CPU a figure, %" PRIu64 " syncs\n", name,
	       (double)phase->cpu_us * 1000 / (double)figures, phase->syncs);
}

static void run(const struct options *options)
{
	char folder[SCRATCH_MAX], path[SCRATCH_MAX + 16];
	struct spool_limits limits = { .bytes_max = UINT64_C(1) << 30, .keep_days = 35 };
	struct spool *spool;
	struct spool_status status;
	struct stat file;
	struct err err;
	struct drained drained = { 0 };
	uint64_t figures = (uint64_t)options->days * (MINUTES * options->series + options->metrics);
	scratch_make(true, folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", folder); /* fits */
	must(spool_open(path, &limits, &spool, NULL, &err), &err);
	struct phase offline = be_cut_off(spool, options);
	must(spool_status(spool, &status, &err), &err);
	if (stat(path, &file) < 0)
		abort();
	printf("%u days, %" PRIu64 " figures: %.1f MiB in use, file %.1f MiB, %.0f KiB a day\n",
	       options->days, figures, (double)status.bytes / 1048576,
	       (double)file.st_size / 1048576, (double)status.bytes / 1024 / options->days);
	struct phase draining = drain(spool, options, &drained);
	print_phase("cut off", &offline, figures);
	print_phase("drained", &draining, figures);
	printf("%" PRIu64 " batches, %.2f bytes a figure on the wire\n", drained.batches,
	       (double)drained.bytes / (double)figures);
	spool_close(spool);
	scratch_remove(folder);
}

int main(int argc, char *argv[])
{
	static const struct option names[] = { { "days", required_argument, NULL, 'd' },
					       { "series", required_argument, NULL, 's' },
					       { "metrics", required_argument, NULL, 'm' },
					       { 0 } };
	struct options options = { .days = 90, .series = 10, .metrics = 46 };
	int option;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		unsigned value = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;
		if (option == 'd')
			options.days = value;
		else if (option == 's')
			options.series = value;
		else if (option == 'm')
			options.metrics = value;
		else
			return 2;
	}
	if (options.days < 1 || options.series > LOAD_SERIES_MAX ||
	    options.metrics > LOAD_SERIES_MAX) {
		fprintf(stderr, "office_days: at least a day, at most %u series and metrics\n",
			LOAD_SERIES_MAX);
		return 2;
	}
	fault_install();
	run(&options);
	return EXIT_SUCCESS;
}
