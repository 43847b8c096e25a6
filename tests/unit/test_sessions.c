/* What an office asks at the door is answered whatever operators ask at the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/catalogue_watch.h"
#include "ingest/sessions.h"
#include "registry/office_register.h"
#include "registry/units.h"
#include "registry/units_import.h"
#include "schema/chain.h"
#include "schema/epoch.h"
#include "schema/reference_version.h"
#include "support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READERS 2
#define UNITS   "code,name,level,parent,valid_from,valid_to\n1,A,province,,2020-01-01,\n"

/* As an earlier release took it: it cannot be sent, and Hellos are answered without it. */
#define LONG_CATALOGUE                                                                             \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"            \
	" INSERT INTO catalogue(imported_us, csv) SELECT 1, CAST('name,label_vi,label_en,unit,"    \
	"kind,time_agg,area_agg,period,dimensions,decimals,carry,level,due_days,min,max,note' ||"  \
	" char(10) || group_concat('m' || i || ',a,b,u,stock,last,sum,month,,0,3,commune,2,0,,' "  \
	"|| hex(zeroblob(500)) || char(10), '') AS BLOB) FROM n"

static unsigned welcomes, pieces, refusals;
static uint64_t edition_told;
static struct ledger_head ledger; /* what Welcome must tell; no event: nothing */
static struct blob edition;       /* as it came */

bool __wrap_gate_answer(struct gate *gate, const struct gate_peer *peer,
			const Lantoa__V1__Frame *frame);

bool __wrap_gate_answer(struct gate *gate, const struct gate_peer *peer,
			const Lantoa__V1__Frame *frame)
{
	(void)gate;
	assert_int_equal(peer->key_id, 5);
	assert_int_not_equal(frame->kind_case, LANTOA__V1__FRAME__KIND_CATALOGUE);
	if (frame->kind_case == LANTOA__V1__FRAME__KIND_WELCOME) {
		assert_string_equal(frame->welcome->office, "o");
		assert_true(frame->welcome->catalogue_version == 0);
		edition_told = frame->welcome->edition_version;
		assert_true((edition_told != 0) == (frame->welcome->protocol >= WIRE_EDITIONS));
		assert_true((frame->welcome->head != NULL) ==
			    (frame->welcome->protocol >= WIRE_EDITIONS && ledger.event > 0));
		if (frame->welcome->head) {
			assert_true(frame->welcome->head->position ==
				    (uint64_t)ledger_position(&ledger));
			assert_memory_equal(frame->welcome->head->chain.data, ledger.chain,
					    CHAIN_LEN);
		}
		welcomes++;
	}
	if (frame->kind_case == LANTOA__V1__FRAME__KIND_EDITION_PIECE) {
		const Lantoa__V1__EditionPiece *piece = frame->edition_piece;
		struct blob packed = { 0 };
		struct err err;
		assert_int_equal(wire_frame_pack(frame, &packed, &err), 0); /* it fits one */
		blob_free(&packed);
		if (piece->from == edition.len)
			assert_int_equal(blob_append(&edition, piece->data.data, piece->data.len),
					 0);
		pieces++;
	}
	refusals += frame->kind_case == LANTOA__V1__FRAME__KIND_REFUSED;
	return true;
}

struct question {             /* an operator's, that takes long */
	struct store_job job; /* first */
	uv_sem_t *inside, *go;
};

static int question_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	struct question *question = (struct question *)job;
	(void)db, (void)reference, (void)err;
	uv_sem_post(question->inside);
	uv_sem_wait(question->go);
	return 0;
}

static unsigned questions_over, looks;

static void question_done(struct store_job *job, int rc, const struct err *err)
{
	(void)job, (void)err;
	assert_int_equal(rc, 0);
	questions_over++;
}

static void on_done(void *context)
{
	(void)context;
	looks++;
}

