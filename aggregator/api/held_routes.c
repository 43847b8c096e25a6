/* POST /v1/quarantine/release takes entry, office and metric, or all: "yes", and closed: "yes" or
 * older_copy: "yes". GET takes the same in the address, and tells what that would come to. A
 * release of much goes by steps: 202, and /v1/change.
 * /v1/closed: GET lists the closed periods, with known those of then; POST closes one, and POST
 * .../reopen opens it again; both take period and, where needed, metric and calendar. All three
 * acts with ?dry_run=1 tell what would come of them. */
#include "api/call.h"

#include "api/trial.h"
#include "common/model/civil.h"
#include "journal/journal_clock.h"
#include "ledger/change.h"
#include "ledger/release.h"
#include "query/known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the body or, where there is none, of the address. */
static int field_read(struct call *call, const char *name, const char **ret_text, struct err *err)
{
	if (call->action->fields)
		return call_field(call, name, ret_text, err);
	*ret_text = http_arg(call->request, name);
	return 0;
}

static int field_yes(struct call *call, const char *name, bool *ret_yes, struct err *err)
{
	const char *text = NULL;
	int rc = field_read(call, name, &text, err);

	if (rc == 0 && text && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return err_set(err, -EINVAL, "%s: must be yes or no", name);
	if (rc == 0)
		*ret_yes = text && strcmp(text, "yes") == 0;
	return rc;
}

static int field_entry(struct call *call, int64_t *ret_entry, struct err *err)
{
	const char *text = NULL;
	char *end = NULL;
	int rc = field_read(call, "entry", &text, err);

	if (rc < 0 || !text)
		return rc;
	errno = 0;
	*ret_entry = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || *ret_entry == 0)
		return err_set(err, -EINVAL,
			       "entry: must be the number of a journal entry; `lantoa quarantine "
			       "list` shows them");
	return 0;
}

static int release_form(struct call *call, const struct reference *reference,
			struct release_form *form, struct err *err)
{
	bool all = false, some;
	int rc = field_entry(call, &form->entry, err);

	if (rc == 0)
		rc = field_read(call, "office", &form->office, err);
	if (rc == 0)
		rc = field_read(call, "metric", &form->metric, err);
	if (rc == 0)
		rc = field_yes(call, "all", &all, err);
	if (rc == 0)
		rc = field_yes(call, "closed", &form->closed, err);
	if (rc == 0)
		rc = field_yes(call, "older_copy", &form->older_copy, err);
	if (rc < 0)
		return rc;
	some = form->entry || form->office || form->metric;
	if (some == all)
		return err_set(err, -EINVAL,
			       "say what to release: that of an entry, an office or a metric, or "
			       "else all");
	return call_office(reference, &form->office, err);
}

static int release_tell(struct call *call, sqlite3 *db, const struct reference *reference,
			struct release_form form, struct err *err)
{
	struct release_counts counts = { 0 };
	struct journal_clock clock;
	struct table *table = NULL;
	uint64_t work = 0;
	int64_t us = 0;
	int rc = change_refuse_settling(db, err);

	if (rc == 0)
		rc = release_weigh(db, reference, &form, &work, err);
	if (rc == 0)
		rc = change_estimate(db, work, &us, err);
	if (rc == 0)
		rc = journal_clock_open(db, &clock, err);
	if (rc == 0)
		form.at_us = journal_clock_now_us(&clock);
	if (rc == 0)
		rc = release_try(db, reference, &form, &counts, err);
	if (rc == 0)
		rc = release_table(&counts, "would", NULL, &table, err);
	if (rc < 0)
		return rc;
	table_head_int(table, "would", "seconds", (us + 500000) / 1000000);
	return call_answer_table(call, table, err);
}

static int release_get(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct release_form form = { 0 };
	int rc = release_form(call, reference, &form, err);

	return rc == 0 ? release_tell(call, db, reference, form, err) : rc;
}

/* A trial judges all that waits, which can be much, and writes nothing. */
static int release_prepare(struct call *call, struct err *err)
{
	int rc = trial_prepare(call, err);

	call->reads = rc == 0 && call->dry_run;
	return rc;
}

