/* I9: the ledger. What acts change is in their events, and can be put anew from them alone. */
#include "schema/chain_walk.h"
#include "schema/effects.h"
#include "schema/event.h"
#include "schema/schema.h"
#include "support/history.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The testbed has its own for acts between batches whose times are invented. */
int64_t ledger_time(const struct ledger_head *head, int64_t now_us);

static struct err err;

static void rows_of(sqlite3 *db, const char *table, struct blob *out)
{
	char sql[96];
	sqlite3_stmt *rows = NULL;
	(void)snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1, 2, 3", table);
	assert_int_equal(db_prepare(db, sql, &rows, &err), 0);
	while (db_step(rows, &err) == 1)
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			int len = sqlite3_column_bytes(rows, i),
			    type = sqlite3_column_type(rows, i);
			assert_int_equal(blob_append(out, &type, sizeof(type)), 0);
			assert_int_equal(blob_append(out, &len, sizeof(len)), 0);
			assert_int_equal(
				blob_append(out, sqlite3_column_blob(rows, i), (size_t)len), 0);
		}
	sqlite3_finalize(rows);
}

/* The tables of the reference, of @db and as the events of @db make them. */
static void assert_replayed(sqlite3 *db)
{
	sqlite3 *scratch = NULL;
	sqlite3_stmt *events = NULL;
	assert_int_equal(schema_open_scratch(&scratch, &err), 0);
	assert_int_equal(
		db_prepare(db, "SELECT " EVENT_COLUMNS " FROM event ORDER BY id", &events, &err),
		0);
	while (db_step(events, &err) == 1) {
		struct event event;
		assert_int_equal(event_read(events, &event, &err), 0);
		json_t *body = json_loads(event.body, 0, NULL);
		assert_non_null(body);
		json_t *rows = json_object_get(body, "rows");
		assert_int_equal(event.moves != 0 && rows == NULL, false);
		if (rows && effects_put(scratch, rows, MOVES_REFERENCE, &err) < 0)
			fail_msg("event %lld: %s", (long long)event.id, err.text);
		json_decref(body);
	}
	sqlite3_finalize(events);
	for (size_t i = 0; i < n_ledger_tables; i++) {
		struct blob found = { 0 }, replayed = { 0 };
		if ((ledger_tables[i].moves & MOVES_REFERENCE) == 0)
			continue;
		rows_of(db, ledger_tables[i].name, &found);
		rows_of(scratch, ledger_tables[i].name, &replayed);
		if (found.len != replayed.len ||
		    (found.len > 0 && memcmp(found.data, replayed.data, found.len) != 0))
			fail_msg("%s is not what its events say", ledger_tables[i].name);
		blob_free(&found);
		blob_free(&replayed);
	}
	db_close(scratch);
}

/* When what is of a day came: entries say when they were received, events which days they touched.
 */
static void assert_days_replayed(sqlite3 *db)
{
	int64_t other = -1;
	assert_int_equal(
		db_exec(db,
			"CREATE TEMP TABLE day AS SELECT day, min(received_us) AS first_us,"
			" max(received_us) AS last_us FROM journal GROUP BY day;"
			"UPDATE day SET first_us = min(first_us, n), last_us = max(last_us, m) FROM"
			" (SELECT d.day AS of, min(e.at_us) AS n, max(e.at_us) AS m FROM event e,"
			"  json_each(e.body, '$.days') r, temp.day d WHERE d.day BETWEEN"
			"  r.value ->> 0 AND r.value ->> 1 GROUP BY d.day) WHERE of = day",
			&err),
		0);
	assert_int_equal(db_number(db,
				   "SELECT (SELECT count(*) FROM (SELECT * FROM day EXCEPT"
				   " SELECT * FROM arrival)) + (SELECT count(*) FROM"
				   " (SELECT * FROM arrival EXCEPT SELECT * FROM day))",
				   &other, &err),
			 0);
	assert_int_equal(other, 0);
	assert_int_equal(db_exec(db, "DROP TABLE temp.day", &err), 0);
}

static int on_event(void *context, const struct event *event, bool right, struct err *why)
{
	(void)event, (void)why;
	++*(size_t *)context;
	assert_true(right);
	return 0;
}

