/* /v1/excuses: POST excuses an office from a metric or a form (hour, day, month, ...) for a period,
 * or on until another (to), with the reason; POST .../end takes one back by its number (excuse).
 * GET lists those in force, with office those of one office, with known those of then. Both acts
 * with ?dry_run=1 tell which excuse would come, or go. */
#include "api/call.h"

#include "api/trial.h"
#include "query/known.h"
#include "registry/excuses.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int excuses_get(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	const struct query query = { .known = http_arg(call->request, "known") };
	struct table *table = NULL;
	int rc = excuses_run(db, reference, &query, http_arg(call->request, "office"), &table, err);

	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

/* A trial has done it. */
static int tell_new(struct call *call, sqlite3 *db, const struct reference *reference, int64_t id,
		    struct err *err)
{
	struct excuses *after = NULL;
	struct table *table = NULL;
	int rc = excuses_load(db, &after, err);

	if (rc == 0)
		rc = excuses_list_one(after, reference->offices, id, &table, err);
	excuses_close(after);
	if (rc == 0)
		table_head_int(table, "would", "excused", 1);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int tell_old(struct call *call, const struct reference *reference, int64_t id,
		    struct err *err)
{
	struct table *table = NULL;
	int rc = excuses_list_one(reference->excuses, reference->offices, id, &table, err);

	if (rc == 0)
		table_head_int(table, "would", "taken_back", 1);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int excuses_post(struct call *call, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	struct excuse_form form = { .who = call->caller.who };
	int64_t id = 0;
	int rc = call_field_needed(call, "office", &form.office, err);

	if (rc == 0)
		rc = call_field(call, "metric", &form.metric, err);
	if (rc == 0)
		rc = call_field(call, "form", &form.form, err);
	if (rc == 0)
		rc = call_field_needed(call, "period", &form.period, err);
	if (rc == 0)
		rc = call_field(call, "to", &form.until, err);
	if (rc == 0)
		rc = call_field(call, "calendar", &form.calendar, err);
	if (rc == 0)
		rc = call_field_needed(call, "reason", &form.reason, err);
	if (rc == 0 && call->dry_run)
		rc = trial_begin(db, err);
	if (rc < 0)
		return rc;
	rc = excuse_add(db, reference->catalogue, reference->offices, &form, &id, err);
	if (call->dry_run)
		return trial_end(db, rc == 0 ? tell_new(call, db, reference, id, err) : rc, err);
	return rc == 0 ? call_answer_number(call, "excuse", (uint64_t)id, err) : rc;
}

static int end_post(struct call *call, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	const char *text = NULL;
	char *end = NULL;
	int rc = call_field_needed(call, "excuse", &text, err);

	if (rc < 0)
		return rc;
	errno = 0;
	int64_t id = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || id == 0)
		return err_set(err, -EINVAL,
			       "excuse: must be a number; `lantoa excuse list` shows them");
	if (call->dry_run && (rc = trial_begin(db, err)) < 0)
		return rc;
	rc = excuse_end(db, reference->offices, id, call->caller.who, err);
	if (call->dry_run)
		return trial_end(db, rc == 0 ? tell_old(call, reference, id, err) : rc, err);
	return rc == 0 ? call_answer_number(call, "excuse", (uint64_t)id, err) : rc;
}

const struct action excuse_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/excuses", "office known", NULL, CALL_READ, NULL, excuses_get,
	  NULL, "Who is excused from which reports, and why.",
	  "excuse! office name metric form period! to calendar! reason! at! who!", NULL },
	{ ROLE_OPERATOR, "POST", "/v1/excuses", "dry_run",
	  "office metric form period to calendar reason", CALL_WRITE, trial_prepare, excuses_post,
	  NULL, "Excuse an office from a metric, or from all that is reported per month, hour, ...",
	  "=excuse | excuse! office name metric form period! to calendar! reason! at! who!",
	  "office period reason" },
	{ ROLE_OPERATOR, "POST", "/v1/excuses/end", "dry_run", "excuse", CALL_WRITE, trial_prepare,
	  end_post, NULL, "Take an excuse back.",
	  "=excuse | excuse! office name metric form period! to calendar! reason! at! who!",
	  "excuse" },
};
const size_t n_excuse_actions = sizeof(excuse_actions) / sizeof(excuse_actions[0]);
