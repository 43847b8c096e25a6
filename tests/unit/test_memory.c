/* Freed memory goes back, although pieces in use lie all over it. */
#include "common/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PIECES      8000u
#define PIECE_BYTES 16384u /* 131 MB of them, each from the heap */
#define PIN_BYTES   64u

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHER_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OTHER_MALLOC 1
#endif
#endif

static size_t resident(void)
{
	size_t all = 0, pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%zu %zu", &all, &pages), 2);
	(void)fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static uint8_t *filled(size_t len, size_t nth)
{
	uint8_t *bytes = malloc(len);
	assert_non_null(bytes);
	memset(bytes, (int)(nth % 251), len);
	return bytes;
}

static void give_back(void)
{
	uv_loop_t loop;
	assert_int_equal(uv_loop_init(&loop), 0);
	memory_give_back(&loop);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void what_lies_between_pieces_in_use_goes_back(void **state)
{
	static uint8_t *pieces[PIECES], *pins[PIECES];
	(void)state;
#ifdef OTHER_MALLOC
	skip();
#endif
	for (size_t i = 0; i < PIECES; i++) {
		pieces[i] = filled(PIECE_BYTES, i);
		pins[i] = filled(PIN_BYTES, i);
	}
	size_t full = resident();
	for (size_t i = 0; i < PIECES; i++)
		free(pieces[i]);
	give_back();
	assert_true(resident() < full - (size_t)PIECES * PIECE_BYTES / 2);
	for (size_t i = 0; i < PIECES; i++) {
		for (size_t k = 0; k < PIN_BYTES; k++)
			assert_int_equal(pins[i][k], i % 251);
		free(pins[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_between_pieces_in_use_goes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
