#include "bench/daemon.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_MAX_MS 30000 /* a start takes milliseconds; under a sanitizer and load, seconds */

static int path_in(const struct daemon *daemon, const char *name, char *ret_path, size_t room)
{
	return snprintf(ret_path, room, "%s/%s", daemon->folder, name) < (int)room ? 0 : -1;
}

static int config_write(const struct daemon *daemon, const char *path, struct err *err)
{
	FILE *file = fopen(path, "we");
	if (!file)
		return err_system(err, -errno, path);
	int n = fprintf(file,
			"[aggregator]\nstate_dir = %s\n[gate]\nlisten = tcp://127.0.0.1:0\n"
			"[api]\nsocket = %s\n[log]\nlevel = warning\n",
			daemon->folder, daemon->api_socket);
	return fclose(file) != 0 || n < 0 ? err_system(err, -EIO, path) : 0;
}

/* Readiness is told as to systemd: a datagram on NOTIFY_SOCKET. */
static int notify_open(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_system(err, -errno, "make a socket");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path); /* a short one */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int rc = err_system(err, -errno, path);
		(void)close(fd);
		return rc;
	}
	return fd;
}

static void child_run(const char *program, const char *config, const char *notify)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);   /* fails only for no signal */
	(void)setenv("NOTIFY_SOCKET", notify, 1); /* without it nobody would wait in vain for
						     longer than READY_MAX_MS */
	(void)execl(program, program, "--config", config, (char *)NULL);
	(void)fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static int wait_ready(struct daemon *daemon, int notify, struct err *err)
{
	struct pollfd turn = { .fd = notify, .events = POLLIN };
	char text[1024];
	for (int waited_ms = 0; waited_ms < READY_MAX_MS; waited_ms += 100) {
		int status;
		if (waitpid(daemon->pid, &status, WNOHANG) == daemon->pid) {
			daemon->pid = 0;
			return err_set(err, -EPROTO, "the aggregator ended while it started");
		}
		if (poll(&turn, 1, 100) <= 0)
			continue;
		ssize_t n = recv(notify, text, sizeof(text) - 1, MSG_DONTWAIT);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, "READY=1"))
			return 0;
	}
	return err_set(err, -ETIMEDOUT, "the aggregator was not ready in %d ms", READY_MAX_MS);
}

int daemon_launch(const char *program, struct daemon *daemon, struct err *err)
{
	char config[96], notify[96];
	if (path_in(daemon, "aggregator.conf", config, sizeof(config)) < 0 ||
	    path_in(daemon, "notify.sock", notify, sizeof(notify)) < 0 ||
	    path_in(daemon, "api.sock", daemon->api_socket, sizeof(daemon->api_socket)) < 0)
		return err_system(err, -ENAMETOOLONG, daemon->folder);
	int rc = config_write(daemon, config, err);
	(void)unlink(notify); /* of the time before */
	int fd = rc < 0 ? rc : notify_open(notify, err);
	if (fd < 0)
		return fd;
	daemon->pid = fork();
	if (daemon->pid == 0)
		child_run(program, config, notify);
	rc = daemon->pid < 0 ? err_system(err, -errno, "fork") : wait_ready(daemon, fd, err);
	(void)close(fd); /* only read from */
	return rc;
}

int daemon_prepare(struct daemon *ret_daemon, struct err *err)
{
	const char *base = getenv("TMPDIR");
	*ret_daemon = (struct daemon){ 0 };
	(void)snprintf(ret_daemon->folder, sizeof(ret_daemon->folder), "%s/lantoa-bench-XXXXXX",
		       base && strlen(base) < 32 ? base : "/tmp"); /* fits */
	if (!mkdtemp(ret_daemon->folder)) {
		ret_daemon->folder[0] = '\0';
		return err_system(err, -errno, "make a folder");
	}
	return 0;
}

int daemon_start(const char *program, struct daemon *ret_daemon, struct err *err)
{
	int rc = daemon_prepare(ret_daemon, err);
	return rc < 0 ? rc : daemon_launch(program, ret_daemon, err);
}

int daemon_stop(struct daemon *daemon, struct err *err)
{
	int status = 0;
	pid_t pid = daemon->pid;
	daemon->pid = 0;
	if (kill(pid, SIGTERM) < 0 || waitpid(pid, &status, 0) != pid)
		return err_system(err, -errno, "end the aggregator");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, -EPROTO, "the aggregator ended with wait status %#x",
			       (unsigned)status);
	return 0;
}

static void folder_remove(const struct daemon *daemon)
{
	DIR *folder = opendir(daemon->folder);
	char path[PATH_MAX];
	for (struct dirent *file; folder && (file = readdir(folder));)
		if (path_in(daemon, file->d_name, path, sizeof(path)) == 0)
			(void)unlink(path); /* "." and ".." are refused */
	if (folder)
		(void)closedir(folder);
	(void)rmdir(daemon->folder); /* what stays behind lies in /tmp */
}

void daemon_kill(struct daemon *daemon)
{
	if (daemon->pid > 0) {
		(void)kill(daemon->pid, SIGKILL); /* it may have ended by itself */
		(void)waitpid(daemon->pid, NULL, 0);
	}
	daemon->pid = 0;
}

void daemon_remove(struct daemon *daemon)
{
	daemon_kill(daemon);
	if (daemon->folder[0])
		folder_remove(daemon);
	*daemon = (struct daemon){ 0 };
}

uint64_t daemon_cpu_us(const struct daemon *daemon)
{
	clockid_t clock;
	struct timespec cpu = { 0 };
	if (clock_getcpuclockid(daemon->pid, &clock) == 0)
		(void)clock_gettime(clock, &cpu); /* the clock was just given */
	return (uint64_t)cpu.tv_sec * 1000000u + (uint64_t)cpu.tv_nsec / 1000u;
}

uint64_t daemon_peak_rss_bytes(const struct daemon *daemon)
{
	char path[64], line[256];
	unsigned long long kib = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)daemon->pid); /* fits */
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "VmHWM: %llu", &kib) != 1)
		;
	if (file)
		(void)fclose(file);
	return kib * 1024u;
}

uint64_t daemon_disk_bytes(const struct daemon *daemon)
{
	static const char *const names[] = { "lantoa.db", "lantoa.db-wal" };
	uint64_t bytes = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[PATH_MAX];
		struct stat file;
		if (path_in(daemon, names[i], path, sizeof(path)) == 0 && stat(path, &file) == 0)
			bytes += (uint64_t)file.st_size;
	}
	return bytes;
}