static int release_post(struct call *call, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	struct change_form form = { .kind = CHANGE_RELEASE, .who = call->caller.who };
	struct steps_cost cost = { 0 };
	struct journal_clock clock;
	struct table *table = NULL;
	int64_t change = 0;
	int rc = release_form(call, reference, &form.release, err);

	form.release.who = call->caller.who;
	if (rc == 0)
		rc = change_refuse(db, err);
	if (rc == 0 && call->dry_run)
		return release_tell(call, db, reference, form.release, err);
	if (rc == 0)
		rc = release_weigh(db, reference, &form.release, &cost.work, err);
	if (rc == 0 && cost.work > CHANGE_AT_ONCE) {
		rc = change_begin(db, &form, &cost, &change, err);
		return rc == 0 ? call_answer_under_way(call, change, err) : rc;
	}
	if (rc == 0)
		rc = journal_clock_open(db, &clock, err);
	if (rc == 0)
		form.release.at_us = journal_clock_now_us(&clock);
	if (rc == 0)
		rc = quarantine_release(db, reference, &form.release, &table, err);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int closing_form(struct call *call, struct closing_form *form, struct err *err)
{
	int rc = call_field_needed(call, "period", &form->period, err);

	form->who = call->caller.who;
	form->at_us = civil_now_us();
	if (rc == 0)
		rc = call_field(call, "metric", &form->metric, err);
	if (rc == 0 && form->metric && !*form->metric)
		return err_set(err, -EINVAL, "metric: must be a name, or be left out for all");
	return rc == 0 ? call_field(call, "calendar", &form->calendar, err) : rc;
}

static int closed_get(struct call *call, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	const struct query query = { .known = http_arg(call->request, "known") };
	struct table *table = NULL;
	int rc = closed_run(db, reference, &query, &table, err);

	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

typedef int closing_act(sqlite3 *db, const struct catalogue *catalogue,
			const struct closing_form *form, struct err *err);

/* Which closing would come, or go. */
static int closing_tell(struct call *call, sqlite3 *db, const struct reference *reference,
			closing_act *act, const struct closing_form *form, struct err *err)
{
	struct closings *after = NULL;
	struct table *table = NULL;
	int rc = trial_begin(db, err);

	if (rc < 0)
		return rc;
	rc = act(db, reference->catalogue, form, err);
	if (rc == 0)
		rc = closings_load(db, &after, err);
	if (rc == 0 && act == closing_add)
		rc = closings_list_but(after, reference->closings, &table, err);
	else if (rc == 0)
		rc = closings_list_but(reference->closings, after, &table, err);
	closings_close(after);
	if (rc == 0) {
		table_head_int(table, "would", act == closing_add ? "closed" : "opened",
			       (int64_t)table_rows(table));
		rc = call_answer_table(call, table, err);
	}
	return trial_end(db, rc, err);
}

static int closing_run(struct call *call, sqlite3 *db, const struct reference *reference,
		       closing_act *act, const char *answer, struct err *err)
{
	struct closing_form form = { 0 };
	int rc = closing_form(call, &form, err);

	if (rc == 0)
		rc = change_refuse_closing(db, err);
	if (rc == 0 && call->dry_run)
		return closing_tell(call, db, reference, act, &form, err);
	if (rc == 0)
		rc = act(db, reference->catalogue, &form, err);
	return rc == 0 ? call_answer_text(call, answer, form.period, err) : rc;
}

static int closed_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	return closing_run(call, db, reference, closing_add, "closed", err);
}

static int reopen_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	return closing_run(call, db, reference, closing_remove, "reopened", err);
}

const struct action held_actions[] = {
	{ ROLE_OPERATOR, "POST", "/v1/quarantine/release", "dry_run",
	  "entry office metric all closed older_copy", CALL_WRITE, release_prepare, release_post,
	  change_committed, "What waits is judged again, and counts if it may.",
	  "reason! observations!", NULL },
	{ ROLE_VIEWER, "GET", "/v1/quarantine/release", "entry office metric all closed older_copy",
	  NULL, CALL_READ, NULL, release_get, NULL, "What a release would come to.",
	  "reason! observations!", NULL },
	{ ROLE_VIEWER, "GET", "/v1/closed", "known", NULL, CALL_READ, NULL, closed_get, NULL,
	  "Closed periods.", "period! calendar! metric at! who!", NULL },
	{ ROLE_OPERATOR, "POST", "/v1/closed", "dry_run", "period metric calendar", CALL_WRITE,
	  trial_prepare, closed_post, NULL, "Close a period: what comes later waits.",
	  "=closed | period! calendar! metric at! who!", "period" },
	{ ROLE_OPERATOR, "POST", "/v1/closed/reopen", "dry_run", "period metric calendar",
	  CALL_WRITE, trial_prepare, reopen_post, NULL, "Open a closed period again.",
	  "=reopened | period! calendar! metric at! who!", "period" },
};
const size_t n_held_actions = sizeof(held_actions) / sizeof(held_actions[0]);
