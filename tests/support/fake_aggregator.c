#include "support/fake_aggregator.h"

#include "common/net/wire.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define KEYS_MAX   16
#define CREDIT     4
#define ZAP_NAME   "inproc://zeromq.zap.01"
#define TURN_MS    5 /* how soon it notices what the test asked of it */
#define ADDRESS_AT 6 /* behind "tcp://" */

struct known_key {
	uint8_t key[32];
	enum fake_key state;
};

struct fake_aggregator {
	void *context, *zap, *router;
	char endpoint[64];
	uint8_t public_key[32], secret_key[32];
	pthread_t thread;
	struct arena *arena;
	pthread_mutex_t mutex; /* guards what follows */
	struct known_key keys[KEYS_MAX];
	size_t n_keys;
	struct fake_counts counts;
	uint8_t digest[WIRE_DIGEST_LEN]; /* of batch digest_seq; 0: none */
	uint64_t digest_seq;
	uint32_t protocol_min, protocol_max, protocol; /* ours; of the last Welcome */
	uint64_t refused_seq, catalogue_version, held;
	int refused_code;
	char *quarantine, *catalogue; /* owned */
	struct blob edition;          /* owned; packed */
	uint64_t edition_version, head_position;
	uint8_t edition_digest[WIRE_EDITION_DIGEST], chain[WIRE_CHAIN_LEN];
	Lantoa__V1__Head head;
	uint8_t peer_id[16]; /* who said something last */
	size_t peer_id_len;
	bool stop, restart, swallow, ask_heads;
};

static void key_of_z85(const char *z85, uint8_t key[32])
{
	uint8_t *done = zmq_z85_decode(key, z85);
	assert(done);
	(void)done;
}

static struct known_key *find_key(struct fake_aggregator *fake, const uint8_t *key)
{
	for (size_t i = 0; i < fake->n_keys; i++)
		if (memcmp(fake->keys[i].key, key, 32) == 0)
			return &fake->keys[i];
	return NULL;
}

static void put_key(struct fake_aggregator *fake, const uint8_t *key, enum fake_key state)
{
	struct known_key *known = find_key(fake, key);
	if (!known) {
		assert(fake->n_keys < KEYS_MAX);
		known = &fake->keys[fake->n_keys++];
		memcpy(known->key, key, 32);
	}
	known->state = state;
}

/* --- ZAP (RFC 27): the User-Id is the key's place in our list --- */

static void answer_zap(struct fake_aggregator *fake)
{
	char frames[8][256];
	size_t len[8] = { 0 }, n = 0;
	int more = 1;
	while (more && n < 8) {
		size_t size = sizeof(more);
		int got = zmq_recv(fake->zap, frames[n], sizeof(frames[n]), 0);
		len[n++] = got < 0 ? 0 : (size_t)got;
		(void)zmq_getsockopt(fake->zap, ZMQ_RCVMORE, &more, &size);
	}
	(void)pthread_mutex_lock(&fake->mutex);
	struct known_key *key =
		n == 7 && len[6] == 32 ? find_key(fake, (uint8_t *)frames[6]) : NULL;
	bool good = key && (key->state == FAKE_KEY_ACTIVE || key->state == FAKE_KEY_INVITED);
	const char *status = good ? "200" : key && key->state == FAKE_KEY_HASTY ? "500" : "400";
	char user[2] = { key ? (char)('A' + (key - fake->keys)) : '?', '\0' };
	(void)pthread_mutex_unlock(&fake->mutex);
	const char *const parts[] = { "1.0", NULL, status, "", good ? user : "", "" };
	for (size_t i = 0; i < 6; i++)
		(void)zmq_send(fake->zap, i == 1 ? frames[1] : parts[i],
			       i == 1 ? len[1] : strlen(parts[i]), i < 5 ? ZMQ_SNDMORE : 0);
}

/* --- frames --- */

struct peer {
	uint8_t id[16];
	size_t id_len;
	struct known_key *key;
};

