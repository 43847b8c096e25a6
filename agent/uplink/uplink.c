/* The happy path:
 *
 * 1. A Welcome comes in. The resume check compares the province's last batch with the spool's own,
 *    and then the protocol hears WELCOMED.
 * 2. uplink_recorded() arms the batcher, which seals batches; the protocol hears SEALED.
 * 3. The protocol says SEND_BATCH. The batch sender reads it, the link sends it, and the protocol
 *    hears BATCH_DONE and asks for the next.
 * 4. An Ack comes in. The protocol says RELEASE, and the ack log notes it in the spool.
 *
 * What can fail is the spool's disk or the socket. Whoever meets a failing disk logs it: sealing is
 * tried again; a batch that cannot be read counts as no room, or as no Welcome when it should have
 * been checked; an ack that cannot be noted is noted again after a while. What a failing socket
 * means is for the protocol to decide.
 *
 * With [log] level = debug each decision is a line in the log (protocol_trace.h). */
#include "uplink/uplink_internal.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "uplink/protocol_trace.h"

#include <sodium.h>
#include <stdlib.h>

#define SEAL_SOON_MS     1000u /* a clerk's figures of one sitting go together */
#define REST_PUSH_S      600u  /* a connection costs as much as five minutes of one at rest */
#define RECONNECT_GROWTH 10u   /* reconnect_max_ms grows to so many times itself in an outage */

static void perform(struct uplink *uplink, const struct protocol_action *action);

/* --- telling the core --- */

static uint64_t now_ms(const struct uplink *uplink)
{
	return uv_now(uplink->loop);
}

static void on_tick(uv_timer_t *timer);

static void arm_tick(struct uplink *uplink)
{
	uint64_t next = protocol_next_ms(&uplink->core), now = now_ms(uplink),
		 edition = uplink_edition_next_ms(uplink);
	next = edition < next ? edition : next;
	if (uplink->stopping || next == UINT64_MAX)
		(void)uv_timer_stop(&uplink->tick); /* cannot fail */
	else
		(void)uv_timer_start(&uplink->tick, on_tick, next > now ? next - now : 0,
				     0); /* fails for a closing handle only */
}

/* Hello said again on a living connection does not end it, nor does a rest. */
static void note_changes(struct uplink *uplink)
{
	const struct protocol *core = &uplink->core;
	int64_t now_us = civil_boot_us();
	bool connected = core->state == PROTOCOL_WELCOME ||
			 ((core->state == PROTOCOL_GREETING || core->state == PROTOCOL_RESTING) &&
			  uplink->connected);
	bool at_rest = core->state == PROTOCOL_RESTING;
	if (connected != uplink->connected || at_rest != uplink->at_rest)
		uplink->since_us = now_us;
	if (core->acked != uplink->acked_seen || core->acked >= core->last_seq)
		uplink->moved_us = now_us;
	uplink->connected = connected;
	uplink->at_rest = at_rest;
	uplink->acked_seen = core->acked;
}

void uplink_tell(struct uplink *uplink, struct protocol_event event)
{
	if (uplink->stopping && event.type != PROTOCOL_STOP)
		return;
	event.now_ms = now_ms(uplink);
	randombytes_buf(&event.dice, sizeof(event.dice));
	enum protocol_state before = uplink->core.state;
	struct protocol_actions actions = protocol_step(&uplink->core, event);
	bool decided = actions.n > 0 || uplink->core.state != before;
	if (decided && log_shows(LOG_LEVEL_DEBUG)) {
		char text[PROTOCOL_TRACE_MAX];
		protocol_trace(before, &event, &uplink->core, &actions, text);
		log_debug("uplink: %s", text);
	}
	for (size_t i = 0; i < actions.n; i++)
		perform(uplink, &actions.list[i]);
	note_changes(uplink);
	arm_tick(uplink);
	if (uplink->config.on_change && !uplink->stopping)
		uplink->config.on_change(uplink->config.context);
}

static void on_tick(uv_timer_t *timer)
{
	struct uplink *uplink = container_of(timer, struct uplink, tick);
	uplink_mind_edition(uplink);
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_TICK });
}

