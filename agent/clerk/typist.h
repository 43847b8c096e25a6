/* Who types. Behind a proxy that lets people in by name, whom the proxy names, in a header of the
 * unix socket that nobody else reaches; on loopback, where nobody logs in, who says so: a name that
 * is asked once and kept in a cookie of that browser. Pure. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define TYPIST_MAX        65u /* bytes with NUL: what goes to the province as a figure's author */
#define TYPIST_COOKIE_MAX (3u * TYPIST_MAX + 128u)

/** What somebody typed as a name, without the blanks around it. -EINVAL: too long, or not one line
 * of characters that can be seen; "" is nobody's, and taken. */
int typist_typed(const char *typed, char ret_name[TYPIST_MAX], struct err *err);
/** Whom the proxy names in @header; @value: what it holds, or NULL. -EACCES with a sentence for
 * whoever looks after the proxy: no header, or two of it, no name in it, or none that can be
 * believed. */
int typist_named(const char *header, const char *value, char ret_name[TYPIST_MAX], struct err *err);
/** The name that the header Cookie (may be NULL) brings back; "" for none, or none that would be
 * taken if it were typed. */
void typist_kept(const char *cookies, char ret_name[TYPIST_MAX]);
/** Set-Cookie, so that the browser keeps @name, or forgets it: "". Returns @text. */
const char *typist_cookie(const char *name, char text[TYPIST_COOKIE_MAX]);

/** The value of cookie @name in the header Cookie; NULL. @ret_len: bytes up to its end. */
const char *cookie_find(const char *cookies, const char *name, size_t *ret_len);
