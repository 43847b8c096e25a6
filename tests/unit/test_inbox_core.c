#include "inbox/inbox_core.h"
#include "support/seeds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SETTLE_MS 5000u

static struct inbox_listed listed(const char *name, uint64_t size, int64_t modified_ns)
{
	struct inbox_listed file = {
		.stamp = { .inode = 1, .size = size, .modified_ns = modified_ns }
	};
	(void)snprintf(file.name, sizeof(file.name), "%s", name);
	return file;
}

static void see(struct inbox_core *core, struct inbox_listed list[], size_t n, uint64_t now_ms)
{
	assert_int_equal(inbox_core_look(core, list, n, now_ms, &(struct err){ 0 }), 0);
}

static const char *next(const struct inbox_core *core, uint64_t now_ms, uint64_t *ret_wait_ms)
{
	const struct inbox_listed *file = inbox_core_next(core, now_ms, SETTLE_MS, ret_wait_ms);
	return file ? file->name : NULL;
}

static void what_is_to_be_looked_at_again_is_remembered_and_taken_again(void **state)
{
	struct inbox_core *core = inbox_core_open(), *later = inbox_core_open();
	struct inbox_listed file = listed("a.csv", 8, 100);
	struct blob memory = { 0 };
	uint64_t wait_ms;
	(void)state;
	see(core, &file, 1, 0);
	assert_false(inbox_core_look_again(core, "a.csv"));
	inbox_core_done(core, "a.csv", &file.stamp, INBOX_LOOK);
	assert_int_equal(inbox_core_remember(core, &memory), 0);
	assert_int_equal(
		inbox_core_recall(later, (const char *)memory.data, memory.len, &(struct err){ 0 }),
		0);
	blob_free(&memory);
	for (int restarted = 0; restarted < 2; restarted++) {
		struct inbox_core *now = restarted ? later : core;
		assert_true(inbox_core_look_again(now, "a.csv"));
		assert_false(inbox_core_look_again(now, "b.csv"));
		see(now, NULL, 0, 10); /* it was moved */
		see(now, &file, 1, 20);
		assert_non_null(next(now, 20 + SETTLE_MS, &wait_ms));
		inbox_core_done(now, "a.csv", &file.stamp, INBOX_GONE);
		assert_false(inbox_core_look_again(now, "a.csv"));
	}
	inbox_core_close(core);
	inbox_core_close(later);
}

static void only_files_of_people_count(void **state)
{
	(void)state;
	static const char *const ours[] = { "a.csv", "Tháng 6.csv", "x.xlsx",
					    "x",     "a b.TXT",     "done.csv" };
	static const char *const others[] = { "._a.xlsx",      "~$a.xlsx",  "a.csv.part",
					      "a.CSV.TMP",     "a.csv~",    "a.csv.errors.csv",
					      "a.crdownload",  "Thumbs.db", "desktop.ini",
					      "done",          "#a.csv#",   ".~lock.a.csv#",
					      "x.csv.filepart" };
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_true(inbox_name_judge(ours[i]) == INBOX_NAME_COUNTS);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(inbox_name_judge(others[i]), INBOX_NAME_PASSED);
}

static void a_table_that_somebody_may_wait_for_is_told(void **state)
{
	static const char *const told[] = { ".june.csv",
					    ".june.xlsx",
					    ".a.TXT",
					    "Th\xe1ng 6.csv",
					    "a\nb.csv",
					    ("\xe2\x80\xae"
					     "a.csv"),
					    "\xff" };
	static const char *const passed[] = { "._june.csv", ".~lock.a.csv", ".DS_Store",
					      ".june.csv.Xa93bd", ".lantoa-errors.tmp" };
	(void)state;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		assert_int_equal(inbox_name_judge(told[i]), INBOX_NAME_TOLD);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		assert_int_equal(inbox_name_judge(passed[i]), INBOX_NAME_PASSED);
}

static void a_file_is_whole_when_it_has_not_changed_for_a_while(void **state)
{
	(void)state;
	uint64_t wait_ms;
	struct inbox_core *core = inbox_core_open();
	struct inbox_listed file = listed("a", 1, 1);
	assert_null(next(core, 0, &wait_ms));
	assert_true(wait_ms == UINT64_MAX);
	see(core, &file, 1, 1000);
	assert_null(next(core, 1000, &wait_ms));
	assert_int_equal(wait_ms, SETTLE_MS);
	see(core, &file, 1, 4000);
	assert_null(next(core, 5999, &wait_ms));
	assert_int_equal(wait_ms, 1);
	file.stamp.size = 2;
	see(core, &file, 1, 5999);
	assert_null(next(core, 6000, &wait_ms));
	see(core, &file, 1, 10999);
	assert_string_equal(next(core, 10999, &wait_ms), "a");
	inbox_core_close(core);
}