static void answer(struct fake_aggregator *fake, const struct peer *peer,
		   const Lantoa__V1__Frame *frame)
{
	struct blob bytes = { 0 };
	struct err err;
	if (wire_frame_pack(frame, &bytes, &err) == 0 &&
	    zmq_send(fake->router, peer->id, peer->id_len, ZMQ_SNDMORE) >= 0)
		(void)zmq_send(fake->router, bytes.data, bytes.len, 0);
	blob_free(&bytes);
}

static void refuse(struct fake_aggregator *fake, const struct peer *peer, uint64_t seq, int code)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Refused refused = LANTOA__V1__REFUSED__INIT;
	refused.spool_id = fake->counts.spool_id;
	refused.seq = seq;
	refused.code = (Lantoa__V1__Refused__Code)code;
	refused.reason = (char *)(uintptr_t) "refused by the test";
	frame.kind_case = LANTOA__V1__FRAME__KIND_REFUSED;
	frame.refused = &refused;
	answer(fake, peer, &frame);
}

static Lantoa__V1__Catalogue catalogue_of(const struct fake_aggregator *fake)
{
	Lantoa__V1__Catalogue catalogue = LANTOA__V1__CATALOGUE__INIT;
	catalogue.version = fake->catalogue_version;
	if (fake->catalogue)
		catalogue.csv = (ProtobufCBinaryData){ .len = strlen(fake->catalogue),
						       .data = (uint8_t *)fake->catalogue };
	return catalogue;
}

/* NULL: none is told. */
static Lantoa__V1__Head *head_of(struct fake_aggregator *fake)
{
	if (fake->protocol < WIRE_EDITIONS || fake->head_position == 0)
		return NULL;
	lantoa__v1__head__init(&fake->head);
	memset(fake->chain, (int)(fake->head_position & 0xff), sizeof(fake->chain));
	fake->head.position = fake->head_position;
	fake->head.chain = (ProtobufCBinaryData){ sizeof(fake->chain), fake->chain };
	return &fake->head;
}

static void note_condition(struct fake_aggregator *fake, const Lantoa__V1__Condition *condition)
{
	if (!condition)
		return;
	fake->counts.conditions++;
	fake->counts.backlog = condition->backlog;
	fake->counts.push_interval_s = condition->push_interval_s;
	fake->counts.clock = (int)condition->clock;
}

/* The highest protocol that both speak; 0: none. */
static uint32_t common_protocol(const struct fake_aggregator *fake, const Lantoa__V1__Hello *hello)
{
	uint32_t highest =
		hello->protocol_max < fake->protocol_max ? hello->protocol_max : fake->protocol_max;
	return highest >= hello->protocol_min && highest >= fake->protocol_min ? highest : 0;
}

static void on_hello(struct fake_aggregator *fake, const struct peer *peer,
		     const Lantoa__V1__Frame *in)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Welcome welcome = LANTOA__V1__WELCOME__INIT;
	Lantoa__V1__Catalogue catalogue = catalogue_of(fake);
	if (in->hello->spool_id != fake->counts.spool_id) {
		fake->counts.spool_id = in->hello->spool_id;
		fake->counts.upto = 0;
	}
	fake->counts.hellos++;
	fake->counts.hello_head = in->hello->head ? in->hello->head->position : 0;
	note_condition(fake, in->hello->condition);
	fake->protocol = welcome.protocol = common_protocol(fake, in->hello);
	if (welcome.protocol == 0) {
		refuse(fake, peer, 0, LANTOA__V1__REFUSED__CODE__PROTOCOL);
		return;
	}
	welcome.upto = fake->counts.upto;
	if (welcome.upto > 0 && welcome.upto == fake->digest_seq)
		welcome.upto_digest = (ProtobufCBinaryData){ sizeof(fake->digest), fake->digest };
	welcome.credit = CREDIT;
	welcome.held = fake->held;
	welcome.catalogue_version = fake->catalogue_version;
	welcome.clock_us = in->hello->clock_us;
	welcome.office = (char *)(uintptr_t) "28249";
	welcome.office_name = (char *)(uintptr_t) "An office";
	welcome.zone = (char *)(uintptr_t) "Asia/Ho_Chi_Minh";
	welcome.level = (char *)(uintptr_t) "commune";
	frame.kind_case = LANTOA__V1__FRAME__KIND_WELCOME;
	frame.welcome = &welcome;
	welcome.head = head_of(fake);
	if (welcome.protocol >= WIRE_EDITIONS)
		welcome.edition_version = fake->edition_version;
	answer(fake, peer, &frame);
	if (in->hello->catalogue_version == fake->catalogue_version ||
	    welcome.protocol >= WIRE_EDITIONS)
		return;
	frame.kind_case = LANTOA__V1__FRAME__KIND_CATALOGUE;
	frame.catalogue = &catalogue;
	answer(fake, peer, &frame);
}

