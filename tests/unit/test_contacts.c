/* When a key was last heard, and what its program said, is known at once, kept now and then, and
 * told after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "ingest/contacts.h"
#include "support/scratch.h"

#include <stdio.h>
#include <string.h>

static int64_t now_us;
static uv_timer_cb on_turn;
static uv_timer_t *turn;

int64_t __wrap_civil_now_us(void);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t wait_ms,
			  uint64_t repeat_ms);

int64_t __wrap_civil_now_us(void)
{
	return now_us;
}

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t wait_ms,
			  uint64_t repeat_ms)
{
	assert_int_equal(wait_ms, CONTACTS_KEEP_S * 1000);
	assert_int_equal(repeat_ms, CONTACTS_KEEP_S * 1000);
	on_turn = on_timer;
	turn = timer;
	return 0;
}

struct fixture {
	uv_loop_t loop;
	struct store *store;
	struct contacts *contacts;
	struct err err;
	char folder[SCRATCH_MAX], path[SCRATCH_MAX + 8];
};

static void on_change(void *context)
{
	(void)context;
}

static void begin(struct fixture *f)
{
	assert_int_equal(store_open(&f->loop, f->path, 1, &f->store, &f->err), 0);
	assert_int_equal(contacts_open(f->store, on_change, NULL, &f->contacts, &f->err), 0);
	contacts_start(f->contacts, &f->loop);
}

static void wait_for_store(struct fixture *f)
{
	while (store_waiting(f->store) > 0)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
}

/* @clean: or as a kill ends it, with what was kept by then. */
static void end(struct fixture *f, bool clean)
{
	if (clean)
		contacts_stop(f->contacts);
	else
		uv_close((uv_handle_t *)turn, NULL);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	if (clean)
		assert_false(contacts_busy(f->contacts));
	contacts_close(f->contacts);
	store_close(f->store);
	f->contacts = NULL;
}

static int64_t at(struct fixture *f, int64_t office)
{
	struct contact_list list;
	assert_int_equal(contacts_copy(f->contacts, &list), 0);
	for (size_t i = 1; i < list.n; i++)
		assert_true(list.list[i - 1].office < list.list[i].office);
	int64_t at_us = contact_list_at(&list, office);
	contact_list_free(&list);
	return at_us;
}

static const uint8_t line_a[8] = { 0, 1 }, line_b[8] = { 0, 2 }, line_c[8] = { 0, 3 };

/* The office's one key has its number, if not told otherwise. */
static struct listed_key key_of(int64_t office, int64_t key)
{
	return (struct listed_key){ .id = key, .office = office, .state = KEY_ACTIVE };
}

static void hear_over(struct fixture *f, int64_t office, int64_t key, const uint8_t line[8],
		      int64_t at_us)
{
	struct listed_key listed = key_of(office, key);
	now_us = at_us;
	contacts_note(f->contacts, &listed, line);
}

static void hear(struct fixture *f, int64_t office, int64_t at_us)
{
	hear_over(f, office, office, line_a, at_us);
}

/* A copy of what is known of that key. */
static struct contact known(struct fixture *f, int64_t office, int64_t key)
{
	struct contact_list list;
	struct contact found = { 0 };
	size_t n = 0;
	assert_int_equal(contacts_copy(f->contacts, &list), 0);
	const struct contact *of = contact_list_of(&list, office, &n);
	for (size_t i = 0; i < n; i++)
		if (of[i].key == key)
			found = of[i];
	contact_list_free(&list);
	return found;
}

static int64_t rows(struct fixture *f, const char *sql)
{
	int64_t n = -1;
	assert_int_equal(db_number(store_writer(f->store), sql, &n, &f->err), 0);
	return n;
}

