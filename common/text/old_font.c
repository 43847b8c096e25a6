#include "common/text/old_font.h"

#include "common/base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A character, and what it stands for. */
struct pair {
	uint16_t code;
	const char *text;
};

static const struct pair tcvn3[] = {
	{ 0xa1, "Ă" }, { 0xa2, "Â" }, { 0xa3, "Ê" }, { 0xa4, "Ô" }, { 0xa5, "Ơ" }, { 0xa6, "Ư" },
	{ 0xa7, "Đ" }, { 0xa8, "ă" }, { 0xa9, "â" }, { 0xaa, "ê" }, { 0xab, "ô" }, { 0xac, "ơ" },
	{ 0xad, "ư" }, { 0xae, "đ" }, { 0xb5, "à" }, { 0xb6, "ả" }, { 0xb7, "ã" }, { 0xb8, "á" },
	{ 0xb9, "ạ" }, { 0xbb, "ằ" }, { 0xbc, "ẳ" }, { 0xbd, "ẵ" }, { 0xbe, "ắ" }, { 0xc6, "ặ" },
	{ 0xc7, "ầ" }, { 0xc8, "ẩ" }, { 0xc9, "ẫ" }, { 0xca, "ấ" }, { 0xcb, "ậ" }, { 0xcc, "è" },
	{ 0xce, "ẻ" }, { 0xcf, "ẽ" }, { 0xd0, "é" }, { 0xd1, "ẹ" }, { 0xd2, "ề" }, { 0xd3, "ể" },
	{ 0xd4, "ễ" }, { 0xd5, "ế" }, { 0xd6, "ệ" }, { 0xd7, "ì" }, { 0xd8, "ỉ" }, { 0xdc, "ĩ" },
	{ 0xdd, "í" }, { 0xde, "ị" }, { 0xdf, "ò" }, { 0xe1, "ỏ" }, { 0xe2, "õ" }, { 0xe3, "ó" },
	{ 0xe4, "ọ" }, { 0xe5, "ồ" }, { 0xe6, "ổ" }, { 0xe7, "ỗ" }, { 0xe8, "ố" }, { 0xe9, "ộ" },
	{ 0xea, "ờ" }, { 0xeb, "ở" }, { 0xec, "ỡ" }, { 0xed, "ớ" }, { 0xee, "ợ" }, { 0xef, "ù" },
	{ 0xf1, "ủ" }, { 0xf2, "ũ" }, { 0xf3, "ú" }, { 0xf4, "ụ" }, { 0xf5, "ừ" }, { 0xf6, "ử" },
	{ 0xf7, "ữ" }, { 0xf8, "ứ" }, { 0xf9, "ự" }, { 0xfa, "ỳ" }, { 0xfb, "ỷ" }, { 0xfc, "ỹ" },
	{ 0xfd, "ý" }, { 0xfe, "ỵ" },
};

/* VNI writes a vowel's marks as a character behind it: here as combining marks. Small and capital
 * are the same; what is a letter in itself has no mark. */
static const struct pair vni[] = {
	{ 0xd1, "Đ" },
	{ 0xf1, "đ" },
	{ 0xd4, "Ơ" },
	{ 0xf4, "ơ" },
	{ 0xd6, "Ư" },
	{ 0xf6, "ư" },
	{ 0xc6, "Ỉ" },
	{ 0xe6, "ỉ" },
	{ 0xd3, "Ĩ" },
	{ 0xf3, "ĩ" },
	{ 0xd2, "Ị" },
	{ 0xf2, "ị" },
	{ 0xce, "Ỵ" },
	{ 0xee, "ỵ" },
	{ 0xf9, "\u0301" }, /* acute, grave, hook, tilde, dot */
	{ 0xf8, "\u0300" },
	{ 0xfb, "\u0309" },
	{ 0xf5, "\u0303" },
	{ 0xef, "\u0323" },
	{ 0xe2, "\u0302" }, /* the same with a circumflex */
	{ 0xe1, "\u0302\u0301" },
	{ 0xe0, "\u0302\u0300" },
	{ 0xe5, "\u0302\u0309" },
	{ 0xe3, "\u0302\u0303" },
	{ 0xe4, "\u0302\u0323" },
	{ 0xea, "\u0306" }, /* and with a breve */
	{ 0xe9, "\u0306\u0301" },
	{ 0xe8, "\u0306\u0300" },
	{ 0xfa, "\u0306\u0309" },
	{ 0xfc, "\u0306\u0303" },
	{ 0xeb, "\u0306\u0323" },
};

