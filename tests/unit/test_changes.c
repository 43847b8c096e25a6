/* The ledger as consumers read it: journal/changes_page.c, feed/changes_client.c. */
#include "feed/changes_client.h"
#include "journal/changes_page.h"
#include "rollup/replay.h"
#include "schema/chain.h"
#include "schema/epoch.h"
#include "schema/event.h"
#include "support/consumer.h"
#include "support/history.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The page behind @form->after, read by the client. */
static struct changes_page page_of(struct testbed *t, const struct changes_form *form)
{
	struct blob text = { 0 };
	struct changes_end end;
	struct changes_page page;
	if (changes_page(t->db, form, &text, &end, &t->err) < 0 ||
	    changes_page_read(text.data, text.len, form->after, &page, &t->err) < 0)
		fail_msg("%s: %.*s", t->err.text, (int)text.len, (const char *)text.data);
	assert_int_equal(page.position, end.position);
	assert_int_equal(page.n, end.n);
	assert_true(page.n <= form->most);
	blob_free(&text);
	return page;
}

/* All there is, in pages of @most. */
static void follow(struct testbed *t, struct consumer *consumer, unsigned most)
{
	for (size_t n = 1; n > 0;) {
		const struct changes_form form = { .after = consumer->position,
						   .epoch = consumer->epoch,
						   .figures = true,
						   .most = most };
		struct changes_page page = page_of(t, &form);
		if (consumer_take(consumer, &page, &t->err) < 0)
			fail_msg("%s", t->err.text);
		n = page.n;
		changes_page_free(&page);
	}
}

/* --- what a consumer has is what the province has --- */

struct same { /* the province's values, held against the consumer's */
	struct testbed *testbed;
	sqlite3_stmt *find;
	int64_t office;
	int32_t day;
	uint64_t n;
};

static int on_series(void *context, const struct replay_series *series, struct err *err)
{
	struct same *same = context;
	const struct metric *metric = series->metric;
	(void)err;
	for (uint32_t i = 0; i < series->n; i++) {
		const struct replay_slot *slot = &series->slots[i];
		char period[PERIOD_TEXT_MAX];
		if (slot->state != REPLAY_VALUE)
			continue;
		(void)period_format(period_in_day(metric->calendar, metric->period, same->day, i),
				    period);
		sqlite3_bind_int64(same->find, 1, same->office);
		sqlite3_bind_int64(same->find, 2, series->series);
		sqlite3_bind_text(same->find, 3, period, -1, SQLITE_STATIC);
		sqlite3_bind_text(same->find, 4, calendar_name(metric->calendar), -1,
				  SQLITE_STATIC);
		if (sqlite3_step(same->find) != SQLITE_ROW)
			fail_msg("the consumer lacks %s of office %lld", metric->name,
				 (long long)same->office);
		const char *text = (const char *)sqlite3_column_text(same->find, 0);
		int64_t value_e = 0;
		unsigned decimals = strchr(text, '.') ? (unsigned)strlen(strchr(text, '.') + 1) : 0;
		struct err err_of;
		assert_int_equal(decimal_parse(text, strlen(text), decimals, &value_e, &err_of), 0);
		assert_int_equal(decimal_rescale(value_e, decimals, metric->decimals, &value_e), 0);
		if (value_e != slot->value_e)
			fail_msg("%s %s of office %lld: %s, and %lld", metric->name, period,
				 (long long)same->office, text, (long long)slot->value_e);
		assert_int_equal(sqlite3_step(same->find), SQLITE_DONE);
		sqlite3_reset(same->find);
		same->n++;
	}
	return 0;
}

static void assert_same_rows(struct testbed *t, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(t->db, sql, -1, &stmt, NULL), SQLITE_OK);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		fail_msg("%s: %s", sql, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
}

