/* Frames: those that the uplink says by itself, and what becomes of those that come in. Batches are
 * the batch sender's. */
#include "uplink/uplink_internal.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "office/bulletin.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ASK_LEN           64u /* of the frame of an EditionAsk or a StandingAsk, in its box */

#define STANDING_AGAIN_MS 30000u /* with whatever tells of another version */

/* Of the one that is kept, or will be; 0: the province is to send its own. */
static uint64_t catalogue_version(const struct uplink *uplink)
{
	return uplink->office_profile.lost ? 0 : uplink->config.catalogue_version;
}

static uint64_t edition_version(const struct uplink *uplink)
{
	return uplink->office_profile.lost ? 0 : uplink->config.edition_version;
}

static uint64_t standing_version(const struct uplink *uplink)
{
	return uplink->office_profile.lost ? 0 : uplink->config.standing_version;
}

/* --- what goes out --- */

static void fill_condition(const struct uplink *uplink, Lantoa__V1__Condition *condition)
{
	const struct spool_status *spool = &uplink->measured;
	const struct clock *clock = spool_clock(uplink->config.spool);
	enum clock_witness witness = spool->witness;
	condition->backlog = spool->waiting_observations + spool->unsealed;
	condition->oldest_us = spool->oldest_waiting_us;
	condition->spool_full =
		spool->bytes_max ? 1 + (uint32_t)(spool->bytes * 1000 / spool->bytes_max) : 0;
	condition->clock = !clock ? LANTOA__V1__CONDITION__CLOCK_TRUST__CLOCK_NOT_TOLD
				  : (Lantoa__V1__Condition__ClockTrust)(1 + (int)witness);
	condition->push_interval_s = uplink->config.push_interval_s;
}

static void fill_head(const struct spool_head *kept, Lantoa__V1__Head *head)
{
	head->position = kept->position;
	head->epoch = kept->epoch;
	head->chain = (ProtobufCBinaryData){ sizeof(kept->chain),
					     (uint8_t *)(uintptr_t)kept->chain }; /* only read */
}

void uplink_send_hello(struct uplink *uplink)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
	Lantoa__V1__Condition condition = LANTOA__V1__CONDITION__INIT;
	Lantoa__V1__Head head = LANTOA__V1__HEAD__INIT;
	const struct spool_life *life = &uplink->life;
	hello.protocol_min = WIRE_PROTOCOL_MIN;
	hello.protocol_max = WIRE_PROTOCOL_MAX;
	bool proving = uplink->core.proving;
	hello.spool_id = proving ? life->before_id : life->id;
	hello.last_seq =
		proving ? life->begin - life->before_begin : uplink->core.last_seq - life->begin;
	hello.from_spool = proving ? 0 : life->from_id;
	hello.from_seq = proving ? 0 : life->from_seq;
	hello.catalogue_version = catalogue_version(uplink);
	hello.version = (char *)(uintptr_t)LANTOA_VERSION;
	hello.clock_us = civil_now_us();
	hello.edition_version = edition_version(uplink);
	hello.standing_version = standing_version(uplink);
	fill_condition(uplink, &condition);
	hello.condition = &condition;
	if (uplink->has_head) {
		fill_head(&uplink->head, &head);
		hello.head = &head;
	}
	frame.kind_case = LANTOA__V1__FRAME__KIND_HELLO;
	frame.hello = &hello;
	(void)link_send(uplink->link, &frame); /* unsent is unanswered: the core says Hello again */
}

void uplink_send_ping(struct uplink *uplink)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Ping ping = LANTOA__V1__PING__INIT;
	Lantoa__V1__Condition condition = LANTOA__V1__CONDITION__INIT;
	ping.clock_us = civil_now_us();
	if (uplink->protocol >= WIRE_EDITIONS) {
		fill_condition(uplink, &condition);
		ping.condition = &condition;
	}
	frame.kind_case = LANTOA__V1__FRAME__KIND_PING;
	frame.ping = &ping;
	(void)link_send(uplink->link, &frame); /* as with Hello */
	uplink_measure(uplink);
}

/* Where the link's hour is spent nothing goes out, and it counts as asked: what is not answered is
 * asked for again (EDITION_AGAIN_MS). */
static void ask_for_edition(struct uplink *uplink)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__EditionAsk ask = LANTOA__V1__EDITION_ASK__INIT;
	struct budget *budget = &uplink->core.budget;
	uint64_t now_ms = uv_now(uplink->loop);
	if (budget_when(budget, now_ms, BUDGET_PING) > now_ms)
		return;
	budget_spend(budget, now_ms, budget_frame(ASK_LEN));
	ask.version = uplink->edition.wanted;
	ask.from = uplink->edition.have.len;
	frame.kind_case = LANTOA__V1__FRAME__KIND_EDITION_ASK;
	frame.edition_ask = &ask;
	(void)link_send(uplink->link, &frame); /* unsent is unanswered: it is asked for again */
}

