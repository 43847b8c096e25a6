#include "uplink/enrol.h"

#include "common/net/wire.h"
#include "office/facts.h"
#include "office/identity.h"
#include "uplink/dealer.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define RETRY_MS     500  /* someone is waiting at the keyboard */
#define CATALOGUE_MS 5000 /* for the catalogue after Welcome; the agent gets it later otherwise */

struct talk { /* one connection, asking one question */
	struct dealer dealer;
	struct arena *arena;
	struct blob question; /* owned; sent after each handshake */
	int64_t until_ms;
	bool connected;
	Lantoa__V1__Frame *answer; /* in the arena */
};

static int64_t now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int talk_open(struct talk *talk, void *zmq_context, const struct dealer_config *config,
		     const Lantoa__V1__Frame *question, struct err *err)
{
	int rc = dealer_open(zmq_context, config, &talk->dealer, err);
	if (rc < 0)
		return rc;
	talk->arena = arena_open(WIRE_ARENA_MAX);
	if (!talk->arena)
		return err_memory(err);
	return wire_frame_pack(question, &talk->question, err);
}

static void talk_close(struct talk *talk)
{
	dealer_close(&talk->dealer);
	arena_close(talk->arena);
	blob_free(&talk->question);
}

/* -EACCES when the key was refused, -EAGAIN when it was used too often, otherwise 0. */
static int talk_mind_connection(struct talk *talk)
{
	enum dealer_event event;
	while (dealer_event(&talk->dealer, &event) == 1) {
		if (event == DEALER_AUTH_FAILED)
			return -EACCES;
		if (event == DEALER_TOLD_LATER)
			return -EAGAIN;
		if (event != DEALER_CONNECTED)
			continue;
		talk->connected = true;
		/* without room there is no answer, and the talk times out */
		(void)zmq_send(talk->dealer.socket, talk->question.data, talk->question.len,
			       ZMQ_DONTWAIT);
	}
	return 0;
}

/* 1 an answer, 0 none there. */
static int talk_receive(struct talk *talk, struct err *err)
{
	zmq_msg_t message;
	(void)zmq_msg_init(&message); /* cannot fail */
	int rc = zmq_msg_recv(&message, talk->dealer.socket, ZMQ_DONTWAIT) < 0 ? 0 : 1;
	if (rc == 1 && wire_frame_unpack(talk->arena, zmq_msg_data(&message),
					 zmq_msg_size(&message), &talk->answer, err) < 0)
		rc = err_wrap(err, "the province's answer");
	(void)zmq_msg_close(&message); /* was initialised */
	return rc;
}

/* Wait for the next frame: 0; -EACCES the key was refused; -EAGAIN later; -ETIMEDOUT. */
static int talk_wait(struct talk *talk, struct err *err)
{
	for (;;) {
		int rc = talk_mind_connection(talk);
		if (rc == 0)
			rc = talk_receive(talk, err);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		int64_t left_ms = talk->until_ms - now_ms();
		if (left_ms <= 0)
			return -ETIMEDOUT;
		zmq_pollitem_t items[] = { { .socket = talk->dealer.socket, .events = ZMQ_POLLIN },
					   { .socket = talk->dealer.monitor,
					     .events = ZMQ_POLLIN } };
		(void)zmq_poll(items, 2, (long)left_ms); /* a signal only makes it look again */
	}
}

struct enrolment {
	const struct settings *settings;
	struct spool *spool;
	const struct invitation *invitation;
	struct identity identity;
	void *zmq_context;
	char pending_path[PATH_MAX], path[PATH_MAX];
	bool sent;    /* the pending key was sent, in this run or an earlier one: it may be known */
	bool already; /* enrolled before, with the identity that is in place */
};

static int unreachable(const struct enrolment *enrolment, struct err *err)
{
	return err_set(err, -ETIMEDOUT,
		       "the province at %s does not answer; check the network, the address and "
		       "the firewall, then run the same command again",
		       enrolment->invitation->address);
}

static int told_later(struct err *err)
{
	return err_set(err, -EAGAIN,
		       "this key was used too often within a minute; run the same command again in "
		       "a few minutes. If that was not you, somebody else has the invitation: ask "
		       "the province for a new one");
}

