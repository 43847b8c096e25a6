#include "intake.h"
#include "civil.h"
#include "container.h"
#include "ledger.h"
#include "log.h"
#include "roster_feed.h"
#include "wire.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HELD_PER_ACK 64u
#define QUESTIONS_MAX                                                                              \
	1024u /* hellos and enrolments being answered; the office asks again after its timeout */
#define RETRY_MS     2000u /* after the disk failed */
#define SLOW_DOWN_MS 1000u /* what agents are asked to wait when the queue is half full */

struct pending { /* a batch on its way through one commit */
	struct gate_peer peer;
	struct entry_form form;
	uint8_t *payload; /* owned */
	enum posting posting;
	uint64_t upto;
	char *refusal; /* owned; of POSTING_BAD */
	size_t first_held, n_held;
};

struct held {
	uint32_t series, observations;
	enum verdict verdict;
};

struct queue {
	struct pending *list; /* owned [n] */
	size_t n, room, bytes;
};

struct commit { /* one in flight at most; its queue stays until it succeeded */
	struct store_job job;
	struct queue queue;
	struct held *held; /* owned [n_held] */
	size_t n_held, held_room;
	bool in_flight, out_of_memory;
};

struct intake {
	uv_loop_t *loop;
	struct store *store;
	struct roster *roster;
	struct gate *gate;
	const char *zone;
	struct arena *arena;   /* of the frame at hand */
	struct ledger *ledger; /* used on the writer's thread alone, once opened */
	struct queue queue;
	struct commit commit;
	struct intake_counters counters;
	uv_timer_t retry;
	int last_failure; /* code that was logged; 0: the last commit went well */
	unsigned questions;
	bool paused, stopping, retry_closed;
	void (*on_idle)(void *context);
	void *idle_context;
};

/* --- the queue --- */

static void queue_clear(struct queue *queue)
{
	for (size_t i = 0; i < queue->n; i++) {
		free(queue->list[i].payload);
		free(queue->list[i].refusal);
	}
	queue->n = queue->bytes = 0;
}

static struct pending *queue_add(struct queue *queue, const uint8_t *payload, size_t len)
{
	if (queue->n == queue->room) {
		size_t room = queue->room ? queue->room * 2 : 64;
		struct pending *list = realloc(queue->list, room * sizeof(*list));
		if (!list)
			return NULL;
		queue->list = list;
		queue->room = room;
	}
	uint8_t *copy = malloc(len ? len : 1);
	if (!copy)
		return NULL;
	memcpy(copy, payload, len);
	queue->bytes += len;
	struct pending *pending = &queue->list[queue->n++];
	*pending = (struct pending){ .payload = copy, .form = { .payload = copy, .len = len } };
	return pending;
}

static bool queue_full(const struct queue *queue)
{
	return queue->bytes >= INTAKE_BYTES_MAX || queue->n >= INTAKE_BATCHES_MAX;
}

/* The gate is open when there is room and the disk takes what we have. */
static void mind_the_gate(struct intake *intake)
{
	bool pause = intake->stopping || intake->last_failure || queue_full(&intake->queue);
	if (pause == intake->paused || !intake->gate)
		return;
	intake->paused = pause;
	if (pause)
		gate_pause(intake->gate);
	else
		gate_resume(intake->gate);
}

static void idle_if_so(struct intake *intake)
{
	if (!intake->stopping || intake->commit.in_flight || intake->questions ||
	    !intake->retry_closed || !intake->on_idle)
		return;
	void (*on_idle)(void *) = intake->on_idle;
	intake->on_idle = NULL;
	on_idle(intake->idle_context);
}

/* --- the commit --- */

static void on_held(void *context, uint32_t series, uint32_t observations, enum verdict verdict)
{
	struct commit *commit = context;
	if (commit->n_held == commit->held_room) {
		size_t room = commit->held_room ? commit->held_room * 2 : 64;
		struct held *held = realloc(commit->held, room * sizeof(*held));
		if (!held) {
			commit->out_of_memory = true;
			return;
		}
		commit->held = held;
		commit->held_room = room;
	}
	commit->held[commit->n_held++] = (struct held){ series, observations, verdict };
}

