/* POST /v1/quarantine/release takes entry, office and metric, or all: "yes", and closed: "yes" or
 * older_copy: "yes".
 * /v1/closed: GET lists the closed periods, with known those of then; POST closes one, and POST
 * .../reopen opens it again; both take period and, where needed, metric and calendar. */
#include "api/call.h"

#include "common/model/civil.h"
#include "journal/journal_clock.h"
#include "ledger/change.h"
#include "ledger/release.h"
#include "query/known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int field_yes(struct call *call, const char *name, bool *ret_yes, struct err *err)
{
	const char *text = NULL;
	int rc = call_field(call, name, &text, err);

	if (rc == 0 && text && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return err_set(err, -EINVAL, "%s: yes or no is wanted", name);
	if (rc == 0)
		*ret_yes = text && strcmp(text, "yes") == 0;
	return rc;
}

static int field_entry(struct call *call, int64_t *ret_entry, struct err *err)
{
	const char *text = NULL;
	char *end = NULL;
	int rc = call_field(call, "entry", &text, err);

	if (rc < 0 || !text)
		return rc;
	errno = 0;
	*ret_entry = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || *ret_entry == 0)
		return err_set(err, -EINVAL,
			       "entry: the number of a journal entry is wanted; `lantoa "
			       "quarantine list` shows them");
	return 0;
}

static int release_form(struct call *call, struct release_form *form, struct err *err)
{
	bool all = false, some;
	int rc = field_entry(call, &form->entry, err);

	if (rc == 0)
		rc = call_field(call, "office", &form->office, err);
	if (rc == 0)
		rc = call_field(call, "metric", &form->metric, err);
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
	return 0;
}

static int release_post(struct call *call, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	struct release_form form = { .who = call->who };
	struct journal_clock clock;
	struct table *table = NULL;
	int rc = release_form(call, &form, err);

	if (rc == 0)
		rc = change_refuse(db, err);
	if (rc == 0)
		rc = journal_clock_open(db, &clock, err);
	if (rc == 0)
		form.at_us = journal_clock_now_us(&clock);
	if (rc == 0)
		rc = quarantine_release(db, reference, &form, &table, err);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int closing_form(struct call *call, struct closing_form *form, struct err *err)
{
	int rc = call_field_needed(call, "period", &form->period, err);

	form->who = call->who;
	form->at_us = civil_now_us();
	if (rc == 0)
		rc = call_field(call, "metric", &form->metric, err);
	if (rc == 0 && form->metric && !*form->metric)
		return err_set(err, -EINVAL, "metric: a name is wanted, or leave it out for all");
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

static int closed_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct closing_form form = { 0 };
	int rc = closing_form(call, &form, err);

	if (rc == 0)
		rc = closing_add(db, reference->catalogue, &form, err);
	return rc == 0 ? call_answer_text(call, "closed", form.period, err) : rc;
}

static int reopen_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct closing_form form = { 0 };
	int rc = closing_form(call, &form, err);

	if (rc == 0)
		rc = closing_remove(db, reference->catalogue, &form, err);
	return rc == 0 ? call_answer_text(call, "reopened", form.period, err) : rc;
}

const struct action held_actions[] = {
	{ "POST", "/v1/quarantine/release", NULL, "entry office metric all closed older_copy",
	  CALL_WRITE, NULL, release_post, NULL },
	{ "GET", "/v1/closed", "known", NULL, CALL_READ, NULL, closed_get, NULL },
	{ "POST", "/v1/closed", NULL, "period metric calendar", CALL_WRITE, NULL, closed_post,
	  NULL },
	{ "POST", "/v1/closed/reopen", NULL, "period metric calendar", CALL_WRITE, NULL,
	  reopen_post, NULL },
};
const size_t n_held_actions = sizeof(held_actions) / sizeof(held_actions[0]);
