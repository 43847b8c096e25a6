/* 1. The edition is imported, in the transaction of the call, and the reference loaded that has it;
 * 2. what that takes away is told apart and counted;
 * 3. for a trial run the tables before and after are compared, and all of it is undone; else, if
 *    nothing is taken away or that is meant, it is noted in the audit and the ledger follows;
 * 4. but if that takes long the import is undone, and becomes a change that is made in steps. */
#include "api/importing.h"

#include "api/difference.h"
#include "api/etag.h"
#include "api/trial.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/text/csv_table.h"
#include "ledger/follow.h"
#include "ledger/losses.h"
#include "registry/strays.h"
#include "schema/event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#define NAMED_MAX 8u /* losses that a sentence names */

int importing_prepare(struct call *call, struct err *err)
{
	int rc = call_flag(call, "yes", &call->yes, err);

	return rc == 0 ? trial_prepare(call, err) : rc;
}

int importing_table(const struct importing *importing, sqlite3 *db,
		    const struct reference *reference, struct table **ret_table, struct err *err)
{
	struct blob csv = { 0 };

	if (!importing->export)
		return importing->table(db, reference, ret_table, err);
	int rc = importing->export(db, &csv, err);
	if (rc == 0)
		rc = csv_table((const char *)csv.data, csv.len, ret_table, err);
	blob_free(&csv);
	return rc;
}

static int edition_take(const struct importing *importing, struct call *call, sqlite3 *db,
			size_t *ret_n, struct err *err)
{
	bool differs = false;

	if (!importing->take)
		return importing->import(call, db, ret_n, err);
	int rc = importing->take(db, call->body, call->body_len, &differs, err);
	*ret_n = differs;
	return rc;
}

/* --- it would take something away --- */

/* "team.count, x.y (unit), ..." */
static void losses_name(const struct losses *losses, char *ret_names, size_t room)
{
	size_t len = 0;

	*ret_names = '\0';
	for (size_t i = 0; i < losses->n && i < NAMED_MAX && len < room; i++) {
		const struct loss *loss = &losses->list[i];
		bool part = *loss->columns;

		len += (size_t)snprintf(ret_names + len, room - len, "%s%s%s%s%s", i ? ", " : "",
					loss->key, part ? " (" : "", part ? loss->columns : "",
					part ? ")" : "");
	}
	if (losses->n > NAMED_MAX && len < room)
		(void)snprintf(ret_names + len, room - len, ", ..."); /* or cut */
}

static int refuse(struct call *call, const struct losses *losses, struct err *err)
{
	char names[NAMED_MAX * (LOSS_KEY_MAX + LOSS_COLUMNS_MAX)];
	bool counts = losses->list[0].before || losses->list[0].unit;

	losses_name(losses, names, sizeof(names));
	if (counts)
		(void)err_set(
			err, -EEXIST,
			"nothing was changed. This would remove or change what figures count by: "
			"%zu in all, %s. Figures that would not count any more, or mean something "
			"else: %llu%s; offices that reported them: %llu. --dry-run lists it all; "
			"if it is meant, add --yes (over HTTP: dry_run=1, yes=1)",
			losses->n, names, (unsigned long long)losses->figures,
			losses->more ? _(" or more") : "", (unsigned long long)losses->offices);
	else
		(void)err_set(err, -EEXIST,
			      "nothing was changed. This would remove %zu that are there: %s. The "
			      "figures stay, but questions about these would not be answered any "
			      "more, or differently. --dry-run lists it all; if it is meant, add "
			      "--yes (over HTTP: dry_run=1, yes=1)",
			      losses->n, names);
	return call_refuse(call, err, losses->figures, losses->offices);
}

/* --- what would change --- */

static void number_head(struct table *table, const char *key, uint64_t number)
{
	table_head_int(table, "would", key, (int64_t)number);
}

struct expected { /* of an edition */
	struct losses losses;
	struct steps_cost cost;
	int64_t us;              /* about, that it takes */
	const char *warning;     /* "": none */
	char replaced[TAG_ROOM]; /* the tag of the edition before; "": it has none */
};

