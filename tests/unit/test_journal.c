#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "common/sys/db.h"
#include "journal/journal.h"
#include "support/fault.h"
#include "support/history.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* --- the chain --- */

static void put_number(uint8_t to[8], uint64_t number)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(number >> (8 * i));
}

/* BLAKE2b-256 of all of it in one buffer, as the header writes it down. */
static void chain_by_hand(uint8_t chain[CHAIN_LEN], const struct testbed_batch *b,
			  int64_t received_us, const uint8_t *held, size_t held_len)
{
	size_t len = b->payload.len, at = CHAIN_LEN;
	uint8_t *all = malloc(CHAIN_LEN + 1 + 48 + held_len + len);
	assert_non_null(all);
	memcpy(all, chain, CHAIN_LEN);
	all[at++] = 'B';
	const uint64_t numbers[] = { (uint64_t)b->office, b->spool_id, b->seq,
				     (uint64_t)received_us, held_len };
	for (size_t i = 0; i < 5; i++, at += 8)
		put_number(all + at, numbers[i]);
	if (held_len > 0)
		memcpy(all + at, held, held_len);
	at += held_len;
	put_number(all + at, len);
	memcpy(all + at + 8, b->payload.data, len);
	crypto_generichash(chain, CHAIN_LEN, all, at + 8 + len, NULL, 0);
	free(all);
}

static void the_chain_is_as_the_header_says(void **state)
{
	struct dice dice = dice_seeded(5);
	struct history h;
	struct testbed testbed;
	struct ledger_head head;
	uint8_t chain[CHAIN_LEN];
	sqlite3_stmt *rows;
	size_t n = 0;
	(void)state;
	history_make(&h, &dice, 30);
	history_open(&h, &testbed);
	assert_int_equal(ledger_head(testbed.db, &head, &testbed.err), 0);
	assert_int_equal(head.entry, 0);
	memcpy(chain, head.chain, CHAIN_LEN); /* of the events that made the province */
	history_post(&h, &testbed);
	assert_int_equal(
		db_prepare(testbed.db,
			   "SELECT payload, chain, received_us, held FROM journal ORDER BY id",
			   &rows, &testbed.err),
		0);
	while (db_step(rows, &testbed.err) == 1) {
		const struct testbed_batch *b = &h.batches[n++];
		assert_int_equal(sqlite3_column_bytes(rows, 0), b->payload.len);
		assert_memory_equal(sqlite3_column_blob(rows, 0), b->payload.data, b->payload.len);
		chain_by_hand(chain, b, sqlite3_column_int64(rows, 2), sqlite3_column_blob(rows, 3),
			      (size_t)sqlite3_column_bytes(rows, 3));
		assert_int_equal(sqlite3_column_bytes(rows, 1), CHAIN_LEN);
		assert_memory_equal(sqlite3_column_blob(rows, 1), chain, CHAIN_LEN);
	}
	sqlite3_finalize(rows);
	assert_int_equal(n, h.n);
	testbed_close(&testbed);
	history_free(&h);
}

static void a_spool_carries_the_digest_of_its_last_batch(void **state)
{
	struct dice dice = dice_seeded(6);
	struct history h;
	struct testbed testbed;
	sqlite3_stmt *rows;
	size_t n = 0;
	(void)state;
	history_make(&h, &dice, 30);
	history_open(&h, &testbed);
	history_post(&h, &testbed);
	assert_int_equal(db_prepare(testbed.db,
				    "SELECT payload, upto_digest FROM spool s JOIN journal j"
				    " ON j.spool = s.id AND j.seq = s.upto",
				    &rows, &testbed.err),
			 0);
	for (; db_step(rows, &testbed.err) == 1; n++) {
		uint8_t digest[16];
		crypto_generichash(digest, sizeof(digest), sqlite3_column_blob(rows, 0),
				   (unsigned long long)sqlite3_column_bytes(rows, 0), NULL, 0);
		assert_int_equal(sqlite3_column_bytes(rows, 1), sizeof(digest));
		assert_memory_equal(sqlite3_column_blob(rows, 1), digest, sizeof(digest));
	}
	sqlite3_finalize(rows);
	assert_true(n > 0);
	testbed_close(&testbed);
	history_free(&h);
}

