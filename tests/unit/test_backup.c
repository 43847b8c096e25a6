/* A backup that is made while the province works, and the province that comes back from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backup/backup.h"
#include "backup/backup_file.h"
#include "common/base/container.h"
#include "schema/epoch.h"
#include "server/restore.h"
#include "server/server_key.h"
#include "store/store.h"
#include "support/failing_disk.h"
#include "support/fault.h"
#include "support/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCHES 24u
#define STATES  64u /* of the store while it is copied; it has at most one for each batch */

static const uint8_t secret[KEY_LEN] = { 9, 8, 7, 6, 5 };

struct fixture {
	uint64_t reserve; /* of the disk */
	uv_loop_t loop;
	struct history history;
	struct testbed testbed; /* on the store's writer */
	struct store *store;
	struct backup *backup;
	struct dice dice;
	struct err err;
	unsigned ends; /* of runs */
	/* the office's side, so to say: what posts between the steps */
	struct store_job post;
	size_t posted;
	bool posting;
	struct state {
		size_t posted;
		struct blob dump;
	} states[STATES];
	size_t n_states;
	/* what comes out */
	char folder[SCRATCH_MAX], file[96];
};

static void on_end(void *context)
{
	((struct fixture *)context)->ends++;
}

static void fixture_open(struct fixture *f, size_t batches, size_t acts, unsigned step_pages)
{
	const struct backup_config config = { .secret_key = secret,
					      .reserve = &f->reserve,
					      .step_pages = step_pages,
					      .on_end = on_end,
					      .context = f };
	history_make(&f->history, &f->dice, batches);
	if (acts > 0)
		history_make_acts(&f->history, acts);
	history_open(&f->history, &f->testbed);
	testbed_release(&f->testbed);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(store_open(&f->loop, f->testbed.path, 1, &f->store, &f->err), 0);
	testbed_borrow(&f->testbed, store_writer(f->store));
	struct backup_config with_store = config;
	with_store.store = f->store;
	assert_int_equal(backup_open(&f->loop, &with_store, &f->backup, &f->err), 0);
	scratch_make(true, f->folder);
	(void)snprintf(f->file, sizeof(f->file), "%s/b", f->folder);
}

static void fixture_close(struct fixture *f)
{
	backup_close(f->backup);
	testbed_release(&f->testbed);
	store_close(f->store);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	for (size_t i = 0; i < f->n_states; i++)
		blob_free(&f->states[i].dump);
	scratch_remove(f->testbed.folder);
	scratch_remove(f->folder);
	history_free(&f->history);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->dice = dice_seeded(5);
	fixture_open(f, BATCHES, 0, 4);
	history_post(&f->history, &f->testbed);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	free(*state);
	return 0;
}

/* --- how it goes --- */

static void remember(struct fixture *f)
{
	assert_true(f->n_states < STATES);
	f->states[f->n_states].posted = f->posted;
	testbed_dump(f->testbed.db, &f->states[f->n_states++].dump);
}

static int post_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct fixture *f = container_of(job, struct fixture, post);
	size_t to = f->posted + 1 + (size_t)dice_below(&f->dice, 2);
	(void)db, (void)err;
	assert_null(reference); /* it is no transaction: */
	assert_true(sqlite3_get_autocommit(db));
	to = to < f->history.n ? to : f->history.n;
	history_post_part(&f->history, &f->testbed, f->posted, to);
	f->posted = to;
	remember(f);
	return 0;
}

static bool copying(struct fixture *f)
{
	struct blob told = { 0 };
	assert_int_equal(backup_tell(f->backup, 0, &told, &f->err), 0);
	assert_int_equal(blob_append(&told, "", 1), 0);
	bool yes = strstr((char *)told.data, "\"stage\": \"copy\"");
	blob_free(&told);
	return yes;
}

static void post_next(struct fixture *f);

static void post_done(struct store_job *job, int rc, const struct err *err)
{
	struct fixture *f = container_of(job, struct fixture, post);
	(void)err;
	assert_int_equal(rc, 0);
	f->posting = false;
	if (copying(f))
		post_next(f);
}

