/* A fault costs only its own: whatever one batch is, and whatever the disk did to what stands where
 * it belongs, the others are committed and acked. A real store and committer; the gate's end of the
 * answers is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/container.h"
#include "common/model/civil.h"
#include "ingest/committer.h"
#include "support/fault.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\nD,d,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"d,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n"                                              \
	"h,x,x,x,flow,sum,sum,hour,,0,0,commune,1,,\n"

#define OFFICES 3u
#define DAY_1   20000 /* 2024-10-04 */

struct answer {
	int64_t key_id;
	Lantoa__V1__Frame__KindCase kind;
	uint64_t seq; /* of Refused; upto of Ack */
	int code;
	uint32_t held;
	char reason[160];
};

struct fixture {
	struct testbed testbed;
	struct testbed_spool spools[OFFICES]; /* office i has key i + 1 */
	uv_loop_t loop;
	struct store *store;
	struct key_list *key_list;
	struct limits limits;
	struct meters *meters;
	struct catalogue_watch catalogue_watch;
	struct agent_list agents;
	struct standing_watch standing_watch;
	struct committer *committer;
	struct blob sent[OFFICES]; /* owned: the last batch of each */
	struct answer answers[64];
	size_t n_answers;
	struct err err;
} * answered; /* whose committer answers */

bool __wrap_gate_answer(struct gate *gate, const struct gate_peer *peer,
			const Lantoa__V1__Frame *frame);
bool __wrap_gate_answer(struct gate *gate, const struct gate_peer *peer,
			const Lantoa__V1__Frame *frame)
{
	struct fixture *f = answered;
	(void)gate;
	assert_true(f->n_answers < 64);
	struct answer *answer = &f->answers[f->n_answers++];
	*answer = (struct answer){ .key_id = peer->key_id, .kind = frame->kind_case };
	if (frame->kind_case == LANTOA__V1__FRAME__KIND_ACK) {
		answer->seq = frame->ack->upto;
		for (size_t i = 0; i < frame->ack->n_quarantined; i++)
			answer->held += frame->ack->quarantined[i]->observations;
	} else {
		assert_int_equal(frame->kind_case, LANTOA__V1__FRAME__KIND_REFUSED);
		answer->seq = frame->refused->seq;
		answer->code = (int)frame->refused->code;
		(void)snprintf(answer->reason, sizeof(answer->reason), "%s",
			       frame->refused->reason);
	}
	return true;
}

/* The office whose figures' place the disk does not read; 0: it reads all. */
static atomic_llong not_read_of;
/* The office of which a batch is posted, and then what it leads to fails; 0: none. */
static atomic_llong undone_of;

int __real_ledger_post(struct ledger *ledger, const struct entry_form *form,
		       ledger_on_held *on_held, void *context, enum posting *ret_posting,
		       uint64_t *ret_upto, struct err *err);
int __wrap_ledger_post(struct ledger *ledger, const struct entry_form *form,
		       ledger_on_held *on_held, void *context, enum posting *ret_posting,
		       uint64_t *ret_upto, struct err *err);
int __wrap_ledger_post(struct ledger *ledger, const struct entry_form *form,
		       ledger_on_held *on_held, void *context, enum posting *ret_posting,
		       uint64_t *ret_upto, struct err *err)
{
	if (form->office == atomic_load(&not_read_of))
		return err_set(err, -EIO, "the disk does not read");
	int rc = __real_ledger_post(ledger, form, on_held, context, ret_posting, ret_upto, err);
	return rc == 0 && form->office == atomic_load(&undone_of)
		       ? err_set(err, -ERANGE, "no page can hold it")
		       : rc;
}

/* No test waits for what the committer leaves between two tries. */
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout, uint64_t repeat);
int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout, uint64_t repeat)
{
	(void)timeout;
	return __real_uv_timer_start(timer, cb, 0, repeat);
}

static void on_change(void *context)
{
	(void)context;
}

/* The newest answer to an office. */
static const struct answer *heard(const struct fixture *f, size_t office,
				  Lantoa__V1__Frame__KindCase kind)
{
	for (size_t i = f->n_answers; i > 0; i--)
		if (f->answers[i - 1].key_id == (int64_t)office + 1 &&
		    f->answers[i - 1].kind == kind)
			return &f->answers[i - 1];
	return NULL;
}

