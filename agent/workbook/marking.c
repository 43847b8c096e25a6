/* 1. The reader gets the workbook, the writer what the reader says and the marks; each has a pipe
 *    or a file of its own for that.
 * 2. Their ends are asked for, step by step. Both must have ended well. */
#include "workbook/marking.h"

#include "workbook/excel_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAITS_MAX 60000 /* ms in all */

struct marking {
	pid_t reader, writer; /* 0: it has ended */
	int left;             /* of WAITS_MAX */
};

/* The marks as a file that the writer reads from its beginning. */
static int file_of(const struct blob *marks)
{
	int fd = memfd_create("marks", MFD_CLOEXEC);
	for (size_t at = 0; fd >= 0 && at < marks->len;) {
		ssize_t n = write(fd, marks->data + at, marks->len - at);
		if (n < 0 && errno != EINTR) {
			(void)close(fd); /* memory */
			return -ENOMEM;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	return fd < 0 ? -errno : lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd;
}

int marking_open(int fd, const struct blob *marks, int out_fd, struct marking **ret_marking,
		 struct err *err)
{
	struct marking *marking = calloc(1, sizeof(*marking));
	int ends[2] = { -1, -1 }, file = marking ? file_of(marks) : -ENOMEM;
	int rc = file < 0 ? file : excel_pipe(ends);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = -errno;
	if (rc < 0)
		(void)err_system(err, rc, EXCEL_PROGRAM);
	const int reads[] = { fd, ends[1] }, writes[] = { ends[0], out_fd, file };
	if (rc == 0)
		rc = excel_start(NULL, reads, 2, &marking->reader, err);
	if (rc == 0)
		rc = excel_start(EXCEL_MARK, writes, 3, &marking->writer, err);
	for (size_t i = 0; i < 2; i++)
		if (ends[i] >= 0)
			(void)close(ends[i]); /* theirs */
	if (file >= 0)
		(void)close(file); /* memory */
	if (rc < 0) {
		marking_close(marking);
		return rc;
	}
	marking->left = WAITS_MAX;
	*ret_marking = marking;
	return 0;
}

int marking_blank(const struct blob *text, int out_fd, struct marking **ret_marking,
		  struct err *err)
{
	struct marking *marking = calloc(1, sizeof(*marking));
	int file = marking ? file_of(text) : -ENOMEM;
	const int fds[] = { file, out_fd };
	int rc = file < 0 ? err_system(err, file, EXCEL_PROGRAM)
			  : excel_start(EXCEL_BLANK, fds, 2, &marking->writer, err);
	if (file >= 0)
		(void)close(file); /* memory */
	if (rc < 0) {
		marking_close(marking);
		return rc;
	}
	marking->left = WAITS_MAX;
	*ret_marking = marking;
	return 0;
}

/* 1: it ended well; 0: it runs; -1: it failed. */
static int look(pid_t *pid)
{
	int status = 0;
	pid_t ended = *pid > 0 ? waitpid(*pid, &status, WNOHANG) : 0;
	if (*pid == 0)
		return 1;
	if (ended == 0 || (ended < 0 && errno == EINTR))
		return 0;
	*pid = 0;
	return ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : -1;
}

int marking_wait(struct marking *marking, int wait_ms, struct err *err)
{
	int writer = look(&marking->writer), reader = look(&marking->reader);
	if (writer == 1 && reader == 1)
		return 0;
	if (writer < 0 || reader < 0 || marking->left <= 0)
		return err_set(err, -EIO, "the workbook cannot be made");
	marking->left -= wait_ms;
	(void)poll(NULL, 0, wait_ms); /* a signal ends it early */
	return -EAGAIN;
}

void marking_close(struct marking *marking)
{
	if (!marking)
		return;
	pid_t pids[] = { marking->writer, marking->reader };
	for (size_t i = 0; i < 2; i++)
		if (pids[i] > 0) {
			(void)kill(-pids[i], SIGKILL); /* it may have ended */
			(void)excel_await(pids[i]);
		}
	free(marking);
}
