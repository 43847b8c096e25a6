#include "ingest/sessions.h"
#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "ingest/acks.h"
#include "ingest/key_feed.h"
#include "journal/standing.h"
#include "registry/delivery.h"
#include "registry/messages.h"
#include "registry/office_keys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNDER_WAY_MAX 32768u
#define CREDIT_MIN    2u

struct question {
	struct store_job job;
	struct sessions *sessions;
	struct gate_peer peer;
	int64_t office;
	char office_code[CODE_LEN_MAX + 1]; /* for the log, whatever happens */
	/* Hello */
	uint64_t spool_id, catalogue_known;
	uint64_t edition_of;    /* the stamp of that of which there is an edition */
	struct edition edition; /* owned: a newer one; of stamp 0: none */
	struct ledger_head head;
	Lantoa__V1__Head head_told;
	int64_t kept_position; /* the head that the office keeps; 0: none, */
	uint8_t kept_chain[CHAIN_LEN];
	enum link_verdict kept;        /* and what it is here */
	uint64_t from_spool, from_seq; /* as the Hello names them */
	bool fresh;                    /* no batch of the spool is there yet */
	Lantoa__V1__Welcome welcome;
	uint8_t upto_digest[WIRE_DIGEST_LEN];
	struct blob catalogue; /* CSV, when the agent's is another */
	uint64_t catalogue_version;
	char *code, *name, *level; /* owned: of the office, and of its unit today ("": none) */
	/* Hello and StandingAsk: what is read, and as of which event. */
	uint64_t standing_version; /* 0: it cannot be read */
	int64_t event;
	struct arena *arena;              /* owned: of */
	Lantoa__V1__Standing *standing;   /* the answer */
	uint64_t read[WIRE_MESSAGES_MAX]; /* messages that it says were read */
	size_t n_read;
	/* Enrol */
	uint8_t public_key[KEY_LEN];
	struct key_feed feed;
};

unsigned sessions_credit(size_t offices, unsigned most)
{
	size_t share = UNDER_WAY_MAX / (offices ? offices : 1);
	return share >= most ? most : share > CREDIT_MIN ? (unsigned)share : CREDIT_MIN;
}

/* One line a minute and kind: an office could fill the disk otherwise. */
static void say(const struct question *question, enum sessions_word kind, const struct err *err)
{
	static const struct {
		enum log_level level;
		const char *event;
	} lines[] = { [REFUSED_HELLO] = { LOG_LEVEL_ERROR, "hello not answered" },
		      [REFUSED_STANDING] = { LOG_LEVEL_ERROR, "standing not told" },
		      [REFUSED_ENROLMENT] = { LOG_LEVEL_WARN, "enrolment refused" } };
	struct sessions *sessions = question->sessions;
	uint64_t not_logged;
	if (log_limit_pass(&sessions->said[kind], uv_now(sessions->loop), &not_logged))
		log_line(lines[kind].level,
			 "sessions: %s office=%s cause=\"%s\" not_logged=%" PRIu64,
			 lines[kind].event, question->office_code, err->text, not_logged);
}

static void question_close(struct question *question)
{
	blob_free(&question->catalogue);
	arena_close(question->arena);
	edition_free(&question->edition);
	key_feed_free(&question->feed);
	free(question->code);
	free(question->name);
	free(question->level);
	struct sessions *sessions = question->sessions;
	free(question);
	sessions->working--;
	sessions->on_done(sessions->context);
}

static struct question *question_open(struct sessions *sessions, const struct gate_peer *peer,
				      const struct listed_key *key)
{
	if (sessions->working >= SESSIONS_MAX || sessions->closed)
		return NULL;
	struct question *question = calloc(1, sizeof(*question));
	if (!question)
		return NULL;
	sessions->working++;
	question->sessions = sessions;
	question->peer = *peer;
	question->office = key->office;
	memcpy(question->office_code, key->code, sizeof(key->code));
	return question;
}

/* Does the agent ask for the edition, instead of being sent the catalogue? */
static bool asks_for_edition(const struct question *question)
{
	return question->welcome.protocol >= WIRE_EDITIONS;
}