static int rows_add(const struct importing *importing, const struct table *before,
		    const struct table *after, const struct expected *expected, size_t n,
		    struct table **ret_table, struct err *err)
{
	const struct losses *losses = &expected->losses;
	static const char *const columns[] = { "change",  "row",     "column", "was",
					       "becomes", "figures", "offices" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	int rc = table ? difference_add(table, before, after, importing->keys, losses, err)
		       : err_memory(err);

	if (rc < 0) {
		table_close(table);
		return rc;
	}
	number_head(table, importing->answer, n);
	number_head(table, "figures", losses->figures);
	number_head(table, "offices", losses->offices);
	if (importing->decides) {
		number_head(table, "office_days", expected->cost.office_days);
		number_head(table, "observations", expected->cost.observations);
		number_head(table, "seconds", (uint64_t)(expected->us + 500000) / 1000000);
		if (expected->cost.about)
			table_head(table, "would", "reckoned", "yes");
	}
	table_head(table, "would", "needs_yes", losses->n > 0 ? "yes" : "no");
	if (*expected->warning)
		table_head(table, "would", "warning", expected->warning);
	/* Who means just this sends it as If-Match. */
	if (*expected->replaced)
		table_head(table, "would", "replaced", expected->replaced);
	*ret_table = table;
	return 0;
}

static int trial_tell(struct call *call, sqlite3 *db, const struct reference *before,
		      const struct reference *after, const struct table *were, const char *replaced,
		      const struct importing *importing, size_t n, struct err *err)
{
	struct table *are = NULL, *table = NULL;
	struct expected expected = { .warning = call->warning };
	strcpy(expected.replaced, replaced); /* as long */
	int rc = losses_of(db, before, after, &expected.losses, err);

	if (rc == 0 && importing->decides)
		rc = steps_weigh(db, before, after, &expected.cost, err);
	if (rc == 0)
		rc = change_estimate(db, expected.cost.work, &expected.us, err);
	if (rc == 0)
		rc = importing_table(importing, db, after, &are, err);
	if (rc == 0)
		rc = rows_add(importing, were, are, &expected, n, &table, err);
	losses_free(&expected.losses);
	table_close(are);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int trial_run(struct call *call, sqlite3 *db, const struct reference *before,
		     const struct importing *importing, struct err *err)
{
	struct reference *after = NULL;
	struct table *were = NULL;
	size_t n = 0;
	char replaced[TAG_ROOM];
	int rc = importing_table(importing, db, before, &were, err);

	if (rc == 0)
		rc = tag_of_replaced(call, db, before, replaced, err);
	if (rc == 0)
		rc = trial_begin(db, err);
	if (rc == 0) {
		rc = edition_take(importing, call, db, &n, err);
		if (rc == 0)
			rc = reference_load(db, &after, err);
		if (rc == 0)
			rc = reference_sound(after, err);
		if (rc == 0)
			rc = trial_tell(call, db, before, after, were, replaced, importing, n, err);
		rc = trial_end(db, rc, err);
	}
	reference_close(after);
	table_close(were);
	return rc;
}

/* --- it is taken over --- */

/* Units and catalogue decide whether a figure counts, and for what: the ledger follows in the same
 * transaction. */
static int follow(sqlite3 *db, const struct reference *before, const struct reference *after,
		  const char *what, int64_t at_us, struct damaged_days *ret_damaged,
		  struct err *err)
{
	uint64_t began_ns = uv_hrtime();
	struct followed followed = { 0 };
	int rc = ledger_follow(db, before, after, at_us, &followed, err);

	if (rc == 0)
		log_info("api: pages follow the %s office_days=%" PRIu64 " held=%" PRIu64
			 " whole=%s seconds=%.1f",
			 what, followed.office_days, followed.held, followed.whole ? "yes" : "no",
			 (double)(uv_hrtime() - began_ns) / 1e9);
	if (rc == 0)
		*ret_damaged = followed.damaged;
	return rc;
}

#define NOTE_MAX 160u

static const char *note(const struct call *call, size_t n, const struct losses *losses,
			char text[NOTE_MAX])
{
	int len = snprintf(text, NOTE_MAX, "changed=%zu bytes=%zu", n, call->body_len);

	if (losses->n > 0) /* fits */
		(void)snprintf(
			text + len, NOTE_MAX - (size_t)len,
			" confirmed=yes taken_away=%zu figures=%" PRIu64 "%s offices=%" PRIu64,
			losses->n, losses->figures, losses->more ? "+" : "", losses->offices);
	return text;
}

struct taking { /* an edition over */
	struct call *call;
	const struct importing *importing;
	size_t n;                    /* rows that changed */
	struct damaged_days damaged; /* of what followed at once */
	int64_t change;              /* the number of the change that it becomes; 0: it was done */
	char astray[STRAY_SENTENCE_MAX]; /* of units: offices that stand on none now; "": none do */
};

/* The import is undone for now: it is done when all that follows from it is derived. */
static int begin(struct taking *taking, sqlite3 *db, const char *noted,
		 const struct steps_cost *cost, struct err *err)
{
	const struct call *call = taking->call;
	const struct change_form form = { .kind = *taking->importing->decides,
					  .who = call->caller.who,
					  .note = noted,
					  .body = call->body,
					  .len = call->body_len };
	int rc = db_exec(db, "ROLLBACK TO importing", err);

	return rc == 0 ? change_begin(db, &form, cost, &taking->change, err) : rc;
}

static int take_over(struct taking *taking, sqlite3 *db, const struct reference *before,
		     struct err *err)
{
	const struct importing *importing = taking->importing;
	struct call *call = taking->call;
	struct reference *after = NULL;
	struct losses losses = { 0 };
	struct steps_cost cost = { 0 };
	char noted[NOTE_MAX];
	size_t astray = 0;
	struct event_form form = { .who = call->caller.who,
				   .kind = importing->what,
				   .detail = noted };
	int rc = reference_load(db, &after, err);

	if (rc == 0) /* what a disk damaged is not taken away by this edition */
		rc = reference_sound(after, err);
	if (rc == 0)
		rc = losses_of(db, before, after, &losses, err);
	if (rc == 0 && losses.n > 0 && !call->yes)
		rc = refuse(call, &losses, err);
	if (rc == 0)
		(void)note(call, taking->n, &losses, noted);
	if (rc == 0 && importing->decides)
		rc = steps_weigh(db, before, after, &cost, err);
	if (rc == 0 && cost.work > CHANGE_AT_ONCE) {
		rc = begin(taking, db, noted, &cost, err);
	} else if (rc == 0) {
		rc = event_time(db, EVENT_NOW, &form.at_us, err);
		if (rc == 0 && importing->decides)
			rc = follow(db, before, after, importing->what, form.at_us,
				    &taking->damaged, err);
		if (rc == 0 && !importing->audited)
			rc = event_append(db, &form, NULL, err);
		if (rc == 0 && importing->decides && *importing->decides == CHANGE_UNITS)
			rc = strays_tell(after->offices, after->units, civil_day(civil_now_us()),
					 &astray, taking->astray, err);
	}
	losses_free(&losses);
	reference_close(after);
	return rc;
}

int importing_run(struct call *call, sqlite3 *db, const struct reference *reference,
		  const struct importing *importing, struct err *err)
{
	struct taking taking = { .call = call, .importing = importing };
	int rc;

	if (!call->dry_run && (rc = tag_check_match(call, db, reference, err)) < 0)
		return rc;
	rc = importing->audited ? 0 : change_refuse(db, err);
	if (rc == 0 && call->dry_run)
		return trial_run(call, db, reference, importing, err);
	if (rc == 0)
		rc = db_exec(db, "SAVEPOINT importing", err);
	if (rc == 0)
		rc = edition_take(importing, call, db, &taking.n, err);
	if (rc == 0 && taking.n > 0)
		rc = take_over(&taking, db, reference, err);
	if (rc == 0)
		rc = db_exec(db, "RELEASE importing", err);
	if (rc < 0)
		return rc; /* all of it is rolled back */
	if (taking.change)
		return call_answer_under_way(call, taking.change, err);
	if (taking.damaged.n > 0)
		return call_answer_damaged(call, importing->answer, taking.n, &taking.damaged, err);
	return call_answer_warned(call, importing->answer, taking.n,
				  *call->warning ? call->warning : taking.astray, err);
}
