#include "ingest/committer.h"
#include "common/base/container.h"
#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/model/civil.h"
#include "ingest/acks.h"
#include "ingest/batch_queue.h"
#include "ingest/group_commit.h"
#include "journal/journal_clock.h"
#include "ledger/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COMMIT_BATCHES_MAX 4096u /* all that 200 offices may have under way: 16 each, and more */
#define RETRY_MS           2000u /* after the disk failed */
#define SLOW_DOWN_MS       1000u /* what agents are asked to wait when the queue is half full */

struct committer {
	struct store *store; /* outlives us, as key list and gate do */
	const struct key_list *key_list;
	struct meters *meters;
	struct gate *gate;
	struct catalogue_watch *catalogue_watch;
	struct standing_watch *standing_watch;
	struct ledger *ledger;      /* owned; used on the writer's thread alone while in_flight */
	struct store_job job;       /* the commit; one in flight at most */
	struct batch_queue waiting; /* for the next commit */
	struct batch_queue taken;   /* by this one; stays until it succeeded */
	struct group_commit group;  /* what is done with them */
	struct journal_clock clock; /* by which they are received */
	struct told_head head;
	struct committer_counters counters;
	struct log_limit said_refused, said_parts, said_held_up, said_mended;
	uv_timer_t retry;
	struct committer_act *acts; /* that wait: a list of others' */
	bool acted;                 /* one was the last that the writer did */
	uint64_t begun_ns;          /* when the commit in flight was handed to the writer */
	bool in_flight, stopping, retry_open;
	void (*on_change)(void *context);
	void *context;
};

static int commit_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	struct committer *committer = container_of(job, struct committer, job);
	return group_commit_post(&committer->group, db, reference, &committer->taken, err);
}

static void commit_start(struct committer *committer);

static const char *code_of(const struct committer *committer, const struct pending *pending)
{
	const struct listed_key *key = key_list_by_id(committer->key_list, pending->peer.key_id);
	return key ? key->code : "unknown";
}

/* One line a minute: an office could fill the disk otherwise. */
static void say_refused(struct committer *committer, const struct pending *pending,
			const char *cause)
{
	uint64_t not_logged;
	if (log_limit_pass(&committer->said_refused, uv_now(committer->retry.loop), &not_logged))
		log_warn("committer: batch refused office=%s seq=%" PRIu64
			 " cause=\"%s\" not_logged=%" PRIu64,
			 code_of(committer, pending), pending->form.seq, cause, not_logged);
}

/* Taken, and held as a whole. */
static void say_held_up(struct committer *committer, const struct pending *pending)
{
	uint64_t not_logged;
	if (log_limit_pass(&committer->said_held_up, uv_now(committer->retry.loop), &not_logged))
		log_error("committer: figures held, the journal of their day cannot be read "
			  "office=%s seq=%" PRIu64 " cause=\"%s\" not_logged=%" PRIu64,
			  code_of(committer, pending), pending->form.seq, pending->refusal,
			  not_logged);
}

static void note_outcome(struct committer *committer, const struct pending *pending, int64_t now_us)
{
	struct refusals *refusals = &committer->counters.refusals;
	bool later = pending->posting == POSTING_LATER || pending->posting == POSTING_OVER;
	if (later || pending->posting == POSTING_BAD) {
		say_refused(committer, pending, pending->refusal);
		refusals_note(refusals, pending->form.office, code_of(committer, pending), later,
			      pending->refusal, now_us);
	} else if (pending->posting == POSTING_PARTED) {
		say_refused(committer, pending, "its spool came from an older copy");
	} else if (pending->posting == POSTED) {
		refusals_settle(refusals, pending->form.office);
	}
	if (pending->held_up)
		say_held_up(committer, pending);
}

