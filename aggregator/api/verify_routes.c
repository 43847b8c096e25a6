/* POST /v1/verify[?repair=1[&yes=1]] begins a verification and answers {"run": n}; 409 while one is
 * at work, and to a repair while an office keeps a head that is not here, unless that is meant. GET
 * /v1/verify[?run=n] tells how far it is, and at the end what differs. It goes on whether or not
 * anybody asks. GET /v1/ledger[?head=POSITION:HASH] tells the ledger's head and, of one that
 * somebody kept, whether this ledger has that link; and by which zone the province's days are told.
 */
#include "api/call.h"
#include "common/model/civil.h"
#include "schema/chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Events that were cut off the ledger's end leave nothing behind but rows that no event tells of: a
 * repair would take these away, and with them what operators did last. Offices keep heads. */
static int repair_check(const struct call *call, struct err *err)
{
	const struct agent_list *agents = api_config_of(call->api)->agents;
	size_t n = 0;
	int64_t position = 0;

	for (size_t i = 0; agents && i < agents->n; i++)
		if (agents->list[i].odd != LINK_UNKNOWN) {
			n++;
			position = agents->list[i].odd_position;
		}
	if (n == 0)
		return 0;
	return err_set(
		err, -EEXIST,
		"%zu offices keep a head that this ledger does not have, one of position "
		"%lld: what operators did last may be missing from it, and a repair would "
		"undo that in the tables, too. `lantoa office heads` says which they are. If "
		"this province was restored from a backup, that is why, and the ledger is "
		"right as it is: add --yes (over HTTP: yes=1)",
		n, (long long)position);
}

static int verify_post(struct call *call, struct err *err)
{
	bool repair = false, yes = false;
	uint64_t run;
	int rc = call_flag(call, "repair", &repair, err);

	if (rc == 0 && repair)
		rc = call_needs(call, ROLE_LOCAL, err);
	if (rc == 0)
		rc = call_flag(call, "yes", &yes, err);
	if (rc == 0 && repair && !yes)
		rc = repair_check(call, err);
	if (rc < 0)
		return rc;
	if (!api_enter(call->api))
		return err_set(err, -EAGAIN,
			       "too many requests are being handled; try again shortly");
	rc = verification_start(api_verification(call->api), repair ? call->caller.who : NULL,
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
				      "zone",    civil_zone(),
				      "asked",   asked,
				      "verdict", verdicts[verdict] };
	return call_answer_texts(call, texts, asked ? 4 : 2, err);
}

const struct action verify_actions[] = {
	{ ROLE_VIEWER, "POST", "/v1/verify", "repair yes", NULL, CALL_HERE, verify_post, NULL, NULL,
	  "Begin to verify the ledger and what derives from it.", "=run", NULL },
	{ ROLE_VIEWER, "GET", "/v1/verify", "run", NULL, CALL_HERE, verify_get, NULL, NULL,
	  "How far the verification is, and what differs.", "what! where! found expected outcome",
	  NULL },
	{ ROLE_VIEWER, "GET", "/v1/ledger", "head", NULL, CALL_GLANCE, NULL, ledger_get, NULL,
	  "The ledger's head, and whether it has a head that somebody kept.",
	  "=head =zone =asked? =verdict?", NULL },
};
const size_t n_verify_actions = sizeof(verify_actions) / sizeof(verify_actions[0]);