static int setup(void **state)
{
	static struct fixture f;
	f = (struct fixture){ 0 };
	scratch_make(true, f.folder);
	(void)snprintf(f.path, sizeof(f.path), "%s/p.db", f.folder);
	assert_int_equal(uv_loop_init(&f.loop), 0);
	begin(&f);
	assert_int_equal(db_exec(store_writer(f.store),
				 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
				 " WHERE i < 300) INSERT INTO office(id, code, name)"
				 " SELECT i, i, 'o' FROM n",
				 &f.err),
			 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	if (f->contacts)
		end(f, true);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	scratch_remove(f->folder);
	return 0;
}

/* In whatever order they come, more than fit at first; the last word counts, earlier or later. */
static void the_last_contact_is_told_at_once_and_after_a_stop(void **state)
{
	struct fixture *f = *state;
	for (int64_t i = 0; i < 300; i++)
		hear(f, 1 + i * 7 % 300, 1000 + i * 7 % 300);
	hear(f, 7, 5000);
	hear(f, 8, 500); /* the clock was set back, and this is when it was heard */
	for (int times = 0; times < 2; times++) {
		for (int64_t office = 1; office <= 300; office++)
			assert_int_equal(at(f, office), office == 7   ? 5000
							: office == 8 ? 500
								      : 999 + office);
		assert_int_equal(at(f, 301), 0);
		end(f, true);
		begin(f);
	}
}

static void what_is_heard_is_not_written_before_its_turn_and_then_what_changed_alone(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = store_writer(f->store);
	for (int64_t office = 1; office <= 300; office++)
		hear(f, office, 10);
	int before = sqlite3_total_changes(db);
	wait_for_store(f);
	assert_int_equal(sqlite3_total_changes(db), before);
	on_turn(turn);
	wait_for_store(f);
	assert_int_equal(rows(f, "SELECT count(*) FROM contact WHERE at_us = 10"), 300);
	hear(f, 4, 20);
	before = sqlite3_total_changes(db);
	on_turn(turn);
	wait_for_store(f);
	assert_int_equal(rows(f, "SELECT at_us FROM contact WHERE key = 4"), 20);
	assert_int_equal(sqlite3_total_changes(db), before + 1);
	on_turn(turn); /* nothing is new */
	assert_int_equal(store_waiting(f->store), 0);
	hear(f, 4, 30);
	end(f, false);
	begin(f);
	assert_int_equal(at(f, 4), 20); /* the bound that is promised */
}

static void a_batch_is_a_contact_whatever_was_kept(void **state)
{
	struct fixture *f = *state;
	hear(f, 1, 100);
	hear(f, 2, 300);
	assert_int_equal(
		db_exec(store_writer(f->store),
			"INSERT INTO spool(office, spool_id, upto, last_received_us) VALUES"
			" (1, 1, 3, 200), (2, 1, 3, 200), (3, 1, 2, 150), (3, 2, 1, 170),"
			" (4, 1, 0, 0)",
			&f->err),
		0);
	end(f, true);
	begin(f);
	assert_int_equal(at(f, 1), 200);
	assert_int_equal(at(f, 2), 300);
	assert_int_equal(at(f, 3), 170);
	assert_int_equal(at(f, 4), 0);
}

/* An office that was given another key has two, of which the one heard last speaks for it; and a
 * batch, of which nobody noted the key, is the newest one's. */
static void each_key_is_known_by_itself(void **state)
{
	struct fixture *f = *state;
	hear_over(f, 1, 70, line_a, 100);
	hear_over(f, 1, 50, line_a, 200);
	hear_over(f, 2, 60, line_a, 900);
	assert_int_equal(
		db_exec(store_writer(f->store),
			"INSERT INTO office_key(id, office, public_key, state, created_us,"
			" changed_us) VALUES (31, 3, randomblob(32), 2, 0, 0),"
			" (32, 3, randomblob(32), 4, 0, 0);"
			"INSERT INTO spool(office, spool_id, upto, last_received_us) VALUES"
			" (1, 1, 3, 300), (3, 1, 1, 170)",
			&f->err),
		0);
	for (int times = 0; times < 2; times++) {
		struct contact_list list;
		size_t n = 0;
		assert_int_equal(contacts_copy(f->contacts, &list), 0);
		assert_int_equal(contact_list_newest(&list, 1)->key, 50);
		assert_non_null(contact_list_of(&list, 1, &n));
		assert_int_equal(n, 2);
		assert_null(contact_list_of(&list, 4, &n));
		assert_int_equal(n, 0);
		assert_null(contact_list_newest(&list, 4));
		contact_list_free(&list);
		assert_int_equal(known(f, 1, 70).at_us, 100);
		assert_int_equal(known(f, 1, 50).at_us, times ? 300 : 200);
		assert_int_equal(known(f, 3, 31).at_us, times ? 170 : 0);
		end(f, true);
		begin(f);
	}
}

static const Lantoa__V1__Condition *condition(void)
{
	static Lantoa__V1__Condition told;
	lantoa__v1__condition__init(&told);
	told.backlog = 12;
	told.oldest_us = 77;
	told.spool_full = 501;
	told.clock = LANTOA__V1__CONDITION__CLOCK_TRUST__CLOCK_BY_BATTERY;
	told.push_interval_s = 90;
	return &told;
}

static void assert_told(const struct contact *contact)
{
	assert_string_equal(contact->version, "1.10.2");
	assert_int_equal(contact->protocol, 3);
	assert_int_equal(contact->hello_us, 1000);
	assert_int_equal(contact->told_us, 2000);
	assert_int_equal(contact->backlog, 12);
	assert_int_equal(contact->oldest_us, 77);
	assert_int_equal(contact->spool_full, 501);
	assert_string_equal(contact_clock_word(contact->clock), "battery");
	assert_int_equal(contact->push_interval_s, 90);
}

/* With Hello and with Ping, as soon as it was said and after a restart; a program that says nothing
 * any more is not told by what another one said before. */
static void what_a_program_says_of_itself_stays_known(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
	struct listed_key key = key_of(5, 9);
	hello.protocol_min = 1;
	hello.protocol_max = 7;
	hello.version = (char *)(uintptr_t) "1.10.2";
	hear_over(f, 5, 9, line_a, 1000);
	contacts_hello(f->contacts, &key, &hello);
	assert_int_equal(known(f, 5, 9).told_us, 0);
	now_us = 2000;
	contacts_condition(f->contacts, &key, condition());
	contacts_condition(f->contacts, &key,
			   NULL); /* a Ping that says nothing takes nothing back */
	for (int times = 0; times < 2; times++) {
		struct contact found = known(f, 5, 9);
		assert_told(&found);
		end(f, true);
		begin(f);
	}
	hello.protocol_min = 8; /* no protocol in common, which is worth knowing */
	hello.protocol_max = 9;
	hello.version = (char *)(uintptr_t) "9.0";
	contacts_hello(f->contacts, &key, &hello);
	struct contact found = known(f, 5, 9);
	assert_string_equal(found.version, "9.0");
	assert_int_equal(found.protocol, 0);
	assert_int_equal(found.told_us, 0);
	assert_int_equal(found.backlog, 0);
	hello.version = (char *)(uintptr_t) "1.2.3-with-a-name-that-does-not-fit-here";
	contacts_hello(f->contacts, &key, &hello);
	found = known(f, 5, 9);
	assert_true(strlen(found.version) <= AGENT_VERSION_MAX);
}

#define S INT64_C(1000000)

/* One machine that connects again and again leaves its older lines behind, and what it sent over
 * them may come a little later; two machines go on speaking. */
static void two_machines_with_one_key_are_told_from_one_that_connects_again(void **state)
{
	struct fixture *f = *state;
	for (int64_t at = 0; at < 3600; at += 80) { /* a machine that connects anew each time */
		uint8_t line[8] = { 0, (uint8_t)(at / 80) };
		hear_over(f, 1, 1, line, (1000 + at) * S);
		if (line[1]-- % 2 == 1) /* what was under way */
			hear_over(f, 1, 1, line, (1002 + at) * S);
	}
	assert_int_equal(known(f, 1, 1).doubled_us, 0);
	/* an hour later it comes again, and the line before has nothing to say */
	hear_over(f, 1, 1, line_b, 9000 * S);
	hear_over(f, 1, 1, line_b, 9300 * S);
	assert_int_equal(known(f, 1, 1).doubled_us, 0);
	for (int64_t at = 0; at < 400; at += 80) { /* two, each pinging */
		hear_over(f, 2, 2, line_a, (1000 + at) * S);
		hear_over(f, 2, 2, line_c, (1010 + at) * S);
	}
	assert_int_equal(known(f, 2, 2).doubled_us, 1320 * S);
	hear_over(f, 2, 2, line_c, 1400 * S); /* the older is gone: no news */
	assert_int_equal(known(f, 2, 2).doubled_us, 1320 * S);
}

static void how_long_a_key_may_be_silent_goes_by_how_often_it_pushes(void **state)
{
	static const struct {
		uint32_t push_s;
		int64_t patience_s;
	} cases[] = { { 0, 26 * 3600 },     { 60, 600 },
		      { 300, 900 },         { 599, 3 * 599 },
		      { 600, 26 * 3600 },   { 3600, 26 * 3600 },
		      { 86400, 3 * 86400 }, { UINT32_MAX, INT64_C(3) * UINT32_MAX } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(contact_patience_us(
				    &(struct contact){ .push_interval_s = cases[i].push_s }) ==
			    cases[i].patience_s * S);
}

/* What a disk put there keeps nobody from starting. */
static void a_damaged_row_costs_itself(void **state)
{
	struct fixture *f = *state;
	hear(f, 1, 100);
	hear(f, 2, 100);
	end(f, true);
	begin(f);
	assert_int_equal(db_exec(store_writer(f->store),
				 "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql ="
				 " replace(sql, 'STRICT', '') WHERE name = 'contact';"
				 "PRAGMA writable_schema = 0; PRAGMA schema_version = 9999;",
				 &f->err),
			 0);
	assert_int_equal(db_exec(store_writer(f->store),
				 "UPDATE contact SET version = x'ff00ff', at_us = 'never',"
				 " clock = 1 << 40 WHERE key = 1",
				 &f->err),
			 0);
	end(f, false);
	begin(f);
	assert_int_equal(at(f, 2), 100);
	assert_int_equal(known(f, 1, 1).at_us, 0);
	assert_string_equal(known(f, 1, 1).version, "");
}

/* A disk that failed once is asked again at the next turn. */
static void what_could_not_be_kept_is_kept_later(void **state)
{
	struct fixture *f = *state;
	hear(f, 1, 100);
	assert_int_equal(db_exec(store_writer(f->store),
				 "CREATE TRIGGER no BEFORE INSERT ON contact BEGIN SELECT"
				 " RAISE(FAIL, 'the disk failed'); END",
				 &f->err),
			 0);
	on_turn(turn);
	wait_for_store(f);
	assert_int_equal(db_exec(store_writer(f->store), "DROP TRIGGER no", &f->err), 0);
	assert_int_equal(rows(f, "SELECT count(*) FROM contact"), 0);
	on_turn(turn);
	wait_for_store(f);
	assert_int_equal(rows(f, "SELECT at_us FROM contact WHERE key = 1"), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_last_contact_is_told_at_once_and_after_a_stop),
		TEST(what_is_heard_is_not_written_before_its_turn_and_then_what_changed_alone),
		TEST(a_batch_is_a_contact_whatever_was_kept),
		TEST(what_could_not_be_kept_is_kept_later),
		TEST(each_key_is_known_by_itself),
		TEST(what_a_program_says_of_itself_stays_known),
		TEST(two_machines_with_one_key_are_told_from_one_that_connects_again),
		TEST(how_long_a_key_may_be_silent_goes_by_how_often_it_pushes),
		TEST(a_damaged_row_costs_itself),
#undef TEST
	};
	return cmocka_run_group_tests_name("contacts", tests, NULL, NULL);
}