/* --- what can never be taken leaves nothing behind --- */

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\n"
#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"d,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n"                                              \
	"h,x,x,x,flow,sum,sum,hour,,0,0,commune,1,,\n"                                             \
	"m,x,x,x,flow,sum,sum,month,,0,0,commune,1,,\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool spool;
	int32_t day; /* 2025-06-02: not the first of its month */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f)
		return -1;
	(void)day_parse("2025-06-02", &f->day, &(struct err){ 0 });
	testbed_open(&f->testbed, UNITS, CATALOGUE, NULL, true);
	f->spool = (struct testbed_spool){ .id = UINT64_MAX - 5 }; /* as large as ids come */
	f->spool.office = testbed_office(&f->testbed, "o", "C", f->day - 900);
	testbed_refresh(&f->testbed);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static void seal(struct fixture *f, struct testbed_spool *spool, const char *metric,
		 enum grain grain, uint16_t nth, int64_t value_e, struct testbed_batch *ret)
{
	struct testbed_figure figure = {
		.metric = metric, .labels = "", .grain = grain, .nth = nth, .value_e = value_e
	};
	testbed_seal(spool, f->day, &figure, 1, civil_day_start_us(f->day + 1), ret);
}

static void a_bad_batch_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;
	struct testbed_spool wrong = f->spool;
	struct testbed_batch batches[4];
	seal(f, &wrong, "m", GRAIN_MONTH, 0, 1, &batches[0]); /* no month begins on that day */
	wrong = f->spool;
	seal(f, &wrong, "h", GRAIN_HOUR, 24, 1, &batches[1]); /* no such hour */
	wrong = f->spool;
	wrong.n = 1; /* declares number 1 before there is a number 0 */
	wrong.series[0].metric = wrong.series[0].labels = "";
	seal(f, &wrong, "d", GRAIN_DAY, 0, 1, &batches[2]);
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 7, &batches[3]);
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	ledger_begin(f->testbed.ledger, f->testbed.reference);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(testbed_post(&f->testbed, &batches[i]), POSTING_BAD);
		assert_true(f->testbed.err.text[0] != '\0');
		assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM declared"), 0);
		assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM series"), 0);
		assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 0);
		assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM spool"), 0);
	}
	batches[3].seq++;
	assert_int_equal(testbed_post(&f->testbed, &batches[3]), POSTING_GAP);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM spool"), 0);
	batches[3].seq--;
	assert_int_equal(testbed_post(&f->testbed, &batches[3]), POSTED);
	assert_int_equal(ledger_finish(f->testbed.ledger, &f->testbed.err), 0);
	assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM declared"), 1);
	for (int i = 0; i < 4; i++)
		blob_free(&batches[i].payload);
}

/* What unpacks to another name than was sent is no batch, and leaves nothing behind either. */
static void a_name_with_a_nul_is_refused(void **state)
{
	struct fixture *f = *state;
	struct testbed_batch batch;
	seal(f, &f->spool, "d.e", GRAIN_DAY, 0, 7, &batch);
	assert_int_equal(batch.payload.data[0], 0); /* as it is, not compressed */
	uint8_t *dot = memmem(batch.payload.data, batch.payload.len, "d.e", 3);
	assert_non_null(dot);
	dot[1] = 0;
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	ledger_begin(f->testbed.ledger, f->testbed.reference);
	assert_int_equal(testbed_post(&f->testbed, &batch), POSTING_BAD);
	assert_string_equal(f->testbed.err.text, "batch: a name or label holds a NUL");
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM declared"), 0);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM spool"), 0);
	db_rollback(f->testbed.db);
	ledger_forget(f->testbed.ledger);
	blob_free(&batch.payload);
}

