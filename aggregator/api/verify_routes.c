/* POST /v1/verify[?repair=1] begins a verification and answers {"run": n}; 409 while one is at
 * work. GET /v1/verify[?run=n] tells how far it is, and at the end what differs. It goes on whether
 * or not anybody asks. GET /v1/ledger[?head=POSITION:HASH] tells the ledger's head and, of one that
 * somebody kept, whether this ledger has that link. */
#include "api/call.h"
#include "schema/chain.h"

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

static int ledger_get(struct call *call, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	static const char *const verdicts[] = { [LINK_UNKNOWN] = "unknown",
						[LINK_AGREES] = "agrees",
						[LINK_DIFFERS] = "differs",
						[LINK_BEYOND] = "beyond" };
	const char *asked = http_arg(call->request, "head");
	char text[HEAD_TEXT_MAX];
	uint8_t chain[CHAIN_LEN];
	struct ledger_head head;
	enum link_verdict verdict = LINK_UNKNOWN;
	int64_t position = 0;
	int rc = ledger_head(db, &head, err);

	(void)reference;
	if (rc == 0 && asked)
		rc = ledger_head_parse(asked, &position, chain, err);
	if (rc == 0 && asked)
		rc = ledger_link_judge(db, position, chain, &verdict, err);
	if (rc < 0)
		return rc;
	const char *const texts[] = { "head",    ledger_head_text(&head, text),
				      "asked",   asked,
				      "verdict", verdicts[verdict] };
	return call_answer_texts(call, texts, asked ? 3 : 1, err);
}

const struct action verify_actions[] = {
	{ "POST", "/v1/verify", "repair", NULL, CALL_HERE, verify_post, NULL, NULL },
	{ "GET", "/v1/verify", "run", NULL, CALL_HERE, verify_get, NULL, NULL },
	{ "GET", "/v1/ledger", "head", NULL, CALL_GLANCE, NULL, ledger_get, NULL },
};
const size_t n_verify_actions = sizeof(verify_actions) / sizeof(verify_actions[0]);