static void what_was_dealt_with_rests_until_it_changes(void **state)
{
	(void)state;
	uint64_t wait_ms;
	const char *first;
	struct inbox_core *core = inbox_core_open();
	struct inbox_listed file = listed("a", 1, 1);
	see(core, &file, 1, 0);
	inbox_core_done(core, "a", &file.stamp, INBOX_NONE);
	see(core, &file, 1, 100000);
	assert_null(next(core, 200000, &wait_ms));
	assert_int_equal(inbox_core_count(core, INBOX_NONE, &first), 1);
	assert_string_equal(first, "a");
	file.stamp.changed_ns++;
	see(core, &file, 1, 200000);
	assert_int_equal(inbox_core_count(core, INBOX_NONE, NULL), 0);
	assert_string_equal(next(core, 205000, &wait_ms), "a");
	inbox_core_done(core, "a", &file.stamp, INBOX_NONE);
	assert_null(next(core, 205000, &wait_ms));
	inbox_core_anew(core);
	assert_string_equal(next(core, 205000, &wait_ms), "a");
	inbox_core_later(core, "a", 300000);
	assert_null(next(core, 205000, &wait_ms));
	assert_int_equal(wait_ms, 95000);
	inbox_core_close(core);
}

static void recall(struct inbox_core *core, const struct blob *memory)
{
	assert_int_equal(inbox_core_recall(core, (const char *)memory->data, memory->len,
					   &(struct err){ 0 }),
			 0);
}

static void what_was_recorded_and_lies_there_rests_over_a_restart(void **state)
{
	(void)state;
	uint64_t wait_ms;
	struct blob memory = { 0 }, again = { 0 };
	struct inbox_core *core = inbox_core_open();
	struct inbox_listed files[] = { listed("all", 1, 10), listed("gone", 1, 20),
					listed("none", 1, 30), listed("some a b", 1, 40) };
	static const enum inbox_part parts[] = { INBOX_ALL, INBOX_GONE, INBOX_NONE, INBOX_SOME };
	see(core, files, 4, 0);
	for (size_t i = 0; i < 4; i++)
		inbox_core_done(core, files[i].name, &files[i].stamp, parts[i]);
	assert_int_equal(inbox_core_remember(core, &memory), 0);
	inbox_core_close(core);

	core = inbox_core_open();
	recall(core, &memory);
	files[0].stamp.inode = 77; /* another system's disk, plugged in again */
	see(core, files, 4, 0);
	assert_string_equal(next(core, SETTLE_MS, &wait_ms), "gone");
	inbox_core_done(core, "gone", &files[1].stamp, INBOX_GONE);
	assert_string_equal(next(core, SETTLE_MS, &wait_ms), "none");
	inbox_core_done(core, "none", &files[2].stamp, INBOX_NONE);
	assert_null(next(core, SETTLE_MS, &wait_ms));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(inbox_core_count(core, parts[i], NULL), 1);
	see(core, NULL, 0, SETTLE_MS); /* the stick is pulled out for a while */
	inbox_core_anew(core);
	assert_int_equal(inbox_core_remember(core, &again), 0);
	assert_int_equal(again.len, memory.len);
	see(core, files, 4, 2 * SETTLE_MS);
	inbox_core_anew(core);
	assert_string_equal(next(core, 3 * SETTLE_MS, &wait_ms), "gone");
	files[3].stamp.changed_ns++; /* put there again, as it was */
	see(core, &files[3], 1, 2 * SETTLE_MS);
	assert_string_equal(next(core, 3 * SETTLE_MS, &wait_ms), "some a b");
	inbox_core_done(core, "some a b", &files[3].stamp, INBOX_SOME);
	again.len = 0;
	assert_int_equal(inbox_core_remember(core, &again), 0);
	assert_int_equal(again.len, memory.len);
	inbox_core_done(core, "some a b", &files[3].stamp, INBOX_GONE);
	again.len = 0;
	assert_int_equal(inbox_core_remember(core, &again), 0);
	assert_true(again.len < memory.len);
	inbox_core_close(core);

	core = inbox_core_open();
	recall(core, &memory);
	files[3].stamp.modified_ns++; /* another one, made while no agent ran */
	see(core, &files[3], 1, 0);
	assert_string_equal(next(core, SETTLE_MS, &wait_ms), "some a b");
	inbox_core_close(core);

	core = inbox_core_open(); /* what is no memory */
	static const struct blob nonsense = { (uint8_t *)"x\n1 2\n\n2 3 4 a\n5", 17, 17 };
	recall(core, &nonsense);
	inbox_core_close(core);
	blob_free(&memory);
	blob_free(&again);
}

