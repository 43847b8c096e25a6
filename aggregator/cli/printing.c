/* 1. A folder that only we may read gets the page as a file.
 * 2. A browser is started on it, without a window, and told to print it into that folder. The page
 *    holds no script, and the browser asks nobody else: no token is anywhere near it.
 * 3. What it made is looked at, copied to its name beside which it was written, and renamed. */
#include "cli/printing.h"

#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/sys/partial_file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS  120000u /* a slow machine starts a browser in seconds */
#define LOOK_MS  50u
#define PATH_LEN 512u
#define PDF_MAX  (64u << 20)

extern char **environ;

static const char *const usual[] = { "chromium", "chromium-browser", "google-chrome",
				     "google-chrome-stable", "microsoft-edge" };

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
	(void)about;
	(void)kind;
	(void)walk;
	return remove(path);
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int page_write(const char *path, const void *html, size_t len, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -errno : write_all(fd, html, len);

	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc < 0 ? err_system(err, rc, path) : 0;
}

/* --- the browser --- */

static int start(const char *program, char *const arguments[], const char *log, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return -rc;
	rc = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND,
						      0600);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, 1, 2);
	if (rc == 0)
		rc = posix_spawnp(ret_pid, program, &files, NULL, arguments, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	return -rc;
}

/* Its exit status; -ETIMEDOUT: it had to be killed. */
static int wait_for(pid_t pid)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	int status;

	for (unsigned waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
		pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
		if (ended < 0 && errno != EINTR)
			return -errno;
		(void)nanosleep(&look, NULL); /* a shorter one looks sooner */
	}
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return -ETIMEDOUT;
}

static int browse(const char *program, const char *folder, struct err *err)
{
	char profile[PATH_LEN + 40], to[PATH_LEN + 40], page[PATH_LEN + 40], log[PATH_LEN + 40];
	char headless[] = "--headless", gpu[] = "--disable-gpu", first[] = "--no-first-run",
	     sync[] = "--disable-sync", background[] = "--disable-background-networking",
	     parts[] = "--disable-component-update", shared[] = "--disable-dev-shm-usage",
	     plain[] = "--no-pdf-header-footer",
	     offline[] = "--host-resolver-rules=MAP * ~NOTFOUND",
	     /* A browser that root starts has no user to fall back to; the page is ours alone. */
		bare[] = "--no-sandbox";
	char name[256];
	pid_t pid = 0;
	int rc = -ENOENT;

	(void)snprintf(profile, sizeof(profile), "--user-data-dir=%s/profile", folder); /* fit */
	(void)snprintf(to, sizeof(to), "--print-to-pdf=%s/page.pdf", folder);
	(void)snprintf(page, sizeof(page), "file://%s/page.html", folder);
	(void)snprintf(log, sizeof(log), "%s/log", folder);
	char *arguments[] = { name,  headless, gpu,     first, sync, background, parts, shared,
			      plain, offline,  profile, to,    page, NULL,       NULL };

	if (geteuid() == 0) {
		arguments[12] = bare;
		arguments[13] = page;
	}
	for (size_t i = 0; i < (program ? 1 : sizeof(usual) / sizeof(usual[0])) && rc == -ENOENT;
	     i++) {
		const char *one = program ? program : usual[i];

		(void)snprintf(name, sizeof(name), "%s", one); /* its own name: cut is fine */
		rc = start(one, arguments, log, &pid);
	}
	if (rc == -ENOENT && program)
		return err_set(err, -ENOENT, "there is no browser '%s' on this machine", program);
	if (rc == -ENOENT)
		return err_set(err, -ENOENT,
			       "there is no browser on this machine that could print; install "
			       "chromium, or name one with --browser");
	if (rc < 0)
		return err_system(err, rc, name);
	rc = wait_for(pid);
	if (rc == -ETIMEDOUT)
		return err_set(err, -ETIMEDOUT, "'%s' did not end, and was stopped", name);
	return rc == 0 ? 0
		       : err_set(err, -EIO, "'%s' ended with status %d, and printed nothing", name,
				 rc);
}

/* --- what it made --- */

static int pdf_read(const char *path, struct blob *pdf, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;
	char piece[65536];
	ssize_t n = 1;

	while (rc == 0 && n > 0) {
		n = read(fd, piece, sizeof(piece));
		if (n < 0)
			rc = -errno;
		else if (pdf->len + (size_t)n > PDF_MAX)
			rc = -EFBIG;
		else
			rc = blob_append(pdf, piece, (size_t)n);
	}
	if (fd >= 0)
		(void)close(fd); /* it was read */
	if (rc == 0 && (pdf->len < 5 || memcmp(pdf->data, "%PDF-", 5) != 0))
		rc = -EIO;
	return rc < 0 ? err_set(err, -EIO, "the browser made no PDF of the page") : 0;
}

static int keep(const char *path, const struct blob *pdf, struct err *err)
{
	char partial[PATH_LEN + 16];
	int fd, rc;

	(void)snprintf(partial, sizeof(partial), "%s.partial", path); /* fits: see below */
	rc = partial_file_open(partial, path, 0600, &fd, err);
	if (rc < 0)
		return rc;
	rc = write_all(fd, pdf->data, pdf->len);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (rc == 0 && rename(partial, path) < 0)
		rc = -errno;
	if (rc < 0)
		(void)unlink(partial);
	(void)close(fd); /* it is on disk, or gone */
	return rc < 0 ? err_system(err, rc, path) : 0;
}

int printing_run(const char *program, const void *html, size_t len, const char *pdf,
		 struct err *err)
{
	const char *base = getenv("TMPDIR"); /* as others have it: a folder by its whole path */
	char folder[PATH_LEN], path[PATH_LEN + 40];
	struct blob made = { 0 };
	int rc;

	if (strlen(pdf) >= PATH_LEN)
		return err_set(err, -ENAMETOOLONG, "the name of the file is too long");
	if (!base || *base != '/')
		base = "/tmp";
	rc = snprintf(folder, sizeof(folder), "%s/lantoa-report.XXXXXX", base);
	if (rc < 0 || (size_t)rc >= sizeof(folder) || !mkdtemp(folder))
		return err_system(err, -errno, base);
	(void)snprintf(path, sizeof(path), "%s/page.html", folder); /* fits, as below */
	rc = page_write(path, html, len, err);
	if (rc == 0)
		rc = browse(program, folder, err);
	(void)snprintf(path, sizeof(path), "%s/page.pdf", folder);
	if (rc == 0)
		rc = pdf_read(path, &made, err);
	if (rc == 0)
		rc = keep(pdf, &made, err);
	blob_free(&made);
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* what stays is our user's */
	return rc;
}
