/* The measurement itself: a load through a real aggregator, and the proof that it arrived. */
#pragma once

#include "bench/answers.h"
#include "bench/asker.h"
#include "bench/backups.h"
#include "bench/load.h"
#include "bench/tempo.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct province_input {
	const char *aggregator; /* the program */
	const struct load *load;
	bool storm;         /* connections are measured, too: they come with what is measured, */
	unsigned outage_s;  /* after they have all been away for so long */
	struct tempo tempo; /* of what is measured */
	bool asks;          /* questions are asked all the while, and as many again afterwards */
	bool answers;       /* programs ask for the same all the while, and again afterwards */
	const char *lantoa; /* the program, to make backups all the while; NULL: none */
};

struct province_result {
	uint64_t elapsed_us, aggregator_cpu_us, driver_cpu_us; /* first send to last ack */
	uint64_t welcome_us; /* in a storm: until every office was welcome */
	uint64_t ack_p50_us, ack_p99_us;
	uint64_t commits;
	uint64_t peak_rss_bytes;                      /* of the aggregator, up to the last ack */
	uint64_t disk_bytes;                          /* database and log, after it ended */
	uint64_t backups;                             /* made from first send to last ack */
	struct backup_times backup;                   /* of one more, after that */
	struct asker_times asked[ASKER_SHAPES];       /* meanwhile */
	struct asker_times asked_quiet[ASKER_SHAPES]; /* when all was acknowledged */
	struct answers_result answered;               /* meanwhile */
	struct answers_result answered_quiet, answered_unchanged; /* 200, and 304 */
	struct answers_result answered_long;                      /* commune x day: 200 */
};

/** For measure(). -EPROTO when verify finds a difference, or a total is not what was sent. */
int province_run(const void *input, void *ret_result, struct err *err);
