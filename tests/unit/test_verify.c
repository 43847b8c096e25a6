#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "common/sys/db.h"
#include "rollup/fold.h"
#include "rollup/rebuild.h"
#include "schema/effects.h"
#include "schema/schema.h"
#include "support/history.h"
#include "support/seeds.h"
#include "verify/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES 25

struct fixture {
	struct history history;
	struct testbed testbed;
	struct dice dice;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f)
		return -1;
	f->dice = dice_seeded(11);
	history_make(&f->history, &f->dice, BATCHES);
	history_open(&f->history, &f->testbed);
	history_post(&f->history, &f->testbed);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	testbed_close(&f->testbed);
	history_free(&f->history);
	free(f);
	return 0;
}

static void assert_clean(struct testbed *testbed)
{
	struct table *table;
	uint64_t n = testbed_verify(testbed, &table);
	if (n > 0)
		fail_msg("%s: %s", testbed_cell(table, 0, "what"), testbed_cell(table, 0, "where"));
	table_close(table);
}

/* After @sql verify names at least one difference, a row of @what if that is given; all is undone
 * then. */
static void named(struct testbed *testbed, const char *what, const char *sql)
{
	struct table *table;
	bool found = !what;
	testbed_exec(testbed, "PRAGMA foreign_keys=OFF");
	testbed_exec(testbed, "BEGIN");
	testbed_exec(testbed, sql);
	assert_true(testbed_number(testbed, "SELECT total_changes()") > 0);
	if (testbed_verify(testbed, &table) == 0)
		fail_msg("not named: %s", sql);
	for (size_t i = 0; i < table_rows(table) && !found; i++)
		found = strcmp(testbed_cell(table, i, "what"), what) == 0;
	if (!found)
		fail_msg("named %s, not %s: %s", testbed_cell(table, 0, "what"), what, sql);
	table_close(table);
	testbed_exec(testbed, "ROLLBACK");
}

/* Each byte of @column in every row of @table, one bit of it turned over. */
static void every_byte_is_named(struct fixture *f, const char *table, const char *column,
				const char *rows, const char *what, unsigned step)
{
	sqlite3_stmt *list;
	struct err err = { 0 };
	unsigned count = 0;
	assert_int_equal(db_prepare(f->testbed.db, rows, &list, &err), 0);
	while (db_step(list, &err) == 1) {
		const char *where = (const char *)sqlite3_column_text(list, 0);
		const uint8_t *bytes = sqlite3_column_blob(list, 1);
		for (int at = 0; at < sqlite3_column_bytes(list, 1); at++) {
			char sql[512];
			uint8_t damaged = bytes[at] ^ (uint8_t)(1u << dice_below(&f->dice, 8));
			if (count++ % step)
				continue;
			(void)snprintf(sql, sizeof(sql),
				       "UPDATE %s SET %s = CAST(substr(%s, 1, %d) || x'%02x' || "
				       "substr(%s, %d) AS BLOB) WHERE %s",
				       table, column, column, at, damaged, column, at + 2, where);
			named(&f->testbed, what, sql);
		}
	}
	sqlite3_finalize(list);
	assert_true(count > 100);
}

static void a_sound_store_is_clean_and_counted(void **state)
{
	struct fixture *f = *state;
	struct verify_counts counts;
	struct table *table;
	assert_clean(&f->testbed);
	assert_int_equal(
		verify_run(f->testbed.db, f->testbed.reference, &counts, &table, &f->testbed.err),
		0);
	table_close(table);
	assert_int_equal(counts.batches, f->history.n);
	assert_int_equal(counts.observations, f->history.n_heard);
	assert_int_equal(counts.pages, testbed_number(&f->testbed, "SELECT count(*) FROM rollup"));
	assert_int_equal(counts.differences, 0);
}

#define PAGE_WHERE "'grain=' || grain || ' AND bucket=' || bucket || ' AND node=' || node"

static void a_damaged_byte_of_a_page_is_named(void **state)
{
	every_byte_is_named(*state, "rollup", "page", "SELECT " PAGE_WHERE ", page FROM rollup",
			    NULL, 7);
}

static void a_damaged_byte_of_a_payload_is_named(void **state)
{
	every_byte_is_named(*state, "journal", "payload",
			    "SELECT 'id=' || id, payload FROM journal", "chain", 7);
}

static void a_damaged_byte_of_a_chain_value_is_named(void **state)
{
	every_byte_is_named(*state, "journal", "chain", "SELECT 'id=' || id, chain FROM journal",
			    "chain", 7);
}

static void each_row_of_the_rollups_is_needed(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	sqlite3_stmt *list;
	assert_int_equal(
		db_prepare(f->testbed.db, "SELECT " PAGE_WHERE " FROM rollup", &list, &err), 0);
	while (db_step(list, &err) == 1) {
		char sql[256];
		const char *where = (const char *)sqlite3_column_text(list, 0);
		(void)snprintf(sql, sizeof(sql), "DELETE FROM rollup WHERE %s", where);
		named(&f->testbed, "rollup", sql);
	}
	sqlite3_finalize(list);
}

