/* POST /v1/verify[?repair=1] begins a verification and answers {"run": n}; 409 while one is at
 * work. GET /v1/verify[?run=n] tells how far it is, and at the end what differs. It goes on whether
 * or not anybody asks. */
#include "api/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int verify_post(struct call *call, struct err *err)
{
	bool repair = false;
	uint64_t run;
	int rc = call_flag(call, "repair", &repair, err);

	if (rc < 0)
		return rc;
	if (!api_enter(call->api))
		return err_set(err, -EAGAIN, "too many requests are in work; try again shortly");
	rc = verification_start(api_verification(call->api), repair ? call->who : NULL,
				http_language(call->request), &run, err);
	if (rc < 0) {
		api_leave(call->api); /* not the last one: this call is still in work */
		return rc;
	}
	return call_answer_number(call, "run", run, err);
}

static int verify_get(struct call *call, struct err *err)
{
	uint64_t run = 0;
	int rc = call_run(call, &run, err);

	if (rc < 0)
		return rc;
	call->answer_type = call_rows_type(call);
	return verification_tell(api_verification(call->api), run, call->wants_csv, &call->answer,
				 err);
}

const struct action verify_actions[] = {
	{ "POST", "/v1/verify", "repair", NULL, CALL_HERE, verify_post, NULL, NULL },
	{ "GET", "/v1/verify", "run", NULL, CALL_HERE, verify_get, NULL, NULL },
};
const size_t n_verify_actions = sizeof(verify_actions) / sizeof(verify_actions[0]);
