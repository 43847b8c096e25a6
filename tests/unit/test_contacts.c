/* When an office was last heard is known at once, kept now and then, and told after a restart. */
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

static void hear(struct fixture *f, int64_t office, int64_t at_us)
{
	now_us = at_us;
	contacts_note(f->contacts, office);
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
	assert_int_equal(rows(f, "SELECT at_us FROM contact WHERE office = 4"), 20);
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
	assert_int_equal(rows(f, "SELECT at_us FROM contact WHERE office = 1"), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_last_contact_is_told_at_once_and_after_a_stop),
		TEST(what_is_heard_is_not_written_before_its_turn_and_then_what_changed_alone),
		TEST(a_batch_is_a_contact_whatever_was_kept),
		TEST(what_could_not_be_kept_is_kept_later),
#undef TEST
	};
	return cmocka_run_group_tests_name("contacts", tests, NULL, NULL);
}
