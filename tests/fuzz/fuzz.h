/* What every fuzz target has, as libFuzzer names it: try one input. A fault is a crash, a
 * sanitizer's report or a failed require(). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/** A law that must hold for every input. */
#define require(law)                                                                               \
	do {                                                                                       \
		if (!(law)) {                                                                      \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #law);          \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define FUZZ_LINES_MAX 40u

/* For short texts: try each line of the input, the first 40, so that a file of the corpus can hold
 * many of them. Each is a text that ends with NUL, in memory that ends with it. */
static inline void fuzz_lines(const uint8_t *data, size_t len, void (*try_line)(const char *text))
{
	unsigned lines = 0;
	for (size_t at = 0; at <= len && lines < FUZZ_LINES_MAX; lines++) {
		const uint8_t *end = at < len ? memchr(data + at, '\n', len - at) : NULL;
		size_t n = end ? (size_t)(end - data) - at : len - at;
		char *text = malloc(n + 1);
		require(text);
		if (n > 0)
			memcpy(text, data + at, n);
		text[n] = '\0';
		char *exact = strdup(text); /* a NUL within ends it */
		require(exact);
		try_line(exact);
		free(exact);
		free(text);
		at += n + 1;
	}
}