static void commit(struct fake_aggregator *fake, const Lantoa__V1__Batch *in)
{
	struct batch batch;
	struct err err;
	int rc = wire_batch_decode(fake->arena, in->payload.data, in->payload.len, &batch, &err);
	assert(rc == 0); /* the agent sends what can be decoded */
	if (rc < 0)
		return;
	fake->counts.batches++;
	fake->counts.chained += in->before_digest.len > 0;
	fake->counts.upto = fake->digest_seq = in->seq;
	wire_digest(in->payload.data, in->payload.len, fake->digest);
	fake->counts.observations += batch.n_points;
	for (size_t i = 0; i < batch.n_points; i++)
		fake->counts.sum += batch.points[i].value_e;
}

/* Does it say that it was made behind another batch than our last? */
static bool parted(const struct fake_aggregator *fake, const Lantoa__V1__Batch *batch)
{
	const ProtobufCBinaryData *before = &batch->before_digest;
	if (before->len == 0)
		return false;
	assert(fake->protocol >= WIRE_CHAINED && before->len == sizeof(fake->digest));
	return batch->seq == fake->digest_seq + 1 &&
	       memcmp(before->data, fake->digest, before->len) != 0;
}

static void on_batch(struct fake_aggregator *fake, const struct peer *peer,
		     const Lantoa__V1__Frame *in)
{
	const Lantoa__V1__Batch *batch = in->batch;
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Ack ack = LANTOA__V1__ACK__INIT;
	Lantoa__V1__Quarantined held = LANTOA__V1__QUARANTINED__INIT, *list[] = { &held };
	if (batch->seq == fake->refused_seq) {
		refuse(fake, peer, batch->seq, fake->refused_code);
		return;
	}
	if (batch->seq > fake->counts.upto + 1 || parted(fake, batch)) {
		refuse(fake, peer, batch->seq, LANTOA__V1__REFUSED__CODE__GAP);
		return;
	}
	if (batch->seq == fake->counts.upto + 1)
		commit(fake, batch);
	else
		fake->counts.duplicates++;
	ack.spool_id = batch->spool_id;
	ack.upto = fake->counts.upto;
	if (fake->protocol >= 2)
		ack.catalogue_version = fake->catalogue_version;
	if (fake->protocol >= WIRE_EDITIONS)
		ack.edition_version = fake->edition_version;
	ack.head = head_of(fake);
	if (fake->quarantine) {
		held.seq = batch->seq;
		held.observations = 1;
		held.reason = fake->quarantine;
		ack.n_quarantined = 1;
		ack.quarantined = list;
	}
	frame.kind_case = LANTOA__V1__FRAME__KIND_ACK;
	frame.ack = &ack;
	answer(fake, peer, &frame);
}

static void on_ping(struct fake_aggregator *fake, const struct peer *peer,
		    const Lantoa__V1__Frame *in)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Pong pong = LANTOA__V1__PONG__INIT;
	assert(fake->protocol >= WIRE_EDITIONS || !in->ping->condition);
	note_condition(fake, in->ping->condition);
	if (fake->protocol >= 2)
		pong.catalogue_version = fake->catalogue_version;
	if (fake->protocol >= WIRE_EDITIONS)
		pong.edition_version = fake->edition_version;
	pong.head = head_of(fake);
	frame.kind_case = LANTOA__V1__FRAME__KIND_PONG;
	frame.pong = &pong;
	answer(fake, peer, &frame);
}

#define PIECE 100u

