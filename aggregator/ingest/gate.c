/* 0. Connections watches what is accepted, before anybody is known.
 * 1. libzmq's I/O thread asks the ZAP socket about each client's key; zap_turn() answers from the
 *    key list, on the loop thread: the client waits meanwhile, nobody else.
 * 2. An accepted client's messages come to the ROUTER; frame_turn() judges each one and lends it to
 *    on_frame().
 * Failures: a refused client is told 400, or 500 when it may come later (300 would leave it
 * hanging), and its libzmq gives up; a frame over MAXMSGSIZE or a broken protocol makes libzmq
 * close that one connection; messages of the wrong shape are received to their end and dropped. To
 * a peer that is gone (EHOSTUNREACH) or does not read (EAGAIN) an answer is lost: agents ask again.
 */
#include "ingest/gate.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/model/civil.h"
#include "common/net/zpoll.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZAP_ENDPOINT       "inproc://zeromq.zap.01" /* given by ZMQ RFC 27 */
#define ZAP_DOMAIN         "lantoa"
#define ZAP_FRAMES         7u    /* version, request, domain, address, routing id, mechanism, key */
#define ZAP_ENFORCE_DOMAIN 93    /* ZMQ_ZAP_ENFORCE_DOMAIN: in the header's draft part alone */
#define HANDSHAKE_MS       20000 /* over the slowest links; ends those who never finish one */
#define UNDER_WAY_EXTRA    2     /* frames beside the credit: a Ping, one half read */
#define HEARTBEAT_MS       60000 /* clients answer these by themselves; finds those who vanished */
#define ANSWERS_EXTRA      8     /* beside an ack per batch: Welcome, Catalogue, Pong, Refused */
#define BUDGET             64u   /* messages per loop turn: some milliseconds of work */
#define ROUTING_ID_LEN     5u    /* of ids that the ROUTER makes: a zero byte and a number */

enum cause {
	CAUSE_UNINVITED, /* handshakes */
	CAUSE_SPENT_HANDSHAKE,
	CAUSE_EXPIRED_HANDSHAKE,
	CAUSE_REVOKED_HANDSHAKE,
	CAUSE_HASTY,
	CAUSE_WITHOUT_USER, /* frames */
	CAUSE_REVOKED,
	CAUSE_MALFORMED,
	CAUSE_CUT, /* connections; and the faults of CONNECTION_FAULTS after it */
	CAUSE_COUNT = CAUSE_CUT + CONNECTION_FAULTS
};

static const char *const causes[CAUSE_COUNT] = {
	[CAUSE_UNINVITED] = "handshake with a key that was never invited",
	[CAUSE_SPENT_HANDSHAKE] = "handshake with a spent invitation",
	[CAUSE_EXPIRED_HANDSHAKE] = "handshake with an expired invitation",
	[CAUSE_REVOKED_HANDSHAKE] = "handshake with a revoked key",
	[CAUSE_HASTY] = "handshakes of one key in too quick succession",
	[CAUSE_WITHOUT_USER] = "a frame of no known key",
	[CAUSE_REVOKED] = "a frame of a revoked key or spent invitation",
	[CAUSE_MALFORMED] = "a message of more than one frame",
	[CAUSE_CUT + CONNECTION_NO_HANDSHAKE] = "a connection that sends much and shakes no hands",
	[CAUSE_CUT + CONNECTION_SLOW] = "a slow handshake while too many are under way",
	[CAUSE_CUT + CONNECTION_CROWD] = "a handshake more from an address that has many under way",
	[CAUSE_CUT + CONNECTION_SILENT] = "a connection that says nothing",
	[CAUSE_CUT + CONNECTION_ENDLESS] = "a message that does not end",
	[CAUSE_CUT + CONNECTION_TOO_MANY] = "a connection of a key that has newer ones",
	[CAUSE_CUT + CONNECTION_REVOKED] = "a connection whose key was revoked",
};

struct gate {
	struct key_list *key_list; /* outlives us */
	uv_loop_t *loop;           /* outlives us */
	gate_on_frame *on_frame;
	void *context;
	void *zap, *router;                   /* owned sockets */
	struct connections *connections;      /* owned */
	struct meters *meters;                /* owned: of keys */
	bool watching;                        /* connections were started */
	struct zpoll *zap_poll, *router_poll; /* owned; free themselves when stopped */
	struct gate_counters counters;
	struct log_limit said[CAUSE_COUNT][2]; /* of strangers; of offices, which are named */
	struct blob packed;                    /* the answer being sent */
	char endpoint[256];
	void (*on_closed)(void *context);
	void *closed_context;
};

