/* The texts that cells of a workbook share. */
#pragma once

#include "common/base/blob.h"
#include "excel/fault.h"

#include <stddef.h>

#define STRING_LIST_BYTES_MAX (32u * 1024 * 1024)

struct string_list {
	struct blob texts; /* owned */
	struct blob ends;  /* owned; size_t: where the i-th ends in @texts */
};

/** More of the next text. -1: that is too much, or there is no memory. */
int string_list_append(struct string_list *list, const char *text, size_t len, struct fault *fault);
/** The next text is complete. Excel writes what XML cannot have as _x000D_; of such a blank becomes
 * one when @escaped. -1: there is no memory. */
int string_list_end(struct string_list *list, bool escaped, struct fault *fault);
/** Text @i; NULL: there is none. */
const char *string_list_get(const struct string_list *list, size_t i, size_t *ret_len);
void string_list_free(struct string_list *list);

/** The same of one text, in place; returns its length. */
size_t string_unescape(char *text, size_t len);