/* Returns how many events there are. */
static size_t assert_linked(sqlite3 *db)
{
	struct chain_walk walk = { 0 };
	struct chain_walker walker;
	struct ledger_head head;
	sqlite3_stmt *rows = NULL;
	size_t events = 0;
	assert_int_equal(chain_walker_open(&walker, &walk, db, &err), 0);
	assert_int_equal(db_prepare(db,
				    "SELECT j.id, j.office, s.spool_id, j.seq, j.payload, j.chain,"
				    " j.received_us, j.held FROM journal j"
				    " JOIN spool s ON s.id = j.spool ORDER BY j.id",
				    &rows, &err),
			 0);
	while (db_step(rows, &err) == 1) {
		const struct chain_entry entry = {
			.office = sqlite3_column_int64(rows, 1),
			.spool_id = (uint64_t)sqlite3_column_int64(rows, 2),
			.seq = (uint64_t)sqlite3_column_int64(rows, 3),
			.payload = sqlite3_column_blob(rows, 4),
			.len = (size_t)sqlite3_column_bytes(rows, 4),
			.received_us = sqlite3_column_int64(rows, 6),
			.held = sqlite3_column_blob(rows, 7),
			.held_len = (size_t)sqlite3_column_bytes(rows, 7),
		};
		int64_t id = sqlite3_column_int64(rows, 0);
		assert_int_equal(chain_walk_events(&walker, id, on_event, &events, &err), 0);
		assert_true(chain_walk_entry(&walker, id, &entry, sqlite3_column_blob(rows, 5),
					     (size_t)sqlite3_column_bytes(rows, 5)));
	}
	sqlite3_finalize(rows);
	assert_int_equal(chain_walk_events(&walker, INT64_MAX, on_event, &events, &err), 0);
	chain_walker_close(&walker);
	assert_int_equal(ledger_head(db, &head, &err), 0);
	assert_int_equal(head.entry, walk.entry);
	assert_int_equal(head.event, walk.event);
	assert_memory_equal(head.chain, walk.chain, CHAIN_LEN);
	return events;
}

static size_t events_seen, days_seen;

static void stands_as_the_events_say(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	(void)context;
	history_make(&h, dice, 30);
	history_make_all_acts(&h, 12);
	history_open(&h, &testbed);
	history_post(&h, &testbed);
	assert_int_equal(event_append(testbed.db,
				      &(struct event_form){ .who = "test", .kind = "end" }, NULL,
				      &err),
			 0);
	assert_replayed(testbed.db);
	assert_days_replayed(testbed.db);
	days_seen += (size_t)testbed_number(&testbed, "SELECT count(*) FROM event WHERE"
						      " json_array_length(body, '$.days') > 0");
	events_seen += assert_linked(testbed.db);
	testbed_close(&testbed);
	history_free(&h);
}

static void what_stands_is_what_the_events_say(void **state)
{
	(void)state;
	for_all_seeds(20, stands_as_the_events_say, NULL);
	assert_true((events_seen > 20 && days_seen > 0) || seeds_given());
}

static void an_act_of_many_rows_goes_on_in_further_events(void **state)
{
	struct testbed testbed;
	struct ledger_head head;
	(void)state;
	testbed_open(&testbed, NULL, NULL, NULL, false);
	testbed_exec(&testbed, "BEGIN");
	testbed_exec(
		&testbed,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
		" INSERT INTO office(code, name) SELECT 'o' || i, 'Office \"' || i FROM n");
	assert_int_equal(event_append(testbed.db,
				      &(struct event_form){ .who = "test", .kind = "many" }, &head,
				      &err),
			 0);
	testbed_exec(&testbed, "COMMIT");
	assert_true(head.event >
		    3); /* the first is the testbed's, the next begins to fold labels */
	assert_int_equal(testbed_number(&testbed, "SELECT count(*) FROM event WHERE kind = 'many'"),
			 1);
	assert_int_equal(
		testbed_number(&testbed, "SELECT count(*) FROM event WHERE kind = 'continued'"),
		head.event - 3);
	assert_true(testbed_number(&testbed, "SELECT max(length(body)) FROM event") <
		    EVENT_BODY_MAX + 100000);
	assert_replayed(testbed.db);
	(void)assert_linked(testbed.db);
	testbed_close(&testbed);
}