static void a_number_cannot_be_declared_twice_with_other_meaning(void **state)
{
	struct fixture *f = *state;
	struct testbed_spool other = f->spool;
	struct testbed_batch batches[2];
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 7, &batches[0]);
	other.seq = 1;
	seal(f, &other, "h", GRAIN_HOUR, 0, 7, &batches[1]); /* number 0 again */
	testbed_commit(&f->testbed, &batches[0], 1);
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	ledger_begin(f->testbed.ledger, f->testbed.reference);
	assert_int_equal(testbed_post(&f->testbed, &batches[1]), POSTING_BAD);
	assert_int_equal(testbed_post(&f->testbed, &batches[0]), POSTED_BEFORE);
	db_rollback(f->testbed.db);
	ledger_forget(f->testbed.ledger);
	for (int i = 0; i < 2; i++)
		blob_free(&batches[i].payload);
}

static void assert_bad(struct fixture *f, const struct testbed_batch *batch, const char *why)
{
	int64_t entries = testbed_number(&f->testbed, "SELECT count(*) FROM journal");
	int64_t declared = testbed_number(&f->testbed, "SELECT count(*) FROM declared");
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	ledger_begin(f->testbed.ledger, f->testbed.reference);
	assert_int_equal(testbed_post(&f->testbed, batch), POSTING_BAD);
	assert_string_equal(f->testbed.err.text, why);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), entries);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM declared"), declared);
	db_rollback(f->testbed.db);
	ledger_forget(f->testbed.ledger);
}

/* As no agent does it: one batch declares it twice, or uses two that came one by one. */
static void two_numbers_for_one_series_are_refused(void **state)
{
	static const char *const why = "the numbers 0 and 1 stand for one series";
	struct fixture *f = *state;
	struct run runs[] = { { 0, 0, 1 }, { 1, 1, 1 } };
	struct point points[] = { { .value_e = 5, .nth = 1 }, { .value_e = 6, .nth = 1 } };
	struct declaration declared[] = { { .metric = "h", .labels = "", .grain = GRAIN_HOUR },
					  { .metric = "h", .labels = "", .grain = GRAIN_HOUR } };
	struct batch batch = { .day = f->day,
			       .runs = runs,
			       .n_runs = 1, /* only the first is used */
			       .points = points,
			       .n_points = 1,
			       .declared = declared,
			       .n_declared = 2 };
	struct testbed_batch sent = { .office = f->spool.office,
				      .received_us = civil_day_start_us(f->day + 1),
				      .spool_id = f->spool.id,
				      .seq = 1 };
	assert_int_equal(wire_batch_encode(&batch, &sent.payload, &f->testbed.err), 0);
	assert_bad(f, &sent, why);

	for (batch.n_declared = 1; sent.seq <= 2; sent.seq++, batch.first_declared++) {
		runs[0].series = batch.first_declared; /* each by itself may be */
		blob_free(&sent.payload);
		assert_int_equal(wire_batch_encode(&batch, &sent.payload, &f->testbed.err), 0);
		testbed_commit(&f->testbed, &sent, 1);
	}
	runs[0].series = 0;
	batch.n_declared = 0;
	batch.n_runs = batch.n_points = 2;
	blob_free(&sent.payload);
	assert_int_equal(wire_batch_encode(&batch, &sent.payload, &f->testbed.err), 0);
	assert_bad(f, &sent, why);
	blob_free(&sent.payload);
}

/* An agent's, that got other decimals from the catalogue within the day. */
static void one_series_in_two_shapes_is_taken(void **state)
{
	struct fixture *f = *state;
	struct testbed_figure both[] = {
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 1, .value_e = 5 },
		{ .metric = "h",
		  .labels = "",
		  .grain = GRAIN_HOUR,
		  .nth = 1,
		  .decimals = 1,
		  .value_e = 60 },
	};
	struct testbed_batch batch;
	struct table *table = NULL;
	testbed_seal(&f->spool, f->day, both, 2, civil_day_start_us(f->day + 1), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM declared"), 2);
	assert_int_equal(testbed_verify(&f->testbed, &table), 0);
	table_close(table);
	blob_free(&batch.payload);
}

