#include "ingest/intake.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/model/civil.h"
#include "common/net/wire.h"
#include "ingest/acks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What an office that pushes each minute would send anyway is no burden to its line. */
#define ROOM_WAIT_MS 60000u

enum cause { CAUSE_MALFORMED, CAUSE_INVITED, CAUSE_ENROLLED, CAUSE_COUNT };

struct intake {
	uv_loop_t *loop; /* outlives us */
	struct key_list *key_list;
	struct gate *gate;
	struct arena *arena; /* of the frame at hand */
	struct committer *committer;
	struct contacts *contacts; /* owned */
	struct sessions sessions;
	struct catalogue_watch catalogue_watch;
	struct agent_list agents; /* owned */
	struct room room;
	struct heads_survey heads_survey;
	struct standing_watch standing_watch;
	struct meters *meters; /* owned */
	uint64_t report_ms;    /* when who is at a limit was counted last */
	struct intake_counters counters;
	struct log_limit said[CAUSE_COUNT], said_over;
	bool paused;
	void (*on_idle)(void *context); /* set while stopping */
	void *idle_context;
};

/* --- limits --- */

/* Counting them costs a walk over all offices: once a second. */
static void report_limits(struct intake *intake, uint64_t now_ms)
{
	struct intake_counters *counters = &intake->counters;
	if (intake->report_ms && now_ms < intake->report_ms + 1000)
		return;
	intake->report_ms = now_ms;
	counters->at_limit = meters_report(intake->meters, now_ms);
	int64_t who = counters->at_limit.who;
	const struct listed_key *key = who < 0 ? key_list_by_id(intake->key_list, -who)
					       : key_list_of_office(intake->key_list, who);
	(void)snprintf(counters->at_limit_code, sizeof(counters->at_limit_code), "%s",
		       key ? key->code : ""); /* fits */
}

/* I7: an invitation in strange hands must not keep its office's own key out. */
static int64_t who_of(const struct listed_key *key)
{
	return key->state == KEY_ACTIVE ? key->office : -key->id;
}

static void drop_over(struct intake *intake, const struct listed_key *key, enum limit limit)
{
	uint64_t not_logged, now_ms = uv_now(intake->loop);
	intake->counters.over++;
	if (intake->counters.at_limit.n == 0) /* that is news */
		intake->report_ms = 0;
	report_limits(intake, now_ms);
	if (log_limit_pass(&intake->said_over, now_ms, &not_logged))
		log_warn("intake: frame dropped office=%s key=%" PRId64
			 " cause=\"at its limit of %s\" not_logged=%" PRIu64,
			 key->code, key->id, limit_kind(limit)->name, not_logged);
}

/* --- frames --- */

/* One line a minute and cause: an office could fill the disk otherwise. And each answer costs us
 * more than what it answers, which may be no byte at all: they are limited as those to batches. */
static void refuse(struct intake *intake, const struct gate_peer *peer,
		   const struct listed_key *key, enum cause cause, const char *reason)
{
	uint64_t not_logged;
	if (!meters_take(intake->meters, who_of(key), LIMIT_REFUSED, 1, uv_now(intake->loop))) {
		drop_over(intake, key, LIMIT_REFUSED);
		return;
	}
	if (log_limit_pass(&intake->said[cause], uv_now(intake->loop), &not_logged))
		log_warn("intake: frame refused office=%s key=%" PRId64
			 " cause=\"%s\" not_logged=%" PRIu64,
			 key->code, key->id, reason, not_logged);
	committer_note_refused(intake->committer, key, reason);
	intake->counters.batches.refusals = committer_counters(intake->committer)->refusals;
	acks_refuse(intake->gate, peer, 0, 0,
		    cause == CAUSE_MALFORMED ? LANTOA__V1__REFUSED__CODE__MALFORMED
					     : LANTOA__V1__REFUSED__CODE__INVITATION,
		    reason);
}

struct incoming { /* a frame at hand */
	const struct gate_peer *peer;
	const struct listed_key *key;
	const Lantoa__V1__Frame *frame;
	zmq_msg_t *message; /* that it was unpacked from */
};

static void on_batch(struct intake *intake, const struct incoming *in)
{
	const Lantoa__V1__Batch *batch = in->frame->batch;
	size_t len = batch->before_digest.len;
	enum limit limit;
	if (room_is_short(&intake->room)) {
		intake->counters.put_off++;
		acks_put_off(intake->gate, in->peer, batch->spool_id, ROOM_WAIT_MS);
	} else if (len != 0 && len != WIRE_DIGEST_LEN) {
		refuse(intake, in->peer, in->key, CAUSE_MALFORMED, N_("a digest is 16 bytes"));
	} else if (!committer_add(intake->committer, in->peer, in->key->office, batch, in->message,
				  &limit)) {
		drop_over(intake, in->key, limit);
	}
}

static void on_hello(struct intake *intake, const struct incoming *in)
{
	contacts_hello(intake->contacts, in->key, in->frame->hello);
	sessions_hello(&intake->sessions, in->peer, in->key, in->frame->hello);
}