static int zmq_err(struct err *err, const char *what)
{
	int code = errno < ZMQ_HAUSNUMERO ? -errno : -EIO; /* libzmq's own numbers lie above */
	return err_set(err, code, "%s: %s", _(what), zmq_strerror(errno));
}

/* One line a minute and cause, one more for offices; the rest is counted. */
static void say(struct gate *gate, enum cause cause, const struct listed_key *key,
		const char *address)
{
	uint64_t not_logged;
	if (!log_limit_pass(&gate->said[cause][key != NULL], uv_now(gate->loop), &not_logged))
		return;
	log_warn("gate: dropped cause=\"%s\" office=%s address=%s not_logged=%" PRIu64,
		 causes[cause], key ? key->code : "unknown", address ? address : "unknown",
		 not_logged);
}

static void offended(struct gate *gate, const struct listed_key *key)
{
	if (!key)
		return;
	memcpy(gate->counters.offender.code, key->code, sizeof(key->code));
	gate->counters.offender.times++;
	gate->counters.offender.at_us = civil_now_us();
}

static void on_cut(void *context, enum connection_fault fault, int64_t key_id, const char *address)
{
	struct gate *gate = context;
	const struct listed_key *key = key_id ? key_list_by_id(gate->key_list, key_id) : NULL;
	log_debug("gate: connection office=%s address=%s -> cut off, %s",
		  key ? key->code : "unknown", address, causes[CAUSE_CUT + (int)fault]);
	say(gate, (enum cause)(CAUSE_CUT + (int)fault), key, address);
	if (fault != CONNECTION_REVOKED) /* which was an order, no offence */
		offended(gate, key);
	if (key)
		return;
	(void)snprintf(gate->counters.stranger.address, sizeof(gate->counters.stranger.address),
		       "%s", address); /* fits */
	gate->counters.stranger.times++;
	gate->counters.stranger.at_us = civil_now_us();
}

/* What it sent and nobody took yet is dropped as it is handed out. */
static void on_revoked(void *context, int64_t key_id)
{
	struct gate *gate = context;
	connections_revoke(gate->connections, key_id);
}

/* ---- messages of several frames ---- */

struct frames {
	zmq_msg_t list[ZAP_FRAMES];
	size_t n; /* received, of which those beyond list are gone */
	size_t n_kept;
};

static void frames_close(struct frames *frames)
{
	for (size_t i = 0; i < frames->n_kept; i++)
		(void)zmq_msg_close(&frames->list[i]); /* fails only for what is no message */
}

/* Receive one message to its end; libzmq holds all its frames already. false: there is none. */
static bool frames_receive(void *socket, struct frames *frames)
{
	frames->n = frames->n_kept = 0;
	bool more = true;
	while (more) {
		zmq_msg_t frame;
		(void)zmq_msg_init(&frame); /* always 0 */
		if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
			(void)zmq_msg_close(&frame);
			if (errno == EINTR)
				continue;
			return frames->n > 0;
		}
		more = zmq_msg_more(&frame);
		frames->n++;
		if (frames->n_kept < ZAP_FRAMES)
			frames->list[frames->n_kept++] = frame;
		else
			(void)zmq_msg_close(&frame);
	}
	return true;
}

static bool frame_is(zmq_msg_t *frame, const char *text)
{
	return zmq_msg_size(frame) == strlen(text) &&
	       memcmp(zmq_msg_data(frame), text, strlen(text)) == 0;
}

/* ---- who may come in: ZAP (ZMQ RFC 27) ---- */

static const struct listed_key *zap_key(const struct gate *gate, struct frames *request)
{
	if (request->n != ZAP_FRAMES || !frame_is(&request->list[0], "1.0") ||
	    !frame_is(&request->list[2], ZAP_DOMAIN) || !frame_is(&request->list[5], "CURVE") ||
	    zmq_msg_size(&request->list[6]) != KEY_LEN)
		return NULL;
	return key_list_by_key(gate->key_list, zmq_msg_data(&request->list[6]));
}

