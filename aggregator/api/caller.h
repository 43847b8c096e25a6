/* Who asks, and what he may do. On a unix socket the kernel tells it: root and this process's own
 * user may all; the others what their groups may. One user, that of lantoa-web, asks for others: he
 * may nothing by himself, and what the token may that he passes on. Nobody else's token counts. */
#pragma once

#include "common/base/err.h"
#include "common/net/http.h"
#include "registry/role.h"
#include "registry/tokens.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WHO_MAX 64u

/* Who is a viewer or an operator on this machine, and who asks for others. Names are those of the
 * configuration, which may be numbers as well; they outlive it. */
struct role_groups {
	const char *viewers, *operators;  /* groups */
	const char *web;                  /* a user */
	gid_t viewers_gid, operators_gid; /* of role_groups_find(); NO_ID: there is none */
	uid_t web_uid;                    /* likewise */
};
#define NO_ID ((uint32_t)-1)

/** Look the names up. One that is not there is logged, and nobody is it until it is looked up
 * again. Reads /etc/group and /etc/passwd, or whatever stands for them: may block. */
void role_groups_find(struct role_groups *groups);

struct caller {
	enum role role;
	bool known; /* as a user of this machine: @uid */
	uid_t uid;
	bool by_token; /* judged by what he shows, which may be no good: */
	enum token_verdict verdict;
	int64_t token;                 /* its id; 0: unknown, or he shows none */
	int64_t expired_us;            /* until when it is good, or was; 0: it has no end */
	char name[CODE_LEN_MAX + 1];   /* of the token */
	char office[CODE_LEN_MAX + 1]; /* code of the office that a clerk's token is for; "" */
	char who[WHO_MAX];             /* his account: schema/account.h */
};
/** @tokens: may be NULL, there are none. */
void caller_find(const struct http_request *request, const struct role_groups *groups,
		 const struct token_list *tokens, struct caller *ret_caller);

/** May he do what needs @role? -EACCES with a sentence that says who may, and how he could; -EPERM
 * likewise where he showed no token that is good (401). */
int caller_may(const struct caller *caller, enum role role, const struct role_groups *groups,
	       struct err *err);
