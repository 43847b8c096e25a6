#include "verify/verify_internal.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct words words(const char *format, ...)
{
	struct words words;
	va_list args;
	va_start(args, format);
	(void)utf8_vprint(words.text, sizeof(words.text), _(format), args); /* cut is fine */
	va_end(args);
	return words;
}

struct table *verify_table_open(void)
{
	static const char *const columns[] = { "what", "where", "found", "expected", "outcome" };
	return table_open(columns, sizeof(columns) / sizeof(columns[0]));
}

void verify_table_head(struct table *table, const struct verify_counts *counts)
{
	const struct {
		const char *name;
		uint64_t count;
	} heads[] = {
		{ "batches", counts->batches },
		{ "observations", counts->observations },
		{ "pages", counts->pages },
		{ "differences", counts->differences },
		{ "beyond_repair", counts->beyond_repair },
		{ "repaired", counts->repaired },
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char text[24];
		(void)snprintf(text, sizeof(text), "%" PRIu64, heads[i].count); /* fits */
		table_head(table, "counts", heads[i].name, text);
	}
}

struct verify *verify_open(const char *repairer, struct err *err)
{
	struct verify *v = calloc(1, sizeof(*v));
	if (!v || !(v->table = verify_table_open())) {
		free(v);
		(void)err_memory(err);
		return NULL;
	}
	(void)snprintf(v->repairer, sizeof(v->repairer), "%s", repairer ? repairer : "");
	v->day = INT64_MIN;
	v->key.grain = INT64_MIN;
	return v;
}

void verify_close(struct verify *verify)
{
	if (!verify)
		return;
	walk_close(verify->walk);
	table_close(verify->table);
	free(verify);
}

bool verify_writes(const struct verify *verify)
{
	return verify->writes;
}

static void name(struct verify *v, const char *what, const struct words *where,
		 const struct words *found, const struct words *expected, bool repaired)
{
	v->counts.repaired += repaired;
	if (++v->counts.differences > VERIFY_ROWS_MAX)
		return;
	table_row(v->table);
	table_text(v->table, what);
	table_text(v->table, where->text);
	table_text(v->table, found->text);
	table_text(v->table, expected->text);
	if (*v->repairer)
		table_text(v->table, repaired ? "repaired" : "left");
}

void verify_differs(struct verify *v, const char *what, struct words where, struct words found,
		    struct words expected)
{
	v->seen = true;
	if (!v->quiet)
		name(v, what, &where, &found, &expected, v->mending);
}

void verify_damaged(struct verify *v, const char *what, struct words where, struct words found,
		    struct words expected)
{
	v->damaged = true;
	v->counts.beyond_repair++;
	name(v, what, &where, &found, &expected, false);
}

/* Of damaged rows of the register nothing can be said but that. */
static void register_look(struct verify *v, const struct register_damage *damage)
{
	for (uint64_t i = 0; i < damage->n && i < REGISTER_NOTES_MAX; i++)
		verify_damaged(v, "register", words("%s", damage->notes[i]), words("damaged"),
			       words("a row"));
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
	if (verify->stage == VERIFY_JOURNAL && !verify->walk) {
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
	if (rc >= 0 && table_failed(verify->table))
		rc = err_memory(err);
	return rc < 0 ? rc : verify->stage != VERIFY_OVER;
}

/* Intake goes on meanwhile, so there may be more than was counted when the stage began. */
struct verify_progress verify_progress(const struct verify *verify)
{
	struct verify_progress progress = { .stage = verify->stage,
					    .done = verify->done,
					    .all = verify->all,
					    .counts = verify->counts };
	if (progress.all < progress.done)
		progress.all = progress.done;
	return progress;
}

struct table *verify_table_take(struct verify *verify)
{
	struct table *table = verify->table;
	verify_table_head(table, &verify->counts);
	verify->table = NULL;
	return table;
}

int verify_run(sqlite3 *db, const struct reference *reference, struct verify_counts *ret_counts,
	       struct table **ret_table, struct err *err)
{
	struct verify *verify = verify_open(NULL, err);
	int rc = verify ? 1 : err->code;
	while (rc == 1)
		rc = verify_step(verify, db, reference, err);
	if (rc == 0) {
		*ret_counts = verify->counts;
		*ret_table = verify_table_take(verify);
	}
	verify_close(verify);
	return rc;
}
