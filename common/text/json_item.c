#include "common/text/json_item.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_DIGITS 40

struct reading {
	const char *begin, *at, *end;
	char *texts; /* where the next one goes: each is shorter, with its NUL, than it was */
	size_t left; /* items that there may still be, of @most */
	size_t most;
	unsigned depth;
	struct arena *arena;
	struct err *err;
};

size_t json_item_room(size_t len, size_t most)
{
	return len + 64 + most * (sizeof(struct json_item) + 16); /* rounded up, each */
}

/* -EINVAL, and where. */
static int fault(struct reading *r, const char *what)
{
	unsigned line = 1;
	const char *line_begin = r->begin;

	for (const char *c = r->begin; c < r->at; c++)
		if (*c == '\n') {
			line++;
			line_begin = c + 1;
		}
	return err_set(r->err, -EINVAL, "not JSON: line %u, column %zu: %s", line,
		       (size_t)(r->at - line_begin) + 1, _(what));
}

static int peek(const struct reading *r)
{
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

static void skip_blanks(struct reading *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
		r->at++;
}

static bool take(struct reading *r, char c)
{
	skip_blanks(r);
	if (peek(r) != (unsigned char)c)
		return false;
	r->at++;
	return true;
}

static bool take_word(struct reading *r, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
		return false;
	r->at += len;
	return true;
}

/* --- numbers --- */

static bool digits(struct reading *r)
{
	const char *first = r->at;

	while (isdigit(peek(r)))
		r->at++;
	return r->at > first;
}

static bool number(struct reading *r)
{
	if (peek(r) == '-')
		r->at++;
	if (peek(r) == '0')
		r->at++;
	else if (!digits(r))
		return false;
	if (peek(r) == '.') {
		r->at++;
		if (!digits(r))
			return false;
	}
	if (peek(r) == 'e' || peek(r) == 'E') {
		r->at++;
		if (peek(r) == '+' || peek(r) == '-')
			r->at++;
		if (!digits(r))
			return false;
	}
	return true;
}

static int read_number(struct reading *r, struct json_item *item)
{
	const char *from = r->at;

	if (!number(r))
		return fault(r, N_("this is not a value"));
	item->kind = ITEM_NUMBER;
	item->text = r->texts;
	memcpy(r->texts, from, (size_t)(r->at - from));
	r->texts += r->at - from;
	*r->texts++ = '\0';
	return 0;
}

/* --- texts --- */

static bool hex4(struct reading *r, unsigned *ret_unit)
{
	unsigned unit = 0;

	for (int i = 0; i < 4; i++, r->at++) {
		int c = peek(r);

		if (!isxdigit(c))
			return false;
		unit = unit << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	*ret_unit = unit;
	return true;
}

static void put(struct reading *r, unsigned character)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	int n = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

	if (n == 1) {
		*r->texts++ = (char)character;
		return;
	}
	*r->texts++ = (char)(lead[n] | character >> 6 * (n - 1));
	for (int i = n - 2; i >= 0; i--)
		*r->texts++ = (char)(0x80 | (character >> 6 * i & 0x3f));
}

/* Behind "\u". */
static int escape_unicode(struct reading *r)
{
	unsigned high, low;

	if (!hex4(r, &high))
		return fault(r, N_("\\u needs four hexadecimal digits"));
	if (high == 0)
		return fault(r, N_("a string may not hold a NUL (\\u0000)"));
	if (high < 0xd800 || high > 0xdfff) {
		put(r, high);
		return 0;
	}
	if (high > 0xdbff || !take_word(r, "\\u") || !hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
		return fault(r, N_("this \\u is half a character"));
	put(r, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
	return 0;
}

static int escape(struct reading *r)
{
	static const char written[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	int c = peek(r);
	const char *found = c > 0 ? strchr(written, c) : NULL;

	if (c == 'u') {
		r->at++;
		return escape_unicode(r);
	}
	if (!found)
		return fault(r, N_("there is no such escape"));
	r->at++;
	*r->texts++ = meant[found - written];
	return 0;
}

/* Behind the quotation mark. */
static int read_text(struct reading *r, const char **ret_text)
{
	char *text = r->texts;
	int rc = 0;

	while (rc == 0 && peek(r) != '"') {
		if (peek(r) < 0)
			return fault(r, N_("this string does not end"));
		if (peek(r) < ' ')
			return fault(r, N_("a control character must be escaped"));
		if (*r->at++ == '\\')
			rc = escape(r);
		else
			*r->texts++ = r->at[-1];
	}
	if (rc < 0)
		return rc;
	r->at++;
	*r->texts++ = '\0';
	*ret_text = text;
	return 0;
}

/* --- what has items in it --- */

static int read_item(struct reading *r, struct json_item **ret_item);

static int read_name(struct reading *r, const struct json_item *object, const char **ret_name)
{
	char quoted[EXCERPT_MAX];

	if (!take(r, '"'))
		return fault(r, N_("a name in quotation marks is missing"));
	int rc = read_text(r, ret_name);
	if (rc < 0)
		return rc;
	if (object->n == JSON_MEMBERS_MAX)
		return err_set(r->err, -EINVAL, "an object has over %u names", JSON_MEMBERS_MAX);
	if (json_item_member(object, *ret_name))
		return err_set(r->err, -EINVAL, "'%s' is there twice in one object; leave one out",
			       utf8_excerpt(*ret_name, strlen(*ret_name), quoted));
	return take(r, ':') ? 0 : fault(r, N_("':' is missing"));
}

static int read_inside(struct reading *r, struct json_item *outer, char end)
{
	struct json_item **link = &outer->first;

	if (take(r, end))
		return 0;
	do {
		const char *name = NULL;
		int rc = outer->kind == ITEM_OBJECT ? read_name(r, outer, &name) : 0;

		if (rc == 0)
			rc = read_item(r, link);
		if (rc < 0)
			return rc;
		(*link)->name = name;
		link = &(*link)->next;
		outer->n++;
	} while (take(r, ','));
	return take(r, end) ? 0 : fault(r, N_("',' or the end is missing"));
}

static int read_outer(struct reading *r, struct json_item *item)
{
	bool object = *r->at++ == '{';

	item->kind = object ? ITEM_OBJECT : ITEM_LIST;
	if (r->depth == JSON_DEPTH_MAX)
		return fault(r, N_("objects and lists are nested too deep"));
	r->depth++;
	int rc = read_inside(r, item, object ? '}' : ']');
	r->depth--;
	return rc;
}

static int read_item(struct reading *r, struct json_item **ret_item)
{
	struct json_item *item;

	if (r->left-- == 0)
		return err_set(r->err, -E2BIG, "this JSON has over %zu values; send it in parts",
			       r->most);
	item = arena_alloc(r->arena, sizeof(*item));
	if (!item)
		return err_memory(r->err);
	*ret_item = item;
	skip_blanks(r);
	switch (peek(r)) {
	case '{':
	case '[':
		return read_outer(r, item);
	case '"':
		r->at++;
		item->kind = ITEM_TEXT;
		return read_text(r, &item->text);
	default:
		break;
	}
	if (take_word(r, "null"))
		item->kind = ITEM_NULL;
	else if (take_word(r, "true"))
		item->kind = ITEM_TRUE;
	else if (take_word(r, "false"))
		item->kind = ITEM_FALSE;
	else
		return read_number(r, item);
	return 0;
}

int json_item_read(const char *text, size_t len, size_t most, struct arena *arena,
		   struct json_item **ret_item, struct err *err)
{
	struct json_item *item = NULL;
	struct reading r = { .begin = text,
			     .at = text,
			     .end = text + len,
			     .left = most,
			     .most = most,
			     .arena = arena,
			     .err = err };

	for (size_t n; len > 0 && r.at < r.end; r.at += n) {
		n = utf8_char(r.at, (size_t)(r.end - r.at));
		if (n == 0)
			return fault(&r, N_("this is not UTF-8"));
	}
	r.at = text;
	r.texts = arena_alloc_raw(arena, len + 1);
	if (!r.texts)
		return err_memory(err);
	int rc = read_item(&r, &item);
	skip_blanks(&r);
	if (rc == 0 && r.at < r.end)
		rc = fault(&r, N_("there is more than one value"));
	if (rc == 0)
		*ret_item = item;
	return rc;
}

const struct json_item *json_item_member(const struct json_item *object, const char *name)
{
	if (object->kind != ITEM_OBJECT)
		return NULL;
	for (const struct json_item *item = object->first; item; item = item->next)
		if (item->name && strcmp(item->name, name) == 0)
			return item;
	return NULL;
}

const char *json_item_plain(const struct json_item *number, struct arena *arena, bool *ret_long)
{
	char kept[PLAIN_DIGITS], plain[2 * PLAIN_DIGITS + 8], *to = plain;
	const char *c = number->text + (*number->text == '-');
	long n = 0, point = 0, exponent;
	bool fraction = false;

	*ret_long = false;
	/* The digits from the first that is no zero on, and how many of them are before the point.
	 */
	for (; *c && *c != 'e' && *c != 'E'; c++) {
		if (*c == '.') {
			fraction = true;
			continue;
		}
		if (n == 0 && *c == '0') {
			point -= fraction;
			continue;
		}
		*ret_long = n == PLAIN_DIGITS;
		if (*ret_long)
			return NULL;
		kept[n++] = *c;
		point += !fraction;
	}
	exponent = *c ? strtol(c + 1, NULL, 10) : 0;
	while (n > 0 && kept[n - 1] == '0')
		n--;
	*ret_long = n > 0 && (exponent < -1000 || exponent > 1000 ||
			      point + exponent > PLAIN_DIGITS || point + exponent < -PLAIN_DIGITS);
	if (*ret_long)
		return NULL;
	point = n > 0 ? point + exponent : 1;
	if (*number->text == '-' && n > 0)
		*to++ = '-';
	if (point <= 0)
		*to++ = '0';
	for (long i = 0; i < point; i++)
		*to++ = i < n ? kept[i] : '0';
	if (n > point)
		*to++ = '.';
	for (long i = point; i < n; i++)
		*to++ = i < 0 ? '0' : kept[i];
	*to = '\0';
	to = arena_alloc_raw(arena, strlen(plain) + 1);
	return to ? strcpy(to, plain) : NULL;
}