static void on_edition_ask(struct fake_aggregator *fake, const struct peer *peer,
			   const Lantoa__V1__Frame *in)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__EditionPiece piece = LANTOA__V1__EDITION_PIECE__INIT;
	const Lantoa__V1__EditionAsk *ask = in->edition_ask;
	assert(fake->protocol >= WIRE_EDITIONS);
	if (fake->edition_version == 0)
		return;
	piece.from = ask->version == fake->edition_version ? ask->from : 0;
	assert(piece.from < fake->edition.len);
	size_t left = fake->edition.len - (size_t)piece.from;
	piece.version = fake->edition_version;
	piece.len = fake->edition.len;
	piece.digest = (ProtobufCBinaryData){ sizeof(fake->edition_digest), fake->edition_digest };
	piece.data = (ProtobufCBinaryData){ left < PIECE ? left : PIECE,
					    fake->edition.data + piece.from };
	fake->counts.pieces++;
	frame.kind_case = LANTOA__V1__FRAME__KIND_EDITION_PIECE;
	frame.edition_piece = &piece;
	answer(fake, peer, &frame);
}

static void on_heads(struct fake_aggregator *fake, const struct peer *peer,
		     const Lantoa__V1__Frame *in)
{
	const Lantoa__V1__Heads *heads = in->heads;
	(void)peer;
	fake->counts.heads_told++;
	fake->counts.heads = heads->n_head;
	fake->counts.heads_number = heads->number;
	fake->counts.newest = heads->n_head ? heads->head[heads->n_head - 1]->head->position : 0;
}

static void on_enrol(struct fake_aggregator *fake, const struct peer *peer,
		     const Lantoa__V1__Frame *in)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Enrolled enrolled = LANTOA__V1__ENROLLED__INIT;
	Lantoa__V1__Catalogue catalogue = catalogue_of(fake);
	peer->key->state = FAKE_KEY_SPENT;
	assert(in->enrol->public_key.len == 32);
	put_key(fake, in->enrol->public_key.data, FAKE_KEY_ACTIVE);
	if (fake->swallow) {
		fake->swallow = false;
		return;
	}
	enrolled.office = (char *)(uintptr_t) "28249";
	enrolled.office_name = (char *)(uintptr_t) "An office";
	enrolled.zone = (char *)(uintptr_t) "Asia/Ho_Chi_Minh";
	enrolled.level = (char *)(uintptr_t) "commune";
	enrolled.catalogue = &catalogue;
	frame.kind_case = LANTOA__V1__FRAME__KIND_ENROLLED;
	frame.enrolled = &enrolled;
	answer(fake, peer, &frame);
}

static const struct {
	Lantoa__V1__Frame__KindCase kind;
	enum fake_key key;
	void (*on_frame)(struct fake_aggregator *fake, const struct peer *peer,
			 const Lantoa__V1__Frame *frame);
} kinds[] = {
	{ LANTOA__V1__FRAME__KIND_HELLO, FAKE_KEY_ACTIVE, on_hello },
	{ LANTOA__V1__FRAME__KIND_BATCH, FAKE_KEY_ACTIVE, on_batch },
	{ LANTOA__V1__FRAME__KIND_PING, FAKE_KEY_ACTIVE, on_ping },
	{ LANTOA__V1__FRAME__KIND_EDITION_ASK, FAKE_KEY_ACTIVE, on_edition_ask },
	{ LANTOA__V1__FRAME__KIND_HEADS, FAKE_KEY_ACTIVE, on_heads },
	{ LANTOA__V1__FRAME__KIND_ENROL, FAKE_KEY_INVITED, on_enrol },
};

static void take_frame(struct fake_aggregator *fake, struct peer *peer, zmq_msg_t *message)
{
	const char *user = zmq_msg_gets(message, "User-Id");
	Lantoa__V1__Frame *frame;
	struct err err;
	arena_reset(fake->arena);
	if (!user || wire_frame_unpack(fake->arena, zmq_msg_data(message), zmq_msg_size(message),
				       &frame, &err) < 0)
		return;
	peer->key = &fake->keys[user[0] - 'A'];
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == frame->kind_case && kinds[i].key == peer->key->state)
			kinds[i].on_frame(fake, peer, frame);
}

