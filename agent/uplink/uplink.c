/* The happy path:
 *
 * 0. A Welcome comes in: the check task compares the province's last batch with the spool's own,
 *    then the core hears WELCOMED.
 * 1. uplink_recorded() arms the seal timer; the seal task makes batches; the core hears SEALED.
 * 2. The core says SEND_BATCH: the read task fetches it, the loop sends it, the core hears
 *    BATCH_DONE and asks for the next.
 * 3. An Ack comes in: the core says RELEASE, the release task notes it in the spool.
 * How it can fail: the spool's disk (a task logs it; sealing is tried again by the timer, a batch
 * that cannot be read counts as no room, or as no Welcome when it should be checked; an ack that
 * cannot be noted is tried again after a while); the socket (the core's affair); a socket that is
 * dropped closes its handles over the next turns of the loop, so each lives in a struct line of its
 * own and is freed from there.
 *
 * Tasks are embedded and each is in flight once at most; what comes meanwhile is merged. */
#include "uplink.h"

#include "civil.h"
#include "container.h"
#include "dealer.h"
#include "facts.h"
#include "i18n.h"
#include "log.h"
#include "wire.h"
#include "zpoll.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define SEAL_SOON_MS      1000u /* a clerk's figures of one sitting go together */
#define RECEIVE_BUDGET    16u   /* frames per turn of the loop */
#define NOTES_MAX         256u  /* quarantines waiting for the disk; more stay at the province */
#define RECONNECT_STRETCH 10u   /* reconnect_max_ms grows to so many times itself in an outage */

struct line { /* one socket, until its handles are closed */
	struct uplink *uplink;
	struct dealer dealer;
	struct zpoll *data, *monitor;
	unsigned handles;
};

struct task {
	struct job job;
	struct uplink *uplink;
	bool busy;
	int rc;
	struct err err;
};

struct note { /* of a quarantine */
	uint64_t seq;
	uint32_t series, observations;
	char *reason; /* owned */
};

struct notes {
	struct note list[NOTES_MAX];
	size_t n;
};

struct welcome { /* what the core is to hear of one, once it is checked */
	uint64_t upto;
	uint32_t credit, protocol;
	uint8_t digest[WIRE_DIGEST_LEN];
	size_t digest_len;
};

struct last {         /* the batch before the next: committed, or sent */
	uint64_t seq; /* 0: none, or its digest is not known */
	uint8_t digest[WIRE_DIGEST_LEN];
};

struct uplink {
	struct uplink_config config;
	uv_loop_t *loop;
	struct uplink_core core;
	struct line *line; /* NULL: no socket */
	unsigned lines;    /* this one and those closing */
	uv_timer_t tick, seal_timer;
	unsigned handles;
	uint64_t spool_id;
	int64_t province_offset_us; /* province's clock minus our monotonic one */
	bool province_clock_known;
	bool connected; /* as struct uplink_look says, also the next three */
	int64_t since_us, moved_us;
	uint64_t acked_seen;
	char *office_name, *zone, *level, *refusal; /* owned; NULL: none yet */

	struct task check;
	struct welcome welcome, checking;
	bool welcome_due, checking_stale, matches;

	struct task seal;
	uint64_t sealed_last;
	bool unsealed_waits; /* for acks */

	struct task read;
	uint64_t read_seq;
	uint32_t read_session;
	struct blob payload;
	uint8_t payload_digest[WIRE_DIGEST_LEN];
	uint32_t protocol; /* of the last Welcome */
	struct last last;

	struct task release;
	bool release_due, releasing;
	uint64_t release_upto;
	int64_t release_at_us;
	struct notes *notes, *noting; /* owned; NULL: none */

	struct task renew;

	struct task keep;
	struct blob catalogue, keeping; /* waiting; being kept */
	bool office_due;

	bool stopping;
	void (*on_closed)(void *context);
	void *closed_context;
};

static void perform(struct uplink *uplink, struct uplink_actions actions);

/* --- telling the core --- */

static uint64_t now_ms(const struct uplink *uplink)
{
	return uv_now(uplink->loop);
}

static void on_tick(uv_timer_t *timer);

static void arm_tick(struct uplink *uplink)
{
	uint64_t next = uplink_next_ms(&uplink->core), now = now_ms(uplink);
	if (uplink->stopping || next == UINT64_MAX)
		(void)uv_timer_stop(&uplink->tick); /* cannot fail */
	else
		(void)uv_timer_start(&uplink->tick, on_tick, next > now ? next - now : 0,
				     0); /* fails for a closing handle only */
}

