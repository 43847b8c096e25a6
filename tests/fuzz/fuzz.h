/* What every fuzz target has, as libFuzzer names it: try one input. A fault is a crash, a
 * sanitizer's report or a failed require(). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/** A law that must hold for every input. */
#define require(law)                                                                               \
	do {                                                                                       \
		if (!(law)) {                                                                      \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #law);          \
			abort();                                                                   \
		}                                                                                  \
	} while (0)
