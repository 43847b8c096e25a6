#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db.h"
#include "history.h"
#include "seeds.h"
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES 25

struct fixture {
	struct history history;
	struct books books;
	struct dice dice;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f)
		return -1;
	f->dice = dice_seeded(11);
	history_make(&f->history, &f->dice, BATCHES);
	history_open(&f->history, &f->books);
	history_post(&f->history, &f->books);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	books_close(&f->books);
	history_free(&f->history);
	free(f);
	return 0;
}

static void assert_clean(struct books *books)
{
	struct table *table;
	uint64_t n = books_verify(books, &table);
	if (n > 0)
		fail_msg("%s: %s", books_cell(table, 0, "what"), books_cell(table, 0, "where"));
	table_close(table);
}

/* After @sql verify names at least one difference, a row of @what if that is given; all is undone
 * then. */
static void named(struct books *books, const char *what, const char *sql)
{
	struct table *table;
	bool found = !what;
	books_exec(books, "PRAGMA foreign_keys=OFF");
	books_exec(books, "BEGIN");
	books_exec(books, sql);
	assert_true(books_number(books, "SELECT total_changes()") > 0);
	if (books_verify(books, &table) == 0)
		fail_msg("not named: %s", sql);
	for (size_t i = 0; i < table_rows(table) && !found; i++)
		found = strcmp(books_cell(table, i, "what"), what) == 0;
	if (!found)
		fail_msg("named %s, not %s: %s", books_cell(table, 0, "what"), what, sql);
	table_close(table);
	books_exec(books, "ROLLBACK");
}

/* Each byte of @column in every row of @table, one bit of it turned over. */
static void every_byte_is_named(struct fixture *f, const char *table, const char *column,
				const char *rows, const char *what, unsigned step)
{
	sqlite3_stmt *list;
	struct err err = { 0 };
	unsigned count = 0;
	assert_int_equal(db_prepare(f->books.db, rows, &list, &err), 0);
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
			named(&f->books, what, sql);
		}
	}
	sqlite3_finalize(list);
	assert_true(count > 100);
}

static void sound_books_are_clean_and_counted(void **state)
{
	struct fixture *f = *state;
	struct verify_counts counts;
	struct table *table;
	assert_clean(&f->books);
	assert_int_equal(
		verify_run(f->books.db, f->books.reference, &counts, &table, &f->books.err), 0);
	table_close(table);
	assert_int_equal(counts.batches, f->history.n);
	assert_int_equal(counts.observations, f->history.n_heard);
	assert_int_equal(counts.pages, books_number(&f->books, "SELECT count(*) FROM rollup"));
	assert_int_equal(counts.differences, 0);
}

#define PAGE_WHERE "'grain=' || grain || ' AND bucket=' || bucket || ' AND node=' || node"

static void a_damaged_byte_of_a_page_is_named(void **state)
{
	every_byte_is_named(*state, "rollup", "page", "SELECT " PAGE_WHERE ", page FROM rollup",
			    NULL, 3);
}

static void a_damaged_byte_of_a_payload_is_named(void **state)
{
	every_byte_is_named(*state, "journal", "payload",
			    "SELECT 'id=' || id, payload FROM journal", "chain", 3);
}

static void a_damaged_byte_of_a_chain_value_is_named(void **state)
{
	every_byte_is_named(*state, "journal", "chain", "SELECT 'id=' || id, chain FROM journal",
			    "chain", 3);
}

static void each_row_of_the_rollups_is_needed(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	sqlite3_stmt *list;
	assert_int_equal(db_prepare(f->books.db, "SELECT " PAGE_WHERE " FROM rollup", &list, &err),
			 0);
	while (db_step(list, &err) == 1) {
		char sql[256];
		const char *where = (const char *)sqlite3_column_text(list, 0);
		(void)snprintf(sql, sizeof(sql), "DELETE FROM rollup WHERE %s", where);
		named(&f->books, "rollup", sql);
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
		named(&f->books, NULL, sql);
		(void)snprintf(sql, sizeof(sql),
			       "INSERT INTO rollup SELECT %s, x'' FROM rollup WHERE grain = 2 AND "
			       "node > 0 LIMIT 1",
			       keys[i]);
		named(&f->books, NULL, sql); /* even an empty one */
	}
}

static void what_the_journal_says_beside_its_payloads_is_held_to_it(void **state)
{
	struct fixture *f = *state;
	named(&f->books, "sequence", "UPDATE spool SET upto = upto + 1 WHERE id = 1");
	named(&f->books, "sequence", "UPDATE spool SET upto = upto - 1 WHERE id = 1");
	named(&f->books, "sequence",
	      "DELETE FROM journal WHERE id = (SELECT max(id) FROM journal)");
	named(&f->books, "chain", "DELETE FROM journal WHERE id = 2");
	named(&f->books, "chain", "UPDATE journal SET seq = seq + 1 WHERE id = 3");
	named(&f->books, "chain", "UPDATE journal SET office = office % 8 + 1 WHERE id = 3");
	named(&f->books, "journal", "UPDATE journal SET day = day + 1 WHERE id = 3");
	named(&f->books, "journal", "UPDATE journal SET office = 77 WHERE id = 3");
	named(&f->books, "chain", "UPDATE spool SET spool_id = spool_id + 1 WHERE id = 1");
	named(&f->books, "chain",
	      "DELETE FROM spool WHERE id = (SELECT spool FROM journal ORDER BY id DESC LIMIT 1)");
	named(&f->books, "chain",
	      "UPDATE journal SET spool = (SELECT id FROM spool WHERE id <> journal.spool LIMIT 1)"
	      " WHERE id = 4");
}

static void strange_payloads_are_named_and_the_rest_is_still_read(void **state)
{
	struct fixture *f = *state;
	named(&f->books, "journal", "UPDATE journal SET payload = x''");
	named(&f->books, "journal", "UPDATE journal SET payload = x'00' WHERE id = 2");
	named(&f->books, "journal", "UPDATE journal SET payload = zeroblob(300000) WHERE id = 2");
	named(&f->books, "journal", "DELETE FROM declared WHERE number = 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_books_are_clean_and_counted),
		cmocka_unit_test(a_damaged_byte_of_a_page_is_named),
		cmocka_unit_test(a_damaged_byte_of_a_payload_is_named),
		cmocka_unit_test(a_damaged_byte_of_a_chain_value_is_named),
		cmocka_unit_test(each_row_of_the_rollups_is_needed),
		cmocka_unit_test(no_row_can_be_added_to_the_rollups),
		cmocka_unit_test(what_the_journal_says_beside_its_payloads_is_held_to_it),
		cmocka_unit_test(strange_payloads_are_named_and_the_rest_is_still_read),
	};
	return cmocka_run_group_tests_name("verify", tests, setup, teardown);
}
