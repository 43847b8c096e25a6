/* What the province imports whole, as CSV, and hands on as it came: catalogue, code lists. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

/** A copy of @csv[@len] with a NUL behind it, the caller's to free, and its version: the first 8
 * bytes of BLAKE2b-256 of it, never 0. -ENOMEM; -EIO: libsodium cannot start. */
int document_keep(const char *csv, size_t len, char **ret_copy, uint64_t *ret_version,
		  struct err *err);
