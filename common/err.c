#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
	if (!err)
		return code;
	va_list args;
	va_start(args, format);
	err->code = code;
	(void)vsnprintf(err->text, sizeof(err->text), format, args); /* cut is fine */
	va_end(args);
	return code;
}

int err_wrap(struct err *err, const char *format, ...)
{
	if (!err)
		return -EINVAL;
	char front[ERR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(front, sizeof(front) - 2, format, args);
	va_end(args);
	if (n < 0)
		return err->code;
	size_t len = (size_t)n < sizeof(front) - 3 ? (size_t)n : sizeof(front) - 3;
	front[len++] = ':';
	front[len++] = ' ';
	size_t rest = strnlen(err->text, sizeof(err->text) - 1 - len); /* cut is fine */
	memmove(err->text + len, err->text, rest);
	memcpy(err->text, front, len);
	err->text[len + rest] = '\0';
	return err->code;
}

int err_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

int err_system(struct err *err, int code, const char *what)
{
	return err_set(err, code, "%s: %s", what, strerror(-code));
}