/* What each batch cost its office, and what its ack says therefore. */
static void meter_commit(struct committer *committer)
{
	uint64_t now_ms = uv_now(committer->retry.loop);
	for (size_t i = 0; i < committer->taken.n; i++) {
		struct pending *pending = &committer->taken.list[i];
		int64_t office = pending->form.office;
		if (pending->posting == POSTING_OVER)
			meters_hit(committer->meters, office, pending->over, now_ms);
		if (pending->posting != POSTED && pending->posting != POSTED_BEFORE &&
		    pending->posting != POSTING_NEXT &&
		    pending->posting != POSTING_LATER) /* which is our lack, not the office's */
			meters_spend(committer->meters, office, LIMIT_REFUSED, 1, now_ms);
		meters_spend(committer->meters, office, LIMIT_WORK, pending->work, now_ms);
		uint64_t bytes_ms =
				 meters_wait_ms(committer->meters, office, LIMIT_BYTES, 50, now_ms),
			 work_ms =
				 meters_wait_ms(committer->meters, office, LIMIT_WORK, 50, now_ms);
		pending->slow_down_ms = (uint32_t)(bytes_ms > work_ms ? bytes_ms : work_ms);
	}
}

static void count_mended(struct committer *committer)
{
	struct committer_counters *counters = &committer->counters;
	const struct mended *mended = ledger_mended(committer->ledger);
	uint64_t before = counters->mended.n, not_logged;
	if (mended->n == 0)
		return;
	counters->mended = *mended;
	counters->mended.n += before;
	counters->mended_us = counters->last_commit_us;
	if (log_limit_pass(&committer->said_mended, uv_now(committer->retry.loop), &not_logged))
		log_error(
			"committer: damaged rollup pages, made anew from the journal pages=%" PRIu64
			" last=\"%s\" not_logged=%" PRIu64,
			mended->n, mended->where, not_logged);
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
		counters->later += pending->posting == POSTING_LATER;
		counters->held_up += pending->held_up;
		counters->held += pending->held_more;
		counters->over += pending->posting == POSTING_OVER;
		note_outcome(committer, pending, counters->last_commit_us);
	}
	count_mended(committer);
	for (size_t i = 0; i < committer->group.n_held; i++)
		counters->held += committer->group.held[i].observations;
}

static void on_retry(uv_timer_t *timer)
{
	struct committer *committer = container_of(timer, struct committer, retry);
	commit_start(committer);
}

/* I1, I11: nothing is acked; the same batches again, at once in parts or in a while. */
static void commit_failed(struct committer *committer, int rc, const struct err *err)
{
	struct committer_counters *counters = &committer->counters;
	uint64_t not_logged;
	counters->failed_commits++;
	log_debug("committer: committing + failed -> again batches=%zu code=%d cause=\"%s\"",
		  committer->taken.n, rc, err->text);
	if (group_commit_failed(&committer->group, rc) == GROUP_IN_PARTS) {
		if (log_limit_pass(&committer->said_parts, uv_now(committer->retry.loop),
				   &not_logged))
			log_warn("committer: commit failed, its batches are tried in parts "
				 "batches=%zu cause=\"%s\" not_logged=%" PRIu64,
				 committer->taken.n, err->text, not_logged);
		return;
	}
	if (counters->failing != rc)
		log_error("committer: commit failed batches=%zu cause=\"%s\" "
			  "next=\"taking nothing more, trying again\"",
			  committer->taken.n, err->text);
	if (!counters->failing)
		counters->failing_since_us = civil_now_us();
	counters->failing = rc;
	if (!committer->stopping)
		(void)uv_timer_start(&committer->retry, on_retry, RETRY_MS,
				     0); /* fails only without a callback */
}

/* Its office had its share of this commit. At the limit the office sends it again. */
static bool waits_again(void *context, const struct pending *pending)
{
	struct committer *committer = context;
	return meters_enter(committer->meters, pending->form.office, LIMIT_WAITING,
			    uv_now(committer->retry.loop));
}