static uint64_t acked(const struct fixture *f, size_t office)
{
	const struct answer *ack = heard(f, office, LANTOA__V1__FRAME__KIND_ACK);
	return ack ? ack->seq : 0;
}

static void start(struct fixture *f)
{
	testbed_release(&f->testbed);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	if (store_open(&f->loop, f->testbed.path, 1, &f->store, &f->err) < 0)
		fail_msg("%s", f->err.text);
	f->catalogue_watch =
		(struct catalogue_watch){ .loop = &f->loop, .store = f->store, .closed = true };
	f->standing_watch = (struct standing_watch){ .store = f->store, .agents = &f->agents };
	assert_int_equal(committer_open(&f->loop, f->store, f->key_list, f->meters, on_change, NULL,
					&f->committer, &f->err),
			 0);
	committer_serve(f->committer, NULL, &f->catalogue_watch, &f->standing_watch);
}

/* And a testbed again, to look at what is stored. */
static void stop(struct fixture *f)
{
	committer_stop(f->committer);
	while (!committer_is_idle(f->committer))
		uv_run(&f->loop, UV_RUN_ONCE);
	committer_close(f->committer);
	store_close(f->store);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	testbed_reopen(&f->testbed);
}

static int setup(void **state)
{
	static const char *const codes[OFFICES] = { "a", "b", "c" };
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	testbed_open(&f->testbed, UNITS, METRICS, NULL, false);
	f->limits = limits_default();
	f->key_list = key_list_open();
	f->meters = meters_open(&f->limits);
	assert_true(f->key_list && f->meters);
	for (size_t i = 0; i < OFFICES; i++) {
		f->spools[i].id = 7 + i;
		f->spools[i].office =
			testbed_office(&f->testbed, codes[i], i < 2 ? "C" : "D", DAY_1 - 1000);
		struct listed_key key = { .id = (int64_t)i + 1,
					  .office = f->spools[i].office,
					  .state = KEY_ACTIVE,
					  .public_key = { (uint8_t)(i + 1) } };
		(void)snprintf(key.code, sizeof(key.code), "%s", codes[i]);
		assert_int_equal(key_list_put(f->key_list, &key), 0);
	}
	testbed_refresh(&f->testbed);
	answered = f;
	start(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	testbed_close(&f->testbed);
	key_list_close(f->key_list);
	meters_close(f->meters);
	for (size_t i = 0; i < OFFICES; i++)
		blob_free(&f->sent[i]);
	free(f);
	return 0;
}

static void add_payload(struct fixture *f, size_t office, uint64_t seq, const void *payload,
			size_t len)
{
	struct gate_peer peer = { .key_id = (int64_t)office + 1 };
	Lantoa__V1__Batch batch = LANTOA__V1__BATCH__INIT;
	enum limit limit;
	batch.spool_id = f->spools[office].id;
	batch.seq = seq;
	batch.payload.data = (uint8_t *)(uintptr_t)payload;
	batch.payload.len = len;
	assert_true(
		committer_add(f->committer, &peer, f->spools[office].office, &batch, NULL, &limit));
}

/* The office's next batch: one figure of @day. */
static void add(struct fixture *f, size_t office, int32_t day, int64_t value)
{
	struct testbed_figure figure = { .metric = "d",
					 .labels = "",
					 .grain = GRAIN_DAY,
					 .calendar = CALENDAR_CIVIL,
					 .value_e = value };
	struct testbed_batch batch;
	testbed_seal(&f->spools[office], day, &figure, 1, 0, &batch);
	add_payload(f, office, batch.seq, batch.payload.data, batch.payload.len);
	blob_free(&f->sent[office]);
	f->sent[office] = batch.payload;
}

/* As an office does that hears nothing: an answer may be what there was no memory for. */
static void add_again(struct fixture *f, size_t office)
{
	add_payload(f, office, f->spools[office].seq, f->sent[office].data, f->sent[office].len);
}

/* Until @office has an ack up to @upto. */
static void wait_for(struct fixture *f, size_t office, uint64_t upto)
{
	while (acked(f, office) < upto)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void wait_for_refusal(struct fixture *f, size_t office)
{
	while (!heard(f, office, LANTOA__V1__FRAME__KIND_REFUSED))
		uv_run(&f->loop, UV_RUN_ONCE);
}

/* So that what is added after it is one commit. */
static void plug(struct fixture *f)
{
	add(f, 2, DAY_1 - 100, 1);
}

static void damage(struct fixture *f, const char *sql)
{
	stop(f);
	testbed_exec(&f->testbed, sql);
	start(f);
}

static const struct committer_counters *counters(const struct fixture *f)
{
	return committer_counters(f->committer);
}

/* --- what breaks the rules --- */

static void bad_batches_are_refused_and_their_neighbours_acked(void **state)
{
	struct fixture *f = *state;
	struct blob empties = { 0 }, bomb = { 0 };
	static const uint8_t skippable[] = { 1, 0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'h', 'i' };
	for (size_t i = 0; i < WIRE_COLUMNS_MAX / 2; i++) /* empty declared_metric */
		assert_int_equal(blob_append(&empties, "\x4a\0", 2), 0);
	assert_int_equal(blob_reserve(&bomb, ZSTD_compressBound(empties.len) + 1), 0);
	bomb.data[0] = 1;
	bomb.len = 1 + ZSTD_compress(bomb.data + 1, ZSTD_compressBound(empties.len), empties.data,
				     empties.len, 19);
	const struct {
		const void *data;
		size_t len;
		const char *says;
	} cases[] = {
		{ NULL, 0, "no payload" },
		{ "", 1, "no figure" },           /* Columns that hold nothing */
		{ "\0\x08\x02", 3, "no figure" }, /* but a day */
		{ skippable, sizeof(skippable), "no figure" },
		{ bomb.data, bomb.len, "than allowed" },
		{ "\0\x4a\1m\x52\0\x5a\1\2", 9, "no figure" }, /* a declaration alone */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = counters(f)->malformed;
		plug(f);
		add(f, 0, DAY_1, 5);
		add_payload(f, 1, 1, cases[i].data, cases[i].len);
		add(f, 2, DAY_1, 6);
		wait_for(f, 0, f->spools[0].seq);
		wait_for(f, 2, f->spools[2].seq);
		assert_int_equal(counters(f)->malformed, before + 1);
		const struct answer *refused = heard(f, 1, LANTOA__V1__FRAME__KIND_REFUSED);
		assert_non_null(refused);
		assert_int_equal(refused->code, LANTOA__V1__REFUSED__CODE__MALFORMED);
		if (!strstr(refused->reason, cases[i].says))
			fail_msg("case %zu: %s", i, refused->reason);
		f->n_answers = 0;
	}
	assert_int_equal(counters(f)->failed_commits, 0);
	assert_int_equal(counters(f)->refusals.n, 1);
	assert_string_equal(counters(f)->refusals.list[0].code, "b");
	assert_int_equal(counters(f)->refusals.list[0].n, sizeof(cases) / sizeof(cases[0]));
	blob_free(&empties);
	blob_free(&bomb);
	stop(f);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM spool"), 2);
}

/* --- what the disk damaged --- */

/* One correction in the middle of everybody's batches meets an entry that cannot be read. */
static void a_damaged_entry_holds_up_its_offices_day_alone(void **state)
{
	struct fixture *f = *state;
	struct table *table;
	add(f, 0, DAY_1, 5);
	add(f, 1, DAY_1, 6);
	wait_for(f, 0, 1);
	wait_for(f, 1, 1);
	damage(f, "UPDATE journal SET payload = x'00ff' WHERE office = (SELECT id FROM office "
		  "WHERE code = 'a')");
	plug(f);
	for (int64_t i = 0; i < 10; i++)
		add(f, 1, DAY_1 + (int32_t)i, 10 + i);
	add(f, 0, DAY_1, 7);     /* the correction: */
	add(f, 0, DAY_1 + 1, 8); /* its office's other days go on */
	for (int64_t i = 0; i < 10; i++)
		add(f, 2, DAY_1 + (int32_t)i, 20 + i);
	wait_for(f, 1, 11);
	wait_for(f, 0, 3);
	wait_for(f, 2, 11);
	assert_int_equal(heard(f, 0, LANTOA__V1__FRAME__KIND_ACK)->held, 1);
	assert_null(heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED));
	assert_int_equal(counters(f)->held_up, 1);
	assert_int_equal(counters(f)->later, 0);
	assert_int_equal(counters(f)->failing, 0);
	assert_true(committer_wants_more(f->committer));
	stop(f);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM quarantine"), 1);
	assert_int_equal(testbed_number(&f->testbed, "SELECT verdict FROM quarantine"),
			 VERDICT_DAMAGED);
	/* what the others have adds up */
	assert_true(testbed_verify(&f->testbed, &table) >= 1);
	for (size_t row = 0; row < table_rows(table); row++) {
		const char *where = testbed_cell(table, row, "where");
		if (strstr(where, "office b") || strstr(where, "office c"))
			fail_msg("%s differs", where);
	}
	table_close(table);
}

/* Where one office belongs cannot be known any more: what it sends is kept, and held; all others'
 * counts, corrections too. */
static void a_damaged_row_of_the_register_holds_up_its_office_alone(void **state)
{
	struct fixture *f = *state;
	struct table *table;
	add(f, 0, DAY_1, 5);
	add(f, 1, DAY_1, 6);
	wait_for(f, 0, 1);
	wait_for(f, 1, 1);
	damage(f,
	       "UPDATE assignment SET from_day = from_day + 999999 WHERE office = (SELECT id FROM"
	       " office WHERE code = 'a')");
	plug(f);
	add(f, 0, DAY_1, 7);
	add(f, 0, DAY_1 + 1, 8);
	add(f, 1, DAY_1, 9);
	add(f, 2, DAY_1, 10);
	wait_for(f, 0, 3);
	wait_for(f, 1, 2);
	wait_for(f, 2, 2);
	assert_int_equal(heard(f, 0, LANTOA__V1__FRAME__KIND_ACK)->held, 2);
	assert_int_equal(heard(f, 1, LANTOA__V1__FRAME__KIND_ACK)->held, 0);
	assert_int_equal(counters(f)->failed_commits, 0);
	damage(f,
	       "UPDATE assignment SET from_day = from_day - 999999 WHERE office = (SELECT id FROM"
	       " office WHERE code = 'a')");
	stop(f);
	assert_int_equal(
		testbed_number(&f->testbed, "SELECT count(*) FROM quarantine WHERE verdict = 9"),
		2);
	testbed_refresh(&f->testbed);
	uint64_t released, kept;
	const struct release_form all = { .who = "test", .at_us = INT64_C(1800000000000000) };
	testbed_order_release(&f->testbed, &all, &released, &kept);
	assert_int_equal(released, 2);
	assert_int_equal(kept, 0);
	assert_int_equal(testbed_verify(&f->testbed, &table), 0);
	table_close(table);
}

/* A batch that fails by itself and cannot be journaled either: its office keeps it. */
static void a_batch_that_cannot_be_taken_at_all_is_left_to_its_office(void **state)
{
	struct fixture *f = *state;
	int64_t office = f->spools[0].office;
	plug(f);
	add(f, 1, DAY_1, 1);
	f->spools[0].office = 999; /* on the key list, and not in the store */
	add(f, 0, DAY_1, 5);
	f->spools[0].office = office;
	add(f, 2, DAY_1, 2);
	wait_for(f, 1, 1);
	wait_for(f, 2, 2);
	wait_for_refusal(f, 0);
	const struct answer *refused = heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED);
	assert_int_equal(refused->code, LANTOA__V1__REFUSED__CODE__LATER);
	assert_int_equal(refused->seq, 1);
	assert_non_null(strstr(refused->reason, "not in the store"));
	assert_int_equal(counters(f)->later, 1);
	assert_int_equal(counters(f)->failing, 0);
	const struct refusal *refusal = &counters(f)->refusals.list[0];
	assert_string_equal(refusal->code, "a");
	assert_true(refusal->since_us > 0);
	assert_int_equal(refusal->n_later, 1);
	stop(f);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 3);
}

