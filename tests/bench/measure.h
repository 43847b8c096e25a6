/* A measurement in a child process of its own, so that one neither warms nor burdens the next and
 * the kernel counts its CPU time apart. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

/**
 * Run @run in a child; it fills @ret_result (@len bytes, values without pointers) and returns 0
 * or a negative error, which comes back with its sentence. A child that dies is -EPROTO.
 */
int measure(int (*run)(const void *input, void *ret_result, struct err *err), const void *input,
	    void *ret_result, size_t len, struct err *err);

/** CPU time of this process so far, user and system. */
uint64_t measure_cpu_us(void);
/** Monotonic. */
uint64_t now_us(void);