/* Hello said again on a living connection does not end it. */
static void note_changes(struct uplink *uplink)
{
	const struct uplink_core *core = &uplink->core;
	int64_t now_us = civil_boot_us();
	bool connected = core->state == UPLINK_WELCOME ||
			 (core->state == UPLINK_GREETING && uplink->connected);
	if (connected != uplink->connected)
		uplink->since_us = now_us;
	if (core->acked != uplink->acked_seen || core->acked >= core->last_seq)
		uplink->moved_us = now_us;
	uplink->connected = connected;
	uplink->acked_seen = core->acked;
}

static void tell(struct uplink *uplink, struct uplink_event event)
{
	if (uplink->stopping && event.type != UPLINK_STOP)
		return;
	event.now_ms = now_ms(uplink);
	randombytes_buf(&event.dice, sizeof(event.dice));
	perform(uplink, uplink_step(&uplink->core, event));
	note_changes(uplink);
	arm_tick(uplink);
	if (uplink->config.on_change && !uplink->stopping)
		uplink->config.on_change(uplink->config.context);
}

static void on_tick(uv_timer_t *timer)
{
	tell(container_of(timer, struct uplink, tick),
	     (struct uplink_event){ .type = UPLINK_TICK });
}

/* --- the end --- */

static void forget_office(struct uplink *uplink)
{
	free(uplink->office_name);
	free(uplink->zone);
	free(uplink->level);
}

static void close_if_idle(struct uplink *uplink)
{
	if (!uplink->stopping || uplink->lines > 0 || uplink->handles > 0 || uplink->check.busy ||
	    uplink->seal.busy || uplink->read.busy || uplink->release.busy || uplink->renew.busy ||
	    uplink->keep.busy)
		return;
	void (*on_closed)(void *) = uplink->on_closed;
	void *context = uplink->closed_context;
	struct notes *both[] = { uplink->notes, uplink->noting };
	for (size_t i = 0; i < 2; i++) {
		for (size_t n = 0; both[i] && n < both[i]->n; n++)
			free(both[i]->list[n].reason);
		free(both[i]);
	}
	blob_free(&uplink->payload);
	blob_free(&uplink->catalogue);
	blob_free(&uplink->keeping);
	forget_office(uplink);
	free(uplink->refusal);
	free(uplink);
	if (on_closed)
		on_closed(context);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct uplink *uplink = handle->data;
	uplink->handles--;
	close_if_idle(uplink);
}

/* --- tasks --- */

static void task_submit(struct task *task, struct uplink *uplink, void (*work)(struct job *),
			void (*done)(struct job *))
{
	assert(!task->busy);
	task->uplink = uplink;
	task->busy = true;
	task->job = (struct job){ .work = work, .done = done };
	worker_submit(uplink->config.worker, &task->job);
}

/* The task is over; false when the uplink is gone or about to go. */
static bool task_over(struct task *task)
{
	struct uplink *uplink = task->uplink;
	task->busy = false;
	if (!uplink->stopping)
		return true;
	close_if_idle(uplink);
	return false;
}

/* --- sealing --- */

static void on_seal_timer(uv_timer_t *timer);

static void seal_within(struct uplink *uplink, uint64_t wait_ms)
{
	if (uplink->stopping || (uv_is_active((uv_handle_t *)&uplink->seal_timer) &&
				 uv_timer_get_due_in(&uplink->seal_timer) <= wait_ms))
		return;
	(void)uv_timer_start(&uplink->seal_timer, on_seal_timer, wait_ms, 0); /* not closing */
}

static uint64_t push_interval_ms(const struct uplink *uplink)
{
	return (uint64_t)uplink->config.push_interval_s * 1000;
}

static void work_seal(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	task->rc = spool_seal(uplink->config.spool, civil_now_us(), &uplink->sealed_last,
			      &uplink->unsealed_waits, &task->err);
}

static void done_seal(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	if (!task_over(task))
		return;
	if (task->rc < 0) {
		log_error("uplink: seal failed, will try again cause=\"%s\"", task->err.text);
		seal_within(uplink, push_interval_ms(uplink));
		return;
	}
	tell(uplink,
	     (struct uplink_event){ .type = UPLINK_SEALED, .last_seq = uplink->sealed_last });
}

static void on_seal_timer(uv_timer_t *timer)
{
	struct uplink *uplink = container_of(timer, struct uplink, seal_timer);
	if (uplink->seal.busy || uplink->core.state == UPLINK_RENEWING)
		seal_within(uplink, SEAL_SOON_MS);
	else
		task_submit(&uplink->seal, uplink, work_seal, done_seal);
}

