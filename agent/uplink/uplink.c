/* The happy path:
 *
 * 0. A Welcome comes in: welcomes compares the province's last batch with the spool's own, then the
 *    core hears WELCOMED.
 * 1. uplink_recorded() arms the sealer, which makes batches; the core hears SEALED.
 * 2. The core says SEND_BATCH: the courier fetches it, the line sends it, the core hears BATCH_DONE
 *    and asks for the next.
 * 3. An Ack comes in: the core says RELEASE, receipts notes it in the spool.
 * How it can fail: the spool's disk (whoever meets it logs it; sealing is tried again, a batch that
 * cannot be read counts as no room, or as no Welcome when it should be checked; an ack that cannot
 * be noted is tried again after a while); the socket (the core's affair). */
#include "uplink/uplink_internal.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "common/model/civil.h"

#include <sodium.h>
#include <stdlib.h>

#define SEAL_SOON_MS      1000u /* a clerk's figures of one sitting go together */
#define REST_PUSH_S       600u  /* a connection costs as much as five minutes of one at rest */
#define RECONNECT_STRETCH 10u   /* reconnect_max_ms grows to so many times itself in an outage */

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

/* Hello said again on a living connection does not end it, nor does a rest. */
static void note_changes(struct uplink *uplink)
{
	const struct uplink_core *core = &uplink->core;
	int64_t now_us = civil_boot_us();
	bool connected = core->state == UPLINK_WELCOME ||
			 ((core->state == UPLINK_GREETING || core->state == UPLINK_RESTING) &&
			  uplink->connected);
	bool at_rest = core->state == UPLINK_RESTING;
	if (connected != uplink->connected || at_rest != uplink->at_rest)
		uplink->since_us = now_us;
	if (core->acked != uplink->acked_seen || core->acked >= core->last_seq)
		uplink->moved_us = now_us;
	uplink->connected = connected;
	uplink->at_rest = at_rest;
	uplink->acked_seen = core->acked;
}

void uplink_tell(struct uplink *uplink, struct uplink_event event)
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
	uplink_tell(container_of(timer, struct uplink, tick),
		    (struct uplink_event){ .type = UPLINK_TICK });
}

/* --- the end --- */

static void close_if_idle(struct uplink *uplink)
{
	if (!uplink->stopping || uplink->lines > 0 || uplink->handles > 0 || uplink->group.busy > 0)
		return;
	void (*on_closed)(void *) = uplink->on_closed;
	void *context = uplink->closed_context;
	courier_free(&uplink->courier);
	receipts_free(&uplink->receipts);
	keeper_free(&uplink->keeper);
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
	if (uplink->core.state == UPLINK_RENEWING || life->id == uplink->life.id)
		return;
	uplink->life = *life;
	courier_renewed(&uplink->courier, life);
	log_warn("uplink: the spool goes on under another id=%016llx cause=\"series numbers were "
		 "used up\"",
		 (unsigned long long)life->id);
	uplink_tell(uplink, (struct uplink_event){ .type = UPLINK_REBORN, .begin = life->begin });
}

static void on_sealed(void *context, uint64_t last, const struct spool_life *life)
{
	take_over(context, life);
	uplink_tell(context, (struct uplink_event){ .type = UPLINK_SEALED, .last_seq = last });
}

void uplink_recorded(struct uplink *uplink, bool coarse)
{
	sealer_recorded(&uplink->sealer, coarse);
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
	sealer_set_interval(&uplink->sealer, (uint64_t)push_interval_s * 1000);
}

void uplink_set_budget(struct uplink *uplink, uint32_t bytes_per_hour)
{
	uplink->config.bytes_per_hour = bytes_per_hour;
	set_manners(uplink);
	uplink_tell(uplink, (struct uplink_event){ .type = UPLINK_TICK });
}

void uplink_set_reconnect(struct uplink *uplink, uint32_t min_ms, uint32_t max_ms)
{
	uplink->config.reconnect_min_ms = min_ms;
	uplink->config.reconnect_max_ms = max_ms;
	uplink->core.timing.backoff_min_ms = min_ms;
	uplink->core.timing.backoff_max_ms = max_ms * RECONNECT_STRETCH;
}

/* --- sending --- */

static enum uplink_result on_read(void *context, uint32_t session, const Lantoa__V1__Frame *frame,
				  size_t len)
{
	struct uplink *uplink = context;
	if (session != uplink->core.session)
		return UPLINK_NO_ROOM;
	if (!uplink_affords(&uplink->core, now_ms(uplink), len))
		return UPLINK_TOO_DEAR;
	return line_send(uplink->line, frame) == 0 ? UPLINK_SENT : UPLINK_NO_ROOM;
}

static void on_courier_done(void *context, struct uplink_event event)
{
	uplink_tell(context, event);
}

/* --- acks --- */

static void on_noted(void *context, int rc)
{
	struct uplink *uplink = context;
	if (rc < 0)
		uplink_tell(uplink, (struct uplink_event){ .type = UPLINK_NOT_NOTED });
	sealer_acked(&uplink->sealer);
}

static int64_t province_now_us(const struct uplink *uplink)
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
		uplink_tell(uplink, (struct uplink_event){ .type = UPLINK_NOT_RENEWED });
		return;
	}
	uplink->life = spool_life(uplink->config.spool);
	courier_renewed(&uplink->courier, &uplink->life);
	log_warn("uplink: all current figures are sent again under a fresh spool id=%016llx "
		 "cause=\"spool or province was restored from an older copy\"",
		 (unsigned long long)uplink->life.id);
	uplink_tell(uplink, (struct uplink_event){ .type = UPLINK_RENEWED });
	uplink->sealer.paused = false;
	sealer_within(&uplink->sealer, 0);
}