static void on_enrol(struct intake *intake, const struct incoming *in)
{
	contacts_note(intake->contacts, in->key, in->peer->routing_id);
	sessions_enrol(&intake->sessions, in->peer, in->key, in->frame->enrol);
}

static void on_edition_ask(struct intake *intake, const struct incoming *in)
{
	sessions_edition(&intake->sessions, in->peer, in->frame->edition_ask);
}

static void on_standing_ask(struct intake *intake, const struct incoming *in)
{
	sessions_standing(&intake->sessions, in->peer, in->key, in->frame->standing_ask);
}

/* No answer tells an agent that its heads came: an operator asked for them. */
static void on_heads(struct intake *intake, const struct incoming *in)
{
	const char *wrong =
		heads_survey_take(&intake->heads_survey, in->key->office, in->frame->heads);
	if (wrong) {
		intake->counters.malformed++;
		refuse(intake, in->peer, in->key, CAUSE_MALFORMED, wrong);
	}
}

static void on_ping(struct intake *intake, const struct incoming *in)
{
	Lantoa__V1__Frame answer = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Pong pong = LANTOA__V1__PONG__INIT;
	pong.clock_us = journal_clock_told_us(committer_clock(intake->committer));
	pong.catalogue_version = catalogue_watch_version(&intake->catalogue_watch);
	contacts_condition(intake->contacts, in->key, in->frame->ping->condition);
	if (agents_speak(&intake->agents, in->key->office, WIRE_EDITIONS))
		pong.edition_version = catalogue_watch_edition(&intake->catalogue_watch)->version;
	Lantoa__V1__Head head;
	pong.standing_version = standing_watch_version(&intake->standing_watch, in->key->office);
	if (agents_speak(&intake->agents, in->key->office, WIRE_EDITIONS))
		pong.head = told_head_fill(committer_head(intake->committer), &head);
	answer.kind_case = LANTOA__V1__FRAME__KIND_PONG;
	answer.pong = &pong;
	gate_answer(intake->gate, in->peer, &answer);
}

static const struct kind {
	Lantoa__V1__Frame__KindCase kind;
	enum key_state state; /* of the key that may send it */
	void (*on_frame)(struct intake *intake, const struct incoming *in);
} kinds[] = {
	{ LANTOA__V1__FRAME__KIND_BATCH, KEY_ACTIVE, on_batch },
	{ LANTOA__V1__FRAME__KIND_HELLO, KEY_ACTIVE, on_hello },
	{ LANTOA__V1__FRAME__KIND_PING, KEY_ACTIVE, on_ping },
	{ LANTOA__V1__FRAME__KIND_EDITION_ASK, KEY_ACTIVE, on_edition_ask },
	{ LANTOA__V1__FRAME__KIND_STANDING_ASK, KEY_ACTIVE, on_standing_ask },
	{ LANTOA__V1__FRAME__KIND_HEADS, KEY_ACTIVE, on_heads },
	{ LANTOA__V1__FRAME__KIND_ENROL, KEY_INVITED, on_enrol },
};

static const struct kind *kind_of(const Lantoa__V1__Frame *frame)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == frame->kind_case)
			return &kinds[i];
	return NULL;
}

/* The gate is open while the committer wants more. */
static void mind_the_gate(struct intake *intake)
{
	bool pause = !committer_wants_more(intake->committer);
	if (pause == intake->paused || !intake->gate)
		return;
	intake->paused = pause;
	if (pause)
		gate_pause(intake->gate);
	else
		gate_resume(intake->gate);
}

void intake_on_frame(void *context, const struct gate_peer *peer, zmq_msg_t *message)
{
	struct intake *intake = context;
	size_t len = zmq_msg_size(message);
	Lantoa__V1__Frame *frame;
	struct err err = { 0 };
	const struct listed_key *key = key_list_by_id(intake->key_list, peer->key_id);
	if (!key || intake->on_idle)
		return;
	if (key->state == KEY_ACTIVE) /* what it says may be refused: it is there */
		contacts_note(intake->contacts, key, peer->routing_id);
	uint64_t now_ms = uv_now(intake->loop);
	if (!meters_take(intake->meters, who_of(key), LIMIT_BYTES, len, now_ms)) { /* I11 */
		drop_over(intake, key, LIMIT_BYTES);
		return;
	}
	arena_reset(intake->arena);
	const struct kind *kind = NULL;
	int rc = wire_frame_unpack(intake->arena, zmq_msg_data(message), len, &frame, &err);
	if (rc == -ENOMEM)
		return; /* our lack, not its fault: it sends again what is not answered */
	if (rc == 0 && !(kind = kind_of(frame)))
		(void)err_set(&err, -EBADMSG, "an office does not send such a frame");
	if (!kind) {
		intake->counters.malformed++;
		refuse(intake, peer, key, CAUSE_MALFORMED, err.text);
	} else if (kind->state != key->state) {
		intake->counters.misplaced++;
		if (key->state == KEY_INVITED)
			refuse(intake, peer, key, CAUSE_INVITED,
			       N_("an invitation may enrol, and nothing else"));
		else
			refuse(intake, peer, key, CAUSE_ENROLLED,
			       N_("this office is enrolled already"));
	} else if (kind->kind != LANTOA__V1__FRAME__KIND_BATCH &&
		   !meters_take(intake->meters, who_of(key), LIMIT_QUESTIONS, 1, now_ms)) {
		drop_over(intake, key, LIMIT_QUESTIONS);
	} else {
		kind->on_frame(intake, &(struct incoming){ peer, key, frame, message });
		mind_the_gate(intake);
	}
}