static void a_spool_is_known_by_office_and_id_and_begins_at_one(void **state)
{
	struct fixture *f = *state;
	struct testbed_batch batches[3];
	struct testbed_spool second = { .office = f->spool.office, .id = 3 };
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 1, &batches[0]);
	seal(f, &second, "d", GRAIN_DAY, 0, 2, &batches[1]);
	seal(f, &second, "d", GRAIN_DAY, 0, 3, &batches[2]);
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	ledger_begin(f->testbed.ledger, f->testbed.reference);
	assert_int_equal(testbed_post(&f->testbed, &batches[0]), POSTED);
	assert_int_equal(testbed_post(&f->testbed, &batches[2]), POSTING_GAP);
	assert_int_equal(testbed_post(&f->testbed, &batches[1]), POSTED);
	assert_int_equal(testbed_post(&f->testbed, &batches[1]), POSTED_BEFORE);
	assert_int_equal(testbed_post(&f->testbed, &batches[2]), POSTED);
	assert_int_equal(ledger_finish(f->testbed.ledger, &f->testbed.err), 0);
	assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
	assert_int_equal(testbed_number(&f->testbed, "SELECT sum(upto) FROM spool"), 3);
	for (int i = 0; i < 3; i++)
		blob_free(&batches[i].payload);
}

static void spools_that_are_merely_claimed_are_not_remembered(void **state)
{
	struct fixture *f = *state;
	struct journal *journal = journal_open(f->testbed.db, &f->testbed.err);
	assert_non_null(journal);
	const struct journal_spool *place = NULL;
	for (uint64_t id = 1; id <= 1000; id++) {
		struct journal_spool *spool = NULL;
		assert_int_equal(
			journal_spool(journal, f->spool.office, id, &spool, &f->testbed.err), 0);
		assert_true(spool->row == 0 && spool->upto == 0 && spool->spool_id == id);
		assert_true(id == 1 || spool == place); /* one place serves them all */
		place = spool;
	}
	journal_close(journal);
}

/* Each of @n spools gets a batch; then all are asked for again. */
static void append_to_each(struct fixture *f, struct journal *journal, uint64_t n, uint64_t seq)
{
	int64_t entry, received_us;
	assert_int_equal(journal_time(journal, 5, &received_us, &f->testbed.err), 0);
	for (uint64_t id = 1; id <= n; id++) {
		struct journal_spool *spool = NULL;
		uint8_t payload[] = { (uint8_t)id, (uint8_t)seq };
		assert_int_equal(
			journal_spool(journal, f->spool.office, id, &spool, &f->testbed.err), 0);
		assert_int_equal(spool->upto, seq - 1);
		if (!spool->row)
			assert_int_equal(journal_make(journal, spool, &f->testbed.err), 0);
		const struct journal_form form = { .seq = seq,
						   .day = f->day,
						   .received_us = received_us,
						   .payload = payload,
						   .len = sizeof(payload),
						   .observations = 1 };
		assert_int_equal(journal_append(journal, spool, &form, &entry, &f->testbed.err), 0);
	}
}

static size_t at_hand(struct spools *spools, int64_t office, uint64_t most)
{
	size_t n = 0;
	for (uint64_t id = 1; id <= most; id++)
		n += spools_find(spools, office, id) != NULL;
	return n;
}

static void an_office_of_many_spools_keeps_few_at_hand(void **state)
{
	(void)state;
	struct spools *spools = spools_open();
	assert_non_null(spools);
	for (uint64_t id = 1; id <= 100; id++) {
		struct journal_spool spool = { .row = (int64_t)id, .office = 7, .spool_id = id };
		struct journal_spool *kept = spools_keep(spools, &spool);
		assert_non_null(kept);
		spools_change(spools, kept);
	}
	assert_int_equal(at_hand(spools, 7, 100), 100); /* until they are written */
	while (spools_changed(spools))
		;
	assert_int_equal(at_hand(spools, 7, 100), SPOOLS_KEPT);
	spools_close(spools);
}

