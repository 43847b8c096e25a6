/* Labels of a series in canonical form: "app=VNeID;sector=land", keys ascending, each once; "" for
 * none. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define LABELS_MAX      8u
#define LABELS_TEXT_MAX 256u

struct label {
	const char *key, *value; /* borrowed */
};

/**
 * Build the canonical form of @labels[@n].
 *
 * A key is [a-z][a-z0-9_]*, at most 32 bytes; a value is UTF-8 of 1 to 64 bytes without ';', '=',
 * control characters and others that nobody can see (utf8_seen()). Returns 0; -EINVAL for a bad key
 * or value or a key given twice; -E2BIG over LABELS_MAX or LABELS_TEXT_MAX.
 */
int labels_canonical(const struct label labels[], size_t n, char ret_text[LABELS_TEXT_MAX],
		     struct err *err);

/** Is @text canonical (what a peer sent must be checked)? Only control characters are barred here:
 * earlier versions let the other unseen ones in, and their figures are to arrive and be read. */
bool labels_valid(const char *text);

/** Walk a canonical text: call with @cursor = text; false at the end. Key and value are not
 * terminated. */
bool labels_next(const char **cursor, const char **ret_key, size_t *ret_key_len,
		 const char **ret_value, size_t *ret_value_len);

/** Does the series @text carry every label of canonical @filter? An empty filter fits all. */
bool labels_match(const char *text, const char *filter);
