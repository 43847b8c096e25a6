/* Where every way for figures to come in hands them over, inside the daemon: the API, the inbox,
 * the page, the sources. It judges entries by the province's catalogue, has the worker record them,
 * and tells the uplink. All calls on the loop thread. */
#pragma once

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/entry.h"
#include "common/sys/worker.h"
#include "record/comparison.h"
#include "record/validation.h"
#include "spool/spool.h"
#include "uplink/uplink.h"

#include <stdbool.h>
#include <stddef.h>

struct recorder;

struct recorder_config { /* all outlive the recorder */
	struct spool *spool;
	struct worker *worker;
	struct uplink *uplink; /* NULL in tests */
};

/** NULL: out of memory. */
struct recorder *recorder_open(const struct recorder_config *config);
/** Nothing handed in may be waiting any more. NULL is fine. */
void recorder_close(struct recorder *recorder);

/** Judge by @catalogue from now on; it is taken over. NULL is ignored. */
void recorder_catalogue_take(struct recorder *recorder, struct catalogue *catalogue);
/** The one in force; NULL before the province has sent one. Valid until the loop runs on; who needs
 * it for longer, in a job of the worker say, takes a share (catalogue_share()). */
struct catalogue *recorder_catalogue(const struct recorder *recorder);

struct recording { /* embed it; must stay in place until done() ran */
	void (*done)(struct recording *recording); /* on the loop; rc and err tell how it went */
	/* 0: durable, but for what found refuses, and then err has the sentence about the first of
	 * that; else as spool_record(): then nothing of it was recorded */
	int rc;
	struct err err;
	enum validation_past past; /* whether it is compared with what was reported before */
	struct comparison found;   /* done() frees it */
	struct job job;            /* from here on the recorder's */
	struct recorder *recorder;
	struct observation *list;    /* owned [n] */
	struct arena *texts;         /* owned: labels of the list */
	struct catalogue *catalogue; /* owned share */
	size_t n;
	bool coarse;
};

/**
 * Judge @entries[@n], then record them, all or none. The texts must live until done().
 *
 * @recording  done is set, past, and job.language, in which err is to be
 *
 * Returns 0: done() will run. On error it does not, and nothing happened: -EINVAL as entry_judge(),
 * "observation N: " before it when there are several, and as hand_in_check(); -EAGAIN without a
 * catalogue; -ENOMEM.
 */
int recorder_submit(struct recorder *recorder, struct recording *recording,
		    const struct entry entries[], size_t n, struct err *err);

/** For a job of one's own on the worker, which may call spool_record() itself: whoever recorded so
 * tells it afterwards. @coarse: see uplink_recorded(). */
struct spool *recorder_spool(const struct recorder *recorder);
/** What time it is, judged (agent/clock/clock.h): for what is due, for periods. */
struct clock *recorder_clock(const struct recorder *recorder);
struct worker *recorder_worker(const struct recorder *recorder);
void recorder_recorded(struct recorder *recorder, bool coarse);
