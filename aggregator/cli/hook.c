#include "cli/hook.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 50 /* how often it is seen whether it is over */

extern char **environ;

struct hook {
	const char *program;
	pid_t pid;
	int in, out;    /* ours of both; -1: closed */
	char said[256]; /* the beginning of what it printed */
	size_t n_said;
};

static uint64_t now_ms(void)
{
	struct timespec at;
	(void)clock_gettime(CLOCK_MONOTONIC, &at); /* cannot fail */
	return (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing of ours is in it any more */
	*fd = -1;
}

/* Its signals as they usually are, a group of its own, and our ends of the pipes are not its. */
static int spawn(struct hook *hook, int in, int out)
{
	char *const argv[] = { (char *)(uintptr_t)hook->program, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t usual;
	int rc = posix_spawn_file_actions_init(&files);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&how);
	if (rc == 0) {
		(void)sigemptyset(&usual); /* these three cannot fail */
		(void)sigaddset(&usual, SIGPIPE);
		(void)posix_spawnattr_setpgroup(&how, 0);
		rc = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
		if (rc == 0)
			rc = posix_spawnattr_setsigdefault(&how, &usual);
		if (rc == 0)
			rc = posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP |
								    POSIX_SPAWN_SETSIGDEF);
		if (rc == 0)
			rc = posix_spawn(&hook->pid, hook->program, &files, &how, argv, environ);
		(void)posix_spawnattr_destroy(&how); /* cannot fail, as the next one */
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

static int begin(struct hook *hook, struct err *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
		int rc = -errno;
		close_fd(&in[0]);
		close_fd(&in[1]);
		return err_system(err, rc, "make a pipe");
	}
	int rc = spawn(hook, in[0], out[1]);
	close_fd(&in[0]);
	close_fd(&out[1]);
	hook->in = in[1];
	hook->out = out[0];
	if (rc != 0)
		return err_system(err, -rc, hook->program);
	(void)fcntl(hook->out, F_SETFL, O_NONBLOCK); /* ours, and open */
	return 0;
}

/* All that is there: what it prints may be endless, but each look ends. */
static void drain(struct hook *hook)
{
	char more[4096];
	for (int i = 0; hook->out >= 0 && i < 64; i++) {
		ssize_t n = read(hook->out, more, sizeof(more));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		if (n == 0) {
			close_fd(&hook->out);
			return;
		}
		size_t room = sizeof(hook->said) - 1 - hook->n_said;
		size_t kept = (size_t)n < room ? (size_t)n : room;
		memcpy(hook->said + hook->n_said, more, kept);
		hook->n_said += kept;
	}
}

/* True: it is over, *@ret_status is how. */
static bool is_over(struct hook *hook, int *ret_status)
{
	struct pollfd fd = { .fd = hook->out, .events = POLLIN };
	(void)poll(&fd, hook->out >= 0, LOOK_MS); /* whatever it says, it is looked anew */
	drain(hook);
	return waitpid(hook->pid, ret_status, WNOHANG) == hook->pid;
}

static int judge(const struct hook *hook, int status, struct err *err)
{
	char said[EXCERPT_MAX];
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(err, -EREMOTEIO, _("the hook %s was ended by signal %d: %s"),
			       hook->program, WTERMSIG(status),
			       utf8_excerpt(hook->said, hook->n_said, said));
	return err_set(err, -EREMOTEIO, _("the hook %s ended with status %d: %s"), hook->program,
		       WEXITSTATUS(status), utf8_excerpt(hook->said, hook->n_said, said));
}

static int wait_for(struct hook *hook, unsigned limit_s, struct err *err)
{
	uint64_t end_ms = now_ms() + limit_s * UINT64_C(1000);
	int status = 0;
	while (!is_over(hook, &status)) {
		if (now_ms() < end_ms)
			continue;
		(void)kill(-hook->pid, SIGKILL); /* gone already is fine */
		(void)waitpid(hook->pid, &status, 0);
		return err_set(err, -ETIMEDOUT, _("the hook %s took over %u s and was ended"),
			       hook->program, limit_s);
	}
	return judge(hook, status, err);
}

int hook_run(const char *program, const char *line, size_t len, unsigned limit_s, struct err *err)
{
	struct hook hook = { .program = program, .in = -1, .out = -1 };
	if (len > HOOK_LINE_MAX)
		return err_set(err, -E2BIG, _("over %u bytes for a hook"), HOOK_LINE_MAX);
	int rc = begin(&hook, err);
	if (rc == 0) {
		void (*was)(int) = signal(SIGPIPE, SIG_IGN);
		/* The pipe is empty and takes it at once. Who does not read it need not. */
		if (write(hook.in, line, len) < 0 && errno != EPIPE)
			rc = err_system(err, -errno, program);
		(void)signal(SIGPIPE, was);
		close_fd(&hook.in);
		int waited = wait_for(&hook, limit_s, err);
		rc = rc < 0 ? rc : waited;
	}
	close_fd(&hook.in);
	close_fd(&hook.out);
	return rc;
}
