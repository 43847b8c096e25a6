/* What conf*.c share, and nobody else includes: the values of a configuration one by one, and
 * sections of which there may be several. @base is the struct that the key's offset is in. */
#pragma once

#include "common/sys/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* --- conf_value.c --- */

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

/* --- conf_items.c: see struct conf_items --- */

/** Is the key's section one of which there may be several? */
bool conf_in_items(const struct conf_key *key);
/** Is the key's value in an item, not in the caller's struct? */
bool conf_of_item(const struct conf_key *key);
/** Does @section, as a file has it, hold this key? */
bool conf_section_is(const struct conf_key *key, const char *section);
/** Is @section that of the key, but without a name? */
bool conf_lacks_name(const struct conf_key *key, const char *section);

/** One more, with its defaults, named by what follows in @section. -EINVAL for a bad name, one that
 * is there already, or one too many; -ENOMEM. */
int conf_items_add(struct conf_items *items, const char *section, struct err *err);
/** The item of that section; NULL. */
void *conf_items_find(const struct conf_items *items, const char *section);
bool conf_items_differ(const struct conf_items *a, const struct conf_items *b);
void conf_items_free(struct conf_items *items);