/* --- life --- */

static void on_change(void *context)
{
	struct intake *intake = context;
	intake->counters.batches = *committer_counters(intake->committer);
	intake->counters.questions = intake->sessions.counters;
	intake->counters.room = intake->room.look;
	report_limits(intake, uv_now(intake->loop));
	mind_the_gate(intake);
	/* Stopped, once nothing of ours is in the store's or the loop's hands any more. */
	bool busy = !committer_is_idle(intake->committer) || intake->sessions.working > 0 ||
		    intake->catalogue_watch.looking || intake->room.open ||
		    intake->heads_survey.open || standing_watch_busy(&intake->standing_watch) ||
		    contacts_busy(intake->contacts);
	if (intake->on_idle && !busy)
		intake->on_idle(intake->idle_context);
}

int intake_open(uv_loop_t *loop, const struct intake_config *config, struct intake **ret_intake,
		struct err *err)
{
	struct intake *intake = calloc(1, sizeof(*intake));
	if (!intake)
		return err_memory(err);
	intake->loop = loop;
	intake->key_list = config->key_list;
	intake->sessions = (struct sessions){ .loop = loop,
					      .store = config->store,
					      .key_list = config->key_list,
					      .zone = config->zone,
					      .credit = INTAKE_CREDIT,
					      .on_done = on_change,
					      .context = intake };
	intake->catalogue_watch = (struct catalogue_watch){
		.loop = loop, .store = config->store, .on_done = on_change, .context = intake
	};
	intake->sessions.catalogue_watch = &intake->catalogue_watch;
	intake->sessions.agents = &intake->agents;
	intake->standing_watch = (struct standing_watch){ .store = config->store,
							  .agents = &intake->agents,
							  .on_done = on_change,
							  .context = intake };
	intake->sessions.standing_watch = &intake->standing_watch;
	intake->room = (struct room){ .store = config->store,
				      .reserve = config->reserve,
				      .on_change = on_change,
				      .context = intake };
	intake->heads_survey = (struct heads_survey){ .agents = &intake->agents,
						      .on_change = on_change,
						      .context = intake };
	intake->arena = arena_open(WIRE_ARENA_MAX);
	intake->meters = meters_open(config->limits);
	/* What can fail comes before what begins to run: a handle that the loop has cannot just be
	 * freed. */
	int rc = intake->arena && intake->meters
			 ? contacts_open(config->store, on_change, intake, &intake->contacts, err)
			 : err_memory(err);
	if (rc == 0)
		rc = committer_open(loop, config->store, config->key_list, intake->meters,
				    on_change, intake, &intake->committer, err);
	if (rc < 0) {
		intake_close(intake);
		return rc;
	}
	intake->sessions.clock = committer_clock(intake->committer);
	intake->sessions.head = committer_head(intake->committer);
	contacts_start(intake->contacts, loop);
	room_start(loop, &intake->room);
	heads_survey_start(loop, &intake->heads_survey);
	standing_watch_start(loop, &intake->standing_watch);
	intake->counters.room = intake->room.look;
	*ret_intake = intake;
	return 0;
}

void intake_serve(struct intake *intake, struct gate *gate)
{
	intake->gate = gate;
	intake->sessions.gate = gate;
	intake->heads_survey.gate = gate;
	committer_serve(intake->committer, gate, &intake->catalogue_watch, &intake->standing_watch);
}

const struct meters *intake_meters(const struct intake *intake)
{
	return intake->meters;
}

int intake_do(struct intake *intake, struct committer_act *act, struct err *err)
{
	return committer_do(intake->committer, act, err);
}

const struct contacts *intake_contacts(const struct intake *intake)
{
	return intake->contacts;
}

const struct agent_list *intake_agents(const struct intake *intake)
{
	return &intake->agents;
}

struct heads_survey *intake_heads_survey(struct intake *intake)
{
	return &intake->heads_survey;
}

const struct intake_counters *intake_counters(const struct intake *intake)
{
	return &intake->counters;
}

void intake_stop(struct intake *intake, void (*on_idle)(void *context), void *context)
{
	intake->on_idle = on_idle;
	intake->idle_context = context;
	intake->sessions.closed = intake->catalogue_watch.closed = true;
	room_stop(&intake->room);
	heads_survey_stop(&intake->heads_survey);
	standing_watch_stop(&intake->standing_watch);
	contacts_stop(intake->contacts);
	committer_stop(intake->committer);
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	committer_close(intake->committer);
	contacts_close(intake->contacts);
	catalogue_watch_free(&intake->catalogue_watch);
	agent_list_free(&intake->agents);
	arena_close(intake->arena);
	meters_close(intake->meters);
	free(intake);
}