static int post_one(struct intake *intake, struct pending *pending, struct err *err)
{
	struct commit *commit = &intake->commit;
	pending->first_held = commit->n_held;
	int rc = ledger_post(intake->ledger, &pending->form, on_held, commit, &pending->posting,
			     &pending->upto, err);
	pending->n_held = commit->n_held - pending->first_held;
	if (rc < 0 || commit->out_of_memory)
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
	struct commit *commit = container_of(job, struct commit, job);
	struct intake *intake = container_of(commit, struct intake, commit);
	(void)db;
	commit->n_held = 0;
	ledger_begin(intake->ledger, reference);
	int rc = 0;
	for (size_t i = 0; i < commit->queue.n && rc == 0; i++)
		rc = post_one(intake, &commit->queue.list[i], err);
	return rc < 0 ? rc : ledger_finish(intake->ledger, err);
}

static void commit_start(struct intake *intake);

/* --- what the offices are told --- */

static int by_peer_and_spool(const void *a, const void *b)
{
	const struct pending *x = *(struct pending *const *)a, *y = *(struct pending *const *)b;
	if (x->peer.key_id != y->peer.key_id)
		return x->peer.key_id < y->peer.key_id ? -1 : 1;
	if (x->form.spool_id != y->form.spool_id)
		return x->form.spool_id < y->form.spool_id ? -1 : 1;
	return x < y ? -1 : x > y; /* as they came */
}

static void answer_refused(struct intake *intake, const struct pending *pending,
			   Lantoa__V1__Refused__Code code, const char *reason)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Refused refused = LANTOA__V1__REFUSED__INIT;
	refused.spool_id = pending->form.spool_id;
	refused.seq = pending->form.seq;
	refused.code = code;
	refused.reason = (char *)(uintptr_t)reason;
	frame.kind_case = LANTOA__V1__FRAME__KIND_REFUSED;
	frame.refused = &refused;
	gate_answer(intake->gate, &pending->peer, &frame);
}

struct ack { /* of one peer and spool, being gathered */
	Lantoa__V1__Ack message;
	Lantoa__V1__Quarantined held[HELD_PER_ACK];
	Lantoa__V1__Quarantined *pointers[HELD_PER_ACK];
};

static void ack_add(struct ack *ack, const struct commit *commit, const struct pending *pending)
{
	for (size_t i = 0; i < pending->n_held; i++) {
		const struct held *held = &commit->held[pending->first_held + i];
		if (ack->message.n_quarantined == HELD_PER_ACK) {
			ack->message.quarantined_more += held->observations;
			continue;
		}
		Lantoa__V1__Quarantined *entry = &ack->held[ack->message.n_quarantined];
		lantoa__v1__quarantined__init(entry);
		entry->seq = pending->form.seq;
		entry->series = held->series;
		entry->observations = held->observations;
		entry->reason = (char *)(uintptr_t)verdict_text(held->verdict);
		ack->pointers[ack->message.n_quarantined++] = entry;
	}
	ack->message.upto = pending->upto;
}

/* Answer the batches of one peer and spool; @group is in the order they came. */
static void answer_group(struct intake *intake, struct pending *const group[], size_t n)
{
	struct ack ack = { .message = LANTOA__V1__ACK__INIT };
	const struct pending *last = group[n - 1], *wrong = NULL;
	ack.message.spool_id = last->form.spool_id;
	ack.message.quarantined = ack.pointers;
	ack.message.slow_down_ms = intake->queue.bytes > INTAKE_BYTES_MAX / 2 ? SLOW_DOWN_MS : 0;
	for (size_t i = 0; i < n; i++) {
		const struct pending *pending = group[i];
		ack_add(&ack, &intake->commit, pending);
		if (!wrong && (pending->posting == POSTING_GAP || pending->posting == POSTING_BAD))
			wrong = pending; /* what follows it is a gap because of it */
	}
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	frame.kind_case = LANTOA__V1__FRAME__KIND_ACK;
	frame.ack = &ack.message;
	gate_answer(intake->gate, &last->peer, &frame);
	if (!wrong)
		return;
	if (wrong->posting == POSTING_BAD)
		answer_refused(intake, wrong, LANTOA__V1__REFUSED__CODE__MALFORMED, wrong->refusal);
	else
		answer_refused(intake, wrong, LANTOA__V1__REFUSED__CODE__GAP,
			       "a batch before this one is missing");
}

