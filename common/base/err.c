#include "common/base/err.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Sentences quote what came from outside: files, peers, databases. Here they all pass; a list of
 * diagnostics keeps its lines. */
static void make_printable(struct err *err)
{
	(void)utf8_clean(err->text, "\n"); /* its length */
}

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	err->code = code;
	(void)utf8_vprint(err->text, sizeof(err->text), _(format), args); /* its length */
	va_end(args);
	make_printable(err);
	return code;
}

int err_wrap(struct err *err, const char *format, ...)
{
	char front[ERR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	size_t len = utf8_vprint(front, sizeof(front) - 2, _(format), args);
	va_end(args);
	front[len++] = ':';
	front[len++] = ' ';
	size_t whole = strlen(err->text);
	size_t rest = utf8_cut(err->text, whole, sizeof(err->text) - 1 - len);
	memmove(err->text + len, err->text, rest);
	memcpy(err->text, front, len);
	err->text[len + rest] = '\0';
	make_printable(err);
	return err->code;
}

/* The system's texts that its users meet. The C library's own translations are in a package that
 * small machines do without; where it is there, it says the rest. */
static const char *const met[] __attribute__((unused)) = {
	N_("Address already in use"),
	N_("Broken pipe"),
	N_("Connection refused"),
	N_("Connection reset by peer"),
	N_("Connection timed out"),
	N_("Device or resource busy"),
	N_("Disk quota exceeded"),
	N_("File exists"),
	N_("File name too long"),
	N_("File too large"),
	N_("Input/output error"),
	N_("Invalid argument"),
	N_("Is a directory"),
	N_("No space left on device"),
	N_("No such file or directory"),
	N_("Not a directory"),
	N_("Operation not permitted"),
	N_("Permission denied"),
	N_("Read-only file system"),
	N_("Too many open files"),
};

const char *err_strerror(int code)
{
	const char *english = strerrordesc_np(-code), *ours = english ? _(english) : NULL;

	return ours != english ? ours : strerror(-code);
}

int err_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

int err_system(struct err *err, int code, const char *what)
{
	return err_set(err, code, "%s: %s", *what ? _(what) : "", err_strerror(code));
}