static void no_row_can_be_added_to_the_rollups(void **state)
{
	struct fixture *f = *state;
	/* an office's day copied to other buckets, nodes and grains, known or not */
	static const char *const keys[] = {
		"grain, bucket, 99",      "grain, bucket, -99",        "grain, bucket + 2000, node",
		"0, bucket * 1440, node", "1, bucket * 24, node + 50", "17, bucket * 24, node + 50",
		"18, bucket, node",       "19, bucket, node",          "8, bucket, node",
		"31, bucket, node",       "32, bucket, node",          "-1, bucket, node",
		"2, 2147483647, node",    "7, 2147483647, node",       "7, -2147483648, node",
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char sql[256];
		(void)snprintf(sql, sizeof(sql),
			       "INSERT INTO rollup SELECT %s, page FROM rollup WHERE grain = 2 AND "
			       "node > 0 LIMIT 1",
			       keys[i]);
		named(&f->testbed, NULL, sql);
		(void)snprintf(sql, sizeof(sql),
			       "INSERT INTO rollup SELECT %s, x'' FROM rollup WHERE grain = 2 AND "
			       "node > 0 LIMIT 1",
			       keys[i]);
		named(&f->testbed, NULL, sql); /* even an empty one */
	}
}

static void what_the_journal_says_beside_its_payloads_is_held_to_it(void **state)
{
	struct fixture *f = *state;
	named(&f->testbed, "sequence", "UPDATE spool SET upto = upto + 1 WHERE id = 1");
	named(&f->testbed, "spool", "UPDATE spool SET upto = upto - 1 WHERE id = 1");
	named(&f->testbed, "sequence",
	      "DELETE FROM journal WHERE id = (SELECT max(id) FROM journal)");
	named(&f->testbed, "chain", "DELETE FROM journal WHERE id = 2");
	named(&f->testbed, "chain", "UPDATE journal SET seq = seq + 1 WHERE id = 3");
	named(&f->testbed, "chain", "UPDATE journal SET office = office % 8 + 1 WHERE id = 3");
	named(&f->testbed, "journal", "UPDATE journal SET day = day + 1 WHERE id = 3");
	named(&f->testbed, "journal", "UPDATE journal SET office = 77 WHERE id = 3");
	named(&f->testbed, "chain", "UPDATE spool SET spool_id = spool_id + 1 WHERE id = 1");
	named(&f->testbed, "chain",
	      "DELETE FROM spool WHERE id = (SELECT spool FROM journal ORDER BY id DESC LIMIT 1)");
	named(&f->testbed, "chain",
	      "UPDATE journal SET spool = (SELECT id FROM spool WHERE id <> journal.spool LIMIT 1)"
	      " WHERE id = 4");
}

static void strange_payloads_are_named_and_the_rest_is_still_read(void **state)
{
	struct fixture *f = *state;
	named(&f->testbed, "journal", "UPDATE journal SET payload = x''");
	named(&f->testbed, "journal", "UPDATE journal SET payload = x'00' WHERE id = 2");
	named(&f->testbed, "journal", "UPDATE journal SET payload = zeroblob(300000) WHERE id = 2");
	named(&f->testbed, "journal", "DELETE FROM declared WHERE number = 0");
}

static void what_stands_beside_the_journal_fits_it(void **state)
{
	struct fixture *f = *state;
	named(&f->testbed, "spool",
	      "UPDATE spool SET last_received_us = last_received_us + 1 WHERE upto > 0");
	named(&f->testbed, "spool", "UPDATE spool SET upto_digest = zeroblob(16) WHERE upto > 0");
	named(&f->testbed, "spool", "UPDATE spool SET upto_digest = NULL WHERE id = 1");
	named(&f->testbed, "declared", "UPDATE declared SET shape = shape + 16 WHERE number = 0");
	named(&f->testbed, "series", "UPDATE series SET metric = 'zz' WHERE id = 1");
	named(&f->testbed, "series", "UPDATE series SET labels = 'zz=1' WHERE id = 1");
	named(&f->testbed, "series", "DELETE FROM series WHERE id = 1");
	named(&f->testbed, "declared",
	      "DELETE FROM declared WHERE number = (SELECT max(number) FROM declared)");
	named(&f->testbed, "declared",
	      "INSERT INTO declared SELECT spool, 9999, series, shape FROM "
	      "declared WHERE number = 0");
	named(&f->testbed, "declared",
	      "INSERT INTO declared SELECT 77, number, series, shape FROM declared "
	      "WHERE spool = 1");
	named(&f->testbed, "journal", "UPDATE journal SET day = 1000000000000 WHERE id = 3");
	named(&f->testbed, "rollup",
	      "INSERT INTO rollup SELECT grain + 4294967296, bucket, node, "
	      "page FROM rollup WHERE grain = 2 LIMIT 1");
}