void uplink_recorded(struct uplink *uplink, bool coarse)
{
	uint64_t soon_ms = uplink->config.seal_soon_ms ? uplink->config.seal_soon_ms : SEAL_SOON_MS;
	seal_within(uplink, coarse ? soon_ms : push_interval_ms(uplink));
}

void uplink_set_push_interval(struct uplink *uplink, uint32_t push_interval_s)
{
	uplink->config.push_interval_s = push_interval_s;
	if (uv_is_active((uv_handle_t *)&uplink->seal_timer))
		seal_within(uplink, push_interval_ms(uplink));
}

void uplink_set_reconnect(struct uplink *uplink, uint32_t min_ms, uint32_t max_ms)
{
	uplink->config.reconnect_min_ms = min_ms;
	uplink->config.reconnect_max_ms = max_ms;
	uplink->core.timing.backoff_min_ms = min_ms;
	uplink->core.timing.backoff_max_ms = max_ms * RECONNECT_STRETCH;
}

/* --- sending --- */

/* 0 sent; -EAGAIN no room, or no connection. */
static int send_frame(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	struct blob bytes = { 0 };
	struct err err;
	struct line *line = uplink->line;
	if (!line)
		return -EAGAIN;
	if (wire_frame_pack(frame, &bytes, &err) < 0) {
		log_error("uplink: cannot pack a frame cause=\"%s\"", err.text);
		blob_free(&bytes);
		return -EAGAIN;
	}
	/* ZMQ_EVENTS takes in the news of a connection, which a send may leave for later */
	int events;
	size_t len = sizeof(events);
	(void)zmq_getsockopt(line->dealer.socket, ZMQ_EVENTS, &events, &len); /* a hint only */
	int rc = zmq_send(line->dealer.socket, bytes.data, bytes.len, ZMQ_DONTWAIT) < 0 ? -EAGAIN
											: 0;
	zpoll_after_send(line->data);
	blob_free(&bytes);
	return rc;
}

static void send_hello(struct uplink *uplink)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
	hello.protocol_min = WIRE_PROTOCOL_MIN;
	hello.protocol_max = WIRE_PROTOCOL_MAX;
	hello.spool_id = uplink->spool_id;
	hello.last_seq = uplink->core.last_seq;
	hello.catalogue_version = uplink->config.catalogue_version;
	hello.version = (char *)(uintptr_t)LANTOA_VERSION;
	hello.clock_us = civil_now_us();
	frame.kind_case = LANTOA__V1__FRAME__KIND_HELLO;
	frame.hello = &hello;
	(void)send_frame(uplink, &frame); /* unsent is unanswered: the core says Hello again */
}

static void send_ping(struct uplink *uplink)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Ping ping = LANTOA__V1__PING__INIT;
	ping.clock_us = civil_now_us();
	frame.kind_case = LANTOA__V1__FRAME__KIND_PING;
	frame.ping = &ping;
	(void)send_frame(uplink, &frame); /* as with Hello */
}

static int send_batch(struct uplink *uplink, uint64_t seq, const struct blob *payload)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Batch batch = LANTOA__V1__BATCH__INIT;
	batch.spool_id = uplink->spool_id;
	batch.seq = seq;
	batch.payload = (ProtobufCBinaryData){ .len = payload->len, .data = payload->data };
	if (uplink->protocol >= WIRE_CHAINED && uplink->last.seq > 0 && uplink->last.seq == seq - 1)
		batch.before_digest = (ProtobufCBinaryData){ WIRE_DIGEST_LEN, uplink->last.digest };
	frame.kind_case = LANTOA__V1__FRAME__KIND_BATCH;
	frame.batch = &batch;
	return send_frame(uplink, &frame);
}

static void remember_last(struct uplink *uplink, uint64_t seq,
			  const uint8_t digest[WIRE_DIGEST_LEN])
{
	uplink->last.seq = seq;
	memcpy(uplink->last.digest, digest, WIRE_DIGEST_LEN);
}

static void work_read(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	task->rc =
		spool_batch(uplink->config.spool, uplink->read_seq, &uplink->payload, &task->err);
	if (task->rc == 0)
		wire_digest(uplink->payload.data, uplink->payload.len, uplink->payload_digest);
}