static void the_file_modified_first_comes_first(void **state)
{
	(void)state;
	uint64_t wait_ms;
	struct inbox_core *core = inbox_core_open();
	struct inbox_listed files[] = { listed("b", 1, 30), listed("a", 1, 20),
					listed("c", 1, 10) };
	static const char *const order[] = { "c", "a", "b" };
	see(core, files, 3, 0);
	for (size_t i = 0; i < 3; i++) {
		const char *name = next(core, SETTLE_MS, &wait_ms);
		assert_string_equal(name, order[i]);
		for (size_t k = 0; k < 3; k++)
			if (strcmp(files[k].name, name) == 0)
				inbox_core_done(core, order[i], &files[k].stamp, INBOX_GONE);
	}
	assert_null(next(core, SETTLE_MS, &wait_ms));
	inbox_core_close(core);
}

/* Whatever people do to five files: one is only handed out when it has rested, never twice as it
 * is, and once they let go, all of them are. */
static void whatever_happens_each_version_is_taken_once(struct dice *dice, void *context)
{
	enum { FILES = 5 };
	struct {
		uint64_t version, taken, since_ms;
	} files[FILES] = { { 0, 0, 0 } };
	(void)context;
	uint64_t now_ms = 0, wait_ms;
	struct inbox_core *core = inbox_core_open();
	for (int step = 0; step < 200; step++) {
		bool quiet = step >= 150;
		size_t which = dice_below(dice, FILES), n = 0;
		if (!quiet && dice_below(dice, 3) == 0) {
			files[which].version++;
			files[which].since_ms = now_ms;
		}
		struct inbox_listed list[FILES];
		for (size_t i = 0; i < FILES; i++) {
			char name[2] = { (char)('a' + i), '\0' };
			if (files[i].version > files[i].taken || dice_below(dice, 2))
				list[n++] = listed(name, files[i].version, (int64_t)i);
		}
		see(core, list, n, now_ms);
		const char *name = next(core, now_ms, &wait_ms);
		if (name) {
			size_t i = (size_t)(*name - 'a');
			assert_true(now_ms - files[i].since_ms >= SETTLE_MS);
			struct inbox_listed now = listed(name, files[i].version, (int64_t)i);
			files[i].taken = files[i].version;
			inbox_core_done(core, now.name, &now.stamp, INBOX_GONE);
		}
		now_ms += dice_below(dice, SETTLE_MS);
	}
	for (size_t i = 0; i < FILES; i++)
		assert_int_equal(files[i].version, files[i].taken);
	inbox_core_close(core);
}

static void each_version_is_taken_once_whatever_happens(void **state)
{
	(void)state;
	for_all_seeds(500, whatever_happens_each_version_is_taken_once, NULL);
}

/* Of more than are looked at together, those that are new come before those that rest. */
static void what_rests_makes_room(void **state)
{
	struct inbox_core *core = inbox_core_open();
	struct inbox_listed files[] = { listed("bad", 1, 1), listed("some", 1, 1),
					listed("new", 1, 1) };
	(void)state;
	see(core, files, 2, 0);
	assert_int_equal(inbox_core_rank(core, &files[0]), 0);
	for (size_t i = 0; i < 2; i++)
		inbox_core_done(core, files[i].name, &files[i].stamp,
				strcmp(files[i].name, "bad") == 0 ? INBOX_NONE : INBOX_SOME);
	struct inbox_listed bad = listed("bad", 1, 1), some = listed("some", 1, 1);
	assert_int_equal(inbox_core_rank(core, &bad), 2);
	assert_int_equal(inbox_core_rank(core, &some), 1);
	assert_int_equal(inbox_core_rank(core, &files[2]), 0);
	bad.stamp.size = 2; /* it was corrected */
	assert_int_equal(inbox_core_rank(core, &bad), 0);
	see(core, &files[2], 1, 1);
	assert_int_equal(inbox_core_rank(core, &some), 1); /* left out of a look, and remembered */
	inbox_core_close(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_that_somebody_may_wait_for_is_told),
		cmocka_unit_test(what_rests_makes_room),
		cmocka_unit_test(what_is_to_be_looked_at_again_is_remembered_and_taken_again),
		cmocka_unit_test(only_files_of_people_count),
		cmocka_unit_test(a_file_is_whole_when_it_has_not_changed_for_a_while),
		cmocka_unit_test(what_was_dealt_with_rests_until_it_changes),
		cmocka_unit_test(what_was_recorded_and_lies_there_rests_over_a_restart),
		cmocka_unit_test(the_file_modified_first_comes_first),
		cmocka_unit_test(each_version_is_taken_once_whatever_happens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
