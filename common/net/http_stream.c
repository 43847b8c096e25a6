/* Answers that are not there as a whole when they begin: files, and pipes, which somebody fills.
 *
 * 1. libmicrohttpd asks stream_read() for more as the client takes what there is.
 * 2. While its source has nothing, the connection is suspended: stream_wake() ends that.
 * 3. stream_free() runs when the answer is out or the connection is lost.
 *
 * While it waits, its seat is that of a handler at work: that the client is slow is counted only
 * when there is something for it to take. A source that breaks ends the connection before the
 * length that was announced, or before the last chunk: the client sees that it has not all. */
#include "common/net/http_internal.h"

#include "common/net/http_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STREAM_BLOCK 65536u              /* that libmicrohttpd asks for at once */
#define TAKE_END     ((ssize_t)-1000000) /* no errno */

struct http_pipe {
	struct blob kept; /* of which the first taken bytes are with libmicrohttpd */
	size_t taken;
	size_t room_mark;
	struct stream *stream;               /* that owns us */
	bool above;                          /* over the mark since on_room was called */
	bool ended, broken;                  /* its maker has said so, and hears no more */
	const struct http_pipe_calls *calls; /* outlive us */
	void *context;
};

struct stream {
	struct stream *next, **slot;  /* in http->streams */
	struct http_request *request; /* until it is completed, which it is not while waiting */
	/* One of them; owned. */
	struct http_file *file;
	struct http_pipe *pipe;
	struct blob first; /* before the file's bytes, of which so many are taken */
	size_t first_taken;
	void (*on_gone)(void *context); /* the file; NULL: nobody asks */
	void *context;
	bool waiting; /* the connection is suspended, until there is something */
	bool dropped; /* the server stops */
};

static void turn_seat(const struct stream *stream, enum seat_phase phase)
{
	seat_turn(&stream->request->http->seats, stream->request->seat, phase,
		  uv_hrtime() / NS_PER_MS);
}

static void stream_wake(void *context)
{
	struct stream *stream = context;

	if (!stream->waiting)
		return;
	stream->waiting = false;
	turn_seat(stream, SEAT_SENDING);
	http_resume(stream->request);
	http_turn_after(stream->request->http, 0);
}

static ssize_t pipe_take(struct http_pipe *pipe, char *out, size_t size)
{
	size_t left = pipe->kept.len - pipe->taken, n = left < size ? left : size;

	if (pipe->broken)
		return -EIO;
	if (n == 0)
		return pipe->ended ? TAKE_END : 0;
	memcpy(out, pipe->kept.data + pipe->taken, n);
	pipe->taken += n;
	if (pipe->taken == pipe->kept.len) {
		blob_free(&pipe->kept); /* one that waits for more keeps nothing */
		pipe->taken = 0;
	}
	if (pipe->above && left - n <= pipe->room_mark) {
		pipe->above = false;
		if (!pipe->ended)
			pipe->calls->on_room(pipe->context);
	}
	return (ssize_t)n;
}

static ssize_t file_take(struct stream *stream, char *out, size_t size)
{
	size_t left = stream->first.len - stream->first_taken, n = left < size ? left : size;

	if (left == 0)
		return http_file_take(stream->file, out, size);
	memcpy(out, stream->first.data + stream->first_taken, n);
	stream->first_taken += n;
	return (ssize_t)n;
}

static ssize_t stream_read(void *context, uint64_t position, char *out, size_t size)
{
	struct stream *stream = context;
	ssize_t n = stream->dropped ? -ECANCELED
		    : stream->file  ? file_take(stream, out, size)
				    : pipe_take(stream->pipe, out, size);

	(void)position; /* it asks in order */
	if (n == TAKE_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	stream->request->seat->sent += (size_t)n;
	if (n == 0) {
		stream->waiting = true;
		turn_seat(stream, SEAT_WORKING);
		stream->request->suspended = true;
		MHD_suspend_connection(stream->request->connection);
	}
	return n;
}

static void stream_free(void *context)
{
	struct stream *stream = context;
	struct http_pipe *pipe = stream->pipe;

	*stream->slot = stream->next;
	if (stream->next)
		stream->next->slot = stream->slot;
	http_file_close(stream->file);
	blob_free(&stream->first);
	if (stream->on_gone)
		stream->on_gone(stream->context);
	free(stream);
	if (!pipe)
		return;
	if (!pipe->ended)
		pipe->calls->on_gone(pipe->context);
	blob_free(&pipe->kept);
	free(pipe);
}

static struct stream *stream_new(struct http_request *request)
{
	struct http *http = request->http;
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->request = request;
	stream->slot = &http->streams;
	stream->next = http->streams;
	if (stream->next)
		stream->next->slot = &stream->next;
	http->streams = stream;
	return stream;
}

/* Frees @stream on error. NULL: out of memory. */
static struct MHD_Response *response_from(struct stream *stream, uint64_t len)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		len, STREAM_BLOCK, stream_read, stream, stream_free);

	if (!response)
		stream_free(stream);
	return response;
}

