#include "common/sys/secret_file.h"
#include "support/failing_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define OLD "the old secret\n"
#define NEW "another secret, and a longer one\n"

/* ---- the fixture ---- */

struct fixture {
	char folder[32], path[64], fresh[80];
	char text[SECRET_FILE_MAX];
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	strcpy(f->folder, "/tmp/lantoa-secret-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/key", f->folder);
	(void)snprintf(f->fresh, sizeof(f->fresh), "%s.new", f->path);
	(void)failing_disk_disarm();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	(void)unlink(f->path);
	(void)unlink(f->fresh);
	assert_int_equal(rmdir(f->folder), 0); /* nothing else was left behind */
	free(f);
	return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void assert_holds(struct fixture *f, const char *text)
{
	if (secret_file_read(f->path, f->text, &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_string_equal(f->text, text);
}

/* ---- promises ---- */

static void what_is_written_is_read_back(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(secret_file_write(f->path, OLD, &f->err), 0);
	assert_holds(f, OLD);
	assert_int_equal(secret_file_write(f->path, NEW, &f->err), 0);
	assert_holds(f, NEW);
	assert_int_equal(secret_file_write(f->path, "", &f->err), 0);
	assert_holds(f, "");
}

static void nobody_else_may_read_it_whatever_the_umask(void **state)
{
	struct fixture *f = *state;
	static const mode_t masks[] = { 0, 022, 0277, 0777 };
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		struct stat info;
		mode_t old = umask(masks[i]);
		int rc = secret_file_write(f->path, NEW, &f->err);
		umask(old);
		assert_int_equal(rc, 0);
		assert_int_equal(stat(f->path, &info), 0);
		assert_int_equal(info.st_mode & 07777, 0600);
	}
}

static void a_file_that_others_can_read_is_refused_and_not_told(void **state)
{
	struct fixture *f = *state;
	static const mode_t modes[] = { 0640, 0604, 0620, 0601 };
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		put(f->path, OLD, modes[i]);
		strcpy(f->text, "as before");
		assert_int_equal(secret_file_read(f->path, f->text, &f->err), -EACCES);
		assert_string_equal(f->text, "as before");
		assert_non_null(strstr(f->err.text, "chmod 600"));
		assert_null(strstr(f->err.text, "the old"));
	}
}

static void what_is_no_small_file_is_refused(void **state)
{
	struct fixture *f = *state;
	char text[SECRET_FILE_MAX + 1];
	assert_int_equal(secret_file_read(f->path, f->text, &f->err), -ENOENT);
	assert_int_equal(secret_file_read(f->folder, f->text, &f->err), -EISDIR);
	memset(text, 'x', sizeof(text));
	text[SECRET_FILE_MAX - 1] = '\0';
	put(f->path, text, 0600);
	assert_holds(f, text);
	text[SECRET_FILE_MAX - 1] = 'x';
	text[SECRET_FILE_MAX] = '\0';
	put(f->path, text, 0600);
	assert_int_equal(secret_file_read(f->path, f->text, &f->err), -EINVAL);
}

static void what_could_not_be_read_back_is_not_written(void **state)
{
	struct fixture *f = *state;
	char text[SECRET_FILE_MAX + 1];
	memset(text, 'x', SECRET_FILE_MAX);
	text[SECRET_FILE_MAX] = '\0';
	assert_int_equal(secret_file_write(f->path, OLD, &f->err), 0);
	assert_int_equal(secret_file_write(f->path, text, &f->err), -EINVAL);
	assert_holds(f, OLD);
	text[SECRET_FILE_MAX - 1] = '\0';
	assert_int_equal(secret_file_write(f->path, text, &f->err), 0);
	assert_holds(f, text);
}

/* Someone opened what an earlier, broken write left behind. */
static void a_leftover_that_others_hold_open_hears_nothing(void **state)
{
	struct fixture *f = *state;
	char seen[SECRET_FILE_MAX];
	put(f->fresh, "", 0644);
	int spy = open(f->fresh, O_RDONLY | O_CLOEXEC);
	assert_true(spy >= 0);
	assert_int_equal(secret_file_write(f->path, NEW, &f->err), 0);
	assert_int_equal(read(spy, seen, sizeof(seen)), 0);
	close(spy);
	assert_holds(f, NEW);
}

static void a_link_in_its_way_is_not_followed(void **state)
{
	struct fixture *f = *state;
	char other[80];
	(void)snprintf(other, sizeof(other), "%s/other", f->folder);
	put(other, "mine\n", 0600);
	assert_int_equal(symlink(other, f->fresh), 0);
	assert_int_equal(secret_file_write(f->path, NEW, &f->err), 0);
	assert_holds(f, NEW);
	assert_int_equal(secret_file_read(other, f->text, &f->err), 0);
	assert_string_equal(f->text, "mine\n");
	(void)unlink(other);
}

static void it_is_on_disk_before_it_takes_its_name_and_its_name_before_the_answer(void **state)
{
	struct fixture *f = *state;
	failing_disk_arm(-1, false);
	assert_int_equal(secret_file_write(f->path, NEW, &f->err), 0);
	assert_string_equal(failing_disk_trace(), "owscrosc");
}

static void whatever_the_disk_refuses_the_old_or_the_new_is_there_whole(void **state)
{
	struct fixture *f = *state;
	for (int for_good = 0; for_good < 2; for_good++) {
		bool failed = true;
		for (int after = 0; failed; after++) {
			assert_int_equal(secret_file_write(f->path, OLD, &f->err), 0);
			failing_disk_arm(after, for_good);
			int rc = secret_file_write(f->path, NEW, &f->err);
			failed = failing_disk_disarm();
			assert_int_equal(secret_file_read(f->path, f->text, &f->err), 0);
			if (strcmp(f->text, NEW) != 0) {
				assert_true(rc < 0);
				assert_string_equal(f->text, OLD);
				assert_int_equal(access(f->fresh, F_OK), -1);
			}
			if (!failed)
				assert_int_equal(rc, 0);
		}
	}
}

static void a_folder_that_is_not_there_is_said(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(secret_file_write("/nonexistent/key", NEW, &f->err), -ENOENT);
	assert_string_equal(f->err.text, "/nonexistent/key: No such file or directory");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_back),
		TEST(nobody_else_may_read_it_whatever_the_umask),
		TEST(a_file_that_others_can_read_is_refused_and_not_told),
		TEST(what_is_no_small_file_is_refused),
		TEST(what_could_not_be_read_back_is_not_written),
		TEST(a_leftover_that_others_hold_open_hears_nothing),
		TEST(a_link_in_its_way_is_not_followed),
		TEST(it_is_on_disk_before_it_takes_its_name_and_its_name_before_the_answer),
		TEST(whatever_the_disk_refuses_the_old_or_the_new_is_there_whole),
		TEST(a_folder_that_is_not_there_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