static int work_asking(struct task *task)
{
	struct uplink *uplink = container_of(task, struct uplink, asking);
	struct bulletin told;
	int rc = bulletin_read(uplink->config.spool, &told, &task->err);
	uplink->n_read = rc == 0 ? told.n_read : 0;
	memcpy(uplink->read, told.read, uplink->n_read * sizeof(uplink->read[0]));
	if (rc == 0)
		bulletin_free(&told);
	return rc;
}

/* As with the edition. */
static void done_asking(struct task *task)
{
	struct uplink *uplink = container_of(task, struct uplink, asking);
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__StandingAsk ask = LANTOA__V1__STANDING_ASK__INIT;
	struct budget *budget = &uplink->core.budget;
	uint64_t now_ms = uv_now(uplink->loop);
	bool another = uplink->standing.told != standing_version(uplink);
	if ((!another && uplink->n_read == 0) || !uplink->link ||
	    budget_when(budget, now_ms, BUDGET_PING) > now_ms)
		return;
	budget_spend(budget, now_ms, budget_frame(ASK_LEN));
	uplink->standing.asked_ms = now_ms ? now_ms : 1;
	uplink->standing.upto = uplink->core.acked;
	ask.version = standing_version(uplink);
	ask.read = uplink->read;
	ask.n_read = uplink->n_read;
	frame.kind_case = LANTOA__V1__FRAME__KIND_STANDING_ASK;
	frame.standing_ask = &ask;
	(void)link_send(uplink->link, &frame); /* unsent is unanswered: it is asked for again */
}

static void ask_for_standing(struct uplink *uplink)
{
	if (uplink->asking.busy)
		return;
	uplink->standing.read = false;
	task_start(&uplink->asking, &uplink->group, work_asking, done_asking);
}

void uplink_message_read(struct uplink *uplink)
{
	uplink->standing.read = true;
	if (uplink->connected && uplink->standing.told != 0)
		ask_for_standing(uplink);
}

/* --- what comes in --- */

/* A number of the wire, of a life that begins behind @begin, as the spool counts. */
static uint64_t seq_here(uint64_t begin, uint64_t seq)
{
	return seq > UINT64_MAX - begin ? UINT64_MAX : begin + seq;
}

/* --- since protocol 3: the edition, and the ledger's head --- */

/* @delay_ms: within so long it is asked for, since all offices hear of it at once. */
static void mind_edition(struct uplink *uplink, uint64_t version, uint32_t delay_ms)
{
	uint64_t own = edition_version(uplink);
	if (uplink->protocol >= WIRE_EDITIONS &&
	    edition_heard(&uplink->edition, own, version, uv_now(uplink->loop),
			  delay_ms ? randombytes_uniform(delay_ms) : 0) == EDITION_ASK)
		ask_for_edition(uplink);
}

uint64_t uplink_edition_next_ms(const struct uplink *uplink)
{
	return uplink->core.state == PROTOCOL_WELCOME ? edition_next_ms(&uplink->edition)
						      : UINT64_MAX;
}

void uplink_mind_edition(struct uplink *uplink)
{
	if (uplink->core.state == PROTOCOL_WELCOME &&
	    edition_tick(&uplink->edition, uv_now(uplink->loop)) == EDITION_ASK)
		ask_for_edition(uplink);
}

static void on_edition_piece(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	struct edition_fetch *fetch = &uplink->edition;
	switch (edition_take(fetch, frame->edition_piece, uv_now(uplink->loop))) {
	case EDITION_ASK:
		ask_for_edition(uplink);
		break;
	case EDITION_WHOLE:
		log_debug("uplink: edition version=%016llx bytes=%zu",
			  (unsigned long long)fetch->wanted, fetch->have.len);
		uplink->config.edition_version = fetch->wanted;
		uplink->config.catalogue_version = 0; /* a province of before sends its own */
		office_profile_set_edition(&uplink->office_profile, &fetch->have);
		edition_forget(fetch);
		break;
	case EDITION_WRONG:
		log_warn("uplink: the province's edition cannot be taken, will ask again");
		break;
	case EDITION_NOTHING:
		break;
	}
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_HEARD });
}

/* What the province tells comes with each Pong and Ack: there is nothing to wait for. */
static void mind_standing(struct uplink *uplink, uint64_t version)
{
	uint64_t asked_ms = uplink->standing.asked_ms;
	if (uplink->protocol < WIRE_EDITIONS)
		version = 0;
	uplink->standing.told = version;
	if (version == 0 || (version == standing_version(uplink) && !uplink->standing.read) ||
	    (asked_ms > 0 && uv_now(uplink->loop) - asked_ms < STANDING_AGAIN_MS))
		return;
	ask_for_standing(uplink);
}

