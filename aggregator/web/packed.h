/* Pages as gzip, for a thin line. Pure. */
#pragma once

#include "common/base/blob.h"

#include <stdbool.h>

/** Is it worth while, for a page of @len bytes of which @word is a secret ("": none is)?
 *
 * Never a page that holds the word: how long a packed page is would tell, guess by guess, how much
 * of what was put into its address stands in it a second time (BREACH). The word is the one
 * secret of a reader that is the same on page after page. Masking it anew in each answer would do
 * as well, but pages with forms are short, and nothing there can be forgotten. */
bool packed_pays(const void *page, size_t len, const char *word);

/** @data[@len] as gzip (RFC 1952), into @ret_packed, which is empty and is the caller's. -ENOMEM */
int packed_make(const void *data, size_t len, struct blob *ret_packed);