/* What both answers carry: the office's code and name, the level of its unit, and the catalogue if
 * it is another than the agent has, and can be sent. */
static int question_fill(struct question *question, const struct reference *reference,
			 struct err *err)
{
	const struct office *office = offices_by_id(reference->offices, question->office);
	const struct catalogue *catalogue = reference->catalogue;
	if (!office)
		return err_set(err, -ENOENT, "the office is no longer in the register");
	const struct unit *unit = office_unit(office, reference->units, civil_day(civil_now_us()));
	question->catalogue_version = delivery_version(catalogue);
	question->code = strdup(office->code);
	question->name = strdup(office->name);
	question->level = strdup(unit ? unit->level : "");
	if (!question->code || !question->name || !question->level)
		return err_memory(err);
	if (!asks_for_edition(question) && question->catalogue_version != 0 &&
	    question->catalogue_known != catalogue->version &&
	    blob_append(&question->catalogue, catalogue->csv, catalogue->csv_len) < 0)
		return err_memory(err);
	return 0;
}

/* I11: what cannot be read is not told, nor judged. */
static void heads_read(sqlite3 *db, struct question *question)
{
	struct err ignored;
	told_head_read(db, &question->head);
	if (question->kept_position > 0)
		(void)ledger_link_judge(db, question->kept_position, question->kept_chain,
					&question->kept, &ignored);
}

/* @tell: the message as well. */
static int standing_run(struct question *question, sqlite3 *db, const struct reference *reference,
			bool tell, struct err *err)
{
	struct standing_reader *reader = standing_reader_open(db, err);
	struct standing *standing = malloc(sizeof(*standing));
	int rc = reader && standing ? standing_read(reader, reference, question->office,
						    civil_day(civil_now_us()), standing, err)
				    : err_memory(err);
	if (rc == 0 && tell)
		rc = standing_tell(reader, reference, question->office, standing, question->arena,
				   &question->standing, err);
	if (rc == 0)
		rc = db_number(db, "SELECT coalesce(max(id), 0) FROM event", &question->event, err);
	if (rc == 0)
		question->standing_version = standing->version;
	free(standing);
	standing_reader_close(reader);
	return rc;
}

static int hello_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	sqlite3_stmt *stmt;
	int rc = db_prepare(
		db,
		"SELECT iif(id IS NULL, 0, upto),"
		" (SELECT count(*) FROM declared WHERE spool = spool.id), upto_digest,"
		" 1 + coalesce((SELECT observations FROM held WHERE office = ?1), 0), id IS NULL"
		" FROM (SELECT 1) LEFT JOIN spool ON spool.office = ?1 AND spool_id = ?2",
		&stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, question->office);
	sqlite3_bind_int64(stmt, 2, (int64_t)question->spool_id);
	rc = db_step(stmt, err);
	if (rc == 1) {
		/* what is there up to here, its office throws away */
		struct db_row row = { .stmt = stmt, .err = err };
		question->welcome.upto = (uint64_t)db_row_int(&row, 0, 0, INT64_MAX);
		question->welcome.series_known = (uint32_t)db_row_int(&row, 1, 0, UINT32_MAX);
		question->welcome.held = (uint64_t)db_row_int(&row, 3, 0, INT64_MAX);
		if (sqlite3_column_type(stmt, 2) != SQLITE_NULL) {
			db_row_bytes(&row, 2, question->upto_digest, WIRE_DIGEST_LEN);
			question->welcome.upto_digest.data = question->upto_digest;
			question->welcome.upto_digest.len = WIRE_DIGEST_LEN;
		}
		question->fresh = sqlite3_column_int(stmt, 4) != 0;
		rc = row.rc;
	}
	sqlite3_finalize(stmt);
	if (rc >= 0)
		rc = question_fill(question, reference, err);
	if (rc == 0 && asks_for_edition(question) &&
	    catalogue_stamp(reference->catalogue) != question->edition_of) {
		rc = edition_make(reference->catalogue, &question->edition, err);
		rc = rc == -EFBIG ? 0 : rc; /* of an earlier release: status tells */
	}
	if (rc == 0 && asks_for_edition(question)) {
		struct err ignored; /* I11: it is not told then */
		heads_read(db, question);
		(void)standing_run(question, db, reference, false, &ignored);
	}
	return rc;
}

