/* CSV text as a table of texts, for those who only pass it on or show it. */
#pragma once

#include "common/base/err.h"
#include "common/text/table.h"

#include <stddef.h>

/**
 * Read @text[@len] whole. An empty field is null; a row that ends early is filled with nulls.
 * Returns 0; -EINVAL as csv_read, or for a row that is longer than the header; -ENOMEM. The caller
 * closes.
 */
int csv_table(const char *text, size_t len, struct table **ret_table, struct err *err);