#define DAY 20000
#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"m,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n"

/* I9: what a part of a commit finds damaged is an event, and the next part's entries follow it. */
static void parts_of_a_commit_are_links_of_one_chain(void **state)
{
	struct testbed testbed;
	struct testbed_batch batches[4];
	struct testbed_figure figure = {
		.metric = "m", .labels = "", .grain = GRAIN_DAY, .value_e = 1
	};
	(void)state;
	testbed_open(&testbed, UNITS, METRICS, NULL, false);
	struct testbed_spool spool = { .office = testbed_office(&testbed, "a", "C", DAY - 9),
				       .id = 7 };
	testbed_refresh(&testbed);
	for (int i = 0; i < 4; i++) {
		figure.value_e = i + 1;
		testbed_seal(&spool, DAY, &figure, 1, (DAY + 1) * INT64_C(86400000000) + i,
			     &batches[i]);
	}
	testbed_commit(&testbed, batches, 1);
	testbed_exec(&testbed, "UPDATE rollup SET page = x'ff'");
	testbed_exec(&testbed, "BEGIN");
	ledger_begin(testbed.ledger, testbed.reference);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(ledger_part_begin(testbed.ledger, &err), 0);
		assert_int_equal(testbed_post(&testbed, &batches[i]), POSTED);
		assert_int_equal(ledger_part_keep(testbed.ledger, &err), 0);
	}
	assert_int_equal(ledger_finish(testbed.ledger, &err), 0);
	testbed_exec(&testbed, "COMMIT");
	assert_int_equal(testbed_number(&testbed, "SELECT after_journal FROM event WHERE kind ="
						  " 'pages made anew'"),
			 2);
	(void)assert_linked(testbed.db);
	for (int i = 0; i < 4; i++)
		blob_free(&batches[i].payload);
	testbed_close(&testbed);
}

/* I11: the last link was damaged, and the next batch and act are taken. Who verifies sees it. */
static void a_link_that_is_damaged_stops_nobody(void **state)
{
	struct testbed testbed;
	struct table *table;
	(void)state;
	testbed_open(&testbed, UNITS, METRICS, NULL, false);
	struct testbed_spool spool = { .office = testbed_office(&testbed, "a", "C", DAY - 9),
				       .id = 7 };
	testbed_refresh(&testbed);
	testbed_record(&testbed, &spool, "m", "", "2024-10-04", 1, 0);
	testbed_exec(&testbed, "UPDATE journal SET chain = x'00'");
	testbed_record(&testbed, &spool, "m", "", "2024-10-05", 2, 0);
	testbed_exec(&testbed, "UPDATE journal SET chain = x'00' WHERE id = 2");
	assert_true(testbed_order_rename(&testbed, "a", "A"));
	testbed_exec(&testbed, "UPDATE event SET chain = x'00'");
	testbed_record(&testbed, &spool, "m", "", "2024-10-06", 3, 0);
	assert_int_equal(testbed_number(&testbed, "SELECT count(*) FROM journal"), 3);
	assert_true(testbed_verify(&testbed, &table) > 0);
	table_close(table);
	testbed_close(&testbed);
}

static void what_is_undone_is_in_no_event(void **state)
{
	struct testbed testbed;
	bool any = true;
	(void)state;
	testbed_open(&testbed, NULL, NULL, NULL, false);
	testbed_exec(&testbed, "BEGIN");
	testbed_exec(&testbed, "INSERT INTO office(code, name) VALUES('a', 'A')");
	testbed_exec(&testbed, "ROLLBACK");
	assert_int_equal(effects_any(testbed.db, &any, &err), 0);
	assert_false(any);
	testbed_exec(&testbed, "INSERT INTO office(code, name) VALUES('b', 'B')");
	testbed_exec(&testbed, "UPDATE office SET name = 'B' WHERE code = 'b'"); /* it is so */
	assert_int_equal(event_append(testbed.db,
				      &(struct event_form){ .who = "test", .kind = "one" }, NULL,
				      &err),
			 0);
	assert_int_equal(testbed_number(&testbed,
					"SELECT json_array_length(body, '$.rows.office.changes')"
					" FROM event WHERE kind = 'one'"),
			 1);
	assert_replayed(testbed.db);
	testbed_close(&testbed);
}

