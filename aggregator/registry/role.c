#include "registry/role.h"

#include <string.h>

static const char *const words[] = {
	[ROLE_NONE] = "none",         [ROLE_CLERK] = "clerk", [ROLE_VIEWER] = "viewer",
	[ROLE_OPERATOR] = "operator", [ROLE_ADMIN] = "admin", [ROLE_LOCAL] = "local",
};

const char *role_word(enum role role)
{
	return words[role];
}

enum role role_of_word(const char *word)
{
	for (enum role role = ROLE_CLERK; role <= ROLE_ADMIN; role++)
		if (strcmp(words[role], word) == 0)
			return role;
	return ROLE_NONE;
}