/* --- the end --- */

static void close_if_idle(struct uplink *uplink)
{
	if (!uplink->stopping || uplink->links > 0 || uplink->handles > 0 || uplink->group.busy > 0)
		return;
	void (*on_closed)(void *) = uplink->on_closed;
	void *context = uplink->closed_context;
	batch_sender_free(&uplink->batch_sender);
	ack_log_free(&uplink->ack_log);
	office_profile_free(&uplink->office_profile);
	edition_forget(&uplink->edition);
	free(uplink->heads_answer.list);
	free(uplink->refusal);
	free(uplink);
	if (on_closed)
		on_closed(context);
}

static void on_group_idle(void *context)
{
	close_if_idle(context);
}

static void on_handle_gone(void *context)
{
	struct uplink *uplink = context;
	uplink->handles--;
	close_if_idle(uplink);
}

static void on_tick_closed(uv_handle_t *handle)
{
	on_handle_gone(handle->data);
}

/* --- sealing --- */

/* While the spool is renewed it gets yet another life. */
static void take_over(struct uplink *uplink, const struct spool_life *life)
{
	if (uplink->core.state == PROTOCOL_RENEWING || life->id == uplink->life.id)
		return;
	uplink->life = *life;
	batch_sender_renewed(&uplink->batch_sender, life);
	log_warn("uplink: the spool goes on under another id=%016llx cause=\"series numbers were "
		 "used up\"",
		 (unsigned long long)life->id);
	uplink_tell(uplink,
		    (struct protocol_event){ .type = PROTOCOL_REBORN, .begin = life->begin });
}

static int work_measure(struct task *task)
{
	struct uplink *uplink = container_of(task, struct uplink, measure);
	return spool_status(uplink->config.spool, &uplink->measuring, &task->err);
}

static void done_measure(struct task *task)
{
	struct uplink *uplink = container_of(task, struct uplink, measure);
	if (task->rc == 0) /* else it is told as it was: whoever writes tells of the disk */
		uplink->measured = uplink->measuring;
}

void uplink_measure(struct uplink *uplink)
{
	if (!uplink->measure.busy && uplink->protocol >= WIRE_EDITIONS)
		task_start(&uplink->measure, &uplink->group, work_measure, done_measure);
}

static void on_sealed(void *context, uint64_t last, const struct spool_life *life)
{
	uplink_measure(context);
	take_over(context, life);
	uplink_tell(context, (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = last });
}

void uplink_recorded(struct uplink *uplink, bool coarse)
{
	batcher_recorded(&uplink->batcher, coarse);
}

static void set_manners(struct uplink *uplink)
{
	const struct uplink_config *config = &uplink->config;
	uplink->core.budget.per_hour = config->bytes_per_hour;
	uplink->core.rests = config->bytes_per_hour > 0 || config->push_interval_s >= REST_PUSH_S;
}

void uplink_set_push_interval(struct uplink *uplink, uint32_t push_interval_s)
{
	uplink->config.push_interval_s = push_interval_s;
	set_manners(uplink);
	batcher_set_interval(&uplink->batcher, (uint64_t)push_interval_s * 1000);
}

void uplink_set_budget(struct uplink *uplink, uint32_t bytes_per_hour)
{
	uplink->config.bytes_per_hour = bytes_per_hour;
	set_manners(uplink);
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_TICK });
}

void uplink_set_reconnect(struct uplink *uplink, uint32_t min_ms, uint32_t max_ms)
{
	uplink->config.reconnect_min_ms = min_ms;
	uplink->config.reconnect_max_ms = max_ms;
	uplink->core.timing.backoff_min_ms = min_ms;
	uplink->core.timing.backoff_max_ms = max_ms * RECONNECT_GROWTH;
}

/* --- sending --- */

static enum protocol_result on_read(void *context, uint32_t session, const Lantoa__V1__Frame *frame,
				    size_t len)
{
	struct uplink *uplink = context;
	if (session != uplink->core.session)
		return PROTOCOL_NO_ROOM;
	if (!protocol_affords(&uplink->core, now_ms(uplink), len))
		return PROTOCOL_TOO_DEAR;
	return link_send(uplink->link, frame) == 0 ? PROTOCOL_SENT : PROTOCOL_NO_ROOM;
}

