#include "common/base/quote.h"

#include "common/base/utf8.h"

#include <stdio.h>
#include <string.h>

/* How the ASCII character @c is written inside a JSON string. Returns the length. */
static size_t escape(unsigned char c, char ret_text[8])
{
	static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *found = c ? strchr(plain, c) : NULL;

	if (found) {
		ret_text[0] = '\\';
		ret_text[1] = letter[found - plain];
		return 2;
	}
	if (c < 0x20 || c == 0x7F)
		return (size_t)snprintf(ret_text, 8, "\\u%04x", c);
	ret_text[0] = (char)c;
	return 1;
}

int quote_json(struct blob *out, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	int rc = blob_append(out, "\"", 1);

	while (rc == 0 && at < end) {
		size_t run = 0; /* of those written as they are: most texts are of such alone */
		while (at + run < end && at[run] >= ' ' && at[run] < 0x7F && at[run] != '"' &&
		       at[run] != '\\')
			run++;
		size_t n = run ? run : utf8_char(at, (size_t)(end - at));
		char escaped[8];

		if (run)
			rc = blob_append(out, at, run);
		else if (n == 1)
			rc = blob_append(out, escaped, escape((unsigned char)*at, escaped));
		else if (n == 0)
			rc = blob_append(out, "\xEF\xBF\xBD", 3);
		else
			rc = blob_append(out, at, n);
		at += n ? n : 1;
	}
	return rc < 0 ? rc : blob_append(out, "\"", 1);
}
