/* Vietnamese text: composed, and as the key that names are compared by. */
#include "common/base/utf8.h"
#include "common/text/viet.h"
#include "fuzz/fuzz.h"

#include <stdbool.h>

#define ROOMS_MAX 80u /* of a text's prefixes, all of those are tried */

/* In a room that is exact, so that a byte too far is seen. */
static char *composed(const char *text, size_t room, bool fits)
{
	char *to = malloc(room);
	require(to);
	require(viet_compose(text, to, room) == fits);
	require(strlen(to) < room);
	return to;
}

static void try_rooms(const char *text, const char *whole, bool valid)
{
	size_t len = strlen(whole);
	for (size_t room = 1; room <= len && room < ROOMS_MAX; room++) {
		char *part = composed(text, room, false);
		require(strncmp(part, whole, strlen(part)) == 0);
		require(!valid || utf8_valid(part, strlen(part)));
		free(part);
	}
}

static void try_key(const char *text, const char *whole,
		    bool (*key_of)(const char *text, char ret_key[VIET_KEY_MAX]))
{
	char key[VIET_KEY_MAX], again[VIET_KEY_MAX];
	if (!key_of(text, key))
		return;
	require(strlen(key) < VIET_KEY_MAX);
	require(!utf8_valid(text, strlen(text)) || utf8_valid(key, strlen(key)));
	require(key_of(whole, again) && strcmp(key, again) == 0); /* the same text for people */
}

static void try_line(const char *text)
{
	bool valid = utf8_valid(text, strlen(text));
	char *whole = composed(text, strlen(text) + 1, true); /* never longer than it was */
	char *same = strdup(text);
	char *again = composed(whole, strlen(whole) + 1, true);
	require(same && viet_compose(same, same, strlen(same) + 1));
	require(strcmp(same, whole) == 0 && strcmp(again, whole) == 0);
	require(!valid || utf8_valid(whole, strlen(whole)));
	try_rooms(text, whole, valid);
	try_key(text, whole, viet_key);
	try_key(text, whole, viet_bare);
	free(again);
	free(same);
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_lines(data, len, try_line);
	return 0;
}