/* Both ways: nothing more, nothing less. */
static void assert_same_table(struct testbed *t, const char *table, const char *columns)
{
	char sql[512];
	(void)snprintf(sql, sizeof(sql),
		       "SELECT '%s', * FROM (SELECT %s FROM main.%s EXCEPT SELECT %s FROM"
		       " consumer.%s)",
		       table, columns, table, columns, table);
	assert_same_rows(t, sql);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT '%s', * FROM (SELECT %s FROM consumer.%s EXCEPT SELECT %s FROM"
		       " main.%s)",
		       table, columns, table, columns, table);
	assert_same_rows(t, sql);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT 1 WHERE (SELECT count(*) FROM main.%s) <> (SELECT count(*) FROM"
		       " consumer.%s)",
		       table, table);
	assert_same_rows(t, sql);
}

static bool consumer_has(struct testbed *t, const char *table)
{
	char sql[160];
	(void)snprintf(sql, sizeof(sql),
		       "SELECT count(*) FROM consumer.sqlite_master WHERE name = '%s'", table);
	return testbed_number(t, sql) > 0;
}

static uint64_t assert_same(struct testbed *t, const char *path)
{
	static const struct {
		const char *table, *columns;
	} tables[] = {
		{ "unit", "id, code, name, level, parent, valid_from, valid_to" },
		{ "successor", "*" },
		{ "office", "*" },
		{ "assignment", "*" },
		{ "closing", "*" },
		{ "quarantine", "journal, run, point, verdict, observations, released_us" },
	};
	char sql[160];
	struct same same = { .testbed = t };
	struct err *err = &t->err;
	(void)snprintf(sql, sizeof(sql), "ATTACH '%s' AS consumer", path);
	testbed_exec(t, sql);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (consumer_has(t, tables[i].table))
			assert_same_table(t, tables[i].table, tables[i].columns);
		else {
			(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM main.%s",
				       tables[i].table);
			assert_int_equal(testbed_number(t, sql), 0);
		}
	}
	struct declarations *declarations = declarations_open(t->db, err);
	assert_non_null(declarations);
	declarations_forget(declarations, t->reference->catalogue);
	struct replay *replay = replay_open(t->db, declarations, err);
	assert_non_null(replay);
	sqlite3_stmt *days = NULL;
	assert_int_equal(
		sqlite3_prepare_v2(t->db,
				   "SELECT f.value FROM consumer.standing f JOIN main.series s"
				   " ON s.metric = f.metric AND s.labels = f.labels"
				   " WHERE f.office_id = ? AND s.id = ? AND f.period = ?"
				   " AND f.calendar = ?",
				   -1, &same.find, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(t->db, "SELECT DISTINCT office, day FROM main.journal",
					    -1, &days, NULL),
			 SQLITE_OK);
	while (sqlite3_step(days) == SQLITE_ROW) {
		same.office = sqlite3_column_int64(days, 0);
		same.day = sqlite3_column_int(days, 1);
		if (replay_each(replay, same.office, same.day, NULL, 0, on_series, &same, err) < 0)
			fail_msg("%s", err->text);
	}
	sqlite3_finalize(days);
	sqlite3_finalize(same.find);
	replay_close(replay);
	declarations_close(declarations);
	/* Nothing counts here that does not count there. */
	assert_int_equal(testbed_number(t, "SELECT count(*) FROM consumer.standing"), same.n);
	testbed_exec(t, "DETACH consumer");
	return same.n;
}

static void a_consumer_has_what_the_province_has(struct dice *dice, void *context)
{
	struct history h = { 0 };
	struct testbed t;
	struct consumer consumer;
	uint64_t *compared = context;
	char path[128];
	history_make(&h, dice, (size_t)dice_between(dice, 20, 120));
	h.dice = dice;
	history_make_acts(&h, 12);
	history_in_order(&h, 0);
	history_open(&h, &t);
	(void)snprintf(path, sizeof(path), "%s/consumer", t.folder);
	assert_int_equal(consumer_open(path, &consumer, &t.err), 0);
	for (size_t from = 0; from < h.n;) {
		size_t to = from + 1 + (size_t)dice_below(dice, h.n - from);
		history_post_part(&h, &t, from, to);
		follow(&t, &consumer, (unsigned)dice_between(dice, 1, 40));
		testbed_refresh(&t);
		from = to;
		consumer_close(&consumer); /* and comes back */
		*compared += assert_same(&t, path);
		assert_int_equal(consumer_open(path, &consumer, &t.err), 0);
	}
	consumer_close(&consumer);
	testbed_close(&t);
	history_free(&h);
}

