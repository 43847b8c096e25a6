/* /v1/whoami: who asks, as this aggregator knows him. /v1/tokens: GET lists them, POST makes one
 * (name, role, office, expires) and tells it, this once. POST /v1/tokens/revoke ends one. */
#include "api/call.h"
#include "common/model/civil.h"
#include "registry/tokens.h"

#include <sodium.h>

static int whoami_get(struct call *call, struct err *err)
{
	const struct caller *caller = &call->caller;
	char until[INSTANT_TEXT_MAX] = "";

	if (caller->expired_us != 0)
		(void)civil_format(caller->expired_us, until);
	return call_answer_texts(
		call,
		(const char *const[]){ "role", role_word(caller->role), "name",
				       caller->by_token ? caller->name : caller->who, "expires",
				       until, "office", caller->office },
		4, err);
}

static int tokens_prepare(struct call *call, struct err *err)
{
	const struct token_list *tokens = api_config_of(call->api)->tokens;

	return tokens && token_list_copy(tokens, &call->tokens) < 0 ? err_memory(err) : 0;
}

static int tokens_get(struct call *call, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	struct table *table = NULL;
	int rc = tokens_table(&call->tokens, reference->offices, civil_now_us(), &table, err);

	(void)db;
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

/* As they will be once this is committed. */
static int tokens_take(struct call *call, sqlite3 *db, struct err *err)
{
	size_t damaged = 0;

	return tokens_read(db, &call->tokens, &damaged, err);
}

static int tokens_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct token_form form = { .who = call->caller.who };
	char text[TOKEN_TEXT_MAX] = "", until[INSTANT_TEXT_MAX] = "";
	int64_t expires_us = 0;
	int rc = call_field_needed(call, "name", &form.name, err);

	if (rc == 0)
		rc = call_field_needed(call, "role", &form.role, err);
	if (rc == 0)
		rc = call_field(call, "office", &form.office, err);
	if (rc == 0)
		rc = call_field(call, "expires", &form.expires, err);
	if (rc == 0)
		rc = call_office(reference, &form.office, err);
	if (rc == 0)
		rc = token_add(db, reference->offices, &form, civil_now_us(), text, &expires_us,
			       err);
	if (rc == 0)
		rc = tokens_take(call, db, err);
	if (rc == 0 && expires_us != 0)
		(void)civil_format(expires_us, until);
	if (rc == 0)
		rc = call_answer_texts(
			call, (const char *const[]){ "token", text, "expires", until }, 2, err);
	sodium_memzero(text, sizeof(text));
	return rc;
}

static int revoke_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	const char *name = NULL;
	int rc = call_field_needed(call, "name", &name, err);

	(void)reference;
	if (rc == 0)
		rc = token_revoke(db, name, call->caller.who, err);
	if (rc == 0)
		rc = tokens_take(call, db, err);
	return rc == 0 ? call_answer_text(call, "revoked", name, err) : rc;
}

static int tokens_committed(struct call *call, struct err *err)
{
	(void)err;
	if (api_config_of(call->api)->tokens)
		token_list_replace(api_config_of(call->api)->tokens, &call->tokens);
	return 0;
}

const struct action token_actions[] = {
	{ ROLE_CLERK, "GET", "/v1/whoami", NULL, NULL, CALL_HERE, whoami_get, NULL, NULL,
	  "Who asks: his role, his name, and until when his token is good; empty: until it is "
	  "revoked.",
	  "=role =name =expires =office", NULL },
	{ ROLE_LOCAL, "GET", "/v1/tokens", NULL, NULL, CALL_READ, tokens_prepare, tokens_get, NULL,
	  "Tokens.", "name! role! office state! created! expires last_used", NULL },
	{ ROLE_LOCAL, "POST", "/v1/tokens", NULL, "name role office expires", CALL_WRITE, NULL,
	  tokens_post, tokens_committed, "Make a token.", "=token =expires", "name role" },
	{ ROLE_LOCAL, "POST", "/v1/tokens/revoke", NULL, "name", CALL_WRITE, NULL, revoke_post,
	  tokens_committed, "A token is good no more.", "=revoked:s", "name" },
};
const size_t n_token_actions = sizeof(token_actions) / sizeof(token_actions[0]);
