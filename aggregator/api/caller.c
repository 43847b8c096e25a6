#include "api/caller.h"

#include "common/base/log.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gid_t group_find(const char *name)
{
	char *end = NULL;
	unsigned long number = strtoul(name, &end, 10);
	const struct group *group;

	if (*name >= '0' && *name <= '9' && !*end && number < NO_GROUP)
		return (gid_t)number;
	group = getgrnam(name); /* nobody else here asks for groups */
	if (!group)
		log_info("api: there is no such group yet, a reload looks again group=%s", name);
	return group ? group->gr_gid : NO_GROUP;
}

void role_groups_find(struct role_groups *groups)
{
	groups->viewers_gid = group_find(groups->viewers);
	groups->operators_gid = group_find(groups->operators);
}

static bool is_of(const struct http_request *request, gid_t gid)
{
	return gid != NO_GROUP && http_peer_is_of(request, gid);
}

void caller_find(const struct http_request *request, const struct role_groups *groups,
		 struct caller *ret_caller)
{
	struct caller caller = { .role = ROLE_NONE, .who = "http" };

	caller.known = http_peer(request, &caller.uid);
	if (caller.known) {
		(void)snprintf(caller.who, sizeof(caller.who), "unix:uid=%" PRIu64,
			       (uint64_t)caller.uid); /* fits */
		if (caller.uid == 0 || caller.uid == geteuid())
			caller.role = ROLE_LOCAL;
		else if (is_of(request, groups->operators_gid))
			caller.role = ROLE_OPERATOR;
		else if (is_of(request, groups->viewers_gid))
			caller.role = ROLE_VIEWER;
	}
	*ret_caller = caller;
}

int caller_may(const struct caller *caller, enum role role, const struct role_groups *groups,
	       struct err *err)
{
	assert(role != ROLE_NONE); /* or it would be open to everybody */
	if (caller->role >= role)
		return 0;
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
