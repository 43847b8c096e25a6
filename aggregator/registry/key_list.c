#include "registry/key_list.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 64u

/* Positions in the list, found by a hash: open addressing, at most half full, nothing is ever taken
 * out. */
struct index {
	uint32_t *slots; /* owned [n_slots]: position + 1, 0 free */
	size_t n_slots;  /* a power of two, or 0 */
};

struct key_list {
	struct listed_key *list; /* owned [n] */
	size_t n, room, active;
	struct index by_key, by_id;
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
	free(key_list->by_key.slots);
	free(key_list->by_id.slots);
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
static size_t slot_of_key(const struct key_list *key_list, const uint8_t key[KEY_LEN])
{
	const struct index *index = &key_list->by_key;
	size_t slot = hash(key_list, key, KEY_LEN) & (index->n_slots - 1);
	while (index->slots[slot] &&
	       memcmp(key_list->list[index->slots[slot] - 1].public_key, key, KEY_LEN) != 0)
		slot = (slot + 1) & (index->n_slots - 1);
	return slot;
}

static size_t slot_of_id(const struct key_list *key_list, int64_t id)
{
	const struct index *index = &key_list->by_id;
	size_t slot = hash(key_list, &id, sizeof(id)) & (index->n_slots - 1);
	while (index->slots[slot] && key_list->list[index->slots[slot] - 1].id != id)
		slot = (slot + 1) & (index->n_slots - 1);
	return slot;
}

static void both_fill(struct key_list *key_list)
{
	memset(key_list->by_key.slots, 0, key_list->by_key.n_slots * sizeof(uint32_t));
	memset(key_list->by_id.slots, 0, key_list->by_id.n_slots * sizeof(uint32_t));
	for (size_t i = 0; i < key_list->n; i++) {
		const struct listed_key *key = &key_list->list[i];
		key_list->by_key.slots[slot_of_key(key_list, key->public_key)] = (uint32_t)(i + 1);
		key_list->by_id.slots[slot_of_id(key_list, key->id)] = (uint32_t)(i + 1);
	}
}

/* Twice the room; on failure the key list is as it was. */
static int grow(struct key_list *key_list)
{
	size_t n_slots = key_list->by_key.n_slots ? 2 * key_list->by_key.n_slots : SLOTS_FIRST;
	uint32_t *by_key = calloc(n_slots, sizeof(*by_key));
	uint32_t *by_id = calloc(n_slots, sizeof(*by_id));
	struct listed_key *list = realloc(key_list->list, n_slots / 2 * sizeof(*list));
	if (list)
		key_list->list = list;
	if (!by_key || !by_id || !list) {
		free(by_key);
		free(by_id);
		return -ENOMEM;
	}
	free(key_list->by_key.slots);
	free(key_list->by_id.slots);
	key_list->room = n_slots / 2;
	key_list->by_key = (struct index){ by_key, n_slots };
	key_list->by_id = (struct index){ by_id, n_slots };
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
	return listed(key_list, key_list->by_id.slots[slot_of_id(key_list, id)]);
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
	if (key_list->n == key_list->room && grow(key_list) < 0)
		return -ENOMEM;
	key_list->list[key_list->n++] = *key;
	key_list->active += key->state == KEY_ACTIVE;
	key_list->by_key.slots[slot_of_key(key_list, key->public_key)] = (uint32_t)key_list->n;
	key_list->by_id.slots[slot_of_id(key_list, key->id)] = (uint32_t)key_list->n;
	return 0;
}

const struct listed_key *key_list_by_key(const struct key_list *key_list,
					 const uint8_t key[KEY_LEN])
{
	if (key_list->n == 0)
		return NULL;
	return listed(key_list, key_list->by_key.slots[slot_of_key(key_list, key)]);
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
