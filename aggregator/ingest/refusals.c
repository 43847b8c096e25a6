#include "ingest/refusals.h"

#include "common/base/utf8.h"

#include <stdio.h>
#include <string.h>

static size_t place_of(const struct refusals *refusals, int64_t office)
{
	size_t at = 0;
	while (at < refusals->n && refusals->list[at].office != office)
		at++;
	return at;
}

/* The oldest that waits for nothing, or else the oldest. */
static size_t place_to_give(const struct refusals *refusals)
{
	for (size_t at = refusals->n; at > 0; at--)
		if (!refusals->list[at - 1].since_us)
			return at - 1;
	return refusals->n - 1;
}

void refusals_note(struct refusals *refusals, int64_t office, const char *code, bool later,
		   const char *reason, int64_t now_us)
{
	size_t at = place_of(refusals, office);
	struct refusal refusal = { .office = office };
	if (at < refusals->n)
		refusal = refusals->list[at];
	else if (refusals->n < REFUSALS_KEPT)
		refusals->n++;
	else
		at = place_to_give(refusals);
	refusal.n += !later;
	refusal.n_later += later;
	refusal.last_us = now_us;
	if (later && !refusal.since_us)
		refusal.since_us = now_us;
	(void)snprintf(refusal.code, sizeof(refusal.code), "%s", code);
	(void)utf8_print(refusal.reason, sizeof(refusal.reason), "%s", reason);
	(void)utf8_clean(refusal.reason, "");
	memmove(&refusals->list[1], &refusals->list[0], at * sizeof(refusal));
	refusals->list[0] = refusal;
}

void refusals_settle(struct refusals *refusals, int64_t office)
{
	size_t at = place_of(refusals, office);
	if (at < refusals->n)
		refusals->list[at].since_us = 0;
}