static void consumers_have_what_the_province_has(void **state)
{
	(void)state;
	uint64_t compared = 0;
	for_all_seeds(40, a_consumer_has_what_the_province_has, &compared);
	if (!seeds_given())
		assert_true(compared > 1000);
}

/* --- as stored --- */

/* Each link follows from the one before and from what the item says: what is streamed as it is
 * stored is all that the chain covers. */
static void whoever_follows_can_reckon_the_chain(struct dice *dice, void *context)
{
	struct history h = { 0 };
	struct testbed t;
	uint8_t chain[CHAIN_LEN] = { 0 };
	int64_t position = 0;
	(void)context;
	history_make(&h, dice, 40);
	h.dice = dice;
	history_make_acts(&h, 8);
	history_in_order(&h, 0);
	history_open(&h, &t);
	history_post(&h, &t);
	for (size_t n = 1; n > 0;) {
		const struct changes_form form = { .after = position,
						   .most = (unsigned)dice_between(dice, 1, 30) };
		struct changes_page page = page_of(&t, &form);
		for (size_t i = 0; i < page.n; i++) {
			struct changes_item change;
			char hex[2 * CHAIN_LEN + 1];
			assert_int_equal(changes_item_read(&page, i, &change, &t.err), 0);
			assert_int_equal(change.position, ++position);
			if (change.kind == CHANGES_EVENT) {
				chain_event(chain,
					    &(struct chain_event){ .id = change.event.id,
								   .after_journal =
									   change.event.after_entry,
								   .at_us = change.at_us,
								   .moves = change.event.moves,
								   .kind = change.event.name,
								   .who = change.event.who,
								   .detail = change.event.detail,
								   .body = change.event.text });
			} else {
				struct blob payload = { 0 }, held = { 0 };
				assert_int_equal(change.kind, CHANGES_BATCH);
				assert_int_equal(
					changes_bytes(change.batch.payload, &payload, &t.err), 0);
				assert_int_equal(changes_bytes(change.batch.held, &held, &t.err),
						 0);
				chain_entry(chain, &(struct chain_entry){
							   .office = change.batch.office_id,
							   .spool_id = change.batch.spool,
							   .seq = (uint64_t)change.batch.seq,
							   .received_us = change.at_us,
							   .held = held.data,
							   .held_len = held.len,
							   .payload = payload.data,
							   .len = payload.len });
				blob_free(&payload);
				blob_free(&held);
			}
			assert_string_equal(change.link,
					    sodium_bin2hex(hex, sizeof(hex), chain, CHAIN_LEN));
		}
		n = page.n;
		assert_int_equal(page.position, position);
		changes_page_free(&page);
	}
	struct ledger_head head;
	assert_int_equal(ledger_head(t.db, &head, &t.err), 0);
	assert_int_equal(position, ledger_position(&head));
	assert_memory_equal(chain, head.chain, CHAIN_LEN);
	testbed_close(&t);
	history_free(&h);
}

static void the_chain_can_be_reckoned(void **state)
{
	(void)state;
	for_all_seeds(20, whoever_follows_can_reckon_the_chain, NULL);
}

/* --- one province --- */

static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
			    "P,P,province,,2000-01-01,\nA,A,commune,P,2000-01-01,\n";
