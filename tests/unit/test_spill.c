/* Bodies of answers, short and long, plain and packed: what comes out is what went in, and at the
 * limits there is a sentence and the room is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/spill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static struct spill_room room = { .folder = "/tmp" };

static int setup(void **state)
{
	(void)state;
	room.one_max = 64u << 20;
	room.all_max = 128u << 20;
	room.reserve = NULL;
	atomic_store(&room.used, 0);
	return 0;
}

/* Rows that look like rows. */
static size_t piece(unsigned i, char text[128])
{
	return (size_t)snprintf(text, 128, ",\n{\"area\": \"%u\", \"value\": %u, \"due\": %u}", i,
				i * 2654435761u, i % 31);
}

static void blob_text(struct blob *blob, const char *text)
{
	assert_int_equal(blob_append(blob, text, strlen(text)), 0);
}

/* What a client sees. */
static void read_whole(struct spill *spill, const struct blob *first, struct blob *ret)
{
	uint64_t len;
	int fd = spill_release(spill, &len);
	uint8_t block[65536];

	assert_int_equal(blob_append(ret, first->data, first->len), 0);
	for (uint64_t at = 0; fd >= 0 && at < len;) {
		ssize_t n = pread(fd, block, sizeof(block), (off_t)at);

		assert_true(n > 0);
		assert_int_equal(blob_append(ret, block, (size_t)n), 0);
		at += (uint64_t)n;
	}
	if (fd >= 0)
		close(fd);
	spill_give_back(spill->room, len);
}

static void unpack(struct blob *blob)
{
	struct blob plain = { 0 };
	z_stream z = { .next_in = blob->data, .avail_in = (unsigned)blob->len };
	int rc = Z_OK;

	assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
	while (rc == Z_OK) {
		assert_int_equal(blob_reserve(&plain, 1u << 20), 0);
		z.next_out = plain.data + plain.len;
		z.avail_out = 1u << 20;
		rc = inflate(&z, Z_NO_FLUSH);
		plain.len += (1u << 20) - z.avail_out;
	}
	assert_int_equal(rc, Z_STREAM_END); /* length and checksum are right */
	assert_int_equal(z.avail_in, 0);    /* one member, and nothing behind it */
	inflateEnd(&z);
	blob_free(blob);
	*blob = plain;
}

static void assert_whole_before(unsigned rows, bool gzip, bool in_file, const char *end)
{
	struct spill spill;
	struct blob before = { 0 }, behind = { 0 }, first = { 0 }, expected = { 0 }, got = { 0 };
	char text[128];

	spill_init(&spill, &room, gzip);
	blob_text(&before, "{\"query\": {\"name\": \"visits\"}, \"rows\": [");
	blob_text(&behind, end);
	blob_text(&expected, (const char *)"{\"query\": {\"name\": \"visits\"}, \"rows\": [");
	for (unsigned i = 0; i < rows; i++) {
		size_t len = piece(i, text);

		assert_int_equal(spill_take(&spill, (const uint8_t *)text, len), 0);
		assert_int_equal(blob_append(&expected, text, len), 0);
		assert_true(spill.memory.len <= SPILL_MEMORY);
	}
	blob_text(&expected, end);
	assert_int_equal(spill_end(&spill, &before, &behind, &first), 0);
	assert_int_equal(spill.fd >= 0, in_file);
	assert_int_equal(spill.gzip, gzip && expected.len >= SPILL_PACKED);
	gzip = spill.gzip;
	if (in_file)
		assert_true(atomic_load(&room.used) > 0);
	read_whole(&spill, &first, &got);
	if (gzip) {
		assert_true(got.len < expected.len / 3);
		unpack(&got);
	}
	assert_int_equal(got.len, expected.len);
	assert_memory_equal(got.data, expected.data, expected.len);
	spill_deinit(&spill);
	assert_int_equal(atomic_load(&room.used), 0);
	blob_free(&before);
	blob_free(&behind);
	blob_free(&first);
	blob_free(&expected);
	blob_free(&got);
}