static void answer_all(struct intake *intake)
{
	struct queue *queue = &intake->commit.queue;
	struct pending **order = malloc(queue->n * sizeof(struct pending *));
	if (!order)
		return; /* the offices send again, and are told then */
	for (size_t i = 0; i < queue->n; i++)
		order[i] = &queue->list[i];
	qsort(order, queue->n, sizeof(struct pending *), by_peer_and_spool);
	for (size_t from = 0, to; from < queue->n; from = to) {
		for (to = from + 1;
		     to < queue->n && order[to]->peer.key_id == order[from]->peer.key_id &&
		     order[to]->form.spool_id == order[from]->form.spool_id;
		     to++)
			;
		answer_group(intake, &order[from], to - from);
	}
	free(order);
}

static void count_commit(struct intake *intake)
{
	struct intake_counters *counters = &intake->counters;
	const struct commit *commit = &intake->commit;
	counters->commits++;
	counters->last_commit_us = civil_now_us();
	counters->observations = ledger_observations(intake->ledger);
	for (size_t i = 0; i < commit->queue.n; i++) {
		const struct pending *pending = &commit->queue.list[i];
		counters->batches += pending->posting == POSTED;
		counters->duplicates += pending->posting == POSTED_BEFORE;
		counters->gaps += pending->posting == POSTING_GAP;
		counters->malformed += pending->posting == POSTING_BAD;
		if (pending->posting == POSTING_BAD)
			log_warn("intake: batch refused office=%lld seq=%llu cause=\"%s\"",
				 (long long)pending->form.office,
				 (unsigned long long)pending->form.seq, pending->refusal);
	}
	for (size_t i = 0; i < commit->n_held; i++)
		counters->held += commit->held[i].observations;
}

static void on_retry(uv_timer_t *timer)
{
	struct intake *intake = container_of(timer, struct intake, retry);
	commit_start(intake);
}

/* The disk may recover: keep the batches and try again. What else can fail would fail again: the
 * offices send it once more. */
static void commit_failed(struct intake *intake, int rc, const struct err *err)
{
	bool disk = rc == -ENOSPC || rc == -EIO || rc == -EBUSY || rc == -EROFS;
	intake->counters.failed_commits++;
	if (intake->last_failure != rc)
		log_error("intake: commit failed batches=%zu cause=\"%s\" %s",
			  intake->commit.queue.n, err->text,
			  disk ? "next=\"taking nothing more, trying again\""
			       : "next=\"waiting for the offices to resend\"");
	intake->last_failure = disk ? rc : 0;
	if (!disk)
		queue_clear(&intake->commit.queue);
	if (disk && !intake->stopping)
		(void)uv_timer_start(&intake->retry, on_retry, RETRY_MS,
				     0); /* fails only without a callback */
}

static void commit_done(struct store_job *job, int rc, const struct err *err)
{
	struct commit *commit = container_of(job, struct commit, job);
	struct intake *intake = container_of(commit, struct intake, commit);
	commit->in_flight = false;
	if (rc < 0) {
		ledger_forget(intake->ledger); /* nothing of ours is on the writer's thread now */
		commit_failed(intake, rc, err);
	} else {
		if (intake->last_failure)
			log_info("intake: commits succeed again");
		intake->last_failure = 0;
		count_commit(intake);
		if (!intake->stopping)
			answer_all(intake);
		queue_clear(&commit->queue);
	}
	mind_the_gate(intake);
	commit_start(intake);
	idle_if_so(intake);
}

static void commit_start(struct intake *intake)
{
	struct commit *commit = &intake->commit;
	if (commit->in_flight || intake->stopping || uv_is_active((uv_handle_t *)&intake->retry))
		return;
	if (commit->queue.n == 0) { /* otherwise: a retry of what is there */
		if (intake->queue.n == 0)
			return;
		struct queue empty = commit->queue;
		commit->queue = intake->queue;
		intake->queue = empty;
	}
	commit->in_flight = true;
	commit->out_of_memory = false;
	commit->job = (struct store_job){ .run = commit_run, .done = commit_done };
	store_write(intake->store, &commit->job);
	mind_the_gate(intake);
}

