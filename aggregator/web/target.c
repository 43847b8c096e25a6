#include "web/target.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static int nibble(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
					    : -1;
}

/* The byte that @at, "%XX", stands for; -1: it is no escape. */
static int escaped(const char *at)
{
	int high = nibble(at[1]), low = high < 0 ? -1 : nibble(at[2]);

	return low < 0 ? -1 : high * 16 + low;
}

/* Of the segment from @at up to @end: nothing but dots, however they are written? */
static bool is_dots(const char *at, const char *end)
{
	if (at == end)
		return false;
	while (at < end) {
		if (*at == '.')
			at++;
		else if (*at == '%' && escaped(at) == '.')
			at += 3;
		else
			return false;
	}
	return true;
}

unsigned target_judge(const char *target)
{
	size_t len = strnlen(target, TARGET_MAX + 1);
	const char *end = target + strcspn(target, "?");

	if (len > TARGET_MAX)
		return 414;
	if (*target != '/')
		return 400;
	for (const char *at = target; *at; at++)
		if (*at <= ' ' || *at > '~' || *at == '#' || *at == '"' || *at == '<' ||
		    *at == '>' || *at == '\\' || (*at == '%' && escaped(at) < 0))
			return 400;
	for (const char *at = target; at < end; at++) {
		const char *next = at + 1 + strcspn(at + 1, "/?");
		int byte = *at == '%' ? escaped(at) : 'a';

		if (byte == '/' || byte == '\\' || byte == '%' || byte < ' ' || byte == 0x7f)
			return 404;
		if (*at == '/' && (at[1] == '/' || is_dots(at + 1, next)))
			return 404;
	}
	return 0;
}
