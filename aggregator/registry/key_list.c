#include "registry/key_list.h"

#include "common/base/array.h"
#include "common/base/hash.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct key_list {
	struct listed_key *list; /* owned [n] */
	size_t n, room, active;
	struct hash_index by_key, by_id;               /* nothing is ever taken out */
	void (*on_revoked)(void *context, int64_t id); /* NULL: nobody watches */
	void *context;
	/* An office chooses its own key: with a secret seed none can be chosen to collide. */
	uint8_t seed[crypto_shorthash_KEYBYTES];
};

struct key_list *key_list_open(void)
{
	if (sodium_init() < 0)
		return NULL;
	struct key_list *key_list = calloc(1, sizeof(*key_list));
	if (key_list)
		randombytes_buf(key_list->seed, sizeof(key_list->seed));
	return key_list;
}

bool listed_key_expired(const struct listed_key *key, int64_t now_us)
{
	return key->state == KEY_INVITED && key->expires_us != 0 && now_us >= key->expires_us;
}

bool listed_key_may_enter(const struct listed_key *key)
{
	return key->state == KEY_ACTIVE || key->state == KEY_INVITED;
}

void key_list_watch(struct key_list *key_list, void (*on_revoked)(void *context, int64_t id),
		    void *context)
{
	key_list->on_revoked = on_revoked;
	key_list->context = context;
}

void key_list_close(struct key_list *key_list)
{
	if (!key_list)
		return;
	hash_index_deinit(&key_list->by_key);
	hash_index_deinit(&key_list->by_id);
	free(key_list->list);
	free(key_list);
}

static size_t hash(const struct key_list *key_list, const void *data, size_t len)
{
	uint64_t h;
	static_assert(sizeof(h) == crypto_shorthash_BYTES, "SipHash-2-4 gives 64 bits");
	crypto_shorthash((unsigned char *)&h, data, len, key_list->seed);
	return (size_t)h;
}

/* The slot of the key, or the free one where it would go. */
static uint32_t *slot_of_key(const struct key_list *key_list, const uint8_t key[KEY_LEN])
{
	const struct hash_index *index = &key_list->by_key;
	uint32_t *slot = hash_slot(index, hash(key_list, key, KEY_LEN));
	while (*slot && memcmp(key_list->list[*slot - 1].public_key, key, KEY_LEN) != 0)
		slot = hash_slot_next(index, slot);
	return slot;
}

static uint32_t *slot_of_id(const struct key_list *key_list, int64_t id)
{
	const struct hash_index *index = &key_list->by_id;
	uint32_t *slot = hash_slot(index, hash(key_list, &id, sizeof(id)));
	while (*slot && key_list->list[*slot - 1].id != id)
		slot = hash_slot_next(index, slot);
	return slot;
}

static void both_fill(struct key_list *key_list)
{
	hash_index_clear(&key_list->by_key);
	hash_index_clear(&key_list->by_id);
	for (size_t i = 0; i < key_list->n; i++) {
		const struct listed_key *key = &key_list->list[i];
		*slot_of_key(key_list, key->public_key) = (uint32_t)i + 1;
		*slot_of_id(key_list, key->id) = (uint32_t)i + 1;
	}
}

/* Room for one more; on failure the key list is as it was. */
static int grow(struct key_list *key_list)
{
	struct hash_index by_key = { 0 }, by_id = { 0 };
	if (ARRAY_RESERVE(key_list->list, key_list->room, key_list->n + 1) < 0)
		return -ENOMEM;
	if (key_list->n < hash_index_room(&key_list->by_id))
		return 0;
	if (hash_index_make(&by_key, key_list->n + 1) < 0 ||
	    hash_index_make(&by_id, key_list->n + 1) < 0) {
		hash_index_deinit(&by_key);
		return -ENOMEM;
	}
	hash_index_deinit(&key_list->by_key);
	hash_index_deinit(&key_list->by_id);
	key_list->by_key = by_key;
	key_list->by_id = by_id;
	both_fill(key_list);
	return 0;
}

static struct listed_key *listed(const struct key_list *key_list, uint32_t place)
{
	return place ? &key_list->list[place - 1] : NULL;
}

static struct listed_key *find_by_id(const struct key_list *key_list, int64_t id)
{
	if (key_list->n == 0)
		return NULL;
	return listed(key_list, *slot_of_id(key_list, id));
}

int key_list_put(struct key_list *key_list, const struct listed_key *key)
{
	struct listed_key *known = find_by_id(key_list, key->id);
	if (known) {
		bool same = memcmp(known->public_key, key->public_key, KEY_LEN) == 0;
		bool revoked = listed_key_may_enter(known) && key->state == KEY_REVOKED;
		key_list->active -= known->state == KEY_ACTIVE;
		key_list->active += key->state == KEY_ACTIVE;
		*known = *key;
		if (!same)
			both_fill(key_list);
		if (revoked && key_list->on_revoked)
			key_list->on_revoked(key_list->context, key->id);
		return 0;
	}
	if (grow(key_list) < 0)
		return -ENOMEM;
	key_list->list[key_list->n++] = *key;
	key_list->active += key->state == KEY_ACTIVE;
	*slot_of_key(key_list, key->public_key) = (uint32_t)key_list->n;
	*slot_of_id(key_list, key->id) = (uint32_t)key_list->n;
	return 0;
}

const struct listed_key *key_list_by_key(const struct key_list *key_list,
					 const uint8_t key[KEY_LEN])
{
	if (key_list->n == 0)
		return NULL;
	return listed(key_list, *slot_of_key(key_list, key));
}

const struct listed_key *key_list_by_id(const struct key_list *key_list, int64_t id)
{
	return find_by_id(key_list, id);
}

const struct listed_key *key_list_of_office(const struct key_list *key_list, int64_t office)
{
	for (size_t i = 0; i < key_list->n; i++)
		if (key_list->list[i].office == office && key_list->list[i].state == KEY_ACTIVE)
			return &key_list->list[i];
	return NULL;
}

const struct listed_key *key_list_of_code(const struct key_list *key_list, const char *code)
{
	for (size_t i = 0; i < key_list->n; i++)
		if (key_list->list[i].state == KEY_ACTIVE &&
		    strcmp(key_list->list[i].code, code) == 0)
			return &key_list->list[i];
	return NULL;
}

size_t key_list_count(const struct key_list *key_list)
{
	return key_list->n;
}

size_t key_list_active(const struct key_list *key_list)
{
	return key_list->active;
}