static const char catalogue[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,decimals,dimensions,carry,level,"
	"due_days,min,max\n"
	"m,M,M,u,flow,sum,sum,month,1,k,,commune,5,0,100\n";

static void one_open(struct testbed *t, struct testbed_spool *spool)
{
	testbed_open(t, units, catalogue, NULL, false);
	*spool = (struct testbed_spool){ .office = testbed_office(t, "o1", "A", 20000), .id = 7 };
	testbed_refresh(t);
}

static int refused(struct testbed *t, int64_t after, int64_t epoch, struct changes_end *end)
{
	const struct changes_form form = { .after = after, .epoch = epoch, .most = 10 };
	struct blob text = { 0 };
	int rc = changes_page(t->db, &form, &text, end, &t->err);
	blob_free(&text);
	return rc;
}

static void another_epoch_and_a_position_beyond_the_end_begin_anew(void **state)
{
	struct testbed t;
	struct testbed_spool spool;
	struct changes_end end;
	int64_t epoch = 0;
	(void)state;
	one_open(&t, &spool);
	testbed_record(&t, &spool, "m", "k=a", "2025-06", 125, 1);
	assert_int_equal(epoch_read(t.db, &epoch, &t.err), 0);
	assert_int_equal(refused(&t, 0, epoch, &end), 0);
	assert_int_equal(end.epoch, epoch);
	assert_int_equal(refused(&t, end.head, epoch, &end), 0);
	assert_int_equal(end.n, 0);
	assert_int_equal(refused(&t, end.head + 1, epoch, &end), -ESTALE);
	assert_non_null(strstr(t.err.text, "beyond the ledger"));
	assert_int_equal(refused(&t, 0, epoch + 1, &end), -ESTALE);
	assert_int_equal(end.epoch, epoch);
	assert_non_null(strstr(t.err.text, "start again"));
	assert_int_equal(epoch_renew(t.db, &t.err), 0);
	assert_int_equal(refused(&t, 1, epoch, &end), -ESTALE);
	assert_true(end.epoch > epoch);
	testbed_close(&t);
}

static void a_damaged_row_has_its_position_and_the_next_are_told(void **state)
{
	static const struct {
		const char *sql, *why;
	} cases[] = {
		{ "UPDATE journal SET payload = x'00' WHERE id = 2", "another day" },
		{ "UPDATE journal SET payload = x'ff' WHERE id = 2", "" },
		{ "UPDATE journal SET chain = x'00' WHERE id = 2", "chain" },
		{ "UPDATE journal SET held = x'05' WHERE id = 2", "held" },
		{ "DELETE FROM journal WHERE id = 2", "missing" },
		{ "UPDATE event SET body = '{' WHERE id = 2", "JSON" },
		{ "DELETE FROM event WHERE id = 1", "missing" },
		{ "DELETE FROM declared", "declared" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct testbed t;
		struct testbed_spool spool;
		one_open(&t, &spool);
		for (int month = 0; month < 3; month++)
			testbed_record(&t, &spool, "m", "k=a",
				       (const char *[]){ "2025-05", "2025-06", "2025-07" }[month],
				       125, 1);
		const struct changes_form form = { .figures = true, .most = 100 };
		struct changes_page whole = page_of(&t, &form);
		testbed_exec(&t, "PRAGMA foreign_keys=OFF");
		testbed_exec(&t, cases[i].sql);
		struct changes_page page = page_of(&t, &form);
		assert_int_equal(page.n, whole.n);
		size_t damaged = 0;
		for (size_t k = 0; k < page.n; k++) {
			struct changes_item change, was;
			if (changes_item_read(&page, k, &change, &t.err) < 0 ||
			    changes_item_read(&whole, k, &was, &t.err) < 0)
				fail_msg("%s: %s", cases[i].sql, t.err.text);
			if (change.kind == CHANGES_DAMAGED) {
				damaged++;
				if (!strstr(change.why, cases[i].why))
					fail_msg("%s: %s", cases[i].sql, change.why);
			} else {
				assert_string_equal(change.link, was.link);
			}
		}
		if (damaged != (strstr(cases[i].sql, "declared") ? 3u : 1u))
			fail_msg("%s: %zu damaged", cases[i].sql, damaged);
		changes_page_free(&page);
		changes_page_free(&whole);
		testbed_close(&t);
	}
}

static void a_page_is_bounded_in_bytes_and_has_one_item_at_least(void **state)
{
	struct testbed t;
	struct testbed_spool spool;
	static char filler[CHANGES_PAGE_BYTES / 2];
	(void)state;
	one_open(&t, &spool);
	memset(filler, 'x', sizeof(filler) - 1);
	for (int i = 0; i < 6; i++) {
		struct event_form form = { .who = "test",
					   .kind = "filler",
					   .more = json_pack("{s:s}", "x", filler) };
		assert_int_equal(db_begin(t.db, &t.err), 0);
		assert_int_equal(event_append(t.db, &form, NULL, &t.err), 0);
		assert_int_equal(db_commit(t.db, &t.err), 0);
		json_decref(form.more);
	}
	int64_t position = 0, pages = 0;
	for (size_t n = 1; n > 0; pages++) {
		const struct changes_form form = { .after = position, .most = 1000 };
		struct blob text = { 0 };
		struct changes_end end;
		assert_int_equal(changes_page(t.db, &form, &text, &end, &t.err), 0);
		assert_true(text.len < CHANGES_PAGE_BYTES + CHANGES_PAGE_BYTES / 2 + 4096);
		n = end.n;
		position = end.position;
		blob_free(&text);
	}
	assert_true(pages >= 4 && pages <= 5); /* two or three fit one */
	testbed_close(&t);
}

/* --- the client --- */

static void what_is_no_page_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"epoch\": 0, \"head\": \"1:\", \"position\": 0, \"items\": []}",
		"{\"epoch\": 1, \"head\": \"1\", \"position\": 0, \"items\": []}",
		"{\"epoch\": 1, \"head\": \"1:\", \"position\": 1, \"items\": []}",
		"{\"epoch\": 1, \"head\": \"1:\", \"position\": 2, \"items\": [{},{}]}",
		"{\"epoch\": 1, \"head\": \"1:\", \"position\": 0, \"items\": {}}",
	};
	static const char *const items[] = {
		"1",
		"{}",
		"{\"position\": 2, \"damaged\": {\"why\": \"x\"}}",
		"{\"position\": 1, \"damaged\": {}}",
		"{\"position\": 1, \"at_us\": 1, \"link\": \"\", \"event\": {}}",
		"{\"position\": 1, \"at_us\": 1, \"link\": \"\", \"batch\": {\"entry\": 1,"
		" \"office\": \"o\", \"office_id\": 1, \"spool\": \"7x\", \"seq\": 1,"
		" \"day\": \"2025-06-01\", \"payload\": \"\", \"held\": \"\"}}",
	};
	struct changes_page page;
	struct changes_item change;
	struct err err;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (changes_page_read(bad[i], strlen(bad[i]), 0, &page, &err) != -EBADMSG)
			fail_msg("%s", bad[i]);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		char text[512];
		(void)snprintf(text, sizeof(text),
			       "{\"epoch\": 1, \"head\": \"1:\", \"position\": 1, \"items\": [%s]}",
			       items[i]);
		assert_int_equal(changes_page_read(text, strlen(text), 0, &page, &err), 0);
		if (changes_item_read(&page, 0, &change, &err) != -EBADMSG)
			fail_msg("%s", items[i]);
		changes_page_free(&page);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(consumers_have_what_the_province_has),
		cmocka_unit_test(the_chain_can_be_reckoned),
		cmocka_unit_test(another_epoch_and_a_position_beyond_the_end_begin_anew),
		cmocka_unit_test(a_damaged_row_has_its_position_and_the_next_are_told),
		cmocka_unit_test(a_page_is_bounded_in_bytes_and_has_one_item_at_least),
		cmocka_unit_test(what_is_no_page_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