static void zap_reply(struct gate *gate, struct frames *request, enum cause cause,
		      const struct listed_key *key)
{
	char user[24] = "";
	bool enters = cause == CAUSE_COUNT;
	if (enters)
		(void)snprintf(user, sizeof(user), "%" PRId64, key->id); /* fits */
	const char *const parts[] = { enters                 ? "200"
				      : cause == CAUSE_HASTY ? "500"
							     : "400",
				      enters                 ? "OK"
				      : cause == CAUSE_HASTY ? "come later"
							     : "not invited",
				      user, "" };
	/* libzmq's session waits with its pipe open, or is gone: then nobody needs the answer. */
	(void)zmq_send(gate->zap, "1.0", 3, ZMQ_SNDMORE);
	(void)zmq_send(gate->zap, zmq_msg_data(&request->list[1]), zmq_msg_size(&request->list[1]),
		       ZMQ_SNDMORE);
	for (size_t i = 0; i < 4; i++)
		(void)zmq_send(gate->zap, parts[i], strlen(parts[i]), i < 3 ? ZMQ_SNDMORE : 0);
}

static void zap_refused(struct gate *gate, struct frames *request, enum cause cause,
			const struct listed_key *key)
{
	gate->counters.refused_handshakes++;
	char address[64] = "";
	if (request->n_kept > 3)
		(void)snprintf(address, sizeof(address), "%.*s", /* cut is fine */
			       (int)zmq_msg_size(&request->list[3]),
			       (const char *)zmq_msg_data(&request->list[3]));
	say(gate, cause, key, address);
	if (cause == CAUSE_HASTY) {
		gate->counters.hasty_handshakes++;
		offended(gate, key);
	}
}

/* I7: why not; CAUSE_COUNT: it enters. */
static enum cause zap_judge(struct gate *gate, const struct listed_key *key)
{
	if (!key)
		return CAUSE_UNINVITED;
	if (key->state == KEY_SPENT)
		return CAUSE_SPENT_HANDSHAKE;
	if (!listed_key_may_enter(key))
		return CAUSE_REVOKED_HANDSHAKE;
	if (listed_key_expired(key, civil_now_us()))
		return CAUSE_EXPIRED_HANDSHAKE;
	return meters_take(gate->meters, key->id, LIMIT_HANDSHAKES, 1, uv_now(gate->loop))
		       ? CAUSE_COUNT
		       : CAUSE_HASTY;
}

static int zap_turn(void *context)
{
	struct gate *gate = context;
	struct frames request;
	if (!frames_receive(gate->zap, &request))
		return 0;
	const struct listed_key *key = zap_key(gate, &request);
	enum cause cause = zap_judge(gate, key);
	if (cause == CAUSE_COUNT)
		gate->counters.handshakes++;
	else
		zap_refused(gate, &request, cause, key);
	log_debug("gate: handshake office=%s key=%" PRId64 " -> %s", key ? key->code : "unknown",
		  key ? key->id : 0, cause == CAUSE_COUNT ? "enters" : causes[cause]);
	if (request.n_kept > 1)
		zap_reply(gate, &request, cause, key);
	zpoll_after_send(gate->zap_poll);
	frames_close(&request);
	return 1;
}

/* ---- what they say ---- */

/* I7: an office is known by the key whose handshake brought the frame; NULL when there was none or
 * it is not known. */
static const struct listed_key *frame_key(const struct gate *gate, zmq_msg_t *frame)
{
	const char *user = zmq_msg_gets(frame, "User-Id");
	if (!user || user[0] < '0' || user[0] > '9')
		return NULL;
	errno = 0;
	char *end;
	long long id = strtoll(user, &end, 10);
	return errno || *end ? NULL : key_list_by_id(gate->key_list, id);
}

static void frame_dropped(struct gate *gate, enum cause cause, zmq_msg_t *frame,
			  const struct listed_key *key)
{
	uint64_t *const counters[CAUSE_COUNT] = {
		[CAUSE_WITHOUT_USER] = &gate->counters.frames_without_user,
		[CAUSE_REVOKED] = &gate->counters.frames_revoked,
		[CAUSE_MALFORMED] = &gate->counters.frames_malformed,
	};
	(*counters[cause])++;
	log_debug("gate: frame office=%s key=%" PRId64 " -> dropped, %s",
		  key ? key->code : "unknown", key ? key->id : 0, causes[cause]);
	say(gate, cause, key, zmq_msg_gets(frame, "Peer-Address"));
}

/* A client that picks its id could take another's answers. The ROUTER does not let it (gate.h); if
 * another libzmq does, nobody is heard rather than anybody. */
static bool routing_id_is_ours(zmq_msg_t *id)
{
	return zmq_msg_size(id) == ROUTING_ID_LEN && *(const char *)zmq_msg_data(id) == 0;
}