static void take_message(struct fake_aggregator *fake)
{
	struct peer peer = { 0 };
	zmq_msg_t message;
	int got = zmq_recv(fake->router, peer.id, sizeof(peer.id), ZMQ_DONTWAIT);
	if (got < 0)
		return;
	peer.id_len = fake->peer_id_len = (size_t)got;
	memcpy(fake->peer_id, peer.id, sizeof(peer.id));
	(void)zmq_msg_init(&message);
	if (zmq_msg_recv(&message, fake->router, 0) >= 0) {
		(void)pthread_mutex_lock(&fake->mutex);
		take_frame(fake, &peer, &message);
		(void)pthread_mutex_unlock(&fake->mutex);
	}
	(void)zmq_msg_close(&message);
}

/* --- the thread --- */

static void listen_on(struct fake_aggregator *fake, const char *endpoint)
{
	int one = 1, zero = 0;
	size_t len = sizeof(fake->endpoint);
	fake->router = zmq_socket(fake->context, ZMQ_ROUTER);
	assert(fake->router);
	(void)zmq_setsockopt(fake->router, ZMQ_CURVE_SERVER, &one, sizeof(one));
	(void)zmq_setsockopt(fake->router, ZMQ_CURVE_SECRETKEY, fake->secret_key, 32);
	(void)zmq_setsockopt(fake->router, ZMQ_ZAP_DOMAIN, "test", 4);
	(void)zmq_setsockopt(fake->router, ZMQ_LINGER, &zero, sizeof(zero));
	while (zmq_bind(fake->router, endpoint) < 0)
		; /* the port is being given back */
	(void)zmq_getsockopt(fake->router, ZMQ_LAST_ENDPOINT, fake->endpoint, &len);
}

static bool asked(struct fake_aggregator *fake, bool *flag)
{
	(void)pthread_mutex_lock(&fake->mutex);
	bool found = *flag;
	*flag = false;
	(void)pthread_mutex_unlock(&fake->mutex);
	return found;
}

static void send_heads_ask(struct fake_aggregator *fake)
{
	struct peer peer = { .id_len = fake->peer_id_len };
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__HeadsAsk ask = LANTOA__V1__HEADS_ASK__INIT;
	memcpy(peer.id, fake->peer_id, sizeof(peer.id));
	ask.most = WIRE_HEADS_MAX;
	ask.number = 5;
	frame.kind_case = LANTOA__V1__FRAME__KIND_HEADS_ASK;
	frame.heads_ask = &ask;
	answer(fake, &peer, &frame);
}

static void *thread_main(void *context)
{
	struct fake_aggregator *fake = context;
	while (!asked(fake, &fake->stop)) {
		if (asked(fake, &fake->restart)) {
			char endpoint[sizeof(fake->endpoint)];
			memcpy(endpoint, fake->endpoint, sizeof(endpoint));
			(void)zmq_close(fake->router);
			listen_on(fake, endpoint);
		}
		if (asked(fake, &fake->ask_heads))
			send_heads_ask(fake);
		zmq_pollitem_t items[] = { { .socket = fake->zap, .events = ZMQ_POLLIN },
					   { .socket = fake->router, .events = ZMQ_POLLIN } };
		(void)zmq_poll(items, 2, TURN_MS);
		if (items[0].revents)
			answer_zap(fake);
		if (items[1].revents)
			take_message(fake);
	}
	return NULL;
}

struct fake_aggregator *fake_aggregator_open(void *zmq_context)
{
	struct fake_aggregator *fake = calloc(1, sizeof(*fake));
	char public_key[41], secret_key[41];
	int zero = 0;
	assert(fake);
	(void)zmq_curve_keypair(public_key, secret_key);
	key_of_z85(public_key, fake->public_key);
	key_of_z85(secret_key, fake->secret_key);
	fake->context = zmq_context;
	fake->protocol_min = WIRE_PROTOCOL_MIN;
	fake->protocol_max = WIRE_PROTOCOL_MAX;
	fake->arena = arena_open(WIRE_ARENA_MAX);
	(void)pthread_mutex_init(&fake->mutex, NULL);
	fake->zap = zmq_socket(zmq_context, ZMQ_REP);
	(void)zmq_setsockopt(fake->zap, ZMQ_LINGER, &zero, sizeof(zero));
	int rc = zmq_bind(fake->zap, ZAP_NAME); /* before the ROUTER: else everyone gets in */
	assert(rc == 0);
	listen_on(fake, "tcp://127.0.0.1:*");
	rc = pthread_create(&fake->thread, NULL, thread_main, fake);
	assert(rc == 0);
	(void)rc;
	return fake;
}

