/* A recorder with its worker and a spool in a folder of their own. One thread: whoever waits for
 * something turns the loop. */
#pragma once

#include "common/model/civil.h"
#include "record/recorder.h"
#include "support/scratch.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define NO_VALUE INT64_MIN

struct recorder_fixture {
	char folder[SCRATCH_MAX];
	uv_loop_t loop;
	struct spool *spool;
	struct worker *worker;
	struct recorder *recorder;
	struct err err;
};

static inline void recorder_fixture_teach(struct recorder_fixture *f, const char *csv)
{
	struct catalogue *catalogue;
	if (catalogue_read(csv, strlen(csv), &catalogue, &f->err) != 0)
		fail_msg("%s", f->err.text);
	recorder_catalogue_take(f->recorder, catalogue);
}

/* @csv is the catalogue; NULL: none has come yet. */
static void recorder_fixture_open(struct recorder_fixture *f, const char *csv)
{
	static const struct spool_limits limits = { .bytes_max = 16 << 20, .keep_days = 35 };
	char path[PATH_MAX];
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	scratch_make(true, f->folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", f->folder);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	if (spool_open(path, &limits, &f->spool, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
	f->worker = worker_open(&f->loop);
	struct recorder_config config = { .spool = f->spool, .worker = f->worker };
	f->recorder = recorder_open(&config);
	assert_true(f->worker && f->recorder);
	if (csv)
		recorder_fixture_teach(f, csv);
}

static void recorder_fixture_close(struct recorder_fixture *f)
{
	recorder_close(f->recorder);
	worker_close(f->worker);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	spool_close(f->spool);
	scratch_remove(f->folder);
}

/* What the spool has, or NO_VALUE. */
static int64_t recorder_fixture_value(struct recorder_fixture *f, const char *metric,
				      const char *labels, struct period period)
{
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	int rc = spool_current(f->spool, metric, labels, period, &value_e, &decimals, &withdrawn,
			       &f->err);
	return rc == 0 ? value_e : NO_VALUE;
}