static enum uplink_result send_what_was_read(struct uplink *uplink, const struct task *task)
{
	if (task->rc == -ENOENT)
		return UPLINK_MISSING;
	if (task->rc < 0) {
		log_error("uplink: cannot read a batch cause=\"%s\"", task->err.text);
		return UPLINK_NO_ROOM;
	}
	if (uplink->read_session != uplink->core.session)
		return UPLINK_NO_ROOM; /* its turn has passed */
	if (send_batch(uplink, uplink->read_seq, &uplink->payload) < 0)
		return UPLINK_NO_ROOM;
	remember_last(uplink, uplink->read_seq, uplink->payload_digest);
	return UPLINK_SENT;
}

static void done_read(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	if (!task_over(task))
		return;
	enum uplink_result result = send_what_was_read(uplink, task);
	blob_free(&uplink->payload); /* a sleeping agent holds no buffers */
	tell(uplink, (struct uplink_event){ .type = UPLINK_BATCH_DONE,
					    .seq = uplink->read_seq,
					    .session = uplink->read_session,
					    .result = result });
}

static void start_read(struct uplink *uplink, const struct uplink_action *action)
{
	uplink->read_seq = action->seq;
	uplink->read_session = action->session;
	task_submit(&uplink->read, uplink, work_read, done_read);
}

/* --- acks --- */

static void work_release(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	struct spool *spool = uplink->config.spool;
	task->rc = 0;
	if (uplink->releasing)
		task->rc =
			spool_acked(spool, uplink->release_upto, uplink->release_at_us, &task->err);
	for (size_t i = 0; uplink->noting && i < uplink->noting->n && task->rc == 0; i++) {
		const struct note *note = &uplink->noting->list[i];
		task->rc = spool_quarantined(spool, note->seq, note->series, note->observations,
					     note->reason, &task->err);
	}
}

static void flush_release(struct uplink *uplink);

static void done_release(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	for (size_t i = 0; uplink->noting && i < uplink->noting->n; i++)
		free(uplink->noting->list[i].reason);
	free(uplink->noting);
	uplink->noting = NULL;
	if (!task_over(task))
		return;
	(void)malloc_trim(0); /* a batch is through: hand back what it took */
	if (task->rc < 0)
		log_error("uplink: cannot note an ack, will try again cause=\"%s\"",
			  task->err.text);
	if (task->rc < 0 && uplink->releasing)
		tell(uplink, (struct uplink_event){ .type = UPLINK_NOT_NOTED });
	seal_within(uplink, uplink->unsealed_waits ? 0 : push_interval_ms(uplink));
	flush_release(uplink);
}

static int64_t province_now_us(const struct uplink *uplink)
{
	if (!uplink->province_clock_known)
		return civil_now_us();
	return (int64_t)(uv_hrtime() / 1000) + uplink->province_offset_us;
}

static void flush_release(struct uplink *uplink)
{
	if (uplink->release.busy || (!uplink->release_due && !uplink->notes))
		return;
	uplink->releasing = uplink->release_due;
	uplink->release_due = false;
	uplink->noting = uplink->notes;
	uplink->notes = NULL;
	uplink->release_upto = uplink->core.acked;
	uplink->release_at_us = province_now_us(uplink);
	task_submit(&uplink->release, uplink, work_release, done_release);
}

static void add_note(struct uplink *uplink, const Lantoa__V1__Quarantined *held)
{
	if (!uplink->notes)
		uplink->notes = calloc(1, sizeof(*uplink->notes));
	char *reason = strdup(held->reason);
	if (!uplink->notes || !reason || uplink->notes->n == NOTES_MAX) {
		free(reason); /* the province keeps and shows it all the same */
		return;
	}
	uplink->notes->list[uplink->notes->n++] = (struct note){ .seq = held->seq,
								 .series = held->series,
								 .observations = held->observations,
								 .reason = reason };
}

/* --- a new spool id --- */

static void work_renew(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	task->rc = spool_renew(task->uplink->config.spool, &task->err);
}

static void done_renew(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	if (!task_over(task))
		return;
	if (task->rc < 0) {
		log_error("uplink: cannot renew the spool, will try again when restarted "
			  "cause=\"%s\"",
			  task->err.text);
		return;
	}
	uplink->spool_id = spool_id(uplink->config.spool);
	uplink->last.seq = 0;
	log_warn("uplink: all current figures are sent again under a fresh spool id=%016llx "
		 "cause=\"spool or province was restored from an older copy\"",
		 (unsigned long long)uplink->spool_id);
	tell(uplink, (struct uplink_event){ .type = UPLINK_RENEWED });
	seal_within(uplink, 0);
}

static void start_renew(struct uplink *uplink)
{
	uplink->release_due = false; /* it was about the old id */
	task_submit(&uplink->renew, uplink, work_renew, done_renew);
}

