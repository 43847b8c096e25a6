#include "ingest/group_commit.h"

#include "common/base/array.h"
#include "common/base/log.h"
#include "ingest/acks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 5u /* until the batches themselves are suspected: ten seconds */

static void on_held(void *context, uint32_t series, uint32_t observations, enum verdict verdict)
{
	struct group_commit *group = context;
	struct pending *pending = group->at_hand;
	if (group->n_held - pending->first_held >= WIRE_HELD_MAX) {
		pending->held_more += observations; /* an ack does not name more */
		return;
	}
	struct held *held = array_room(group->held, group->n_held, sizeof(*held));
	if (!held) {
		group->out_of_memory = true;
		return;
	}
	group->held = held;
	group->held[group->n_held++] = (struct held){ series, observations, verdict };
}

static int post_one(struct group_commit *group, struct pending *pending, struct err *err)
{
	group->at_hand = pending;
	pending->first_held = group->n_held;
	pending->held_more = 0;
	pending->held_up = false;
	int rc = ledger_post(group->ledger, &pending->form, on_held, group, &pending->posting,
			     &pending->upto, err);
	pending->n_held = group->n_held - pending->first_held;
	pending->work = ledger_work(group->ledger);
	if (rc < 0 || group->out_of_memory)
		return rc < 0 ? rc : err_memory(err);
	if (pending->posting != POSTING_BAD && pending->posting != POSTING_OVER)
		return 0;
	pending->over = ledger_over(group->ledger);
	free(pending->refusal);
	pending->refusal = strdup(err->text);
	return pending->refusal ? 0 : err_memory(err);
}

static int post_all(struct group_commit *group, struct batch_queue *batches, size_t from, size_t n,
		    struct err *err)
{
	int rc = 0;
	group->out_of_memory = false;
	for (size_t i = from; i < from + n && rc == 0; i++)
		rc = post_one(group, &batches->list[i], err);
	return rc;
}

/* --- a commit that failed, in parts --- */

/* Is there no room, or may nothing be written? No batch is to blame for that. */
static bool is_the_stores(int rc)
{
	return rc == -ENOSPC || rc == -EROFS || rc == -EBUSY;
}

/* So may these two be, as long as every batch meets them. */
static bool may_be_the_stores(int rc)
{
	return rc == -ENOMEM || rc == -EIO;
}

static int post_part(struct group_commit *group, struct batch_queue *batches, size_t from, size_t n,
		     struct err *err)
{
	size_t n_held = group->n_held;
	int rc = ledger_part_begin(group->ledger, err);
	if (rc < 0)
		return rc;
	rc = post_all(group, batches, from, n, err);
	if (rc == 0)
		rc = ledger_part_keep(group->ledger, err);
	if (rc == 0)
		return 0;
	/* As if the part had not been. */
	struct err why;
	int undone = ledger_part_undo(group->ledger, &why);
	group->n_held = n_held;
	return undone < 0 && !is_the_stores(rc) ? err_set(err, undone, "%s", why.text) : rc;
}

/* I5, I11: one that cannot be taken, whatever the others do: @err says why. Into the journal with
 * it, and its figures into quarantine, when it is what the store has of its day that cannot
 * be read; if that is no help either its office keeps it. */
static int post_failed(struct group_commit *group, struct batch_queue *batches, size_t at, int rc,
		       struct err *err)
{
	struct pending *pending = &batches->list[at];
	struct err why;
	free(pending->refusal);
	pending->refusal = strdup(err->text);
	if (!pending->refusal)
		return err_memory(err);
	if (rc == -EUCLEAN || rc == -EBADMSG) {
		char *cause = pending->refusal;
		pending->refusal = NULL; /* posting may want to set it */
		pending->form.hold = VERDICT_DAMAGED;
		rc = post_part(group, batches, at, 1, &why);
		pending->form.hold = VERDICT_OK;
		free(pending->refusal);
		pending->refusal = cause;
		pending->held_up = rc == 0;
		log_debug("group_commit: alone + its day cannot be read -> %s",
			  rc == 0 ? "journaled, and held as a whole" : why.text);
		if (rc == 0 || is_the_stores(rc))
			return rc < 0 ? err_set(err, rc, "%s", why.text) : 0;
	}
	if (may_be_the_stores(rc)) {
		group->n_failed++;
		group->failed_rc = rc;
	}
	pending->posting = POSTING_LATER;
	log_debug("group_commit: alone + failed -> left to its office seq=%" PRIu64,
		  pending->form.seq);
	return 0;
}

