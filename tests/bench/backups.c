#include "bench/backups.h"

#include "bench/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_MAX 250u /* of a child that counts by its exit status */

static volatile sig_atomic_t ending;

static void on_term(int number)
{
	(void)number;
	ending = 1;
}

static int run(char *const argv[])
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		(void)signal(SIGTERM, SIG_DFL);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* fails only for no signal */
		int nowhere = open("/dev/null", O_WRONLY);
		(void)dup2(nowhere, STDOUT_FILENO); /* else it is seen, no more */
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPROTO;
}

static int backup(const struct backups *backups, const char *file)
{
	char api[160], *argv[] = {
		(char *)(uintptr_t)backups->program, (char *)(uintptr_t) "--api", api,
		(char *)(uintptr_t) "backup",        (char *)(uintptr_t)file,     NULL
	};
	(void)snprintf(api, sizeof(api), "unix:%s", backups->api_socket);
	(void)unlink(file); /* of before */
	return run(argv);
}

static void file_in(const struct backups *backups, const char *name, char path[160])
{
	(void)snprintf(path, 160, "%s/%s", backups->folder, name); /* fits */
}

static void make_many(const struct backups *backups)
{
	char file[160];
	unsigned n = 0;
	file_in(backups, "many.backup", file);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* fails only for no signal */
	while (!ending && n < STATUS_MAX && backup(backups, file) == 0)
		n++;
	(void)unlink(file);
	_exit(ending || n == STATUS_MAX ? (int)n : 255);
}

int backups_start(struct backups *backups, struct err *err)
{
	ending = 0;
	(void)signal(SIGTERM, on_term); /* inherited before anybody can send one */
	backups->pid = fork();
	if (backups->pid == 0)
		make_many(backups);
	(void)signal(SIGTERM, SIG_DFL);
	return backups->pid < 0 ? err_system(err, -errno, "fork") : 0;
}

int backups_stop(struct backups *backups, uint64_t *ret_n, struct err *err)
{
	int status = 0;
	(void)kill(backups->pid, SIGTERM); /* it is ours, and not waited for yet */
	if (waitpid(backups->pid, &status, 0) != backups->pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 255)
		return err_set(err, -EPROTO, "a backup failed");
	backups->pid = 0;
	*ret_n = (uint64_t)WEXITSTATUS(status);
	return 0;
}

static int copy(const char *from, const char *to)
{
	char *cp[] = { (char *)(uintptr_t) "cp", (char *)(uintptr_t)from, (char *)(uintptr_t)to,
		       NULL };
	char *sync[] = { (char *)(uintptr_t) "sync", (char *)(uintptr_t)to, NULL };
	int rc = run(cp);
	return rc == 0 ? run(sync) : rc;
}

int backups_time(const struct backups *backups, struct backup_times *ret_times, struct err *err)
{
	char file[160], other[160];
	struct stat info;
	file_in(backups, "one.backup", file);
	file_in(backups, "copied", other);
	uint64_t start_us = now_us();
	int rc = backup(backups, file);
	uint64_t made_us = now_us();
	if (rc == 0)
		rc = copy(file, other);
	uint64_t copied_us = now_us();
	if (rc < 0 || stat(file, &info) < 0)
		return err_set(err, -EPROTO, "the backup or its copy failed");
	*ret_times = (struct backup_times){ .backup_us = made_us - start_us,
					    .copy_us = copied_us - made_us,
					    .bytes = (uint64_t)info.st_size };
	(void)unlink(file); /* the folder goes anyhow */
	(void)unlink(other);
	return 0;
}