struct program { /* that orders without end */
	struct committer_act act;
	struct fixture *f;
	unsigned done;
};

static int program_run(struct committer_act *act, struct ledger *ledger, sqlite3 *db,
		       const struct reference *reference, struct err *err)
{
	(void)act;
	(void)ledger;
	(void)db;
	(void)reference;
	(void)err;
	return 0;
}

/* The other one waits already, so that there is always one. */
static void program_done(struct committer_act *act, int rc, const struct err *err)
{
	struct program *program = container_of(act, struct program, act);
	(void)err;
	assert_int_equal(rc, 0);
	if (++program->done < 50)
		assert_int_equal(
			committer_do(program->f->committer, &program->act, &program->f->err), 0);
}

static void orders_without_end_keep_no_batch_waiting(void **state)
{
	struct fixture *f = *state;
	struct program programs[2];
	for (size_t i = 0; i < 2; i++) {
		programs[i] = (struct program){
			.act = { .run = program_run, .done = program_done, .undone = i == 1 },
			.f = f
		};
		assert_int_equal(committer_do(f->committer, &programs[i].act, &f->err), 0);
	}
	add(f, 0, DAY_1, 5);
	wait_for(f, 0, 1);
	assert_in_range(programs[0].done + programs[1].done, 1, 2);
	while (programs[0].done + programs[1].done < 100)
		uv_run(&f->loop, UV_RUN_ONCE);
	stop(f);
}