static void post_next(struct fixture *f)
{
	if (f->posted == f->history.n)
		return;
	f->posting = true;
	f->post = (struct store_job){ .run = post_run, .done = post_done, .bare = true };
	store_write(f->store, &f->post);
}

static void wait_for_end(struct fixture *f)
{
	while (backup_running(f->backup) || f->posting)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
}

/* 0, or why it failed. */
static int make(struct fixture *f)
{
	struct blob told = { 0 };
	uint64_t run;
	int rc = backup_start(f->backup, LANGUAGE_ENGLISH, &run, &f->err);
	assert_int_equal(rc, 0);
	wait_for_end(f);
	rc = backup_tell(f->backup, run, &told, &f->err);
	blob_free(&told);
	return rc;
}

/* The copy, into f->file. */
static void fetch(struct fixture *f)
{
	char piece[4096], text[2 * 32 + 1];
	uint8_t digest[32];
	struct blob all = { 0 }, told = { 0 };
	struct stat info;
	uint64_t len;
	int fd, out = open(f->file, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	assert_true(out >= 0);
	assert_int_equal(backup_take(f->backup, &fd, &len, &f->err), 0);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(info.st_size, len);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(info.st_nlink, 0); /* it has no name any more */
	for (ssize_t n; (n = pread(fd, piece, sizeof(piece), (off_t)all.len)) > 0;)
		assert_int_equal(blob_append(&all, piece, (size_t)n), 0);
	close(fd);
	assert_int_equal(write(out, all.data, all.len), all.len);
	close(out);
	crypto_generichash(digest, sizeof(digest), all.data, all.len, NULL, 0);
	assert_int_equal(backup_tell(f->backup, 0, &told, &f->err), 0);
	assert_int_equal(blob_append(&told, "", 1), 0);
	assert_non_null(strstr((char *)told.data,
			       sodium_bin2hex(text, sizeof(text), digest, sizeof(digest))));
	blob_free(&all);
	blob_free(&told);
}

/* Which of the remembered states the database at @path holds. */
static const struct state *state_of(struct fixture *f, const char *path)
{
	sqlite3 *db;
	struct blob dump;
	const struct state *found = NULL;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	testbed_dump(db, &dump);
	sqlite3_close(db);
	for (size_t i = 0; i < f->n_states; i++)
		if (f->states[i].dump.len == dump.len &&
		    memcmp(f->states[i].dump.data, dump.data, dump.len) == 0)
			found = &f->states[i];
	blob_free(&dump);
	return found;
}

static int64_t epoch_of(const char *path)
{
	sqlite3 *db;
	int64_t epoch = 0;
	struct err err;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(epoch_read(db, &epoch, &err), 0);
	sqlite3_close(db);
	return epoch;
}

static int restore(struct fixture *f)
{
	struct config config = { .state_dir = f->folder };
	FILE *nowhere = fopen("/dev/null", "w");
	assert_non_null(nowhere);
	int rc = restore_run(&config, f->file, nowhere, &f->err);
	fclose(nowhere);
	return rc;
}

static void path_in(const struct fixture *f, const char *name, char path[128])
{
	(void)snprintf(path, 128, "%s/%s", f->folder, name);
}

static bool is_there(const struct fixture *f, const char *name)
{
	char path[128];
	path_in(f, name, path);
	return access(path, F_OK) == 0;
}

static bool anything_left(const char *folder)
{
	DIR *listing = opendir(folder);
	bool left = false;
	assert_non_null(listing);
	for (struct dirent *entry; (entry = readdir(listing));)
		left |= strstr(entry->d_name, ".copy") != NULL;
	closedir(listing);
	return left;
}

/* --- the laws --- */

/* The same province goes on from what came back, and ends as if nothing had happened. */
static void assert_goes_on(struct fixture *f, const struct state *from)
{
	char path[128];
	struct testbed again;
	struct blob one, two;
	struct table *table;
	path_in(f, "lantoa.db", path);
	testbed_open_at(&again, path);
	assert_int_equal(testbed_verify(&again, &table), 0);
	table_close(table);
	history_post_part(&f->history, &again, from->posted, f->history.n);
	history_post_part(&f->history, &f->testbed, f->posted, f->history.n);
	testbed_rollups(&again, &one);
	testbed_rollups(&f->testbed, &two);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
	blob_free(&one);
	blob_free(&two);
	testbed_release(&again);
}

static void whatever_is_written_meanwhile(struct dice *dice, void *context)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[128];
	uint64_t run;
	(void)context;
	assert_non_null(f);
	f->dice = *dice;
	size_t acts = dice_below(dice, 2) ? 5 : 0;
	fixture_open(f, BATCHES, acts, 1 + (unsigned)dice_below(dice, 6));
	f->posted = (size_t)dice_below(dice, BATCHES);
	history_post_part(&f->history, &f->testbed, 0, f->posted);
	remember(f);
	assert_int_equal(backup_start(f->backup, LANGUAGE_ENGLISH, &run, &f->err), 0);
	post_next(f);
	wait_for_end(f);
	assert_false(anything_left(f->testbed.folder));
	fetch(f);
	const struct state *copied = state_of(f, f->file);
	assert_non_null(copied);
	assert_true(copied + 2 >= f->states + f->n_states); /* one may have come after the end */
	assert_int_equal(restore(f), 0);
	path_in(f, "lantoa.db", path);
	assert_ptr_equal(state_of(f, path), copied);
	assert_int_equal(epoch_of(f->file), epoch_of(f->testbed.path));
	assert_true(epoch_of(path) > epoch_of(f->file)); /* who followed begins anew */
	if (acts == 0)                                   /* an order is given once */
		assert_goes_on(f, copied);
	fixture_close(f);
	free(f);
}

