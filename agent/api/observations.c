#include "api/observations.h"

#include "common/base/arena.h"
#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/model/labels.h"
#include "common/text/json_item.h"
#include "common/text/near_name.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* An object, its seven members, and labels: of OBSERVATIONS_MAX with as many labels as there may
 * be.
 */
#define ITEMS_MAX (2u + OBSERVATIONS_MAX * (8u + LABELS_MAX))

struct observations {
	struct arena *arena;   /* owned */
	struct entry *entries; /* in the arena */
	size_t n;
};

static int take_value(struct observations *all, const struct json_item *value, struct entry *entry,
		      struct err *err)
{
	bool is_long = false;
	switch (value->kind) {
	case ITEM_NULL:
		entry->value = NULL;
		return 0;
	case ITEM_TEXT:
		entry->value = value->text;
		return 0;
	case ITEM_NUMBER:
		entry->value = json_item_plain(value, all->arena, &is_long);
		if (is_long)
			return err_set(err, -EINVAL, "value: this number has too many digits");
		return entry->value ? 0 : err_memory(err);
	default:
		return err_set(err, -EINVAL, "value: must be a number, a string or null");
	}
}

static int take_labels(struct observations *all, const struct json_item *object,
		       struct entry *entry, struct err *err)
{
	struct label labels[LABELS_MAX];
	char text[LABELS_TEXT_MAX];
	size_t n = 0;
	if (object->kind != ITEM_OBJECT)
		return err_set(err, -EINVAL, "labels: must be an object of strings");
	for (const struct json_item *label = object->first; label; label = label->next) {
		if (label->kind != ITEM_TEXT || n == LABELS_MAX)
			return err_set(err, -EINVAL,
				       "labels: must be an object of at most %u strings",
				       LABELS_MAX);
		labels[n++] = (struct label){ label->name, label->text };
	}
	int rc = labels_canonical(labels, n, text, err);
	if (rc < 0)
		return rc;
	entry->labels = arena_text(all->arena, text);
	return entry->labels ? 0 : err_memory(err);
}

static int refuse_member(const char *key, struct err *err)
{
	static const char known[] = "metric value period labels add author note";
	(void)err_set(err, -EINVAL,
		      "'%s' is unknown or of the wrong type; there are metric, value, period, "
		      "labels, add, author and note",
		      key);
	return names_find(known, key, strlen(key)) < 0 ? near_words_hint(err, known, key)
						       : err->code;
}

static int take_member(struct observations *all, struct entry *entry,
		       const struct json_item *member, struct err *err)
{
	const char *key = member->name;
	bool text = member->kind == ITEM_TEXT;
	if (strcmp(key, "metric") == 0 && text)
		entry->metric = member->text;
	else if (strcmp(key, "period") == 0 && text)
		entry->period = member->text;
	else if (strcmp(key, "author") == 0 && text)
		entry->author = member->text;
	else if (strcmp(key, "note") == 0 && text)
		entry->note = member->text;
	else if (strcmp(key, "add") == 0 &&
		 (member->kind == ITEM_TRUE || member->kind == ITEM_FALSE))
		entry->add = member->kind == ITEM_TRUE;
	else if (strcmp(key, "value") == 0)
		return take_value(all, member, entry, err);
	else if (strcmp(key, "labels") == 0)
		return take_labels(all, member, entry, err);
	else /* I13 */
		return refuse_member(key, err);
	return 0;
}

static int take_one(struct observations *all, const struct json_item *object, struct entry *entry,
		    struct err *err)
{
	if (object->kind != ITEM_OBJECT)
		return err_set(err, -EINVAL, "must be an object");
	entry->labels = "";
	for (const struct json_item *member = object->first; member; member = member->next) {
		int rc = take_member(all, entry, member, err);
		if (rc < 0)
			return rc;
	}
	if (!entry->metric)
		return err_set(err, -EINVAL, "metric is missing");
	if (!json_item_member(object, "value"))
		return err_set(err, -EINVAL, "value is missing; null withdraws");
	return 0;
}

static int take_all(struct observations *all, const struct json_item *root, struct err *err)
{
	const struct json_item *list = json_item_member(root, "observations"), *object;
	if (!list || list->kind != ITEM_LIST || root->n != 1)
		return err_set(err, -EINVAL, "must be {\"observations\": [...]}");
	all->n = list->n;
	if (all->n > OBSERVATIONS_MAX) /* I10 */
		return err_set(err, -E2BIG, "%zu observations at once; send at most %u", all->n,
			       OBSERVATIONS_MAX);
	all->entries = arena_alloc(all->arena, (all->n + 1) * sizeof(*all->entries));
	if (!all->entries)
		return err_memory(err);
	object = list->first;
	for (size_t i = 0; i < all->n; i++, object = object->next) {
		int rc = take_one(all, object, &all->entries[i], err);
		if (rc < 0)
			return err_wrap(err, "observation %zu", i + 1);
	}
	return 0;
}

int observations_parse(const char *json, size_t len, struct observations **ret_observations,
		       struct err *err)
{
	struct observations *all = calloc(1, sizeof(*all));
	struct json_item *root = NULL;
	if (!all)
		return err_memory(err);
	/* The items, the entries, and what is written anew for them: a number and labels each. */
	size_t items = len / 2 < ITEMS_MAX ? len / 2 + 1 : ITEMS_MAX;
	size_t entries = len / 2 < OBSERVATIONS_MAX ? len / 2 + 1 : OBSERVATIONS_MAX;
	all->arena = arena_open(json_item_room(len, items) +
				entries * (sizeof(struct entry) + 96 + LABELS_TEXT_MAX) + 64);
	int rc = all->arena ? json_item_read(json, len, ITEMS_MAX, all->arena, &root, err)
			    : err_memory(err);
	if (rc == 0)
		rc = take_all(all, root, err);
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

size_t observations_size(const struct observations *observations)
{
	return arena_used(observations->arena);
}

void observations_close(struct observations *observations)
{
	if (!observations)
		return;
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

/* JSON is UTF-8; what was typed may be in another coding. Labels are canonical already. */
static int check_coding(const struct entry *entry, struct err *err)
{
	const char *texts[] = { entry->metric, entry->value, entry->period, entry->author,
				entry->note };
	char shown[EXCERPT_MAX];
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i] && !utf8_valid(texts[i], strlen(texts[i])))
			return err_set(err, -EINVAL, "'%s' is not UTF-8; type it again",
				       utf8_excerpt(texts[i], strlen(texts[i]), shown));
	return 0;
}

int observations_format(const struct entry entries[], size_t n, struct blob *out, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (check_coding(&entries[i], err) < 0)
			return err->code;
	json_t *array = json_array();
	int rc = array ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct entry *entry = &entries[i];
		json_t *object = json_pack(
			"{s:s, s:s?, s:s*, s:o, s:b, s:s*, s:s*}", "metric", entry->metric, "value",
			entry->value, "period", entry->period, "labels", labels_json(entry->labels),
			"add", (int)entry->add, "author", entry->author, "note", entry->note);
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
