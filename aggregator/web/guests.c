#include "web/guests.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS    1024u /* of the hash table */
#define NAME_BYTES 16u

struct guest {
	struct guest *next;             /* in his bucket */
	struct guest *older, *newer;    /* by when he was found last */
	unsigned char name[NAME_BYTES]; /* its hash, under a key of this process */
	bool proven;
	unsigned under_way;
	uint64_t told_ms; /* until when the accounts are reckoned */
	int64_t requests; /* thousandths that are left */
	int64_t bytes;    /* that are left; below 0 after a long answer */
};

struct guests {
	struct guest_limits limits;
	unsigned char key[crypto_generichash_KEYBYTES];
	struct guest *buckets[BUCKETS];
	struct guest *oldest, *newest;
	size_t n;
};

struct guests *guests_open(const struct guest_limits *limits)
{
	struct guests *guests = calloc(1, sizeof(*guests));

	if (!guests)
		return NULL;
	guests->limits = *limits;
	randombytes_buf(guests->key, sizeof(guests->key));
	return guests;
}

void guests_limit(struct guests *guests, const struct guest_limits *limits)
{
	guests->limits = *limits;
}

static struct guest **bucket_of(struct guests *guests, const unsigned char name[NAME_BYTES])
{
	return &guests->buckets[(name[0] | (unsigned)name[1] << 8) % BUCKETS];
}

static void age_unlink(struct guests *guests, struct guest *guest)
{
	*(guest->older ? &guest->older->newer : &guests->oldest) = guest->newer;
	*(guest->newer ? &guest->newer->older : &guests->newest) = guest->older;
}

static void age_append(struct guests *guests, struct guest *guest)
{
	guest->older = guests->newest;
	guest->newer = NULL;
	*(guests->newest ? &guests->newest->newer : &guests->oldest) = guest;
	guests->newest = guest;
}

static void forget(struct guests *guests, struct guest *guest)
{
	struct guest **at = bucket_of(guests, guest->name);

	while (*at != guest)
		at = &(*at)->next;
	*at = guest->next;
	age_unlink(guests, guest);
	guests->n--;
	free(guest);
}

void guests_close(struct guests *guests)
{
	if (!guests)
		return;
	while (guests->oldest)
		forget(guests, guests->oldest);
	sodium_memzero(guests->key, sizeof(guests->key));
	free(guests);
}

static int64_t requests_max(const struct guests *guests)
{
	return INT64_C(1000) * GUEST_BURST_S * guests->limits.requests;
}

struct guest *guest_find(struct guests *guests, const char *name, uint64_t now_ms)
{
	unsigned char hash[NAME_BYTES];
	struct guest *guest;

	(void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)name, strlen(name),
				 guests->key, sizeof(guests->key)); /* sizes are right */
	for (guest = *bucket_of(guests, hash); guest; guest = guest->next) {
		if (memcmp(guest->name, hash, sizeof(hash)) != 0)
			continue;
		age_unlink(guests, guest);
		age_append(guests, guest);
		return guest;
	}
	for (struct guest *old = guests->oldest, *newer; old && guests->n >= GUESTS_MAX;
	     old = newer) {
		newer = old->newer;
		if (old->under_way == 0)
			forget(guests, old);
	}
	guest = calloc(1, sizeof(*guest));
	if (!guest)
		return NULL;
	memcpy(guest->name, hash, sizeof(hash));
	guest->told_ms = now_ms;
	guest->requests = requests_max(guests);
	guest->bytes = (int64_t)guests->limits.bytes;
	guest->next = *bucket_of(guests, hash);
	*bucket_of(guests, hash) = guest;
	age_append(guests, guest);
	guests->n++;
	return guest;
}

void guest_prove(struct guest *guest)
{
	guest->proven = true;
}

bool guest_is_proven(const struct guest *guest)
{
	return guest->proven;
}

static void reckon(const struct guests *guests, struct guest *guest, uint64_t now_ms)
{
	uint64_t passed_ms = now_ms - guest->told_ms;
	int64_t most = requests_max(guests), most_bytes = (int64_t)guests->limits.bytes;

	if (passed_ms > 3600000) /* nobody owes more than an hour brings */
		passed_ms = 3600000;
	guest->told_ms = now_ms;
	guest->requests += (int64_t)passed_ms * guests->limits.requests;
	if (guest->requests > most)
		guest->requests = most;
	guest->bytes += (int64_t)((double)most_bytes * (double)passed_ms / 60000.0);
	if (guest->bytes > most_bytes)
		guest->bytes = most_bytes;
}

unsigned guest_pay(struct guests *guests, struct guest *guest, unsigned cost, uint64_t now_ms)
{
	int64_t price = INT64_C(1000) * cost, most = requests_max(guests);
	unsigned wait_s = 0;

	if (price > most)
		price = most;
	reckon(guests, guest, now_ms);
	if (guest->bytes < 0)
		wait_s = (unsigned)(-guest->bytes / ((int64_t)guests->limits.bytes / 60 + 1)) + 1;
	if (guest->requests < price) {
		unsigned until_s =
			(unsigned)((price - guest->requests) / 1000 / guests->limits.requests) + 1;

		wait_s = until_s > wait_s ? until_s : wait_s;
	}
	if (wait_s == 0)
		guest->requests -= price;
	return wait_s;
}

bool guest_enter(struct guests *guests, struct guest *guest)
{
	if (guest->under_way >= guests->limits.at_once)
		return false;
	guest->under_way++;
	return true;
}

unsigned guest_under_way(const struct guest *guest)
{
	return guest->under_way;
}

void guest_hold(struct guest *guest)
{
	guest->under_way++;
}

void guest_leave(struct guests *guests, struct guest *guest, uint64_t bytes)
{
	int64_t most = (int64_t)guests->limits.bytes,
		cost = bytes > INT64_MAX / 2 ? most : (int64_t)bytes;

	guest->under_way--;
	/* One long answer is no crime, and costs a few minutes at most. */
	guest->bytes -= cost;
	if (guest->bytes < -4 * most)
		guest->bytes = -4 * most;
}