static void on_batch_done(void *context, struct protocol_event event)
{
	uplink_tell(context, event);
}

/* --- acks --- */

static void on_noted(void *context, int rc)
{
	struct uplink *uplink = context;
	if (rc < 0)
		uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_NOT_NOTED });
	batcher_acked(&uplink->batcher);
}

int64_t uplink_province_now_us(const struct uplink *uplink)
{
	if (!uplink->province_clock_known)
		return civil_now_us();
	return (int64_t)(uv_hrtime() / 1000) + uplink->province_offset_us;
}

/* --- a new spool id --- */

static int work_renew(struct task *task)
{
	struct uplink *uplink = container_of(task, struct uplink, renew);
	return spool_renew(uplink->config.spool, &task->err);
}

static void done_renew(struct task *task)
{
	struct uplink *uplink = container_of(task, struct uplink, renew);
	if (task->rc < 0) {
		log_error("uplink: cannot renew the spool, will try again cause=\"%s\"",
			  task->err.text);
		uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_NOT_RENEWED });
		return;
	}
	uplink->life = spool_life(uplink->config.spool);
	batch_sender_renewed(&uplink->batch_sender, &uplink->life);
	log_warn("uplink: all current figures are sent again under a fresh spool id=%016llx "
		 "cause=\"spool or province was restored from an older copy\"",
		 (unsigned long long)uplink->life.id);
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_RENEWED });
	uplink->batcher.paused = false;
	batcher_within(&uplink->batcher, 0);
}

/* --- Welcomes that were looked at --- */

/* Only the first answer to a Hello moves the core; a later one must not move what was sent last. */
static void on_checked(void *context, const struct welcome *welcome, bool matches)
{
	struct uplink *uplink = context;
	if (uplink->core.state == PROTOCOL_GREETING)
		batch_sender_welcomed(&uplink->batch_sender, welcome->protocol, welcome->upto,
				      welcome->digest, welcome->digest_len);
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_WELCOMED,
						     .upto = welcome->upto,
						     .credit = welcome->credit,
						     .matches = matches });
}

/* --- the link --- */

static void on_frame(void *context, const uint8_t *data, size_t len)
{
	struct uplink *uplink = context;
	protocol_heard(&uplink->core, now_ms(uplink), len);
	uplink_take_frame(uplink, data, len);
}

static void on_event(void *context, enum dealer_event event)
{
	static const enum protocol_event_type types[] = {
		[DEALER_CONNECTED] = PROTOCOL_CONNECTED,
		[DEALER_DISCONNECTED] = PROTOCOL_DISCONNECTED,
		[DEALER_AUTH_FAILED] = PROTOCOL_AUTH_FAILED,
		[DEALER_TOLD_LATER] = PROTOCOL_TOLD_LATER,
	};
	uplink_tell(context, (struct protocol_event){ .type = types[event] });
}

static void on_link_closed(void *context)
{
	struct uplink *uplink = context;
	uplink->links--;
	close_if_idle(uplink);
}

static struct link *make_link(struct uplink *uplink, struct err *err)
{
	const struct identity *identity = uplink->config.identity;
	uint32_t min = uplink->config.reconnect_min_ms, max = uplink->config.reconnect_max_ms;
	struct link_config config = {
		.loop = uplink->loop,
		.zmq_context = uplink->config.zmq_context,
		.dealer = { .address = identity->address,
			    .server_key = identity->server_key,
			    .secret_key = identity->secret_key,
			    /* drawn anew for each socket, so that offices spread out */
			    .reconnect_ms = min + randombytes_uniform(max - min + 1),
			    .reconnect_max_ms = max * RECONNECT_GROWTH },
		.on_frame = on_frame,
		.on_event = on_event,
		.on_closed = on_link_closed,
		.context = uplink,
	};
	uplink->links++;
	return link_open(&config, err);
}

