/* POST /v1/backup begins a backup and answers {"run": n}; 409 while one is being made.
 * GET /v1/backup[?run=n] tells how far it is, and at the end its size and digest.
 * GET /v1/backup/file sends it, once.
 *
 * It holds the province's secret key. So those who could read that key anyway may have it:
 * ROLE_LOCAL. */
#include "api/call.h"
#include "schema/event.h"

#include <errno.h>

static int backup_post_prepare(struct call *call, struct err *err)
{
	if (backup_running(api_backup(call->api)))
		return err_set(err, -EEXIST,
			       "a backup is being made already; wait until it is done");
	return 0;
}

static int backup_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	(void)reference;
	return event_append(
		db, &(struct event_form){ .who = call->caller.who, .kind = "backup", .note = true },
		NULL, err);
}

static int backup_post_commit(struct call *call, struct err *err)
{
	uint64_t run;
	int rc;

	if (!api_enter(call->api))
		return err_set(err, -EAGAIN,
			       "too many requests are being handled; try again shortly");
	rc = backup_start(api_backup(call->api), http_language(call->request), &run, err);
	if (rc < 0) {
		api_leave(call->api); /* not the last one: this call is still in work */
		return rc;
	}
	return call_answer_number(call, "run", run, err);
}

static int backup_get(struct call *call, struct err *err)
{
	uint64_t run = 0;
	int rc = call_run(call, &run, err);

	if (rc < 0)
		return rc;
	call->answer_type = "application/json";
	return backup_tell(api_backup(call->api), run, &call->answer, err);
}

static int backup_file_get(struct call *call, struct err *err)
{
	return backup_take(api_backup(call->api), &call->file, &call->file_len, err);
}

const struct action backup_actions[] = {
	{ ROLE_LOCAL, "POST", "/v1/backup", NULL, NULL, CALL_WRITE, backup_post_prepare,
	  backup_post, backup_post_commit, "Begin a backup.", "=run", NULL },
	{ ROLE_LOCAL, "GET", "/v1/backup", "run", NULL, CALL_HERE, backup_get, NULL, NULL,
	  "How far the backup is.", "words", NULL },
	{ ROLE_LOCAL, "GET", "/v1/backup/file", NULL, NULL, CALL_HERE, backup_file_get, NULL, NULL,
	  "The backup that was made, once.", "file", NULL },
};
const size_t n_backup_actions = sizeof(backup_actions) / sizeof(backup_actions[0]);
