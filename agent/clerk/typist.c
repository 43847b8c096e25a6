#include "clerk/typist.h"

#include "common/base/utf8.h"
#include "common/text/urlencoded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COOKIE "lantoa-typist"
/* Without Path=: that of the page, which may be one of several below one name of a proxy. */
#define MANNERS "; SameSite=Strict; HttpOnly; Max-Age="
#define YEAR    "31536000"

/* Of @len bytes without the blanks around them; false: it is no name. */
static bool take(const char *text, size_t len, char ret_name[TYPIST_MAX])
{
	while (len > 0 && *text == ' ') {
		text++;
		len--;
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len >= TYPIST_MAX || utf8_plain(text, len) != len)
		return false;
	memcpy(ret_name, text, len);
	ret_name[len] = '\0';
	return true;
}

int typist_typed(const char *typed, char ret_name[TYPIST_MAX], struct err *err)
{
	if (!take(typed, strlen(typed), ret_name))
		return err_set(err, -EINVAL,
			       "this name is too long, or has characters that cannot be seen; "
			       "write a shorter one");
	return 0;
}

int typist_named(const char *header, const char *value, char ret_name[TYPIST_MAX], struct err *err)
{
	char name[TYPIST_MAX];
	if (value && take(value, strlen(value), name) && *name) {
		memcpy(ret_name, name, sizeof(name));
		return 0;
	}
	return err_set(err, -EACCES,
		       "the server in front of this page does not say who you are; tell whoever "
		       "looks after it: it must set the header %s to the name of the person who "
		       "logged in, of at most %u bytes",
		       header, TYPIST_MAX - 1);
}

const char *cookie_find(const char *cookies, const char *name, size_t *ret_len)
{
	size_t name_len = strlen(name);
	for (const char *at = cookies; at && *at;) {
		size_t len = strcspn(at, ";");
		if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
			*ret_len = len - name_len - 1;
			return at + name_len + 1;
		}
		at += len;
		at += strspn(at, "; ");
	}
	return NULL;
}

void typist_kept(const char *cookies, char ret_name[TYPIST_MAX])
{
	char text[TYPIST_COOKIE_MAX];
	size_t len = 0, n;
	const char *value = cookie_find(cookies, COOKIE, &len);
	struct field *fields = NULL;
	struct err ignored; /* what is no name of ours is none */
	*ret_name = '\0';
	if (!value || len >= 3 * TYPIST_MAX)
		return;
	n = (size_t)snprintf(text, sizeof(text), "n=%.*s", (int)len, value);
	if (urlencoded_parse(text, n, &fields, &n, &ignored) < 0)
		return;
	const char *name = field_value(fields, n, "n");
	if (n != 1 || !name || !take(name, strlen(name), ret_name))
		*ret_name = '\0';
	free(fields);
}

const char *typist_cookie(const char *name, char text[TYPIST_COOKIE_MAX])
{
	char value[3 * TYPIST_MAX];
	(void)snprintf(text, TYPIST_COOKIE_MAX, COOKIE "=%s" MANNERS "%s",
		       urlencoded_write(name, value, sizeof(value)), *name ? YEAR : "0"); /* fits */
	return text;
}