static int refused(const struct enrolment *enrolment, struct err *err)
{
	return err_set(err, -EACCES,
		       "the province refuses this invitation for %s: it was used, replaced or "
		       "revoked, or is too old; ask the province for a new one",
		       enrolment->invitation->office);
}

static bool speaks_for(const struct identity *identity, const struct invitation *invitation)
{
	return strcmp(identity->office, invitation->office) == 0 &&
	       memcmp(identity->server_key, invitation->server_key, INVITATION_KEY_LEN) == 0;
}

static int prepare(struct enrolment *enrolment, struct err *err)
{
	const struct invitation *invitation = enrolment->invitation;
	int rc = settings_path(enrolment->settings, IDENTITY_FILE, enrolment->path, err);
	if (rc == 0)
		rc = settings_path(enrolment->settings, IDENTITY_PENDING_FILE,
				   enrolment->pending_path, err);
	if (rc < 0)
		return rc;
	struct err ignored; /* a damaged pending file is as good as none */
	rc = identity_read(enrolment->pending_path, &enrolment->identity, &ignored);
	if (rc == 0 && speaks_for(&enrolment->identity, invitation)) {
		memcpy(enrolment->identity.address, invitation->address,
		       sizeof(invitation->address));
		enrolment->sent = true;
	} else {
		identity_make(invitation, &enrolment->identity);
	}
	return identity_write(enrolment->pending_path, &enrolment->identity, err);
}

static int ask(struct enrolment *enrolment, struct talk *talk, const uint8_t *secret_key,
	       const Lantoa__V1__Frame *question, struct err *err)
{
	struct dealer_config config = { .address = enrolment->identity.address,
					.server_key = enrolment->identity.server_key,
					.secret_key = secret_key,
					.reconnect_ms = RETRY_MS,
					.reconnect_max_ms = 4 * RETRY_MS };
	talk->until_ms = now_ms() + (int64_t)enrolment->settings->enrol_timeout_s * 1000;
	int rc = talk_open(talk, enrolment->zmq_context, &config, question, err);
	return rc < 0 ? rc : talk_wait(talk, err);
}

static int keep_enrolled(struct enrolment *enrolment, const Lantoa__V1__Enrolled *enrolled,
			 struct err *err)
{
	if (strcmp(enrolled->office, enrolment->invitation->office) != 0)
		return err_set(err, -EACCES,
			       "the invitation says office %s, the province says %s; ask the "
			       "province for a new invitation",
			       enrolment->invitation->office, enrolled->office);
	int rc = facts_keep_office(enrolment->spool, enrolled->office_name, enrolled->zone,
				   enrolled->level, err);
	if (rc == 0 && enrolled->catalogue && enrolled->catalogue->csv.len > 0)
		rc = facts_keep_catalogue(enrolment->spool, enrolled->catalogue->csv.data,
					  enrolled->catalogue->csv.len, NULL, err);
	return rc;
}

/* 0 done; 1 no answer to the question, though the province was reached; negative otherwise. */
static int by_invitation(struct enrolment *enrolment, struct err *err)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Enrol question = LANTOA__V1__ENROL__INIT;
	question.public_key = (ProtobufCBinaryData){ .len = INVITATION_KEY_LEN,
						     .data = enrolment->identity.public_key };
	question.version = (char *)(uintptr_t)LANTOA_VERSION;
	frame.kind_case = LANTOA__V1__FRAME__KIND_ENROL;
	frame.enrol = &question;
	struct talk talk = { 0 };
	int rc = ask(enrolment, &talk, enrolment->invitation->secret_key, &frame, err);
	enrolment->sent |= talk.connected; /* perhaps in vain */
	if (rc == 0 && talk.answer->kind_case == LANTOA__V1__FRAME__KIND_ENROLLED)
		rc = keep_enrolled(enrolment, talk.answer->enrolled, err);
	else if (rc == 0 && talk.answer->kind_case == LANTOA__V1__FRAME__KIND_REFUSED)
		rc = err_set(err, -EACCES, "the province refuses: %s",
			     talk.answer->refused->reason);
	else if (rc == 0)
		rc = err_set(err, -EPROTO,
			     "the province gave an answer that is not understood; "
			     "is its version much newer?");
	else if (rc == -EACCES || (rc == -ETIMEDOUT && talk.connected))
		rc = 1;
	else if (rc == -EAGAIN)
		rc = told_later(err);
	else if (rc == -ETIMEDOUT)
		rc = unreachable(enrolment, err);
	talk_close(&talk);
	return rc;
}