/* --- Hello and Enrol: one question, one answer --- */

struct question {
	struct store_job job;
	struct intake *intake;
	struct gate_peer peer;
	int64_t office;
	/* Hello */
	uint64_t spool_id, catalogue_known;
	Lantoa__V1__Welcome welcome;
	struct blob catalogue; /* CSV, when the agent's is another */
	uint64_t catalogue_version;
	char *code, *name; /* owned: of the office */
	/* Enrol */
	uint8_t public_key[KEY_LEN];
	struct roster_feed feed;
};

static void question_close(struct question *question)
{
	blob_free(&question->catalogue);
	roster_feed_free(&question->feed);
	free(question->code);
	free(question->name);
	question->intake->questions--;
	idle_if_so(question->intake);
	free(question);
}

static struct question *question_open(struct intake *intake, const struct gate_peer *peer,
				      const struct roster_key *key)
{
	if (intake->questions >= QUESTIONS_MAX || intake->stopping)
		return NULL;
	struct question *question = calloc(1, sizeof(*question));
	if (!question)
		return NULL;
	intake->questions++;
	question->intake = intake;
	question->peer = *peer;
	question->office = key->office;
	return question;
}

/* What both answers carry: the office's code and name, and the catalogue if it is another than the
 * agent has. */
static int question_fill(struct question *question, const struct reference *reference,
			 struct err *err)
{
	const struct office *office = offices_by_id(reference->offices, question->office);
	const struct catalogue *catalogue = reference->catalogue;
	if (!office)
		return err_set(err, -ENOENT, "the office is no longer in the register");
	question->catalogue_version = catalogue->version;
	question->code = strdup(office->code);
	question->name = strdup(office->name);
	if (!question->code || !question->name)
		return err_memory(err);
	if (question->catalogue_known != catalogue->version &&
	    blob_append(&question->catalogue, catalogue->csv, catalogue->csv_len) < 0)
		return err_memory(err);
	return 0;
}

static int hello_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	sqlite3_stmt *stmt;
	int rc = db_prepare(
		db,
		"SELECT upto, (SELECT count(*) FROM declared WHERE spool = spool.id) FROM spool"
		" WHERE office = ? AND spool_id = ?",
		&stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, question->office);
	sqlite3_bind_int64(stmt, 2, (int64_t)question->spool_id);
	rc = db_step(stmt, err);
	if (rc == 1) {
		question->welcome.upto = (uint64_t)sqlite3_column_int64(stmt, 0);
		question->welcome.series_known = (uint32_t)sqlite3_column_int64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	return rc < 0 ? rc : question_fill(question, reference, err);
}

static void fill_catalogue(const struct question *question, Lantoa__V1__Catalogue *catalogue)
{
	catalogue->version = question->catalogue_version;
	catalogue->csv.data = question->catalogue.data;
	catalogue->csv.len = question->catalogue.len;
}

static void hello_done(struct store_job *job, int rc, const struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	struct intake *intake = question->intake;
	if (rc < 0) {
		log_error("intake: hello not answered office=%lld cause=\"%s\"",
			  (long long)question->office, err->text);
	} else if (!intake->stopping) {
		Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
		Lantoa__V1__Welcome *welcome = &question->welcome;
		welcome->protocol = WIRE_PROTOCOL;
		welcome->credit = INTAKE_CREDIT;
		welcome->catalogue_version = question->catalogue_version;
		welcome->clock_us = civil_now_us();
		welcome->office = question->code;
		welcome->office_name = question->name;
		welcome->zone = (char *)(uintptr_t)intake->zone;
		frame.kind_case = LANTOA__V1__FRAME__KIND_WELCOME;
		frame.welcome = welcome;
		gate_answer(intake->gate, &question->peer, &frame);
		if (question->catalogue.len) {
			Lantoa__V1__Catalogue catalogue = LANTOA__V1__CATALOGUE__INIT;
			fill_catalogue(question, &catalogue);
			frame.kind_case = LANTOA__V1__FRAME__KIND_CATALOGUE;
			frame.catalogue = &catalogue;
			gate_answer(intake->gate, &question->peer, &frame);
		}
	}
	question_close(question);
}