static void frame_judge(struct gate *gate, struct frames *message)
{
	zmq_msg_t *id = &message->list[0], *frame = &message->list[message->n_kept > 1];
	const struct listed_key *key = frame_key(gate, frame);
	if (key)
		connections_heard(gate->connections, zmq_msg_get(frame, ZMQ_SRCFD), key->id);
	if (!key) {
		frame_dropped(gate, CAUSE_WITHOUT_USER, frame, NULL);
	} else if (!listed_key_may_enter(key)) {
		frame_dropped(gate, CAUSE_REVOKED, frame, key);
		if (key->state == KEY_REVOKED) /* it had said nothing when that was done */
			connections_revoke(gate->connections, key->id);
	} else if (message->n != 2 || !routing_id_is_ours(id)) {
		frame_dropped(gate, CAUSE_MALFORMED, frame, key);
	} else {
		struct gate_peer peer = { .routing_id_len = ROUTING_ID_LEN, .key_id = key->id };
		memcpy(peer.routing_id, zmq_msg_data(id), ROUTING_ID_LEN);
		gate->counters.frames++;
		gate->on_frame(gate->context, &peer, frame);
	}
}

static int frame_turn(void *context)
{
	struct gate *gate = context;
	struct frames message;
	if (!frames_receive(gate->router, &message))
		return 0;
	frame_judge(gate, &message);
	frames_close(&message);
	return 1;
}

bool gate_answer(struct gate *gate, const struct gate_peer *peer, const Lantoa__V1__Frame *frame)
{
	struct err err;
	gate->packed.len = 0;
	if (wire_frame_pack(frame, &gate->packed, &err) < 0) {
		log_error("gate: answer not sent key=%" PRId64 " cause=\"%s\"", peer->key_id,
			  err.text);
		gate->counters.answers_undeliverable++;
		return false;
	}
	bool sent = zmq_send(gate->router, peer->routing_id, peer->routing_id_len,
			     ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
		    zmq_send(gate->router, gate->packed.data, gate->packed.len, ZMQ_DONTWAIT) >= 0;
	if (sent)
		gate->counters.answers++;
	else
		gate->counters.answers_undeliverable++;
	zpoll_after_send(gate->router_poll);
	return sent;
}

/* ---- opening and closing ---- */

struct option {
	int name, value;
};

static int options_set(void *socket, const struct option options[], size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (zmq_setsockopt(socket, options[i].name, &options[i].value,
				   sizeof(options[i].value)) < 0)
			return zmq_err(err, "set a socket option");
	}
	return 0;
}

static int zap_open(struct gate *gate, void *zmq_context, struct err *err)
{
	gate->zap = zmq_socket(zmq_context, ZMQ_REP);
	if (!gate->zap)
		return zmq_err(err, "open the ZAP socket");
	const struct option options[] = { { ZMQ_LINGER, 0 } };
	int rc = options_set(gate->zap, options, 1, err);
	if (rc == 0 && zmq_bind(gate->zap, ZAP_ENDPOINT) < 0)
		rc = zmq_err(err, "bind the ZAP socket");
	return rc;
}

static int router_open(struct gate *gate, void *zmq_context, const struct gate_config *config,
		       struct err *err)
{
	gate->router = zmq_socket(zmq_context, ZMQ_ROUTER);
	if (!gate->router)
		return zmq_err(err, "open the socket");
	const struct connections_config watched = { .zmq_context = zmq_context,
						    .router = gate->router,
						    .meters = gate->meters,
						    .frames_max = config->credit + UNDER_WAY_EXTRA,
						    .on_cut = on_cut,
						    .context = gate,
						    .counters = &gate->counters.connections };
	int rc = connections_open(gate->loop, &watched, &gate->connections, err);
	if (rc < 0)
		return rc;
	int credit = (int)config->credit;
	const struct option options[] = {
		{ ZMQ_CURVE_SERVER, 1 },
		{ ZAP_ENFORCE_DOMAIN, 1 },
		{ ZMQ_ROUTER_MANDATORY, 1 },
		{ ZMQ_ROUTER_HANDOVER, 0 },
		{ ZMQ_BACKLOG, connections_backlog(gate->connections) },
		{ ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS },
		{ ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS }, /* no TTL: it can abort the client's libzmq */
		{ ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_MS },
		{ ZMQ_RCVHWM, credit },
		{ ZMQ_SNDHWM, credit + ANSWERS_EXTRA },
		{ ZMQ_LINGER, 0 },
	};
	rc = options_set(gate->router, options, sizeof(options) / sizeof(options[0]), err);
	if (rc < 0)
		return rc;
	int64_t frame_max = WIRE_BOXED_MAX;
	if (zmq_setsockopt(gate->router, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max)) < 0 ||
	    zmq_setsockopt(gate->router, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) < 0 ||
	    zmq_setsockopt(gate->router, ZMQ_CURVE_SECRETKEY, config->secret_key, KEY_LEN) < 0)
		return zmq_err(err, "set a socket option");
	if (zmq_bind(gate->router, config->endpoint) < 0)
		return zmq_err(err, "bind");
	/* The listener has its options by now, and goes on speaking ZMTP: see gate.h */
	rc = options_set(gate->router, &(struct option){ ZMQ_ROUTER_RAW, 1 }, 1, err);
	if (rc < 0)
		return rc;
	size_t len = sizeof(gate->endpoint);
	if (zmq_getsockopt(gate->router, ZMQ_LAST_ENDPOINT, gate->endpoint, &len) < 0)
		return zmq_err(err, "tell the endpoint");
	return 0;
}

