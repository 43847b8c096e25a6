#include "sources/tally_record.h"

#include "common/base/decimal.h"
#include "record/validation.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The figure's value in the spool, with the slot's decimals: 1 found, 0 there is none. */
static int value_in(struct spool *spool, const struct tally_slot *slot, struct period period,
		    int64_t *ret_value_e, struct err *err)
{
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	int rc = spool_current(spool, slot->obs.metric, slot->obs.labels, period, &value_e,
			       &decimals, &withdrawn, err);
	if (rc == -ENOENT || (rc == 0 && withdrawn)) /* Rule 5.4: a withdrawn one is none. */
		return 0;
	if (rc == 0 && decimal_rescale(value_e, decimals, slot->obs.decimals, ret_value_e) < 0)
		return err_set(err, -ERANGE, "the current value of %s has other decimals",
			       slot->obs.metric);
	return rc < 0 ? rc : 1;
}

static int resolve(struct spool *spool, const struct tally_slot *slot, struct observation *ret_obs,
		   struct err *err)
{
	struct period period = slot->obs.period;
	int reach = slot->how == TALLY_CHANGE ? TALLY_REACH : 0, found = 0;
	int64_t was = 0;
	*ret_obs = slot->obs;
	ret_obs->add = slot->how == TALLY_ADD;
	if (slot->how <= TALLY_ADD)
		return 0;
	for (int i = 0; i <= reach && found == 0; i++, period.number--)
		found = value_in(spool, slot, period, &was, err);
	return found < 0 ? found : tally_resolve(slot, found ? &was : NULL, &ret_obs->value_e, err);
}

/* Those that no rule refuses, in @list again; how many. */
static int64_t rules_hold(struct spool *spool, const struct catalogue *catalogue,
			  struct observation list[], size_t n, struct tally_record *record)
{
	struct comparison found;
	size_t kept = 0;
	int rc = validation_make(spool, catalogue, list, n, PAST_IGNORED, '\0', &found,
				 &record->why);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (!found.refused || !found.refused[i])
			list[kept++] = list[i];
	if (found.n_refused > 0)
		(void)err_set(&record->why, -EINVAL, "%s", comparison_first_refused(&found)->text);
	comparison_free(&found);
	return (int64_t)kept;
}

/* Records @list[@n], less what is at fault, as one transaction; @dropped were left out before. All
 * of it counts when that succeeds. */
static int record_list(struct spool *spool, const struct catalogue *catalogue,
		       struct observation list[], size_t n, uint64_t dropped,
		       struct tally_record *record)
{
	size_t left_out = 0;
	int64_t kept = rules_hold(spool, catalogue, list, n, record);
	if (kept < 0)
		return (int)kept;
	int rc = spool_record_good(spool, list, (size_t)kept, &left_out, &record->why);
	if (rc == 0)
		record->dropped += dropped + left_out + (n - (size_t)kept);
	return rc;
}

static bool has_series(const struct observation list[], size_t n, const struct observation *obs)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].metric, obs->metric) == 0 &&
		    strcmp(list[i].labels, obs->labels) == 0)
			return true;
	return false;
}

static int record_slots(const struct tally *tally, struct spool *spool,
			const struct catalogue *catalogue, struct observation list[],
			struct tally_record *record)
{
	size_t n = 0;
	uint64_t dropped = 0;
	for (size_t i = record->done; i < tally->n; i++) {
		const struct tally_slot *slot = &tally->slots[i];
		if (slot->how == TALLY_CHANGE && has_series(list, n, &slot->obs)) {
			int rc = record_list(spool, catalogue, list, n, dropped, record);
			if (rc < 0)
				return rc;
			record->done = i;
			n = dropped = 0;
		}
		int rc = resolve(spool, slot, &list[n], &record->why);
		/* I11: one figure at fault costs itself alone. */
		bool at_fault = rc == -ERANGE || rc == -ESTALE || rc == -E2BIG || rc == -ENODATA;
		if (rc < 0 && !at_fault)
			return rc;
		n += rc == 0;
		dropped += rc < 0;
	}
	int rc = record_list(spool, catalogue, list, n, dropped, record);
	if (rc == 0)
		record->done = tally->n;
	return rc;
}

int tally_record(const struct tally *tally, struct spool *spool, const struct catalogue *catalogue,
		 struct tally_record *record)
{
	struct observation *list = calloc(tally->n + 1, sizeof(*list));
	int rc = list ? 0 : err_memory(&record->why);
	/* Values that wait undated are those from which a change may start: they are dated first.
	 */
	if (rc == 0 && spool_waits_for_clock(spool))
		rc = spool_record(spool, NULL, 0, NULL, &record->why);
	if (rc == 0)
		rc = record_slots(tally, spool, catalogue, list, record);
	free(list);
	return rc;
}
