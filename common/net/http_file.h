/* A file on its way to somebody who takes it piece by piece on the loop, as a client's socket has
 * room: read ahead on libuv's pool, one piece at a time, so that the loop never waits for the disk.
 * (sendfile() does: what is not in the page cache is read while it runs.) */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#define HTTP_FILE_PIECE (256u * 1024) /* in memory, for each file that is under way */

struct http_file;

/** The first @len bytes of @fd, which it takes over and reads from their beginning; the first piece
 * is asked for at once. @on_ready(@context): there is something to take; on the loop, never from
 * inside another function of this file. NULL: out of memory, and @fd is closed. */
struct http_file *http_file_open(uv_loop_t *loop, int fd, uint64_t len,
				 void (*on_ready)(void *context), void *context);
/** Copy at most @size bytes to @out. Returns how many; 0: none yet, and on_ready() tells when; -EIO
 * or whatever errno said: the disk failed or the file is shorter than @len, as often as asked. Not
 * to be called after @len bytes. */
ssize_t http_file_take(struct http_file *file, char *out, size_t size);
/** on_ready() is called no more; what is being read ends by itself. NULL is fine. */
void http_file_close(struct http_file *file);
