#include "observations.h"

#include "arena.h"
#include "labels.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX   (16u * 1024 * 1024)
#define NUMBER_MAX  32u
#define REAL_DIGITS 15 /* decimal digits that a double is sure to keep */

struct observations {
	json_t *root;          /* owned */
	struct arena *arena;   /* owned: what the JSON does not hold as we need it */
	struct entry *entries; /* in the arena */
	size_t n;
};

static const char *keep(struct observations *all, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = arena_alloc_raw(all->arena, len);
	return copy ? memcpy(copy, text, len) : NULL;
}

static int take_real(struct observations *all, double real, const char **ret_text, struct err *err)
{
	char text[NUMBER_MAX];
	(void)snprintf(text, sizeof(text), "%.*g", REAL_DIGITS, real); /* fits */
	if (strpbrk(text, "enE") || strtod(text, NULL) != real)
		return err_set(err, -EINVAL,
			       "value: this number cannot be taken exactly; write it as a "
			       "string, like \"12.5\"");
	*ret_text = keep(all, text);
	return *ret_text ? 0 : err_memory(err);
}

static int take_value(struct observations *all, const json_t *value, struct entry *entry,
		      struct err *err)
{
	char text[NUMBER_MAX];
	switch (json_typeof(value)) {
	case JSON_NULL:
		entry->value = NULL;
		return 0;
	case JSON_STRING:
		entry->value = json_string_value(value);
		return 0;
	case JSON_INTEGER:
		(void)snprintf(text, sizeof(text), "%lld",
			       (long long)json_integer_value(value)); /* fits */
		entry->value = keep(all, text);
		return entry->value ? 0 : err_memory(err);
	case JSON_REAL:
		return take_real(all, json_real_value(value), &entry->value, err);
	default:
		return err_set(err, -EINVAL, "value: must be a number, a string or null");
	}
}

static int take_labels(struct observations *all, json_t *object, struct entry *entry,
		       struct err *err)
{
	struct label labels[LABELS_MAX];
	char text[LABELS_TEXT_MAX];
	size_t n = 0;
	const char *key;
	json_t *value;
	if (!json_is_object(object))
		return err_set(err, -EINVAL, "labels: must be an object of texts");
	json_object_foreach(object, key, value) {
		if (!json_is_string(value) || n == LABELS_MAX)
			return err_set(err, -EINVAL,
				       "labels: must be an object of at most %u texts", LABELS_MAX);
		labels[n++] = (struct label){ key, json_string_value(value) };
	}
	int rc = labels_canonical(labels, n, text, err);
	if (rc < 0)
		return rc;
	entry->labels = keep(all, text);
	return entry->labels ? 0 : err_memory(err);
}

static int take_member(struct observations *all, struct entry *entry, const char *key,
		       json_t *value, struct err *err)
{
	if (strcmp(key, "metric") == 0 && json_is_string(value))
		entry->metric = json_string_value(value);
	else if (strcmp(key, "period") == 0 && json_is_string(value))
		entry->period = json_string_value(value);
	else if (strcmp(key, "add") == 0 && json_is_boolean(value))
		entry->add = json_is_true(value);
	else if (strcmp(key, "value") == 0)
		return take_value(all, value, entry, err);
	else if (strcmp(key, "labels") == 0)
		return take_labels(all, value, entry, err);
	else
		return err_set(err, -EINVAL,
			       "'%s' is unknown or of the wrong type; known are metric, value, "
			       "period, labels and add",
			       key);
	return 0;
}

static int take_one(struct observations *all, json_t *object, struct entry *entry, struct err *err)
{
	const char *key;
	json_t *value;
	if (!json_is_object(object))
		return err_set(err, -EINVAL, "must be an object");
	entry->labels = "";
	json_object_foreach(object, key, value) {
		int rc = take_member(all, entry, key, value, err);
		if (rc < 0)
			return rc;
	}
	if (!entry->metric)
		return err_set(err, -EINVAL, "metric is missing");
	if (!json_object_get(object, "value"))
		return err_set(err, -EINVAL, "value is missing; null withdraws");
	return 0;
}

static int take_all(struct observations *all, struct err *err)
{
	json_t *array = json_object_get(all->root, "observations");
	if (!json_is_array(array) || json_object_size(all->root) != 1)
		return err_set(err, -EINVAL, "must be {\"observations\": [...]}");
	all->n = json_array_size(array);
	if (all->n > OBSERVATIONS_MAX)
		return err_set(err, -E2BIG, "%zu observations at once; send at most %u", all->n,
			       OBSERVATIONS_MAX);
	all->entries = arena_alloc(all->arena, (all->n + 1) * sizeof(*all->entries));
	if (!all->entries)
		return err_memory(err);
	for (size_t i = 0; i < all->n; i++) {
		int rc = take_one(all, json_array_get(array, i), &all->entries[i], err);
		if (rc < 0)
			return err_wrap(err, "observation %zu", i + 1);
	}
	return 0;
}

int observations_parse(const char *json, size_t len, struct observations **ret_observations,
		       struct err *err)
{
	json_error_t where;
	struct observations *all = calloc(1, sizeof(*all));
	if (!all)
		return err_memory(err);
	all->arena = arena_open(ARENA_MAX);
	all->root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &where);
	int rc = 0;
	if (!all->arena)
		rc = err_memory(err);
	else if (!all->root)
		rc = err_set(err, -EINVAL, "not JSON: line %d, column %d: %s", where.line,
			     where.column, where.text);
	else
		rc = take_all(all, err);
	if (rc < 0)
		observations_close(all);
	else
		*ret_observations = all;
	return rc;
}

const struct entry *observations_entries(const struct observations *observations, size_t *ret_n)
{
	*ret_n = observations->n;
	return observations->entries;
}

void observations_close(struct observations *observations)
{
	if (!observations)
		return;
	json_decref(observations->root);
	arena_close(observations->arena);
	free(observations);
}

static json_t *labels_json(const char *labels)
{
	json_t *object = json_object();
	const char *key, *value;
	size_t key_len, value_len;
	while (labels_next(&labels, &key, &key_len, &value, &value_len)) {
		char name[LABELS_TEXT_MAX];
		memcpy(name, key, key_len); /* canonical, so it fits */
		name[key_len] = '\0';
		/* out of memory is seen by whoever packs a NULL object */
		if (json_object_set_new(object, name, json_stringn(value, value_len)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

int observations_format(const struct entry entries[], size_t n, struct blob *out, struct err *err)
{
	json_t *array = json_array();
	int rc = array ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct entry *entry = &entries[i];
		json_t *object = json_pack("{s:s, s:s?, s:s*, s:o, s:b}", "metric", entry->metric,
					   "value", entry->value, "period", entry->period, "labels",
					   labels_json(entry->labels), "add", (int)entry->add);
		if (json_array_append_new(array, object) < 0)
			rc = -ENOMEM;
	}
	json_t *root = rc == 0 ? json_pack("{s:O}", "observations", array) : NULL;
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	if (!text || blob_append(out, text, strlen(text)) < 0)
		rc = err_memory(err);
	free(text);
	json_decref(root);
	json_decref(array);
	return rc;
}
