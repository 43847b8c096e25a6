/* 1. The reader is started with the file as its stdin, a pipe as its stdout, and nothing else of
 *    ours.
 * 2. What it writes is handed on. It ends by itself, and its status tells whether that was all.
 * 3. It takes too long, or nobody wants more: it is killed. It has limits of its own, too. */
#include "workbook/workbook.h"

#include "common/base/installed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READER "lantoa-excel"
#define DEADLINE_MS                                                                                \
	60000 /* 2 million cells take it some seconds, on a slow machine half of this              \
	       */

struct workbook {
	pid_t pid; /* 0: it has ended */
	int pipe;
	int64_t since_ms;
};

bool workbook_is(const void *head, size_t len)
{
	return len >= 4 &&
	       (memcmp(head, "PK\x03\x04", 4) == 0 || memcmp(head, "\xd0\xcf\x11\xe0", 4) == 0);
}

static int64_t now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* it is there */
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Its own group, our signals as they were at the start, no file but these. Returns an errno. */
static int spawn(const char *path, int in, int out, pid_t *ret_pid)
{
	char name[] = READER, language[] = "LANG=C.UTF-8";
	char *argv[] = { name, NULL }, *environment[] = { language, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	(void)sigemptyset(&none); /* these cannot fail */
	(void)sigfillset(&all);
	int rc = posix_spawn_file_actions_init(&files);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&how);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY,
						      0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
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

static int open_pipe(int ret_ends[2])
{
	if (pipe2(ret_ends, O_CLOEXEC) < 0)
		return -errno;
	/* Above the numbers that the reader's own files get. */
	for (size_t i = 0; i < 2; i++) {
		int moved = fcntl(ret_ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
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

int workbook_open(int fd, struct workbook **ret_workbook, struct err *err)
{
	char path[PATH_MAX];
	int ends[2];
	if (!installed_program(READER, path))
		return err_set(err, -EINVAL,
			       "workbooks cannot be read on this machine, where %s is missing; "
			       "save the table as 'CSV UTF-8 (comma delimited)', and have the "
			       "package lantoa-agent installed again",
			       READER);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_system(err, -errno, READER);
	struct workbook *workbook = calloc(1, sizeof(*workbook));
	if (!workbook)
		return err_memory(err);
	int rc = open_pipe(ends);
	if (rc < 0) {
		free(workbook);
		return err_system(err, rc, READER);
	}
	rc = -spawn(path, fd, ends[1], &workbook->pid);
	(void)close(ends[1]); /* the reader's */
	workbook->pipe = ends[0];
	workbook->since_ms = now_ms();
	if (rc < 0) {
		workbook->pid = 0;
		workbook_close(workbook);
		return err_system(err, rc, READER);
	}
	*ret_workbook = workbook;
	return 0;
}

/* Its status, once it has ended. */
static int await(struct workbook *workbook)
{
	int status = 0;
	while (waitpid(workbook->pid, &status, 0) < 0 && errno == EINTR)
		;
	workbook->pid = 0;
	return status;
}

void workbook_close(struct workbook *workbook)
{
	if (!workbook)
		return;
	if (workbook->pid > 0) {
		(void)kill(-workbook->pid, SIGKILL); /* it may have ended */
		(void)await(workbook);
	}
	(void)close(workbook->pipe); /* only read */
	free(workbook);
}

static int at_end(struct workbook *workbook, struct err *err)
{
	int status = workbook->pid > 0 ? await(workbook) : 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return err_set(err, -EINVAL,
			       "this workbook takes too long to read; hand its sheets in as files "
			       "of their own, without what is no figure");
	return err_set(err, -EINVAL,
		       "this workbook cannot be read: the program that reads it failed; open it "
		       "in the spreadsheet program, save it again as an Excel workbook (.xlsx), "
		       "and hand that in");
}

ssize_t workbook_read(struct workbook *workbook, char *cells, size_t size, int wait_ms,
		      struct err *err)
{
	struct pollfd pipe = { .fd = workbook->pipe, .events = POLLIN };
	if (now_ms() - workbook->since_ms > DEADLINE_MS)
		return err_set(err, -EINVAL,
			       "this workbook takes too long to read; hand its sheets in as files "
			       "of their own, without what is no figure");
	int ready = poll(&pipe, 1, wait_ms);
	if (ready <= 0)
		return ready == 0 || errno == EINTR ? -EAGAIN : err_system(err, -errno, READER);
	ssize_t n = read(workbook->pipe, cells, size);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : err_system(err, -errno, READER);
	return n > 0 ? n : at_end(workbook, err);
}