/* --- what the province tells about itself --- */

static void work_keep(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	struct spool *spool = uplink->config.spool;
	task->rc = facts_keep_office(spool, uplink->office_name, uplink->zone, uplink->level,
				     &task->err);
	if (task->rc == 0 && uplink->keeping.len > 0)
		task->rc = facts_keep_catalogue(spool, uplink->keeping.data, uplink->keeping.len,
						&task->err);
}

static void flush_keep(struct uplink *uplink);

static void done_keep(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	if (!task_over(task))
		return;
	if (task->rc < 0)
		log_error("uplink: cannot keep what the province told cause=\"%s\"",
			  task->err.text);
	else if (uplink->keeping.len > 0 && uplink->config.on_catalogue)
		uplink->config.on_catalogue(uplink->config.context, uplink->keeping.data,
					    uplink->keeping.len);
	blob_free(&uplink->keeping);
	flush_keep(uplink);
}

static void flush_keep(struct uplink *uplink)
{
	if (uplink->keep.busy || (!uplink->office_due && uplink->catalogue.len == 0) ||
	    !uplink->office_name)
		return;
	uplink->office_due = false;
	uplink->keeping = uplink->catalogue;
	uplink->catalogue = (struct blob){ 0 };
	task_submit(&uplink->keep, uplink, work_keep, done_keep);
}

static bool knows_office(const struct uplink *uplink, const Lantoa__V1__Welcome *welcome)
{
	return uplink->office_name && strcmp(uplink->office_name, welcome->office_name) == 0 &&
	       strcmp(uplink->zone, welcome->zone) == 0 &&
	       strcmp(uplink->level, welcome->level) == 0;
}

/* While the task reads these texts they stay as they are: the next Welcome tells them again. */
static void learn_office(struct uplink *uplink, const Lantoa__V1__Welcome *welcome)
{
	if (uplink->keep.busy || knows_office(uplink, welcome))
		return;
	char *office_name = strdup(welcome->office_name), *zone = strdup(welcome->zone);
	char *level = strdup(welcome->level);
	if (!office_name || !zone || !level) {
		free(office_name);
		free(zone);
		free(level);
		return;
	}
	forget_office(uplink);
	uplink->office_name = office_name;
	uplink->zone = zone;
	uplink->level = level;
	uplink->office_due = true;
	flush_keep(uplink);
}

/* --- a Welcome, and whether its last batch is ours --- */

static void work_check(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	const struct welcome *welcome = &uplink->checking;
	task->rc = spool_matches(uplink->config.spool, welcome->upto, welcome->digest,
				 welcome->digest_len, &uplink->matches, &task->err);
}

static void flush_check(struct uplink *uplink);

/* Only the first answer to a Hello moves the core; a later one must not move what was sent last. */
static void be_welcomed(struct uplink *uplink, const struct welcome *welcome)
{
	if (uplink->core.state == UPLINK_GREETING) {
		uplink->protocol = welcome->protocol;
		uplink->last.seq = 0;
		if (welcome->digest_len == WIRE_DIGEST_LEN)
			remember_last(uplink, welcome->upto, welcome->digest);
	}
	tell(uplink, (struct uplink_event){ .type = UPLINK_WELCOMED,
					    .upto = welcome->upto,
					    .credit = welcome->credit,
					    .matches = uplink->matches });
}

/* A Welcome that cannot be checked is none: the core says Hello again after its timeout. */
static void done_check(struct job *job)
{
	struct task *task = container_of(job, struct task, job);
	struct uplink *uplink = task->uplink;
	if (!task_over(task))
		return;
	if (task->rc < 0)
		log_error("uplink: cannot check the province's last batch cause=\"%s\"",
			  task->err.text);
	else if (!uplink->checking_stale)
		be_welcomed(uplink, &uplink->checking);
	flush_check(uplink);
}

static void flush_check(struct uplink *uplink)
{
	if (uplink->check.busy || !uplink->welcome_due)
		return;
	uplink->welcome_due = uplink->checking_stale = false;
	uplink->checking = uplink->welcome;
	task_submit(&uplink->check, uplink, work_check, done_check);
}

/* --- frames from the province --- */

