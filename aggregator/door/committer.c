#include "committer.h"
#include "acks.h"
#include "batch_queue.h"
#include "civil.h"
#include "container.h"
#include "ledger.h"
#include "log.h"
#include "log_limit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COMMIT_BATCHES_MAX 4096u /* all that 200 offices may have under way: 16 each, and more */
#define RETRY_MS           2000u /* after the disk failed */
#define SLOW_DOWN_MS       1000u /* what agents are asked to wait when the queue is half full */

struct committer {
	struct store *store; /* outlives us, as roster and gate do */
	const struct roster *roster;
	struct meters *meters;
	struct gate *gate;
	struct edition *edition;
	struct ledger *ledger;      /* owned; used on the writer's thread alone while in_flight */
	struct store_job job;       /* the commit; one in flight at most */
	struct batch_queue waiting; /* for the next commit */
	struct batch_queue taken;   /* by this one; stays until it succeeded */
	struct held *held;          /* owned [n_held]: of this commit */
	size_t n_held, held_room;
	struct committer_counters counters;
	struct log_limit said_refused;
	uv_timer_t retry;
	bool in_flight, out_of_memory, stopping, retry_open;
	void (*on_change)(void *context);
	void *context;
};

static void on_held(void *context, uint32_t series, uint32_t observations, enum verdict verdict)
{
	struct committer *committer = context;
	if (committer->n_held == committer->held_room) {
		size_t room = committer->held_room ? committer->held_room * 2 : 64;
		struct held *held = realloc(committer->held, room * sizeof(*held));
		if (!held) {
			committer->out_of_memory = true;
			return;
		}
		committer->held = held;
		committer->held_room = room;
	}
	committer->held[committer->n_held++] = (struct held){ series, observations, verdict };
}

static int post_one(struct committer *committer, struct pending *pending, struct err *err)
{
	pending->first_held = committer->n_held;
	int rc = ledger_post(committer->ledger, &pending->form, on_held, committer,
			     &pending->posting, &pending->upto, err);
	pending->n_held = committer->n_held - pending->first_held;
	if (rc < 0 || committer->out_of_memory)
		return rc < 0 ? rc : err_memory(err);
	if (pending->posting != POSTING_BAD)
		return 0;
	free(pending->refusal);
	pending->refusal = strdup(err->text);
	return pending->refusal ? 0 : err_memory(err);
}

static int commit_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	struct committer *committer = container_of(job, struct committer, job);
	(void)db;
	committer->n_held = 0;
	ledger_begin(committer->ledger, reference);
	int rc = 0;
	for (size_t i = 0; i < committer->taken.n && rc == 0; i++)
		rc = post_one(committer, &committer->taken.list[i], err);
	return rc < 0 ? rc : ledger_finish(committer->ledger, err);
}

static void commit_start(struct committer *committer);

/* One line a minute: an office could fill the disk otherwise. */
static void say_refused(struct committer *committer, const struct pending *pending,
			const char *cause)
{
	uint64_t not_logged;
	const struct roster_key *key = roster_by_id(committer->roster, pending->peer.key_id);
	if (log_limit_pass(&committer->said_refused, uv_now(committer->retry.loop), &not_logged))
		log_warn("committer: batch refused office=%s seq=%" PRIu64
			 " cause=\"%s\" not_logged=%" PRIu64,
			 key ? key->code : "unknown", pending->form.seq, cause, not_logged);
}

/* What each batch cost its office, and what its ack says therefore. */
static void meter_commit(struct committer *committer)
{
	uint64_t now_ms = uv_now(committer->retry.loop);
	for (size_t i = 0; i < committer->taken.n; i++) {
		struct pending *pending = &committer->taken.list[i];
		int64_t office = pending->form.office;
		if (pending->posting != POSTED && pending->posting != POSTED_BEFORE)
			meters_spend(committer->meters, office, LIMIT_REFUSED, 1, now_ms);
		pending->slow_down_ms = (uint32_t)meters_wait_ms(committer->meters, office,
								 LIMIT_BYTES, 50, now_ms);
	}
}

static void count_commit(struct committer *committer)
{
	struct committer_counters *counters = &committer->counters;
	counters->commits++;
	counters->last_commit_us = civil_now_us();
	counters->observations = ledger_observations(committer->ledger);
	for (size_t i = 0; i < committer->taken.n; i++) {
		const struct pending *pending = &committer->taken.list[i];
		counters->batches += pending->posting == POSTED;
		counters->duplicates += pending->posting == POSTED_BEFORE;
		counters->gaps +=
			pending->posting == POSTING_GAP || pending->posting == POSTING_PARTED;
		counters->malformed += pending->posting == POSTING_BAD;
		if (pending->posting == POSTING_BAD)
			say_refused(committer, pending, pending->refusal);
		else if (pending->posting == POSTING_PARTED)
			say_refused(committer, pending, "its spool came from an older copy");
	}
	for (size_t i = 0; i < committer->n_held; i++)
		counters->held += committer->held[i].observations;
}

static void on_retry(uv_timer_t *timer)
{
	struct committer *committer = container_of(timer, struct committer, retry);
	commit_start(committer);
}

/* The disk may recover: keep the batches and try again. What else can fail would fail again: the
 * offices send it once more. */