/* It was posted, and undone since: nothing that posting told of it is told to its office, which
 * would take an ack for its leave to forget the batch. */
static void a_batch_that_was_undone_is_not_acked(void **state)
{
	struct fixture *f = *state;
	add(f, 0, DAY_1, 5);
	wait_for(f, 0, 1);
	f->n_answers = 0;
	atomic_store(&undone_of, f->spools[0].office);
	plug(f);
	add(f, 0, DAY_1, 6);
	add(f, 1, DAY_1, 7);
	wait_for(f, 1, 1);
	wait_for_refusal(f, 0);
	assert_int_equal(heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED)->code,
			 LANTOA__V1__REFUSED__CODE__LATER);
	assert_int_equal(heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED)->seq, 2);
	assert_null(heard(f, 0, LANTOA__V1__FRAME__KIND_ACK));
	atomic_store(&undone_of, 0);
	add_again(f, 0);
	wait_for(f, 0, 2);
	stop(f);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 4);
}

/* Every page of the day is damaged: they are made anew by the commit that meets them, and it is
 * said. */
static void damaged_pages_are_made_anew_by_the_commit_that_meets_them(void **state)
{
	struct fixture *f = *state;
	struct table *table;
	add(f, 0, DAY_1, 5);
	add(f, 1, DAY_1, 6);
	wait_for(f, 0, 1);
	wait_for(f, 1, 1);
	damage(f, "UPDATE rollup SET page = x'ff'");
	plug(f);
	add(f, 0, DAY_1, 7); /* a correction */
	add(f, 1, DAY_1, 6);
	wait_for(f, 0, 2);
	wait_for(f, 1, 2);
	assert_int_equal(heard(f, 0, LANTOA__V1__FRAME__KIND_ACK)->held, 0);
	assert_int_equal(counters(f)->failed_commits, 0);
	assert_int_equal(counters(f)->mended.n, 4); /* a, b, C and P */
	assert_non_null(strstr(counters(f)->mended.where, "2024-10-04"));
	stop(f);
	assert_int_equal(testbed_verify(&f->testbed, &table), 0);
	table_close(table);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM audit WHERE what ="
						     " 'pages made anew'"),
			 1);
}