/* I11: its halves, when a part fails: the batch that it was is found in as many steps as its number
 * has digits, and all others are taken. */
static int post_parts(struct group_commit *group, struct batch_queue *batches, size_t from,
		      size_t n, struct err *err)
{
	int rc = post_part(group, batches, from, n, err);
	if (rc == 0 || is_the_stores(rc))
		return rc;
	log_debug("group_commit: part from=%zu n=%zu + failed -> %s cause=\"%s\"", from, n,
		  n == 1 ? "alone" : "halves", err->text);
	if (n == 1)
		return post_failed(group, batches, from, rc, err);
	rc = post_parts(group, batches, from, n / 2, err);
	return rc < 0 ? rc : post_parts(group, batches, from + n / 2, n - n / 2, err);
}

/* No batch got through for want of memory or of a disk that reads: it is the machine. When that
 * lasts, it may be the batches all the same (a sector that cannot be read, say): then the commit
 * itself must show it, with something to write. */
static int judge_parts(struct group_commit *group, sqlite3 *db, const struct batch_queue *batches,
		       struct err *err)
{
	size_t n_posted = 0; /* what is refused, or was there, needs nothing of the machine */
	for (size_t i = 0; i < batches->n; i++)
		n_posted += batches->list[i].posting == POSTED;
	if (group->n_failed == 0 || n_posted > 0)
		return 0;
	if (group->tries < TRIES_MAX)
		return err_set(err, group->failed_rc, "%s", err_strerror(group->failed_rc));
	return db_exec(db, "UPDATE fact SET value = value WHERE name = 'reference_version'", err);
}

static int post(struct group_commit *group, sqlite3 *db, const struct reference *reference,
		struct batch_queue *batches, struct err *err)
{
	group->n_held = group->n_failed = 0;
	ledger_begin(group->ledger, reference);
	if (group->in_parts) {
		int rc = post_parts(group, batches, 0, batches->n, err);
		return rc < 0 ? rc : judge_parts(group, db, batches, err);
	}
	int rc = post_all(group, batches, 0, batches->n, err);
	return rc < 0 ? rc : ledger_finish(group->ledger, err);
}

int group_commit_post(struct group_commit *group, sqlite3 *db, const struct reference *reference,
		      struct batch_queue *batches, struct err *err)
{
	int rc = post(group, db, reference, batches, err);
	if (rc == 0)
		told_head_read(db, &group->head);
	return rc;
}

/* What the disk or the machine does may pass. Anything else is one of the batches', or what stands
 * in the store where it belongs. If parts fail as well, it is as with the disk. */
enum group_next group_commit_failed(struct group_commit *group, int rc)
{
	group->tries++;
	log_debug("group_commit: %s + failed -> %s tries=%u code=%d",
		  group->in_parts ? "in parts" : "whole",
		  is_the_stores(rc) || may_be_the_stores(rc) || group->in_parts ? "waits" : "parts",
		  group->tries, rc);
	if (!group->in_parts && !is_the_stores(rc) && !may_be_the_stores(rc)) {
		group->in_parts = true;
		return GROUP_IN_PARTS;
	}
	group->in_parts |= !is_the_stores(rc);
	return GROUP_WAIT;
}

void group_commit_succeeded(struct group_commit *group)
{
	group->in_parts = false;
	group->tries = 0;
}

void group_commit_free(struct group_commit *group)
{
	free(group->held);
}