static void on_standing(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	struct blob packed = { 0 };
	struct err err;
	if (uplink->standing.asked_ms > 0 && frame->standing->version != 0) {
		if (wire_frame_pack(frame, &packed, &err) < 0) {
			blob_free(&packed); /* it is told of again */
		} else {
			log_debug("uplink: standing version=%016llx bytes=%zu",
				  (unsigned long long)frame->standing->version, packed.len);
			uplink->config.standing_version = frame->standing->version;
			office_profile_set_standing(&uplink->office_profile, &packed,
						    uplink->standing.upto);
		}
	}
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_HEARD });
}

static void mind_head(struct uplink *uplink, const Lantoa__V1__Head *told)
{
	struct spool_head head = { 0 };
	if (!told || told->chain.len != sizeof(head.chain) || told->position == 0 ||
	    told->position > INT64_MAX || told->epoch > INT64_MAX)
		return;
	head.day = civil_day(uplink_province_now_us(uplink));
	head.position = told->position;
	head.epoch = told->epoch;
	memcpy(head.chain, told->chain.data, sizeof(head.chain));
	if (head.day < DAY_MIN || head.day > DAY_MAX)
		return; /* nobody knows what day it is */
	uplink->head = head;
	uplink->has_head = true;
	ack_log_head(&uplink->ack_log, &head);
}

static int on_head(void *context, const struct spool_head *head)
{
	struct heads_answer *answer = context;
	if (answer->n < answer->most)
		answer->list[answer->n++] = *head;
	return 0;
}

static int work_heads(struct task *task)
{
	struct heads_answer *answer = container_of(task, struct heads_answer, task);
	struct uplink *uplink = container_of(answer, struct uplink, heads_answer);
	answer->n = 0;
	answer->list = calloc(answer->most, sizeof(*answer->list));
	if (!answer->list)
		return err_memory(&task->err);
	return spool_each_head(uplink->config.spool, answer->most, on_head, answer, &task->err);
}

static void send_heads(struct uplink *uplink, const struct heads_answer *answer)
{
	static Lantoa__V1__KeptHead kept[WIRE_HEADS_MAX], *pointers[WIRE_HEADS_MAX];
	static Lantoa__V1__Head list[WIRE_HEADS_MAX];
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Heads heads = LANTOA__V1__HEADS__INIT;
	for (size_t i = 0; i < answer->n; i++) {
		lantoa__v1__kept_head__init(&kept[i]);
		lantoa__v1__head__init(&list[i]);
		fill_head(&answer->list[i], &list[i]);
		kept[i].day = answer->list[i].day;
		kept[i].head = &list[i];
		pointers[i] = &kept[i];
	}
	heads.number = answer->number;
	heads.head = pointers;
	heads.n_head = answer->n;
	frame.kind_case = LANTOA__V1__FRAME__KIND_HEADS;
	frame.heads = &heads;
	(void)link_send(uplink->link, &frame); /* an operator asks again */
}

static void done_heads(struct task *task)
{
	struct heads_answer *answer = container_of(task, struct heads_answer, task);
	struct uplink *uplink = container_of(answer, struct uplink, heads_answer);
	if (task->rc == 0)
		send_heads(uplink, answer);
	else
		log_error("uplink: cannot read the heads kept here cause=\"%s\"", task->err.text);
	free(answer->list);
	answer->list = NULL;
}

static void on_heads_ask(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	struct heads_answer *answer = &uplink->heads_answer;
	uint32_t most = frame->heads_ask->most;
	if (uplink->protocol >= WIRE_EDITIONS && !answer->task.busy && most > 0) {
		answer->most = most < WIRE_HEADS_MAX ? most : WIRE_HEADS_MAX;
		answer->number = frame->heads_ask->number;
		task_start(&answer->task, &uplink->group, work_heads, done_heads);
	}
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_ASKED });
}

/* --- of every protocol --- */