static void office_make(sqlite3 *db, int64_t *ret_office, struct err *err)
{
	size_t changed;
	assert_int_equal(db_begin(db, err), 0);
	assert_int_equal(units_import(db, UNITS, strlen(UNITS), &changed, err), 0);
	assert_int_equal(office_add(db, "o", "O", "1", 18262, "me", ret_office, err), 0);
	assert_int_equal(db_exec(db, LONG_CATALOGUE, err), 0);
	assert_int_equal(reference_changed(db, err), 0);
	assert_int_equal(db_exec(db,
				 "INSERT INTO spool(office, spool_id, upto, last_received_us)"
				 " SELECT id, 77, -2, 1 FROM office",
				 err),
			 0);
	assert_int_equal(db_commit(db, err), 0);
	assert_int_equal(db_number(db, "SELECT id FROM office", ret_office, err), 0);
}

/* A catalogue that fits no frame, piece by piece, and what an office may not ask. */
static void edition_is_sent(struct sessions *sessions, const struct gate_peer *peer)
{
	Lantoa__V1__EditionAsk ask = LANTOA__V1__EDITION_ASK__INIT;
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	Lantoa__V1__Files *files = NULL;
	uint8_t digest[WIRE_EDITION_DIGEST];
	struct err err = { 0 };
	const struct edition *whole = &sessions->catalogue_watch->edition;
	assert_int_equal(whole->version, edition_told);
	ask.version = edition_told;
	do {
		ask.from = edition.len;
		sessions_edition(sessions, peer, &ask);
	} while (edition.len < whole->packed.len);
	assert_int_equal(refusals, 0);
	assert_true(wire_edition_version(edition.data, edition.len, digest) == edition_told);
	assert_int_equal(wire_edition_unpack(arena, edition.data, edition.len, &files, &err), 0);
	assert_true(files->file[0]->data.len > WIRE_FRAME_MAX);
	ask.from = edition.len; /* behind the end */
	sessions_edition(sessions, peer, &ask);
	ask.from = UINT64_MAX;
	sessions_edition(sessions, peer, &ask);
	assert_int_equal(refusals, 2);
	ask.version = 5; /* of another one: this one's beginning is the answer */
	unsigned before = pieces;
	sessions_edition(sessions, peer, &ask);
	assert_int_equal(pieces, before + 1);
	arena_close(arena);
	blob_free(&edition);
}

