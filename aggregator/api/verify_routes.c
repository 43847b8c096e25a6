/* POST /v1/verify[?repair=1] begins a verification and answers {"run": n}; 409 while one is at
 * work. GET /v1/verify[?run=n] tells how far it is, and at the end what differs. It goes on whether
 * or not anybody asks. */
#include "call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int verify_post(struct call *call, struct err *err)
{
	const char *repair = http_arg(call->request, "repair");
	uint64_t run;
	int rc;

	if (repair && strcmp(repair, "0") != 0 && strcmp(repair, "1") != 0)
		return err_set(err, -EINVAL, "repair: 0 or 1 is wanted");
	if (!api_enter(call->api))
		return err_set(err, -EAGAIN, "too many requests are in work; try again shortly");
	rc = verification_start(api_verification(call->api),
				repair && *repair == '1' ? call->who : NULL,
				http_language(call->request), &run, err);
	if (rc < 0) {
		api_leave(call->api); /* not the last one: this call is still in work */
		return rc;
	}
	return call_answer_number(call, "run", run, err);
}

static int verify_get(struct call *call, struct err *err)
{
	const char *run = http_arg(call->request, "run");

	if (run && (*run < '1' || *run > '9'))
		return err_set(err, -EINVAL, "run: the number that POST gave is wanted");
	call->answer_type = call_rows_type(call);
	return verification_tell(api_verification(call->api), run ? strtoull(run, NULL, 10) : 0,
				 call->wants_csv, &call->answer, err);
}

const struct action verify_actions[] = {
	{ "POST", "/v1/verify", CALL_HERE, verify_post, NULL, NULL },
	{ "GET", "/v1/verify", CALL_HERE, verify_get, NULL, NULL },
};
const size_t n_verify_actions = sizeof(verify_actions) / sizeof(verify_actions[0]);
