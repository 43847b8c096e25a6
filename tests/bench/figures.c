#include "bench/figures.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const figure_names[ASKED] = {
	[RATE] = "observations/s acked (on disk and in every total)",
	[SECONDS] = "seconds from the first send to the last ack",
	[WELCOME_SECONDS] = "  of them, until every office was connected and welcome",
	[CPU] = "aggregator: CPU seconds per million observations",
	[CORE_SHARE] = "aggregator: CPU, per cent of one core",
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

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Of the runs, sorted. */
static void take_sorted(const struct figures *figures, size_t figure, double values[RUNS_MAX])
{
	for (unsigned run = 0; run < figures->runs; run++)
		values[run] = figures->value[run][figure];
	qsort(values, figures->runs, sizeof(values[0]), ascending);
}

static double median(const struct figures *figures, size_t figure)
{
	double values[RUNS_MAX];
	take_sorted(figures, figure, values);
	return values[figures->runs / 2];
}

static void asked_print(const struct figures *figures)
{
	if (median(figures, ASKED) <= 0)
		return;
	printf("ms of a question, median and 99 of 100: meanwhile, and afterwards\n");
	for (unsigned i = 0; i < ASKER_SHAPES; i++) {
		size_t at = ASKED + 4 * (size_t)i;
		printf("%8.1f %8.1f  %8.1f %8.1f  %s\n", median(figures, at),
		       median(figures, at + 1), median(figures, at + 2), median(figures, at + 3),
		       asker_shape(i));
	}
}

void figures_print(const struct figures *figures)
{
	for (size_t i = 0; i < ASKED; i++) {
		double values[RUNS_MAX];
		unsigned n = figures->runs;
		take_sorted(figures, i, values);
		if (values[n - 1] <= 0)
			continue; /* not measured */
		int digits = values[n / 2] < 100 ? 3 : 0;
		printf("%14.*f  %s", digits, values[n / 2], figure_names[i]);
		if (n > 1)
			printf("  [%.*f to %.*f]", digits, values[0], digits, values[n - 1]);
		printf("\n");
	}
	asked_print(figures);
}