static void on_welcome(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Welcome *welcome = frame->welcome;
	if (wire_protocol(welcome->protocol, welcome->protocol) == 0) {
		uplink_tell(uplink,
			    (struct protocol_event){ .type = PROTOCOL_REFUSED,
						     .code = LANTOA__V1__REFUSED__CODE__PROTOCOL });
		return;
	}
	if (clock_possible(welcome->clock_us)) { /* else it counts as not told */
		uplink->province_offset_us = welcome->clock_us - (int64_t)(uv_hrtime() / 1000);
		uplink->province_clock_known = true;
	}
	if (spool_clock(uplink->config.spool)) {
		clock_hear(spool_clock(uplink->config.spool), welcome->clock_us);
		if (spool_waits_for_clock(uplink->config.spool))
			batcher_recorded(&uplink->batcher, true);
	}
	/* What is in flight may be held since, and its ack told already. */
	if (welcome->held == 1 || (welcome->held > 1 && protocol_in_flight(&uplink->core) == 0))
		ack_log_held(&uplink->ack_log, welcome->held - 1);
	uplink->tells_held = welcome->held > 0;
	uplink->holds = welcome->held > 1;
	uplink->held_told_ms = uv_now(uplink->loop);
	office_profile_set(&uplink->office_profile, welcome->office_name, welcome->zone,
			   welcome->level);
	uplink->protocol = welcome->protocol;
	if (spool_use_remarks(uplink->config.spool, welcome->protocol >= WIRE_EDITIONS))
		batcher_recorded(&uplink->batcher, true); /* a finished report may have waited */
	mind_edition(uplink, welcome->edition_version, 0);
	uplink->standing.asked_ms = 0; /* what was asked before got lost, */
	uplink->standing.read = true;  /* with what it said was read */
	mind_standing(uplink, welcome->standing_version);
	mind_head(uplink, welcome->head);
	uint64_t begin = uplink->core.proving ? uplink->life.before_begin : uplink->life.begin;
	resume_check_take(&uplink->resume_check, seq_here(begin, welcome->upto), welcome);
}

static void on_catalogue(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Catalogue *catalogue = frame->catalogue;
	if (office_profile_set_catalogue(&uplink->office_profile, catalogue->csv.data,
					 catalogue->csv.len) < 0)
		log_error(
			"uplink: no memory for the catalogue; it comes again with the next Hello");
	else
		uplink->config.catalogue_version = catalogue->version;
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_HEARD });
}

/* Of a province that does not know editions. */
static void mind_catalogue(struct uplink *uplink, uint64_t version)
{
	if (uplink->protocol < WIRE_EDITIONS && version != 0 &&
	    version != catalogue_version(uplink))
		uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_OUTDATED });
}

/* A province that tells no standings tells of a release with a Welcome alone, and a link may stand
 * for weeks. */
static void mind_held(struct uplink *uplink)
{
	uint64_t now_ms = uv_now(uplink->loop);
	if (!uplink->holds || !uplink->tells_held || uplink->standing.told != 0 ||
	    now_ms - uplink->held_told_ms < uplink->core.timing.held_ms)
		return;
	uplink->held_told_ms = now_ms;
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_OUTDATED });
}

static void on_ack(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Ack *ack = frame->ack;
	uint64_t begin = uplink->life.begin;
	if (ack->spool_id != uplink->life.id)
		return; /* of before a renewal */
	mind_head(uplink, ack->head);
	mind_edition(uplink, ack->edition_version, uplink->core.timing.refresh_ms);
	mind_standing(uplink, ack->standing_version);
	for (size_t i = 0; i < ack->n_quarantined; i++)
		ack_log_quarantined(&uplink->ack_log, seq_here(begin, ack->quarantined[i]->seq),
				    ack->quarantined[i]);
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_ACKED,
						     .upto = seq_here(begin, ack->upto),
						     .slow_down_ms = ack->slow_down_ms });
	ack_log_flush(&uplink->ack_log);
	uplink->holds |= ack->n_quarantined > 0;
	mind_held(uplink);
	mind_catalogue(uplink, ack->catalogue_version);
}

static void on_refused(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	const Lantoa__V1__Refused *refused = frame->refused;
	if (refused->seq != 0 && refused->spool_id != uplink->life.id)
		return; /* of before a renewal */
	if (refused->code != LANTOA__V1__REFUSED__CODE__GAP) {
		char *reason = strdup(refused->reason);
		if (reason) {
			free(uplink->refusal);
			uplink->refusal = reason;
		}
	}
	uint64_t seq = refused->seq ? seq_here(uplink->life.begin, refused->seq) : 0;
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_REFUSED,
						     .seq = seq,
						     .code = (int)refused->code });
}

static void on_pong(struct uplink *uplink, const Lantoa__V1__Frame *frame)
{
	mind_edition(uplink, frame->pong->edition_version, uplink->core.timing.refresh_ms);
	mind_standing(uplink, frame->pong->standing_version);
	mind_head(uplink, frame->pong->head);
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_HEARD });
	mind_held(uplink);
	mind_catalogue(uplink, frame->pong->catalogue_version);
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
	{ LANTOA__V1__FRAME__KIND_EDITION_PIECE, on_edition_piece },
	{ LANTOA__V1__FRAME__KIND_STANDING, on_standing },
	{ LANTOA__V1__FRAME__KIND_HEADS_ASK, on_heads_ask },
};

void uplink_take_frame(struct uplink *uplink, const uint8_t *data, size_t len)
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
