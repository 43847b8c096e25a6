/* The province's hand: an operator records figures for an office, which told them by telephone,
 * say. They become a batch of a spool that the province keeps for that office (registry/hands.h),
 * posted as any other: journal, revisions, --known, replay and verify know no other kind. What the
 * office sends later is a revision, as what is recorded here is one of what the office sent.
 *
 * Judged as the office's agent would judge them, and one thing more: what would only wait in
 * quarantine (a closed period, no unit in force) is refused, because whoever could mend that is
 * asking. With the batch, in one transaction, go the event that the audit shows and a message to
 * the office, so that its clerk does not wonder.
 *
 * Recording is idempotent by value: a figure that stands so already is not recorded again, whoever
 * said so, and neither is its note. So an order that is repeated because its answer was lost counts
 * once. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "ledger/hand_judge.h"
#include "ledger/ledger.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stddef.h>

struct hand_form {
	const char *office; /* its code */
	struct hand_common common;
	const struct hand_words *figures; /* [n], at most HAND_FIGURES_MAX */
	size_t n;
	bool dry_run; /* all but record it: nothing is left behind */
};

/**
 * Record all of @form or nothing, in a transaction of the caller in which @ledger was begun. When
 * it fails, the transaction must be rolled back, and ledger_forget() follow.
 *
 * @ret_table  a row for each: metric, labels, period, was, was_from ("office", "province"),
 *             was_author, was_at, became, change ("first", "corrected", "withdrawn", "unchanged"),
 *             entry, warning (a rule that warns and does not hold). The caller closes it.
 *
 * -ENOENT: no such office, or what is to be withdrawn was never reported; -EINVAL: no figure, or as
 * hand_judge() and hand_rules(); -EEXIST: a whole beside parts, or it would be held, or the office
 * is at a limit; -E2BIG: over HAND_FIGURES_MAX; -EAGAIN: its day costs too much for one
 * transaction; -EUCLEAN: what stands there cannot be read.
 */
int hand_record(struct ledger *ledger, sqlite3 *db, const struct reference *reference,
		const struct hand_form *form, struct table **ret_table, struct err *err);