static int keep_welcome(struct enrolment *enrolment, struct talk *talk, struct err *err)
{
	const Lantoa__V1__Welcome *welcome = talk->answer->welcome;
	if (strcmp(welcome->office, enrolment->invitation->office) != 0)
		return refused(enrolment, err);
	int rc = facts_keep_office(enrolment->spool, welcome->office_name, welcome->zone,
				   welcome->level, err);
	talk->until_ms = now_ms() + CATALOGUE_MS;
	if (rc == 0 && welcome->catalogue_version != 0 && talk_wait(talk, err) == 0 &&
	    talk->answer->kind_case == LANTOA__V1__FRAME__KIND_CATALOGUE)
		rc = facts_keep_catalogue(enrolment->spool, talk->answer->catalogue->csv.data,
					  talk->answer->catalogue->csv.len, NULL, err);
	return rc;
}

/* The same line given to an office that is enrolled already: its present key stands. */
static bool fall_back_to_present(struct enrolment *enrolment)
{
	struct identity present;
	struct err ignored; /* no present identity: nothing to fall back to */
	if (identity_read(enrolment->path, &present, &ignored) < 0 ||
	    !speaks_for(&present, enrolment->invitation))
		return false;
	enrolment->identity = present;
	enrolment->already = true;
	return true;
}

/* Does the province know the key of enrolment->identity? */
static int by_own_key(struct enrolment *enrolment, struct err *err)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Hello question = LANTOA__V1__HELLO__INIT;
	question.protocol_min = WIRE_PROTOCOL_MIN;
	question.protocol_max = WIRE_CHAINED; /* the catalogue comes with the answer, if it can */
	question.spool_id = spool_id(enrolment->spool);
	question.version = (char *)(uintptr_t)LANTOA_VERSION;
	frame.kind_case = LANTOA__V1__FRAME__KIND_HELLO;
	frame.hello = &question;
	struct talk talk = { 0 };
	int rc = ask(enrolment, &talk, enrolment->identity.secret_key, &frame, err);
	if (rc == 0 && talk.answer->kind_case == LANTOA__V1__FRAME__KIND_WELCOME)
		rc = keep_welcome(enrolment, &talk, err);
	else if (rc == 0 || rc == -EACCES)
		rc = refused(enrolment, err);
	else if (rc == -EAGAIN)
		rc = told_later(err);
	else if (rc == -ETIMEDOUT)
		rc = unreachable(enrolment, err);
	talk_close(&talk);
	return rc;
}

int enrol(const struct settings *settings, struct spool *spool, const struct invitation *invitation,
	  struct err *err)
{
	struct enrolment enrolment = { .settings = settings,
				       .spool = spool,
				       .invitation = invitation };
	int rc = prepare(&enrolment, err);
	if (rc < 0)
		return rc;
	enrolment.zmq_context = dealer_context();
	if (!enrolment.zmq_context)
		return err_memory(err);
	rc = by_invitation(&enrolment, err);
	if (rc == 1) {
		/* Did the province commit a key of ours, though we never heard so? It may be the
		 * pending one, if it was sent in this run or an earlier one; or the present one,
		 * though a run in between may have left a pending key behind. */
		rc = enrolment.sent ? by_own_key(&enrolment, err) : refused(&enrolment, err);
		if (rc == -EACCES && fall_back_to_present(&enrolment)) {
			*err = (struct err){ 0 };
			rc = by_own_key(&enrolment, err);
		}
	}
	if (rc == 0 && !enrolment.already)
		rc = identity_settle(enrolment.pending_path, enrolment.path, err);
	else if (rc == 0 || (rc == -EACCES && !enrolment.sent))
		(void)unlink(
			enrolment.pending_path);   /* a key that nobody knows; harmless if left */
	(void)zmq_ctx_term(enrolment.zmq_context); /* its sockets are closed */
	sodium_memzero(&enrolment.identity, sizeof(enrolment.identity));
	return rc;
}
