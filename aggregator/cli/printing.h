/* A page of HTML, printed into a PDF by a browser of this machine. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

/**
 * Print @html[@len], a page that needs nothing else, to @pdf, a path. The browser is @program or,
 * when that is NULL, the first of those that there usually are; it gets a profile and folder of its
 * own, which go with it, and no line to anywhere.
 *
 * -ENOENT: there is no browser; -ETIMEDOUT: it did not end; -EIO: it made no PDF; else what the
 * system says.
 */
int printing_run(const char *program, const void *html, size_t len, const char *pdf,
		 struct err *err);