static void an_office_of_many_spools_forgets_none(void **state)
{
	struct fixture *f = *state;
	struct journal *journal = journal_open(f->testbed.db, &f->testbed.err);
	struct journal_spool *spool = NULL;
	assert_non_null(journal);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		append_to_each(f, journal, 100, seq);
		assert_int_equal(journal_flush(journal, &f->testbed.err), 0);
		assert_int_equal(testbed_number(&f->testbed,
						"SELECT count(*) FROM spool WHERE upto ="
						" (SELECT max(upto) FROM spool)"),
				 100);
		for (uint64_t id = 1; id <= 100; id++) {
			uint8_t payload[] = { (uint8_t)id, (uint8_t)seq }, digest[WIRE_DIGEST_LEN];
			wire_digest(payload, sizeof(payload), digest);
			assert_int_equal(journal_spool(journal, f->spool.office, id, &spool,
						       &f->testbed.err),
					 0);
			assert_int_equal(spool->upto, seq);
			assert_true(journal_is_last(spool, digest));
		}
	}
	journal_close(journal);
}

/* --- limits of an office --- */

static void post_begin(struct fixture *f, enum limit limit, uint32_t most)
{
	struct limits limits = limits_default();
	limits.most[limit] = most;
	ledger_limit(f->testbed.ledger, &limits);
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	ledger_begin(f->testbed.ledger, f->testbed.reference);
}

static void post_end(struct fixture *f)
{
	assert_int_equal(ledger_finish(f->testbed.ledger, &f->testbed.err), 0);
	assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
}

static void assert_over(struct fixture *f, const struct testbed_batch *batch, enum limit limit)
{
	int64_t entries = testbed_number(&f->testbed, "SELECT count(*) FROM journal");
	int64_t declared = testbed_number(&f->testbed, "SELECT count(*) FROM declared");
	int64_t held = testbed_number(&f->testbed, "SELECT count(*) FROM quarantine");
	int64_t spools = testbed_number(&f->testbed, "SELECT count(*) FROM spool");
	f->testbed.err.text[0] = '\0';
	assert_int_equal(testbed_post(&f->testbed, batch), POSTING_OVER);
	assert_int_equal(ledger_over(f->testbed.ledger), limit);
	assert_non_null(strstr(f->testbed.err.text, limit_kind(limit)->name)); /* what to raise */
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), entries);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM declared"), declared);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM quarantine"), held);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM spool"), spools);
}

static void an_office_at_its_limit_of_spools_goes_on_with_those_it_has(void **state)
{
	struct fixture *f = *state;
	struct testbed_spool second = { .office = f->spool.office, .id = 3 };
	struct testbed_spool third = { .office = f->spool.office, .id = 4 };
	struct testbed_batch batches[5];
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 1, &batches[0]);
	seal(f, &second, "d", GRAIN_DAY, 0, 2, &batches[1]);
	seal(f, &third, "d", GRAIN_DAY, 0, 3, &batches[2]);
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 4, &batches[3]);
	seal(f, &third, "h", GRAIN_HOUR, 0, 5, &batches[4]);
	post_begin(f, LIMIT_SPOOLS, 2);
	assert_int_equal(testbed_post(&f->testbed, &batches[0]), POSTED);
	assert_int_equal(testbed_post(&f->testbed, &batches[1]), POSTED);
	assert_over(f, &batches[2], LIMIT_SPOOLS);
	assert_int_equal(testbed_post(&f->testbed, &batches[4]), POSTING_GAP); /* behind it */
	assert_int_equal(testbed_post(&f->testbed, &batches[3]), POSTED);
	assert_int_equal(testbed_post(&f->testbed, &batches[0]), POSTED_BEFORE);
	post_end(f);
	post_begin(f, LIMIT_SPOOLS, 3); /* the province raised it: nothing was lost */
	assert_int_equal(testbed_post(&f->testbed, &batches[2]), POSTED);
	assert_int_equal(testbed_post(&f->testbed, &batches[4]), POSTED);
	post_end(f);
	for (int i = 0; i < 5; i++)
		blob_free(&batches[i].payload);
}