static void a_backup_is_the_store_at_its_end_and_comes_back(void **state)
{
	(void)state;
	for_all_seeds(25, whatever_is_written_meanwhile, NULL);
}

static void assert_all_or_nothing(struct fixture *f, unsigned doors)
{
	for (unsigned after = 0;; after++) {
		fault_arm_at(doors, after);
		int rc = make(f);
		bool fired = fault_disarm();
		assert_false(anything_left(f->testbed.folder));
		testbed_exec(&f->testbed, "UPDATE fact SET value = value"); /* the writer lives */
		if (rc == 0) {
			fetch(f);
			assert_ptr_equal(state_of(f, f->file), &f->states[0]);
		}
		if (!fired) {
			assert_int_equal(rc, 0);
			assert_true(after > 0);
			return;
		}
	}
}

static void a_failed_backup_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	remember(f);
	assert_all_or_nothing(f, FAULT_DISK);
	assert_all_or_nothing(f, FAULT_FULL);
}

static void a_backup_that_is_cancelled_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t run;
	remember(f);
	for (unsigned turns = 0;; turns++) {
		struct blob told = { 0 };
		assert_int_equal(backup_start(f->backup, LANGUAGE_ENGLISH, &run, &f->err), 0);
		for (unsigned i = 0; i < turns && backup_running(f->backup); i++)
			(void)uv_run(&f->loop, UV_RUN_ONCE);
		bool through = !backup_running(f->backup);
		uint64_t steps = store_progress(f->store);
		backup_cancel(f->backup);
		wait_for_end(f);
		assert_true(store_progress(f->store) <= steps + 2); /* the one in work, its end */
		assert_false(anything_left(f->testbed.folder));
		assert_int_equal(f->ends, turns + 1);
		if (through)
			break;
		if (backup_tell(f->backup, run, &told, &f->err) < 0) /* or it was quicker */
			assert_true(f->err.code == -ECANCELED || f->err.code == -EINTR);
		blob_free(&told);
	}
	assert_int_equal(make(f), 0);
	fetch(f);
	assert_ptr_equal(state_of(f, f->file), &f->states[0]);
}

/* The copy would push the figures out: they stop at the reserve. */
static void a_backup_that_would_take_the_reserve_is_refused_before_it_begins(void **state)
{
	struct fixture *f = *state;
	f->reserve = UINT64_C(1) << 60;
	assert_int_equal(make(f), -ENOSPC);
	assert_non_null(strstr(f->err.text, "its reserve among them"));
	assert_false(anything_left(f->testbed.folder));
	f->reserve = 0;
	assert_int_equal(make(f), 0);
}

