/* 1. Judge on the loop, where the catalogue lives.
 * 2. Record on the worker; the observations borrow the caller's texts, so a new catalogue may come
 *    meanwhile.
 * 3. Tell the uplink, then the caller, on the loop. */
#include "record/recorder.h"

#include "clock/clock.h"
#include "common/base/container.h"
#include "common/model/hand_in.h"

#include <errno.h>
#include <stdlib.h>

struct recorder {
	struct recorder_config config;
	struct catalogue *catalogue; /* owned share; NULL before there is one */
};

struct recorder *recorder_open(const struct recorder_config *config)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	if (recorder)
		recorder->config = *config;
	return recorder;
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	catalogue_close(recorder->catalogue);
	free(recorder);
}

void recorder_catalogue_take(struct recorder *recorder, struct catalogue *catalogue)
{
	if (!catalogue)
		return;
	catalogue_close(recorder->catalogue);
	recorder->catalogue = catalogue;
}

struct catalogue *recorder_catalogue(const struct recorder *recorder)
{
	return recorder->catalogue;
}

struct spool *recorder_spool(const struct recorder *recorder)
{
	return recorder->config.spool;
}

struct worker *recorder_worker(const struct recorder *recorder)
{
	return recorder->config.worker;
}

struct clock *recorder_clock(const struct recorder *recorder)
{
	return spool_clock(recorder->config.spool);
}

void recorder_recorded(struct recorder *recorder, bool coarse)
{
	if (recorder->config.uplink)
		uplink_recorded(recorder->config.uplink, coarse);
}

static int judge_all(const struct recorder *recorder, struct recording *recording,
		     const struct entry entries[], size_t n, struct err *err)
{
	int64_t now_us = clock_latest_us(recorder_clock(recorder));
	size_t nth = 0;
	int rc = hand_in_judge(recorder->catalogue, entries, n, now_us, recording->texts,
			       recording->list, &nth, err);
	if (rc < 0)
		return nth > 0 && n > 1 ? err_wrap(err, "observation %zu", nth) : rc;
	recording->coarse = false;
	for (size_t i = 0; i < n; i++)
		recording->coarse |= entry_coarse(&recording->list[i]);
	return 0;
}

static void forget(struct recording *recording)
{
	free(recording->list);
	recording->list = NULL;
	arena_close(recording->texts);
	recording->texts = NULL;
}

/* About the first of them, and what became of the others. */
static void refused_say(struct recording *recording)
{
	const struct comparison_breach *first = comparison_first_refused(&recording->found);
	const char *metric = recording->list[first->nth].metric;
	size_t n = recording->n - recording->found.n_refused;
	if (n > 0)
		(void)err_set(&recording->err, -EINVAL,
			      "%s: %s (%zu figures are not recorded, the other %zu are)", metric,
			      first->text, recording->found.n_refused, n);
	else
		(void)err_set(&recording->err, -EINVAL, "%s: %s", metric, first->text);
	if (recording->n > 1)
		err_wrap(&recording->err, "observation %zu", first->nth + 1);
}

static void work_record(struct job *job)
{
	struct recording *recording = container_of(job, struct recording, job);
	struct spool *spool = recording->recorder->config.spool;
	recording->rc = validation_make(spool, recording->catalogue, recording->list, recording->n,
					recording->past, '.', &recording->found, &recording->err);
	if (recording->rc == 0)
		recording->rc = validation_record(spool, recording->list, recording->n,
						  &recording->found, &recording->err); /* I1 */
	if (recording->rc == 0 && recording->found.n_refused > 0)
		refused_say(recording);
}

static void done_record(struct job *job)
{
	struct recording *recording = container_of(job, struct recording, job);
	forget(recording);
	catalogue_close(recording->catalogue);
	recording->catalogue = NULL;
	if (recording->rc == 0 && recording->n > recording->found.n_refused)
		recorder_recorded(recording->recorder, recording->coarse);
	recording->done(recording);
}

int recorder_submit(struct recorder *recorder, struct recording *recording,
		    const struct entry entries[], size_t n, struct err *err)
{
	if (!recorder->catalogue)
		return err_set(err, -EAGAIN,
			       "the province has not sent its catalogue yet; try again when "
			       "'lantoa-agent status' says connected");
	recording->list = calloc(n + 1, sizeof(*recording->list));
	recording->texts = arena_open(hand_in_texts_max(n));
	int rc = recording->list && recording->texts
			 ? judge_all(recorder, recording, entries, n, err)
			 : err_memory(err);
	if (rc < 0) {
		forget(recording);
		return rc;
	}
	recording->recorder = recorder;
	recording->catalogue = catalogue_share(recorder->catalogue);
	recording->found = (struct comparison){ 0 };
	recording->n = n;
	recording->rc = 0;
	recording->job = (struct job){ .work = work_record,
				       .done = done_record,
				       .language = recording->job.language };
	worker_submit(recorder->config.worker, &recording->job);
	return 0;
}