/* OPEN is the last of a step's actions, so the core may be told within it. */
static void open_link(struct uplink *uplink)
{
	struct err err;
	uplink->link = make_link(uplink, &err);
	if (uplink->link)
		return;
	log_error("uplink: no socket, will try again cause=\"%s\"", err.text);
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_OPEN_FAILED });
}

/* --- the core's actions --- */

static void perform(struct uplink *uplink, const struct protocol_action *action)
{
	struct link *dropped = uplink->link;
	switch (action->type) {
	case PROTOCOL_OPEN:
		open_link(uplink);
		break;
	case PROTOCOL_CLOSE:
		uplink->link = NULL;
		resume_check_forget(&uplink->resume_check);
		link_close(dropped);
		break;
	case PROTOCOL_SEND_HELLO:
		uplink_send_hello(uplink);
		break;
	case PROTOCOL_SEND_BATCH:
		batch_sender_fetch(&uplink->batch_sender, action->seq, action->session);
		break;
	case PROTOCOL_SEND_PING:
		uplink_send_ping(uplink);
		break;
	case PROTOCOL_RELEASE:
		ack_log_acked(&uplink->ack_log, action->seq, uplink_province_now_us(uplink));
		break;
	case PROTOCOL_RENEW:
		uplink->batcher.paused = true;
		ack_log_forget(&uplink->ack_log);
		task_start(&uplink->renew, &uplink->group, work_renew, done_renew);
		break;
	case PROTOCOL_SAY:
		uplink_say(uplink);
		break;
	}
}

/* --- starting and stopping --- */

static void make_parts(struct uplink *uplink)
{
	const struct uplink_config *config = &uplink->config;
	struct task_group *group = &uplink->group;
	struct spool *spool = config->spool;
	*group = (struct task_group){ .worker = config->worker,
				      .on_idle = on_group_idle,
				      .context = uplink };
	uplink->resume_check = (struct resume_check){
		.group = group, .spool = spool, .on_checked = on_checked, .context = uplink
	};
	uplink->batcher = (struct batcher){
		.group = group,
		.spool = spool,
		.interval_ms = (uint64_t)config->push_interval_s * 1000,
		.soon_ms = config->seal_soon_ms ? config->seal_soon_ms : SEAL_SOON_MS,
		.on_sealed = on_sealed,
		.context = uplink,
	};
	uplink->batch_sender = (struct batch_sender){ .group = group,
						      .spool = spool,
						      .life = uplink->life,
						      .on_read = on_read,
						      .on_done = on_batch_done,
						      .context = uplink };
	uplink->ack_log = (struct ack_log){
		.group = group, .spool = spool, .on_noted = on_noted, .context = uplink
	};
	uplink->office_profile = (struct office_profile){ .group = group,
							  .spool = spool,
							  .on_catalogue = config->on_catalogue,
							  .on_kept = config->on_change,
							  .context = config->context };
}

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
	uplink->life = spool_life(config->spool);
	uplink->measured = status;
	uplink->head = status.head;
	uplink->has_head = status.heads > 0;
	uplink->standing.read = true;
	struct protocol_timing timing = protocol_timing(
		config->reconnect_min_ms, config->reconnect_max_ms * RECONNECT_GROWTH);
	protocol_init(&uplink->core, config->timing ? config->timing : &timing);
	set_manners(uplink);
	make_parts(uplink);
	(void)uv_timer_init(loop, &uplink->tick); /* cannot fail */
	uplink->tick.data = uplink;
	batcher_start(&uplink->batcher, loop);
	uplink->handles = 2;
	if (status.unsealed > 0)
		batcher_within(&uplink->batcher, 0);
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_START,
						     .last_seq = status.last_seq,
						     .upto = status.acked_seq,
						     .begin = uplink->life.begin });
	*ret_uplink = uplink;
	return 0;
}

void uplink_stop(struct uplink *uplink, void (*on_closed)(void *context), void *context)
{
	uplink->stopping = uplink->group.stopping = true;
	uplink->on_closed = on_closed;
	uplink->closed_context = context;
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_STOP });
	uv_close((uv_handle_t *)&uplink->tick, on_tick_closed);
	batcher_stop(&uplink->batcher, on_handle_gone);
}
