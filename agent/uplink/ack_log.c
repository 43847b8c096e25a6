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
	struct ack_log *ack_log = container_of(task, struct ack_log, task);
	const struct notes *notes = ack_log->noting;
	struct err ignored; /* no ack waits for a head: the next ack tells another */
	for (size_t i = 0; i < ack_log->n_hearing; i++)
		(void)spool_hear_head(ack_log->spool, &ack_log->hearing[i], &ignored);
	int rc = ack_log->releasing ? spool_waits(ack_log->spool, ack_log->waiting, &task->err) : 0;
	if (rc == 0 && ack_log->acking)
		rc = spool_acked(ack_log->spool, ack_log->acking_upto, ack_log->acking_at_us,
				 &task->err);
	for (size_t i = 0; notes && i < notes->n && rc == 0; i++) {
		const struct note *note = &notes->list[i];
		rc = spool_quarantined(ack_log->spool, note->seq, note->series, note->observations,
				       note->reason, &task->err);
	}
	return rc;
}

/* Those that could not be noted wait with the newer ones. Noted twice is noted once. */
static void put_back(struct ack_log *ack_log)
{
	struct notes *notes = ack_log->notes, *noting = ack_log->noting;
	ack_log->noting = NULL;
	if (!notes) {
		ack_log->notes = noting;
		return;
	}
	while (noting && noting->n > 0 && notes->n < NOTES_MAX)
		notes->list[notes->n++] = noting->list[--noting->n];
	notes_free(noting);
}

static void done(struct task *task)
{
	struct ack_log *ack_log = container_of(task, struct ack_log, task);
	if (task->rc < 0) {
		log_error("uplink: cannot note an ack, will try again cause=\"%s\"",
			  task->err.text);
		put_back(ack_log);
	}
	notes_free(ack_log->noting);
	ack_log->noting = NULL;
	(void)malloc_trim(0); /* a batch is through: hand back what it took */
	ack_log->on_noted(ack_log->context, task->rc);
	if (task->rc == 0 || ack_log->ack_due)
		ack_log_flush(ack_log);
}

static bool is_head_due(const struct ack_log *ack_log)
{
	return ack_log->n_heads == 2 || (ack_log->n_heads == 1 && !ack_log->heard);
}

void ack_log_flush(struct ack_log *ack_log)
{
	if (ack_log->task.busy || (!ack_log->ack_due && !ack_log->release_due && !ack_log->notes &&
				   !is_head_due(ack_log)))
		return;
	ack_log->releasing = ack_log->release_due;
	ack_log->waiting = ack_log->waits;
	ack_log->release_due = false; /* when it fails, the next Welcome says so again */
	ack_log->acking = ack_log->ack_due;
	ack_log->acking_upto = ack_log->upto;
	ack_log->acking_at_us = ack_log->at_us;
	ack_log->ack_due = false;
	ack_log->noting = ack_log->notes;
	ack_log->notes = NULL;
	memcpy(ack_log->hearing, ack_log->heads, sizeof(ack_log->hearing));
	ack_log->n_hearing = ack_log->n_heads;
	if (ack_log->n_heads > 0) { /* what follows it replaces it */
		ack_log->heads[0] = ack_log->heads[ack_log->n_heads - 1];
		ack_log->n_heads = 1;
		ack_log->heard = true;
	}
	task_start(&ack_log->task, ack_log->group, work, done);
}

void ack_log_acked(struct ack_log *ack_log, uint64_t upto, int64_t at_us)
{
	ack_log->ack_due = true;
	ack_log->upto = upto;
	ack_log->at_us = at_us;
	ack_log_flush(ack_log);
}

void ack_log_held(struct ack_log *ack_log, uint64_t waits)
{
	if (waits == 0) { /* else they are noted: too few are taken for released then */
		notes_free(ack_log->notes); /* told before */
		ack_log->notes = NULL;
	}
	ack_log->release_due = true;
	ack_log->waits = waits;
	ack_log_flush(ack_log);
}

void ack_log_quarantined(struct ack_log *ack_log, uint64_t seq, const Lantoa__V1__Quarantined *held)
{
	if (!ack_log->notes)
		ack_log->notes = calloc(1, sizeof(*ack_log->notes));
	struct notes *notes = ack_log->notes;
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

void ack_log_head(struct ack_log *ack_log, const struct spool_head *head)
{
	size_t n = ack_log->n_heads;
	if (n > 0 && spool_head_follows(&ack_log->heads[n - 1], head)) {
		ack_log->heads[n - 1] = *head;
		return;
	}
	if (n == 2) { /* a disk that is busy for a day */
		ack_log->heads[0] = ack_log->heads[1];
		n = 1;
	}
	ack_log->heads[n] = *head;
	ack_log->n_heads = n + 1;
	ack_log_flush(ack_log);
}

void ack_log_forget(struct ack_log *ack_log)
{
	ack_log->ack_due = ack_log->release_due = false;
	notes_free(ack_log->notes);
	ack_log->notes = NULL;
}

void ack_log_free(struct ack_log *ack_log)
{
	notes_free(ack_log->notes);
	notes_free(ack_log->noting);
}