/* A row of its own that was damaged: what it declared, how far its batches are here, and what the
 * last one was. Nothing is acked that is not there. */
static void damaged_spool(struct fixture *f, const char *sql)
{
	add(f, 0, DAY_1, 5);
	add(f, 1, DAY_1, 6);
	wait_for(f, 0, 1);
	wait_for(f, 1, 1);
	damage(f, sql);
	plug(f);
	add(f, 0, DAY_1 + 1, 7);
	add(f, 1, DAY_1 + 1, 8);
	wait_for(f, 1, 2);
	wait_for_refusal(f, 0);
	assert_int_equal(heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED)->code,
			 LANTOA__V1__REFUSED__CODE__LATER);
	assert_non_null(strstr(heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED)->reason, "damaged"));
	assert_true(acked(f, 0) <= 1);
	assert_true(committer_wants_more(f->committer));
	stop(f);
}

static void declarations_that_are_damaged_cost_their_office_alone(void **state)
{
	damaged_spool(*state, "PRAGMA foreign_keys=OFF; UPDATE declared SET number = 3 WHERE spool"
			      " = (SELECT id FROM spool WHERE spool_id = 7)");
}

static void names_that_are_damaged_cost_their_office_alone(void **state)
{
	damaged_spool(*state, "PRAGMA foreign_keys=OFF; INSERT INTO series(id, metric, labels)"
			      " VALUES(99, CAST(x'64ff' AS TEXT), ''); UPDATE declared SET series ="
			      " 99 WHERE spool = (SELECT id FROM spool WHERE spool_id = 7)");
}