/* The ROUTER before ZAP: as long as it listens, ZAP has to answer. */
static void gate_free(struct gate *gate)
{
	connections_close(gate->connections);
	if (gate->router)
		(void)zmq_close(gate->router); /* fails only for what is no socket */
	if (gate->zap)
		(void)zmq_close(gate->zap);
	meters_close(gate->meters);
	blob_free(&gate->packed);
	free(gate);
}

/* Stops what watches, one after the other, each from the callback of the one before. */
static void close_next(void *context)
{
	struct gate *gate = context;
	struct zpoll *router_poll = gate->router_poll, *zap_poll = gate->zap_poll;
	if (gate->watching) {
		gate->watching = false;
		key_list_watch(gate->key_list, NULL, NULL);
		connections_stop(gate->connections, close_next, gate);
	} else if (router_poll) {
		gate->router_poll = NULL;
		zpoll_stop(router_poll, close_next, gate);
	} else if (zap_poll) {
		gate->zap_poll = NULL;
		zpoll_stop(zap_poll, close_next, gate);
	} else {
		void (*on_closed)(void *) = gate->on_closed;
		void *closed_context = gate->closed_context;
		gate_free(gate);
		if (on_closed)
			on_closed(closed_context);
	}
}

static int everything_start(struct gate *gate, struct err *err)
{
	int rc = zpoll_start(gate->loop, gate->zap, BUDGET, zap_turn, gate, &gate->zap_poll, err);
	if (rc == 0)
		rc = zpoll_start(gate->loop, gate->router, BUDGET, frame_turn, gate,
				 &gate->router_poll, err);
	if (rc == 0)
		rc = connections_start(gate->connections, err);
	gate->watching = rc == 0;
	if (rc == 0)
		key_list_watch(gate->key_list, on_revoked, gate);
	return rc;
}

int gate_start(uv_loop_t *loop, void *zmq_context, const struct gate_config *config,
	       gate_on_frame *on_frame, void *context, struct gate **ret_gate, struct err *err)
{
	assert(config->credit >= 1 && config->credit <= 1024);
	struct gate *gate = calloc(1, sizeof(*gate));
	if (!gate)
		return err_memory(err);
	*gate = (struct gate){
		.key_list = config->key_list, .loop = loop, .on_frame = on_frame, .context = context
	};
	gate->meters = meters_open(config->limits);
	int rc = gate->meters ? zap_open(gate, zmq_context, err) : err_memory(err);
	if (rc == 0)
		rc = router_open(gate, zmq_context, config, err);
	if (rc == 0)
		rc = everything_start(gate, err);
	if (rc == 0) {
		*ret_gate = gate;
		return 0;
	}
	close_next(gate); /* at once, or from the loop when something was started */
	return err_wrap(err, "gate '%s'", config->endpoint);
}

const char *gate_endpoint(const struct gate *gate)
{
	return gate->endpoint;
}

void gate_pause(struct gate *gate)
{
	zpoll_pause(gate->router_poll);
	connections_pause(gate->connections, true);
}

void gate_resume(struct gate *gate)
{
	zpoll_resume(gate->router_poll);
	connections_pause(gate->connections, false);
}

const struct meters *gate_meters(const struct gate *gate)
{
	return gate->meters;
}

const struct gate_counters *gate_counters(const struct gate *gate)
{
	return &gate->counters;
}

void gate_stop(struct gate *gate, void (*on_closed)(void *context), void *context)
{
	gate->on_closed = on_closed;
	gate->closed_context = context;
	close_next(gate);
}