static void refuse(struct intake *intake, const struct gate_peer *peer,
		   Lantoa__V1__Refused__Code code, const char *reason)
{
	struct pending about = { .peer = *peer };
	answer_refused(intake, &about, code, reason);
}

static void on_hello(struct intake *intake, const struct gate_peer *peer,
		     const struct roster_key *key, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Hello *hello = frame->hello;
	if (hello->protocol_min > WIRE_PROTOCOL || hello->protocol_max < WIRE_PROTOCOL) {
		refuse(intake, peer, LANTOA__V1__REFUSED__CODE__PROTOCOL,
		       "the province speaks protocol 1 alone; upgrade whichever side is older");
		return;
	}
	struct question *question = question_open(intake, peer, key);
	if (!question)
		return; /* the agent asks again after its timeout */
	lantoa__v1__welcome__init(&question->welcome);
	question->spool_id = hello->spool_id;
	question->catalogue_known = hello->catalogue_version;
	question->job = (struct store_job){ .run = hello_run, .done = hello_done };
	store_read(intake->store, &question->job);
}

static int enrol_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	struct roster_key key;
	int rc = office_enrol(db, question->peer.key_id, question->public_key, &key, err);
	if (rc == 0)
		rc = roster_feed_read(db, question->office, &question->feed, err);
	return rc < 0 ? rc : question_fill(question, reference, err);
}

static void answer_enrolled(struct question *question)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Enrolled enrolled = LANTOA__V1__ENROLLED__INIT;
	Lantoa__V1__Catalogue catalogue = LANTOA__V1__CATALOGUE__INIT;
	fill_catalogue(question, &catalogue);
	enrolled.office = question->code;
	enrolled.office_name = question->name;
	enrolled.catalogue = &catalogue;
	enrolled.zone = (char *)(uintptr_t)question->intake->zone;
	frame.kind_case = LANTOA__V1__FRAME__KIND_ENROLLED;
	frame.enrolled = &enrolled;
	gate_answer(question->intake->gate, &question->peer, &frame);
}

static void enrol_done(struct store_job *job, int rc, const struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	struct intake *intake = question->intake;
	if (rc == 0 && roster_feed_apply(&question->feed, intake->roster) < 0) {
		log_error("intake: out of memory for the roster; restarting reads it anew");
		abort(); /* a key that was revoked by this enrolment must not live on */
	}
	if (rc < 0) {
		intake->counters.refused_enrolments++;
		log_warn("intake: enrolment refused office=%lld cause=\"%s\"",
			 (long long)question->office, err->text);
		if (!intake->stopping)
			refuse(intake, &question->peer, LANTOA__V1__REFUSED__CODE__INVITATION,
			       err->text);
	} else {
		intake->counters.enrolled++;
		log_info("intake: enrolled office=%s", question->code);
		if (!intake->stopping)
			answer_enrolled(question);
	}
	question_close(question);
}

static void on_enrol(struct intake *intake, const struct gate_peer *peer,
		     const struct roster_key *key, const Lantoa__V1__Frame *frame)
{
	const ProtobufCBinaryData *bytes = &frame->enrol->public_key;
	if (bytes->len != KEY_LEN) {
		refuse(intake, peer, LANTOA__V1__REFUSED__CODE__MALFORMED,
		       "a public key is 32 bytes");
		return;
	}
	struct question *question = question_open(intake, peer, key);
	if (!question)
		return;
	memcpy(question->public_key, bytes->data, KEY_LEN);
	question->job = (struct store_job){ .run = enrol_run, .done = enrol_done };
	store_write(intake->store, &question->job);
}

/* --- the other frames --- */

static void on_batch(struct intake *intake, const struct gate_peer *peer,
		     const struct roster_key *key, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Batch *batch = frame->batch;
	struct pending *pending =
		queue_add(&intake->queue, batch->payload.data, batch->payload.len);
	if (!pending)
		return; /* the agent sends it again */
	pending->peer = *peer;
	pending->form.office = key->office;
	pending->form.spool_id = batch->spool_id;
	pending->form.seq = batch->seq;
	pending->form.received_us = civil_now_us();
	mind_the_gate(intake);
	commit_start(intake);
}

