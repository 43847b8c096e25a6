/* Who asks, and what he may do. On a unix socket the kernel tells it: root and this process's own
 * user may all; the others what their groups may. */
#pragma once

#include "common/base/err.h"
#include "common/net/http.h"
#include "registry/role.h"

#include <stdbool.h>
#include <sys/types.h>

#define WHO_MAX 32u

/* Who is a viewer or an operator on this machine. Names are those of the configuration, which may
 * be numbers as well; they outlive it. */
struct role_groups {
	const char *viewers, *operators;
	gid_t viewers_gid, operators_gid; /* of groups_find(); NO_GROUP: there is none */
};
#define NO_GROUP ((gid_t)-1)

/** Look the names up. A group that is not there is logged, and nobody is of it until it is looked
 * up again. Reads /etc/group or whatever stands for it: may block. */
void role_groups_find(struct role_groups *groups);

struct caller {
	enum role role;
	bool known; /* as a user of this machine: @uid */
	uid_t uid;
	char who[WHO_MAX]; /* his account: schema/account.h */
};
void caller_find(const struct http_request *request, const struct role_groups *groups,
		 struct caller *ret_caller);

/** May he do what needs @role? -EACCES with a sentence that says who may, and how he could. */
int caller_may(const struct caller *caller, enum role role, const struct role_groups *groups,
	       struct err *err);
