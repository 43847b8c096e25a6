/* Frames: those that the uplink says by itself, and what becomes of those that come in. Batches are
 * the batch sender's. */
#include "uplink/uplink_internal.h"

#include "common/base/log.h"
#include "common/model/civil.h"

#include <stdlib.h>
#include <string.h>

/* Of the one that is kept, or will be; 0: the province is to send its own. */
static uint64_t catalogue_version(const struct uplink *uplink)
{
	return uplink->office_profile.lost ? 0 : uplink->config.catalogue_version;
}

/* --- what goes out --- */

void uplink_send_hello(struct uplink *uplink)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
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
	frame.kind_case = LANTOA__V1__FRAME__KIND_HELLO;
	frame.hello = &hello;
	(void)link_send(uplink->link, &frame); /* unsent is unanswered: the core says Hello again */
}

void uplink_send_ping(struct uplink *uplink)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Ping ping = LANTOA__V1__PING__INIT;
	ping.clock_us = civil_now_us();
	frame.kind_case = LANTOA__V1__FRAME__KIND_PING;
	frame.ping = &ping;
	(void)link_send(uplink->link, &frame); /* as with Hello */
}

/* --- what comes in --- */

/* A number of the wire, of a life that begins behind @begin, as the spool counts. */
static uint64_t seq_here(uint64_t begin, uint64_t seq)
{
	return seq > UINT64_MAX - begin ? UINT64_MAX : begin + seq;
}

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

static void mind_catalogue(struct uplink *uplink, uint64_t version)
{
	if (version != 0 && version != catalogue_version(uplink))
		uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_OUTDATED });
}

/* A release is told with a Welcome alone, and a link may stand for weeks. */
static void mind_held(struct uplink *uplink)
{
	uint64_t now_ms = uv_now(uplink->loop);
	if (!uplink->holds || !uplink->tells_held ||
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