static void an_office_at_its_limit_of_series_goes_on_with_those_it_has(void **state)
{
	struct fixture *f = *state;
	struct testbed_spool second = { .office = f->spool.office, .id = 3 };
	struct testbed_batch batches[5];
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 1, &batches[0]);
	seal(f, &second, "d", GRAIN_DAY, 0, 2, &batches[1]); /* declared there as well */
	seal(f, &second, "d", GRAIN_DAY, 0, 3, &batches[2]);
	seal(f, &second, "h", GRAIN_HOUR, 0, 4, &batches[3]);
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 5, &batches[4]);
	post_begin(f, LIMIT_SERIES, 2);
	for (int i = 0; i < 3; i++)
		assert_int_equal(testbed_post(&f->testbed, &batches[i]), POSTED);
	assert_over(f, &batches[3], LIMIT_SERIES);
	assert_int_equal(testbed_post(&f->testbed, &batches[4]), POSTED);
	post_end(f);
	post_begin(f, LIMIT_SERIES, 3);
	assert_int_equal(testbed_post(&f->testbed, &batches[3]), POSTED);
	post_end(f);
	for (int i = 0; i < 5; i++)
		blob_free(&batches[i].payload);
}

static void an_office_of_which_much_is_held_goes_on_with_what_counts(void **state)
{
	struct fixture *f = *state;
	struct testbed_batch batches[5];
	seal(f, &f->spool, "unknown", GRAIN_DAY, 0, 1, &batches[0]);
	seal(f, &f->spool, "unknown", GRAIN_DAY, 0, 2, &batches[1]);
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 3, &batches[2]);
	seal(f, &f->spool, "unknown", GRAIN_DAY, 0, 4, &batches[3]);
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 5, &batches[4]);
	post_begin(f, LIMIT_HELD, 2);
	for (int i = 0; i < 3; i++)
		assert_int_equal(testbed_post(&f->testbed, &batches[i]), POSTED);
	assert_over(f, &batches[3], LIMIT_HELD);
	assert_int_equal(testbed_post(&f->testbed, &batches[4]), POSTING_GAP); /* behind it */
	post_end(f);
	post_begin(f, LIMIT_HELD, 2);
	assert_over(f, &batches[3], LIMIT_HELD);
	post_end(f);
	testbed_exec(&f->testbed, "UPDATE quarantine SET released_us = 1 WHERE journal = 1");
	post_begin(f, LIMIT_HELD, 2); /* an operator let some of it in */
	assert_int_equal(testbed_post(&f->testbed, &batches[3]), POSTED);
	assert_int_equal(testbed_post(&f->testbed, &batches[4]), POSTED);
	post_end(f);
	for (int i = 0; i < 5; i++)
		blob_free(&batches[i].payload);
}

/* Whoever corrects a figure has its whole day played again: what a day holds is bounded, and
 * counted on the disk. */
static void an_office_that_sends_a_day_again_and_again_stops_at_its_limit(void **state)
{
	struct fixture *f = *state;
	struct testbed_batch batches[3];
	for (int i = 0; i < 3; i++)
		seal(f, &f->spool, "d", GRAIN_DAY, 0, i + 1, &batches[i]);
	post_begin(f, LIMIT_DAY, 2);
	assert_int_equal(testbed_post(&f->testbed, &batches[0]), POSTED);
	uint64_t first = ledger_work(f->testbed.ledger);
	assert_true(first > 0);
	assert_int_equal(testbed_post(&f->testbed, &batches[1]), POSTED);
	assert_true(ledger_work(f->testbed.ledger) > first); /* the day is played again */
	post_end(f);
	ledger_forget(f->testbed.ledger);
	post_begin(f, LIMIT_DAY, 2);
	assert_over(f, &batches[2], LIMIT_DAY);
	assert_int_equal(ledger_work(f->testbed.ledger), 0);
	post_end(f);
	post_begin(f, LIMIT_DAY, 3);
	assert_int_equal(testbed_post(&f->testbed, &batches[2]), POSTED);
	post_end(f);
	for (int i = 0; i < 3; i++)
		blob_free(&batches[i].payload);
}

