#include "verify/verify_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct verify *verify_open(const char *repairer, struct err *err)
{
	struct verify *v = calloc(1, sizeof(*v));
	if (!v || !(v->report.table = verify_table_open())) {
		free(v);
		(void)err_memory(err);
		return NULL;
	}
	(void)snprintf(v->report.repairer, sizeof(v->report.repairer), "%s",
		       repairer ? repairer : "");
	v->day = INT64_MIN;
	v->key.grain = INT64_MIN;
	return v;
}

void verify_close(struct verify *verify)
{
	if (!verify)
		return;
	walk_close(verify->walk);
	table_close(verify->report.table);
	free(verify);
}

bool verify_writes(const struct verify *verify)
{
	return verify->writes;
}

/* Of damaged rows of the register nothing can be said but that. */
static void register_look(struct verify *v, const struct register_damage *damage)
{
	for (uint64_t i = 0; i < damage->n && i < REGISTER_NOTES_MAX; i++)
		verify_damaged(&v->report, "register", words("%s", damage->notes[i]),
			       words("damaged"), words("a row"));
}

/* Without catalogue and closed periods no page can be derived. What is wrong with them was named,
 * where they are not what the ledger says; and where that was mended they are read now. */
static void reference_missing(struct verify *v, const struct err *why)
{
	v->report.quiet = v->report.mending = false;
	verify_differs(&v->report, "register", words("catalogue, indicators and closed periods"),
		       words("%s", why->text), words("what can be read"));
	v->stage = VERIFY_OVER;
}

int verify_step(struct verify *verify, sqlite3 *db, const struct reference *reference,
		struct err *err)
{
	static int (*const steps[])(struct verify * v, sqlite3 * db,
				    const struct reference *reference, struct err *err) = {
		[VERIFY_JOURNAL] = verify_journal_step,
		[VERIFY_DAYS] = verify_days_step,
		[VERIFY_PAGES] = verify_pages_step,
	};
	if (!reference && verify->stage > VERIFY_JOURNAL && verify->stage < VERIFY_OVER)
		reference_missing(verify, err);
	/* of what was mended, or is as it came into the ledger */
	if (verify->stage == VERIFY_DAYS && !verify->begun && !verify->report.tables_left) {
		register_look(verify, &reference->units->damage);
		register_look(verify, &reference->offices->damage);
	}
	int rc =
		verify->stage == VERIFY_OVER ? 0 : steps[verify->stage](verify, db, reference, err);
	if (rc == 0 && verify->stage < VERIFY_OVER) {
		verify->stage++;
		verify->done = verify->all = 0;
		verify->begun = false;
	}
	if (rc >= 0 && table_failed(verify->report.table))
		rc = err_memory(err);
	return rc < 0 ? rc : verify->stage != VERIFY_OVER;
}

/* Intake goes on meanwhile, so there may be more than was counted when the stage began. */
struct verify_progress verify_progress(const struct verify *verify)
{
	struct verify_progress progress = { .stage = verify->stage,
					    .done = verify->done,
					    .all = verify->all,
					    .counts = verify->report.counts };
	if (progress.all < progress.done)
		progress.all = progress.done;
	return progress;
}

struct table *verify_table_take(struct verify *verify)
{
	struct table *table = verify->report.table;
	verify_table_head(table, &verify->report.counts);
	verify->report.table = NULL;
	return table;
}
