#include "common/text/numeral.h"

#include <string.h>

struct spelling {
	bool negative;
	char body[NUMERAL_MAX]; /* digits, '.', ',' and '_' for a blank between digits */
	size_t len;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Bytes of the blank that @text begins with. */
static size_t blank_len(const char *text)
{
	static const char *const blanks[] = { " ",
					      "\t",
					      "\xc2\xa0",
					      "\xe2\x80\xaf",
					      "\xe2\x80\x87",
					      "\xe2\x80\x89",
					      "\xe2\x80\x8a",
					      "\xe2\x80\x8b",
					      "\xe3\x80\x80",
					      "\xef\xbb\xbf" };
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
		if (strncmp(text, blanks[i], strlen(blanks[i])) == 0)
			return strlen(blanks[i]);
	return 0;
}

static const char *skip_blanks(const char *text)
{
	size_t n;
	while ((n = blank_len(text)) > 0)
		text += n;
	return text;
}

/* The character that @text begins with; wide ones, as East Asian keyboards have them, are what they
 * stand for. */
static char char_at(const char *text, size_t *ret_len)
{
	bool wide = strncmp(text, "\xef\xbc", 2) == 0 && (unsigned char)text[2] >= 0x8b &&
		    (unsigned char)text[2] <= 0x99;
	*ret_len = wide ? 3 : 1;
	return wide ? (char)('+' + (unsigned char)text[2] - 0x8b) : *text;
}

static const char *read_sign(const char *text, bool *ret_negative)
{
	static const char minus[] = "\xe2\x88\x92";
	if (strncmp(text, minus, strlen(minus)) == 0) {
		*ret_negative = true;
		return text + strlen(minus);
	}
	size_t len;
	char sign = char_at(text, &len);
	*ret_negative = sign == '-';
	return sign == '-' || sign == '+' ? text + len : text;
}

static bool spelling_read(const char *text, struct spelling *ret)
{
	text = read_sign(skip_blanks(text), &ret->negative);
	ret->len = 0;
	while (*text) {
		size_t blank = blank_len(text);
		size_t len = 1;
		char c = blank > 0 ? '_' : char_at(text, &len);
		if (blank > 0 && !*skip_blanks(text))
			break;
		if ((!is_digit(c) && blank == 0 && c != '.' && c != ',') ||
		    ret->len + 2 >= sizeof(ret->body))
			return false;
		ret->body[ret->len++] = c;
		text += blank > 0 ? blank : len;
	}
	ret->body[ret->len] = '\0';
	return ret->len > 0;
}

/* Are @text[@len] digits in groups: one to three, then @between and three, again and again? */
static bool is_grouped(const char *text, size_t len, char between)
{
	size_t first = strcspn(text, ".,_");
	if (first < 1 || first > 3 || first >= len || text[0] == '0')
		return false;
	for (size_t at = first; at < len; at += 4) {
		if (text[at] != between || len - at < 4)
			return false;
		for (size_t i = 1; i <= 3; i++)
			if (!is_digit(text[at + i]))
				return false;
	}
	return true;
}

static bool is_plain(const char *text, size_t len)
{
	size_t n = 0;
	while (n < len && is_digit(text[n]))
		n++;
	return len > 0 && n == len;
}

/* Does it make sense when @point stands before decimals and @group between groups? */
static bool reads_as(const struct spelling *s, char point, char group)
{
	const char *at = strchr(s->body, point);
	size_t whole = at ? (size_t)(at - s->body) : s->len;
	if (at && !is_plain(at + 1, s->len - whole - 1))
		return false;
	/* The whole part: digits, grouped by @group or by blanks or not at all. */
	return is_plain(s->body, whole) || is_grouped(s->body, whole, group) ||
	       is_grouped(s->body, whole, '_');
}

static enum numeral look(const struct spelling *s)
{
	bool comma = reads_as(s, ',', '.'), point = reads_as(s, '.', ',');
	if (comma && point)
		return strpbrk(s->body, ".,") ? NUMERAL_EITHER : NUMERAL_PLAIN;
	return comma ? NUMERAL_COMMA : point ? NUMERAL_POINT : NUMERAL_NONE;
}

enum numeral numeral_look(const char *text)
{
	struct spelling s;
	return spelling_read(text, &s) ? look(&s) : NUMERAL_NONE;
}

bool numeral_plain(const char *text, enum numeral mark, char ret_plain[NUMERAL_MAX])
{
	struct spelling s;
	if (!spelling_read(text, &s))
		return false;
	enum numeral own = look(&s);
	if (own == NUMERAL_NONE ||
	    (own == NUMERAL_EITHER && mark != NUMERAL_COMMA && mark != NUMERAL_POINT))
		return false;
	char point = (own == NUMERAL_EITHER ? mark : own) == NUMERAL_COMMA ? ',' : '.';
	size_t len = 0;
	if (s.negative)
		ret_plain[len++] = '-';
	for (size_t i = 0; i < s.len; i++)
		if (is_digit(s.body[i]) || s.body[i] == point)
			ret_plain[len++] = is_digit(s.body[i]) ? s.body[i] : '.';
	ret_plain[len] = '\0';
	return true;
}
