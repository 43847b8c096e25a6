#include "common/sys/owner.h"

#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

int owner_become(const char *folder, struct err *err)
{
	struct stat info;
	if (geteuid() != 0 || stat(folder, &info) < 0 || info.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setgid(info.st_gid) < 0 || setuid(info.st_uid) < 0) {
		(void)err_system(err, -errno, "change its owner");
		return err_wrap(err, "%s", folder);
	}
	return 0;
}