/* Of those that were acked; the others are told to come again, or wait for the next commit. */
static void time_acks(struct committer *committer)
{
	uint64_t now_ns = uv_hrtime();
	for (size_t i = 0; i < committer->taken.n; i++) {
		const struct pending *pending = &committer->taken.list[i];
		if (pending->posting == POSTED || pending->posting == POSTED_BEFORE)
			histogram_add(&committer->counters.ack_took,
				      (now_ns - pending->taken_ns) / 1000);
	}
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
		group_commit_succeeded(&committer->group);
		told_head_raise(&committer->head, &committer->group.head);
		count_commit(committer);
		meter_commit(committer);
		struct ack_news news = {
			.slow_down_ms =
				committer->waiting.bytes > QUEUE_BYTES_MAX / 2 ? SLOW_DOWN_MS : 0,
			.catalogue_version = catalogue_watch_version(committer->catalogue_watch),
			.edition_version =
				catalogue_watch_edition(committer->catalogue_watch)->version,
			.head = &committer->head,
			.standing_watch = committer->standing_watch,
		};
		histogram_add(&committer->counters.commit_took,
			      (uv_hrtime() - committer->begun_ns) / 1000);
		/* I1: the commit is on the disk */
		acks_send(committer->gate, &committer->taken, committer->group.held, &news);
		time_acks(committer);
		size_t n = committer->waiting.n;
		batch_queue_put_back(&committer->taken, &committer->waiting, waits_again,
				     committer);
		log_debug("committer: committing + done -> idle batches=%zu held=%zu put_back=%zu"
			  " slow_down_ms=%u",
			  committer->taken.n, committer->group.n_held, committer->waiting.n - n,
			  news.slow_down_ms);
		batch_queue_clear(&committer->taken);
	}
	commit_start(committer);
	committer->on_change(committer->context);
}

/* --- acts --- */

static int act_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		   struct err *err)
{
	struct committer_act *act = container_of(job, struct committer_act, job);
	struct ledger *ledger = act->committer->ledger;
	ledger_begin(ledger, reference);
	int rc = act->run(act, ledger, db, reference, err);
	if (rc == 0)
		told_head_read(db, &act->head);
	return rc;
}

static void act_done(struct store_job *job, int rc, const struct err *err)
{
	struct committer_act *act = container_of(job, struct committer_act, job);
	struct committer *committer = act->committer;
	committer->in_flight = false;
	committer->acted = true;
	if (rc < 0 || act->undone) {
		ledger_forget(committer->ledger);
	} else {
		told_head_raise(&committer->head, &act->head);
		committer->counters.observations = ledger_observations(committer->ledger);
		count_mended(committer);
	}
	act->done(act, rc, err); /* it may be gone now */
	commit_start(committer);
	committer->on_change(committer->context);
}

/* True: one is in flight now. */
static bool act_start(struct committer *committer)
{
	struct committer_act *act = committer->acts;
	if (!act)
		return false;
	committer->acts = act->next;
	committer->in_flight = true;
	act->job = (struct store_job){
		.run = act_run, .done = act_done, .language = act->language, .undone = act->undone
	};
	store_write(committer->store, &act->job);
	return true;
}

int committer_do(struct committer *committer, struct committer_act *act, struct err *err)
{
	if (committer->stopping)
		return err_set(err, -EAGAIN, "the aggregator is stopping");
	act->committer = committer;
	act->next = NULL;
	struct committer_act **end = &committer->acts;
	while (*end)
		end = &(*end)->next;
	*end = act;
	commit_start(committer);
	return 0;
}

/* --- commits --- */

static void commit_start(struct committer *committer)
{
	bool may = !committer->stopping && !uv_is_active((uv_handle_t *)&committer->retry);
	bool turn = may && committer->acted && (committer->taken.n > 0 || committer->waiting.n > 0);

	if (committer->in_flight || (!turn && act_start(committer)) || !may)
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
	committer->acted = false;
	committer->begun_ns = uv_hrtime();
	log_debug("committer: idle -> committing batches=%zu waiting=%zu bytes=%zu%s",
		  committer->taken.n, committer->waiting.n, committer->waiting.bytes,
		  committer->group.in_parts ? ", in parts" : "");
	ledger_limit(committer->ledger, meters_limits(committer->meters));
	committer->job = (struct store_job){ .run = commit_run, .done = commit_done };
	store_write(committer->store, &committer->job);
}

