#include "common/sys/screen.h"

#include "common/base/blob.h"
#include "common/text/fit.h"
#include "common/text/near_name.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define COLUMNS_USUAL 80u
#define COLUMNS_LEAST 20u
#define ROWS_USUAL    24u
#define SIZE_MOST     10000u
#define NOT_FOUND     127 /* what a shell says of a program that is not there */

extern char **environ;

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* What the environment says, else the terminal, else what is usual. */
static size_t size_of(const char *name, unsigned short terminal, size_t usual)
{
	char *end;
	unsigned long given = strtoul(environment(name), &end, 10);

	if (given > 0 && given <= SIZE_MOST && !*end)
		return given;
	return terminal > 0 ? terminal : usual;
}

static size_t columns_of(int fd)
{
	struct winsize size = { 0 };

	if (isatty(fd) != 1)
		return 0;
	(void)ioctl(fd, TIOCGWINSZ, &size); /* a size of 0 is none */
	size_t columns = size_of("COLUMNS", size.ws_col, COLUMNS_USUAL);

	return columns < COLUMNS_LEAST ? COLUMNS_LEAST : columns;
}

static size_t rows_of(int fd)
{
	struct winsize size = { 0 };

	(void)ioctl(fd, TIOCGWINSZ, &size); /* as above */
	return size_of("LINES", size.ws_row, ROWS_USUAL);
}

static bool is_dumb(void)
{
	const char *term = environment("TERM");

	return !*term || strcmp(term, "dumb") == 0;
}

int screen_look(const char *colour, struct screen *ret_screen, struct err *err)
{
	struct screen screen = { .columns = columns_of(STDOUT_FILENO), .terminal = -1 };

	screen.rows = screen.columns ? rows_of(STDOUT_FILENO) : 0;
	if (!colour || strcmp(colour, "auto") == 0)
		screen.colour = screen.columns > 0 && !is_dumb() && !*environment("NO_COLOR");
	else if (strcmp(colour, "always") == 0)
		screen.colour = true;
	else if (strcmp(colour, "never") != 0) {
		(void)err_set(err, -EINVAL, "--color is auto, always or never, not '%s'", colour);
		return near_words_hint(err, "auto always never", colour);
	}
	*ret_screen = screen;
	return 0;
}

void screen_hold(struct screen *screen)
{
	int held = screen->columns ? memfd_create("output", MFD_CLOEXEC) : -1;

	if (held < 0)
		return;
	screen->terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (screen->terminal >= 0 && (fflush(stdout) != 0 || dup2(held, STDOUT_FILENO) < 0)) {
		(void)close(screen->terminal); /* a second name of stdout */
		screen->terminal = -1;
	}
	(void)close(held); /* stdout is it now */
}

/* --- the pager --- */

/* What a shell is to run; NULL: none is wanted. */
static const char *pager_choose(void)
{
	const char *own = getenv("LANTOA_PAGER"), *all = getenv("PAGER");
	const char *pager = own ? own : all ? all : "less";

	return is_dumb() || !*pager || strcmp(pager, "cat") == 0 ? NULL : pager;
}

/* How less behaves where its user has not said otherwise: it ends at once when all fits, lets
 * colours through, and leaves what was read on the screen. Who came by sudo cannot start a shell
 * from it. */
static void less_set_up(void)
{
	(void)setenv("LESS", "FRX", 0); /* without memory less behaves in its own way */
	(void)setenv("LESSCHARSET", "utf-8", 0);
	if (geteuid() == 0 && getenv("SUDO_UID"))
		(void)setenv("LESSSECURE", "1", 1);
}

