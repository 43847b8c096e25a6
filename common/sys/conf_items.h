/* Sections of which there may be several (see struct conf_items): what conf.c does with them. */
#pragma once

#include "common/sys/conf.h"

#include <stdbool.h>

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
