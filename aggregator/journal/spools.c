#include "journal/spools.h"

#include "common/base/array.h"
#include "common/base/hash.h"

#include <errno.h>
#include <stdlib.h>

struct office_spools {
	int64_t office;
	struct journal_spool *first; /* owned list, never empty */
	struct office_account account;
};

struct spools {
	struct office_spools *offices; /* owned [n] */
	size_t n, room;
	struct hash_index by_id;       /* of offices */
	struct journal_spool *changed; /* list */
	int64_t written;               /* office of the one that was written last; 0: none */
};

struct spools *spools_open(void)
{
	return calloc(1, sizeof(struct spools));
}

void spools_forget(struct spools *spools)
{
	for (size_t i = 0; i < spools->n; i++)
		for (struct journal_spool *spool = spools->offices[i].first, *next; spool;
		     spool = next) {
			next = spool->next;
			free(spool);
		}
	hash_index_clear(&spools->by_id);
	spools->n = 0;
	spools->changed = NULL;
	spools->written = 0;
}

void spools_close(struct spools *spools)
{
	if (!spools)
		return;
	spools_forget(spools);
	hash_index_deinit(&spools->by_id);
	free(spools->offices);
	free(spools);
}

/* Where the place of @office stands, or goes. Ids of offices are given by us. */
static uint32_t *place_of(const struct spools *spools, int64_t office)
{
	uint32_t *place = hash_slot(
		&spools->by_id, (size_t)((uint64_t)office * UINT64_C(0x9e3779b97f4a7c15) >> 20));
	while (*place && spools->offices[*place - 1].office != office)
		place = hash_slot_next(&spools->by_id, place);
	return place;
}

static struct office_spools *find_office(const struct spools *spools, int64_t office)
{
	uint32_t place = spools->n ? *place_of(spools, office) : 0;
	return place ? &spools->offices[place - 1] : NULL;
}

/* Room for one more office; on failure all is as it was. */
static int grow(struct spools *spools)
{
	if (ARRAY_RESERVE(spools->offices, spools->room, spools->n + 1) < 0)
		return -ENOMEM;
	if (spools->n < hash_index_room(&spools->by_id))
		return 0;
	if (hash_index_make(&spools->by_id, spools->n + 1) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < spools->n; i++)
		*place_of(spools, spools->offices[i].office) = (uint32_t)i + 1;
	return 0;
}

struct journal_spool *spools_find(struct spools *spools, int64_t office, uint64_t spool_id)
{
	struct office_spools *own = find_office(spools, office);
	if (!own)
		return NULL;
	for (struct journal_spool **link = &own->first; *link; link = &(*link)->next) {
		struct journal_spool *spool = *link;
		if (spool->spool_id != spool_id)
			continue;
		*link = spool->next; /* to the front */
		spool->next = own->first;
		own->first = spool;
		return spool;
	}
	return NULL;
}

/* Those used longest ago go, but for what is still to be written. The one in front stays. */
static void thin_out(struct office_spools *own)
{
	unsigned n = 1;
	for (struct journal_spool **link = &own->first->next; *link;) {
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
	struct office_spools *own = find_office(spools, spool->office);
	if (!own && grow(spools) < 0)
		return NULL;
	struct journal_spool *kept = malloc(sizeof(*kept));
	if (!kept)
		return NULL;
	if (!own) {
		own = &spools->offices[spools->n];
		*own = (struct office_spools){ .office = spool->office, .account = { .held = -1 } };
		*place_of(spools, spool->office) = (uint32_t)++spools->n;
	}
	*kept = *spool;
	kept->changed = false;
	kept->next_changed = NULL;
	kept->next = own->first;
	own->first = kept;
	thin_out(own);
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
		thin_out(find_office(spools, spools->written));
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
	struct office_spools *own = find_office(spools, office);
	return own ? &own->account : NULL;
}
