#include "utf8.h"

#include <stdint.h>
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

static bool is_control(const char *text, size_t n)
{
	const uint8_t *byte = (const uint8_t *)text;
	if (n == 1)
		return byte[0] < 0x20 || byte[0] == 0x7f;
	return n == 2 && byte[0] == 0xc2 && byte[1] < 0xa0;
}

bool utf8_printable(const char *text, size_t len)
{
	while (len > 0) {
		size_t n = utf8_char(text, len);
		if (n == 0 || is_control(text, n))
			return false;
		text += n;
		len -= n;
	}
	return true;
}

const char *utf8_excerpt(const char *text, size_t len, char out[EXCERPT_MAX])
{
	static const char more[] = "...";
	size_t room = EXCERPT_MAX - sizeof(more), used = 0;
	while (len > 0) {
		size_t n = utf8_char(text, len);
		bool shown = n > 0 && !is_control(text, n);
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