void fake_aggregator_close(struct fake_aggregator *fake)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->stop = true;
	(void)pthread_mutex_unlock(&fake->mutex);
	(void)pthread_join(fake->thread, NULL);
	(void)zmq_close(fake->router);
	(void)zmq_close(fake->zap);
	(void)pthread_mutex_destroy(&fake->mutex);
	arena_close(fake->arena);
	free(fake->quarantine);
	free(fake->catalogue);
	blob_free(&fake->edition);
	free(fake);
}

const char *fake_aggregator_address(const struct fake_aggregator *fake)
{
	return fake->endpoint + ADDRESS_AT;
}

const uint8_t *fake_aggregator_key(const struct fake_aggregator *fake)
{
	return fake->public_key;
}

void fake_aggregator_allow(struct fake_aggregator *fake, const uint8_t public_key[32],
			   enum fake_key state)
{
	(void)pthread_mutex_lock(&fake->mutex);
	put_key(fake, public_key, state);
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_restart(struct fake_aggregator *fake)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->restart = true;
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_refuse(struct fake_aggregator *fake, uint64_t seq, int code)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->refused_seq = code ? seq : 0;
	fake->refused_code = code;
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_quarantine(struct fake_aggregator *fake, const char *reason)
{
	(void)pthread_mutex_lock(&fake->mutex);
	free(fake->quarantine);
	fake->quarantine = strdup(reason);
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_roll_back(struct fake_aggregator *fake, uint64_t upto)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->counts.upto = upto;
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_speak(struct fake_aggregator *fake, uint32_t min, uint32_t max)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->protocol_min = min;
	fake->protocol_max = max;
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_hold(struct fake_aggregator *fake, uint64_t observations)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->held = 1 + observations;
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_part(struct fake_aggregator *fake)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->digest[0] ^= 1;
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_swallow_enrolled(struct fake_aggregator *fake)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->swallow = true;
	(void)pthread_mutex_unlock(&fake->mutex);
}

/* Another version is another edition, also of the same catalogue. */
static void make_edition(struct fake_aggregator *fake)
{
	static char name[] = "catalogue.csv";
	Lantoa__V1__Files files = LANTOA__V1__FILES__INIT;
	Lantoa__V1__File file = LANTOA__V1__FILE__INIT, *list[] = { &file };
	Lantoa__V1__Settings settings = LANTOA__V1__SETTINGS__INIT;
	struct err err;
	file.name = name;
	file.data = catalogue_of(fake).csv;
	settings.push_interval_s = (uint32_t)fake->catalogue_version;
	files.file = list;
	files.n_file = 1;
	files.settings = &settings;
	fake->edition.len = 0;
	int rc = wire_edition_pack(&files, &fake->edition, &err);
	assert(rc == 0);
	(void)rc;
	fake->edition_version =
		wire_edition_version(fake->edition.data, fake->edition.len, fake->edition_digest);
}

void fake_aggregator_head(struct fake_aggregator *fake, uint64_t position)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->head_position = position;
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_ask_heads(struct fake_aggregator *fake)
{
	(void)pthread_mutex_lock(&fake->mutex);
	fake->ask_heads = true;
	(void)pthread_mutex_unlock(&fake->mutex);
}

void fake_aggregator_catalogue(struct fake_aggregator *fake, uint64_t version, const char *csv)
{
	(void)pthread_mutex_lock(&fake->mutex);
	free(fake->catalogue);
	fake->catalogue = strdup(csv);
	fake->catalogue_version = version;
	make_edition(fake);
	(void)pthread_mutex_unlock(&fake->mutex);
}

struct fake_counts fake_aggregator_counts(struct fake_aggregator *fake)
{
	(void)pthread_mutex_lock(&fake->mutex);
	struct fake_counts counts = fake->counts;
	(void)pthread_mutex_unlock(&fake->mutex);
	return counts;
}