static void start_renew(struct uplink *uplink)
{
	uplink->sealer.paused = true;
	receipts_forget(&uplink->receipts);
	task_start(&uplink->renew, &uplink->group, work_renew, done_renew);
}

/* --- Welcomes that were looked at --- */

/* Only the first answer to a Hello moves the core; a later one must not move what was sent last. */
static void on_checked(void *context, const struct welcome *welcome, bool matches)
{
	struct uplink *uplink = context;
	if (uplink->core.state == UPLINK_GREETING)
		courier_welcomed(&uplink->courier, welcome->protocol, welcome->upto,
				 welcome->digest, welcome->digest_len);
	uplink_tell(uplink, (struct uplink_event){ .type = UPLINK_WELCOMED,
						   .upto = welcome->upto,
						   .credit = welcome->credit,
						   .matches = matches });
}

/* --- the line --- */

static void on_frame(void *context, const uint8_t *data, size_t len)
{
	struct uplink *uplink = context;
	uplink_heard(&uplink->core, now_ms(uplink), len);
	uplink_take_frame(uplink, data, len);
}

static void on_event(void *context, enum dealer_event event)
{
	static const enum uplink_event_type types[] = {
		[DEALER_CONNECTED] = UPLINK_CONNECTED,
		[DEALER_DISCONNECTED] = UPLINK_DISCONNECTED,
		[DEALER_AUTH_FAILED] = UPLINK_AUTH_FAILED,
		[DEALER_TOLD_LATER] = UPLINK_TOLD_LATER,
	};
	uplink_tell(context, (struct uplink_event){ .type = types[event] });
}

static void on_line_closed(void *context)
{
	struct uplink *uplink = context;
	uplink->lines--;
	close_if_idle(uplink);
}

static struct line *make_line(struct uplink *uplink, struct err *err)
{
	const struct identity *identity = uplink->config.identity;
	uint32_t min = uplink->config.reconnect_min_ms, max = uplink->config.reconnect_max_ms;
	struct line_config config = {
		.loop = uplink->loop,
		.zmq_context = uplink->config.zmq_context,
		.dealer = { .address = identity->address,
			    .server_key = identity->server_key,
			    .secret_key = identity->secret_key,
			    /* drawn anew for each socket, so that offices spread out */
			    .reconnect_ms = min + randombytes_uniform(max - min + 1),
			    .reconnect_max_ms = max * RECONNECT_STRETCH },
		.on_frame = on_frame,
		.on_event = on_event,
		.on_closed = on_line_closed,
		.context = uplink,
	};
	uplink->lines++;
	return line_open(&config, err);
}

/* OPEN is the last of a step's actions, so the core may be told within it. */
static void open_line(struct uplink *uplink)
{
	struct err err;
	uplink->line = make_line(uplink, &err);
	if (uplink->line)
		return;
	log_error("uplink: no socket, will try again cause=\"%s\"", err.text);
	uplink_tell(uplink, (struct uplink_event){ .type = UPLINK_OPEN_FAILED });
}

static void drop_line(struct uplink *uplink)
{
	struct line *line = uplink->line;
	uplink->line = NULL;
	welcomes_forget(&uplink->welcomes);
	line_close(line);
}

/* --- the core's actions --- */

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
		uplink_send_hello(uplink);
		break;
	case UPLINK_SEND_BATCH:
		courier_fetch(&uplink->courier, action->seq, action->session);
		break;
	case UPLINK_SEND_PING:
		uplink_send_ping(uplink);
		break;
	case UPLINK_RELEASE:
		receipts_ack(&uplink->receipts, action->seq, province_now_us(uplink));
		break;
	case UPLINK_RENEW:
		start_renew(uplink);
		break;
	case UPLINK_SAY:
		uplink_say(uplink);
		break;
	}
}

static void perform(struct uplink *uplink, struct uplink_actions actions)
{
	for (size_t i = 0; i < actions.n; i++)
		perform_one(uplink, &actions.list[i]);
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
	uplink->welcomes = (struct welcomes){
		.group = group, .spool = spool, .on_checked = on_checked, .context = uplink
	};
	uplink->sealer = (struct sealer){
		.group = group,
		.spool = spool,
		.interval_ms = (uint64_t)config->push_interval_s * 1000,
		.soon_ms = config->seal_soon_ms ? config->seal_soon_ms : SEAL_SOON_MS,
		.on_sealed = on_sealed,
		.context = uplink,
	};
	uplink->courier = (struct courier){ .group = group,
					    .spool = spool,
					    .life = uplink->life,
					    .on_read = on_read,
					    .on_done = on_courier_done,
					    .context = uplink };
	uplink->receipts = (struct receipts){
		.group = group, .spool = spool, .on_noted = on_noted, .context = uplink
	};
	uplink->keeper = (struct keeper){ .group = group,
					  .spool = spool,
					  .on_catalogue = config->on_catalogue,
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
	struct uplink_timing timing = uplink_timing(config->reconnect_min_ms,
						    config->reconnect_max_ms * RECONNECT_STRETCH);
	uplink_core_init(&uplink->core, config->timing ? config->timing : &timing);
	set_manners(uplink);
	make_parts(uplink);
	(void)uv_timer_init(loop, &uplink->tick); /* cannot fail */
	uplink->tick.data = uplink;
	sealer_start(&uplink->sealer, loop);
	uplink->handles = 2;
	if (status.unsealed > 0)
		sealer_within(&uplink->sealer, 0);
	uplink_tell(uplink, (struct uplink_event){ .type = UPLINK_START,
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
	uplink_tell(uplink, (struct uplink_event){ .type = UPLINK_STOP });
	uv_close((uv_handle_t *)&uplink->tick, on_tick_closed);
	sealer_stop(&uplink->sealer, on_handle_gone);
}