static const struct {
	const char *name;
	const struct pair *pairs;
	size_t n;
} fonts[OLD_FONT_COUNT] = {
	[OLD_FONT_TCVN3] = { "TCVN3 (.VnTime)", tcvn3, sizeof(tcvn3) / sizeof(tcvn3[0]) },
	[OLD_FONT_VNI] = { "VNI (VNI-Times)", vni, sizeof(vni) / sizeof(vni[0]) },
	[OLD_FONT_VIQR] = { "VIQR", NULL, 0 },
};

const char *old_font_name(enum old_font font)
{
	return fonts[font].name;
}

static const char *meant(enum old_font font, uint32_t code)
{
	for (size_t i = 0; i < fonts[font].n; i++) {
		uint16_t own = fonts[font].pairs[i].code;
		bool capital_mark = font == OLD_FONT_VNI && own >= 0xe0 &&
				    code == (uint32_t)own - 0x20 &&
				    (unsigned char)fonts[font].pairs[i].text[0] == 0xcc;
		if (own == code || capital_mark)
			return fonts[font].pairs[i].text;
	}
	return NULL;
}

/* Behind a letter of VIQR: a mark of its own, and the tone. */
static const char *mark_of(char letter, char c)
{
	static const struct {
		char c;
		const char *behind, *mark;
	} marks[] = { { '^', "aeoAEO", "\u0302" },       { '(', "aA", "\u0306" },
		      { '+', "ouOU", "\u031b" },         { '\'', "aeiouyAEIOUY", "\u0301" },
		      { '`', "aeiouyAEIOUY", "\u0300" }, { '?', "aeiouyAEIOUY", "\u0309" },
		      { '~', "aeiouyAEIOUY", "\u0303" }, { '.', "aeiouyAEIOUY", "\u0323" } };
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (marks[i].c == c && letter && strchr(marks[i].behind, letter))
			return marks[i].mark;
	return NULL;
}

static bool read_viqr(const char *text, char *to, size_t room)
{
	size_t len = 0;
	char letter = '\0'; /* to which marks belong */
	for (; *text; text++) {
		char own[2] = { *text, '\0' };
		const char *mark = mark_of(letter, *text), *put = mark ? mark : own;
		bool bar = strchr("dD", text[0]) && strchr("dD", text[1]) && text[1];
		if (bar)
			put = *text++ == 'd' ? "đ" : "Đ";
		if (!mark)
			letter = bar ? '\0' : own[0];
		if (len + strlen(put) >= room)
			return false;
		memcpy(to + len, put, strlen(put));
		len += strlen(put);
	}
	to[len] = '\0';
	return true;
}

bool old_font_read(enum old_font font, const char *text, char *to, size_t room)
{
	size_t len = 0, n;
	if (font == OLD_FONT_VIQR)
		return read_viqr(text, to, room);
	for (; *text; text += n) {
		n = utf8_char(text, strnlen(text, 4));
		const char *letter = n > 0 ? meant(font, utf8_code(text, n)) : NULL;
		size_t size = letter ? strlen(letter) : n > 0 ? n : 1;
		if (len + size >= room)
			return false;
		memcpy(to + len, letter ? letter : text, size);
		len += size;
		n = n > 0 ? n : 1;
	}
	to[len] = '\0';
	return true;
}