static void on_welcome(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Welcome *welcome = frame->welcome;
	const ProtobufCBinaryData *digest = &welcome->upto_digest;
	if (wire_protocol(welcome->protocol, welcome->protocol) == 0) {
		tell(uplink, (struct uplink_event){ .type = UPLINK_REFUSED,
						    .code = LANTOA__V1__REFUSED__CODE__PROTOCOL });
		return;
	}
	uplink->province_offset_us = welcome->clock_us - (int64_t)(uv_hrtime() / 1000);
	uplink->province_clock_known = true;
	learn_office(uplink, welcome);
	uplink->welcome = (struct welcome){ .upto = welcome->upto,
					    .credit = welcome->credit,
					    .protocol = welcome->protocol,
					    .digest_len = digest->len };
	if (digest->len > 0 && digest->len <= sizeof(uplink->welcome.digest))
		memcpy(uplink->welcome.digest, digest->data, digest->len);
	uplink->welcome_due = true; /* the newest one stands */
	flush_check(uplink);
}

static void on_catalogue(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Catalogue *catalogue = frame->catalogue;
	uplink->catalogue.len = 0; /* the newer one stands */
	if (blob_append(&uplink->catalogue, catalogue->csv.data, catalogue->csv.len) < 0)
		log_error(
			"uplink: no memory for the catalogue; it comes again with the next Hello");
	else
		uplink->config.catalogue_version = catalogue->version;
	flush_keep(uplink);
	tell(uplink, (struct uplink_event){ .type = UPLINK_HEARD });
}

static void on_ack(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Ack *ack = frame->ack;
	if (ack->spool_id != uplink->spool_id)
		return; /* of before a renewal */
	for (size_t i = 0; i < ack->n_quarantined; i++)
		add_note(uplink, ack->quarantined[i]);
	tell(uplink, (struct uplink_event){ .type = UPLINK_ACKED,
					    .upto = ack->upto,
					    .slow_down_ms = ack->slow_down_ms });
	flush_release(uplink);
}

static void on_refused(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Refused *refused = frame->refused;
	if (refused->seq != 0 && refused->spool_id != uplink->spool_id)
		return; /* of before a renewal */
	if (refused->code != LANTOA__V1__REFUSED__CODE__GAP) {
		char *reason = strdup(refused->reason);
		if (reason) {
			free(uplink->refusal);
			uplink->refusal = reason;
		}
	}
	tell(uplink, (struct uplink_event){ .type = UPLINK_REFUSED,
					    .seq = refused->seq,
					    .code = (int)refused->code });
}

static void on_pong(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	(void)frame;
	tell(uplink, (struct uplink_event){ .type = UPLINK_HEARD });
}

static const struct {
	Lantoa__V1__Frame__KindCase kind;
	void (*on_frame)(struct uplink *uplink, const Lantoa__V1__Frame *frame);
} frames[] = {
	{ LANTOA__V1__FRAME__KIND_WELCOME, on_welcome },
	{ LANTOA__V1__FRAME__KIND_CATALOGUE, on_catalogue },
	{ LANTOA__V1__FRAME__KIND_ACK, on_ack },
	{ LANTOA__V1__FRAME__KIND_REFUSED, on_refused },
	{ LANTOA__V1__FRAME__KIND_PONG, on_pong },
};

static void take_frame(struct uplink *uplink, const uint8_t *data, size_t len)
{
	struct err err;
	Lantoa__V1__Frame *frame;
	struct arena *arena = arena_open(WIRE_ARENA_MAX); /* frames are rare, memory is dear */
	if (!arena)
		return; /* as a frame that got lost */
	if (wire_frame_unpack(arena, data, len, &frame, &err) < 0) {
		log_warn("uplink: a frame from the province was dropped cause=\"%s\"", err.text);
		frame = NULL;
	}
	for (size_t i = 0; frame && i < sizeof(frames) / sizeof(frames[0]); i++)
		if (frames[i].kind == frame->kind_case)
			frames[i].on_frame(uplink, frame);
	arena_close(arena);
}

/* --- the socket --- */

static int on_data(void *context)
{
	struct line *line = context;
	zmq_msg_t message;
	(void)zmq_msg_init(&message); /* cannot fail */
	int rc = zmq_msg_recv(&message, line->dealer.socket, ZMQ_DONTWAIT) < 0 ? 0 : 1;
	if (rc == 1 && line->uplink->line == line && !zmq_msg_more(&message))
		take_frame(line->uplink, zmq_msg_data(&message), zmq_msg_size(&message));
	(void)zmq_msg_close(&message); /* was initialised */
	return rc;
}

