#include "journal/spools.h"

#include <stdlib.h>

#define SLOTS_FIRST 64u

struct office_spools {
	int64_t office;
	struct journal_spool *first; /* owned list; NULL: the slot is free */
	struct office_account account;
};

struct spools {
	struct office_spools *slots;   /* owned [n_slots]: open addressing, at most half full */
	size_t n, n_slots;             /* a power of two, or 0 */
	struct journal_spool *changed; /* list */
	int64_t written;               /* office of the one that was written last; 0: none */
};

struct spools *spools_open(void)
{
	return calloc(1, sizeof(struct spools));
}

void spools_forget(struct spools *spools)
{
	for (size_t i = 0; i < spools->n_slots; i++) {
		for (struct journal_spool *spool = spools->slots[i].first, *next; spool;
		     spool = next) {
			next = spool->next;
			free(spool);
		}
		spools->slots[i] = (struct office_spools){ 0 };
	}
	spools->n = 0;
	spools->changed = NULL;
	spools->written = 0;
}

void spools_close(struct spools *spools)
{
	if (!spools)
		return;
	spools_forget(spools);
	free(spools->slots);
	free(spools);
}

/* The slot of @office, or the free one where it would go. Ids of offices are given by us. */
static struct office_spools *slot_of(const struct spools *spools, int64_t office)
{
	size_t at = (size_t)((uint64_t)office * UINT64_C(0x9e3779b97f4a7c15) >> 20);
	for (;; at++) {
		struct office_spools *slot = &spools->slots[at & (spools->n_slots - 1)];
		if (!slot->first || slot->office == office)
			return slot;
	}
}

static bool grow(struct spools *spools)
{
	struct spools bigger = { .n_slots = spools->n_slots ? 2 * spools->n_slots : SLOTS_FIRST };
	bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i < spools->n_slots; i++)
		if (spools->slots[i].first)
			*slot_of(&bigger, spools->slots[i].office) = spools->slots[i];
	free(spools->slots);
	spools->slots = bigger.slots;
	spools->n_slots = bigger.n_slots;
	return true;
}

struct journal_spool *spools_find(struct spools *spools, int64_t office, uint64_t spool_id)
{
	if (spools->n == 0)
		return NULL;
	struct office_spools *slot = slot_of(spools, office);
	for (struct journal_spool **link = &slot->first; *link; link = &(*link)->next) {
		struct journal_spool *spool = *link;
		if (spool->spool_id != spool_id)
			continue;
		*link = spool->next; /* to the front */
		spool->next = slot->first;
		slot->first = spool;
		return spool;
	}
	return NULL;
}

/* Those used longest ago go, but for what is still to be written. The one in front stays. */
static void thin_out(struct office_spools *slot)
{
	unsigned n = 1;
	for (struct journal_spool **link = &slot->first->next; *link;) {
		struct journal_spool *spool = *link;
		if (n < SPOOLS_KEPT || spool->changed) {
			n++;
			link = &spool->next;
			continue;
		}
		*link = spool->next;
		free(spool);
	}
}

struct journal_spool *spools_keep(struct spools *spools, const struct journal_spool *spool)
{
	if (2 * (spools->n + 1) > spools->n_slots && !grow(spools))
		return NULL;
	struct journal_spool *kept = malloc(sizeof(*kept));
	if (!kept)
		return NULL;
	struct office_spools *slot = slot_of(spools, spool->office);
	if (!slot->first) {
		spools->n++;
		slot->account = (struct office_account){ .held = -1 };
	}
	*kept = *spool;
	kept->changed = false;
	kept->next_changed = NULL;
	kept->next = slot->first;
	slot->office = spool->office;
	slot->first = kept;
	thin_out(slot);
	return kept;
}

void spools_change(struct spools *spools, struct journal_spool *spool)
{
	if (spool->changed)
		return;
	spool->changed = true;
	spool->next_changed = spools->changed;
	spools->changed = spool;
}

struct journal_spool *spools_changed(struct spools *spools)
{
	struct journal_spool *spool = spools->changed;
	if (spools->written) /* now it may go */
		thin_out(slot_of(spools, spools->written));
	spools->written = 0;
	if (spool) {
		spools->changed = spool->next_changed;
		spools->written = spool->office;
		spool->changed = false;
	}
	return spool;
}

struct office_account *spools_account(struct spools *spools, int64_t office)
{
	struct office_spools *slot = spools->n ? slot_of(spools, office) : NULL;
	return slot && slot->first ? &slot->account : NULL;
}
