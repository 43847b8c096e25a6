#include "office/identity.h"

#include "common/sys/secret_file.h"

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
	char folder[32], path[64], pending[80];
	struct invitation invitation;
	struct identity identity, read;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_true(sodium_init() >= 0);
	strcpy(f->folder, "/tmp/lantoa-identity-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/" IDENTITY_FILE, f->folder);
	(void)snprintf(f->pending, sizeof(f->pending), "%s/" IDENTITY_PENDING_FILE, f->folder);
	strcpy(f->invitation.address, "province.example:5570");
	strcpy(f->invitation.office, "28249");
	memset(f->invitation.server_key, 7, INVITATION_KEY_LEN);
	memset(f->invitation.secret_key, 9, INVITATION_KEY_LEN);
	identity_make(&f->invitation, &f->identity);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	(void)unlink(f->path);
	(void)unlink(f->pending);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static void assert_same(const struct identity *a, const struct identity *b)
{
	assert_string_equal(a->address, b->address);
	assert_string_equal(a->office, b->office);
	assert_memory_equal(a->server_key, b->server_key, INVITATION_KEY_LEN);
	assert_memory_equal(a->secret_key, b->secret_key, INVITATION_KEY_LEN);
	assert_memory_equal(a->public_key, b->public_key, INVITATION_KEY_LEN);
}

static void each_has_a_key_of_its_own_and_never_the_invitations(void **state)
{
	struct fixture *f = *state;
	struct identity other;
	identity_make(&f->invitation, &other);
	assert_memory_not_equal(other.secret_key, f->identity.secret_key, INVITATION_KEY_LEN);
	assert_memory_not_equal(other.secret_key, f->invitation.secret_key, INVITATION_KEY_LEN);
	assert_string_equal(other.office, "28249");
}

static void what_is_written_is_read_back_and_is_ours_alone(void **state)
{
	struct fixture *f = *state;
	struct stat info;
	assert_int_equal(identity_write(f->path, &f->identity, &f->err), 0);
	assert_int_equal(identity_read(f->path, &f->read, &f->err), 0);
	assert_same(&f->read, &f->identity);
	assert_int_equal(stat(f->path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void the_longest_names_fit(void **state)
{
	struct fixture *f = *state;
	memset(f->identity.address, 'a', sizeof(f->identity.address) - 1);
	memset(f->identity.office, 'b', sizeof(f->identity.office) - 1);
	assert_int_equal(identity_write(f->path, &f->identity, &f->err), 0);
	assert_int_equal(identity_read(f->path, &f->read, &f->err), 0);
	assert_same(&f->read, &f->identity);
}

static void a_pending_one_becomes_the_offices(void **state)
{
	struct fixture *f = *state;
	struct identity old;
	identity_make(&f->invitation, &old);
	assert_int_equal(identity_write(f->path, &old, &f->err), 0);
	assert_int_equal(identity_write(f->pending, &f->identity, &f->err), 0);
	assert_int_equal(identity_read(f->path, &f->read, &f->err), 0);
	assert_same(&f->read, &old);
	assert_int_equal(identity_settle(f->pending, f->path, &f->err), 0);
	assert_int_equal(identity_read(f->path, &f->read, &f->err), 0);
	assert_same(&f->read, &f->identity);
	assert_int_equal(identity_read(f->pending, &f->read, &f->err), -ENOENT);
	assert_int_equal(identity_settle(f->pending, f->path, &f->err), -ENOENT);
}

static void one_that_others_can_read_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(identity_write(f->path, &f->identity, &f->err), 0);
	assert_int_equal(chmod(f->path, 0644), 0);
	assert_int_equal(identity_read(f->path, &f->read, &f->err), -EACCES);
	assert_non_null(strstr(f->err.text, "chmod 600"));
}

/* Cut anywhere, as a copy that broke off would be. */
static void a_damaged_one_is_refused_with_what_to_do(void **state)
{
	struct fixture *f = *state;
	char text[SECRET_FILE_MAX];
	assert_int_equal(identity_write(f->path, &f->identity, &f->err), 0);
	assert_int_equal(secret_file_read(f->path, text, &f->err), 0);
	for (size_t len = strlen(text) - 2; len < SECRET_FILE_MAX; len--) {
		text[len] = '\0';
		assert_int_equal(secret_file_write(f->path, text, &f->err), 0);
		assert_int_equal(identity_read(f->path, &f->read, &f->err), -EINVAL);
		assert_non_null(strstr(f->err.text, "ask the province for a new invitation"));
	}
	memset(f->identity.server_key, 0, sizeof(f->identity.server_key)); /* nobody's */
	assert_int_equal(identity_write(f->path, &f->identity, &f->err), 0);
	assert_int_equal(identity_read(f->path, &f->read, &f->err), -EINVAL);
	assert_int_equal(f->read.office[0], 0); /* written on success alone */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_has_a_key_of_its_own_and_never_the_invitations),
		TEST(what_is_written_is_read_back_and_is_ours_alone),
		TEST(the_longest_names_fit),
		TEST(a_pending_one_becomes_the_offices),
		TEST(one_that_others_can_read_is_refused),
		TEST(a_damaged_one_is_refused_with_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
