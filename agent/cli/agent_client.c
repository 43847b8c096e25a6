#include "cli/agent_client.h"

#include "common/base/i18n.h"
#include "common/sys/unix_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_MAX (64u * 1024 * 1024)
#define TIMEOUT_S  120 /* of a disk that is busy with a big import */
#define PIECE      16384u

int agent_client_connect(const char *socket_path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address;
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	if (unix_socket_address(socket_path, &address) < 0)
		return err_set(err, -ENAMETOOLONG, "[agent] api_socket '%s' is too long",
			       socket_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_system(err, -errno, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)); /* else waits */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int code = -errno;
		(void)close(fd); /* nothing was written */
		return err_system(err, code, socket_path);
	}
	*ret_fd = fd;
	return 0;
}

static int send_all(int fd, const void *data, size_t len, struct err *err)
{
	const char *at = data;
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE)
			return 0; /* it has hung up; its answer says why */
		if (n < 0)
			return err_system(err, errno == EAGAIN ? -ETIMEDOUT : -errno, "send");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int receive_all(int fd, struct blob *out, struct err *err)
{
	for (;;) {
		if (out->len > ANSWER_MAX)
			return err_set(err, -EMSGSIZE, "the agent's answer is too long");
		if (blob_reserve(out, PIECE) < 0)
			return err_memory(err);
		ssize_t n = recv(fd, out->data + out->len, PIECE, 0);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_system(err, errno == EAGAIN ? -ETIMEDOUT : -errno,
					  "the agent does not answer");
		out->len += (size_t)n;
	}
}

/* "HTTP/1.1 200 ...", headers, an empty line, the body up to the end of the connection. */
static int take_apart(const struct blob *answer, struct blob *out, struct err *err)
{
	static const char version[] = "HTTP/1.1 ";
	const char *text = (const char *)answer->data;
	const char *body = memmem(text, answer->len, "\r\n\r\n", 4);
	if (!body || answer->len < sizeof(version) + 3 ||
	    memcmp(text, version, sizeof(version) - 1) != 0)
		return err_set(err, -EPROTO, "the agent's answer is not HTTP");
	int status = atoi(text + sizeof(version) - 1);
	if (status < 100 || status > 599)
		return err_set(err, -EPROTO, "the agent's answer is not HTTP");
	body += 4;
	if (blob_append(out, body, answer->len - (size_t)(body - text)) < 0)
		return err_memory(err);
	return status;
}

int agent_client_ask(int fd, const char *method, const char *path, const void *body, size_t len,
		     struct blob *out, struct err *err)
{
	char head[512];
	struct blob answer = { 0 };
	int rc = 0;
	int n = snprintf(head, sizeof(head),
			 "%s %s HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n"
			 "Accept-Language: %s\r\nContent-Type: application/json\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 method, path, language_tag(), len);
	if (n < 0 || (size_t)n >= sizeof(head))
		rc = err_set(err, -EINVAL, "the request's path is too long");
	if (rc == 0)
		rc = send_all(fd, head, (size_t)n, err);
	if (rc == 0)
		rc = send_all(fd, body, len, err);
	if (rc == 0)
		rc = receive_all(fd, &answer, err);
	if (rc == 0)
		rc = take_apart(&answer, out, err);
	blob_free(&answer);
	(void)close(fd); /* everything was answered */
	return rc;
}
