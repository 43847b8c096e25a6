#include "common/base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct form { /* of a first byte, table 3-7 of the Unicode Standard */
	uint8_t first, last;
	uint8_t len;
	uint8_t second_min, second_max;
};

static const struct form forms[] = {
	{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static const struct form *form_of(uint8_t first)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (first >= forms[i].first && first <= forms[i].last)
			return &forms[i];
	return NULL;
}

size_t utf8_char(const char *text, size_t len)
{
	const uint8_t *byte = (const uint8_t *)text;
	const struct form *form = form_of(byte[0]);
	if (!form || len < form->len)
		return 0;
	if (form->len > 1 && (byte[1] < form->second_min || byte[1] > form->second_max))
		return 0;
	for (size_t i = 2; i < form->len; i++)
		if (byte[i] < 0x80 || byte[i] > 0xbf)
			return 0;
	return form->len;
}

bool utf8_valid(const char *text, size_t len)
{
	while (len > 0) {
		size_t n = utf8_char(text, len);
		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

uint32_t utf8_code(const char *text, size_t n)
{
	const uint8_t *byte = (const uint8_t *)text;
	if (n == 1)
		return byte[0];
	uint32_t c = byte[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (byte[i] & 0x3fu);
	return c;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Besides controls: what turns the direction of writing round, parts lines, is nothing to see, or
 * no character at all. */
static const struct range {
	uint32_t first, last;
} unseen[] = {
	{ 0xad, 0xad },     { 0x61c, 0x61c },     { 0x180e, 0x180e }, { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f },   { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

static bool is_unseen(uint32_t c)
{
	if (is_control(c) || (c & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; c >= 0xad && i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return true;
	return false;
}

bool utf8_seen(const char *text, size_t n)
{
	return !is_unseen(utf8_code(text, n));
}

/* How many bytes of @text[@len] come before the first that is no character, or one that @refused
 * holds for. */
static size_t span(const char *text, size_t len, bool (*refused)(uint32_t c))
{
	size_t at = 0, n;
	while (at < len && (n = utf8_char(text + at, len - at)) > 0 &&
	       !refused(utf8_code(text + at, n)))
		at += n;
	return at;
}

bool utf8_printable(const char *text, size_t len)
{
	return span(text, len, is_control) == len;
}

size_t utf8_plain(const char *text, size_t len)
{
	return span(text, len, is_unseen);
}

/* --- cutting --- */

size_t utf8_cut(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	for (size_t back = 1; back < 4 && back <= max; back++) {
		size_t n = utf8_char(text + max - back, len - max + back);
		if (n > 0)
			return n > back ? max - back : max;
	}
	return max;
}

/* The same of a text whose rest is not there any more: without the beginning of a character at its
 * end. */
static size_t without_half(const char *text, size_t len)
{
	for (size_t back = 1; back < 4 && back <= len; back++) {
		uint8_t byte = (uint8_t)text[len - back];
		const struct form *form = form_of(byte);
		if (form)
			return form->len > back ? len - back : len;
		if (byte < 0x80 || byte > 0xbf)
			break;
	}
	return len;
}

size_t utf8_vprint(char *to, size_t room, const char *format, va_list args)
{
	int n = vsnprintf(to, room, format, args);
	if (n < 0)
		n = 0;
	size_t len = (size_t)n < room ? (size_t)n : without_half(to, room - 1);
	to[len] = '\0';
	return len;
}

size_t utf8_print(char *to, size_t room, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t len = utf8_vprint(to, room, format, args);
	va_end(args);
	return len;
}

/* --- making printable --- */

size_t utf8_clean(char *text, const char *but)
{
	size_t len = strlen(text), to = 0;
	for (size_t from = 0; from < len;) {
		size_t n = utf8_char(text + from, len - from);
		if (n > 0 && (utf8_seen(text + from, n) || strchr(but, text[from]))) {
			memmove(text + to, text + from, n);
			to += n;
		} else {
			text[to++] = n == 1 && text[from] >= '\t' && text[from] <= '\r' ? ' ' : '?';
		}
		from += n > 0 ? n : 1;
	}
	text[to] = '\0';
	return to;
}

const char *utf8_excerpt(const char *text, size_t len, char out[EXCERPT_MAX])
{
	static const char more[] = "...";
	size_t room = EXCERPT_MAX - sizeof(more), used = 0;
	while (len > 0) {
		size_t n = utf8_char(text, len);
		bool shown = n > 0 && utf8_seen(text, n);
		size_t step = n > 0 ? n : 1, width = shown ? n : 1;
		if (used + width > room) {
			memcpy(out + used, more, sizeof(more));
			return out;
		}
		memcpy(out + used, shown ? text : "?", width);
		used += width;
		text += step;
		len -= step;
	}
	out[used] = '\0';
	return out;
}
