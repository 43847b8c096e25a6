#include "common/base/installed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool find(const char *below, const char *name, char ret_path[PATH_MAX])
{
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (len <= 0)
		return false;
	program[len] = '\0';
	char *slash = strrchr(program, '/');
	if (!slash)
		return false;
	*slash = '\0';
	int n = snprintf(ret_path, PATH_MAX, "%s/../%s/%s", program, below, name);
	return n > 0 && n < PATH_MAX && access(ret_path, R_OK | X_OK) == 0;
}

bool installed_share(const char *name, char ret_path[PATH_MAX])
{
	return find("share", name, ret_path);
}

bool installed_program(const char *name, char ret_path[PATH_MAX])
{
	return find("libexec/lantoa", name, ret_path);
}
