/* What went wrong: a code for the program and a sentence for the person who can mend it. Sentences
 * are written in English and come out in the language of the thread (i18n.h): a format must be one
 * literal, or two with the second marked N_(), for common/po/update to find. */
#pragma once

#include <stddef.h>

#define ERR_TEXT_MAX 4096u /* a screenful of bad rows fits; longer text is cut */

struct err {
	int code; /* negative errno, the numbers libuv uses; 0: no error */
	char text[ERR_TEXT_MAX];
};

/* No @err here is NULL: a caller that has no use for the sentence gives one and ignores it. The
 * attribute lets UBSan find who does not. */

/** Returns @code, so that `return err_set(err, -EINVAL, "...")` reads well. */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4), nonnull(1)));

/** Put "@format: " before what @err already says, and return its code. */
int err_wrap(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(1)));

/** -ENOMEM with the usual sentence. */
int err_memory(struct err *err) __attribute__((nonnull));

/** The system's text for @code, a negative errno. */
const char *err_strerror(int code);

/** @code with "@what: " and the system's text for it; @code is a negative errno. */
int err_system(struct err *err, int code, const char *what) __attribute__((nonnull));