static void a_damaged_sequence_acks_nothing_that_is_not_there(void **state)
{
	damaged_spool(*state, "UPDATE spool SET upto = -2 WHERE spool_id = 7");
}

static void a_damaged_digest_costs_its_office_alone(void **state)
{
	damaged_spool(*state, "UPDATE spool SET upto_digest = x'00' WHERE spool_id = 7");
}

/* --- shares --- */

#define HOURS 24u
/* Each a day of hours: more than twice as much work as one office's share of a commit. */
#define MANY (2 * LEDGER_SHARE / (128 * HOURS) + 1)

static void add_day_of_hours(struct fixture *f, size_t office, int32_t day)
{
	struct testbed_figure figures[HOURS];
	struct testbed_batch batch;
	for (unsigned i = 0; i < HOURS; i++)
		figures[i] = (struct testbed_figure){ .metric = "h",
						      .labels = "",
						      .grain = GRAIN_HOUR,
						      .calendar = CALENDAR_CIVIL,
						      .nth = (uint16_t)i,
						      .value_e = 1 };
	testbed_seal(&f->spools[office], day, figures, HOURS, 0, &batch);
	add_payload(f, office, batch.seq, batch.payload.data, batch.payload.len);
	blob_free(&batch.payload);
}

/* One office has much: its neighbour does not wait for all of it, none of it is lost, refused or
 * out of order, and it has its limit of work a minute. */
static void an_office_with_much_has_its_share_of_each_commit(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Batch batch = LANTOA__V1__BATCH__INIT;
	struct gate_peer peer = { .key_id = 1 };
	enum limit limit = LIMIT_COUNT;
	f->limits.most[LIMIT_WAITING] = MANY;
	f->limits.most[LIMIT_WORK] = 1; /* the next unit of it comes back after a minute */
	plug(f);
	for (unsigned i = 0; i < MANY; i++)
		add_day_of_hours(f, 0, DAY_1 - 1 - (int32_t)(i % 900));
	add(f, 1, DAY_1, 6); /* in the same commit, behind all that */
	wait_for(f, 1, 1);
	assert_true(acked(f, 0) > 0);
	assert_true(acked(f, 0) < MANY / 2 + 1);
	wait_for(f, 0, MANY);
	assert_null(heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED));
	assert_int_equal(counters(f)->gaps, 0);
	assert_int_equal(counters(f)->batches, MANY + 2);
	assert_int_equal(meters_read(f->meters, f->spools[0].office, LIMIT_WAITING, 0).used, 0);
	assert_false(committer_add(f->committer, &peer, f->spools[0].office, &batch, NULL, &limit));
	assert_int_equal(limit, LIMIT_WORK);
	stop(f);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), MANY + 2);
}

/* --- memory --- */

/* One allocation after another fails once: whoever was not answered sends again, and all is there
 * once in the end. */
static void no_batch_is_lost_when_memory_runs_out(void **state)
{
	struct fixture *f = *state;
	for (unsigned after = 0; after < 12; after++) {
		f->n_answers = 0;
		plug(f);
		add(f, 0, DAY_1 + (int32_t)after, 5);
		add(f, 1, DAY_1 + (int32_t)after, 6);
		fault_arm_at(FAULT_MEMORY, 5 * after);
		while ((acked(f, 0) < after + 1 || acked(f, 1) < after + 1) && !fault_happened())
			uv_run(&f->loop, UV_RUN_ONCE);
		fault_disarm();
		add_again(f, 0);
		add_again(f, 1);
		wait_for(f, 0, after + 1);
		wait_for(f, 1, after + 1);
	}
	assert_int_equal(counters(f)->failing, 0);
	stop(f);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 36);
	struct table *table;
	assert_int_equal(testbed_verify(&f->testbed, &table), 0);
	table_close(table);
}

/* Where a disk does not read, a batch is kept, whatever is refused beside it, and taken when it
 * reads again: a refused one, which needs nothing of the disk, is no proof that the disk is well.
 */
