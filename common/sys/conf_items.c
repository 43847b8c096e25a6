#include "common/sys/conf_internal.h"

#include "common/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PLACE        " NAME" /* what a table writes where a file has the item's name */
#define NAME_MAX_LEN 32u

static size_t prefix_len(const struct conf_key *key) /* with the blank; 0: it is no such section */
{
	size_t len = strlen(key->section), place = strlen(PLACE);
	bool many = len > place && strcmp(key->section + len - place, PLACE) == 0;
	return many ? len - place + 1 : 0;
}

bool conf_in_items(const struct conf_key *key)
{
	return prefix_len(key) > 0;
}

bool conf_of_item(const struct conf_key *key)
{
	return conf_in_items(key) && conf_value_type(key) != CONF_ITEMS;
}

bool conf_section_is(const struct conf_key *key, const char *section)
{
	size_t len = prefix_len(key);
	return len > 0 ? strncmp(key->section, section, len) == 0 && section[len] != '\0'
		       : strcmp(key->section, section) == 0;
}

bool conf_lacks_name(const struct conf_key *key, const char *section)
{
	size_t len = prefix_len(key);
	return len > 0 && strlen(section) + 1 == len &&
	       strncmp(key->section, section, len - 1) == 0;
}

static char *item_at(const struct conf_items *items, size_t i)
{
	return (char *)items->items + i * items->row->min;
}

static const char *name_of(const struct conf_items *items, size_t i)
{
	return *(char **)(void *)item_at(items, i);
}

void *conf_items_find(const struct conf_items *items, const char *section)
{
	const char *name = section + prefix_len(items->row);
	for (size_t i = 0; i < items->n; i++)
		if (strcmp(name_of(items, i), name) == 0)
			return item_at(items, i);
	return NULL;
}

static bool is_of(const struct conf_items *items, const struct conf_key *key)
{
	return conf_of_item(key) && strcmp(key->section, items->row->section) == 0;
}

static int set_defaults(const struct conf_items *items, void *item, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < items->n_keys && rc == 0; i++)
		if (is_of(items, &items->keys[i]) && items->keys[i].fallback)
			rc = conf_value_set(&items->keys[i], items->keys[i].fallback, item, err);
	assert(rc == 0 || rc == -ENOMEM); /* a default out of range is our mistake */
	return rc;
}

static int check(const struct conf_items *items, const char *section, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";
	char shown[EXCERPT_MAX];
	const char *name = section + prefix_len(items->row);
	size_t len = strspn(name, letters);
	if (name[len] != '\0' || len > NAME_MAX_LEN)
		return err_set(err, -EINVAL,
			       "[%s]: a name is a-z, A-Z, 0-9, '.', '_' and '-', and has at most "
			       "%u of them",
			       utf8_excerpt(section, strlen(section), shown), NAME_MAX_LEN);
	if (conf_items_find(items, section))
		return err_set(err, -EINVAL,
			       "there is a section [%s] already; give it another name", section);
	if (items->n == items->row->max)
		return err_set(err, -EINVAL,
			       "there are more than %llu sections [%s]; take some out",
			       (unsigned long long)items->row->max, items->row->section);
	return 0;
}

int conf_items_add(struct conf_items *items, const char *section, struct err *err)
{
	size_t size = items->row->min;
	int rc = check(items, section, err);
	if (rc < 0)
		return rc;
	void *grown = realloc(items->items, (items->n + 1) * size);
	if (!grown)
		return err_memory(err);
	items->items = grown;
	char *item = item_at(items, items->n), *name = strdup(section + prefix_len(items->row));
	if (!name)
		return err_memory(err);
	memset(item, 0, size);
	*(char **)(void *)item = name;
	items->n++;
	return set_defaults(items, item, err);
}

bool conf_items_differ(const struct conf_items *a, const struct conf_items *b)
{
	if (a->n != b->n)
		return true;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(name_of(a, i), name_of(b, i)) != 0)
			return true;
		for (size_t k = 0; k < a->n_keys; k++)
			if (is_of(a, &a->keys[k]) &&
			    conf_value_differs(&a->keys[k], item_at(a, i), item_at(b, i)))
				return true;
	}
	return false;
}

void conf_items_free(struct conf_items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		char *item = item_at(items, i);
		for (size_t k = 0; k < items->n_keys; k++)
			if (is_of(items, &items->keys[k]))
				conf_value_free(&items->keys[k], item);
		free(*(char **)(void *)item);
	}
	free(items->items);
	items->items = NULL;
	items->n = 0;
}
