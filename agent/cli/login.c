#include "cli/login.h"

#include "common/base/utf8.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Only root is believed: anybody may set a variable, but nobody else can be root. */
static uid_t who(void)
{
	uid_t uid = getuid();
	const char *before = uid == 0 ? getenv("SUDO_UID") : NULL;
	char *end = NULL;
	unsigned long told = before && *before ? strtoul(before, &end, 10) : 0;
	return end && *end == '\0' && told > 0 && told < (uid_t)-1 ? (uid_t)told : uid;
}

const char *login_name(char ret_name[LOGIN_MAX])
{
	const struct passwd *row = getpwuid(who()); /* one thread, one command */
	size_t len = row ? strlen(row->pw_name) : LOGIN_MAX;
	ret_name[0] = '\0';
	if (len < LOGIN_MAX && utf8_printable(row->pw_name, len))
		memcpy(ret_name, row->pw_name, len + 1);
	return ret_name;
}
