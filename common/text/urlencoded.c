#include "common/text/urlencoded.h"

#include "common/base/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
	return found ? (int)(found - digits) : -1;
}

/* Decode @text[@len] in place and end it with NUL, for which there is room. */
static bool decode(char *text, size_t len)
{
	size_t to = 0;
	for (size_t from = 0; from < len; from++) {
		char c = text[from] == '+' ? ' ' : text[from];
		if (c == '%') {
			int high = len - from > 2 ? hex(text[from + 1]) : -1;
			int low = high >= 0 ? hex(text[from + 2]) : -1;
			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			from += 2;
		}
		if (c == '\0')
			return false;
		text[to++] = c;
	}
	text[to] = '\0';
	return utf8_valid(text, to);
}

static bool field_read(char *text, size_t len, struct field *ret_field)
{
	char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	char *value = equals ? equals + 1 : text + len;
	size_t value_len = equals ? len - name_len - 1 : 0;
	*ret_field = (struct field){ .name = text, .value = value };
	/* The value first: the name's NUL goes where '=' was. */
	return decode(value, value_len) && decode(text, name_len);
}

int urlencoded_parse(char *body, size_t len, struct field **ret_fields, size_t *ret_n,
		     struct err *err)
{
	size_t room = 1, n = 0;
	for (size_t i = 0; i < len; i++)
		room += body[i] == '&';
	if (room > FIELDS_MAX)
		return err_set(err, -E2BIG, "the form has over %u fields", FIELDS_MAX);
	struct field *fields = calloc(room, sizeof(*fields));
	if (!fields)
		return err_memory(err);
	for (char *at = body, *end = body + len; at < end;) {
		char *ampersand = memchr(at, '&', (size_t)(end - at));
		size_t part = ampersand ? (size_t)(ampersand - at) : (size_t)(end - at);
		if (part > 0 && !field_read(at, part, &fields[n++])) {
			free(fields);
			return err_set(err, -EINVAL, "the form that was sent cannot be read");
		}
		at += part + 1;
	}
	*ret_fields = fields;
	*ret_n = n;
	return 0;
}

const char *field_value(const struct field fields[], size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return fields[i].value;
	return NULL;
}

const char *urlencoded_write(const char *text, char *to, size_t room)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";
	size_t len = 0;
	for (; *text && len + 4 <= room; text++)
		if (strchr(plain, *text))
			to[len++] = *text;
		else
			len += (size_t)snprintf(to + len, 4, "%%%02X",
						(unsigned)(unsigned char)*text);
	to[len] = '\0';
	return to;
}