static int on_monitor(void *context)
{
	static const enum uplink_event_type types[] = {
		[DEALER_CONNECTED] = UPLINK_CONNECTED,
		[DEALER_DISCONNECTED] = UPLINK_DISCONNECTED,
		[DEALER_AUTH_FAILED] = UPLINK_AUTH_FAILED,
	};
	struct line *line = context;
	enum dealer_event event;
	if (dealer_event(&line->dealer, &event) == 0)
		return 0;
	if (event != DEALER_NOTHING && line->uplink->line == line)
		tell(line->uplink, (struct uplink_event){ .type = types[event] });
	return 1;
}

static void on_zpoll_closed(void *context)
{
	struct line *line = context;
	if (--line->handles > 0)
		return;
	struct uplink *uplink = line->uplink;
	dealer_close(&line->dealer);
	free(line);
	uplink->lines--;
	close_if_idle(uplink);
}

static void line_close(struct line *line)
{
	line->handles = (line->data ? 1u : 0u) + (line->monitor ? 1u : 0u);
	if (line->data)
		zpoll_stop(line->data, on_zpoll_closed, line);
	if (line->monitor)
		zpoll_stop(line->monitor, on_zpoll_closed, line);
	if (line->handles == 0) {
		line->handles = 1;
		on_zpoll_closed(line);
	}
}

static int line_open(struct uplink *uplink, struct line *line, struct err *err)
{
	const struct identity *identity = uplink->config.identity;
	uint32_t min = uplink->config.reconnect_min_ms, max = uplink->config.reconnect_max_ms;
	struct dealer_config config = {
		.address = identity->address,
		.server_key = identity->server_key,
		.secret_key = identity->secret_key,
		/* drawn anew for each socket, so that offices spread out */
		.reconnect_ms = min + randombytes_uniform(max - min + 1),
		.reconnect_max_ms = max * RECONNECT_STRETCH,
	};
	int rc = dealer_open(uplink->config.zmq_context, &config, &line->dealer, err);
	if (rc == 0)
		rc = zpoll_start(uplink->loop, line->dealer.socket, RECEIVE_BUDGET, on_data, line,
				 &line->data, err);
	if (rc == 0)
		rc = zpoll_start(uplink->loop, line->dealer.monitor, RECEIVE_BUDGET, on_monitor,
				 line, &line->monitor, err);
	return rc;
}

static int try_line(struct uplink *uplink, struct err *err)
{
	struct line *line = calloc(1, sizeof(*line));
	if (!line)
		return err_memory(err);
	line->uplink = uplink;
	uplink->lines++;
	int rc = line_open(uplink, line, err);
	if (rc < 0)
		line_close(line);
	else
		uplink->line = line;
	return rc;
}

/* OPEN is the last of a step's actions, so the core may be told within it. */
static void open_line(struct uplink *uplink)
{
	struct err err;
	if (try_line(uplink, &err) == 0)
		return;
	log_error("uplink: no socket, will try again cause=\"%s\"", err.text);
	tell(uplink, (struct uplink_event){ .type = UPLINK_OPEN_FAILED });
}

static void drop_line(struct uplink *uplink)
{
	struct line *line = uplink->line;
	uplink->line = NULL;
	uplink->welcome_due = false; /* they came over it */
	uplink->checking_stale = true;
	if (line)
		line_close(line);
}

/* --- the core's actions --- */

static const char *const troubles[] = {
	[UPLINK_TROUBLE_NEW] = "",
	[UPLINK_TROUBLE_NONE] = "",
	[UPLINK_TROUBLE_UNREACHABLE] =
		N_("the province cannot be reached; figures are kept here and sent later"),
	[UPLINK_TROUBLE_KEY] = N_("the province does not know this office's key (any more); ask it "
				  "for an invitation and run 'lantoa-agent enrol'"),
	[UPLINK_TROUBLE_PROTOCOL] =
		N_("the province speaks another version of the protocol; install a newer "
		   "lantoa-agent, or ask the province to"),
	[UPLINK_TROUBLE_BATCH] = N_("the province refuses a batch; it is kept and tried again "
				    "every hour, please tell the province"),
};

static void say(const struct uplink *uplink)
{
	const struct uplink_core *core = &uplink->core;
	const struct identity *identity = uplink->config.identity;
	if (core->trouble == UPLINK_TROUBLE_NONE)
		log_info("uplink: connected office=%s address=%s acked=%llu", identity->office,
			 identity->address, (unsigned long long)core->acked);
	else
		log_warn("uplink: %s office=%s address=%s blocked=%llu refusal=\"%s\"",
			 troubles[core->trouble], identity->office, identity->address,
			 (unsigned long long)core->blocked_seq,
			 uplink->refusal ? uplink->refusal : "");
}