static void tell_before(struct testbed_batch *batch, const struct testbed_batch *before)
{
	batch->before_told = true;
	wire_digest(before->payload.data, before->payload.len, batch->before);
}

/* Two lives of a spool that came back from an older copy: batch 1 is in common, 2 and 3 are not. */
static void lives_that_parted_are_told_apart_and_only_one_is_taken(void **state)
{
	struct fixture *f = *state;
	struct testbed_batch first, old[2], new[2];
	seal(f, &f->spool, "d", GRAIN_DAY, 0, 1, &first);
	struct testbed_spool other = f->spool;
	for (size_t i = 0; i < 2; i++) {
		seal(f, &f->spool, "h", GRAIN_HOUR, 1, 10 + (int64_t)i, &old[i]);
		seal(f, &other, i ? "d" : "h", i ? GRAIN_DAY : GRAIN_HOUR, 0, 20, &new[i]);
		tell_before(&old[i], i ? &old[i - 1] : &first);
		tell_before(&new[i], i ? &new[i - 1] : &first);
	}
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	ledger_begin(f->testbed.ledger, f->testbed.reference);
	assert_int_equal(testbed_post(&f->testbed, &first), POSTED);
	assert_int_equal(testbed_post(&f->testbed, &old[0]), POSTED);
	assert_int_equal(testbed_post(&f->testbed, &old[0]), POSTED_BEFORE);
	assert_int_equal(testbed_post(&f->testbed, &new[0]), POSTING_PARTED); /* 2, another one */
	assert_int_equal(testbed_post(&f->testbed, &new[1]),
			 POSTING_PARTED); /* behind another one */
	assert_int_equal(ledger_finish(f->testbed.ledger, &f->testbed.err), 0);
	assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
	testbed_reopen(&f->testbed); /* it is known from the disk, too */
	ledger_begin(f->testbed.ledger, f->testbed.reference);
	assert_int_equal(testbed_post(&f->testbed, &new[0]), POSTING_PARTED);
	assert_int_equal(testbed_post(&f->testbed, &new[1]), POSTING_PARTED);
	assert_int_equal(testbed_post(&f->testbed, &first), POSTED_BEFORE);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 2);
	testbed_commit(&f->testbed, &old[1], 1);
	new[1].before_told = false; /* protocol 1 does not say: then the number is all there is */
	new[1].seq = 4;
	testbed_commit(&f->testbed, &new[1], 1);
	blob_free(&first.payload);
	for (size_t i = 0; i < 2; i++) {
		blob_free(&old[i].payload);
		blob_free(&new[i].payload);
	}
}

/* --- the disk refuses --- */

/* After a crash: nothing acked is lost, what was not acked is there whole or not at all, and the
 * rollups fit. */
static void assert_kept(struct fixture *f, int64_t acked, int64_t tried, unsigned after)
{
	struct table *table;
	testbed_reopen(&f->testbed);
	int64_t n = testbed_number(&f->testbed, "SELECT count(*) FROM journal");
	if (n != acked && n != tried)
		fail_msg("after %u operations: %d entries, %d acked of %d", after, (int)n,
			 (int)acked, (int)tried);
	assert_int_equal(testbed_number(&f->testbed, "SELECT coalesce(sum(upto), 0) FROM spool"),
			 n);
	if (testbed_verify(&f->testbed, &table) != 0)
		fail_msg("after %u operations: %s %s", after, testbed_cell(table, 0, "what"),
			 testbed_cell(table, 0, "where"));
	table_close(table);
}

