#include "sources/tally.h"

#include "common/base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX (TALLY_SLOTS_MAX * (LABELS_TEXT_MAX + 128u)) /* a name has 64 bytes at most */

static uint32_t hash_of(const struct observation *obs)
{
	uint32_t hash = hash_text(hash_text(HASH_START, obs->metric), obs->labels);
	return hash_bytes(hash, &obs->period.number, sizeof(obs->period.number));
}

static bool same_place(const struct observation *a, const struct observation *b)
{
	return a->now == b->now && a->period.number == b->period.number &&
	       a->period.grain == b->period.grain && a->period.calendar == b->period.calendar &&
	       a->decimals == b->decimals && strcmp(a->metric, b->metric) == 0 &&
	       strcmp(a->labels, b->labels) == 0;
}

/* Where @obs is in the index, or would go. */
static uint32_t *index_at(const struct tally *tally, const struct observation *obs)
{
	uint32_t *slot = hash_slot(&tally->index, hash_of(obs));
	while (*slot && !same_place(&tally->slots[*slot - 1].obs, obs))
		slot = hash_slot_next(&tally->index, slot);
	return slot;
}

/* Room for one more. */
static int grow(struct tally *tally, struct err *err)
{
	if (ARRAY_RESERVE(tally->slots, tally->room, tally->n + 1) < 0)
		return err_memory(err);
	if (tally->n < hash_index_room(&tally->index))
		return 0;
	if (hash_index_make(&tally->index, tally->n + 1) < 0)
		return err_memory(err);
	for (size_t i = 0; i < tally->n; i++)
		*index_at(tally, &tally->slots[i].obs) = (uint32_t)i + 1;
	return 0;
}

static const char *keep(struct tally *tally, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = arena_alloc_raw(tally->texts, len);
	return copy ? memcpy(copy, text, len) : NULL;
}

static int add_slot(struct tally *tally, const struct observation *obs, enum tally_how how,
		    struct err *err)
{
	if (tally->n == TALLY_SLOTS_MAX) /* I10 */
		return err_set(err, -E2BIG,
			       "more than %u different figures within seconds; use fewer "
			       "different label values",
			       TALLY_SLOTS_MAX);
	if (grow(tally, err) < 0)
		return -ENOMEM;
	if (!tally->texts && !(tally->texts = arena_open(TEXTS_MAX)))
		return err_memory(err);
	struct tally_slot slot = { .obs = *obs, .how = how };
	slot.obs.metric = keep(tally, obs->metric);
	slot.obs.labels = keep(tally, obs->labels);
	if (!slot.obs.metric || !slot.obs.labels)
		return err_memory(err);
	tally->slots[tally->n] = slot;
	*index_at(tally, obs) = (uint32_t)++tally->n;
	return 0;
}

static int64_t extreme(enum tally_how how, int64_t a, int64_t b)
{
	return (how == TALLY_MAXIMUM) == (a > b) ? a : b;
}

static int merge(struct tally_slot *slot, int64_t value_e, enum tally_how how, struct err *err)
{
	bool picks = how >= TALLY_MAXIMUM;
	if ((picks || slot->how >= TALLY_MAXIMUM) && how != slot->how)
		return err_set(err, -EINVAL, "%s is counted in another way than a moment ago",
			       slot->obs.metric);
	int64_t *held = &slot->obs.value_e;
	if (how == TALLY_SET)
		slot->how = TALLY_SET;
	else if (!picks && __builtin_add_overflow(*held, value_e, &value_e))
		return err_set(err, -ERANGE, "the sum for %s does not fit into 64 bits",
			       slot->obs.metric);
	*held = picks ? extreme(how, *held, value_e) : value_e;
	return 0;
}

int tally_add(struct tally *tally, const struct observation *obs, enum tally_how how,
	      struct err *err)
{
	uint32_t at = tally->n ? *index_at(tally, obs) : 0;
	if (at == 0)
		return add_slot(tally, obs, how, err);
	return merge(&tally->slots[at - 1], obs->value_e, how, err);
}

void tally_clear(struct tally *tally)
{
	free(tally->slots);
	hash_index_deinit(&tally->index);
	arena_close(tally->texts);
	*tally = (struct tally){ 0 };
}

int tally_resolve(const struct tally_slot *slot, const int64_t *was, int64_t *ret_value_e,
		  struct err *err)
{
	int64_t value_e = slot->obs.value_e;
	if (slot->how == TALLY_CHANGE) {
		if (!was)
			return err_set(err, -ENODATA,
				       "%s was changed before it was ever set; send its value "
				       "once, without a sign",
				       slot->obs.metric);
		if (__builtin_add_overflow(*was, value_e, &value_e))
			return err_set(err, -ERANGE, "the sum for %s does not fit into 64 bits",
				       slot->obs.metric);
	} else if (was) {
		value_e = extreme(slot->how, *was, value_e);
	}
	*ret_value_e = value_e;
	return 0;
}