static void perform_one(struct uplink *uplink, const struct uplink_action *action)
{
	switch (action->type) {
	case UPLINK_OPEN:
		open_line(uplink);
		break;
	case UPLINK_CLOSE:
		drop_line(uplink);
		break;
	case UPLINK_SEND_HELLO:
		send_hello(uplink);
		break;
	case UPLINK_SEND_BATCH:
		start_read(uplink, action);
		break;
	case UPLINK_SEND_PING:
		send_ping(uplink);
		break;
	case UPLINK_RELEASE:
		uplink->release_due = true;
		flush_release(uplink);
		break;
	case UPLINK_RENEW:
		start_renew(uplink);
		break;
	case UPLINK_SAY:
		say(uplink);
		break;
	}
}

static void perform(struct uplink *uplink, struct uplink_actions actions)
{
	for (size_t i = 0; i < actions.n; i++)
		perform_one(uplink, &actions.list[i]);
}

/* --- starting and stopping --- */

int uplink_start(uv_loop_t *loop, const struct uplink_config *config, struct uplink **ret_uplink,
		 struct err *err)
{
	struct spool_status status;
	int rc = spool_status(config->spool, &status, err);
	if (rc < 0)
		return rc;
	struct uplink *uplink = calloc(1, sizeof(*uplink));
	if (!uplink)
		return err_memory(err);
	uplink->config = *config;
	uplink->loop = loop;
	uplink->since_us = uplink->moved_us = civil_boot_us();
	uplink->spool_id = spool_id(config->spool);
	struct uplink_timing timing = uplink_timing(config->reconnect_min_ms,
						    config->reconnect_max_ms * RECONNECT_STRETCH);
	uplink_core_init(&uplink->core, config->timing ? config->timing : &timing);
	(void)uv_timer_init(loop, &uplink->tick); /* cannot fail, as the next */
	(void)uv_timer_init(loop, &uplink->seal_timer);
	uplink->tick.data = uplink->seal_timer.data = uplink;
	uplink->handles = 2;
	if (status.unsealed > 0)
		seal_within(uplink, 0);
	tell(uplink, (struct uplink_event){ .type = UPLINK_START,
					    .last_seq = status.last_seq,
					    .upto = status.acked_seq });
	*ret_uplink = uplink;
	return 0;
}

void uplink_stop(struct uplink *uplink, void (*on_closed)(void *context), void *context)
{
	uplink->stopping = true;
	uplink->on_closed = on_closed;
	uplink->closed_context = context;
	tell(uplink, (struct uplink_event){ .type = UPLINK_STOP });
	uv_close((uv_handle_t *)&uplink->tick, on_handle_closed);
	uv_close((uv_handle_t *)&uplink->seal_timer, on_handle_closed);
}

/* A task that runs has not said yet. */
static int disk_rc(const struct uplink *uplink)
{
	const struct task *tasks[] = { &uplink->seal, &uplink->release, &uplink->renew };
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		if (!tasks[i]->busy && tasks[i]->rc < 0)
			return tasks[i]->rc;
	return 0;
}

static bool is_refused(const struct uplink_core *core)
{
	return core->blocked_seq != 0 || core->trouble == UPLINK_TROUBLE_PROTOCOL;
}

void uplink_look(const struct uplink *uplink, struct uplink_look *ret_look)
{
	static const char *const states[] = {
		[UPLINK_STOPPED] = N_("stopped"),       [UPLINK_PAUSING] = N_("waiting"),
		[UPLINK_CONNECTING] = N_("connecting"), [UPLINK_GREETING] = N_("greeting"),
		[UPLINK_WELCOME] = N_("connected"),     [UPLINK_RENEWING] = N_("renewing"),
	};
	const struct uplink_core *core = &uplink->core;
	*ret_look = (struct uplink_look){
		.state = states[core->state],
		.trouble = *troubles[core->trouble] ? _(troubles[core->trouble]) : "",
		.refusal = uplink->refusal && is_refused(core) ? uplink->refusal : "",
		.blocked_seq = core->blocked_seq,
		.in_flight = uplink_in_flight(core),
		.waiting = core->last_seq > core->acked ? core->last_seq - core->acked : 0,
		.connected = uplink->connected,
		.since_us = uplink->since_us,
		.moved_us = uplink->moved_us,
		.resting = core->slow_until_ms > now_ms(uplink),
		.disk_rc = disk_rc(uplink),
		.office_name = uplink->office_name ? uplink->office_name : "",
		.zone = uplink->zone ? uplink->zone : "",
	};
}
