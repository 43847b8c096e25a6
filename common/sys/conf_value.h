/* The values of a configuration, one by one: what conf.c does for a whole file. @base is the struct
 * that the key's offset is in. */
#pragma once

#include "common/sys/conf.h"

#include <stddef.h>
#include <stdio.h>

/** The type without what stands beside it. */
enum conf_type conf_value_type(const struct conf_key *key);
void *conf_value_field(const struct conf_key *key, void *base);
size_t conf_value_size(const struct conf_key *key);
/** -EINVAL with the key's name and what would do; -ENOMEM. Not for CONF_ITEMS. */
int conf_value_set(const struct conf_key *key, const char *text, void *base, struct err *err);
bool conf_value_differs(const struct conf_key *key, const void *a, const void *b);
/** What it owns; then it is as zeroed. */
void conf_value_free(const struct conf_key *key, void *base);
/** " (1 to 9)", or nothing. */
void conf_value_document_range(const struct conf_key *key, FILE *out);
