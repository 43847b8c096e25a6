/* Requests to the api of a fixture, over a socket, in the words that come and go. */
#pragma once

#include "common/base/blob.h"
#include "unit/api_fixture.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

static inline int client(const struct api_fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, f->socket, strlen(f->socket) + 1);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Requests here are small: the kernel takes each whole. */
static inline void say(int fd, const char *request, const char *headers, const char *body)
{
	char text[8192];
	int len = snprintf(text, sizeof(text),
			   "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			   "Content-Length: %zu\r\n%s\r\n%s",
			   request, strlen(body), headers, body);

	assert_true(len < (int)sizeof(text));
	assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
}

/* What comes until the server hangs up. The caller frees. */
static inline char *hear(struct api_fixture *f, int fd)
{
	struct blob heard = { 0 };
	char piece[4096];

	for (;;) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		if (n > 0)
			assert_int_equal(blob_append(&heard, piece, (size_t)n), 0);
		else
			uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	close(fd);
	assert_int_equal(blob_append(&heard, "", 1), 0);
	return (char *)heard.data;
}

static inline void assert_answer(struct api_fixture *f, int fd, const char *status,
				 const char *what)
{
	char *answer = hear(f, fd);

	if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0 ||
	    !strstr(answer, what))
		fail_msg("wanted %s with '%s': %s", status, what, answer);
	free(answer);
}

static inline void assert_asked(void **state, const char *request, const char *headers,
				const char *body, const char *status, const char *what)
{
	int fd = client(*state);

	say(fd, request, headers, body);
	assert_answer(*state, fd, status, what);
}