/* Whatever an entry or the day index names instead. */
static void each_entry_is_in_the_list_of_its_day_once(void **state)
{
	static const char *const damages[] = {
		"UPDATE journal SET back = 0 WHERE back > 0 AND id = ",
		"UPDATE journal SET back = NULL WHERE back > 0 AND id = ",
		"UPDATE journal SET back = back + 1 WHERE id = ",
		"UPDATE journal SET back = back - 1 WHERE id = ",
		"UPDATE journal SET back = -id WHERE id = ",
		"UPDATE journal SET back = id WHERE id = ",
		"UPDATE strand SET entry = entry - 1 WHERE entry = ",
		("UPDATE strand SET entry = entry - back FROM journal WHERE id = entry AND back > 0"
		 " AND entry = "),
		"UPDATE strand SET entry = entry + 1000 WHERE entry = ",
		"UPDATE strand SET day = day + 1000 WHERE entry = ",
		"DELETE FROM strand WHERE entry = ",
		"INSERT INTO strand(day, office, entry) SELECT day + 1000, office, id FROM journal "
		"WHERE id = ",
		"INSERT INTO strand(day, office, entry) SELECT day, office + 90, id FROM journal "
		"WHERE id = ",
	};
	struct fixture *f = *state;
	unsigned tried = 0;
	testbed_exec(&f->testbed, "PRAGMA foreign_keys=OFF");
	for (int64_t id = 1; id <= (int64_t)f->history.n; id++)
		for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
			char sql[256];
			(void)snprintf(sql, sizeof(sql), "%s%lld", damages[i], (long long)id);
			testbed_exec(&f->testbed, "SAVEPOINT try");
			testbed_exec(&f->testbed, sql);
			bool changed = testbed_number(&f->testbed, "SELECT changes()") > 0;
			testbed_exec(&f->testbed, "ROLLBACK TO try");
			testbed_exec(&f->testbed, "RELEASE try");
			if (changed)
				named(&f->testbed, "strand", sql);
			tried += changed;
		}
	assert_true(tried > 100);
}

static void each_entry_came_between_the_first_and_last_of_its_day(void **state)
{
	struct fixture *f = *state;
	named(&f->testbed, "arrival",
	      "DELETE FROM arrival WHERE day = (SELECT min(day) FROM journal)");
	named(&f->testbed, "arrival", "UPDATE arrival SET last_us = last_us - 1");
	named(&f->testbed, "arrival", "UPDATE arrival SET first_us = first_us + 1");
}

/* Spool 11 goes on from 10, of which the journal has more than it knows; 12 from 11, all of which
 * it knows, and so from 10, too; 13 from one that is not there. */
static void lineage_open(struct testbed *testbed)
{
	static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
				    "1,A,province,,2020-01-01,\n";
	static const char catalogue[] =
		"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
		"carry,level,due_days,min,max\na,a,a,a,flow,sum,sum,day,,0,0,province,5,0,100\n";
	static const size_t turns[] = { 0, 0, 1, 2, 3, 0, 1 };
	struct testbed_spool spools[] = { { .id = 10 },
					  { .id = 11, .from_id = 10, .from_seq = 1 },
					  { .id = 12, .from_id = 11, .from_seq = 1 },
					  { .id = 13, .from_id = 99, .from_seq = 4 } };
	int32_t day = day_from_civil(2025, 6, 20);
	testbed_open(testbed, units, catalogue, NULL, false);
	int64_t office = testbed_office(testbed, "x", "1", day - 100);
	testbed_refresh(testbed);
	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		struct testbed_figure figure = {
			.metric = "a", .labels = "", .grain = GRAIN_DAY, .value_e = (int64_t)i
		};
		struct testbed_batch batch;
		spools[turns[i]].office = office;
		testbed_seal(&spools[turns[i]], day, &figure, 1, civil_day_start_us(day + 1),
			     &batch);
		testbed_commit(testbed, &batch, 1);
		blob_free(&batch.payload);
	}
	assert_int_equal(testbed_number(testbed, "SELECT sum(set_back) FROM spool"), 2);
	assert_clean(testbed);
}

static void where_a_spool_goes_on_from_is_what_its_first_batch_says(void **state)
{
	static const char *const damages[] = {
		"UPDATE spool SET from_spool = from_spool + 1 WHERE spool_id = 11",
		"UPDATE spool SET from_seq = from_seq + 1 WHERE spool_id = 11",
		"UPDATE spool SET from_seq = from_seq - 1 WHERE spool_id = 12",
		"UPDATE spool SET from_spool = 12 WHERE spool_id = 12",
		"UPDATE spool SET from_spool = 12 WHERE spool_id = 10",
		"UPDATE spool SET from_spool = 0, from_seq = 0 WHERE spool_id = 12",
		"UPDATE spool SET set_back = 0 WHERE spool_id = 11",
		"UPDATE spool SET set_back = 0 WHERE spool_id = 12",
		"UPDATE spool SET set_back = 1 WHERE spool_id = 10",
		"UPDATE spool SET set_back = 1 WHERE spool_id = 13",
	};
	struct testbed testbed;
	(void)state;
	lineage_open(&testbed);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		named(&testbed, "spool", damages[i]);
	testbed_close(&testbed);
}