/* What a Welcome of protocol 3 says besides. */
static void fill_edition(struct question *question)
{
	struct catalogue_watch *watch = question->sessions->catalogue_watch;
	if (question->edition.stamp != 0)
		catalogue_watch_take(watch, &question->edition);
	question->welcome.edition_version = catalogue_watch_edition(watch)->version;
	standing_watch_read(question->sessions->standing_watch, question->office,
			    question->standing_version, question->event);
	question->welcome.standing_version = question->standing_version;
	told_head_raise(question->sessions->head, &question->head);
	question->welcome.head = told_head_fill(question->sessions->head, &question->head_told);
}

static void fill_catalogue(const struct question *question, Lantoa__V1__Catalogue *catalogue)
{
	catalogue->version = question->catalogue_version;
	catalogue->csv.data = question->catalogue.data;
	catalogue->csv.len = question->catalogue.len;
}

static void say_renewed(const struct question *question)
{
	struct sessions *sessions = question->sessions;
	uint64_t not_logged;
	if (question->from_spool == 0 || !question->fresh ||
	    !log_limit_pass(&sessions->said[RENEWED_SPOOL], uv_now(sessions->loop), &not_logged))
		return;
	log_warn("sessions: a spool goes on from another office=%s id=%016" PRIx64
		 " from=%016" PRIx64 " known_upto=%" PRIu64
		 " cause=\"its numbers were used up, or the machine was set back to an older "
		 "copy, was copied, or finds less here than it sent\" not_logged=%" PRIu64,
		 question->office_code, question->spool_id, question->from_spool,
		 question->from_seq, not_logged);
}

static void hello_done(struct store_job *job, int rc, const struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	struct sessions *sessions = question->sessions;
	if (rc < 0) {
		say(question, REFUSED_HELLO, err);
	} else {
		Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
		Lantoa__V1__Welcome *welcome = &question->welcome;
		say_renewed(question);
		agents_judged(sessions->agents, question->office, question->kept_position,
			      question->kept);
		welcome->credit =
			sessions_credit(key_list_active(sessions->key_list), sessions->credit);
		welcome->catalogue_version = question->catalogue_version;
		welcome->clock_us = journal_clock_told_us(sessions->clock);
		welcome->office = question->code;
		welcome->office_name = question->name;
		welcome->zone = (char *)(uintptr_t)sessions->zone;
		welcome->level = question->level;
		if (asks_for_edition(question))
			fill_edition(question);
		frame.kind_case = LANTOA__V1__FRAME__KIND_WELCOME;
		frame.welcome = welcome;
		log_debug("sessions: hello office=%s spool=%016" PRIx64
			  " -> welcome protocol=%u upto=%" PRIu64 " series_known=%u credit=%u"
			  " catalogue=%" PRIu64 "%s",
			  question->office_code, question->spool_id, welcome->protocol,
			  welcome->upto, welcome->series_known, welcome->credit,
			  welcome->catalogue_version, question->catalogue.len ? ", sent" : "");
		gate_answer(sessions->gate, &question->peer, &frame);
		if (question->catalogue.len) {
			Lantoa__V1__Catalogue catalogue = LANTOA__V1__CATALOGUE__INIT;
			fill_catalogue(question, &catalogue);
			frame.kind_case = LANTOA__V1__FRAME__KIND_CATALOGUE;
			frame.catalogue = &catalogue;
			gate_answer(sessions->gate, &question->peer, &frame);
		}
	}
	question_close(question);
}

