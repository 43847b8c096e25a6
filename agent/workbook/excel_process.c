#include "workbook/excel_process.h"

#include "common/base/installed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Its own group, our signals as they were at the start, no file but these. Returns an errno. */
static int spawn(const char *path, const char *mode, const int fds[], size_t n, pid_t *ret_pid)
{
	char name[] = EXCEL_PROGRAM, argument[16] = "", language[] = "LANG=C.UTF-8";
	char *argv[] = { name, mode ? argument : NULL, NULL }, *environment[] = { language, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	(void)snprintf(argument, sizeof(argument), "%s", mode ? mode : ""); /* fits */
	(void)sigemptyset(&none);                                           /* these cannot fail */
	(void)sigfillset(&all);
	int rc = posix_spawn_file_actions_init(&files);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&how);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, fds[0], STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, fds[1], STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY,
						      0);
	if (rc == 0 && n > 2)
		rc = posix_spawn_file_actions_adddup2(&files, fds[2], STDERR_FILENO + 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&files, n > 2 ? STDERR_FILENO + 2
									    : STDERR_FILENO + 1);
	if (rc == 0)
		rc = posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(&how, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(&how, &all);
	if (rc == 0)
		rc = posix_spawn(ret_pid, path, &files, &how, argv, environment);
	(void)posix_spawnattr_destroy(&how); /* frees */
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

int excel_start(const char *mode, const int fds[], size_t n, pid_t *ret_pid, struct err *err)
{
	char path[PATH_MAX];
	if (!installed_program(EXCEL_PROGRAM, path))
		return err_set(err, -EINVAL,
			       "workbooks cannot be read on this machine, where %s is missing; "
			       "save the table as 'CSV UTF-8 (comma delimited)', and have the "
			       "package lantoa-agent installed again",
			       EXCEL_PROGRAM);
	int rc = -spawn(path, mode, fds, n, ret_pid);
	return rc < 0 ? err_system(err, rc, EXCEL_PROGRAM) : 0;
}

int excel_await(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int excel_pipe(int ret_ends[2])
{
	if (pipe2(ret_ends, O_CLOEXEC) < 0)
		return -errno;
	/* Above the numbers that the reader's own files get. */
	for (size_t i = 0; i < 2; i++) {
		int moved = fcntl(ret_ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 2);
		int rc = moved < 0 ? -errno : 0;
		(void)close(ret_ends[i]); /* a pipe's end */
		ret_ends[i] = moved;
		if (rc < 0) {
			(void)close(ret_ends[1 - i]); /* likewise; of the first, the second still */
			return rc;
		}
	}
	return 0;
}