/* One of each: a run of a metric that nobody knows, a point out of range, and a whole batch of a
 * day that had not begun when it came. */
static void held_open(struct testbed *testbed)
{
	static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
				    "1,A,province,,2020-01-01,\n";
	static const char catalogue[] =
		"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
		"carry,level,due_days,min,max\na,a,a,a,flow,sum,sum,day,,0,0,province,5,0,100\n"
		"b,b,b,b,flow,sum,sum,hour,,0,0,province,5,0,100\n";
	struct testbed_figure figures[] = {
		{ .metric = "a", .labels = "", .grain = GRAIN_DAY, .value_e = 7 },
		{ .metric = "b", .labels = "", .grain = GRAIN_HOUR, .nth = 1, .value_e = 7 },
		{ .metric = "b", .labels = "", .grain = GRAIN_HOUR, .nth = 2, .value_e = 700 },
		{ .metric = "c", .labels = "", .grain = GRAIN_HOUR, .nth = 3, .value_e = 1 },
		{ .metric = "c", .labels = "", .grain = GRAIN_HOUR, .nth = 4, .value_e = 1 },
	};
	struct testbed_batch batches[2];
	int32_t day = day_from_civil(2025, 6, 20);
	testbed_open(testbed, units, catalogue, NULL, false);
	struct testbed_spool spool = { .office = testbed_office(testbed, "x", "1", day - 100),
				       .id = 9 };
	testbed_refresh(testbed);
	testbed_seal(&spool, day, figures, 5, civil_day_start_us(day + 1), &batches[0]);
	figures[0].value_e = 8;
	testbed_seal(&spool, day, figures, 2, civil_day_start_us(day - 2), &batches[1]);
	testbed_commit(testbed, batches, 2);
	blob_free(&batches[0].payload);
	blob_free(&batches[1].payload);
	assert_int_equal(testbed_number(testbed, "SELECT count(*) FROM quarantine"), 4);
	assert_clean(testbed);
}

static void what_is_held_is_in_the_journal_and_not_in_the_rollups(void **state)
{
	static const char *const strangers[] = { "-5", "0", "999999" };
	struct testbed testbed;
	char sql[256];
	(void)state;
	held_open(&testbed);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		(void)snprintf(sql, sizeof(sql),
			       "INSERT INTO quarantine(journal, run, point, verdict, observations) "
			       "VALUES(%s, 0, -1, 4, 1)",
			       strangers[i]);
		named(&testbed, "quarantine", sql);
	}
	named(&testbed, "quarantine",
	      "UPDATE quarantine SET observations = observations + 1 WHERE point >= 0");
	named(&testbed, "quarantine",
	      "UPDATE quarantine SET observations = observations - 1 WHERE verdict = 1");
	named(&testbed, "quarantine", "UPDATE quarantine SET run = 3 WHERE verdict = 1");
	named(&testbed, "quarantine", "UPDATE quarantine SET run = -1 WHERE verdict = 1");
	named(&testbed, "quarantine", "UPDATE quarantine SET point = 2 WHERE point >= 0");
	named(&testbed, "quarantine", "UPDATE quarantine SET point = -2 WHERE verdict = 1");
	/* a figure that counts, held behind the rollups' back */
	named(&testbed, "rollup",
	      "INSERT INTO quarantine(journal, run, point, verdict, observations) "
	      "VALUES(1, 0, 0, 5, 1)");
	testbed_close(&testbed);
}

static void a_period_that_had_not_begun_is_held_as_such(void **state)
{
	struct testbed testbed;
	(void)state;
	held_open(&testbed);
	assert_int_equal(
		testbed_number(&testbed, "SELECT count(*) FROM quarantine WHERE verdict = 6"), 2);
	named(&testbed, "held", "UPDATE held SET n = n + 1");
	named(&testbed, "held", "UPDATE held SET observations = observations + 1");
	named(&testbed, "held", "DELETE FROM held");
	named(&testbed, "quarantine", "DELETE FROM quarantine WHERE journal = 2 AND run = 1");
	named(&testbed, "rollup", "UPDATE quarantine SET released_us = 1 WHERE verdict = 6");
	testbed_close(&testbed);
}

/* --- repairing --- */

/* All steps, each with the testbed's own connection in the transaction that is open. */
static struct verify_counts all_steps(struct testbed *testbed, const char *repairer,
				      struct table **ret_table)
{
	struct verify *verify = verify_open(repairer, &testbed->err);
	int rc = 1;
	assert_non_null(verify);
	while (rc == 1) {
		testbed_refresh(testbed);
		rc = verify_step(verify, testbed->db, testbed->reference, &testbed->err);
	}
	if (rc < 0)
		fail_msg("%s", testbed->err.text);
	struct verify_progress progress = verify_progress(verify);
	assert_int_equal(progress.stage, VERIFY_OVER);
	*ret_table = verify_table_take(verify);
	verify_close(verify);
	return progress.counts;
}