/* Which side is older, and what to install. */
static void refuse_protocol(struct sessions *sessions, const struct gate_peer *peer,
			    const struct listed_key *key, const Lantoa__V1__Hello *hello)
{
	bool newer = hello->protocol_min > WIRE_PROTOCOL_MAX;
	const char *version = hello->version;
	if (!*version || strlen(version) > 32 || !utf8_printable(version, strlen(version)))
		version = "(of no known version)";
	char reason[256];
	(void)snprintf(reason, sizeof(reason), /* fits */
		       N_("this office's lantoa-agent %s speaks protocols %u to %u, the province's "
			  "lantoa-aggregator %s speaks %u to %u: the %s is older, upgrade it"),
		       version, hello->protocol_min, hello->protocol_max, LANTOA_VERSION,
		       WIRE_PROTOCOL_MIN, WIRE_PROTOCOL_MAX, newer ? N_("province") : N_("office"));
	uint64_t not_logged;
	if (log_limit_pass(&sessions->said[REFUSED_HELLO], uv_now(sessions->loop), &not_logged))
		log_warn("sessions: hello refused office=%s cause=\"%s\" not_logged=%" PRIu64,
			 key->code, reason, not_logged);
	acks_refuse(sessions->gate, peer, 0, 0, LANTOA__V1__REFUSED__CODE__PROTOCOL, reason);
}

void sessions_hello(struct sessions *sessions, const struct gate_peer *peer,
		    const struct listed_key *key, const Lantoa__V1__Hello *hello)
{
	uint32_t protocol = wire_protocol(hello->protocol_min, hello->protocol_max);
	sessions->counters.hellos++;
	if (protocol == 0) {
		refuse_protocol(sessions, peer, key, hello);
		return;
	}
	struct question *question = question_open(sessions, peer, key);
	if (!question) { /* the agent asks again after its timeout */
		log_debug("sessions: hello office=%s -> dropped in_work=%u", key->code,
			  sessions->working);
		return;
	}
	lantoa__v1__welcome__init(&question->welcome);
	question->welcome.protocol = protocol;
	question->spool_id = hello->spool_id;
	question->from_spool = hello->from_spool;
	question->from_seq = hello->from_seq;
	question->catalogue_known = hello->catalogue_version;
	agents_hello(sessions->agents, key->office, peer, protocol, hello);
	const struct agent_note *note = agent_list_find(sessions->agents, key->office);
	if (note && note->position > 0) {
		question->kept_position = note->position;
		memcpy(question->kept_chain, note->chain, CHAIN_LEN);
	}
	if (asks_for_edition(question))
		question->edition_of = sessions->catalogue_watch->edition.stamp;
	question->job =
		(struct store_job){ .run = hello_run, .done = hello_done, .use = STORE_SESSION };
	store_read(sessions->store, &question->job);
}

void sessions_edition(struct sessions *sessions, const struct gate_peer *peer,
		      const Lantoa__V1__EditionAsk *ask)
{
	const struct edition *edition = catalogue_watch_edition(sessions->catalogue_watch);
	const struct blob *packed = &edition->packed;
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__EditionPiece piece = LANTOA__V1__EDITION_PIECE__INIT;
	uint64_t from = ask->version == edition->version ? ask->from : 0;
	frame.kind_case = LANTOA__V1__FRAME__KIND_EDITION_PIECE;
	frame.edition_piece = &piece;
	if (edition->version != 0 && from >= packed->len) {
		acks_refuse(sessions->gate, peer, 0, 0, LANTOA__V1__REFUSED__CODE__MALFORMED,
			    N_("asks for a piece behind the end of the edition"));
		return;
	}
	if (edition->version != 0) {
		size_t left = packed->len - (size_t)from;
		piece.version = edition->version;
		piece.from = from;
		piece.len = packed->len;
		piece.digest = (ProtobufCBinaryData){ sizeof(edition->digest),
						      (uint8_t *)(uintptr_t)edition->digest };
		piece.data = (ProtobufCBinaryData){ left < WIRE_PIECE_MAX ? left : WIRE_PIECE_MAX,
						    packed->data + from };
	}
	gate_answer(sessions->gate, peer, &frame);
}

