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

struct roster {
	struct roster_key *list; /* owned [n] */
	size_t n, room, active;
	struct index by_key, by_id;
	void (*on_revoked)(void *context, int64_t id); /* NULL: nobody watches */
	void *context;
	/* An office chooses its own key: with a secret seed none can be chosen to collide. */
	uint8_t seed[crypto_shorthash_KEYBYTES];
};

struct roster *roster_open(void)
{
	if (sodium_init() < 0)
		return NULL;
	struct roster *roster = calloc(1, sizeof(*roster));
	if (roster)
		randombytes_buf(roster->seed, sizeof(roster->seed));
	return roster;
}

bool roster_key_expired(const struct roster_key *key, int64_t now_us)
{
	return key->state == KEY_INVITED && key->expires_us != 0 && now_us >= key->expires_us;
}

bool roster_key_may_enter(const struct roster_key *key)
{
	return key->state == KEY_ACTIVE || key->state == KEY_INVITED;
}

void roster_watch(struct roster *roster, void (*on_revoked)(void *context, int64_t id),
		  void *context)
{
	roster->on_revoked = on_revoked;
	roster->context = context;
}

void roster_close(struct roster *roster)
{
	if (!roster)
		return;
	free(roster->by_key.slots);
	free(roster->by_id.slots);
	free(roster->list);
	free(roster);
}

static size_t hash(const struct roster *roster, const void *data, size_t len)
{
	uint64_t h;
	static_assert(sizeof(h) == crypto_shorthash_BYTES, "SipHash-2-4 gives 64 bits");
	crypto_shorthash((unsigned char *)&h, data, len, roster->seed);
	return (size_t)h;
}

/* The slot of the key, or the free one where it would go. */
static size_t slot_of_key(const struct roster *roster, const uint8_t key[KEY_LEN])
{
	const struct index *index = &roster->by_key;
	size_t slot = hash(roster, key, KEY_LEN) & (index->n_slots - 1);
	while (index->slots[slot] &&
	       memcmp(roster->list[index->slots[slot] - 1].public_key, key, KEY_LEN) != 0)
		slot = (slot + 1) & (index->n_slots - 1);
	return slot;
}

static size_t slot_of_id(const struct roster *roster, int64_t id)
{
	const struct index *index = &roster->by_id;
	size_t slot = hash(roster, &id, sizeof(id)) & (index->n_slots - 1);
	while (index->slots[slot] && roster->list[index->slots[slot] - 1].id != id)
		slot = (slot + 1) & (index->n_slots - 1);
	return slot;
}

static void both_fill(struct roster *roster)
{
	memset(roster->by_key.slots, 0, roster->by_key.n_slots * sizeof(uint32_t));
	memset(roster->by_id.slots, 0, roster->by_id.n_slots * sizeof(uint32_t));
	for (size_t i = 0; i < roster->n; i++) {
		const struct roster_key *key = &roster->list[i];
		roster->by_key.slots[slot_of_key(roster, key->public_key)] = (uint32_t)(i + 1);
		roster->by_id.slots[slot_of_id(roster, key->id)] = (uint32_t)(i + 1);
	}
}

/* Twice the room; on failure the roster is as it was. */
static int grow(struct roster *roster)
{
	size_t n_slots = roster->by_key.n_slots ? 2 * roster->by_key.n_slots : SLOTS_FIRST;
	uint32_t *by_key = calloc(n_slots, sizeof(*by_key));
	uint32_t *by_id = calloc(n_slots, sizeof(*by_id));
	struct roster_key *list = realloc(roster->list, n_slots / 2 * sizeof(*list));
	if (list)
		roster->list = list;
	if (!by_key || !by_id || !list) {
		free(by_key);
		free(by_id);
		return -ENOMEM;
	}
	free(roster->by_key.slots);
	free(roster->by_id.slots);
	roster->room = n_slots / 2;
	roster->by_key = (struct index){ by_key, n_slots };
	roster->by_id = (struct index){ by_id, n_slots };
	both_fill(roster);
	return 0;
}

static struct roster_key *listed(const struct roster *roster, uint32_t place)
{
	return place ? &roster->list[place - 1] : NULL;
}

static struct roster_key *find_by_id(const struct roster *roster, int64_t id)
{
	if (roster->n == 0)
		return NULL;
	return listed(roster, roster->by_id.slots[slot_of_id(roster, id)]);
}

int roster_put(struct roster *roster, const struct roster_key *key)
{
	struct roster_key *known = find_by_id(roster, key->id);
	if (known) {
		bool same = memcmp(known->public_key, key->public_key, KEY_LEN) == 0;
		bool revoked = roster_key_may_enter(known) && key->state == KEY_REVOKED;
		roster->active -= known->state == KEY_ACTIVE;
		roster->active += key->state == KEY_ACTIVE;
		*known = *key;
		if (!same)
			both_fill(roster);
		if (revoked && roster->on_revoked)
			roster->on_revoked(roster->context, key->id);
		return 0;
	}
	if (roster->n == roster->room && grow(roster) < 0)
		return -ENOMEM;
	roster->list[roster->n++] = *key;
	roster->active += key->state == KEY_ACTIVE;
	roster->by_key.slots[slot_of_key(roster, key->public_key)] = (uint32_t)roster->n;
	roster->by_id.slots[slot_of_id(roster, key->id)] = (uint32_t)roster->n;
	return 0;
}

const struct roster_key *roster_by_key(const struct roster *roster, const uint8_t key[KEY_LEN])
{
	if (roster->n == 0)
		return NULL;
	return listed(roster, roster->by_key.slots[slot_of_key(roster, key)]);
}

const struct roster_key *roster_by_id(const struct roster *roster, int64_t id)
{
	return find_by_id(roster, id);
}

const struct roster_key *roster_of_office(const struct roster *roster, int64_t office)
{
	for (size_t i = 0; i < roster->n; i++)
		if (roster->list[i].office == office && roster->list[i].state == KEY_ACTIVE)
			return &roster->list[i];
	return NULL;
}

const struct roster_key *roster_of_code(const struct roster *roster, const char *code)
{
	for (size_t i = 0; i < roster->n; i++)
		if (roster->list[i].state == KEY_ACTIVE && strcmp(roster->list[i].code, code) == 0)
			return &roster->list[i];
	return NULL;
}

size_t roster_count(const struct roster *roster)
{
	return roster->n;
}

size_t roster_active(const struct roster *roster)
{
	return roster->active;
}