static void assert_same_rollups(struct testbed *testbed, const struct blob *wanted)
{
	struct blob now;
	testbed_rollups(testbed, &now);
	assert_int_equal(now.len, wanted->len);
	assert_memory_equal(now.data, wanted->data, now.len);
	blob_free(&now);
}

/* After @sql a repair brings every byte of the rollups back, and says so; all is undone then. */
static void repaired(struct testbed *testbed, const char *sql)
{
	struct table *table;
	struct blob before;
	testbed_rollups(testbed, &before);
	testbed_exec(testbed, "BEGIN");
	testbed_exec(testbed, sql);
	if (testbed_number(testbed, "SELECT changes()") == 0) { /* the byte was what it became */
		testbed_exec(testbed, "ROLLBACK");
		blob_free(&before);
		return;
	}
	uint64_t pages = (uint64_t)testbed_number(testbed, "SELECT count(*) FROM rollup");
	struct verify_counts counts = all_steps(testbed, "unix:uid=7", &table);
	assert_true(counts.differences > 0 && counts.pages <= pages); /* none is counted twice */
	if (counts.repaired != counts.differences || counts.beyond_repair != 0)
		fail_msg("not repaired: %s", sql);
	assert_string_equal(testbed_cell(table, 0, "outcome"), "repaired");
	table_close(table);
	assert_true(testbed_number(testbed,
				   "SELECT count(*) FROM audit WHERE who = 'unix:uid=7' AND "
				   "what = 'verify repair'") > 0);
	assert_same_rollups(testbed, &before);
	assert_clean(testbed);
	testbed_exec(testbed, "ROLLBACK");
	blob_free(&before);
}

static void a_damaged_page_is_made_anew(void **state)
{
	struct fixture *f = *state;
	sqlite3_stmt *list;
	struct err err = { 0 };
	unsigned count = 0;
	assert_int_equal(db_prepare(f->testbed.db,
				    "SELECT " PAGE_WHERE ", length(page) FROM rollup", &list, &err),
			 0);
	while (db_step(list, &err) == 1) {
		char sql[512];
		const char *where = (const char *)sqlite3_column_text(list, 0);
		int at = (int)dice_below(&f->dice, (uint64_t)sqlite3_column_int(list, 1));
		if (count++ % 5)
			continue;
		(void)snprintf(
			sql, sizeof(sql),
			"UPDATE rollup SET page = CAST(substr(page, 1, %d) || x'%02x' || "
			"substr(page, %d) AS BLOB) WHERE %s AND substr(page, %d, 1) <> x'%02x'",
			at, 0x55u, at + 2, where, at + 1, 0x55u);
		repaired(&f->testbed, sql);
		(void)snprintf(sql, sizeof(sql), "DELETE FROM rollup WHERE %s", where);
		repaired(&f->testbed, sql);
	}
	sqlite3_finalize(list);
	assert_int_equal(count, testbed_number(&f->testbed, "SELECT count(*) FROM rollup"));
}

