/* POST /v1/backup begins a backup and answers {"run": n}; 409 while one is being made.
 * GET /v1/backup[?run=n] tells how far it is, and at the end its size and digest.
 * GET /v1/backup/file sends it, once.
 *
 * It holds the province's secret key. So those who could read that key anyway may have it: root and
 * the daemon's own user. Operators may not. */
#include "api/call.h"
#include "schema/event.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int secrets_allowed(const struct call *call, struct err *err)
{
	uid_t uid;

	if (http_peer(call->request, &uid) && (uid == 0 || uid == geteuid()))
		return 0;
	return err_set(err, -EACCES,
		       "a backup holds the province's secret key: only root and the aggregator's "
		       "own user may make one; run it with sudo, on the province's machine");
}

static int backup_post_prepare(struct call *call, struct err *err)
{
	int rc = secrets_allowed(call, err);

	if (rc == 0 && backup_running(api_backup(call->api)))
		rc = err_set(err, -EEXIST, "a backup is being made already; wait until it is done");
	return rc;
}

static int backup_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	(void)reference;
	return event_append(
		db, &(struct event_form){ .who = call->who, .kind = "backup", .note = true }, NULL,
		err);
}

static int backup_post_commit(struct call *call, struct err *err)
{
	uint64_t run;
	int rc;

	if (!api_enter(call->api))
		return err_set(err, -EAGAIN, "too many requests are in work; try again shortly");
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
	int rc = secrets_allowed(call, err);

	return rc == 0 ? backup_take(api_backup(call->api), &call->file, &call->file_len, err) : rc;
}

const struct action backup_actions[] = {
	{ "POST", "/v1/backup", NULL, NULL, CALL_WRITE, backup_post_prepare, backup_post,
	  backup_post_commit },
	{ "GET", "/v1/backup", "run", NULL, CALL_HERE, backup_get, NULL, NULL },
	{ "GET", "/v1/backup/file", NULL, NULL, CALL_HERE, backup_file_get, NULL, NULL },
};
const size_t n_backup_actions = sizeof(backup_actions) / sizeof(backup_actions[0]);