static void what_a_crash_left_goes_with_the_next_start(void **state)
{
	struct fixture *f = *state;
	struct backup_config config = { .store = f->store, .secret_key = secret };
	struct backup *next;
	char path[128];
	(void)snprintf(path, sizeof(path), "%s.copy", f->testbed.path);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(backup_open(&f->loop, &config, &next, &f->err), 0);
	assert_false(anything_left(f->testbed.folder));
	backup_close(next);
}

static void one_at_a_time_and_fetched_once(void **state)
{
	struct fixture *f = *state;
	struct blob told = { 0 };
	uint64_t run, len;
	int fd;
	assert_int_equal(backup_tell(f->backup, 0, &told, &f->err), -ENOENT);
	assert_int_equal(backup_take(f->backup, &fd, &len, &f->err), -ENOENT);
	assert_int_equal(backup_start(f->backup, LANGUAGE_ENGLISH, &run, &f->err), 0);
	assert_int_equal(backup_start(f->backup, LANGUAGE_ENGLISH, &run, &f->err), -EEXIST);
	assert_int_equal(backup_take(f->backup, &fd, &len, &f->err), -ENOENT);
	assert_int_equal(backup_tell(f->backup, 2, &told, &f->err), -ENOENT);
	wait_for_end(f);
	assert_int_equal(backup_take(f->backup, &fd, &len, &f->err), 0);
	close(fd);
	assert_int_equal(backup_take(f->backup, &fd, &len, &f->err), -ENOENT);
	assert_int_equal(backup_tell(f->backup, 1, &told, &f->err), 0);
	assert_int_equal(make(f), 0); /* and nobody fetches it */
	assert_int_equal(backup_tell(f->backup, 1, &told, &f->err), -ENOENT);
	blob_free(&told);
}

/* --- restore --- */

static void made(struct fixture *f)
{
	remember(f);
	assert_int_equal(make(f), 0);
	fetch(f);
}

static void assert_refused(struct fixture *f, int code, const char *sentence)
{
	assert_int_equal(restore(f), code);
	if (!strstr(f->err.text, sentence))
		fail_msg("wanted '%s': %s", sentence, f->err.text);
	assert_false(anything_left(f->folder));
}

static void the_key_comes_back_and_leaves_no_trace_in_the_database(void **state)
{
	struct fixture *f = *state;
	struct server_key key;
	char path[128], piece[4096];
	bool new_one;
	made(f);
	assert_int_equal(restore(f), 0);
	path_in(f, "server.key", path);
	assert_int_equal(server_key_load(path, false, &key, &new_one, &f->err), 0);
	assert_memory_equal(key.secret_key, secret, KEY_LEN);
	path_in(f, "lantoa.db", path);
	int fd = open(path, O_RDONLY);
	for (ssize_t n; (n = read(fd, piece, sizeof(piece))) > 0;)
		assert_null(memmem(piece, (size_t)n, secret, KEY_LEN));
	close(fd);
}