/* CSV has nothing behind its rows. */
static void assert_whole(unsigned rows, bool gzip, bool in_file)
{
	assert_whole_before(rows, gzip, in_file, "]}\n");
	assert_whole_before(rows, gzip, in_file, "");
}

static void what_goes_in_comes_out(void **state)
{
	(void)state;
	for (int gzip = 0; gzip < 2; gzip++) {
		assert_whole(0, gzip, false);
		assert_whole(1, gzip, false);
		assert_whole(1000, gzip, false);
		assert_whole(60000, gzip, false);
		assert_whole(200000, gzip, true);
		assert_whole(500000, gzip, true);
	}
}

/* An answer that has no rows is made in one piece: nothing stands between its parts, nor behind. */
static void what_is_in_one_piece_comes_out_too(void **state)
{
	struct spill spill;
	struct blob whole = { 0 }, first = { 0 }, got = { 0 };
	const struct blob none = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		blob_text(&whole, "lantoa_offices_silent 2\n");
	spill_init(&spill, &room, true);
	assert_int_equal(spill_end(&spill, &whole, &none, &first), 0);
	read_whole(&spill, &first, &got);
	unpack(&got);
	assert_int_equal(got.len, whole.len);
	assert_memory_equal(got.data, whole.data, whole.len);
	spill_deinit(&spill);
	blob_free(&whole);
	blob_free(&first);
	blob_free(&got);
}

/* Until it fails. */
static int fill(struct spill *spill, uint64_t most)
{
	static uint8_t noise[65536];
	int rc = 0;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 2654435761u >> 13);
	for (uint64_t n = 0; n < most && rc == 0; n += sizeof(noise))
		rc = spill_take(spill, noise, sizeof(noise));
	return rc;
}

static void at_each_limit_there_is_a_sentence(void **state)
{
	struct spill one, two;
	struct blob first = { 0 };
	const struct blob none = { 0 };
	uint64_t all_of_it = UINT64_MAX / 2;

	(void)state;
	spill_init(&one, &room, false);
	assert_int_equal(fill(&one, UINT64_MAX), -EFBIG);
	assert_non_null(strstr(one.why.text, "over 64 MiB; ask for less at once"));
	assert_int_equal(spill_take(&one, (const uint8_t *)"x", 1), -EFBIG); /* and stays so */
	assert_int_equal(spill_end(&one, &none, &none, &first), -EFBIG);
	spill_deinit(&one);
	assert_int_equal(atomic_load(&room.used), 0);
	spill_init(&one, &room, false); /* "ask for less at once" */
	assert_int_equal(fill(&one, 32u << 20), 0);
	spill_deinit(&one);

	room.one_max = 100u << 20;
	spill_init(&one, &room, false);
	spill_init(&two, &room, false);
	assert_int_equal(fill(&one, 80u << 20), 0);
	assert_int_equal(fill(&two, 80u << 20), -EAGAIN);
	assert_non_null(strstr(two.why.text, "128 MiB of disk that there are for them; try again"));
	spill_deinit(&one);
	spill_deinit(&two);
	assert_int_equal(atomic_load(&room.used), 0);
	spill_init(&two, &room, false); /* "try again shortly" */
	assert_int_equal(fill(&two, 80u << 20), 0);
	spill_deinit(&two);

	room.reserve = &all_of_it;
	spill_init(&one, &room, true);
	assert_int_equal(fill(&one, UINT64_MAX), -ENOSPC);
	assert_non_null(strstr(one.why.text, "no room for so long an answer"));
	spill_deinit(&one);
	spill_init(&one, &room, true); /* "ask for less at once": it goes by memory */
	assert_int_equal(fill(&one, 1u << 20), 0);
	spill_deinit(&one);
	assert_int_equal(atomic_load(&room.used), 0);
	blob_free(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_goes_in_comes_out, setup),
		cmocka_unit_test_setup(what_is_in_one_piece_comes_out_too, setup),
		cmocka_unit_test_setup(at_each_limit_there_is_a_sentence, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