static int ask_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		   struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	question->arena = arena_open(WIRE_ARENA_MAX);
	return question->arena ? standing_run(question, db, reference, true, err) : err_memory(err);
}

static void ask_done(struct store_job *job, int rc, const struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	if (rc < 0) {
		say(question, REFUSED_STANDING, err);
	} else {
		Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
		standing_watch_read(question->sessions->standing_watch, question->office,
				    question->standing_version, question->event);
		frame.kind_case = LANTOA__V1__FRAME__KIND_STANDING;
		frame.standing = question->standing;
		gate_answer(question->sessions->gate, &question->peer, &frame);
	}
	question_close(question);
}

static void standing_ask(struct question *question)
{
	question->job =
		(struct store_job){ .run = ask_run, .done = ask_done, .use = STORE_SESSION };
	store_read(question->sessions->store, &question->job);
}

static int read_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	(void)reference;
	return messages_read(db, question->office, question->read, question->n_read, civil_now_us(),
			     err);
}

/* What could not be noted is said again, as it is not told to be read. */
static void read_done(struct store_job *job, int rc, const struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	if (rc < 0)
		say(question, REFUSED_STANDING, err);
	standing_ask(question);
}

void sessions_standing(struct sessions *sessions, const struct gate_peer *peer,
		       const struct listed_key *key, const Lantoa__V1__StandingAsk *ask)
{
	struct question *question = question_open(sessions, peer, key);
	if (!question) /* the agent asks again when it is next told of another */
		return;
	question->n_read = ask->n_read < WIRE_MESSAGES_MAX ? ask->n_read : WIRE_MESSAGES_MAX;
	if (question->n_read == 0) {
		standing_ask(question);
		return;
	}
	memcpy(question->read, ask->read, question->n_read * sizeof(question->read[0]));
	question->job = (struct store_job){ .run = read_run, .done = read_done };
	store_write(sessions->store, &question->job);
}

static int enrol_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	struct listed_key key;
	int rc = office_enrol(db, question->peer.key_id, question->public_key, &key, err);
	if (rc == 0)
		rc = key_feed_read(db, question->office, &question->feed, err);
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
	enrolled.zone = (char *)(uintptr_t)question->sessions->zone;
	enrolled.level = question->level;
	frame.kind_case = LANTOA__V1__FRAME__KIND_ENROLLED;
	frame.enrolled = &enrolled;
	gate_answer(question->sessions->gate, &question->peer, &frame);
}

static void enrol_done(struct store_job *job, int rc, const struct err *err)
{
	struct question *question = container_of(job, struct question, job);
	struct sessions *sessions = question->sessions;
	if (rc == 0 && key_feed_apply(&question->feed, sessions->key_list) < 0) {
		log_error("sessions: out of memory for the list of keys; restarting reads it anew");
		abort(); /* a key that was revoked by this enrolment must not live on */
	}
	if (rc < 0) {
		sessions->counters.refused_enrolments++;
		say(question, REFUSED_ENROLMENT, err);
		acks_refuse(sessions->gate, &question->peer, 0, 0,
			    LANTOA__V1__REFUSED__CODE__INVITATION, err->text);
	} else {
		sessions->counters.enrolled++;
		log_info("sessions: enrolled office=%s", question->code);
		answer_enrolled(question);
	}
	question_close(question);
}

void sessions_enrol(struct sessions *sessions, const struct gate_peer *peer,
		    const struct listed_key *key, const Lantoa__V1__Enrol *enrol)
{
	const ProtobufCBinaryData *bytes = &enrol->public_key;
	if (bytes->len != KEY_LEN) {
		acks_refuse(sessions->gate, peer, 0, 0, LANTOA__V1__REFUSED__CODE__MALFORMED,
			    "a public key is 32 bytes");
		return;
	}
	struct question *question = question_open(sessions, peer, key);
	if (!question)
		return;
	memcpy(question->public_key, bytes->data, KEY_LEN);
	question->job = (struct store_job){ .run = enrol_run, .done = enrol_done };
	store_write(sessions->store, &question->job);
}