/* Fail the first, the second, ... operation of a commit, until it outlives them. @crash: all later
 * ones too, and the process ends there. */
static void fail_commits(struct fixture *f, unsigned doors, bool crash)
{
	int64_t acked = 0, value = 1;
	for (unsigned after = 0;; after++) {
		struct testbed_batch batches[2];
		struct testbed_spool spool = f->spool;
		seal(f, &spool, "h", GRAIN_HOUR, (uint16_t)(after % 24), value++, &batches[0]);
		seal(f, &spool, "d", GRAIN_DAY, 0, value++, &batches[1]);
		fault_arm_at(doors | (crash ? FAULT_STAYS : 0), after);
		int rc = testbed_try_commit(&f->testbed, batches, 2);
		if (crash)
			testbed_release(&f->testbed);
		bool fired = fault_disarm();
		if (rc == 0) {
			acked += 2;
			f->spool = spool;
			assert_kept(f, acked, acked, after);
		} else {
			assert_true(fired);
			assert_true(rc == -EIO || rc == -ENOSPC || rc == -ENOMEM);
			if (!crash) { /* the same process goes on: the same batches again */
				testbed_commit(&f->testbed, batches, 2);
				acked += 2;
				f->spool = spool;
				assert_kept(f, acked, acked, after);
			} else {
				assert_kept(f, acked, acked + 2, after);
				f->spool.seq = (uint64_t)testbed_number(
					&f->testbed, "SELECT coalesce(sum(upto), 0) FROM spool");
				if ((int64_t)f->spool.seq != acked)
					f->spool = spool;
				acked = (int64_t)f->spool.seq;
			}
		}
		for (int i = 0; i < 2; i++)
			blob_free(&batches[i].payload);
		if (!fired)
			break;
		assert_true(after < 5000);
	}
	assert_true(acked >= 2);
}

static void nothing_acked_is_lost_when_one_disk_operation_fails(void **state)
{
	fail_commits(*state, FAULT_DISK, false);
}

static void nothing_acked_is_lost_when_the_disk_is_gone_from_then_on(void **state)
{
	fail_commits(*state, FAULT_DISK, true);
}

static void nothing_acked_is_lost_when_the_disk_is_full(void **state)
{
	fail_commits(*state, FAULT_FULL, false);
}

static void nothing_acked_is_lost_when_memory_runs_out(void **state)
{
	fail_commits(*state, FAULT_MEMORY, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chain_is_as_the_header_says),
		cmocka_unit_test(an_office_of_many_spools_keeps_few_at_hand),
		cmocka_unit_test(a_spool_carries_the_digest_of_its_last_batch),
		cmocka_unit_test_setup_teardown(a_bad_batch_leaves_nothing_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_with_a_nul_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_number_cannot_be_declared_twice_with_other_meaning, setup, teardown),
		cmocka_unit_test_setup_teardown(two_numbers_for_one_series_are_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(one_series_in_two_shapes_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(
			lives_that_parted_are_told_apart_and_only_one_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(a_spool_is_known_by_office_and_id_and_begins_at_one,
						setup, teardown),
		cmocka_unit_test_setup_teardown(spools_that_are_merely_claimed_are_not_remembered,
						setup, teardown),
		cmocka_unit_test_setup_teardown(an_office_of_many_spools_forgets_none, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			an_office_at_its_limit_of_spools_goes_on_with_those_it_has, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			an_office_at_its_limit_of_series_goes_on_with_those_it_has, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			an_office_of_which_much_is_held_goes_on_with_what_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_office_that_sends_a_day_again_and_again_stops_at_its_limit, setup,
			teardown),
		cmocka_unit_test_setup_teardown(nothing_acked_is_lost_when_one_disk_operation_fails,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			nothing_acked_is_lost_when_the_disk_is_gone_from_then_on, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_acked_is_lost_when_the_disk_is_full, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nothing_acked_is_lost_when_memory_runs_out, setup,
						teardown),
	};
	fault_install();
	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
