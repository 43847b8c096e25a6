/* What a run of ingest tells, and medians of it over several runs. */
#pragma once

#include "bench/asker.h"

#define RUNS_MAX 99u

enum figure {
	RATE,
	SECONDS,
	WELCOME_SECONDS,
	CPU,
	CORE_SHARE,
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
	ASKED, /* ms: [ASKER_SHAPES][median and 99 of 100, meanwhile; the same when all is quiet] */
	FIGURES = ASKED + ASKER_SHAPES * 4
};

struct figures {
	double value[RUNS_MAX][FIGURES];
	unsigned runs;
};

/** Medians, and from where to where they went. What is not above 0 was not measured. */
void figures_print(const struct figures *figures);