static void a_disk_that_does_not_read_puts_nobody_off(void **state)
{
	struct fixture *f = *state;
	atomic_store(&not_read_of, f->spools[0].office);
	plug(f);
	add(f, 0, DAY_1, 5);
	add_payload(f, 1, 1, "", 1); /* a batch that holds no figure */
	while (counters(f)->failed_commits < 2)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(counters(f)->failing, -EIO);
	assert_false(committer_wants_more(f->committer));
	assert_null(heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED));
	atomic_store(&not_read_of, 0);
	wait_for(f, 0, 1);
	wait_for_refusal(f, 1);
	assert_int_equal(counters(f)->later, 0);
	assert_int_equal(counters(f)->failing, 0);
	stop(f);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 2);
}

/* A disk that writes nothing any more, for longer than the batches themselves are suspected: nobody
 * is to blame, nobody is refused, put off or acked, and all is there once when it writes again. */
static void a_disk_that_does_not_write_loses_nobodys_batch(void **state)
{
	struct fixture *f = *state;
	plug(f);
	add(f, 0, DAY_1, 5);
	add(f, 1, DAY_1, 6);
	wait_for(f, 2, 1);
	wait_for(f, 0, 1);
	wait_for(f, 1, 1);
	size_t heard_before = f->n_answers;
	uint64_t failed = counters(f)->failed_commits;
	fault_arm_at(FAULT_DISK | FAULT_STAYS, 0);
	plug(f);
	add(f, 0, DAY_1 + 1, 7);
	add(f, 1, DAY_1 + 1, 8);
	while (counters(f)->failed_commits < failed + 12) {
		uv_run(&f->loop, UV_RUN_ONCE);
		if (counters(f)->failed_commits > failed) {
			assert_int_equal(counters(f)->failing, -EIO);
			assert_false(committer_wants_more(f->committer));
		}
		assert_int_equal(f->n_answers, heard_before);
	}
	assert_true(fault_disarm());
	assert_int_equal(counters(f)->failing, -EIO); /* until a commit succeeds */
	wait_for(f, 0, 2);
	wait_for(f, 1, 2);
	wait_for(f, 2, 2);
	assert_int_equal(counters(f)->failing, 0);
	assert_int_equal(counters(f)->later, 0);
	assert_null(heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED));
	assert_null(heard(f, 1, LANTOA__V1__FRAME__KIND_REFUSED));
	stop(f);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 6);
	struct table *table;
	assert_int_equal(testbed_verify(&f->testbed, &table), 0);
	table_close(table);
}

/* A sector that is not read is one batch's alone when it lasts and the store can be written: then,
 * and no sooner, its office keeps it, and the others go on. */
static void a_disk_that_never_reads_ones_place_puts_off_that_one_in_the_end(void **state)
{
	struct fixture *f = *state;
	atomic_store(&not_read_of, f->spools[0].office);
	add(f, 0, DAY_1, 5);
	while (!heard(f, 0, LANTOA__V1__FRAME__KIND_REFUSED)) {
		uv_run(&f->loop, UV_RUN_ONCE);
		if (counters(f)->failed_commits > 0 && counters(f)->later == 0)
			assert_int_equal(counters(f)->failing, -EIO);
	}
	assert_int_equal(counters(f)->later, 1);
	assert_int_equal(counters(f)->failed_commits, 5);
	assert_int_equal(counters(f)->failing, 0);
	add(f, 1, DAY_1, 6);
	wait_for(f, 1, 1);
	atomic_store(&not_read_of, 0);
	add_again(f, 0);
	wait_for(f, 0, 1);
	stop(f);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 2);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(bad_batches_are_refused_and_their_neighbours_acked),
		test(a_damaged_entry_holds_up_its_offices_day_alone),
		test(a_damaged_row_of_the_register_holds_up_its_office_alone),
		test(damaged_pages_are_made_anew_by_the_commit_that_meets_them),
		test(a_batch_that_cannot_be_taken_at_all_is_left_to_its_office),
		test(orders_without_end_keep_no_batch_waiting),
		test(a_batch_that_was_undone_is_not_acked),
		test(declarations_that_are_damaged_cost_their_office_alone),
		test(names_that_are_damaged_cost_their_office_alone),
		test(a_damaged_sequence_acks_nothing_that_is_not_there),
		test(a_damaged_digest_costs_its_office_alone),
		test(an_office_with_much_has_its_share_of_each_commit),
		test(no_batch_is_lost_when_memory_runs_out),
		test(a_disk_that_does_not_read_puts_nobody_off),
		test(a_disk_that_does_not_write_loses_nobodys_batch),
		test(a_disk_that_never_reads_ones_place_puts_off_that_one_in_the_end),
	};
	fault_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
