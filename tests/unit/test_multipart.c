/* A form with a file, as browsers send it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/blob.h"
#include "common/text/multipart.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE "multipart/form-data; boundary=----WebKitFormBoundaryx"
#define FIELD                                                                                      \
	"------WebKitFormBoundaryx\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nabc"
#define FILE_PART                                                                                  \
	"\r\n------WebKitFormBoundaryx\r\nContent-Disposition: form-data; name=\"file\"; "         \
	"filename=\"Báo cáo.xlsx\"\r\nContent-Type: application/octet-stream\r\n\r\n"            \
	"\r\n--\0--\r\n"
#define END "\r\n------WebKitFormBoundaryx--\r\n"

static int parse(const char *type, const void *body, size_t len, struct part parts[], size_t *n)
{
	struct err err;
	char *exact = malloc(len + 1); /* so that a read past the end is seen */
	assert_non_null(exact);
	char *at = len > 0 ? realloc(exact, len) : exact;
	assert_non_null(at);
	memcpy(at, body, len);
	int rc = multipart_parse(type, at, len, parts, n, &err);
	for (size_t i = 0; rc == 0 && i < *n; i++)
		assert_true(parts[i].data >= at && parts[i].data + parts[i].len <= at + len);
	free(at);
	return rc;
}

static void fields_and_a_file_are_found_as_they_are(void **state)
{
	static const char body[] = FIELD FILE_PART END;
	struct part parts[MULTIPART_PARTS_MAX];
	struct err err;
	size_t n;
	(void)state;
	assert_int_equal(multipart_parse(TYPE, body, sizeof(body) - 1, parts, &n, &err), 0);
	assert_int_equal(n, 2);
	const struct part *token = multipart_find(parts, n, "token");
	const struct part *file = multipart_find(parts, n, "file");
	assert_non_null(token);
	assert_non_null(file);
	assert_int_equal(token->len, 3);
	assert_string_equal(token->file, "");
	assert_string_equal(file->file, "Báo cáo.xlsx");
	assert_int_equal(file->len, 9);
	assert_memory_equal(file->data, "\r\n--\0--\r\n", 9);
	assert_null(multipart_find(parts, n, "lang"));
	assert_int_equal(
		parse("Multipart/Form-Data; charset=x; boundary=\"----WebKitFormBoundaryx\"", body,
		      sizeof(body) - 1, parts, &n),
		0);
}

static void what_is_no_such_body_is_refused(void **state)
{
	static const char good[] = FIELD END, nameless[] = "--x\r\n\r\nabc\r\n--x--";
	struct part parts[MULTIPART_PARTS_MAX];
	size_t n;
	(void)state;
	assert_int_equal(parse(TYPE, good, sizeof(good) - 1, parts, &n), 0);
	assert_int_equal(parse(NULL, good, sizeof(good) - 1, parts, &n), -EINVAL);
	assert_int_equal(parse("text/plain", good, sizeof(good) - 1, parts, &n), -EINVAL);
	assert_int_equal(parse("multipart/form-data", good, sizeof(good) - 1, parts, &n), -EINVAL);
	assert_int_equal(parse("multipart/form-data; boundary=", good, sizeof(good) - 1, parts, &n),
			 -EINVAL);
	assert_int_equal(
		parse("multipart/form-data; boundary=other", good, sizeof(good) - 1, parts, &n),
		-EINVAL);
	assert_int_equal(
		parse("multipart/form-data; boundary=x", nameless, sizeof(nameless) - 1, parts, &n),
		-EINVAL);
	char other[sizeof(good)];
	memcpy(other, good, sizeof(good));
	other[2] = 'x'; /* it does not begin with the boundary that ends it */
	assert_int_equal(parse(TYPE, other, sizeof(good) - 1, parts, &n), -EINVAL);
	/* Cut anywhere before its end it is none. */
	for (size_t len = 0; len < sizeof(FIELD) - 1 + sizeof(END) - 1 - 2; len++)
		assert_int_equal(parse(TYPE, good, len, parts, &n), -EINVAL);
}

static void there_is_an_end_to_its_parts(void **state)
{
	struct blob body = { 0 };
	struct part parts[MULTIPART_PARTS_MAX];
	size_t n;
	(void)state;
	for (unsigned i = 0; i <= MULTIPART_PARTS_MAX; i++) {
		struct blob whole = { 0 };
		assert_int_equal(
			blob_append(&body, i ? "\r\n" FIELD : FIELD, strlen(FIELD) + (i ? 2 : 0)),
			0);
		assert_int_equal(blob_append(&whole, body.data, body.len), 0);
		assert_int_equal(blob_append(&whole, END, strlen(END)), 0);
		assert_int_equal(parse(TYPE, whole.data, whole.len, parts, &n),
				 i < MULTIPART_PARTS_MAX ? 0 : -E2BIG);
		blob_free(&whole);
	}
	blob_free(&body);
}

/* Whatever bytes a file has (but the boundary itself), they arrive. */
static void any_bytes(struct dice *dice, void *context)
{
	struct part parts[MULTIPART_PARTS_MAX];
	struct blob body = { 0 };
	struct err err;
	unsigned char bytes[600];
	size_t n, len = (size_t)dice_below(dice, sizeof(bytes));
	static const char likely[] = "\r\n-x\0\"";
	(void)context;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)likely[dice_below(dice, sizeof(likely) - 1)];
	static const char head[] = "--B\r\ncontent-disposition: form-data; name=\"file\"; "
				   "filename=\"a\"\r\n\r\n";
	assert_int_equal(blob_append(&body, head, strlen(head)), 0);
	assert_int_equal(blob_append(&body, bytes, len), 0);
	assert_int_equal(blob_append(&body, "\r\n--B--", 7), 0);
	assert_int_equal(multipart_parse("multipart/form-data; boundary=B", (char *)body.data,
					 body.len, parts, &n, &err),
			 0);
	assert_int_equal(n, 1);
	assert_int_equal(parts[0].len, len);
	assert_memory_equal(parts[0].data, bytes, len);
	blob_free(&body);
}

static void any_bytes_arrive(void **state)
{
	(void)state;
	for_all_seeds(500, any_bytes, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_and_a_file_are_found_as_they_are),
		cmocka_unit_test(what_is_no_such_body_is_refused),
		cmocka_unit_test(there_is_an_end_to_its_parts),
		cmocka_unit_test(any_bytes_arrive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
