/* 1. open and each take() that empties the piece queue a read on the pool;
 * 2. on_read() there fills the piece, and on_done() on the loop tells that it can be taken. Until
 *    then the piece is the pool's.
 * close() while a read is in work leaves the freeing to on_done(). */
#include "common/net/http_file.h"

#include "common/base/container.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct http_file {
	uv_loop_t *loop; /* outlives us */
	uv_work_t work;
	bool reading, closed; /* reading: work is in flight, and piece, len and rc are the pool's */
	int fd;               /* owned */
	uint64_t at, end;     /* of the file: read so far, to be read */
	size_t taken, len;    /* of piece */
	int rc;
	void (*on_ready)(void *context);
	void *context;
	char piece[HTTP_FILE_PIECE];
};

static void file_free(struct http_file *file)
{
	(void)close(file->fd); /* it was only read */
	free(file);
}

static void on_read(uv_work_t *work)
{
	struct http_file *file = container_of(work, struct http_file, work);
	uint64_t left = file->end - file->at;
	size_t size = left < HTTP_FILE_PIECE ? (size_t)left : HTTP_FILE_PIECE;
	ssize_t n;
	do
		n = pread(file->fd, file->piece, size, (off_t)file->at);
	while (n < 0 && errno == EINTR);
	file->rc = n < 0 ? -errno : n == 0 ? -EIO : 0;
	file->len = n > 0 ? (size_t)n : 0;
}

static void on_done(uv_work_t *work, int status)
{
	struct http_file *file = container_of(work, struct http_file, work);
	(void)status; /* nobody cancels */
	file->reading = false;
	file->at += file->len;
	if (file->closed)
		file_free(file);
	else
		file->on_ready(file->context);
}

static void read_on(struct http_file *file)
{
	file->taken = file->len = 0;
	file->reading = true;
	(void)uv_queue_work(file->loop, &file->work, on_read, on_done); /* fails only without
									   callback */
}

struct http_file *http_file_open(uv_loop_t *loop, int fd, uint64_t len,
				 void (*on_ready)(void *context), void *context)
{
	struct http_file *file = malloc(sizeof(*file));
	if (!file) {
		(void)close(fd); /* it was only read */
		return NULL;
	}
	file->loop = loop;
	file->closed = false;
	file->fd = fd;
	file->at = 0;
	file->end = len;
	file->rc = 0;
	file->on_ready = on_ready;
	file->context = context;
	read_on(file);
	return file;
}

ssize_t http_file_take(struct http_file *file, char *out, size_t size)
{
	if (file->reading)
		return 0;
	if (file->rc < 0)
		return file->rc;
	size_t left = file->len - file->taken, n = left < size ? left : size;
	memcpy(out, file->piece + file->taken, n);
	file->taken += n;
	if (file->taken == file->len && file->at < file->end)
		read_on(file);
	return (ssize_t)n;
}

void http_file_close(struct http_file *file)
{
	if (!file)
		return;
	file->closed = true;
	if (!file->reading)
		file_free(file);
}
