/* 1. The program runs; what it prints is gathered.
 * 2. It ends: whoever it left in its group is killed. When its pipes are read to their ends, or
 * after DRAIN_MS (somebody who left the group holds them), that is the result.
 * 3. It runs too long or prints too much: the group is killed, and 2 follows. */
#include "sources/child.h"

#include "common/base/blob.h"
#include "common/base/utf8.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_MS   1000u
#define ERROR_MAX  256u
#define ERROR_ROOM (ERROR_MAX + 3) /* so that the last character is seen whole */
#define READ_SIZE  4096u

struct child {
	struct child_config config;
	uv_process_t process;
	uv_pipe_t out, errors;
	uv_timer_t timer;
	unsigned open;      /* handles */
	unsigned pipes;     /* not read to their end */
	bool exited, over;  /* the program has ended; so have we */
	struct blob output; /* owned */
	char error[ERROR_ROOM + 1];
	size_t error_len;
	bool error_whole;
	struct child_result result;
	void (*on_gone)(void *context); /* after a stop */
	void *gone_context;
	char buffer[READ_SIZE];
};

/* Made printable: it goes to the log and to whoever asks for status, and bytes and controls of a
 * program go to neither. */
static const char *error_of(struct child *child)
{
	size_t len = utf8_cut(child->error, child->error_len, ERROR_MAX - 1);
	child->error[len] = '\0';
	(void)utf8_clean(child->error, ""); /* its length */
	return child->error;
}

static void on_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;
	if (--child->open > 0)
		return;
	if (child->on_gone) {
		child->on_gone(child->gone_context);
	} else if (child->config.on_ended) {
		child->result.output = child->output.len ? (const char *)child->output.data : "";
		child->result.len = child->output.len;
		child->result.error = error_of(child);
		child->config.on_ended(child->config.context, &child->result);
	}
	blob_free(&child->output);
	free(child);
}

static void close_all(struct child *child)
{
	if (child->over)
		return;
	child->over = true;
	uv_close((uv_handle_t *)&child->process, on_closed);
	uv_close((uv_handle_t *)&child->out, on_closed);
	uv_close((uv_handle_t *)&child->errors, on_closed);
	uv_close((uv_handle_t *)&child->timer, on_closed);
}

/* It leads its group, so that is whom it left behind, too. Once, when it has ended: later the
 * number may be another's. */
static void kill_group(const struct child *child)
{
	if (child->process.pid > 0)
		(void)kill(-child->process.pid, SIGKILL); /* nobody is left: fine */
}

static void end_by_us(struct child *child, enum child_end end)
{
	if (child->result.end != CHILD_EXITED)
		return;
	child->result.end = end;
	if (!child->exited)
		kill_group(child);
}

static void end_when_read(struct child *child)
{
	if (child->exited && child->pipes == 0)
		close_all(child);
}

static void on_drained(uv_timer_t *timer)
{
	close_all(timer->data);
}

static void on_exited(uv_process_t *process, int64_t status, int signal)
{
	struct child *child = process->data;
	child->exited = true;
	if (child->result.end == CHILD_EXITED && signal)
		child->result.end = CHILD_KILLED;
	child->result.number = signal ? signal : (int)status;
	kill_group(child);
	(void)uv_timer_start(&child->timer, on_drained, DRAIN_MS, 0); /* not closing */
	end_when_read(child);
}

static void on_too_long(uv_timer_t *timer)
{
	end_by_us(timer->data, CHILD_TOO_LONG);
}

/* --- what it prints --- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
	struct child *child = handle->data;
	(void)suggested;
	*ret_buffer = uv_buf_init(child->buffer, sizeof(child->buffer));
}

/* True at the end. */
static bool is_end(struct child *child, uv_stream_t *stream, ssize_t n)
{
	if (n >= 0)
		return false;
	(void)uv_read_stop(stream); /* cannot fail */
	child->pipes--;
	end_when_read(child);
	return true;
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct child *child = stream->data;
	if (is_end(child, stream, n))
		return;
	/* I10 */
	if (child->output.len + (size_t)n > child->config.output_max ||
	    blob_append(&child->output, buffer->base, (size_t)n) < 0)
		end_by_us(child, CHILD_TOO_MUCH);
}

/* The first line counts; the rest is read so that the program can go on. */
static void on_error_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct child *child = stream->data;
	if (is_end(child, stream, n))
		return;
	for (ssize_t i = 0; i < n && !child->error_whole; i++) {
		char c = buffer->base[i];
		bool full = child->error_len == ERROR_ROOM;
		child->error_whole = full || (c == '\n' && child->error_len > 0);
		if (!child->error_whole && c != '\n' && c != '\r')
			child->error[child->error_len++] = c;
	}
}

/* --- starting and stopping --- */

static int spawn(struct child *child, uv_loop_t *loop)
{
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", language[] = "LANG=C.UTF-8", zone[64];
	char *environment[] = { path, language, zone, NULL };
	uv_stdio_container_t streams[] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&child->out },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&child->errors },
	};
	uv_process_options_t options = {
		.exit_cb = on_exited,
		.file = child->config.argv[0],
		.args = (char **)(uintptr_t)child->config.argv, /* libuv leaves it as it is */
		.env = environment,
		.cwd = "/",
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = 3,
		.stdio = streams
	};
	const char *tz = getenv("TZ");                             /* civil_set_zone() sets it */
	(void)snprintf(zone, sizeof(zone), "TZ=%s", tz ? tz : ""); /* a zone's name is short */
	return uv_spawn(loop, &child->process, &options);
}

int child_start(uv_loop_t *loop, const struct child_config *config, struct child **ret_child,
		struct err *err)
{
	struct child *child = calloc(1, sizeof(*child));
	if (!child)
		return err_memory(err);
	child->config = *config;
	(void)uv_pipe_init(loop, &child->out, 0); /* cannot fail, as the next ones */
	(void)uv_pipe_init(loop, &child->errors, 0);
	(void)uv_timer_init(loop, &child->timer);
	child->process.data = child->out.data = child->errors.data = child->timer.data = child;
	child->open = 4;
	int rc = spawn(child, loop);
	if (rc < 0) {
		child->config.on_ended = NULL;
		child->process.pid = 0;
		close_all(child); /* frees it, from the loop */
		(void)err_system(err, rc, "start");
		return err_wrap(err, "%s", config->argv[0]);
	}
	child->config.argv = NULL; /* was lent */
	child->pipes = 2;
	/* none of these fails: the pipes are open, and nothing is closing */
	(void)uv_read_start((uv_stream_t *)&child->out, on_room, on_output);
	(void)uv_read_start((uv_stream_t *)&child->errors, on_room, on_error_output);
	(void)uv_timer_start(&child->timer, on_too_long, config->timeout_ms, 0);
	*ret_child = child;
	return 0;
}

void child_stop(struct child *child, void (*on_gone)(void *context), void *context)
{
	child->on_gone = on_gone;
	child->gone_context = context;
	if (!child->exited)
		kill_group(child);
	close_all(child);
}