/* I11: a bit that flipped in a name keeps nobody from replacing it, or its row. */
static void a_text_that_is_damaged_is_changed_like_others(void **state)
{
	struct testbed testbed;
	(void)state;
	testbed_open(&testbed, NULL, NULL, NULL, false);
	testbed_exec(&testbed, "BEGIN");
	testbed_exec(&testbed,
		     "INSERT INTO office(code, name) VALUES('a', CAST(x'41ff42' AS TEXT)),"
		     " ('b', CAST(x'410042' AS TEXT)), (CAST(x'fe' AS TEXT), ''), ('d', 'D')");
	testbed_exec(&testbed, "UPDATE office SET name = 'A' WHERE code = 'a'");
	testbed_exec(&testbed, "UPDATE office SET name = CAST(x'c3' AS TEXT) WHERE code = 'd'");
	testbed_exec(&testbed, "INSERT INTO successor VALUES(9, CAST(x'ff' AS TEXT), 'n', NULL)");
	testbed_exec(&testbed, "UPDATE successor SET share = '1'"); /* its key is damaged */
	assert_int_equal(event_append(testbed.db,
				      &(struct event_form){ .who = "test", .kind = "one" }, NULL,
				      &err),
			 0);
	testbed_exec(&testbed, "COMMIT");
	assert_replayed(testbed.db);
	testbed_close(&testbed);
}