static void commit_failed(struct committer *committer, int rc, const struct err *err)
{
	bool disk = rc == -ENOSPC || rc == -EIO || rc == -EBUSY || rc == -EROFS;
	committer->counters.failed_commits++;
	if (committer->counters.failing != rc)
		log_error("committer: commit failed batches=%zu cause=\"%s\" %s",
			  committer->taken.n, err->text,
			  disk ? "next=\"taking nothing more, trying again\""
			       : "next=\"waiting for the offices to resend\"");
	if (!committer->counters.failing)
		committer->counters.failing_since_us = civil_now_us();
	committer->counters.failing = disk ? rc : 0;
	if (!disk)
		batch_queue_clear(&committer->taken);
	if (disk && !committer->stopping)
		(void)uv_timer_start(&committer->retry, on_retry, RETRY_MS,
				     0); /* fails only without a callback */
}

static void commit_done(struct store_job *job, int rc, const struct err *err)
{
	struct committer *committer = container_of(job, struct committer, job);
	committer->in_flight = false;
	if (rc < 0) {
		ledger_forget(
			committer->ledger); /* nothing of ours is on the writer's thread now */
		commit_failed(committer, rc, err);
	} else {
		if (committer->counters.failing)
			log_info("committer: commits succeed again");
		committer->counters.failing = 0;
		count_commit(committer);
		meter_commit(committer);
		struct ack_news news = {
			.slow_down_ms =
				committer->waiting.bytes > QUEUE_BYTES_MAX / 2 ? SLOW_DOWN_MS : 0,
			.catalogue_version = edition_version(committer->edition),
		};
		acks_send(committer->gate, &committer->taken, committer->held, &news);
		batch_queue_clear(&committer->taken);
	}
	commit_start(committer);
	committer->on_change(committer->context);
}

static void commit_start(struct committer *committer)
{
	if (committer->in_flight || committer->stopping ||
	    uv_is_active((uv_handle_t *)&committer->retry))
		return;
	if (committer->taken.n == 0) { /* otherwise: a retry of what is there */
		if (committer->waiting.n == 0)
			return;
		batch_queue_take(&committer->waiting, &committer->taken, COMMIT_BATCHES_MAX);
		for (size_t i = 0; i < committer->taken.n; i++)
			meters_leave(committer->meters, committer->taken.list[i].form.office,
				     LIMIT_WAITING);
	}
	committer->in_flight = true;
	committer->out_of_memory = false;
	committer->job = (struct store_job){ .run = commit_run, .done = commit_done };
	store_write(committer->store, &committer->job);
}

bool committer_add(struct committer *committer, const struct gate_peer *peer, int64_t office,
		   const Lantoa__V1__Batch *batch, enum limit *ret_limit)
{
	uint64_t now_ms = uv_now(committer->retry.loop);
	if (!meters_open_to(committer->meters, office, LIMIT_REFUSED, now_ms)) {
		*ret_limit = LIMIT_REFUSED;
		return false;
	}
	if (!meters_enter(committer->meters, office, LIMIT_WAITING, now_ms)) {
		*ret_limit = LIMIT_WAITING;
		return false;
	}
	struct pending *pending =
		batch_queue_add(&committer->waiting, batch->payload.data, batch->payload.len);
	if (!pending) {
		meters_leave(committer->meters, office, LIMIT_WAITING);
		return true;
	}
	pending->peer = *peer;
	pending->form.office = office;
	pending->form.spool_id = batch->spool_id;
	pending->form.seq = batch->seq;
	pending->form.received_us = civil_now_us();
	pending->form.before_told = batch->before_digest.len == WIRE_DIGEST_LEN;
	if (pending->form.before_told)
		memcpy(pending->form.before, batch->before_digest.data, WIRE_DIGEST_LEN);
	commit_start(committer);
	return true;
}

bool committer_wants_more(const struct committer *committer)
{
	return !committer->stopping && !committer->counters.failing &&
	       !batch_queue_full(&committer->waiting);
}

const struct committer_counters *committer_counters(const struct committer *committer)
{
	return &committer->counters;
}

/* --- life --- */

int committer_open(uv_loop_t *loop, struct store *store, const struct roster *roster,
		   struct meters *meters, void (*on_change)(void *context), void *context,
		   struct committer **ret_committer, struct err *err)
{
	struct committer *committer = calloc(1, sizeof(*committer));
	if (!committer)
		return err_memory(err);
	committer->store = store;
	committer->roster = roster;
	committer->meters = meters;
	committer->on_change = on_change;
	committer->context = context;
	committer->ledger = ledger_open(store_writer(store), err);
	int rc = committer->ledger ? uv_timer_init(loop, &committer->retry) : err->code;
	if (rc < 0) {
		committer_close(committer);
		return rc;
	}
	committer->retry_open = true;
	*ret_committer = committer;
	return 0;
}

void committer_serve(struct committer *committer, struct gate *gate, struct edition *edition)
{
	committer->gate = gate;
	committer->edition = edition;
}

static void on_retry_closed(uv_handle_t *handle)
{
	struct committer *committer = container_of((uv_timer_t *)handle, struct committer, retry);
	committer->retry_open = false;
	committer->on_change(committer->context);
}

void committer_stop(struct committer *committer)
{
	committer->stopping = true;
	uv_close((uv_handle_t *)&committer->retry, on_retry_closed);
}

bool committer_is_idle(const struct committer *committer)
{
	return !committer->in_flight && !committer->retry_open;
}

void committer_close(struct committer *committer)
{
	if (!committer)
		return;
	ledger_close(committer->ledger);
	batch_queue_free(&committer->waiting);
	batch_queue_free(&committer->taken);
	free(committer->held);
	free(committer);
}
