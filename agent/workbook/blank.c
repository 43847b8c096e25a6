#include "workbook/blank.h"

#include "common/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 512u

static int put_text(struct blob *out, const char *text)
{
	int rc = 0;
	for (size_t len = 0; *text && len < TEXT_MAX && rc == 0;) {
		size_t n = utf8_char(text, strlen(text));
		bool seen = n > 0 && utf8_seen(text, n);
		rc = seen ? blob_append(out, text, n) : blob_append(out, " ", 1);
		text += n > 0 ? n : 1;
		len += n;
	}
	return rc;
}

int blank_add(struct blob *out, const char *format, ...)
{
	va_list args;
	int rc = 0;
	va_start(args, format);
	while (*format && rc == 0) {
		size_t plain = strcspn(format, "%");
		rc = blob_append(out, format, plain);
		format += plain;
		if (*format == '\0' || rc < 0)
			break;
		if (format[1] == 's') {
			rc = put_text(out, va_arg(args, const char *));
		} else { /* %u: there is nothing else */
			char number[16];
			int len = snprintf(number, sizeof(number), "%u", va_arg(args, unsigned));
			rc = blob_append(out, number, (size_t)len);
		}
		format += 2;
	}
	va_end(args);
	return rc;
}