/* The exit status; NOT_FOUND also when it could not be started. */
static int pager_run(const char *pager, int from)
{
	const char *const words[] = { "sh", "-c", pager, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t heeded;
	int status = 0;
	pid_t pid;

	if (posix_spawn_file_actions_init(&files) != 0)
		return NOT_FOUND;
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return NOT_FOUND;
	}
	less_set_up();
	(void)sigemptyset(&heeded); /* these three cannot fail */
	(void)sigaddset(&heeded, SIGINT);
	(void)sigaddset(&heeded, SIGQUIT);
	int rc = posix_spawn_file_actions_adddup2(&files, from, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(&attributes, &heeded);
	if (rc == 0)
		rc = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawnp(&pid, words[0], &files, &attributes,
				  (char *const *)(uintptr_t)words, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&files);
	if (rc != 0)
		return NOT_FOUND;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* Ctrl-C is the pager's while it runs. */
static bool page(const char *pager, const struct blob *text)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	int fd = memfd_create("page", MFD_CLOEXEC), status = NOT_FOUND;

	if (fd < 0)
		return false;
	if (write(fd, text->data, text->len) == (ssize_t)text->len && lseek(fd, 0, SEEK_SET) == 0) {
		(void)sigaction(SIGINT, &ignore, &interrupt); /* cannot fail for these */
		(void)sigaction(SIGQUIT, &ignore, &quit);
		status = pager_run(pager, fd);
		(void)sigaction(SIGINT, &interrupt, NULL);
		(void)sigaction(SIGQUIT, &quit, NULL);
	}
	(void)close(fd); /* memory */
	return status != NOT_FOUND;
}

/* --- what was held --- */

/* NUL-terminated. */
static int read_back(struct blob *text, struct err *err)
{
	off_t len = lseek(STDOUT_FILENO, 0, SEEK_END);
	ssize_t n = 1;

	if (len < 0 || blob_reserve(text, (size_t)len + 1) < 0)
		return err_memory(err);
	while ((off_t)text->len < len && n > 0) {
		n = pread(STDOUT_FILENO, text->data + text->len, (size_t)len - text->len,
			  (off_t)text->len);
		text->len += n > 0 ? (size_t)n : 0;
	}
	text->data[text->len] = '\0';
	return 0;
}

static size_t lines_of(const struct blob *text)
{
	size_t lines = 0;

	for (size_t i = 0; i < text->len; i++)
		lines += text->data[i] == '\n';
	return lines;
}

static int write_all(const struct blob *text, struct err *err)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n = write(STDOUT_FILENO, text->data + at, text->len - at);

		if (n < 0 && errno != EINTR)
			return err_set(err, -EIO, "cannot write the answer: %s",
				       err_strerror(-errno));
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int screen_release(struct screen *screen, struct err *err)
{
	struct blob held = { 0 }, text = { 0 };
	const char *pager = screen->page ? pager_choose() : NULL;

	if (screen->terminal < 0)
		return 0;
	int rc = fflush(stdout) == 0
			 ? read_back(&held, err)
			 : err_set(err, -EIO, "cannot write the answer: %s", err_strerror(-errno));
	(void)dup2(screen->terminal, STDOUT_FILENO); /* both are open */
	(void)close(screen->terminal);               /* a second name of stdout */
	screen->terminal = -1;
	if (rc == 0 &&
	    fit_lines((const char *)held.data, screen->as_is ? 0 : screen->columns, &text) < 0)
		rc = err_memory(err);
	if (rc == 0 && (!pager || lines_of(&text) < screen->rows || !page(pager, &text)))
		rc = write_all(&text, err);
	blob_free(&held);
	blob_free(&text);
	return rc;
}

void screen_tell(const char *format, ...)
{
	struct blob lines = { 0 };
	size_t columns = columns_of(STDERR_FILENO);
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (!columns)
		(void)vfprintf(stderr, format, args); /* nobody could be told that it failed */
	else if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text && fit_lines(text, columns, &lines) == 0)
		(void)fwrite(lines.data, 1, lines.len, stderr);
	else if (text)
		(void)fputs(text, stderr);
	blob_free(&lines);
	free(text);
}

void screen_complain(const char *before, const char *text)
{
	screen_tell("%s%s\n", before, text);
}
