/* The office's side of the province: frames from the gate, each to whom it concerns - batches to
 * the committer, Hello and Enrol to the sessions - and the gate closed while the committer wants
 * no more. While the disk is short of room (room.h) a batch is answered with an Ack that asks to
 * wait, and is not taken: everything else is answered as ever.
 *
 * What goes beyond its office's limits (office_limits.h) is dropped here without an answer, before
 * it costs anybody else: the agent sends again what was not acked, once its ack is overdue. */
#pragma once

#include "common/base/err.h"
#include "ingest/agents.h"
#include "ingest/committer.h"
#include "ingest/contacts.h"
#include "ingest/gate.h"
#include "ingest/heads_survey.h"
#include "ingest/room.h"
#include "ingest/sessions.h"
#include "registry/key_list.h"
#include "registry/office_limits.h"
#include "store/store.h"

#include <stdint.h>
#include <uv.h>

#define INTAKE_CREDIT 16u /* batches an agent may have unacknowledged, at most; the RCVHWM too */

struct intake;

struct intake_counters {
	struct committer_counters batches;  /* as of the last commit */
	struct sessions_counters questions; /* as of the last answer */
	uint64_t malformed;                 /* frames that are none */
	uint64_t misplaced;                 /* frames that this key may not send */
	uint64_t put_off;                   /* batches not taken while the disk was short of room */
	uint64_t over;                      /* frames dropped, as their office was at a limit */
	struct limit_report at_limit;       /* times by uv_now() */
	struct room_look room;              /* as of the last second */
	char at_limit_code[CODE_LEN_MAX + 1]; /* of at_limit.who; "" when it has no key any more */
};

struct intake_config {
	struct store *store;         /* outlives the intake */
	struct key_list *key_list;   /* likewise */
	const char *zone;            /* civil time zone, told to the agents */
	const uint64_t *reserve;     /* bytes of the disk kept from figures; likewise */
	const struct limits *limits; /* of an office; outlive the intake, a reload changes them */
};

int intake_open(uv_loop_t *loop, const struct intake_config *config, struct intake **ret_intake,
		struct err *err);
/** The gate's callback; @context is the intake. The gate must be given by intake_serve() before the
 * first frame. */
void intake_on_frame(void *context, const struct gate_peer *peer, zmq_msg_t *frame);
void intake_serve(struct intake *intake, struct gate *gate);
/** What each office uses, by its id (an invitation: by minus the id of its key). */
const struct meters *intake_meters(const struct intake *intake);
/** committer_do() of its committer. */
int intake_do(struct intake *intake, struct committer_act *act, struct err *err);
/** When each office was last heard. */
const struct contacts *intake_contacts(const struct intake *intake);
/** What each office's agent said of itself. */
const struct agent_list *intake_agents(const struct intake *intake);
/** To ask offices for the heads that they keep; on the loop thread. */
struct heads_survey *intake_heads_survey(struct intake *intake);
const struct intake_counters *intake_counters(const struct intake *intake);
/** Take no frame any more; @on_idle runs from the loop once no job of ours is in flight and its
 * offices are answered. Batches not committed are dropped: nobody was told that they are safe. The
 * gate must live until then. */
void intake_stop(struct intake *intake, void (*on_idle)(void *context), void *context);
void intake_close(struct intake *intake); /* after on_idle; NULL is fine */
