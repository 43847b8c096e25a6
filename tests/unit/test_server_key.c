#include "common/model/invitation.h"
#include "common/sys/secret_file.h"
#include "server/server_key.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

struct fixture {
	char folder[32], path[64];
	struct server_key key;
	bool made;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_true(sodium_init() >= 0);
	strcpy(f->folder, "/tmp/lantoa-key-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/server.key", f->folder);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	(void)unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static int load(struct fixture *f)
{
	return server_key_load(f->path, true, &f->key, &f->made, &f->err);
}

static void put(struct fixture *f, const char *text)
{
	if (secret_file_write(f->path, text, &f->err) < 0)
		fail_msg("%s", f->err.text);
}

static void the_first_start_makes_a_pair_and_later_ones_find_it(void **state)
{
	struct fixture *f = *state;
	uint8_t public_key[KEY_LEN];
	assert_int_equal(load(f), 0);
	assert_true(f->made);
	(void)crypto_scalarmult_base(public_key, f->key.secret_key);
	assert_memory_equal(f->key.public_key, public_key, KEY_LEN);
	struct server_key first = f->key;
	for (int i = 0; i < 3; i++) {
		f->key = (struct server_key){ 0 };
		assert_int_equal(load(f), 0);
		assert_false(f->made);
		assert_memory_equal(&f->key, &first, sizeof(first));
	}
}

static void no_two_are_alike(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f), 0);
	struct server_key first = f->key;
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(load(f), 0);
	assert_memory_not_equal(&f->key, &first, sizeof(first));
}

static void the_file_is_one_line_for_our_eyes_alone(void **state)
{
	struct fixture *f = *state;
	char text[SECRET_FILE_MAX], secret[KEY_TEXT_MAX];
	struct stat info;
	assert_int_equal(load(f), 0);
	assert_int_equal(stat(f->path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(secret_file_read(f->path, text, &f->err), 0);
	key_format(f->key.secret_key, secret);
	assert_memory_equal(text, secret, KEY_TEXT_MAX - 1);
	assert_string_equal(text + KEY_TEXT_MAX - 1, "\n");
}

static void a_file_that_holds_no_key_is_refused_and_left_alone(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
		"",
		"\n",
		"key\n",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",   /* one short */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", /* one long */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+\n",  /* of another base64 */
		" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[SECRET_FILE_MAX];
		put(f, bad[i]);
		f->made = true;
		assert_int_equal(load(f), -EINVAL);
		assert_true(f->made); /* written on success alone */
		assert_non_null(strstr(f->err.text, "restore it from a backup"));
		assert_int_equal(secret_file_read(f->path, text, &f->err), 0);
		assert_string_equal(text, bad[i]);
	}
}

static void a_file_that_others_can_read_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f), 0);
	assert_int_equal(chmod(f->path, 0640), 0);
	assert_int_equal(load(f), -EACCES);
	assert_int_equal(chmod(f->path, 0600), 0);
	assert_int_equal(load(f), 0);
	assert_false(f->made);
}

static void a_key_that_is_in_use_is_never_replaced_by_a_new_one(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(server_key_load(f->path, false, &f->key, &f->made, &f->err), -ENOENT);
	assert_non_null(strstr(f->err.text, "restore it from a backup"));
	assert_int_equal(access(f->path, F_OK), -1);
	assert_int_equal(load(f), 0);
	assert_int_equal(server_key_load(f->path, false, &f->key, &f->made, &f->err), 0);
	assert_false(f->made);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		server_key_load("/nonexistent/server.key", true, &f->key, &f->made, &f->err),
		-ENOENT);
	assert_string_equal(f->err.text, "/nonexistent/server.key: No such file or directory");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_first_start_makes_a_pair_and_later_ones_find_it),
		TEST(no_two_are_alike),
		TEST(the_file_is_one_line_for_our_eyes_alone),
		TEST(a_file_that_holds_no_key_is_refused_and_left_alone),
		TEST(a_file_that_others_can_read_is_refused),
		TEST(a_key_that_is_in_use_is_never_replaced_by_a_new_one),
		TEST(a_folder_that_is_not_there_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