void http_streams_drop(struct http *http)
{
	for (struct stream *stream = http->streams; stream; stream = stream->next) {
		stream->dropped = true;
		stream_wake(stream);
	}
}

/* --- what handlers call --- */

void http_answer_long(struct http_request *request, unsigned status,
		      const struct http_field fields[], size_t n, const struct http_long *body)
{
	struct stream *stream = stream_new(request);
	struct MHD_Response *response = NULL;
	bool room = stream && blob_append(&stream->first, body->first, body->first_len) == 0;

	if (stream) {
		stream->on_gone = body->on_gone;
		stream->context = body->context;
	} else if (body->on_gone) {
		body->on_gone(body->context);
	}
	if (!room)
		(void)close(body->fd); /* it was only read */
	else
		stream->file = http_file_open(request->http->poll.loop, body->fd, body->len,
					      stream_wake, stream);
	if (stream && !stream->file)
		stream_free(stream);
	else if (stream)
		response = response_from(stream, body->first_len + body->len);
	request->seat->lasting = true;
	http_answered(request, status, http_response_with(fields, n, response));
}

void http_answer_file(struct http_request *request, const char *type, int fd, uint64_t len)
{
	const struct http_field field = { MHD_HTTP_HEADER_CONTENT_TYPE, type };

	http_answer_long(request, MHD_HTTP_OK, &field, 1,
			 &(struct http_long){ .first = "", .fd = fd, .len = len });
}

struct http_pipe *http_answer_pipe(struct http_request *request, unsigned status,
				   const struct http_field fields[], size_t n, uint64_t len,
				   size_t room_mark, const struct http_pipe_calls *calls,
				   void *context)
{
	struct stream *stream = stream_new(request);
	struct http_pipe *pipe = stream ? calloc(1, sizeof(*pipe)) : NULL;
	struct MHD_Response *response = NULL;

	request->seat->lasting = true;
	if (pipe) {
		/* Until it is certain that the answer is made, nobody is told that it is gone. */
		*pipe = (struct http_pipe){ .room_mark = room_mark,
					    .stream = stream,
					    .ended = true,
					    .calls = calls,
					    .context = context };
		stream->pipe = pipe;
		response = http_response_with(
			fields, n,
			response_from(stream, len == HTTP_LEN_UNKNOWN ? MHD_SIZE_UNKNOWN : len));
		if (response)
			pipe->ended = false;
		else
			pipe = NULL; /* it went with the stream */
	} else if (stream) {
		stream_free(stream);
	}
	http_answered(request, status, response);
	return pipe;
}

int http_pipe_write(struct http_pipe *pipe, const void *data, size_t len)
{
	if (pipe->taken > 0) { /* a move of less than the mark, once for each time it is passed */
		memmove(pipe->kept.data, pipe->kept.data + pipe->taken,
			pipe->kept.len - pipe->taken);
		pipe->kept.len -= pipe->taken;
		pipe->taken = 0;
	}
	int rc = blob_append(&pipe->kept, data, len);
	if (rc < 0)
		return rc;
	pipe->above = pipe->above || pipe->kept.len > pipe->room_mark;
	stream_wake(pipe->stream);
	return 0;
}

size_t http_pipe_kept(const struct http_pipe *pipe)
{
	return pipe->kept.len - pipe->taken;
}

void http_pipe_end(struct http_pipe *pipe, bool whole)
{
	pipe->ended = true;
	pipe->broken = !whole;
	stream_wake(pipe->stream);
}