/* I11: nor does it keep a province from its newer program. */
static void a_ledger_begins_on_what_is_damaged(void **state)
{
	struct testbed testbed;
	(void)state;
	testbed_open(&testbed, NULL, NULL, NULL, false);
	testbed_pause(&testbed, true);
	testbed_exec(&testbed,
		     "DELETE FROM event; CREATE TABLE audit_before(id INTEGER PRIMARY KEY,"
		     " at_us, who, what, detail);"
		     "INSERT INTO audit_before VALUES(1, 5, 'w', 'k', CAST(x'ff' AS TEXT)),"
		     " (2, 6, x'00', 'k', 'whole');"
		     "INSERT INTO office(code, name) VALUES('a', CAST(x'41ff42' AS TEXT))");
	testbed_pause(&testbed, false);
	if (events_open(testbed.db, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(testbed_number(&testbed, "SELECT count(*) FROM event WHERE kind = 'k' AND"
						  " (detail = '' OR detail = 'whole')"),
			 2);
	assert_replayed(testbed.db);
	testbed_close(&testbed);
}

/* A cell of another kind than its column's, as only a disk can write it: the row can be replaced.
 */
static void a_number_that_is_damaged_is_changed_like_others(void **state)
{
	static const char *const damages[] = { "x'ff00'", "1.5", "'text'", "CAST(x'ff' AS TEXT)" };
	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct testbed testbed;
		char sql[160];
		testbed_open(&testbed, NULL, NULL, NULL, false);
		testbed_exec(&testbed, "INSERT INTO successor VALUES(9, 'o', 'n', '1')");
		testbed_exec(&testbed, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
				       " replace(sql, 'STRICT, ', '') WHERE name = 'successor';"
				       "PRAGMA writable_schema = RESET");
		(void)snprintf(sql, sizeof(sql), "UPDATE successor SET effective_on = %s",
			       damages[i]);
		testbed_exec(&testbed, sql);
		testbed_exec(&testbed, "UPDATE successor SET effective_on = 9");
		assert_int_equal(event_append(testbed.db,
					      &(struct event_form){ .who = "test", .kind = "one" },
					      NULL, &err),
				 0);
		(void)assert_linked(testbed.db);
		testbed_close(&testbed);
	}
}

static void a_head_is_told_and_read(void **state)
{
	struct ledger_head head = { .entry = 12, .event = 3 };
	uint8_t chain[CHAIN_LEN];
	int64_t position = 0;
	char text[HEAD_TEXT_MAX];
	(void)state;
	for (size_t i = 0; i < CHAIN_LEN; i++)
		head.chain[i] = (uint8_t)(i * 7);
	assert_string_equal(ledger_head_text(&head, text),
			    "15:00070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9");
	assert_int_equal(ledger_head_parse(text, &position, chain, &err), 0);
	assert_int_equal(position, 15);
	assert_memory_equal(chain, head.chain, CHAIN_LEN);
	static const char *const bad[] = { "", "15", "15:", ":00", "-1:00", "15:zz", "15:0007" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ledger_head_parse(bad[i], &position, chain, &err), -EINVAL);
	text[strlen(text) - 1] = '\0';
	assert_int_equal(ledger_head_parse(text, &position, chain, &err), -EINVAL);
}

static void time_does_not_run_backward(void **state)
{
	const struct ledger_head head = { .entry_us = 50, .event_us = 70 };
	(void)state;
	assert_int_equal(ledger_time(&head, 10), 71);
	assert_int_equal(ledger_time(&head, 70), 71);
	assert_int_equal(ledger_time(&head, 72), 72);
	assert_int_equal(ledger_time(&(struct ledger_head){ .entry_us = 90, .event_us = 70 }, 5),
			 90);
}

/* Of each position, against a walk over all rows in their order. */
static void what_somebody_keeps_is_judged_at_each_position(void **state)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *rows = NULL;
	struct ledger_head head;
	uint8_t chain[CHAIN_LEN];
	enum link_verdict verdict;
	(void)state;
	assert_int_equal(schema_open_scratch(&db, &err), 0);
	assert_int_equal(
		db_exec(db,
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
			"40) INSERT INTO journal(id, spool, seq, day, office, received_us, "
			"payload, chain) SELECT i, 1, i, 20000, 1, i, x'00', randomblob(32) FROM n",
			&err),
		0);
	assert_int_equal(
		db_exec(db,
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
			"15) INSERT INTO event(id, after_journal, at_us, moves, kind, who, detail, "
			"body, chain) SELECT i, min(i * i / 3, 40), i, 0, 'x', 'me', '', '{}', "
			"randomblob(32) FROM n",
			&err),
		0);
	assert_int_equal(db_prepare(db,
				    "SELECT chain FROM (SELECT after_journal AS a, id AS e, chain "
				    "FROM event UNION ALL SELECT id, 0, chain FROM journal)"
				    " ORDER BY a, e",
				    &rows, &err),
			 0);
	int64_t position = 0;
	while (db_step(rows, &err) == 1) {
		memcpy(chain, sqlite3_column_blob(rows, 0), CHAIN_LEN);
		position++;
		assert_int_equal(ledger_link_judge(db, position, chain, &verdict, &err), 0);
		assert_int_equal(verdict, LINK_AGREES);
		assert_int_equal(ledger_link_judge(db, position + 1, chain, &verdict, &err), 0);
		assert_int_equal(verdict, position < 55 ? LINK_DIFFERS : LINK_BEYOND);
		chain[31] ^= 1;
		assert_int_equal(ledger_link_judge(db, position, chain, &verdict, &err), 0);
		assert_int_equal(verdict, LINK_DIFFERS);
	}
	assert_int_equal(position, 55);
	assert_int_equal(ledger_head(db, &head, &err), 0);
	assert_true(ledger_position(&head) == 55);
	sqlite3_finalize(rows);
	/* a row that is damaged is no verdict */
	assert_int_equal(db_exec(db, "UPDATE journal SET chain = x'00' WHERE id = 7", &err), 0);
	for (position = 1; position <= 55; position++)
		if (ledger_link_judge(db, position, chain, &verdict, &err) < 0)
			break;
	assert_true(position <= 55);
	assert_int_equal(verdict, LINK_UNKNOWN);
	(void)sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stands_is_what_the_events_say),
		cmocka_unit_test(an_act_of_many_rows_goes_on_in_further_events),
		cmocka_unit_test(parts_of_a_commit_are_links_of_one_chain),
		cmocka_unit_test(a_link_that_is_damaged_stops_nobody),
		cmocka_unit_test(what_is_undone_is_in_no_event),
		cmocka_unit_test(a_text_that_is_damaged_is_changed_like_others),
		cmocka_unit_test(a_ledger_begins_on_what_is_damaged),
		cmocka_unit_test(a_number_that_is_damaged_is_changed_like_others),
		cmocka_unit_test(a_head_is_told_and_read),
		cmocka_unit_test(what_somebody_keeps_is_judged_at_each_position),
		cmocka_unit_test(time_does_not_run_backward),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
