/* A file that comes from the aggregator is there whole, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/download.h"
#include "support/failing_disk.h"
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT "all of the province, in two pieces"
#define LEN  (sizeof(TEXT) - 1)

struct fixture {
	char folder[SCRATCH_MAX], path[96], partial[104], digest[65];
	struct download download;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint8_t digest[32];
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/file", f->folder);
	(void)snprintf(f->partial, sizeof(f->partial), "%s.partial", f->path);
	crypto_generichash(digest, sizeof(digest), (const uint8_t *)TEXT, LEN, NULL, 0);
	sodium_bin2hex(f->digest, sizeof(f->digest), digest, sizeof(digest));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(access(f->partial, F_OK), -1);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static int fetch(struct fixture *f, const char *text, const char *digest)
{
	struct download *d = &f->download;
	int rc = download_open(f->path, d, &f->err);
	if (rc < 0)
		return rc;
	rc = download_piece(d, text, 5, &f->err);
	if (rc == 0)
		rc = download_piece(d, text + 5, strlen(text) - 5, &f->err);
	if (rc == 0)
		rc = download_finish(d, LEN, digest, &f->err);
	download_close(d);
	return rc;
}

static bool is_whole(const struct fixture *f)
{
	char text[2 * LEN];
	struct stat info;
	int fd = open(f->path, O_RDONLY);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof(text));
	assert_int_equal(fstat(fd, &info), 0);
	close(fd);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(n, LEN);
	assert_memory_equal(text, TEXT, LEN);
	return true;
}

static void what_came_as_it_was_sent_is_kept(void **state)
{
	struct fixture *f = *state;
	int fd = open(f->partial, O_CREAT | O_WRONLY, 0644); /* of one that was cut short */
	assert_true(fd >= 0);
	close(fd);
	failing_disk_arm(-1, false);
	assert_int_equal(fetch(f, TEXT, f->digest), 0);
	assert_string_equal(failing_disk_trace(), "oocowwsrcosc"); /* synced before it has a name */
	assert_true(is_whole(f));
	assert_int_equal(fetch(f, TEXT, f->digest), -EEXIST);
}

/* Else the file of whoever comes second would get the name of the first, half written. */
static void whoever_fetches_it_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct download first;
	assert_int_equal(download_open(f->path, &first, &f->err), 0);
	assert_int_equal(download_piece(&first, TEXT, 5, &f->err), 0);
	assert_int_equal(fetch(f, TEXT, f->digest), -EBUSY);
	assert_non_null(strstr(f->err.text, "is writing"));
	assert_int_equal(download_piece(&first, &TEXT[5], LEN - 5, &f->err), 0);
	assert_int_equal(download_finish(&first, LEN, f->digest, &f->err), 0);
	download_close(&first);
	assert_true(is_whole(f));
}

static void what_did_not_is_not(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fetch(f, TEXT "!", f->digest), -EBADMSG);
	assert_int_equal(fetch(f, "All of the province, in two pieces", f->digest), -EBADMSG);
	assert_int_equal(fetch(f, TEXT, ""), -EBADMSG);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void whatever_the_disk_refuses_it_is_whole_or_not_there(void **state)
{
	struct fixture *f = *state;
	for (int for_good = 0; for_good < 2; for_good++) {
		bool failed = true;
		for (int after = 0; failed; after++) {
			failing_disk_arm(after, for_good);
			int rc = fetch(f, TEXT, f->digest);
			failed = failing_disk_disarm();
			assert_int_equal(access(f->partial, F_OK), -1);
			assert_true(is_whole(f) || rc < 0);
			assert_true(rc == 0 || failed);
			(void)unlink(f->path);
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_came_as_it_was_sent_is_kept),
		TEST(whoever_fetches_it_is_left_alone),
		TEST(what_did_not_is_not),
		TEST(whatever_the_disk_refuses_it_is_whole_or_not_there),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
