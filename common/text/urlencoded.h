/* The body of a form that was sent: application/x-www-form-urlencoded, as the WHATWG URL Standard
 * (5.1) reads it, and a little stricter. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

struct field {
	const char *name, *value; /* UTF-8; borrowed from the body */
};

#define FIELDS_MAX 20000u

/**
 * Split and decode @body[@len] in place; @body[@len] must be writable, too. @ret_fields is owned by
 * the caller (free). -EINVAL for an escape that is none, a NUL, or what is not UTF-8; -E2BIG over
 * FIELDS_MAX; -ENOMEM.
 */
int urlencoded_parse(char *body, size_t len, struct field **ret_fields, size_t *ret_n,
		     struct err *err);

/** The first of that name; NULL. */
const char *field_value(const struct field fields[], size_t n, const char *name);

/** @text as a part of an address: all but letters, digits and "-._~" as %XX. What does not fit is
 * left out. Returns @to. */
const char *urlencoded_write(const char *text, char *to, size_t room);