bool committer_add(struct committer *committer, const struct gate_peer *peer, int64_t office,
		   const Lantoa__V1__Batch *batch, zmq_msg_t *message, enum limit *ret_limit)
{
	uint64_t now_ms = uv_now(committer->retry.loop);
	if (!meters_open_to(committer->meters, office, LIMIT_REFUSED, now_ms)) {
		*ret_limit = LIMIT_REFUSED;
		return false;
	}
	if (!meters_open_to(committer->meters, office, LIMIT_WORK, now_ms)) {
		*ret_limit = LIMIT_WORK;
		return false;
	}
	if (!meters_enter(committer->meters, office, LIMIT_WAITING, now_ms)) {
		*ret_limit = LIMIT_WAITING;
		return false;
	}
	struct pending *pending = batch_queue_add(&committer->waiting, message, batch->payload.data,
						  batch->payload.len);
	if (!pending) {
		meters_leave(committer->meters, office, LIMIT_WAITING);
		return true;
	}
	pending->peer = *peer;
	pending->taken_ns = uv_hrtime();
	pending->form.office = office;
	pending->speaks_editions =
		agents_speak(committer->standing_watch->agents, office, WIRE_EDITIONS);
	pending->form.spool_id = batch->spool_id;
	pending->form.seq = batch->seq;
	pending->form.received_us = committer->clock.newest_us =
		journal_clock_now_us(&committer->clock);
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

void committer_note_refused(struct committer *committer, const struct listed_key *key,
			    const char *reason)
{
	refusals_note(&committer->counters.refusals, key->office, key->code, false, reason,
		      civil_now_us());
}

const struct journal_clock *committer_clock(const struct committer *committer)
{
	return &committer->clock;
}

struct told_head *committer_head(struct committer *committer)
{
	return &committer->head;
}

const struct committer_counters *committer_counters(const struct committer *committer)
{
	return &committer->counters;
}

/* --- life --- */

int committer_open(uv_loop_t *loop, struct store *store, const struct key_list *key_list,
		   struct meters *meters, void (*on_change)(void *context), void *context,
		   struct committer **ret_committer, struct err *err)
{
	struct committer *committer = calloc(1, sizeof(*committer));
	if (!committer)
		return err_memory(err);
	committer->store = store;
	committer->key_list = key_list;
	committer->meters = meters;
	committer->on_change = on_change;
	committer->context = context;
	committer->ledger = ledger_open(store_writer(store), err);
	committer->group.ledger = committer->ledger;
	int rc = committer->ledger ? journal_clock_open(store_writer(store), &committer->clock, err)
				   : err->code;
	if (rc == 0)
		told_head_open(&committer->head, store_writer(store));
	if (rc < 0) {
		committer_close(committer);
		return rc;
	}
	(void)uv_timer_init(loop,
			    &committer->retry); /* cannot fail; last, as the loop has it then */
	committer->retry_open = true;
	*ret_committer = committer;
	return 0;
}

void committer_serve(struct committer *committer, struct gate *gate,
		     struct catalogue_watch *catalogue_watch, struct standing_watch *standing_watch)
{
	committer->gate = gate;
	committer->catalogue_watch = catalogue_watch;
	committer->standing_watch = standing_watch;
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
	return !committer->in_flight && !committer->acts && !committer->retry_open;
}

void committer_close(struct committer *committer)
{
	if (!committer)
		return;
	ledger_close(committer->ledger);
	batch_queue_free(&committer->waiting);
	batch_queue_free(&committer->taken);
	group_commit_free(&committer->group);
	free(committer);
}