static void pages_that_should_not_be_are_deleted(void **state)
{
	struct fixture *f = *state;
	static const char *const keys[] = {
		"grain, bucket, 99",  "grain, bucket, -99",    "grain, bucket + 2000, node",
		"18, bucket, node",   "31, bucket, node",      "-1, bucket, node",
		"2, 2147483647, 900", "7, -2147483648, node",  "grain + 4294967296, bucket, node",
		"grain, bucket, 98",  "8, bucket, node + 900", "2, 4000000000, node",
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (int empty = 0; empty <= 1; empty++) {
			char sql[256];
			(void)snprintf(sql, sizeof(sql),
				       "INSERT INTO rollup SELECT %s, %s FROM rollup WHERE grain = "
				       "2 AND node > 0 LIMIT 1",
				       keys[i], empty ? "x''" : "page");
			repaired(&f->testbed, sql);
		}
}

static void even_all_of_the_rollups_can_be_made_anew(void **state)
{
	struct fixture *f = *state;
	repaired(&f->testbed, "DELETE FROM rollup");
	repaired(&f->testbed, "UPDATE rollup SET page = x'ffff'");
	repaired(&f->testbed, "UPDATE rollup SET page = (SELECT page FROM rollup WHERE grain = 2 "
			      "ORDER BY length(page) DESC LIMIT 1)");
}

/* The pages may be all that is left of what a damaged journal said: none is touched. */
static void nothing_is_rebuilt_from_a_damaged_journal(void **state)
{
	static const char *const damages[] = {
		"UPDATE spool SET upto = upto + 1 WHERE id = 1",
		"DELETE FROM journal WHERE id = (SELECT max(id) FROM journal)",
		"DELETE FROM journal WHERE id = 2",
		"UPDATE journal SET office = 77 WHERE id = 3",
		"UPDATE journal SET payload = x'00' WHERE id = 2",
		"UPDATE journal SET chain = zeroblob(32) WHERE id = 2",
		"DELETE FROM event WHERE id = 3",
		"UPDATE event SET body = replace(body, 'o', 'a') WHERE id = 3",
		"UPDATE event SET at_us = at_us + 1 WHERE id = 2",
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct blob before;
		struct table *table;
		testbed_exec(&f->testbed, "PRAGMA foreign_keys=OFF");
		testbed_exec(&f->testbed, "BEGIN");
		testbed_exec(&f->testbed, damages[i]);
		testbed_exec(&f->testbed, "DELETE FROM rollup WHERE grain = 2 AND bucket % 2 = 0");
		testbed_rollups(&f->testbed, &before);
		struct verify_counts counts = all_steps(&f->testbed, "operator", &table);
		if (counts.repaired > 0 || counts.beyond_repair == 0 ||
		    counts.differences <= counts.beyond_repair)
			fail_msg("%s: %d differences, %d beyond repair, %d repaired", damages[i],
				 (int)counts.differences, (int)counts.beyond_repair,
				 (int)counts.repaired);
		assert_string_equal(testbed_cell(table, 0, "outcome"), "left");
		assert_same_rollups(&f->testbed, &before);
		table_close(table);
		blob_free(&before);
		testbed_exec(&f->testbed, "ROLLBACK");
	}
}

/* What @sql does to tables that derive is undone by a repair, to the byte, and said. */
static void mended(struct testbed *testbed, const char *sql)
{
	static const char forget[] = "DELETE FROM event WHERE kind = 'verify repair';"
				     "UPDATE fact SET value = 1 WHERE name = 'reference_version'";
	struct blob before, after;
	struct table *table;
	struct effects *effects = NULL;
	assert_int_equal(effects_of(testbed->db, &effects, &testbed->err), 0);
	effects_pause(effects, true);
	testbed_exec(testbed, "BEGIN");
	testbed_exec(testbed, forget);
	testbed_dump(testbed->db, &before);
	testbed_exec(testbed, sql);
	assert_true(testbed_number(testbed, "SELECT total_changes()") > 0);
	effects_pause(effects, false);
	struct verify_counts counts = all_steps(testbed, "operator", &table);
	if (counts.differences == 0 || counts.repaired != counts.differences)
		fail_msg("%s: %d differences, %d repaired: %s, %s", sql, (int)counts.differences,
			 (int)counts.repaired, testbed_cell(table, 0, "what"),
			 testbed_cell(table, 0, "where"));
	table_close(table);
	assert_int_equal(testbed_number(testbed, "SELECT count(*) FROM event WHERE kind = 'verify"
						 " repair' AND json_type(body, '$.mended') ="
						 " 'object'"),
			 1);
	testbed_exec(testbed, forget);
	testbed_dump(testbed->db, &after);
	if (after.len != before.len || memcmp(after.data, before.data, before.len) != 0)
		fail_msg("mended otherwise: %s", sql);
	blob_free(&before);
	blob_free(&after);
	testbed_exec(testbed, "ROLLBACK");
	assert_clean(testbed);
}

static void what_derives_is_mended(void **state)
{
	static const char *const damages[] = {
		"UPDATE unit SET name = 'x'",
		"UPDATE unit SET parent = NULL WHERE level = 'commune'",
		"DELETE FROM unit",
		"INSERT INTO unit SELECT id + 100, code || 'x', name, level, parent, valid_from,"
		" valid_to FROM unit",
		"UPDATE office SET name = 'x', code = code || '0'",
		"DELETE FROM office WHERE id = 1",
		"UPDATE office SET code = CASE id WHEN 1 THEN '#' ELSE 'o0' END WHERE id < 3;"
		"UPDATE office SET code = 'o1' WHERE id = 1",
		"UPDATE assignment SET from_day = from_day + 4000",
		"DELETE FROM assignment",
		"UPDATE catalogue SET csv = CAST(replace(CAST(csv AS TEXT), 'sum', 'max') AS BLOB)",
		"DELETE FROM catalogue",
		"UPDATE successor SET share = '9'",
		"UPDATE spool SET upto = 0, upto_digest = NULL",
		"UPDATE spool SET last_received_us = 1, set_back = 1 - set_back",
		"UPDATE spool SET office = office % 8 + 1 WHERE id = 1",
		"UPDATE spool SET from_spool = 99, from_seq = 3",
		"UPDATE series SET labels = 'zz=1' WHERE id = 1",
		"DELETE FROM series",
		"UPDATE declared SET series = series % 3 + 1, shape = shape + 16",
		"DELETE FROM declared",
		"INSERT INTO declared SELECT spool, number + 90, series, shape FROM declared",
		"DELETE FROM strand",
		"UPDATE strand SET entry = 1, observations = observations + 1",
		"UPDATE journal SET back = 0",
		"UPDATE journal SET back = NULL",
		"UPDATE journal SET day = day + 1 WHERE id = 3",
		"DELETE FROM arrival",
		"UPDATE arrival SET last_us = last_us - 1, first_us = first_us - 1",
		"DELETE FROM quarantine",
		"UPDATE quarantine SET verdict = verdict % 5 + 1, released_us = 7, held_us = 6",
		"INSERT INTO quarantine SELECT id, 90, -1, 4, 1, NULL, NULL FROM journal",
		"DELETE FROM held",
		"UPDATE held SET n = n + 1, observations = 0",
	};
	struct history history;
	struct testbed testbed;
	struct dice dice = dice_seeded(5);
	(void)state;
	history_make(&history, &dice, 40);
	history_make_all_acts(&history, 15);
	history_open(&history, &testbed);
	history_post(&history, &testbed);
	testbed_exec(&testbed, "PRAGMA foreign_keys=OFF");
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		mended(&testbed, damages[i]);
	testbed_close(&testbed);
	history_free(&history);
}

/* --- steps between which the world goes on --- */

struct course { /* a verification on a connection of its own, as the aggregator has it */
	struct testbed *testbed;
	struct dice *dice;
	sqlite3 *db;
	struct reference *reference;
	struct verify *verify;
	struct verify_progress before;
	const char *repairer;
	unsigned finished;
};

static void course_begin(struct course *course)
{
	course->verify = verify_open(course->repairer, &course->testbed->err);
	assert_non_null(course->verify);
	course->before = verify_progress(course->verify);
}

static void course_end(struct course *course)
{
	struct table *table = verify_table_take(course->verify);
	struct verify_counts counts = verify_progress(course->verify).counts;
	if (counts.differences != counts.repaired)
		fail_msg("%s: %s: %s, not %s", testbed_cell(table, 0, "what"),
			 testbed_cell(table, 0, "where"), testbed_cell(table, 0, "found"),
			 testbed_cell(table, 0, "expected"));
	if (!course->repairer)
		assert_int_equal(counts.differences, 0);
	table_close(table);
	verify_close(course->verify);
	course->finished++;
}

static void assert_progressed(struct course *course)
{
	struct verify_progress now = verify_progress(course->verify);
	assert_true(now.done <= now.all && now.stage >= course->before.stage);
	assert_true(now.counts.batches >= course->before.counts.batches);
	assert_true(now.counts.pages >= course->before.counts.pages);
	if (now.stage == course->before.stage)
		assert_true(now.done >= course->before.done);
	course->before = now;
}

/* One step; when it reads, @meanwhile happens after its snapshot was taken. */
static void course_step(struct course *course, void (*meanwhile)(void *context), void *context)
{
	struct err *err = &course->testbed->err;
	bool writes = verify_writes(course->verify);
	sqlite3 *db = writes ? course->testbed->db : course->db;
	assert_int_equal(writes ? db_begin(db, err) : db_exec(db, "BEGIN", err), 0);
	assert_int_equal(reference_refresh(db, &course->reference, err), 0);
	if (!writes)
		meanwhile(context);
	int rc = verify_step(course->verify, db, course->reference, err);
	if (rc < 0)
		fail_msg("%s", err->text);
	assert_int_equal(db_commit(db, err), 0);
	if (writes)
		meanwhile(context);
	assert_progressed(course);
	if (rc == 0) {
		course_end(course);
		course_begin(course);
	}
}

struct intake {
	struct history *history;
	struct testbed *testbed;
	size_t at;
	bool damaged;
};

static void rebuild(struct testbed *testbed)
{
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	testbed_refresh(testbed);
	assert_int_equal(rebuild_pages(testbed->db, testbed->reference, NULL, NULL, &testbed->err),
			 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
}

/* Some batches come, or units change under the offices. A batch for a damaged page cannot be taken
 * before that is repaired; the office sends it again. */
static void goes_on(void *context)
{
	struct intake *intake = context;
	struct history *history = intake->history;
	size_t n = (size_t)dice_below(history->dice, 6);
	if (n > history->n - intake->at)
		n = history->n - intake->at;
	int rc = n ? testbed_try_commit(intake->testbed, history->batches + intake->at, n) : 0;
	if (rc == 0)
		intake->at += n;
	else if (rc != -EUCLEAN || !intake->damaged)
		fail_msg("%s", intake->testbed->err.text);
	if (dice_below(history->dice, 8) == 0) {
		testbed_move(intake->testbed,
			     1 + (int64_t)dice_below(history->dice, HISTORY_OFFICES),
			     dice_below(history->dice, 2) ? NULL : "A",
			     history->base + (int32_t)dice_below(history->dice, HISTORY_DAYS));
		rebuild(intake->testbed);
	}
}

static void no_difference_under_intake(struct dice *dice, void *context)
{
	struct history history;
	struct testbed testbed;
	struct course course = { .testbed = &testbed, .dice = dice };
	(void)context;
	history_make(&history, dice, 120);
	history_open(&history, &testbed);
	struct intake intake = { &history, &testbed, 0, false };
	assert_int_equal(schema_open(testbed.path, true, &course.db, &testbed.err), 0);
	course_begin(&course);
	while (intake.at < history.n || course.finished < 2)
		course_step(&course, goes_on, &intake);
	verify_close(course.verify);
	reference_close(course.reference);
	db_close(course.db);
	assert_clean(&testbed);
	testbed_close(&testbed);
	history_free(&history);
}

static void running_intake_is_no_difference(void **state)
{
	(void)state;
	for_all_seeds(20, no_difference_under_intake, NULL);
}

static void damage(struct testbed *testbed, struct dice *dice)
{
	static const char *const ways[] = {
		"DELETE FROM rollup WHERE (bucket + node) % 3 = 0",
		"UPDATE rollup SET page = (SELECT max(page) FROM rollup) WHERE node < 0",
		"INSERT OR IGNORE INTO rollup SELECT grain, bucket + 3000, node, page FROM rollup",
		"INSERT OR IGNORE INTO rollup SELECT grain, bucket, node + 50, page FROM rollup",
	};
	testbed_exec(testbed, ways[dice_below(dice, sizeof(ways) / sizeof(ways[0]))]);
}

static void repaired_under_intake(struct dice *dice, void *context)
{
	struct history history;
	struct testbed testbed;
	struct course course = { .testbed = &testbed, .dice = dice, .repairer = "operator" };
	(void)context;
	history_make(&history, dice, 120);
	history_open(&history, &testbed);
	struct intake intake = { &history, &testbed, 60, true };
	testbed_commit(&testbed, history.batches, intake.at);
	damage(&testbed, dice);
	assert_int_equal(schema_open(testbed.path, true, &course.db, &testbed.err), 0);
	course_begin(&course);
	while (course.finished < 1)
		course_step(&course, goes_on, &intake);
	verify_close(course.verify);
	reference_close(course.reference);
	db_close(course.db);
	assert_clean(&testbed);
	testbed_commit(&testbed, history.batches + intake.at, history.n - intake.at);
	assert_clean(&testbed);
	testbed_close(&testbed);
	history_free(&history);
}

static void rollups_are_rebuilt_while_intake_goes_on(void **state)
{
	(void)state;
	for_all_seeds(20, repaired_under_intake, NULL);
}

/* A text lies behind all numbers and is read as 0: a walk from day to day came to it for ever. */
static void a_day_that_is_no_number_ends_the_walk(void **state)
{
	struct fixture *f = *state;
	testbed_exec(&f->testbed, "BEGIN; PRAGMA writable_schema = ON;"
				  " UPDATE sqlite_schema SET sql = replace(sql, 'STRICT, ', '')"
				  " WHERE name = 'strand'; PRAGMA writable_schema = RESET");
	testbed_exec(&f->testbed, "UPDATE strand SET day = 'x' WHERE (day, office) ="
				  " (SELECT day, office FROM strand ORDER BY day DESC LIMIT 1)");
	struct table *table;
	assert_true(testbed_verify(&f->testbed, &table) > 0);
	table_close(table);
	testbed_exec(&f->testbed, "ROLLBACK; PRAGMA writable_schema = RESET");
	assert_clean(&f->testbed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_store_is_clean_and_counted),
		cmocka_unit_test(a_damaged_byte_of_a_page_is_named),
		cmocka_unit_test(a_damaged_byte_of_a_payload_is_named),
		cmocka_unit_test(a_damaged_byte_of_a_chain_value_is_named),
		cmocka_unit_test(each_row_of_the_rollups_is_needed),
		cmocka_unit_test(no_row_can_be_added_to_the_rollups),
		cmocka_unit_test(what_the_journal_says_beside_its_payloads_is_held_to_it),
		cmocka_unit_test(strange_payloads_are_named_and_the_rest_is_still_read),
		cmocka_unit_test(what_stands_beside_the_journal_fits_it),
		cmocka_unit_test(each_entry_is_in_the_list_of_its_day_once),
		cmocka_unit_test(a_day_that_is_no_number_ends_the_walk),
		cmocka_unit_test(each_entry_came_between_the_first_and_last_of_its_day),
		cmocka_unit_test(where_a_spool_goes_on_from_is_what_its_first_batch_says),
		cmocka_unit_test(what_is_held_is_in_the_journal_and_not_in_the_rollups),
		cmocka_unit_test(a_period_that_had_not_begun_is_held_as_such),
		cmocka_unit_test(a_damaged_page_is_made_anew),
		cmocka_unit_test(pages_that_should_not_be_are_deleted),
		cmocka_unit_test(even_all_of_the_rollups_can_be_made_anew),
		cmocka_unit_test(nothing_is_rebuilt_from_a_damaged_journal),
		cmocka_unit_test(what_derives_is_mended),
		cmocka_unit_test(running_intake_is_no_difference),
		cmocka_unit_test(rollups_are_rebuilt_while_intake_goes_on),
	};
	return cmocka_run_group_tests_name("verify", tests, setup, teardown);
}