static void nothing_is_put_over_a_province(void **state)
{
	struct fixture *f = *state;
	char path[128];
	made(f);
	assert_int_equal(restore(f), 0);
	assert_refused(f, -EEXIST, "lantoa.db is there already");
	path_in(f, "lantoa.db", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(restore(f), 0); /* its own key is in nobody's way */
	assert_int_equal(unlink(path), 0);
	path_in(f, "server.key", path);
	assert_int_equal(server_key_save(path, (const uint8_t[KEY_LEN]){ 1 }, &f->err), 0);
	assert_refused(f, -EEXIST, "not the key of the backup");
	assert_false(is_there(f, "lantoa.db"));
}

static void nothing_is_put_where_an_aggregator_works(void **state)
{
	struct fixture *f = *state;
	char path[128];
	int lock;
	made(f);
	path_in(f, "lantoa.db", path);
	assert_int_equal(store_lock(path, &lock, &f->err), 0);
	assert_refused(f, -EBUSY, "stop that one first");
	close(lock);
	assert_int_equal(restore(f), 0);
}

/* @sql is done to the backup first. */
static void assert_refused_after(struct fixture *f, const char *sql, int code, const char *sentence)
{
	sqlite3 *db;
	assert_int_equal(make(f), 0);
	fetch(f);
	assert_int_equal(sqlite3_open(f->file, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
	assert_refused(f, code, sentence);
	assert_false(is_there(f, "lantoa.db") || is_there(f, "server.key"));
}

static void what_is_no_backup_or_damaged_is_refused(void **state)
{
	struct fixture *f = *state;
	struct stat info;
	made(f);
	assert_refused_after(f, "DROP TABLE backup", -EINVAL, "is not a backup");
	assert_refused_after(f, "DELETE FROM backup", -EUCLEAN, "label is damaged");
	assert_refused_after(f, "UPDATE backup SET entries = -1", -EUCLEAN, "label is damaged");
	assert_refused_after(f, "PRAGMA application_id=1", -EINVAL, "another program");
	assert_refused_after(f, "PRAGMA user_version=1000", -EINVAL, "is newer than this");
	assert_refused_after(f, "UPDATE backup SET entries = entries + 1", -EUCLEAN, "label says");
	assert_refused_after(f, "DELETE FROM journal WHERE id = (SELECT max(id) FROM journal)",
			     -EUCLEAN, "label says");
	assert_refused_after(
		f, "UPDATE journal SET payload = CAST(payload || x'00' AS BLOB) WHERE id = 3",
		-EUCLEAN, "damaged at journal entry 3");
	assert_int_equal(make(f), 0);
	fetch(f);
	assert_int_equal(stat(f->file, &info), 0);
	assert_int_equal(truncate(f->file, info.st_size / 2), 0);
	assert_refused(f, -EUCLEAN, "damaged");
	assert_int_equal(truncate(f->file, 0), 0);
	assert_refused(f, -EINVAL, "is not a backup");
	int fd = open(f->file, O_WRONLY);
	assert_int_equal(write(fd, "no database at all, but longer than a header of one", 51), 51);
	assert_int_equal(ftruncate(fd, 8192), 0);
	close(fd);
	assert_refused(f, -EUCLEAN, "not a database");
	assert_int_equal(unlink(f->file), 0);
	assert_refused(f, -ENOENT, f->file);
}

static void a_journal_that_is_damaged_is_not_backed_up(void **state)
{
	struct fixture *f = *state;
	testbed_exec(&f->testbed, "UPDATE journal SET seq = seq + 1 WHERE id = 2");
	assert_int_equal(make(f), -EUCLEAN);
	assert_non_null(strstr(f->err.text, "damaged at journal entry 2"));
	assert_false(anything_left(f->testbed.folder));
}

/* The disk as SQLite sees it, then as we do. */
static void some_disk_arm(unsigned which, unsigned after)
{
	if (which == 0)
		fault_arm(after);
	else
		failing_disk_arm((int)after, which == 2);
}

static void a_restore_that_fails_can_be_done_again(void **state)
{
	struct fixture *f = *state;
	char path[128];
	made(f);
	path_in(f, "lantoa.db", path);
	for (unsigned which = 0; which < 3; which++) {
		bool fired = true;
		for (unsigned after = 0; fired; after++) {
			some_disk_arm(which, after);
			int rc = restore(f);
			fired = fault_disarm();
			fired |= failing_disk_disarm();
			assert_false(anything_left(f->folder));
			assert_true(rc == 0 || fired);
			if (is_there(f, "lantoa.db")) { /* whole, whatever was said */
				assert_ptr_equal(state_of(f, path), &f->states[0]);
				assert_true(is_there(f, "server.key"));
				assert_int_equal(unlink(path), 0);
			} else {
				assert_true(rc < 0);
			}
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backup_is_the_store_at_its_end_and_comes_back),
		TEST(a_failed_backup_leaves_nothing),
		TEST(a_backup_that_is_cancelled_leaves_nothing),
		TEST(a_backup_that_would_take_the_reserve_is_refused_before_it_begins),
		TEST(what_a_crash_left_goes_with_the_next_start),
		TEST(one_at_a_time_and_fetched_once),
		TEST(the_key_comes_back_and_leaves_no_trace_in_the_database),
		TEST(nothing_is_put_over_a_province),
		TEST(nothing_is_put_where_an_aggregator_works),
		TEST(what_is_no_backup_or_damaged_is_refused),
		TEST(a_journal_that_is_damaged_is_not_backed_up),
		TEST(a_restore_that_fails_can_be_done_again),
	};
	fault_install();
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
