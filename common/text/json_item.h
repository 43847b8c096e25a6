/* JSON that a stranger sent (RFC 8259), read into an arena. The way in for every body of a request;
 * jansson, which the programs write and the commands read answers with, has two ways that we do not
 * want there: an empty list costs it some 230 bytes for three, so that 4 MiB become 320, and its
 * numbers are doubles, so that 1.00000000000000001 becomes 1. Here an item is 48 bytes, and a
 * number is the text that was sent.
 *
 * A little stricter than the RFC: one name twice in an object is refused, because two readers would
 * take another of the two; so is a NUL in a text, which would end it before its end. */
#pragma once

#include "common/base/arena.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX   16u /* objects and lists in each other */
#define JSON_MEMBERS_MAX 64u /* of an object */

enum json_item_kind {
	ITEM_NULL,
	ITEM_FALSE,
	ITEM_TRUE,
	ITEM_NUMBER,
	ITEM_TEXT,
	ITEM_LIST,
	ITEM_OBJECT,
};

struct json_item {
	enum json_item_kind kind;
	uint32_t n;       /* items in it */
	const char *name; /* of a member of an object; NULL */
	const char *text; /* of a number, as it was written, and of a text, decoded; NULL */
	struct json_item *first, *next; /* in it; beside it */
};

/** The arena's limit for a text of @len bytes that has at most @most items. */
size_t json_item_room(size_t len, size_t most);
/**
 * Read @text[@len] whole: one item and blanks. Everything is in @arena, which has json_item_room()
 * left.
 *
 * Returns 0; -EINVAL with line and column, or with the name, of what is wrong; -E2BIG over @most
 * items; -ENOMEM.
 */
int json_item_read(const char *text, size_t len, size_t most, struct arena *arena,
		   struct json_item **ret_item, struct err *err);

/** The member @name of @object (of another kind: it has none); NULL. */
const struct json_item *json_item_member(const struct json_item *object, const char *name);

/**
 * A number without exponent, and without zeros at the end of its fraction: "1.50e1" is "15",
 * exactly. In @arena. NULL: out of memory, or over 40 digits, of which no figure has so many (then
 * *@ret_long).
 */
const char *json_item_plain(const struct json_item *number, struct arena *arena, bool *ret_long);
