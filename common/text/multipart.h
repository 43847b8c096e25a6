/* The body of a form with a file: multipart/form-data, as browsers send it (RFC 7578; the WHATWG
 * HTML Standard, 4.10.21.8), and nothing else. Pure; bytes of the file are not looked at. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

#define MULTIPART_PARTS_MAX 8u
#define MULTIPART_NAME_MAX  32u
#define MULTIPART_FILE_MAX  256u

struct part {
	char name[MULTIPART_NAME_MAX];
	char file[MULTIPART_FILE_MAX]; /* as sent, cut at its room; "" for a plain field */
	const char *data;              /* [len], within the body */
	size_t len;
};

/**
 * @type       of the body, with its boundary: the Content-Type header; NULL is refused
 * @ret_parts  [MULTIPART_PARTS_MAX]; @ret_n of them are written
 *
 * -EINVAL for what is no such body; -E2BIG for more parts.
 */
int multipart_parse(const char *type, const char *body, size_t len, struct part ret_parts[],
		    size_t *ret_n, struct err *err);
/** The first of that name; NULL. */
const struct part *multipart_find(const struct part parts[], size_t n, const char *name);