static void on_ping(struct intake *intake, const struct gate_peer *peer,
		    const struct roster_key *key, const Lantoa__V1__Frame *frame)
{
	(void)key;
	(void)frame;
	Lantoa__V1__Frame answer = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Pong pong = LANTOA__V1__PONG__INIT;
	pong.clock_us = civil_now_us();
	answer.kind_case = LANTOA__V1__FRAME__KIND_PONG;
	answer.pong = &pong;
	gate_answer(intake->gate, peer, &answer);
}

static const struct {
	Lantoa__V1__Frame__KindCase kind;
	enum key_state state; /* of the key that may send it */
	void (*on_frame)(struct intake *intake, const struct gate_peer *peer,
			 const struct roster_key *key, const Lantoa__V1__Frame *frame);
} kinds[] = {
	{ LANTOA__V1__FRAME__KIND_BATCH, KEY_ACTIVE, on_batch },
	{ LANTOA__V1__FRAME__KIND_HELLO, KEY_ACTIVE, on_hello },
	{ LANTOA__V1__FRAME__KIND_PING, KEY_ACTIVE, on_ping },
	{ LANTOA__V1__FRAME__KIND_ENROL, KEY_INVITED, on_enrol },
};

void intake_on_frame(void *context, const struct gate_peer *peer, const uint8_t *data, size_t len)
{
	struct intake *intake = context;
	Lantoa__V1__Frame *frame;
	struct err err = { 0 };
	const struct roster_key *key = roster_by_id(intake->roster, peer->key_id);
	if (!key || intake->stopping)
		return;
	arena_reset(intake->arena);
	if (wire_frame_unpack(intake->arena, data, len, &frame, &err) < 0) {
		intake->counters.malformed++;
		log_warn("intake: frame refused office=%lld cause=\"%s\"", (long long)key->office,
			 err.text);
		refuse(intake, peer, LANTOA__V1__REFUSED__CODE__MALFORMED, err.text);
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind != frame->kind_case)
			continue;
		if (kinds[i].state == key->state)
			kinds[i].on_frame(intake, peer, key, frame);
		else
			refuse(intake, peer, LANTOA__V1__REFUSED__CODE__INVITATION,
			       key->state == KEY_INVITED
				       ? "an invitation may enrol, and nothing else"
				       : "this office is enrolled already");
		return;
	}
	refuse(intake, peer, LANTOA__V1__REFUSED__CODE__MALFORMED,
	       "an office does not send such a frame");
}

/* --- life --- */

int intake_open(uv_loop_t *loop, const struct intake_config *config, struct intake **ret_intake,
		struct err *err)
{
	struct intake *intake = calloc(1, sizeof(*intake));
	if (!intake)
		return err_memory(err);
	intake->loop = loop;
	intake->store = config->store;
	intake->roster = config->roster;
	intake->zone = config->zone;
	intake->arena = arena_open(WIRE_ARENA_MAX);
	intake->ledger = intake->arena ? ledger_open(store_writer(config->store), err) : NULL;
	int rc = intake->ledger  ? uv_timer_init(loop, &intake->retry)
		 : intake->arena ? err->code
				 : err_memory(err);
	if (rc < 0) {
		intake_close(intake);
		return rc;
	}
	*ret_intake = intake;
	return 0;
}

void intake_serve(struct intake *intake, struct gate *gate)
{
	intake->gate = gate;
}

const struct intake_counters *intake_counters(const struct intake *intake)
{
	return &intake->counters;
}

static void on_retry_closed(uv_handle_t *handle)
{
	struct intake *intake = container_of((uv_timer_t *)handle, struct intake, retry);
	intake->retry_closed = true;
	idle_if_so(intake);
}

void intake_stop(struct intake *intake, void (*on_idle)(void *context), void *context)
{
	intake->stopping = true;
	intake->on_idle = on_idle;
	intake->idle_context = context;
	uv_close((uv_handle_t *)&intake->retry, on_retry_closed);
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	ledger_close(intake->ledger);
	arena_close(intake->arena);
	queue_clear(&intake->queue);
	queue_clear(&intake->commit.queue);
	free(intake->queue.list);
	free(intake->commit.queue.list);
	free(intake->commit.held);
	free(intake);
}