/* By events alone: the questions end when the office has its answer. */
static void hello_is_answered_while_questions_take_all_readers(void **state)
{
	struct question questions[READERS];
	struct store *store;
	struct err err;
	uv_loop_t loop;
	uv_sem_t inside, go;
	char folder[64], path[96];
	struct key_list *key_list = key_list_open();
	struct listed_key key = { .id = 5, .state = KEY_ACTIVE, .code = "o" };
	const struct gate_peer peer = { .key_id = 5 };
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;

	(void)state;
	assert_non_null(key_list);
	scratch_make(true, folder);
	(void)snprintf(path, sizeof(path), "%s/p.db", folder);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(uv_sem_init(&inside, 0), 0);
	assert_int_equal(uv_sem_init(&go, 0), 0);
	assert_int_equal(store_open(&loop, path, READERS, &store, &err), 0);
	office_make(store_writer(store), &key.office, &err);
	for (int i = 0; i < READERS; i++) {
		questions[i] = (struct question){
			.job = { .run = question_run, .done = question_done, .unlimited = true },
			.inside = &inside,
			.go = &go
		};
		store_read(store, &questions[i].job);
		uv_sem_wait(&inside);
	}
	struct journal_clock clock;
	assert_int_equal(journal_clock_open(store_writer(store), &clock, &err), 0);
	struct agent_list agents = { 0 };
	struct told_head told_head;
	told_head_open(&told_head, store_writer(store));
	struct catalogue_watch catalogue_watch = { .loop = &loop,
						   .store = store,
						   .on_done = on_done };
	struct standing_watch standing_watch = { .store = store,
						 .agents = &agents,
						 .on_done = on_done };
	struct sessions sessions = { .loop = &loop,
				     .store = store,
				     .key_list = key_list,
				     .zone = "UTC",
				     .clock = &clock,
				     .catalogue_watch = &catalogue_watch,
				     .standing_watch = &standing_watch,
				     .agents = &agents,
				     .head = &told_head,
				     .credit = 4,
				     .on_done = on_done };
	hello.protocol_min = 1;
	hello.protocol_max = 2;
	sessions_hello(&sessions, &peer, &key, &hello);
	(void)catalogue_watch_version(&catalogue_watch); /* what a Ping asks */
	while (welcomes == 0 || catalogue_watch.looking)
		(void)uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(questions_over, 0);
	for (int i = 0; i < READERS; i++)
		uv_sem_post(&go);
	while (store_waiting(store) > 0)
		(void)uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(questions_over, READERS);
	assert_int_equal(looks, 2);
	assert_false(agents_speak(&agents, key.office, WIRE_EDITIONS));
	assert_int_equal(ledger_head(store_writer(store), &ledger, &err), 0);
	assert_true(ledger.event > 0);
	hello.protocol_max = 3;
	sessions_hello(&sessions, &peer, &key, &hello);
	while (welcomes < 2 || catalogue_watch.looking)
		(void)uv_run(&loop, UV_RUN_ONCE);
	assert_true(agents_speak(&agents, key.office, WIRE_EDITIONS));
	catalogue_watch.closed = true; /* no more looks */
	edition_is_sent(&sessions, &peer);
	/* a head that this ledger does not have is noted, and stays when the next one agrees */
	Lantoa__V1__Head kept = LANTOA__V1__HEAD__INIT;
	uint8_t chain[CHAIN_LEN];
	memcpy(chain, ledger.chain, CHAIN_LEN);
	kept.chain = (ProtobufCBinaryData){ CHAIN_LEN, chain };
	hello.head = &kept;
	static const struct {
		int at;
		uint8_t flip;
		enum link_verdict odd;
	} told[] = { { 0, 0, LINK_UNKNOWN },
		     { 0, 1, LINK_DIFFERS },
		     { 0, 0, LINK_DIFFERS },
		     { 1, 0, LINK_BEYOND } };
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		kept.position = (uint64_t)(ledger_position(&ledger) + told[i].at);
		chain[0] = (uint8_t)(ledger.chain[0] ^ told[i].flip);
		sessions_hello(&sessions, &peer, &key, &hello);
		while (welcomes < 3 + i)
			(void)uv_run(&loop, UV_RUN_ONCE);
		const struct agent_note *note = agent_list_find(&agents, key.office);
		assert_int_equal(note->odd, told[i].odd);
		assert_true(note->position == (int64_t)kept.position);
	}
	hello.head = NULL;
	/* I11: a head that cannot be read is not told, but the one before, and the office is
	 * answered */
	assert_int_equal(db_exec(store_writer(store),
				 "UPDATE event SET chain = x'00' WHERE id = "
				 "(SELECT max(id) FROM event)",
				 &err),
			 0);
	sessions_hello(&sessions, &peer, &key, &hello);
	while (welcomes < 7)
		(void)uv_run(&loop, UV_RUN_ONCE);
	struct told_head anew;
	Lantoa__V1__Head message;
	told_head_open(&anew, store_writer(store));
	assert_null(told_head_fill(&anew, &message));
	/* what a reader sees may be behind what was told: it is not told */
	struct ledger_head later = ledger;
	later.event++;
	told_head_raise(&told_head, &later);
	told_head_raise(&told_head, &ledger);
	assert_non_null(told_head_fill(&told_head, &message));
	assert_true(message.position == (uint64_t)ledger_position(&later));
	int64_t epoch = 0;
	assert_int_equal(epoch_read(store_writer(store), &epoch, &err), 0);
	assert_true(message.epoch == (uint64_t)epoch && epoch > 0);
	looks = 2;
	/* of a spool whose row is damaged nothing is told that its office would throw away */
	hello.spool_id = 77;
	sessions_hello(&sessions, &peer, &key, &hello);
	while (looks < 3)
		(void)uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(welcomes, 7);
	agent_list_free(&agents);
	catalogue_watch_free(&catalogue_watch);
	store_close(store);
	key_list_close(key_list);
	assert_int_equal(uv_loop_close(&loop), 0);
	uv_sem_destroy(&inside);
	uv_sem_destroy(&go);
	scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_is_answered_while_questions_take_all_readers),
	};
	return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
