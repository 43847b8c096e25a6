/* 1. The reader is started with the file as its stdin, a pipe as its stdout, and nothing else of
 *    ours.
 * 2. What it writes is handed on. It ends by itself, and its status tells whether that was all.
 * 3. It is waited for too long, or nobody wants more: it is killed. What we need ourselves between
 *    its pieces is not its time. It has limits of its own, too. */
#include "workbook/workbook.h"

#include "workbook/excel_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef WAITS_MAX
#define WAITS_MAX 60000 /* ms in all; 2 million cells take it some seconds */
#endif

struct workbook_reader {
	pid_t pid; /* 0: it has ended */
	int pipe;
	int64_t waited_ms; /* for it, in all */
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

int workbook_reader_open(int fd, struct workbook_reader **ret_reader, struct err *err)
{
	int ends[2];
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_system(err, -errno, EXCEL_PROGRAM);
	struct workbook_reader *reader = calloc(1, sizeof(*reader));
	if (!reader)
		return err_memory(err);
	int rc = excel_pipe(ends);
	if (rc < 0) {
		free(reader);
		return err_system(err, rc, EXCEL_PROGRAM);
	}
	const int fds[] = { fd, ends[1] };
	rc = excel_start(NULL, fds, 2, &reader->pid, err);
	(void)close(ends[1]); /* the reader's */
	reader->pipe = ends[0];
	if (rc < 0) {
		reader->pid = 0;
		workbook_reader_close(reader);
		return rc;
	}
	*ret_reader = reader;
	return 0;
}

/* Its status, once it has ended. */
static int await(struct workbook_reader *reader)
{
	int status = excel_await(reader->pid);
	reader->pid = 0;
	return status;
}

void workbook_reader_close(struct workbook_reader *reader)
{
	if (!reader)
		return;
	if (reader->pid > 0) {
		(void)kill(-reader->pid, SIGKILL); /* it may have ended */
		(void)await(reader);
	}
	(void)close(reader->pipe); /* only read */
	free(reader);
}

static int at_end(struct workbook_reader *reader, struct err *err)
{
	int status = reader->pid > 0 ? await(reader) : 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return err_set(err, -EINVAL,
			       "this workbook takes too long to read; hand its sheets in as files "
			       "of their own, with only the figures");
	return err_set(err, -EINVAL,
		       "this workbook cannot be read: the program that reads it failed; open it "
		       "in the spreadsheet program, save it again as an Excel workbook (.xlsx), "
		       "and hand that in");
}

ssize_t workbook_reader_read(struct workbook_reader *reader, char *cells, size_t size, int wait_ms,
			     struct err *err)
{
	struct pollfd pipe = { .fd = reader->pipe, .events = POLLIN };
	int64_t since_ms = now_ms();
	int ready = poll(&pipe, 1, wait_ms), why = errno;
	reader->waited_ms += now_ms() - since_ms;
	if (ready <= 0 && reader->waited_ms > WAITS_MAX)
		return err_set(err, -EINVAL,
			       "this workbook takes too long to read; hand its sheets in as files "
			       "of their own, with only the figures");
	if (ready <= 0)
		return ready == 0 || why == EINTR ? -EAGAIN : err_system(err, -why, EXCEL_PROGRAM);
	ssize_t n = read(reader->pipe, cells, size);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : err_system(err, -errno, EXCEL_PROGRAM);
	return n > 0 ? n : at_end(reader, err);
}
