#include "uplink/ack_log.h"

#include "common/base/container.h"
#include "common/base/log.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX 256u

struct note { /* of a quarantine */
	uint64_t seq;
	uint32_t series, observations;
	char *reason; /* owned */
};

struct notes {
	struct note list[NOTES_MAX];
	size_t n;
};

static void notes_free(struct notes *notes)
{
	for (size_t i = 0; notes && i < notes->n; i++)
		free(notes->list[i].reason);
	free(notes);
}

static int work(struct task *task)
{
	struct receipts *receipts = container_of(task, struct receipts, task);
	const struct notes *notes = receipts->noting;
	int rc = receipts->releasing ? spool_waits(receipts->spool, receipts->waiting, &task->err)
				     : 0;
	if (rc == 0 && receipts->acking)
		rc = spool_acked(receipts->spool, receipts->acking_upto, receipts->acking_at_us,
				 &task->err);
	for (size_t i = 0; notes && i < notes->n && rc == 0; i++) {
		const struct note *note = &notes->list[i];
		rc = spool_quarantined(receipts->spool, note->seq, note->series, note->observations,
				       note->reason, &task->err);
	}
	return rc;
}

/* Those that could not be noted wait with the newer ones. Noted twice is noted once. */
static void put_back(struct receipts *receipts)
{
	struct notes *notes = receipts->notes, *noting = receipts->noting;
	receipts->noting = NULL;
	if (!notes) {
		receipts->notes = noting;
		return;
	}
	while (noting && noting->n > 0 && notes->n < NOTES_MAX)
		notes->list[notes->n++] = noting->list[--noting->n];
	notes_free(noting);
}

static void done(struct task *task)
{
	struct receipts *receipts = container_of(task, struct receipts, task);
	if (task->rc < 0) {
		log_error("uplink: cannot note an ack, will try again cause=\"%s\"",
			  task->err.text);
		put_back(receipts);
	}
	notes_free(receipts->noting);
	receipts->noting = NULL;
	(void)malloc_trim(0); /* a batch is through: hand back what it took */
	receipts->on_noted(receipts->context, task->rc);
	if (task->rc == 0 || receipts->ack_due)
		receipts_flush(receipts);
}

void receipts_flush(struct receipts *receipts)
{
	if (receipts->task.busy ||
	    (!receipts->ack_due && !receipts->release_due && !receipts->notes))
		return;
	receipts->releasing = receipts->release_due;
	receipts->waiting = receipts->waits;
	receipts->release_due = false; /* when it fails, the next Welcome says so again */
	receipts->acking = receipts->ack_due;
	receipts->acking_upto = receipts->upto;
	receipts->acking_at_us = receipts->at_us;
	receipts->ack_due = false;
	receipts->noting = receipts->notes;
	receipts->notes = NULL;
	task_start(&receipts->task, receipts->group, work, done);
}

void receipts_ack(struct receipts *receipts, uint64_t upto, int64_t at_us)
{
	receipts->ack_due = true;
	receipts->upto = upto;
	receipts->at_us = at_us;
	receipts_flush(receipts);
}

void receipts_wait(struct receipts *receipts, uint64_t waits)
{
	if (waits == 0) { /* else they are noted: too few are taken for released then */
		notes_free(receipts->notes); /* told before */
		receipts->notes = NULL;
	}
	receipts->release_due = true;
	receipts->waits = waits;
	receipts_flush(receipts);
}

void receipts_note(struct receipts *receipts, uint64_t seq, const Lantoa__V1__Quarantined *held)
{
	if (!receipts->notes)
		receipts->notes = calloc(1, sizeof(*receipts->notes));
	struct notes *notes = receipts->notes;
	char *reason = strdup(held->reason);
	if (!notes || !reason || notes->n == NOTES_MAX) {
		free(reason);
		return;
	}
	notes->list[notes->n++] = (struct note){ .seq = seq,
						 .series = held->series,
						 .observations = held->observations,
						 .reason = reason };
}

void receipts_forget(struct receipts *receipts)
{
	receipts->ack_due = receipts->release_due = false;
	notes_free(receipts->notes);
	receipts->notes = NULL;
}

void receipts_free(struct receipts *receipts)
{
	notes_free(receipts->notes);
	notes_free(receipts->noting);
}
