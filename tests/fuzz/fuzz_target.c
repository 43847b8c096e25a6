/* Targets of request lines, a line each: what passes reads one way only. Whoever unescapes its path
 * once, splits it at slashes, and unescapes what came out again, sees the same segments, none of
 * which leads up or nowhere; and what was refused had a reason. */
#include "fuzz/fuzz.h"
#include "web/target.h"

#include <ctype.h>
#include <stdbool.h>

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Of @len bytes of @text, with what no escape is left as it stands; @ret_whole: each is one. */
static size_t unescape(const char *text, size_t len, char *to, bool *ret_whole)
{
	size_t n = 0;

	*ret_whole = true;
	for (size_t i = 0; i < len; i++) {
		bool is_one = text[i] == '%' && i + 2 < len && digit(text[i + 1]) >= 0 &&
			      digit(text[i + 2]) >= 0;

		if (text[i] == '%' && !is_one)
			*ret_whole = false;
		to[n++] = is_one ? (char)(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
		i += is_one ? 2 : 0;
	}
	return n;
}

/* Of an unescaped path: may it be in one? */
static bool is_plain(const char *segment, size_t len, bool last)
{
	size_t dots = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)segment[i];

		if (byte < ' ' || byte == 0x7f || byte == '\\' || byte == '%')
			return false;
		dots += byte == '.';
	}
	return len == 0 ? last : dots < len;
}

static bool is_plain_path(const char *path, size_t len)
{
	size_t slashes = 0, at = 1;

	for (size_t i = 0; i < len; i++)
		slashes += path[i] == '/';
	if (len == 0 || path[0] != '/')
		return false;
	for (; slashes > 0; slashes--) {
		const char *end = at < len ? memchr(path + at, '/', len - at) : NULL;
		size_t n = end ? (size_t)(end - path) - at : len - at;

		if (!is_plain(path + at, n, slashes == 1))
			return false;
		at += n + 1;
	}
	return true;
}

/* What is not a target of printable ASCII with whole escapes at all. */
static bool is_none(const char *target, char *room)
{
	bool whole;

	(void)unescape(target, strlen(target), room, &whole);
	for (const char *at = target; *at; at++)
		if (!isgraph((unsigned char)*at) || !isascii((unsigned char)*at) ||
		    strchr("#\"<>\\", *at))
			return true;
	return *target != '/' || !whole;
}

static void try_target(const char *target)
{
	size_t len = strlen(target), path_len = strcspn(target, "?"), slashes = 0, n;
	char *room = malloc(len + 1), *again = malloc(len + 1);
	unsigned status = target_judge(target);
	bool whole;

	require(room && again);
	if (len > TARGET_MAX) {
		require(status == 414);
	} else if (is_none(target, room)) {
		require(status == 400);
	} else {
		n = unescape(target, path_len, room, &whole);
		for (size_t i = 0; i < path_len; i++)
			slashes += target[i] == '/';
		for (size_t i = 0; i < n; i++)
			slashes -= room[i] == '/'; /* an escaped one more: it wraps */
		require(status == (slashes == 0 && is_plain_path(room, n) ? 0 : 404));
		if (status == 0) {
			require(unescape(room, n, again, &whole) == n &&
				memcmp(room, again, n) == 0);
			require(target_judge(target) == 0); /* and of this there is no memory */
		}
	}
	free(again);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_lines(data, len, try_target);
	return 0;
}
