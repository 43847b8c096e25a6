#include "api/caller.h"

#include "common/base/log.h"
#include "common/model/civil.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* --- the machine's groups --- */

static bool is_number(const char *name, uint32_t *ret_id)
{
	char *end = NULL;
	unsigned long number = strtoul(name, &end, 10);

	if (*name < '0' || *name > '9' || *end || number >= NO_ID)
		return false;
	*ret_id = (uint32_t)number;
	return true;
}

static gid_t group_find(const char *name)
{
	const struct group *group;
	uint32_t id;

	if (is_number(name, &id))
		return id;
	group = getgrnam(name); /* nobody else here asks for groups */
	if (!group)
		log_info("api: there is no such group yet, a reload looks again group=%s", name);
	return group ? group->gr_gid : NO_ID;
}

/* Without it nobody asks for others, as where lantoa-web is not installed. */
static uid_t user_find(const char *name)
{
	struct passwd room, *user = NULL;
	char texts[1024];
	uint32_t id;

	if (is_number(name, &id))
		return id;
	return getpwnam_r(name, &room, texts, sizeof(texts), &user) == 0 && user ? user->pw_uid
										 : NO_ID;
}

void role_groups_find(struct role_groups *groups)
{
	groups->viewers_gid = group_find(groups->viewers);
	groups->operators_gid = group_find(groups->operators);
	groups->web_uid = user_find(groups->web);
}

/* --- who --- */

static bool is_of(const struct http_request *request, gid_t gid)
{
	return gid != NO_ID && http_peer_is_of(request, gid);
}

/* RFC 9110, 11.1: a scheme is written in any case. NULL: he shows none. */
static const char *token_shown(const struct http_request *request)
{
	static const char scheme[] = "Bearer ";
	const char *header = http_header(request, "Authorization");

	return header && strncasecmp(header, scheme, strlen(scheme)) == 0 ? header + strlen(scheme)
									  : NULL;
}

static void judge_token(const struct http_request *request, const struct token_list *tokens,
			struct caller *caller)
{
	const char *shown = token_shown(request);
	const struct token *token = NULL;

	caller->by_token = true;
	caller->verdict = TOKEN_UNKNOWN;
	if (shown && tokens)
		caller->verdict = token_list_judge(tokens, shown, civil_now_us(), &token);
	(void)snprintf(caller->who, sizeof(caller->who), "token:%s", token ? token->name : "");
	if (!token)
		return;
	caller->token = token->id;
	caller->expired_us = token->expires_us;
	memcpy(caller->name, token->name, sizeof(caller->name));
	memcpy(caller->office, token->office_code, sizeof(caller->office));
	if (caller->verdict == TOKEN_GOOD)
		caller->role = token->role;
}

void caller_find(const struct http_request *request, const struct role_groups *groups,
		 const struct token_list *tokens, struct caller *ret_caller)
{
	struct caller caller = { .role = ROLE_NONE, .who = "http" };

	caller.known = http_peer(request, &caller.uid);
	if (caller.known) {
		(void)snprintf(caller.who, sizeof(caller.who), "unix:uid=%" PRIu64,
			       (uint64_t)caller.uid); /* fits */
		if (caller.uid == groups->web_uid)
			judge_token(request, tokens, &caller);
		else if (caller.uid == 0 || caller.uid == geteuid())
			caller.role = ROLE_LOCAL;
		else if (is_of(request, groups->operators_gid))
			caller.role = ROLE_OPERATOR;
		else if (is_of(request, groups->viewers_gid))
			caller.role = ROLE_VIEWER;
	}
	*ret_caller = caller;
}

/* --- what he may --- */

static int token_may(const struct caller *caller, enum role role, struct err *err)
{
	char when[INSTANT_TEXT_MAX];

	if (caller->verdict == TOKEN_EXPIRED)
		return err_set(err, -EPERM,
			       "the token '%s' expired at %s; ask root of the province's machine "
			       "for another",
			       caller->name, civil_format(caller->expired_us, when));
	if (caller->verdict == TOKEN_REVOKED)
		return err_set(err, -EPERM,
			       "the token '%s' was revoked; ask root of the province's machine for "
			       "another",
			       caller->name);
	if (caller->verdict != TOKEN_GOOD)
		return err_set(err, -EPERM,
			       "to ask over the network, show a token that is known here; ask root "
			       "of the province's machine for one: lantoa --token-file FILE, or "
			       "Authorization: Bearer TOKEN");
	if (role == ROLE_LOCAL)
		return err_set(err, -EACCES,
			       "no token may do this; do it on the province's machine, with sudo");
	return err_set(err, -EACCES,
		       "the token '%s' is for %s, and this needs %s; ask root of the province's "
		       "machine for another",
		       caller->name, role_word(caller->role), role_word(role));
}

int caller_may(const struct caller *caller, enum role role, const struct role_groups *groups,
	       struct err *err)
{
	assert(role != ROLE_NONE); /* or it would be open to everybody */
	if (caller->role >= role)
		return 0;
	if (caller->by_token)
		return token_may(caller, role, err);
	if (role >= ROLE_ADMIN)
		return err_set(err, -EACCES,
			       "only root and the aggregator's own user may do this; run it with "
			       "sudo, on the province's machine");
	if (role == ROLE_OPERATOR)
		return err_set(err, -EACCES,
			       "this is for operators, the members of group %s; let root add you: "
			       "usermod -aG %s YOUR-NAME, and log in again",
			       groups->operators, groups->operators);
	return err_set(err, -EACCES,
		       "you may not ask here; let root add you to the group %s to read, or %s to "
		       "operate: usermod -aG %s YOUR-NAME, and log in again",
		       groups->viewers, groups->operators, groups->viewers);
}
