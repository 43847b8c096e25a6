#include "ledger/ledger_internal.h"

#include "journal/usage.h"
#include "schema/effects.h"

#include <stdlib.h>

struct ledger *ledger_open(sqlite3 *db, struct err *err)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	if (!ledger || !(ledger->arena = arena_open(WIRE_ARENA_MAX))) {
		free(ledger);
		(void)err_memory(err);
		return NULL;
	}
	ledger->db = db;
	ledger->limits = limits_default();
	if (!(ledger->declarations = declarations_open(db, err)) ||
	    !(ledger->journal = journal_open(db, err)) ||
	    !(ledger->quarantine = quarantine_open(db, err)) ||
	    !(ledger->fold = fold_open(db, ledger->declarations, err)) ||
	    !(ledger->older = older_copy_open(db, err)) ||
	    usage_prepare(db, &ledger->usage, err) < 0 || said_open(db, &ledger->said, err) < 0 ||
	    effects_of(db, &ledger->effects, err) < 0) {
		ledger_close(ledger);
		return NULL;
	}
	return ledger;
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	sqlite3_finalize(ledger->usage);
	said_close(&ledger->said);
	older_copy_close(ledger->older);
	fold_close(ledger->fold);
	quarantine_close(ledger->quarantine);
	journal_close(ledger->journal);
	declarations_close(ledger->declarations);
	arena_close(ledger->arena);
	run_order_free(&ledger->order);
	free(ledger->holds);
	blob_free(&ledger->held_list);
	free(ledger);
}

void ledger_limit(struct ledger *ledger, const struct limits *limits)
{
	ledger->limits = *limits;
}

enum limit ledger_over(const struct ledger *ledger)
{
	return ledger->over;
}

void ledger_begin(struct ledger *ledger, const struct reference *reference)
{
	if (ledger->reference_version != reference->version || ledger->reference != reference) {
		declarations_forget(ledger->declarations, reference->catalogue);
		journal_forget(ledger->journal); /* a repair may have mended its tables */
	}
	ledger->reference = reference;
	ledger->reference_version = reference->version;
	ledger->observations += ledger->uncommitted;
	ledger->uncommitted = 0;
	ledger->mended = (struct mended){ 0 };
	ledger->turn++;
	journal_begin(ledger->journal);
	fold_begin(ledger->fold, reference);
}

void ledger_forget(struct ledger *ledger)
{
	ledger->reference_version = 0;
	ledger->uncommitted = 0;
	journal_forget(ledger->journal);
	fold_forget(ledger->fold);
}

uint64_t ledger_observations(const struct ledger *ledger)
{
	return ledger->observations + ledger->uncommitted;
}

int ledger_finish(struct ledger *ledger, struct err *err)
{
	int rc = journal_flush(ledger->journal, err); /* first: days are played again from it */
	if (rc == 0)
		rc = fold_finish(ledger->fold, err);
	const struct mended *mended = fold_mended(ledger->fold);
	if (rc == 0 && mended->n > 0) {
		uint64_t before = ledger->mended.n;
		ledger->mended = *mended;
		ledger->mended.n += before;
	}
	return rc;
}

const struct mended *ledger_mended(const struct ledger *ledger)
{
	return &ledger->mended;
}

/* --- parts: a batch that cannot be taken is found, and the others are (I11) --- */

int ledger_part_begin(struct ledger *ledger, struct err *err)
{
	ledger->uncommitted_before = ledger->uncommitted;
	ledger->mended_before = ledger->mended;
	return db_exec(ledger->db, "SAVEPOINT part", err);
}

int ledger_part_keep(struct ledger *ledger, struct err *err)
{
	int rc = ledger_finish(ledger, err);
	if (rc == 0)
		rc = db_exec(ledger->db, "RELEASE part", err);
	if (rc < 0)
		return rc;
	journal_begin(ledger->journal); /* I9: what was mended is an event, behind its entries */
	fold_begin(ledger->fold, ledger->reference);
	return 0;
}

int ledger_part_undo(struct ledger *ledger, struct err *err)
{
	int rc = db_exec(ledger->db, "ROLLBACK TO part; RELEASE part", err);
	declarations_forget(ledger->declarations, ledger->reference->catalogue);
	journal_forget(ledger->journal);
	fold_forget(ledger->fold);
	fold_begin(ledger->fold, ledger->reference);
	ledger->uncommitted = ledger->uncommitted_before;
	ledger->mended = ledger->mended_before;
	return rc;
}
